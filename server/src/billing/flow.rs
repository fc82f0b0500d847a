//! Bills a month, customer by customer, each in one transaction that begins by taking the next number.
//!
//! An invoice that is there stays as it is; what came after it becomes a correction. Who cannot be billed is reported,
//! costs no number, and holds nobody up.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use engine::draft_invoice;
use engine::ids::{BookId, CustomerId};
use engine::invoice::DraftInput;
use engine::period::{Instant, Month};

use crate::books::flow::{Books, Shelf};
use crate::clock::Clock;
use crate::config::Config;
use crate::corrections::flow::{CorrectionRun, correct_month};
use crate::customers::store::{self as customers, Customer};
use crate::db::{Db, DbError};
use crate::invoices::store as invoices;
use crate::metering::ahead::count_ahead;
use crate::metering::flow::{Counted, MeteringError, Terms, count, terms};
use crate::metering::store as events;

/// Why a month is not billed at all.
#[derive(Debug, thiserror::Error)]
pub enum BillError {
    /// Nothing to price with.
    #[error("no price book is published; publish one with `ratecard book add FILE` or POST /v1/books")]
    NoBooks,
    /// The month is still going on somewhere.
    #[error("{month} has not ended yet: in the zone of book {book} ({zone}) it ends at {end}")]
    NotEnded {
        /// The month.
        month: Month,
        /// The book.
        book: BookId,
        /// Its zone.
        zone: &'static str,
        /// When it ends there.
        end: Instant,
    },
    /// The month has ended, but it still waits for late events.
    #[error(
        "{month} has ended, but it waits for late events until {until}: in the zone of book {book} ({zone}) it ended at {end}, and grace_hours is {hours}"
    )]
    InGrace {
        /// The month.
        month: Month,
        /// The book.
        book: BookId,
        /// Its zone.
        zone: &'static str,
        /// When it ended there.
        end: Instant,
        /// The setting.
        hours: i64,
        /// From when on it may be billed.
        until: Instant,
    },
    /// Outside the calendar.
    #[error(transparent)]
    Month(#[from] engine::period::BadMonth),
    /// The database refused. What was issued before stays issued; run it again for the rest.
    #[error("{0}. Invoices issued before this stay; run the month again for the rest")]
    Db(#[from] DbError),
}

/// A customer whose month could not be billed.
#[derive(Debug)]
pub struct Unbilled {
    /// Who.
    pub customer: CustomerId,
    /// Why.
    pub reason: MeteringError,
}

/// What a bill run did.
#[derive(Debug)]
pub struct BillRun {
    /// The month.
    pub month: Month,
    /// How many invoices it issued.
    pub issued: u64,
    /// How many were there before.
    pub already: u64,
    /// Customers with nothing to bill: no plan assigned for the month and no usage.
    pub nothing: u64,
    /// Customers it could not bill.
    pub unbilled: Vec<Unbilled>,
    /// What became of events that came too late for their invoice, whichever run issued it.
    pub corrections: CorrectionRun,
}

/// How far a run is: customers done, customers in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Done.
    pub done: u64,
    /// In all.
    pub total: u64,
}

/// What became of one customer.
enum Billed {
    Issued,
    Already,
    Nothing,
}

const CUSTOMERS_PER_PAGE: u32 = 500;

