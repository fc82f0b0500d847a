//! An event as it stands in an archive: all that the ledger knows of it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use engine::ids::CustomerId;
use engine::usage::Event;
use ledger::{Change, DayTotals, Incoming, Row};

use crate::db::from_us;

/// An event of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedEvent {
    /// When it happened, in microseconds since 1970.
    pub time_us: i64,
    /// When it was accepted.
    pub received_us: i64,
    /// The commit that accepted it.
    pub seq: i64,
    /// Who reported it.
    pub source: String,
    /// Unique within the source.
    pub id: String,
    /// Who is billed for it.
    pub customer: String,
    /// What kind of event it is.
    pub kind: String,
    /// Its fields as JSON.
    pub data: String,
    /// What it does to an earlier event.
    pub change: Change,
    /// The id of the event that voided or amended it.
    pub changed_by: Option<String>,
}

/// Columns that a broken event lacks.
pub(super) type Broken = &'static str;

impl ArchivedEvent {
    /// The event of a stored row.
    pub fn of(row: &Row<'_>, changed_by: Option<&str>) -> Self {
        Self {
            time_us: row.time_us,
            received_us: row.received_us,
            seq: row.seq,
            source: row.source.to_owned(),
            id: row.id.to_owned(),
            customer: row.customer.to_owned(),
            kind: row.kind.to_owned(),
            data: row.data.to_string(),
            change: row.change.clone(),
            changed_by: changed_by.map(str::to_owned),
        }
    }

    /// Counts it as the ledger counts what it has stored.
    pub fn count(&self, totals: &mut DayTotals) {
        totals.add(&Row {
            time_us: self.time_us,
            received_us: self.received_us,
            seq: self.seq,
            customer: &self.customer,
            source: &self.source,
            id: &self.id,
            kind: &self.kind,
            data: Cow::Borrowed(&self.data),
            change: self.change.clone(),
        });
    }

    /// The event as it once came in.
    pub fn incoming(self) -> Result<Incoming, Broken> {
        let data: BTreeMap<String, serde_json::Value> = serde_json::from_str(&self.data).map_err(|_| "data")?;
        let event = Event {
            source: self.source,
            id: self.id,
            customer: CustomerId::new(&self.customer).map_err(|_| "customer")?,
            kind: self.kind,
            time: from_us(self.time_us).map_err(|_| "time")?,
            data,
        };
        Ok(Incoming { event, change: self.change })
    }

    /// What it does to an earlier event, as a word.
    pub(super) fn change_word(&self) -> Option<&'static str> {
        match self.change {
            Change::None => None,
            Change::Voids(_) => Some("voids"),
            Change::Amends(_) => Some("amends"),
        }
    }
}

/// The change of a word and a target.
pub(super) fn read_change(word: Option<&str>, target: Option<String>) -> Result<Change, Broken> {
    match (word, target) {
        (None, None) => Ok(Change::None),
        (Some("voids"), Some(id)) => Ok(Change::Voids(id)),
        (Some("amends"), Some(id)) => Ok(Change::Amends(id)),
        (None, Some(_)) | (Some(_), _) => Err("change"),
    }
}
