//! Writes events as CSV or as one JSON object a line, some at a time.
//!
//! A cell never begins like a formula: a spreadsheet must not run what somebody put into an event (OWASP, CSV injection).

use std::borrow::Cow;

use engine::period::Instant;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::flow::{Fate, FoundEvent};
use crate::db::DbError;

/// An event as it is shown.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventRow {
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    time: Instant,
    /// Who reported it.
    source: String,
    /// Unique within the source.
    id: String,
    /// What kind of event it is.
    #[serde(rename = "type")]
    kind: String,
    /// Whether meters count it now.
    counts: bool,
    /// The id of the event that it voids.
    #[serde(skip_serializing_if = "Option::is_none")]
    voids: Option<String>,
    /// The id of the event that it amends.
    #[serde(skip_serializing_if = "Option::is_none")]
    amends: Option<String>,
    /// The id of the event that voided it.
    #[serde(skip_serializing_if = "Option::is_none")]
    voided_by: Option<String>,
    /// The id of the event that counts in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    amended_by: Option<String>,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    received_at: Instant,
    /// Its fields.
    data: Map<String, Value>,
}

impl From<FoundEvent> for EventRow {
    fn from(found: FoundEvent) -> Self {
        let counts = found.counts();
        let (voids, amends) = match found.change {
            ledger::Change::None => (None, None),
            ledger::Change::Voids(id) => (Some(id), None),
            ledger::Change::Amends(id) => (None, Some(id)),
        };
        let (voided_by, amended_by) = match found.fate {
            Fate::Stands => (None, None),
            Fate::VoidedBy(id) => (Some(id), None),
            Fate::AmendedBy(id) => (None, Some(id)),
        };
        let event = found.event;
        Self {
            time: event.time,
            source: event.source,
            id: event.id,
            kind: event.kind,
            counts,
            voids,
            amends,
            voided_by,
            amended_by,
            received_at: found.received_at,
            data: event.data.into_iter().collect(),
        }
    }
}

impl EventRow {
    /// When it happened, in full.
    pub fn time_text(&self) -> String {
        rfc3339(self.time)
    }

    /// What somebody looking at a table wants to know first: source, id, type, what became of it, its fields.
    pub fn summary(&self) -> [String; 5] {
        let said = |word: &str, id: &Option<String>| id.as_ref().map(|id| format!("{word} {id}"));
        let change = said("voids", &self.voids)
            .or_else(|| said("voided by", &self.voided_by))
            .or_else(|| said("amended by", &self.amended_by))
            .or_else(|| said("amends", &self.amends));
        let data = Value::Object(self.data.clone()).to_string();
        [self.source.clone(), self.id.clone(), self.kind.clone(), change.unwrap_or_default(), data]
    }

    fn cells(&self, columns: &[String]) -> Vec<String> {
        let text = |id: &Option<String>| id.clone().unwrap_or_default();
        let mut cells = vec![self.time_text(), self.source.clone(), self.id.clone(), self.kind.clone()];
        cells.push(self.counts.to_string());
        cells.extend([&self.voids, &self.amends, &self.voided_by, &self.amended_by].map(text));
        cells.push(rfc3339(self.received_at));
        cells.extend(columns.iter().map(|name| match self.data.get(name) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_))) => other.to_string(),
        }));
        cells.push(Value::Object(self.data.clone()).to_string());
        cells
    }
}

fn rfc3339(instant: Instant) -> String {
    instant.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

/// The columns before those of the fields; after these comes `data`, all fields as JSON.
const HEAD: [&str; 10] =
    ["time", "source", "id", "type", "counts", "voids", "amends", "voided_by", "amended_by", "received_at"];

/// Writes CSV (RFC 4180): a heading with the fields of the first events unless columns were named, then a row an event.
#[derive(Debug)]
pub struct Csv {
    columns: Option<Vec<String>>,
    begun: bool,
}

impl Csv {
    /// A sheet with these fields as columns, or with those of its first events.
    pub fn new(columns: Option<Vec<String>>) -> Self {
        Self { columns, begun: false }
    }

    /// The next rows.
    pub fn rows(&mut self, rows: &[EventRow]) -> Result<Vec<u8>, DbError> {
        let columns = self.columns.get_or_insert_with(|| {
            let names: std::collections::BTreeSet<&String> = rows.iter().flat_map(|row| row.data.keys()).collect();
            names.into_iter().cloned().collect()
        });
        let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        let unwritable = |error: csv::Error| DbError::Unreadable { what: "event", value: error.to_string() };
        if !self.begun {
            self.begun = true;
            let names = HEAD.into_iter().map(str::to_owned).chain(columns.iter().cloned());
            let names: Vec<String> = names.chain(["data".to_owned()]).collect();
            out.write_record(names.iter().map(|name| harmless(name).into_owned())).map_err(unwritable)?;
        }
        for row in rows {
            let cells = row.cells(columns);
            out.write_record(cells.iter().map(|cell| harmless(cell).into_owned())).map_err(unwritable)?;
        }
        out.into_inner().map_err(|error| DbError::Unreadable { what: "event", value: error.to_string() })
    }
}

/// A cell that no spreadsheet takes for a formula. Numbers stay numbers.
fn harmless(cell: &str) -> Cow<'_, str> {
    let begins = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if begins && !is_number(cell) { Cow::Owned(["'", cell].concat()) } else { Cow::Borrowed(cell) }
}

/// Digits with at most one point between them, maybe below zero.
fn is_number(cell: &str) -> bool {
    let digits = cell.strip_prefix('-').unwrap_or(cell);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, fraction].iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// One JSON object a line.
pub fn lines(rows: &[EventRow]) -> Result<Vec<u8>, DbError> {
    let mut out = Vec::new();
    for row in rows {
        let unwritable = |error: serde_json::Error| DbError::Unreadable { what: "event", value: error.to_string() };
        serde_json::to_writer(&mut out, row).map_err(unwritable)?;
        out.push(b'\n');
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn cells_that_begin_like_formulas_are_made_harmless_and_numbers_stay() {
        for (cell, written) in [
            ("=1+1", "'=1+1"),
            ("+49 30", "'+49 30"),
            ("-cmd", "'-cmd"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("-", "'-"),
            ("-1.", "'-1."),
            ("-1.2.3", "'-1.2.3"),
            ("-12.5", "-12.5"),
            ("-7", "-7"),
            ("maps", "maps"),
            ("", ""),
            ("a=b", "a=b"),
        ] {
            assert_eq!(harmless(cell), written);
        }
    }
}
