//! Takes a batch of events in: reads each, checks that it can be counted, and keeps all that are good in one commit.
//!
//! The answer is given after the commit, so that what was called accepted is on disk, and what was refused is kept aside.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use engine::Book;
use engine::ids::CustomerId;
use engine::usage::{Event, MeterError, check_event};
use ledger::{Change, Incoming, Kept};
use serde_json::Value;

use super::envelope::Envelope;
use super::read::{Allowed, EventProblem, TimeWindow, read_event};
use super::store::{self, ASIDE_BYTES_MAX, Aside};
use crate::books::flow::Books;
use crate::customers;
use crate::customers::remembered::Remembered;
use crate::db::{Db, DbError};
use crate::metrics::Metrics;

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
    /// Who is billed by which book.
    pub customers: &'a Remembered,
    /// Now, and how far from it events may be.
    pub window: TimeWindow,
    /// Whose events the sender may send.
    pub allowed: Allowed<'a>,
    /// Where refusals are counted.
    pub metrics: &'a Metrics,
    /// Names the request in the log and beside what is put aside.
    pub request: &'a str,
}

/// An event that was read and checked, or why not.
struct Taken {
    id: Option<String>,
    source: Option<String>,
    customer: String,
    result: Result<Incoming, EventProblem>,
}

/// Takes events in and puts aside what it refuses. The answer has the order of the request.
pub async fn ingest(
    db: &Db,
    surroundings: Surroundings<'_>,
    events: &[Submitted<'_>],
) -> Result<Vec<Answered>, DbError> {
    let taken = read_all(db, surroundings, events).await?;
    // Before anything is kept: what is refused must find room.
    store::check_room(db, taken.iter().filter(|item| item.result.is_err()).count()).await?;
    let outcomes = keep(db, surroundings.window.now, &taken).await?;
    for outcome in &outcomes {
        if let Outcome::Refused(problem) = outcome {
            surroundings.metrics.refused(problem.code());
        }
    }
    let entries = taken.iter().zip(events).zip(&outcomes);
    let asides = entries.filter_map(|((item, event), outcome)| aside(item, event, outcome)).collect::<Vec<Aside>>();
    store::put_aside(db, surroundings, &asides).await?;
    Ok(answered(taken, outcomes))
}

/// Takes events in that are kept aside already. What is refused again stays where it is and is not put aside twice.
pub async fn ingest_again(
    db: &Db,
    surroundings: Surroundings<'_>,
    events: &[Submitted<'_>],
) -> Result<Vec<Answered>, DbError> {
    let taken = read_all(db, surroundings, events).await?;
    let outcomes = keep(db, surroundings.window.now, &taken).await?;
    Ok(answered(taken, outcomes))
}

fn answered(taken: Vec<Taken>, outcomes: Vec<Outcome>) -> Vec<Answered> {
    taken.into_iter().zip(outcomes).map(|(item, outcome)| Answered { id: item.id, outcome }).collect()
}

/// Reads every event and holds it against the meters that will count it.
async fn read_all(db: &Db, surroundings: Surroundings<'_>, events: &[Submitted<'_>]) -> Result<Vec<Taken>, DbError> {
    let mut taken: Vec<Taken> = events.iter().map(|submitted| read(submitted, surroundings)).collect();
    let meters = CountingBooks::load(db, surroundings, &taken).await?;
    for item in &mut taken {
        let problem = item.result.as_ref().ok().and_then(|incoming| meters.problem(incoming));
        if let Some(problem) = problem {
            item.result = Err(problem);
        }
    }
    Ok(taken)
}

fn read(submitted: &Submitted<'_>, surroundings: Surroundings<'_>) -> Taken {
    let read = match &submitted.broken {
        Some(problem) => Err(problem.clone()),
        None => Envelope::read(&submitted.text),
    };
    let envelope = match read {
        Ok(envelope) => envelope,
        Err(problem) => return Taken { id: None, source: None, customer: String::new(), result: Err(problem) },
    };
    let text = |value: &Option<Value>| value.as_ref()?.as_str().map(|text| text.chars().take(255).collect());
    let (id, source, customer) = (text(&envelope.id), text(&envelope.source), text(&envelope.subject));
    let read = read_event(envelope, surroundings.window);
    let result = read.and_then(|incoming| surroundings.allowed.check(&incoming.event).map(|()| incoming));
    // What somebody sends for others is put aside under their own name.
    let own = surroundings.allowed.customer.map(|own| own.to_string());
    Taken { id, source, customer: own.or(customer).unwrap_or_default(), result }
}

/// The books by which the customers of a request are billed.
struct CountingBooks<'b> {
    books: &'b Books,
    assigned: BTreeMap<CustomerId, engine::ids::BookId>,
}

