//! Counts a customer's period with the engine's meters, event by event, so that memory does not grow with usage.

use std::ops::ControlFlow;
use std::sync::Arc;

use engine::Book;
use engine::ids::{BookId, CustomerId, PlanId};
use engine::period::{BadMonth, Instant, Month, Period};
use engine::rating::RateError;
use engine::usage::{MeterError, Metering, Span, Usage};

use super::store;
use crate::books::flow::Books;
use crate::customers::store::Customer;
use crate::db::{Db, DbError};

/// What was counted, and from how many events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The quantities.
    pub usage: Usage,
    /// All events of the period, also those that no meter selects.
    pub events: i64,
    /// The last commit of the ledger that was looked at.
    pub through: i64,
}

/// Why a customer's usage has no quantities or no price.
#[derive(Debug, thiserror::Error)]
pub enum MeteringError {
    /// An event cannot be counted.
    #[error("{0}")]
    Meter(MeterError),
    /// The quantities cannot be priced.
    #[error("{0}")]
    Rate(RateError),
    /// The customer has no plan, and no book says which one is the default.
    #[error(
        "customer {customer} is on no plan; assign one with PUT /v1/customers/{{id}}, or publish a book with default_plan"
    )]
    NoPlan {
        /// Who.
        customer: CustomerId,
    },
    /// The customer has no plan, and several books claim them.
    #[error("customer {customer} is on no plan, and several books have a default_plan: {}; assign one", crate::customers::flow::listed(.books))]
    SeveralDefaults {
        /// Who.
        customer: CustomerId,
        /// The books.
        books: Vec<BookId>,
    },
    /// The book was not in force yet.
    #[error("book {book} was not in force on {day}; its earliest version is effective from {earliest}")]
    NotInForce {
        /// The book.
        book: BookId,
        /// The day.
        day: chrono::NaiveDate,
        /// The first day of the first version.
        earliest: chrono::NaiveDate,
    },
    /// The month is outside the calendar.
    #[error(transparent)]
    Month(#[from] BadMonth),
    /// The database refused.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Counts what a customer used in a period.
pub async fn count(db: &Db, book: &Book, (customer, period): (&CustomerId, Period)) -> Result<Counted, MeteringError> {
    let mut metering = Metering::new(book, Span::new(book.zone, period));
    let mut events = 0_i64;
    // A meter that never resets needs what came before. Nothing is carried over yet, so all of it is read again.
    let start = if metering.wants_history() { Instant::UNIX_EPOCH } else { period.start };
    let mut failed = None;
    let query = store::query(customer, Period { start, end: period.end });
    let found = store::each(db, query, |event| match metering.add(&event) {
        Ok(_) => {
            events = events.saturating_add(i64::from(period.contains(event.time)));
            ControlFlow::Continue(())
        }
        Err(error) => {
            failed = Some(error);
            ControlFlow::Break(())
        }
    });
    let through = found.await?.through;
    match failed {
        Some(error) => Err(MeteringError::Meter(error)),
        None => Ok(Counted { usage: metering.usage().map_err(MeteringError::Meter)?, events, through }),
    }
}

/// The book and plan by which a customer's month is billed.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The version in force at the month's start.
    pub book: Arc<Book>,
    /// The plan.
    pub plan: PlanId,
    /// The month in the book's zone.
    pub period: Period,
}

/// Finds the terms of a customer's month: their own plan, or the one default.
pub fn terms(books: &Books, customer: &Customer, month: Month) -> Result<Terms, MeteringError> {
    let day = month.first_day();
    if let Some(assignment) = &customer.assignment {
        let not_in_force = || MeteringError::NotInForce {
            book: assignment.book.clone(),
            day,
            earliest: books.earliest(&assignment.book).map_or(day, |book| book.effective),
        };
        let book = books.in_force(&assignment.book, day).ok_or_else(not_in_force)?;
        return Ok(Terms { book: Arc::clone(book), plan: assignment.plan.clone(), period: month.period(book.zone)? });
    }
    let defaults = books.with_default_plan(day);
    match defaults.as_slice() {
        [book] => match &book.default_plan {
            Some(plan) => Ok(Terms { book: Arc::clone(book), plan: plan.clone(), period: month.period(book.zone)? }),
            None => Err(MeteringError::NoPlan { customer: customer.id.clone() }),
        },
        [] => Err(no_default(books, customer, day)),
        several => Err(MeteringError::SeveralDefaults {
            customer: customer.id.clone(),
            books: several.iter().map(|book| book.id.clone()).collect(),
        }),
    }
}

/// No book has a default plan on `day`; one that gets one later is worth naming.
fn no_default(books: &Books, customer: &Customer, day: chrono::NaiveDate) -> MeteringError {
    let later = books.iter().find(|book| book.default_plan.is_some() && book.effective > day);
    match later {
        Some(book) => MeteringError::NotInForce { book: book.id.clone(), day, earliest: book.effective },
        None => MeteringError::NoPlan { customer: customer.id.clone() },
    }
}

/// The terms that hold at `now`, for display: where no version was in force when the month began, the one that is now.
pub fn terms_now(books: &Books, customer: &Customer, now: Instant) -> Result<(Terms, Month), MeteringError> {
    let no_plan = || MeteringError::NoPlan { customer: customer.id.clone() };
    let book = current_book(books, customer, now).ok_or_else(no_plan)?;
    let month = Month::containing(now, book.zone)?;
    match terms(books, customer, month) {
        Err(MeteringError::NotInForce { .. }) => {
            let own = customer.assignment.as_ref().map(|assignment| assignment.plan.clone());
            let plan = own.or_else(|| book.default_plan.clone()).ok_or_else(no_plan)?;
            let terms = Terms { book: Arc::clone(book), plan, period: month.period(book.zone)? };
            Ok((terms, month))
        }
        other => Ok((other?, month)),
    }
}

fn current_book<'b>(books: &'b Books, customer: &Customer, now: Instant) -> Option<&'b Arc<Book>> {
    if let Some(assignment) = &customer.assignment {
        return books.in_force_now(&assignment.book, now);
    }
    let ids = books.ids();
    let mut current = ids.iter().filter_map(|id| books.in_force_now(id, now));
    current.find(|book| book.default_plan.is_some())
}
