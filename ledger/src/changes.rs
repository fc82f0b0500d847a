//! Events that void or amend an earlier one. History stays: the earlier event is kept and no longer counts.
//!
//! Both name the earlier event by its id and repeat its source, customer and time, so that it is found at once.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AnyConnection, Row as _};

use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::scan::Place;

/// What an event does to an earlier one of the same source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Change {
    /// Nothing: it is usage.
    #[default]
    None,
    /// The event of this id no longer counts, and neither does this one.
    Voids(String),
    /// The event of this id no longer counts; this one counts in its place.
    Amends(String),
}

impl Change {
    pub(crate) fn byte(&self) -> u8 {
        match self {
            Self::None => 0,
            Self::Voids(_) => 1,
            Self::Amends(_) => 2,
        }
    }

    pub(crate) fn read<'a>(tag: u8, target: impl FnOnce() -> Option<&'a str>) -> Option<Self> {
        match tag {
            0 => Some(Self::None),
            1 => target().map(|id| Self::Voids(id.to_owned())),
            2 => target().map(|id| Self::Amends(id.to_owned())),
            _ => None,
        }
    }

    /// The id of the earlier event.
    pub fn target(&self) -> Option<&str> {
        match self {
            Self::None => None,
            Self::Voids(id) | Self::Amends(id) => Some(id),
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Voids(_) => "voids",
            Self::Amends(_) => "amends",
        }
    }
}

/// Which stored events of a customer no longer count, and the id of the event that changed each.
#[derive(Debug, Clone, Default)]
pub struct Changed(BTreeMap<Target, String>);

/// Customer, time, source and id of a changed event.
type Target = (String, i64, String, String);

impl Changed {
    /// The id of the event that changed this one, if one did.
    pub fn by(&self, row: &crate::row::Row<'_>) -> Option<&str> {
        if self.0.is_empty() {
            return None;
        }
        let key = (row.customer.to_owned(), row.time_us, row.source.to_owned(), row.id.to_owned());
        self.0.get(&key).map(String::as_str)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The changes to events of a customer from `start_us` to before `end_us`.
pub(crate) async fn load(
    connection: &mut AnyConnection,
    customer: &str,
    (start_us, end_us): (i64, i64),
) -> Result<Changed, LedgerError> {
    let select = "SELECT customer, time_us, source, id, by_id FROM event_changes \
                  WHERE customer = $1 AND time_us >= $2 AND time_us < $3";
    let rows = sqlx::query(select).bind(customer).bind(start_us).bind(end_us).fetch_all(connection).await?;
    read(&rows)
}

/// The changes to events of every customer from `start_us` to before `end_us`.
pub(crate) async fn load_all(
    connection: &mut AnyConnection,
    (start_us, end_us): (i64, i64),
) -> Result<Changed, LedgerError> {
    let select = "SELECT customer, time_us, source, id, by_id FROM event_changes WHERE time_us >= $1 AND time_us < $2";
    read(&sqlx::query(select).bind(start_us).bind(end_us).fetch_all(connection).await?)
}

/// Takes the changes away to events from `start_us` to before `end_us`: the events go too.
pub(crate) async fn remove(connection: &mut AnyConnection, (start_us, end_us): (i64, i64)) -> Result<(), LedgerError> {
    let delete = "DELETE FROM event_changes WHERE time_us >= $1 AND time_us < $2";
    sqlx::query(delete).bind(start_us).bind(end_us).execute(connection).await?;
    Ok(())
}

fn read(rows: &[sqlx::any::AnyRow]) -> Result<Changed, LedgerError> {
    let mut changed = BTreeMap::new();
    for row in rows {
        changed.insert((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?), row.try_get(4)?);
    }
    Ok(Changed(changed))
}

/// Notes that `row` changes an earlier event. `false` if that one was changed before.
pub(crate) async fn note(connection: &mut AnyConnection, row: &crate::row::Row<'_>) -> Result<bool, LedgerError> {
    let Some(target) = row.change.target() else { return Ok(true) };
    let insert = "INSERT INTO event_changes (customer, time_us, source, id, kind, by_id, received_us) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    let done = sqlx::query(insert)
        .bind(row.customer)
        .bind(row.time_us)
        .bind(row.source)
        .bind(target)
        .bind(row.change.word())
        .bind(row.id)
        .bind(row.received_us)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

impl Ledger {
    /// Of the events of a customer from `start_us` to before `end_us`, those that a later one has amended; those that were
    /// changed and are not among them were voided.
    pub async fn amended(
        &self,
        customer: &str,
        (start_us, end_us): (i64, i64),
    ) -> Result<BTreeSet<Place>, LedgerError> {
        let select = "SELECT time_us, source, id FROM event_changes \
                      WHERE customer = $1 AND time_us >= $2 AND time_us < $3 AND kind = 'amends'";
        let query = sqlx::query(select).bind(customer).bind(start_us).bind(end_us);
        let rows = query.fetch_all(&self.shared.pool).await?;
        let read = |row: &sqlx::any::AnyRow| {
            Ok(Place { time_us: row.try_get(0)?, source: row.try_get(1)?, id: row.try_get(2)? })
        };
        rows.iter().map(read).collect()
    }
}
