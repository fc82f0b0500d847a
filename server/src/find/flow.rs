//! Finds events, page by page in the order of time, and counts them in steps of time.
//!
//! Decides which events are meant; the ledger knows where they are and the engine what a meter counts.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use engine::Book;
use engine::ids::{CustomerId, MeterId};
use engine::period::Instant;
use engine::usage::{Event, Meter, MeterError};
use ledger::{Change, Place, Query, Row};

use super::line::Behind;
use super::question::{PAGE_MAX, Question, QuestionError, STEPS_MAX, Step};
use crate::app::App;
use crate::customers::flow::{CustomerError, existing};
use crate::db::{Db, DbError, from_us};
use crate::invoices::flow::InvoiceError;
use crate::metering::flow::{MeteringError, terms_now};

/// Why events cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// The question itself.
    #[error(transparent)]
    Question(#[from] QuestionError),
    /// The book has no such meter.
    #[error("book {book} {version} has no meter \"{meter}\"; it has: {}", crate::customers::flow::listed(.known))]
    UnknownMeter {
        /// The book.
        book: engine::ids::BookId,
        /// Its version.
        version: engine::ids::Version,
        /// What was asked for.
        meter: String,
        /// What there is.
        known: Vec<MeterId>,
    },
    /// No such customer.
    #[error(transparent)]
    Customer(#[from] CustomerError),
    /// No terms by which a meter could be found.
    #[error(transparent)]
    Metering(#[from] MeteringError),
    /// No such invoice.
    #[error(transparent)]
    Invoice(#[from] InvoiceError),
    /// The invoice has no such line.
    #[error("{number} has {lines} lines, counted from 0; there is no line {line}")]
    NoLine {
        /// The invoice.
        number: engine::invoice::InvoiceNumber,
        /// What was asked for.
        line: String,
        /// How many there are.
        lines: usize,
    },
    /// The book that priced the invoice is not there.
    #[error("version {version} of book {book}, which priced the invoice, is not published with the same content")]
    NoBook {
        /// The book.
        book: engine::ids::BookId,
        /// Its version.
        version: engine::ids::Version,
    },
    /// An event that a meter cannot count.
    #[error("{0}")]
    Meter(MeterError),
    /// The database refused.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// The events that are meant.
#[derive(Debug)]
pub struct Choice {
    pub(super) customer: CustomerId,
    pub(super) start_us: i64,
    pub(super) end_us: i64,
    pub(super) kind: Option<String>,
    pub(super) source: Option<String>,
    pub(super) fields: Vec<(String, Vec<String>)>,
    pub(super) meter: Option<Meter>,
    /// The line that they must be behind.
    pub(super) behind: Option<Behind>,
}

/// What an event that was voided or amended later became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It stands.
    Stands,
    /// The event of this id has voided it.
    VoidedBy(String),
    /// The event of this id counts in its place.
    AmendedBy(String),
}

/// An event that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundEvent {
    /// The event.
    pub event: Event,
    /// When it was accepted.
    pub received_at: Instant,
    /// What it does to an earlier one.
    pub change: Change,
    /// What a later one did to it.
    pub fate: Fate,
}

impl FoundEvent {
    /// Whether meters count it now.
    pub fn counts(&self) -> bool {
        match (&self.change, &self.fate) {
            (Change::None | Change::Amends(_), Fate::Stands) => true,
            (Change::Voids(_), _) | (_, Fate::VoidedBy(_) | Fate::AmendedBy(_)) => false,
        }
    }
}

/// Events, and where to go on.
#[derive(Debug)]
pub struct Page {
    /// In the order of time, source and id.
    pub events: Vec<FoundEvent>,
    /// The place after which there are more.
    pub next: Option<Place>,
}

/// The events of a customer that a question means. The meter is looked up among those that `shown` lets the reader see.
pub async fn of_customer(
    app: &App,
    id: &CustomerId,
    (question, shown): (&Question, impl Fn(&Book, &engine::ids::PlanId) -> Book),
) -> Result<Choice, FindError> {
    let customer = existing(&app.db, id).await?;
    let meter = match &question.meter {
        None => None,
        Some(name) => {
            let books = app.shelf.books(&app.db).await?;
            let (terms, _) = terms_now(&books, &customer, app.clock.now())?;
            Some(find_meter(&shown(&terms.book, &terms.plan), name)?)
        }
    };
    let (start_us, end_us) = question.span_us();
    Ok(Choice {
        customer: customer.id,
        start_us,
        end_us,
        kind: question.kind.clone(),
        source: question.source.clone(),
        fields: question.fields.clone(),
        meter,
        behind: None,
    })
}

/// The meter of this name in a book.
pub(super) fn find_meter(book: &Book, name: &str) -> Result<Meter, FindError> {
    let found = book.meters.iter().find(|meter| meter.id.as_str() == name);
    found.cloned().ok_or_else(|| FindError::UnknownMeter {
        book: book.id.clone(),
        version: book.version.clone(),
        meter: name.to_owned(),
        known: book.meters.iter().map(|meter| meter.id.clone()).collect(),
    })
}

/// What stopped a look at rows.
enum Stop {
    Unreadable(String),
    Meter(MeterError),
}

impl From<Stop> for FindError {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Unreadable(value) => Self::Db(DbError::Unreadable { what: "event", value }),
            Stop::Meter(error) => Self::Meter(error),
        }
    }
}

