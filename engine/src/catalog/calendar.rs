//! Weekly calendars in a book, for prices by time of use: read and written.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::Value;

use super::book::{read_date, read_zone, report_twins};
use super::draft::{Node, Value as Typed};
use super::problem::{Expected, ProblemKind};
use super::reader::{Entry, Path, Reader};
use super::write::{insert, object, text};
use crate::ids::CalendarId;
use crate::period::Zone;
use crate::usage::{Calendar, SlotRow, WEEKDAYS};

/// The calendars that a meter may name: the valid ones, and the ids of all.
#[derive(Debug, Default)]
pub(super) struct KnownCalendars {
    pub(super) calendars: Vec<Option<Calendar>>,
    pub(super) ids: Vec<String>,
}

/// The calendars, broken ones too, so that a meter that names one of those is not called wrong as well. `zone` is the
/// book's, if that is valid.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn read_calendars(reader: &mut Reader, node: &Node, path: &Path, zone: Option<Zone>) -> KnownCalendars {
    let entries = reader.entries(node, path);
    let calendars = entries.iter().map(|entry| read_calendar(reader, entry, zone)).collect();
    let ids = entries.iter().filter_map(|entry| entry.id).map(str::to_owned).collect();
    report_twins(reader, &entries);
    KnownCalendars { calendars, ids }
}

fn read_calendar(reader: &mut Reader, entry: &Entry<'_>, book_zone: Option<Zone>) -> Option<Calendar> {
    let path = &entry.path;
    let table = reader.table(entry.node, path, &["id", "zone", "slots", "default", "dates"])?;
    let id = reader.id(entry, CalendarId::new);
    let zone = reader.optional(&table, "zone", path, read_zone);
    let default = reader.required(&table, "default", path, |r, node, path| r.text(node, path).map(str::to_owned));
    let dates = reader.optional(&table, "dates", path, read_dates);
    let mut kinds: Vec<&str> = WEEKDAYS.to_vec();
    if let Some(Some(dates)) = &dates {
        kinds.extend(dates.values().map(String::as_str).filter(|kind| !WEEKDAYS.contains(kind)));
        kinds.dedup();
    }
    let rows = reader.required(&table, "slots", path, |reader, node, path| {
        let nodes = reader.array(node, path)?;
        let rows: Vec<Option<SlotRow>> =
            nodes.iter().enumerate().map(|(index, node)| read_row(reader, node, &path.index(index), &kinds)).collect();
        rows.into_iter().collect::<Option<Vec<SlotRow>>>()
    });
    Some(Calendar {
        id: id?,
        zone: zone?.or(book_zone)?,
        rows: rows?,
        default: default?,
        dates: dates?.unwrap_or_default(),
    })
}

/// `{ holiday = ["2026-10-01"], mon = ["2026-10-10"] }`.
fn read_dates(reader: &mut Reader, node: &Node, path: &Path) -> Option<BTreeMap<NaiveDate, String>> {
    let Typed::Table(fields) = &node.value else {
        return reader.report(node, path, ProblemKind::WrongType { found: node.kind(), expected: Expected::Table });
    };
    let mut dates = BTreeMap::new();
    let mut good = Some(());
    for field in fields {
        let path = path.key(&field.key);
        for (index, node) in reader.array(&field.node, &path)?.iter().enumerate() {
            let path = path.index(index);
            match read_date(reader, node, &path) {
                None => good = None,
                Some(date) => {
                    if dates.insert(date, field.key.clone()).is_some() {
                        good = reader.report(node, &path, ProblemKind::DuplicateId { id: date.to_string() });
                    }
                }
            }
        }
    }
    good.map(|()| dates)
}

/// `{ slot = "peak", days = ["mon"], from = "08:00", to = "22:00" }`.
fn read_row(reader: &mut Reader, node: &Node, path: &Path, kinds: &[&str]) -> Option<SlotRow> {
    let table = reader.table(node, path, &["slot", "days", "from", "to"])?;
    let slot = reader.required(&table, "slot", path, |r, node, path| r.text(node, path).map(str::to_owned));
    let days = reader.optional(&table, "days", path, |reader, node, path| {
        let nodes = reader.array(node, path)?;
        if nodes.is_empty() {
            return reader.report(node, path, ProblemKind::Empty);
        }
        let words: Vec<(&str, &str)> = kinds.iter().map(|kind| (*kind, *kind)).collect();
        let days: Vec<Option<&str>> =
            nodes.iter().enumerate().map(|(index, node)| reader.option(node, &path.index(index), &words)).collect();
        days.into_iter().map(|day| day.map(str::to_owned)).collect::<Option<Vec<String>>>()
    });
    let from = reader.optional(&table, "from", path, read_time);
    let until = reader.optional(&table, "to", path, read_time);
    let (from, until) = (from?.unwrap_or(0), until?.unwrap_or(DAY_MINUTES));
    if from >= until {
        let kind = ProblemKind::TimeOrder { from: clock(from), to: clock(until) };
        return reader.report(node, path, kind);
    }
    Some(SlotRow { slot: slot?, days: days?.unwrap_or_default(), from, until })
}

const DAY_MINUTES: u32 = 1440;

/// `HH:MM` from 00:00 to 24:00, in minutes.
fn read_time(reader: &mut Reader, node: &Node, path: &Path) -> Option<u32> {
    let written = reader.text(node, path)?;
    let minutes = written.split_once(':').and_then(|(hours, minutes)| {
        let part = |part: &str| {
            let plain = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            if plain { part.parse::<u32>().ok() } else { None }
        };
        let (hours, minutes) = (part(hours)?, part(minutes).filter(|minutes| *minutes < 60)?);
        hours.checked_mul(60)?.checked_add(minutes).filter(|time| *time <= DAY_MINUTES)
    });
    match minutes {
        Some(minutes) => Some(minutes),
        None => reader.report(node, path, ProblemKind::BadTime { text: written.to_owned() }),
    }
}

fn clock(minutes: u32) -> String {
    let (hours, rest) = (minutes.checked_div(60).unwrap_or(0), minutes.checked_rem(60).unwrap_or(0));
    format!("{hours:02}:{rest:02}")
}

pub(super) fn write_calendar(calendar: &Calendar) -> Value {
    let mut fields = object([
        ("id", text(&calendar.id)),
        ("zone", text(calendar.zone.name())),
        ("slots", calendar.rows.iter().map(write_row).collect()),
        ("default", text(&calendar.default)),
    ]);
    let mut kinds: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for (date, kind) in &calendar.dates {
        kinds.entry(kind).or_default().push(text(date));
    }
    let kinds = kinds.into_iter().map(|(kind, dates)| (kind.to_owned(), Value::Array(dates)));
    insert(&mut fields, "dates", (!calendar.dates.is_empty()).then(|| Value::Object(kinds.collect())));
    Value::Object(fields)
}

fn write_row(row: &SlotRow) -> Value {
    let mut fields =
        object([("slot", text(&row.slot)), ("from", text(clock(row.from))), ("to", text(clock(row.until)))]);
    insert(&mut fields, "days", (!row.days.is_empty()).then(|| row.days.iter().map(text).collect()));
    Value::Object(fields)
}
