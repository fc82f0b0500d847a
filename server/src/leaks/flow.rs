//! Finds accepted events of a month that nothing prices, in one pass over the ledger.
//!
//! What counts an event and what prices a meter are the engine's own answers; here they are only gathered.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use engine::Book;
use engine::catalog::Plan;
use engine::period::{Instant, Month, Period};
use ledger::{Query, Row};
use serde::Serialize;
use utoipa::ToSchema;

use crate::books::flow::Books;
use crate::customers::store::{self, Assignment, Customer};
use crate::db::{Db, DbError, from_us, to_us};
use crate::metering::flow::terms;

/// Why nothing prices an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Its customer is on no plan in that month.
    NoPlan,
    /// No meter of the customer's book counts it.
    NoMeter,
    /// Meters count it, and no charge of the customer's plan prices one of them.
    NotPriced,
}

impl Reason {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoPlan => "no_plan",
            Self::NoMeter => "no_meter",
            Self::NotPriced => "not_priced",
        }
    }
}

/// Events of a customer and a type that nothing prices for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// The customer.
    pub customer: String,
    /// The type of the events.
    pub kind: String,
    /// Why.
    pub reason: Reason,
    /// How many.
    pub events: u64,
    /// When the earliest one happened.
    pub first: Instant,
    /// When the latest one happened.
    pub last: Instant,
    /// Source and id of the earliest one.
    pub example: (String, String),
}

/// What a month leaks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leaks {
    /// By customer, type and reason.
    pub leaks: Vec<Leak>,
    /// How many events were looked at.
    pub events: u64,
    /// How many leaking events are of customers and types that found no room in the list.
    pub left_out: u64,
}

/// Lines of a report.
const LEAKS_MAX: usize = 10_000;

/// Customers that are read at once.
const PAGE: u32 = 1000;

