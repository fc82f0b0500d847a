//! Takes a batch of events in: reads each, checks that it can be counted, and keeps all that are good in one transaction.
//!
//! The answer is given after the commit, so that what was called accepted is on disk.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use engine::Book;
use engine::ids::CustomerId;
use engine::proof::{canonical_json, sha256};
use engine::usage::{Event, MeterError, check_event};
use serde_json::{Value, json};

use super::envelope::Envelope;
use super::read::{Allowed, EventProblem, TimeWindow, read_event};
use super::store::{self, ASIDE_BYTES_MAX, Aside, Incoming, Kept};
use crate::books::flow::Books;
use crate::customers;
use crate::db::{Db, DbError};

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is new and kept.
    Accepted,
    /// The same event was there: success.
    Duplicate,
    /// Another event of this identity was there.
    Conflict,
    /// It cannot be counted.
    Refused(EventProblem),
}

/// An event of the request and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Its id, as far as it could be read.
    pub id: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
}

/// One event of a request as it was sent.
#[derive(Debug, Clone)]
pub struct Submitted<'a> {
    /// Its text.
    pub text: Cow<'a, str>,
    /// Its place in the request: from 0 in a list, the number of the line in a stream.
    pub position: usize,
    /// Why it is no text that could be an event, if that was seen already.
    pub broken: Option<EventProblem>,
}

/// What every event of a request is held against.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// The published books.
    pub books: &'a Books,
    /// Now, and how far from it events may be.
    pub window: TimeWindow,
    /// Whose events the sender may send.
    pub allowed: Allowed<'a>,
    /// Names the request in the log and beside what is put aside.
    pub request: &'a str,
}

/// An event that was read and checked, or why not.
struct Taken {
    id: Option<String>,
    customer: String,
    result: Result<Incoming, EventProblem>,
}

/// Takes events in. The answer has the order of the request.
pub async fn ingest(
    db: &Db,
    surroundings: Surroundings<'_>,
    events: &[Submitted<'_>],
) -> Result<Vec<Answered>, DbError> {
    let mut taken: Vec<Taken> = events.iter().map(|submitted| read(submitted, surroundings)).collect();
    let meters = CountingBooks::load(db, surroundings.books, &taken).await?;
    for item in &mut taken {
        let problem = item.result.as_ref().ok().and_then(|incoming| meters.problem(&incoming.event));
        if let Some(problem) = problem {
            item.result = Err(problem);
        }
    }
    let kept = keep(db, surroundings, (&taken, events)).await?;
    Ok(taken.into_iter().zip(kept).map(|(item, outcome)| Answered { id: item.id, outcome }).collect())
}

fn read(submitted: &Submitted<'_>, surroundings: Surroundings<'_>) -> Taken {
    let read = match &submitted.broken {
        Some(problem) => Err(problem.clone()),
        None => Envelope::read(&submitted.text),
    };
    let envelope = match read {
        Ok(envelope) => envelope,
        Err(problem) => return Taken { id: None, customer: String::new(), result: Err(problem) },
    };
    let text = |value: &Option<Value>| value.as_ref()?.as_str().map(|text| text.chars().take(255).collect());
    let (id, customer) = (text(&envelope.id), text(&envelope.subject));
    let event = read_event(envelope, surroundings.window);
    let result = event.and_then(|event| surroundings.allowed.check(&event).map(|()| incoming(event)));
    // What somebody sends for others is put aside under their own name.
    let own = surroundings.allowed.customer.map(|own| own.to_string());
    Taken { id, customer: own.or(customer).unwrap_or_default(), result }
}

/// An event with the digest of its content.
pub fn incoming(event: Event) -> Incoming {
    let content = json!([event.customer.as_str(), event.kind, event.time.timestamp_micros(), event.data]);
    let digest = sha256(canonical_json(&content).as_bytes());
    Incoming { event, digest }
}

/// The books by which the customers of a request are billed.
struct CountingBooks<'b> {
    books: &'b Books,
    assigned: BTreeMap<CustomerId, engine::ids::BookId>,
}

impl<'b> CountingBooks<'b> {
    async fn load(db: &Db, books: &'b Books, taken: &[Taken]) -> Result<Self, DbError> {
        let named = taken.iter().filter_map(|item| item.result.as_ref().ok());
        let customers: BTreeSet<&CustomerId> = named.map(|incoming| &incoming.event.customer).collect();
        let mut assigned = BTreeMap::new();
        for id in customers {
            let customer = customers::store::find(db, id).await?;
            if let Some(assignment) = customer.and_then(|customer| customer.assignment) {
                assigned.insert(id.clone(), assignment.book);
            }
        }
        Ok(Self { books, assigned })
    }

    /// Why a meter that will count this event cannot, if there is one.
    fn problem(&self, event: &Event) -> Option<EventProblem> {
        self.versions(event).into_iter().find_map(|book| field_problem(book, event))
    }

