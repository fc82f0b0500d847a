//! Usage as it stood at an earlier commit: without what was accepted since, and with what was voided or amended since.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use engine::ids::CustomerId;
use engine::period::{Instant, Period};
use engine::usage::{Metering, Usage};
use ledger::{Query, Row};

use super::flow::{MeteringError, Terms};
use super::store;
use crate::db::{Db, DbError};

/// Tells which events counted at a commit.
#[derive(Debug)]
pub struct Stood {
    through: i64,
    /// Source and id of events that voided or amended others after it: then they had not come yet.
    later: BTreeSet<(String, String)>,
}

impl Stood {
    /// For the events of a question, as they stood at the commit `through`.
    pub async fn at(db: &Db, query: Query<'_>, through: i64) -> Result<Self, DbError> {
        let mut later = BTreeSet::new();
        let note = |row: &Row<'_>, _: Option<&str>| {
            if row.change.target().is_some() {
                later.insert((row.source.to_owned(), row.id.to_owned()));
            }
            ControlFlow::Continue(())
        };
        db.ledger().scan(Query { after_seq: through, ..query }, note).await?;
        Ok(Self { through, later })
    }

    /// Whether the event counted then.
    pub fn counted(&self, row: &Row<'_>, changed_by: Option<&str>) -> bool {
        let stood = changed_by.is_none_or(|by| self.later.contains(&(row.source.to_owned(), by.to_owned())));
        row.seq <= self.through && row.is_usage() && stood
    }
}

/// Counts a customer's month again as it stood at the commit `through`.
pub async fn recount(db: &Db, (customer, terms): (&CustomerId, &Terms), through: i64) -> Result<Usage, MeteringError> {
    let mut metering = Metering::of(Arc::clone(&terms.meters), terms.span());
    let Period { start, end } = terms.period;
    let start = if metering.wants_history() { Instant::UNIX_EPOCH } else { start };
    let query = store::query(customer, Period { start, end });
    let stood = Stood::at(db, query, through).await?;
    let mut stop = None;
    let count = |row: &Row<'_>, changed_by: Option<&str>| {
        if !stood.counted(row, changed_by) {
            return ControlFlow::Continue(());
        }
        let unreadable = || MeteringError::Db(DbError::Unreadable { what: "event", value: row.id.to_owned() });
        let counted = row.event().ok_or_else(unreadable);
        match counted.and_then(|event| metering.add(&event).map_err(MeteringError::Meter)) {
            Ok(_) => ControlFlow::Continue(()),
            Err(error) => {
                stop = Some(error);
                ControlFlow::Break(())
            }
        }
    };
    db.ledger().scan(query, count).await.map_err(DbError::from)?;
    match stop {
        Some(error) => Err(error),
        None => metering.usage().map_err(MeteringError::Meter),
    }
}
