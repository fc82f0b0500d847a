//! Reads a customer's events of a period from the ledger.

use std::ops::ControlFlow;

use engine::ids::CustomerId;
use engine::period::Period;
use engine::usage::Event;
use ledger::{Found, Query, Row};

use crate::db::{Db, DbError, to_us};

/// The ledger's question for a customer's period.
pub fn query(customer: &CustomerId, period: Period) -> Query<'_> {
    Query { customer: Some(customer.as_str()), start_us: to_us(period.start), end_us: to_us(period.end), after_seq: 0 }
}

/// Shows every event that counts to `visit`: not those that were voided or amended. Stops where `visit` says so.
pub async fn each(
    db: &Db,
    query: Query<'_>,
    mut visit: impl FnMut(Event) -> ControlFlow<()> + Send,
) -> Result<Found, DbError> {
    let mut unreadable = None;
    let found = db.ledger().scan(query, |row: &Row<'_>, changed_by| {
        if changed_by.is_some() || !row.is_usage() {
            return ControlFlow::Continue(());
        }
        match row.event() {
            Some(event) => visit(event),
            None => {
                unreadable = Some(row.id.to_owned());
                ControlFlow::Break(())
            }
        }
    });
    let found = found.await?;
    match unreadable {
        Some(value) => Err(DbError::Unreadable { what: "event", value }),
        None => Ok(found),
    }
}

/// How many events count in a customer's period.
pub async fn count(db: &Db, query: Query<'_>) -> Result<i64, DbError> {
    let mut count = 0_i64;
    each(db, query, |_| {
        count = count.saturating_add(1);
        ControlFlow::Continue(())
    })
    .await?;
    Ok(count)
}

/// Whether any event counts in a customer's period.
pub async fn any(db: &Db, query: Query<'_>) -> Result<bool, DbError> {
    let mut any = false;
    each(db, query, |_| {
        any = true;
        ControlFlow::Break(())
    })
    .await?;
    Ok(any)
}
