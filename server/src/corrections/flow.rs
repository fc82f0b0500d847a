//! Corrects the invoices of a month that was billed: each that has got events, voids or amends since, in one transaction.
//!
//! The whole period is counted anew and priced by the book version and plan of the invoice; the engine says what differs.

use std::ops::ControlFlow;
use std::sync::Arc;

use engine::ids::{BookId, CustomerId, Version};
use engine::invoice::{
    Change, Correction, CorrectionDraft, CorrectionError, CorrectionKind, Draft, DraftInput, InvoiceNumber, Reference,
    correct,
};
use engine::money::Currency;
use engine::period::{Instant, Month, Period};
use engine::usage::{Metering, Meters, Span, Usage};
use engine::{Book, draft_invoice};
use ledger::Query;

use super::store::{self, Standing};
use crate::books::flow::Books;
use crate::clock::Clock;
use crate::config::{Config, Corrections};
use crate::db::{Db, DbError, to_us};
use crate::invoices::flow::{InvoiceError, Said, document};
use crate::invoices::store as invoices;
use crate::metering::flow::{Counted, MeteringError, Terms, count};
use crate::metering::stood::recount;
use crate::metering::store as events;

/// Why an invoice is not corrected although events came after it.
#[derive(Debug, thiserror::Error)]
pub enum Uncorrected {
    /// The operator wants to see them first.
    #[error("the setting corrections is \"report\"; set it to \"issue\" and bill the month again")]
    OnlyReported,
    /// The version that priced the invoice is not there.
    #[error("version {version} of book {book}, which priced the invoice, is not published with the same content")]
    NoBook {
        /// The book.
        book: BookId,
        /// The version.
        version: Version,
    },
    /// What was counted before is no longer there to be counted again.
    #[error(
        "what {0} was made from is not all stored as it was: its month was dropped or restored since. Restore the month whole and compare by hand"
    )]
    EventsGone(InvoiceNumber),
    /// What was issued cannot be read.
    #[error(transparent)]
    Invoice(InvoiceError),
    /// The usage cannot be counted or priced.
    #[error(transparent)]
    Metering(MeteringError),
    /// The bills cannot be held against each other.
    #[error(transparent)]
    Correction(#[from] CorrectionError),
}

/// Events that came too late for an invoice and are on no correction.
#[derive(Debug)]
pub struct Late {
    /// Whose.
    pub customer: CustomerId,
    /// The invoice they are not on.
    pub number: InvoiceNumber,
    /// How many events, voids and amends.
    pub events: i64,
    /// Why.
    pub reason: Uncorrected,
}

/// A correction that a run has issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corrected {
    /// Whose.
    pub customer: CustomerId,
    /// Its number.
    pub number: InvoiceNumber,
    /// The invoice.
    pub corrects: InvoiceNumber,
    /// What it asks for.
    pub kind: CorrectionKind,
    /// What is to be paid, before and after.
    pub due: Change,
    /// In this currency.
    pub currency: Currency,
}

/// What became of a month's late events.
#[derive(Debug, Default)]
pub struct CorrectionRun {
    /// The corrections that were issued, in the order of the invoices.
    pub corrected: Vec<Corrected>,
    /// What is not corrected.
    pub late: Vec<Late>,
}

const INVOICES_PER_PAGE: u32 = 500;

/// What is on invoices that were issued together.
#[derive(Debug, Default)]
pub struct Reach {
    /// The first commit that one of them may lack is after this one; and when the last of their periods ends.
    through: Option<(i64, Instant)>,
}

impl Reach {
    /// Takes in an invoice of this period that has counted all commits through this one.
    pub fn add(&mut self, through: i64, period: Period) {
        let (oldest, last) = self.through.unwrap_or((through, period.end));
        self.through = Some((oldest.min(through), last.max(period.end)));
    }
}