/// The report of a month; each customer's month is that of their book's zone, UTC where there is none.
pub async fn find(db: &Db, books: &Books, month: Month) -> Result<Leaks, DbError> {
    let day = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
    let utc = Period { start: day(month.first_day()), end: day(month.next_first_day()) };
    // No zone is further than a day from UTC.
    let start_us = to_us(utc.start.checked_sub_signed(TimeDelta::days(1)).unwrap_or(utc.start));
    let end_us = to_us(utc.end.checked_add_signed(TimeDelta::days(1)).unwrap_or(utc.end));
    let mut judge = Judge::new(books, (month, utc), assignments(db).await?);
    let mut report = Report::default();
    let mut unreadable = None;
    let look = |row: &Row<'_>, changed_by: Option<&str>| {
        if changed_by.is_some() || !row.is_usage() {
            return ControlFlow::Continue(());
        }
        match judge.leaks(row) {
            Ok(Verdict::Outside) => {}
            Ok(Verdict::Priced) => report.events = report.events.saturating_add(1),
            Ok(Verdict::Leaks(reason)) => {
                report.events = report.events.saturating_add(1);
                report.add(row, reason);
            }
            Err(Unreadable) => {
                unreadable = Some(row.id.to_owned());
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    };
    db.ledger().scan(Query { customer: None, start_us, end_us, after_seq: 0 }, look).await.map_err(DbError::from)?;
    match unreadable {
        Some(value) => Err(DbError::Unreadable { what: "event", value }),
        None => report.finished(),
    }
}

/// Which customer is on which plan; those that are on none are left out.
async fn assignments(db: &Db) -> Result<BTreeMap<String, Customer>, DbError> {
    let (mut found, mut after) = (BTreeMap::new(), String::new());
    loop {
        let page = store::page(db, &after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = last.id.to_string();
        let assigned = page.into_iter().filter(|customer| customer.assignment.is_some());
        found.extend(assigned.map(|customer| (customer.id.to_string(), customer)));
    }
}

/// What an event is.
enum Verdict {
    Outside,
    Priced,
    Leaks(Reason),
}

/// Stored text that is no event.
struct Unreadable;

/// Book and plan of an assignment.
type PlanKey = (String, String);

/// Tells which events leak; what it has found out about a plan it keeps.
struct Judge<'b> {
    books: &'b Books,
    month: Month,
    utc: Period,
    customers: BTreeMap<String, Customer>,
    /// The period and the place in `rules` of customers by their assignment; those without one share a key.
    known: BTreeMap<Option<PlanKey>, (Period, Option<usize>)>,
    rules: Vec<Rules>,
}

/// A plan, and what is known about types of events under it.
struct Rules {
    book: Arc<Book>,
    plan: String,
    kinds: BTreeMap<String, Kind>,
}

/// What is known of all events of a type.
#[derive(Clone, Copy)]
enum Kind {
    /// No meter counts any.
    NoMeter,
    /// A meter without filters counts each, and it is priced.
    Priced,
    /// It depends on their fields.
    Depends,
}

impl<'b> Judge<'b> {
    fn new(books: &'b Books, (month, utc): (Month, Period), customers: BTreeMap<String, Customer>) -> Self {
        Self { books, month, utc, customers, known: BTreeMap::new(), rules: Vec::new() }
    }

    fn leaks(&mut self, row: &Row<'_>) -> Result<Verdict, Unreadable> {
        let (period, rules) = self.terms(row.customer);
        let time = from_us(row.time_us).map_err(|_| Unreadable)?;
        if !period.contains(time) {
            return Ok(Verdict::Outside);
        }
        match rules.and_then(|place| self.rules.get_mut(place)) {
            Some(rules) => rules.judge(row),
            None => Ok(Verdict::Leaks(Reason::NoPlan)),
        }
    }

    /// The customer's month, and the rules that hold in it.
    fn terms(&mut self, customer: &str) -> (Period, Option<usize>) {
        let customer = self.customers.get(customer);
        let key = customer.and_then(|customer| customer.assignment.as_ref());
        let key = key.map(|Assignment { book, plan, .. }| (book.to_string(), plan.to_string()));
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let nobody = nobody(self.utc.start);
        let found = customer.or(nobody.as_ref()).and_then(|customer| terms(self.books, customer, self.month).ok());
        let terms = match found {
            Some(terms) => {
                self.rules.push(Rules { book: terms.book, plan: terms.plan.to_string(), kinds: BTreeMap::new() });
                (terms.period, self.rules.len().checked_sub(1))
            }
            None => (self.utc, None),
        };
        self.known.insert(key, terms);
        terms
    }
}

/// A customer that was given no plan.
fn nobody(created_at: Instant) -> Option<Customer> {
    let id = engine::ids::CustomerId::new("nobody").ok()?;
    Some(Customer { id, name: None, assignment: None, created_at })
}

impl Rules {
    fn judge(&mut self, row: &Row<'_>) -> Result<Verdict, Unreadable> {
        let Some(plan) = self.book.plans.iter().find(|plan| plan.id.as_str() == self.plan) else {
            return Ok(Verdict::Leaks(Reason::NoPlan));
        };
        let kind = match self.kinds.get(row.kind) {
            Some(kind) => *kind,
            None => {
                let kind = kind(&self.book, plan, row.kind);
                self.kinds.insert(row.kind.to_owned(), kind);
                kind
            }
        };
        match kind {
            Kind::NoMeter => Ok(Verdict::Leaks(Reason::NoMeter)),
            Kind::Priced => Ok(Verdict::Priced),
            Kind::Depends => {
                let event = row.event().ok_or(Unreadable)?;
                let mut counting = self.book.meters.iter().filter(|meter| meter.selects(&event)).peekable();
                if counting.peek().is_none() {
                    Ok(Verdict::Leaks(Reason::NoMeter))
                } else if counting.any(|meter| plan.prices(&meter.id)) {
                    Ok(Verdict::Priced)
                } else {
                    Ok(Verdict::Leaks(Reason::NotPriced))
                }
            }
        }
    }
}

/// What can be said of a type of events without looking at their fields.
fn kind(book: &Book, plan: &Plan, kind: &str) -> Kind {
    let mut meters = book.meters.iter().filter(|meter| meter.event == kind).peekable();
    if meters.peek().is_none() {
        Kind::NoMeter
    } else if meters.any(|meter| meter.only.is_empty() && plan.prices(&meter.id)) {
        Kind::Priced
    } else {
        Kind::Depends
    }
}

/// Leaks while they are gathered.
#[derive(Default)]
struct Report {
    lines: BTreeMap<(String, String, Reason), Line>,
    events: u64,
    left_out: u64,
}

struct Line {
    events: u64,
    first_us: i64,
    last_us: i64,
    example: (String, String),
}

impl Report {
    fn add(&mut self, row: &Row<'_>, reason: Reason) {
        let key = (row.customer.to_owned(), row.kind.to_owned(), reason);
        let example = || (row.source.to_owned(), row.id.to_owned());
        if let Some(line) = self.lines.get_mut(&key) {
            line.events = line.events.saturating_add(1);
            line.last_us = line.last_us.max(row.time_us);
            if row.time_us < line.first_us {
                line.first_us = row.time_us;
                line.example = example();
            }
        } else if self.lines.len() < LEAKS_MAX {
            let time_us = row.time_us;
            self.lines.insert(key, Line { events: 1, first_us: time_us, last_us: time_us, example: example() });
        } else {
            self.left_out = self.left_out.saturating_add(1);
        }
    }

    fn finished(self) -> Result<Leaks, DbError> {
        let leak = |((customer, kind, reason), line): ((String, String, Reason), Line)| {
            let Line { events, first_us, last_us, example } = line;
            let (first, last) = (from_us(first_us)?, from_us(last_us)?);
            Ok(Leak { customer, kind, reason, events, first, last, example })
        };
        let leaks = self.lines.into_iter().map(leak).collect::<Result<_, DbError>>()?;
        Ok(Leaks { leaks, events: self.events, left_out: self.left_out })
    }
}