/// Bills `month` for everybody by the settings, and corrects the invoices that got events since.
pub async fn bill(
    db: &Db,
    (shelf, clock, config): (&Shelf, Clock, &Config),
    month: Month,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<BillRun, BillError> {
    let books = shelf.books(db).await?;
    check_ended(&books, month, (clock.now(), config.grace))?;
    let total = u64::try_from(customers::count(db).await?).unwrap_or(0);
    let mut run = BillRun {
        month,
        issued: 0,
        already: 0,
        nothing: 0,
        unbilled: Vec::new(),
        corrections: CorrectionRun::default(),
    };
    let mut done = 0_u64;
    let mut after = String::new();
    loop {
        let page = customers::page(db, &after, CUSTOMERS_PER_PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.id.to_string();
        let mut told = |run: &mut BillRun, customer: &Customer, billed| {
            run.add(&customer.id, billed)?;
            done = done.saturating_add(1);
            progress(Progress { done, total });
            Ok::<_, BillError>(())
        };
        let mut due = Vec::new();
        for customer in &page {
            match is_due(db, &books, customer, month).await {
                Ok(Due::Perhaps(terms)) => due.push((customer, terms)),
                Ok(Due::Not(billed)) => told(&mut run, customer, Ok(billed))?,
                Err(error) => told(&mut run, customer, Err(error))?,
            }
        }
        let wanted: Vec<_> = due.iter().map(|(customer, terms)| (&customer.id, terms)).collect();
        let mut ahead = match count_ahead(db, &wanted).await {
            Ok(ahead) => ahead,
            Err(MeteringError::Db(error)) => return Err(error.into()),
            // Each of them is told by itself.
            Err(_) => BTreeMap::new(),
        };
        for (customer, terms) in &due {
            let counted = ahead.remove(&customer.id);
            let billed = bill_customer(db, (customer, month, terms), counted, (clock, config)).await;
            told(&mut run, customer, billed)?;
        }
    }
    run.corrections = correct_month(db, &books, (clock, config), month).await?;
    Ok(run)
}

impl BillRun {
    fn add(&mut self, customer: &CustomerId, billed: Result<Billed, MeteringError>) -> Result<(), BillError> {
        match billed {
            Ok(Billed::Issued) => self.issued = self.issued.saturating_add(1),
            Ok(Billed::Already) => self.already = self.already.saturating_add(1),
            Ok(Billed::Nothing) => self.nothing = self.nothing.saturating_add(1),
            // A broken database stops the run; a customer's own trouble does not.
            Err(MeteringError::Db(error)) => return Err(error.into()),
            Err(reason) => self.unbilled.push(Unbilled { customer: customer.clone(), reason }),
        }
        Ok(())
    }
}

/// Refuses a month that is not over in the zone of a book that was in force in it, or still waits for late events.
fn check_ended(books: &Books, month: Month, (now, grace): (Instant, TimeDelta)) -> Result<(), BillError> {
    let ids = books.ids();
    if ids.is_empty() {
        return Err(BillError::NoBooks);
    }
    for id in &ids {
        let Some(book) = books.in_force(id, month.first_day()).or_else(|| books.earliest(id)) else { continue };
        let end = month.period(book.zone)?.end;
        if now < end {
            return Err(BillError::NotEnded { month, book: id.clone(), zone: book.zone.name(), end });
        }
        let until = end.checked_add_signed(grace).unwrap_or(Instant::MAX_UTC);
        if now < until {
            let (book, zone, hours) = (id.clone(), book.zone.name(), grace.num_hours());
            return Err(BillError::InGrace { month, book, zone, end, hours, until });
        }
    }
    Ok(())
}

/// Bills a customer. `counted` is what was counted with others, if it could be.
async fn bill_customer(
    db: &Db,
    (customer, month, terms): (&Customer, Month, &Terms),
    counted: Option<Counted>,
    (clock, config): (Clock, &Config),
) -> Result<Billed, MeteringError> {
    // Counted before anybody is held up. What is accepted from here on is late for this invoice, and found as late.
    let counted = match counted {
        Some(counted) => counted,
        None => count(db, &customer.id, terms).await?,
    };
    if counted.events == 0 && !is_due_without_usage(customer, month) {
        return Ok(Billed::Nothing);
    }
    let mut tx = db.begin().await?;
    let number = invoices::take_number(&mut tx).await?;
    // Looked at again: from here on no other run can issue anything.
    if invoices::is_billed(&mut tx, &customer.id, month).await? {
        tx.rollback().await.map_err(DbError::from)?;
        return Ok(Billed::Already);
    }
    let draft = draft_invoice(
        &terms.book,
        &DraftInput {
            customer: &customer.id,
            customer_name: customer.display_name(),
            plan: terms.plan.as_str(),
            month,
            period: terms.period,
            usage: &counted.usage,
        },
    )
    .map_err(MeteringError::Rate)?;
    let issued = draft.issue(number, clock.now());
    invoices::insert(&mut tx, (&issued, &config.seller), (counted.events, counted.through)).await?;
    tx.commit().await.map_err(DbError::from)?;
    Ok(Billed::Issued)
}

/// Whether there is anything to bill.
enum Due {
    /// There may be, by these terms.
    Perhaps(Terms),
    /// There is not: billed already, or nothing used.
    Not(Billed),
}

/// What can be said of a customer without counting.
async fn is_due(db: &Db, books: &Books, customer: &Customer, month: Month) -> Result<Due, MeteringError> {
    let mut connection = db.pool().acquire().await.map_err(DbError::from)?;
    if invoices::is_billed(&mut connection, &customer.id, month).await? {
        return Ok(Due::Not(Billed::Already));
    }
    drop(connection);
    match terms(books, customer, month) {
        Ok(terms) => Ok(Due::Perhaps(terms)),
        Err(error) if is_due_without_usage(customer, month) => Err(error),
        // Where no book says in which zone the month is, UTC's month decides whether there is anything to complain about.
        Err(error) => {
            let period = month.period(utc()?)?;
            let used = events::any(db, events::query(&customer.id, period)).await?;
            if used { Err(error) } else { Ok(Due::Not(Billed::Nothing)) }
        }
    }
}

/// Whether the customer was on a plan in the month, so that it is billed even if nothing was used.
fn is_due_without_usage(customer: &Customer, month: Month) -> bool {
    customer.assignment.as_ref().is_some_and(|assignment| month >= assignment.since)
}

fn utc() -> Result<engine::period::Zone, DbError> {
    engine::period::Zone::from_name("UTC").map_err(|error| DbError::Unreadable { what: "zone", value: error.0 })
}
