//! Bills a month, page by page of customers, each page in one transaction that gives out the next numbers.
//!
//! An invoice that is there stays as it is; what came after it becomes a correction. Who cannot be billed is reported,
//! costs no number, and holds nobody up.

use chrono::TimeDelta;
use engine::ids::{BookId, CustomerId};
use engine::invoice::InvoiceNumber;
use engine::period::{Instant, Month};

use super::issue::Issuer;
use super::page::{Found, Page, Pages};
use crate::books::flow::{Books, Shelf};
use crate::clock::Clock;
use crate::config::Config;
use crate::corrections::flow::{CorrectionRun, Reach, correct_month, may_be_late};
use crate::customers::store as customers;
use crate::db::{Db, DbError};
use crate::invoices::store::{Drafted, Issuing, next_number};
use crate::metering::flow::MeteringError;

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

/// Bills `month` for everybody by the settings, and corrects the invoices that got events since. Tells its progress after
/// every page.
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
    let (mut done, mut reach) = (0_u64, Reach::default());
    let issuer = Issuer::new(db, month, (clock, config))?;
    let mut pages = Pages::new(db, &books, month);
    let mut next_number = next_number(db).await?;
    let mut ready = run.make_ready((&mut pages, &issuer), next_number).await?;
    while let Some(Ready { issuing, customers }) = ready {
        done = done.saturating_add(customers);
        issuing.invoices.iter().for_each(|(drafted, _)| reach.add(drafted.through, drafted.draft.period));
        let owing = u64::try_from(issuing.invoices.len()).unwrap_or(0);
        // The next page is priced and written, and the one after it counted, while this one is issued.
        let following = run.make_ready((&mut pages, &issuer), next_number.plus(owing));
        let (outcome, following) = tokio::join!(issuer.issue(issuing, next_number), following);
        let issued;
        (issued, next_number) = outcome?;
        run.issued = run.issued.saturating_add(issued);
        run.already = run.already.saturating_add(owing.saturating_sub(issued));
        progress(Progress { done, total });
        ready = following?;
    }
    // What was issued before may have got anything since.
    if run.already > 0 || may_be_late(db, &reach).await? {
        run.corrections = correct_month(db, &books, (clock, config), month).await?;
    }
    Ok(run)
}

/// A page of customers whose invoices can be issued.
struct Ready {
    issuing: Issuing,
    /// How many customers were looked at.
    customers: u64,
}

impl BillRun {
    /// The next page, ready to be issued under numbers from this one on; `None` where nobody is left.
    async fn make_ready(
        &mut self,
        (pages, issuer): (&mut Pages<'_>, &Issuer<'_>),
        first: InvoiceNumber,
    ) -> Result<Option<Ready>, DbError> {
        let Some(page) = pages.next().await? else { return Ok(None) };
        let customers = u64::try_from(page.len()).unwrap_or(0);
        let issuing = issuer.write(self.sort_out(page), first).await?;
        Ok(Some(Ready { issuing, customers }))
    }

    /// Notes what became of customers; those who owe something are left.
    fn sort_out(&mut self, page: Page) -> Vec<Drafted> {
        let mut owing = Vec::with_capacity(page.len());
        for (customer, found) in page {
            match found {
                Found::Drafted(drafted) => owing.push(*drafted),
                Found::Already => self.already = self.already.saturating_add(1),
                Found::Nothing => self.nothing = self.nothing.saturating_add(1),
                Found::Unbilled(reason) => self.unbilled.push(Unbilled { customer, reason }),
            }
        }
        owing
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