/// Whether any of these invoices may be short of something: told by the memory alone, for all of them at once.
pub async fn may_be_late(db: &Db, reach: &Reach) -> Result<bool, DbError> {
    let Some((through, end)) = reach.through else { return Ok(false) };
    if db.ledger().catch_up().await? <= through {
        return Ok(false);
    }
    // What came before the period moves meters that never reset.
    let (start_us, end_us) = (to_us(Instant::UNIX_EPOCH), to_us(end));
    Ok(db.ledger().may_have(Query { customer: None, start_us, end_us, after_seq: through }))
}

/// Corrects every invoice of the month that is short of something.
pub async fn correct_month(
    db: &Db,
    books: &Books,
    (clock, config): (Clock, &Config),
    month: Month,
) -> Result<CorrectionRun, DbError> {
    let mut run = CorrectionRun::default();
    let newest = db.ledger().catch_up().await?;
    let mut after = None;
    loop {
        let page = store::page(db, month, (after, INVOICES_PER_PAGE)).await?;
        let Some(last) = page.last() else { return Ok(run) };
        after = Some(last.invoice);
        for standing in page.into_iter().filter(|standing| standing.through < newest) {
            let (customer, number) = (standing.customer.clone(), standing.invoice);
            let book = books.version(&standing.book, &standing.version);
            let priced_by = book.map(|book| PricedBy { book: Arc::clone(book), meters: books.meters_of(book) });
            let events = late_events(db, priced_by.as_ref(), &standing).await?;
            if events == 0 {
                continue;
            }
            let outcome = match config.corrections {
                Corrections::Issue => correct_invoice(db, priced_by.as_ref(), (clock, config), standing).await?,
                Corrections::Report => Err(Uncorrected::OnlyReported),
            };
            match outcome {
                Ok(corrected) => run.corrected.extend(corrected),
                Err(reason) => run.late.push(Late { customer, number, events, reason }),
            }
        }
    }
}

/// The version of the book that priced an invoice.
struct PricedBy {
    book: Arc<Book>,
    meters: Arc<Meters>,
}

/// What was accepted for the month since: events, and those that void or amend one.
async fn late_events(db: &Db, priced_by: Option<&PricedBy>, standing: &Standing) -> Result<i64, DbError> {
    let Period { start, end } = standing.period;
    // What comes late for an earlier month moves a meter that never resets in this one too.
    let history = priced_by.is_some_and(|PricedBy { book, meters }| {
        Metering::of(Arc::clone(meters), Span::new(book.zone, standing.period)).wants_history()
    });
    let start = if history { Instant::UNIX_EPOCH } else { start };
    let query = Query { after_seq: standing.through, ..events::query(&standing.customer, Period { start, end }) };
    // What others have committed was noticed when the run began.
    if !db.ledger().may_have(query) {
        return Ok(0);
    }
    let mut events = 0_i64;
    let count = |_: &ledger::Row<'_>, _: Option<&str>| {
        events = events.saturating_add(1);
        ControlFlow::Continue(())
    };
    db.ledger().scan(query, count).await?;
    Ok(events)
}

/// What one attempt came to.
enum Attempt {
    /// A correction, or no difference in money.
    Done(Option<Corrected>),
    /// Another run has corrected the month in between; this is how it stands now.
    Overtaken(Standing),
}

/// Corrects one invoice. A broken database stops the run; a customer's own trouble does not.
async fn correct_invoice(
    db: &Db,
    priced_by: Option<&PricedBy>,
    by: (Clock, &Config),
    mut standing: Standing,
) -> Result<Result<Option<Corrected>, Uncorrected>, DbError> {
    let no_book =
        |standing: &Standing| Uncorrected::NoBook { book: standing.book.clone(), version: standing.version.clone() };
    let Some(priced_by) = priced_by else { return Ok(Err(no_book(&standing))) };
    loop {
        match attempt(db, priced_by, by, &standing).await {
            Ok(Attempt::Done(corrected)) => return Ok(Ok(corrected)),
            // Each time round another run has got on, so this ends.
            Ok(Attempt::Overtaken(newer)) => standing = newer,
            Err(Uncorrected::Invoice(InvoiceError::Db(error)) | Uncorrected::Metering(MeteringError::Db(error))) => {
                return Err(error);
            }
            Err(reason) => return Ok(Err(reason)),
        }
    }
}