    /// The versions in force when the event happened: of the customer's book, or of all that they may be billed by.
    fn versions(&self, event: &Event) -> Vec<&Arc<Book>> {
        let ids = match self.assigned.get(&event.customer) {
            Some(id) => vec![id.clone()],
            None => self.unassigned_ids(),
        };
        let version = |id| self.books.in_force_now(id, event.time).or_else(|| self.books.newest(id));
        ids.iter().filter_map(version).collect()
    }

    fn unassigned_ids(&self) -> Vec<engine::ids::BookId> {
        let ids = self.books.ids();
        let has_default =
            |id: &engine::ids::BookId| self.books.newest(id).is_some_and(|book| book.default_plan.is_some());
        let with_default: Vec<_> = ids.iter().filter(|id| has_default(id)).cloned().collect();
        if with_default.is_empty() { ids } else { with_default }
    }
}

fn field_problem(book: &Book, event: &Event) -> Option<EventProblem> {
    match check_event(&book.meters, event) {
        Ok(())
        | Err(
            MeterError::Overflow { .. }
            | MeterError::OutOfCalendar { .. }
            | MeterError::NotCarried { .. }
            | MeterError::Mixed,
        ) => None,
        Err(MeterError::Field { meter, problem, .. }) => {
            Some(EventProblem::Field { book: book.id.to_string(), meter: meter.to_string(), problem: *problem })
        }
    }
}

/// Keeps the good events and puts the others aside, all in one transaction.
async fn keep(
    db: &Db,
    surroundings: Surroundings<'_>,
    (taken, submitted): (&[Taken], &[Submitted<'_>]),
) -> Result<Vec<Outcome>, DbError> {
    let now = surroundings.window.now;
    let mut good: Vec<(usize, &Incoming)> =
        taken.iter().enumerate().filter_map(|(place, item)| Some((place, item.result.as_ref().ok()?))).collect();
    good.sort_by(|(_, a), (_, b)| (&a.event.source, &a.event.id).cmp(&(&b.event.source, &b.event.id)));
    let mut tx = db.begin().await?;
    let kept = insert_all(&mut tx, good.iter().map(|(_, incoming)| (*incoming).clone()).collect(), now).await?;
    let mut outcomes: Vec<Outcome> = taken
        .iter()
        .map(|item| item.result.as_ref().err().map_or(Outcome::Accepted, |problem| Outcome::Refused(problem.clone())))
        .collect();
    for ((place, _), kept) in good.iter().zip(kept) {
        if let Some(outcome) = outcomes.get_mut(*place) {
            *outcome = match kept {
                Kept::New => Outcome::Accepted,
                Kept::Same => Outcome::Duplicate,
                Kept::Conflict => Outcome::Conflict,
            };
        }
    }
    let entries = taken.iter().zip(submitted).zip(&outcomes);
    let asides: Vec<Aside> =
        entries.filter_map(|((item, submitted), outcome)| aside(item, submitted, outcome)).collect();
    store::put_aside(&mut tx, (surroundings.request, now), &asides).await?;
    tx.commit().await?;
    Ok(outcomes)
}

/// Keeps events and the customers they name. `events` are in the order of (source, id).
pub async fn insert_all(
    connection: &mut crate::db::Connection,
    events: Vec<Incoming>,
    now: engine::period::Instant,
) -> Result<Vec<Kept>, DbError> {
    let customers: BTreeSet<&CustomerId> = events.iter().map(|incoming| &incoming.event.customer).collect();
    let customers: Vec<&CustomerId> = customers.into_iter().collect();
    customers::store::ensure(connection, &customers, now).await?;
    store::insert(connection, &events, now).await
}

/// What is said about an event whose identity is taken by another one.
pub const CONFLICT_DETAIL: &str = "another event with this source and id was accepted before; it stays and this one is \
                                   put aside. Give a correction an id of its own";

fn aside(item: &Taken, submitted: &Submitted<'_>, outcome: &Outcome) -> Option<Aside> {
    let (code, detail) = match outcome {
        Outcome::Accepted | Outcome::Duplicate => return None,
        Outcome::Conflict => ("conflict", CONFLICT_DETAIL.to_owned()),
        Outcome::Refused(problem) => (problem.code(), problem.to_string()),
    };
    // A text that PostgreSQL can keep: no NUL, cut at a character.
    let customer = item.customer.replace('\0', "\u{fffd}");
    let end = submitted.text.floor_char_boundary(ASIDE_BYTES_MAX);
    let body = submitted.text.get(..end).unwrap_or_default().replace('\0', "\u{fffd}");
    Some(Aside { customer, position: submitted.position, code, detail: detail.replace('\0', "\u{fffd}"), body })
}
