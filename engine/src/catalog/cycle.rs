//! How often a plan is billed, as a book says it: a duration, or a table with the anchor and the first period.
//!
//! Only reads and writes; `period/schedule.rs` computes.

use chrono::{DateTime, Utc};
use serde_json::Value as Json;

use super::draft::{Node, Value};
use super::problem::ProblemKind;
use super::reader::{Path, Reader, Table};
use super::time_problem::TimeProblem;
use super::write::{insert, object, text, word};
use crate::period::{Anchor, CalendarDuration, Clock, Cycle, FirstPeriod, calendar_month};

pub(super) const FIRSTS: [(&str, FirstPeriod); 4] = [
    ("next_boundary", FirstPeriod::NextBoundary),
    ("anchor_day_of_month", FirstPeriod::AnchorDayOfMonth),
    ("at_anchor", FirstPeriod::AtAnchor),
    ("whole_period", FirstPeriod::WholePeriod),
];
pub(super) const CLOCKS: [(&str, Clock); 2] = [("midnight", Clock::Midnight), ("anchor", Clock::Anchor)];

/// `"P1M"`, or `{ every = "P1M", anchor = "15", first = "next_boundary", clock = "midnight" }`.
pub(super) fn read_cycle(reader: &mut Reader, node: &Node, path: &Path) -> Option<Cycle> {
    let usual = Cycle::calendar_months();
    if !node.is_table() {
        return Some(Cycle { every: read_duration(reader, node, path)?, ..usual });
    }
    let table = reader.table(node, path, &["every", "anchor", "first", "clock"])?;
    let every = reader.optional(&table, "every", path, read_duration);
    let anchor = reader.optional(&table, "anchor", path, read_anchor);
    let first = reader.optional(&table, "first", path, |reader, node, path| reader.option(node, path, &FIRSTS));
    let clock = reader.optional(&table, "clock", path, |reader, node, path| reader.option(node, path, &CLOCKS));
    let cycle = Cycle {
        every: every?.unwrap_or_else(calendar_month),
        anchor: anchor?.unwrap_or_default(),
        first: first?.unwrap_or_default(),
        clock: clock?.unwrap_or_default(),
    };
    check_months(reader, &table, path, &cycle)?;
    Some(cycle)
}

/// Days of the month mean nothing to cycles of days or hours.
fn check_months(reader: &mut Reader, table: &Table<'_>, path: &Path, cycle: &Cycle) -> Option<()> {
    let every = cycle.every;
    let key = match (cycle.anchor, cycle.first) {
        _ if every.months() != 0 && every.days() == 0 && every.seconds() == 0 => return Some(()),
        (Anchor::Day(_), _) => "anchor",
        (_, FirstPeriod::AnchorDayOfMonth) => "first",
        (_, FirstPeriod::NextBoundary | FirstPeriod::AtAnchor | FirstPeriod::WholePeriod) => return Some(()),
    };
    reader.report_at(table, key, path, ProblemKind::Time(TimeProblem::NeedsMonths { key, every }))
}

pub(super) fn read_duration(reader: &mut Reader, node: &Node, path: &Path) -> Option<CalendarDuration> {
    match CalendarDuration::parse(reader.text(node, path)?) {
        Ok(duration) => Some(duration),
        Err(error) => reader.report(node, path, ProblemKind::Time(TimeProblem::Duration(error))),
    }
}

fn read_anchor(reader: &mut Reader, node: &Node, path: &Path) -> Option<Anchor> {
    let written = match &node.value {
        Value::Integer(day) => day,
        Value::Text(_) | Value::Boolean(_) | Value::Array(_) | Value::Table(_) | Value::Other(_) => {
            reader.text(node, path)?
        }
    };
    let day = written.parse::<u8>().ok().filter(|day| (1..=31).contains(day));
    let instant = || DateTime::parse_from_rfc3339(written).ok().map(|at| Anchor::At(at.with_timezone(&Utc)));
    let found = match written {
        "calendar" => Some(Anchor::Calendar),
        "start" => Some(Anchor::Start),
        _ => day.map(Anchor::Day).or_else(instant),
    };
    if found.is_none() {
        let problem = TimeProblem::Anchor { text: written.to_owned() };
        return reader.report(node, path, ProblemKind::Time(problem));
    }
    found
}

/// Writes a cycle that is not calendar months, so that books from before there were others keep their digest.
pub(super) fn write_cycle(cycle: &Cycle) -> Option<Json> {
    if *cycle == Cycle::calendar_months() {
        return None;
    }
    let mut fields = object([("every", text(cycle.every))]);
    let anchor = match cycle.anchor {
        Anchor::Calendar => None,
        Anchor::Start => Some(text("start")),
        Anchor::Day(day) => Some(text(day)),
        Anchor::At(instant) => Some(text(instant.to_rfc3339())),
    };
    insert(&mut fields, "anchor", anchor);
    let first = (cycle.first != FirstPeriod::default()).then(|| text(word(&FIRSTS, cycle.first)));
    insert(&mut fields, "first", first);
    insert(&mut fields, "clock", (cycle.clock != Clock::default()).then(|| text(word(&CLOCKS, cycle.clock))));
    Some(Json::Object(fields))
}