impl<'b> CountingBooks<'b> {
    async fn load(db: &Db, surroundings: Surroundings<'b>, taken: &[Taken]) -> Result<Self, DbError> {
        let named = taken.iter().filter_map(|item| item.result.as_ref().ok());
        let customers: BTreeSet<&CustomerId> = named.map(|incoming| &incoming.event.customer).collect();
        let assigned = surroundings.customers.books_of(db, customers).await?;
        Ok(Self { books: surroundings.books, assigned })
    }

    /// Why a meter that will count this event cannot, if there is one.
    fn problem(&self, incoming: &Incoming) -> Option<EventProblem> {
        let event = &incoming.event;
        match incoming.change {
            Change::None | Change::Amends(_) => {
                self.versions(event).into_iter().find_map(|book| field_problem(book, event))
            }
            Change::Voids(_) => None,
        }
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
            | MeterError::Mixed
            | MeterError::SavedByOtherMeters
            | MeterError::SavedInOtherSpan { .. },
        ) => None,
        Err(MeterError::Field { meter, problem, .. }) => {
            Some(EventProblem::Field { book: book.id.to_string(), meter: meter.to_string(), problem: *problem })
        }
    }
}

/// Keeps the good events.
async fn keep(db: &Db, now: engine::period::Instant, taken: &[Taken]) -> Result<Vec<Outcome>, DbError> {
    let good: Vec<Incoming> = taken.iter().filter_map(|item| item.result.as_ref().ok()).cloned().collect();
    let mut kept = insert_all(db, good, now).await?.into_iter();
    let outcome = |item: &Taken| match &item.result {
        Err(problem) => Outcome::Refused(problem.clone()),
        Ok(incoming) => outcome(incoming, kept.next()),
    };
    Ok(taken.iter().map(outcome).collect())
}

fn outcome(incoming: &Incoming, kept: Option<Kept>) -> Outcome {
    let target = || incoming.change.target().unwrap_or_default().to_owned();
    match kept {
        Some(Kept::New) => Outcome::Accepted,
        Some(Kept::Same) => Outcome::Duplicate,
        // The ledger answers for each event; one without an answer would have to be sent again.
        Some(Kept::Conflict) | None => Outcome::Conflict,
        Some(Kept::NoTarget) => Outcome::Refused(EventProblem::NoTarget(target())),
        Some(Kept::ChangedBefore) => Outcome::Refused(EventProblem::ChangedBefore(target())),
    }
}

/// Keeps events and the customers they name, each event once. The answer has the order of the events.
pub async fn insert_all(db: &Db, events: Vec<Incoming>, now: engine::period::Instant) -> Result<Vec<Kept>, DbError> {
    let customers: BTreeSet<&CustomerId> = events.iter().map(|incoming| &incoming.event.customer).collect();
    customers::store::ensure(db, customers, now).await?;
    Ok(db.ledger().append(events, now).await?)
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
    // Texts that PostgreSQL can keep: no NUL, cut at a character.
    let plain = |text: &str| text.replace('\0', "\u{fffd}");
    let end = submitted.text.floor_char_boundary(ASIDE_BYTES_MAX);
    let kept = submitted.text.get(..end).unwrap_or_default();
    Some(Aside {
        customer: plain(&item.customer),
        source: plain(item.source.as_deref().unwrap_or_default()),
        event_id: plain(item.id.as_deref().unwrap_or_default()),
        position: submitted.position,
        code,
        detail: plain(&detail),
        whole: submitted.broken.is_none() && kept.len() == submitted.text.len() && !kept.contains('\0'),
        body: plain(kept),
    })
}
