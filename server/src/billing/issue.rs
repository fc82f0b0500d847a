//! Issues the invoices of a page in one transaction: all of them with the next numbers, or none.
//!
//! Counts and prices nothing: while a page is being issued nobody else issues anything, so it must not take long.

use engine::period::Month;

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

    /// Issues invoices of customers who follow each other in the database's own order. Returns how many: who was billed
    /// by another run meanwhile is left out, and costs no number.
    pub(super) async fn issue(&self, mut drafted: Vec<Drafted>) -> Result<u64, DbError> {
        let (Some(first), Some(last)) = (drafted.first(), drafted.last()) else { return Ok(0) };
        let span = (&first.draft.customer.clone(), &last.draft.customer.clone());
        let _turn = self.db.ledger().turn().await;
        let mut tx = self.db.begin().await?;
        hold_numbers(&mut tx).await?;
        // Looked at again: from here on no other run can issue anything.
        let billed = billed(&mut tx, span, self.month).await?;
        drafted.retain(|drafted| !billed.contains(drafted.draft.customer.as_str()));
        let count = u64::try_from(drafted.len()).unwrap_or(u64::MAX);
        if count == 0 {
            tx.rollback().await?;
            return Ok(0);
        }
        let first = take_numbers(&mut tx, count).await?;
        let issuing = Issuing { first, at: self.clock.now(), seller: &self.seller };
        insert_all(&mut tx, (self.month, &drafted), issuing).await?;
        tx.commit().await?;
        Ok(count)
    }
}
