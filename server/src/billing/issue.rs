//! Issues the invoices of a page in one transaction: all of them with the next numbers, or none.
//!
//! Counts and prices nothing: while a page is being issued nobody else issues anything, so it must not take long. That is
//! why documents are written before, with the numbers that they will most likely get; who gets another is written again.

use engine::invoice::InvoiceNumber;
use engine::period::Month;

use crate::aside::aside_each;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::{Db, DbError};
use crate::invoices::store::{Drafted, Issuing, billed, hold_numbers, insert_all, take_numbers};

/// What every page is issued with.
#[derive(Debug)]
pub(super) struct Issuer<'a> {
    db: &'a Db,
    month: Month,
    clock: Clock,
    /// As the settings say, as JSON.
    seller: String,
}

impl<'a> Issuer<'a> {
    pub(super) fn new(db: &'a Db, month: Month, (clock, config): (Clock, &Config)) -> Result<Self, DbError> {
        let unwritable = |_| DbError::Unreadable { what: "seller", value: config.seller.name.clone() };
        let seller = serde_json::to_string(&config.seller).map_err(unwritable)?;
        Ok(Self { db, month, clock, seller })
    }

    /// Writes the documents of customers who follow each other in the database's own order, as if numbers went on at
    /// `first`.
    pub(super) async fn write(&self, drafted: Vec<Drafted>, first: InvoiceNumber) -> Result<Issuing, DbError> {
        let at = self.clock.now();
        let numbered: Vec<(Drafted, InvoiceNumber)> = drafted.into_iter().zip((first.0..).map(InvoiceNumber)).collect();
        let write = move |(drafted, number): (Drafted, InvoiceNumber)| {
            let written = drafted.written(number, at)?;
            Ok((drafted, written))
        };
        let invoices = aside_each(numbered, write).await.into_iter().collect::<Result<_, DbError>>()?;
        Ok(Issuing { month: self.month, at, invoices })
    }

    /// Issues them. Returns how many, and the number that comes next: who was billed by another run meanwhile is left out,
    /// and costs no number.
    pub(super) async fn issue(
        &self,
        mut issuing: Issuing,
        next: InvoiceNumber,
    ) -> Result<(u64, InvoiceNumber), DbError> {
        let invoices = &mut issuing.invoices;
        let (Some((first, _)), Some((last, _))) = (invoices.first(), invoices.last()) else { return Ok((0, next)) };
        let span = (&first.draft.customer.clone(), &last.draft.customer.clone());
        let _turn = self.db.ledger().turn().await;
        let mut tx = self.db.begin().await?;
        let next = hold_numbers(&mut tx).await?;
        // Looked at again: from here on no other run can issue anything.
        let billed = billed(&mut tx, span, self.month).await?;
        invoices.retain(|(drafted, _)| !billed.contains(drafted.draft.customer.as_str()));
        let count = u64::try_from(invoices.len()).unwrap_or(u64::MAX);
        if count == 0 {
            tx.rollback().await?;
            return Ok((0, next));
        }
        let first = take_numbers(&mut tx, count).await?;
        let numbers = (first.0..).map(InvoiceNumber);
        if invoices.iter().zip(numbers.clone()).any(|((_, written), number)| written.number != number) {
            // Somebody has issued something since they were written, so these are later in time, too.
            issuing.at = self.clock.now();
            for ((drafted, written), number) in invoices.iter_mut().zip(numbers) {
                *written = drafted.written(number, issuing.at)?;
            }
        }
        insert_all(&mut tx, &issuing, &self.seller).await?;
        tx.commit().await?;
        Ok((count, first.plus(count)))
    }
}
