//! Takes a batch of events in: reads each, checks that it can be counted, and keeps all that are good in one commit.
//!
//! The answer is given after the commit, so that what was called accepted is on disk, and what was refused is kept aside.

use std::borrow::Cow;
use std::collections::BTreeSet;

use engine::Book;
use engine::ids::{BookId, CustomerId};
use engine::usage::{Event, MeterError, check_event};
use ledger::{Change, Incoming, Kept};
use serde_json::Value;

use super::envelope::Envelope;
use super::read::{Allowed, EventProblem, TimeWindow, read_event};
use super::store::{self, ASIDE_BYTES_MAX, Aside};
use crate::books::flow::Books;
use crate::customers;
use crate::customers::remembered::{Customers, Remembered};
use crate::db::{Db, DbError};
use crate::metrics::Metrics;
use crate::versions::Versions;

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
    /// How often books and customers were written when the request was there.
    pub versions: Versions,
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
type Taken = Result<Incoming, EventProblem>;

/// Takes events in and puts aside what it refuses. The answer has the order of the request.
pub async fn ingest(
    db: &Db,
    surroundings: Surroundings<'_>,
    events: &[Submitted<'_>],
) -> Result<Vec<Answered>, DbError> {
    let (taken, new) = read_all(db, surroundings, events).await?;
    // Before anything is kept: what is refused must find room.
    store::check_room(db, taken.iter().filter(|item| item.is_err()).count()).await?;
    let answered = keep(db, surroundings, (taken, new), events).await?;
    let mut asides = Vec::new();
    for (event, Answered { outcome, .. }) in events.iter().zip(&answered) {
        if let Outcome::Refused(problem) = outcome {
            surroundings.metrics.refused(problem.code());
        }
        asides.extend(aside(event, outcome, surroundings.allowed));
    }
    store::put_aside(db, surroundings, &asides).await?;
    Ok(answered)
}

/// Takes events in that are kept aside already. What is refused again stays where it is and is not put aside twice.
pub async fn ingest_again(
    db: &Db,
    surroundings: Surroundings<'_>,
    events: &[Submitted<'_>],
) -> Result<Vec<Answered>, DbError> {
    let taken = read_all(db, surroundings, events).await?;
    keep(db, surroundings, taken, events).await
}

/// Reads every event and holds it against the meters that will count it. Also says which customers are new.
async fn read_all(
    db: &Db,
    surroundings: Surroundings<'_>,
    events: &[Submitted<'_>],
) -> Result<(Vec<Taken>, BTreeSet<CustomerId>), DbError> {
    let mut taken: Vec<Taken> = events.iter().map(|submitted| read(submitted, surroundings)).collect();
    let named = taken.iter().flatten().map(|incoming| &incoming.event.customer);
    let known = surroundings.customers.of((db, surroundings.versions), named).await?;
    let meters = CountingBooks::new(surroundings.books, &known);
    let mut new = BTreeSet::new();
    for item in &mut taken {
        let Ok(incoming) = item else { continue };
        if let Some(problem) = meters.problem(incoming) {
            *item = Err(problem);
        } else if !known.contains_key(&incoming.event.customer) {
            new.insert(incoming.event.customer.clone());
        }
    }
    Ok((taken, new))
}

fn read(submitted: &Submitted<'_>, surroundings: Surroundings<'_>) -> Taken {
    if let Some(problem) = &submitted.broken {
        return Err(problem.clone());
    }
    let incoming = read_event(Envelope::read(&submitted.text)?, surroundings.window)?;
    surroundings.allowed.check(&incoming.event)?;
    Ok(incoming)
}

/// What a refused event says about itself, as far as it can be read.
#[derive(Debug)]
struct Names {
    id: Option<String>,
    source: Option<String>,
    customer: Option<String>,
}

impl Names {
    /// None where it is no event at all.
    fn of(submitted: &Submitted<'_>) -> Option<Self> {
        if submitted.broken.is_some() {
            return None;
        }
        let Envelope { id, source, subject, .. } = Envelope::read(&submitted.text).ok()?;
        let text = |value: Option<Value>| value?.as_str().map(|text| text.chars().take(255).collect());
        Some(Self { id: text(id), source: text(source), customer: text(subject) })
    }
}

/// The books by which the customers of a request are billed.
struct CountingBooks<'b> {
    books: &'b Books,
    customers: &'b Customers,
    /// Of those who were given no plan.
    by_default: Vec<BookId>,
}

impl<'b> CountingBooks<'b> {
    fn new(books: &'b Books, customers: &'b Customers) -> Self {
        let ids = books.ids();
        let has_default = |id: &BookId| books.newest(id).is_some_and(|book| book.default_plan.is_some());
        let with_default: Vec<BookId> = ids.iter().filter(|id| has_default(id)).cloned().collect();
        Self { books, customers, by_default: if with_default.is_empty() { ids } else { with_default } }
    }

    /// Why a meter that will count this event cannot, if there is one.
    fn problem(&self, incoming: &Incoming) -> Option<EventProblem> {
        let event = &incoming.event;
        match incoming.change {
            Change::None | Change::Amends(_) => {
                let customer = self.customers.get(&event.customer);
                match customer.and_then(|customer| customer.assignment.as_ref()) {
                    Some(assignment) => self.problem_in(&assignment.book, event),
                    None => self.by_default.iter().find_map(|book| self.problem_in(book, event)),
                }
            }
            Change::Voids(_) => None,
        }
    }

    /// By the version that was in force when the event happened.
    fn problem_in(&self, book: &BookId, event: &Event) -> Option<EventProblem> {
        let version = self.books.in_force_now(book, event.time).or_else(|| self.books.newest(book));
        version.and_then(|version| field_problem(version, event))
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

/// Keeps the good events, and says what became of each of the request.
async fn keep(
    db: &Db,
    surroundings: Surroundings<'_>,
    (taken, new): (Vec<Taken>, BTreeSet<CustomerId>),
    events: &[Submitted<'_>],
) -> Result<Vec<Answered>, DbError> {
    let now = surroundings.window.now;
    surroundings.customers.add(db, &new, now).await?;
    let mut good = Vec::with_capacity(taken.len());
    let mut handed = Vec::with_capacity(taken.len());
    for item in taken {
        handed.push(match item {
            Ok(incoming) => {
                let target = incoming.change.target().map(str::to_owned);
                let id = incoming.event.id.clone();
                good.push(incoming);
                Ok((id, target))
            }
            Err(problem) => Err(problem),
        });
    }
    let mut kept = db.ledger().append(good, now).await?.into_iter();
    let answered = |(item, event): (Result<(String, Option<String>), EventProblem>, &Submitted<'_>)| match item {
        Ok((id, target)) => Answered { id: Some(id), outcome: outcome(target, kept.next()) },
        Err(problem) => {
            Answered { id: Names::of(event).and_then(|names| names.id), outcome: Outcome::Refused(problem) }
        }
    };
    Ok(handed.into_iter().zip(events).map(answered).collect())
}

/// What became of an event, which voids or amends the one of the id `target`.
fn outcome(target: Option<String>, kept: Option<Kept>) -> Outcome {
    match kept {
        Some(Kept::New) => Outcome::Accepted,
        Some(Kept::Same) => Outcome::Duplicate,
        // The ledger answers for each event; one without an answer would have to be sent again.
        Some(Kept::Conflict) | None => Outcome::Conflict,
        Some(Kept::NoTarget) => Outcome::Refused(EventProblem::NoTarget(target.unwrap_or_default())),
        Some(Kept::ChangedBefore) => Outcome::Refused(EventProblem::ChangedBefore(target.unwrap_or_default())),
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

fn aside(submitted: &Submitted<'_>, outcome: &Outcome, allowed: Allowed<'_>) -> Option<Aside> {
    let (code, detail) = match outcome {
        Outcome::Accepted | Outcome::Duplicate => return None,
        Outcome::Conflict => ("conflict", CONFLICT_DETAIL.to_owned()),
        Outcome::Refused(problem) => (problem.code(), problem.to_string()),
    };
    // Texts that PostgreSQL can keep: no NUL, cut at a character.
    let plain = |text: &str| text.replace('\0', "\u{fffd}");
    let end = submitted.text.floor_char_boundary(ASIDE_BYTES_MAX);
    let kept = submitted.text.get(..end).unwrap_or_default();
    let (id, source, customer) = match Names::of(submitted) {
        // What somebody sends for others is put aside under their own name.
        Some(Names { id, source, customer }) => (id, source, allowed.customer.map(|own| own.to_string()).or(customer)),
        None => (None, None, None),
    };
    Some(Aside {
        customer: plain(&customer.unwrap_or_default()),
        source: plain(&source.unwrap_or_default()),
        event_id: plain(&id.unwrap_or_default()),
        position: submitted.position,
        code,
        detail: plain(&detail),
        whole: submitted.broken.is_none() && kept.len() == submitted.text.len() && !kept.contains('\0'),
        body: plain(kept),
    })
}
