//! Counts a customer's period with the engine's meters, event by event, so that memory does not grow with usage.

use std::ops::ControlFlow;
use std::sync::Arc;

use engine::Book;
use engine::ids::{BookId, CustomerId, PlanId};
use engine::period::{BadMonth, Instant, Month, Period};
use engine::rating::RateError;
use engine::usage::{MeterError, Meters, Span, Usage};
use ledger::Query;

use super::counters::Count;
use super::store;
use crate::app::App;
use crate::books::flow::Books;
use crate::customers::store::Customer;
use crate::db::{Db, DbError, to_us};

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
    /// Events that would have to be counted are no longer stored.
    #[error(
        "the events of {0} were dropped, so nothing is counted over that time; bring them back with `ratecard archive import`"
    )]
    Dropped(Month),
    /// The month is outside the calendar.
    #[error(transparent)]
    Month(#[from] BadMonth),
    /// The database refused.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Counts what a customer used in a month: from the counts that are stored, as far as they reach, and from the events after
/// them.
pub async fn count(db: &Db, customer: &CustomerId, terms: &Terms) -> Result<Counted, MeteringError> {
    count_through(db, customer, terms).await?.counted()
}

/// The same in a form that can be followed on.
async fn count_through(db: &Db, customer: &CustomerId, terms: &Terms) -> Result<Count, MeteringError> {
    let (ledger, span) = (db.ledger(), terms.span());
    let time = (to_us(span.period.start), to_us(span.period.end));
    let saved = ledger.counts(customer.as_str(), time, terms.meters.fingerprint()).await.map_err(DbError::from)?;
    let resumed = saved.and_then(|saved| Count::resume(Arc::clone(&terms.meters), span, &saved));
    if let Some(count) = resumed {
        let through = count.through;
        let count = read_on(db, customer, count).await?;
        // Looked at last: an event that was voided before this look may be in the stored count.
        if ledger.last_change(customer.as_str()).await.map_err(DbError::from)? <= through {
            return Ok(count);
        }
    }
    read_on(db, customer, Count::new(Arc::clone(&terms.meters), span)).await
}

/// Counts the events of the commits after those that are in the count.
async fn read_on(db: &Db, customer: &CustomerId, mut count: Count) -> Result<Count, MeteringError> {
    let period = count.metering.span().period;
    // A meter that never resets needs what came before.
    let start = if count.metering.wants_history() { Instant::UNIX_EPOCH } else { period.start };
    // A stored count has them in it; one from nothing would be too small.
    if count.through == 0
        && let Some(month) = db.ledger().dropped_in((to_us(start), to_us(period.end)))
    {
        return Err(MeteringError::Dropped(month));
    }
    let mut failed = None;
    let query = Query { after_seq: count.through, ..store::query(customer, Period { start, end: period.end }) };
    let found = store::each(db, query, |event| match count.add(&event) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            failed = Some(error);
            ControlFlow::Break(())
        }
    });
    let through = found.await?.through;
    match failed {
        Some(error) => Err(error),
        None => Ok(Count { through, ..count }),
    }
}

/// What a customer has used through the last commit of anybody: from memory, where it is then kept up to date.
pub async fn current(app: &App, customer: &CustomerId, terms: &Terms) -> Result<Counted, MeteringError> {
    let through = app.db.ledger().catch_up().await.map_err(DbError::from)?;
    app.counters.wait_for(through).await;
    match app.counters.counted(customer, (&terms.meters, terms.span())) {
        Some(counted) => counted,
        None => remember(app, customer, terms).await,
    }
}

/// What a customer has used as far as this server knows, without asking the database: for who needs an answer at once.
pub async fn warm(app: &App, customer: &CustomerId, terms: &Terms) -> Result<Counted, MeteringError> {
    app.counters.wait_for(app.db.ledger().through()).await;
    match app.counters.counted(customer, (&terms.meters, terms.span())) {
        Some(counted) => counted,
        None => remember(app, customer, terms).await,
    }
}

/// Counts a customer's month from the ledger and keeps the count in memory.
pub async fn remember(app: &App, customer: &CustomerId, terms: &Terms) -> Result<Counted, MeteringError> {
    let counting = app.counters.begin_counting([customer.clone()], terms.span());
    if counting.customers().is_empty() {
        return count(&app.db, customer, terms).await;
    }
    let count = count_through(&app.db, customer, terms).await?;
    let counted = count.counted();
    counting.end(&terms.meters, [(customer.clone(), count)].into());
    counted
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
    /// The book's meters, as counting needs them.
    pub meters: Arc<Meters>,
}

impl Terms {
    fn new(books: &Books, book: &Arc<Book>, plan: &PlanId, month: Month) -> Result<Self, MeteringError> {
        let period = month.period(book.zone)?;
        Ok(Self { book: Arc::clone(book), plan: plan.clone(), period, meters: books.meters_of(book) })
    }

    /// The stretch of time that meters count.
    pub fn span(&self) -> Span {
        Span::new(self.book.zone, self.period)
    }
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
        return Terms::new(books, book, &assignment.plan, month);
    }
    let defaults = books.with_default_plan(day);
    match defaults.as_slice() {
        [book] => match &book.default_plan {
            Some(plan) => Terms::new(books, book, plan, month),
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
            Ok((Terms::new(books, book, &plan, month)?, month))
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