async fn attempt(
    db: &Db,
    PricedBy { book, meters }: &PricedBy,
    (clock, config): (Clock, &Config),
    standing: &Standing,
) -> Result<Attempt, Uncorrected> {
    let stored = document(db, standing.last).await?;
    let before = Said::read(standing.last, &stored)?.into_draft();
    if before.bill.book.digest != book.digest() {
        return Err(Uncorrected::NoBook { book: standing.book.clone(), version: standing.version.clone() });
    }
    let plan = before.bill.plan.clone();
    let terms = Terms { book: Arc::clone(book), plan, period: standing.period, meters: Arc::clone(meters) };
    // Nothing is given back because events are missing: what was counted before must still give the same bill.
    let usage = recount(db, (&standing.customer, &terms), stored.through).await?;
    if correct(&before, draft_again(book, &before, &usage)?)?.is_some() {
        return Err(Uncorrected::EventsGone(standing.last));
    }
    let counted = count(db, &standing.customer, &terms).await?;
    let now = draft_again(book, &before, &counted.usage)?;
    let Some(draft) = correct(&before, now)? else {
        store::seen(db, standing, counted.through).await?;
        return Ok(Attempt::Done(None));
    };
    issue(db, (clock, config), (standing, draft), &counted).await
}

/// Prices usage for the customer and month of a bill, on its plan.
fn draft_again(book: &Book, before: &Draft, usage: &Usage) -> Result<Draft, MeteringError> {
    let input = DraftInput {
        customer: &before.customer,
        customer_name: &before.customer_name,
        plan: before.bill.plan.as_str(),
        month: before.month,
        period: before.period,
        usage,
    };
    draft_invoice(book, &input).map_err(MeteringError::Rate)
}

/// Gives a correction the next number, unless another run has issued one in between.
async fn issue(
    db: &Db,
    (clock, config): (Clock, &Config),
    (standing, draft): (&Standing, CorrectionDraft),
    counted: &Counted,
) -> Result<Attempt, Uncorrected> {
    let mut tx = db.begin().await?;
    let number = invoices::take_number(&mut tx).await?;
    // Looked at again: from here on no other run can issue anything.
    let Some(again) = store::standing(&mut tx, &standing.customer, standing.month).await? else {
        return Err(InvoiceError::Unknown(standing.invoice).into());
    };
    if again.last != standing.last {
        tx.rollback().await.map_err(DbError::from)?;
        return Ok(Attempt::Overtaken(again));
    }
    let part = standing.parts.saturating_add(1);
    let reference = Reference { corrects: standing.invoice, follows: standing.last, part };
    let correction = draft.issue((number, clock.now()), reference);
    store::insert(&mut tx, (&correction, &config.seller), (counted.events, counted.through)).await?;
    tx.commit().await.map_err(DbError::from)?;
    Ok(Attempt::Done(Some(Corrected::from(correction))))
}

impl From<Correction> for Corrected {
    fn from(correction: Correction) -> Self {
        let Correction { number, corrects, kind, differences, invoice, .. } = correction;
        let (due, currency) = (differences.due, invoice.bill.currency);
        Self { customer: invoice.customer, number, corrects, kind, due, currency }
    }
}

impl From<InvoiceError> for Uncorrected {
    fn from(error: InvoiceError) -> Self {
        Self::Invoice(error)
    }
}

impl From<MeteringError> for Uncorrected {
    fn from(error: MeteringError) -> Self {
        Self::Metering(error)
    }
}

impl From<DbError> for Uncorrected {
    fn from(error: DbError) -> Self {
        Self::Metering(MeteringError::Db(error))
    }
}