impl Choice {
    pub(super) fn query(&self) -> Query<'_> {
        Query { customer: Some(self.customer.as_str()), start_us: self.start_us, end_us: self.end_us, after_seq: 0 }
    }

    fn is_plain(&self) -> bool {
        let nothing = self.kind.is_none() && self.source.is_none() && self.fields.is_empty();
        nothing && self.meter.is_none() && self.behind.is_none()
    }

    /// The event, if it is meant. What needs no reading of its data is looked at first.
    fn pick(&self, row: &Row<'_>, changed_by: Option<&str>) -> Result<Option<Event>, Stop> {
        if self.kind.as_ref().is_some_and(|kind| kind != row.kind)
            || self.source.as_ref().is_some_and(|source| source != row.source)
            || self.behind.as_ref().is_some_and(|behind| !behind.counted(row, changed_by))
        {
            return Ok(None);
        }
        let event = row.event().ok_or_else(|| Stop::Unreadable(row.id.to_owned()))?;
        let fields = || self.fields.iter().all(|(field, values)| values.contains(&event.attribute(field)));
        let meter = || self.meter.as_ref().is_none_or(|meter| meter.selects(&event));
        if !fields() || !meter() {
            return Ok(None);
        }
        let priced = match &self.behind {
            Some(behind) => behind.priced(&event).map_err(Stop::Meter)?,
            None => true,
        };
        Ok(priced.then_some(event))
    }
}

/// A page of the events that are meant, after a place.
pub async fn page(db: &Db, choice: &Choice, (after, limit): (Option<&Place>, usize)) -> Result<Page, FindError> {
    let limit = limit.min(PAGE_MAX);
    let mut stop = None;
    // One more than wanted tells whether there are more.
    let rows = db.ledger().page(choice.query(), (after, limit.saturating_add(1)), |row, changed_by| {
        match choice.pick(row, changed_by) {
            Ok(event) => event.map(|event| (event, row.received_us, row.change.clone(), changed_by.map(str::to_owned))),
            Err(error) => {
                stop = Some(error);
                None
            }
        }
    });
    let mut rows = rows.await.map_err(DbError::from)?;
    if let Some(stop) = stop {
        return Err(stop.into());
    }
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|(place, _)| place.clone());
    let amended = match (rows.first(), rows.last()) {
        (Some((first, _)), Some((last, _))) if rows.iter().any(|(_, (.., changed_by))| changed_by.is_some()) => {
            let span = (first.time_us, last.time_us.saturating_add(1));
            db.ledger().amended(choice.customer.as_str(), span).await.map_err(DbError::from)?
        }
        (_, _) => BTreeSet::new(),
    };
    let found = |(place, (event, received_us, change, changed_by)): (Place, (Event, i64, Change, Option<String>))| {
        let fate = match changed_by {
            None => Fate::Stands,
            Some(by) if amended.contains(&place) => Fate::AmendedBy(by),
            Some(by) => Fate::VoidedBy(by),
        };
        Ok(FoundEvent { event, received_at: from_us(received_us)?, change, fate })
    };
    let events = rows.into_iter().map(found).collect::<Result<_, DbError>>()?;
    Ok(Page { events, next })
}

/// How many events there are in each step of time, by the step's beginning; steps without any are left out.
///
/// Counts all that came in, also what was voided or amended; behind a line only what the line counts.
pub async fn profile(db: &Db, choice: &Choice, per: Step) -> Result<BTreeMap<Instant, u64>, FindError> {
    let (start_us, end_us) = (choice.start_us, choice.end_us);
    if start_us == i64::MIN || end_us == i64::MAX {
        return Err(QuestionError::NoBounds.into());
    }
    let length = end_us.saturating_sub(start_us);
    let steps = length.saturating_add(per.us().saturating_sub(1)).checked_div(per.us()).unwrap_or(0);
    if steps > STEPS_MAX {
        let (from, to) = (from_us(start_us)?, from_us(end_us)?);
        return Err(QuestionError::TooManySteps { from, to, steps, per }.into());
    }
    let counts = if choice.is_plain() {
        db.ledger().profile(choice.query(), per.us()).await.map_err(DbError::from)?
    } else {
        counted(db, choice, per).await?
    };
    counts.into_iter().map(|(start_us, events)| Ok((from_us(start_us)?, events))).collect()
}

async fn counted(db: &Db, choice: &Choice, per: Step) -> Result<BTreeMap<i64, u64>, FindError> {
    let (mut counts, mut stop) = (BTreeMap::<i64, u64>::new(), None);
    let scanned = db.ledger().scan(choice.query(), |row, changed_by| match choice.pick(row, changed_by) {
        Ok(None) => ControlFlow::Continue(()),
        Ok(Some(_)) => {
            let steps = row.time_us.saturating_sub(choice.start_us).div_euclid(per.us());
            let start = choice.start_us.saturating_add(steps.saturating_mul(per.us()));
            let count = counts.entry(start).or_insert(0);
            *count = count.saturating_add(1);
            ControlFlow::Continue(())
        }
        Err(error) => {
            stop = Some(error);
            ControlFlow::Break(())
        }
    });
    scanned.await.map_err(DbError::from)?;
    match stop {
        Some(stop) => Err(stop.into()),
        None => Ok(counts),
    }
}
