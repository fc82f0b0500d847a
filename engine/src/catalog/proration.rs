//! What a part of a period costs, as a book says it: a word for what is counted, or a table with how.
//!
//! Only reads and writes; `invoice/proration.rs` computes.

use serde_json::Value as Json;

use super::book::MODES;
use super::draft::Node;
use super::problem::ProblemKind;
use super::reader::{Path, Reader, Table};
use super::time_problem::TimeProblem;
use super::write::{insert, object, text, word};
use crate::invoice::proration::{Basis, ChangeDay, Cut, Proration};
use crate::period::Cycle;
use crate::rounding::RoundingMode;

/// What a book means that says nothing: days, or time for cycles that have hours.
pub(super) fn usual_proration(cycle: &Cycle) -> Proration {
    let basis = if cycle.every.seconds() == 0 { Basis::DaysHalfOpen } else { Basis::ElapsedTime };
    Proration { basis, ..Proration::default() }
}

/// Whether the rule can count the periods of a cycle: of an hour there are no days.
pub(super) fn check_basis(proration: &Proration, cycle: &Cycle) -> Result<(), TimeProblem> {
    match proration.basis {
        Basis::ElapsedTime | Basis::ConsumedQuota | Basis::None => Ok(()),
        Basis::DaysHalfOpen | Basis::DaysInclusive | Basis::FixedMonthDays(_) | Basis::NominalDays(_) => {
            if cycle.every.seconds() == 0 { Ok(()) } else { Err(TimeProblem::DaysOfHours { every: cycle.every }) }
        }
    }
}

/// What is counted, before a number of days is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counts {
    Days,
    DaysInclusive,
    Time,
    FixedMonth,
    Nominal,
    Nothing,
}

pub(super) const COUNTS: [(&str, Counts); 6] = [
    ("days", Counts::Days),
    ("days_inclusive", Counts::DaysInclusive),
    ("time", Counts::Time),
    ("fixed_month", Counts::FixedMonth),
    ("nominal", Counts::Nominal),
    ("none", Counts::Nothing),
];
pub(super) const CHANGE_DAYS: [(&str, ChangeDay); 2] = [("new", ChangeDay::New), ("old", ChangeDay::Old)];

/// Days of a month where the book names none.
const USUAL_DAYS: u32 = 30;

/// `"days"`, or `{ basis = "fixed_month", days = "30", quotient = { places = "9", mode = "half_up" }, change_day = "old" }`.
pub(super) fn read_proration(reader: &mut Reader, node: &Node, path: &Path) -> Option<Proration> {
    if !node.is_table() {
        let counts = reader.option(node, path, &COUNTS)?;
        return Some(Proration { basis: basis(counts, USUAL_DAYS), ..Proration::default() });
    }
    let table = reader.table(node, path, &["basis", "days", "quotient", "change_day"])?;
    let counts = reader.required(&table, "basis", path, |reader, node, path| reader.option(node, path, &COUNTS));
    let days = reader.optional(&table, "days", path, read_days);
    let quotient = reader.optional(&table, "quotient", path, read_cut);
    let change_day =
        reader.optional(&table, "change_day", path, |reader, node, path| reader.option(node, path, &CHANGE_DAYS));
    let counts = counts?;
    refuse(reader, &table, path, counts)?;
    Some(Proration {
        basis: basis(counts, days?.unwrap_or(USUAL_DAYS)),
        quotient: quotient?,
        change_day: change_day?.unwrap_or_default(),
        ..Proration::default()
    })
}

fn basis(counts: Counts, days: u32) -> Basis {
    match counts {
        Counts::Days => Basis::DaysHalfOpen,
        Counts::DaysInclusive => Basis::DaysInclusive,
        Counts::Time => Basis::ElapsedTime,
        Counts::FixedMonth => Basis::FixedMonthDays(days),
        Counts::Nominal => Basis::NominalDays(days),
        Counts::Nothing => Basis::None,
    }
}

/// What has no meaning for a basis is refused, never ignored.
fn refuse(reader: &mut Reader, table: &Table<'_>, path: &Path, counts: Counts) -> Option<()> {
    let keys: &[&'static str] = match counts {
        Counts::Days | Counts::DaysInclusive => &["days"],
        Counts::Time => &["days", "change_day"],
        Counts::FixedMonth | Counts::Nominal => &[],
        Counts::Nothing => &["days", "quotient", "change_day"],
    };
    let basis = COUNTS.iter().find(|(_, other)| *other == counts).map_or("", |(word, _)| *word);
    let mut outcome = Some(());
    for key in keys.iter().copied().filter(|key| table.get(key).is_some()) {
        let kind = ProblemKind::Time(TimeProblem::NotForBasis { key, basis });
        outcome = reader.report_at(table, key, path, kind);
    }
    outcome
}

fn read_days(reader: &mut Reader, node: &Node, path: &Path) -> Option<u32> {
    let days = reader.whole(node, path)?;
    match u32::try_from(days) {
        Ok(days) if days <= 3660 => Some(days),
        Ok(_) | Err(_) => reader.report(node, path, ProblemKind::Time(TimeProblem::Days { value: days.to_string() })),
    }
}

/// `{ places = "9", mode = "half_up", never_to_zero = true }`.
fn read_cut(reader: &mut Reader, node: &Node, path: &Path) -> Option<Cut> {
    let table = reader.table(node, path, &["places", "mode", "never_to_zero"])?;
    let places = reader.required(&table, "places", path, |reader, node, path| {
        let places = reader.places(node, path)?;
        match u32::try_from(places) {
            Ok(places) => Some(places),
            Err(_) => reader.report(node, path, ProblemKind::Negative { value: places.to_string() }),
        }
    });
    let mode = reader.optional(&table, "mode", path, |reader, node, path| reader.option(node, path, &MODES));
    let never_to_zero = reader.optional(&table, "never_to_zero", path, Reader::boolean);
    Some(Cut {
        digits: places?,
        mode: mode?.unwrap_or(RoundingMode::HalfUp),
        never_to_zero: never_to_zero?.unwrap_or(false),
    })
}

/// Writes a proration that is not as usual, so that books from before there was one keep their digest.
pub(super) fn write_proration(proration: &Proration, cycle: &Cycle) -> Option<Json> {
    if *proration == usual_proration(cycle) {
        return None;
    }
    let (counts, days) = match proration.basis {
        Basis::DaysHalfOpen => (Counts::Days, None),
        Basis::DaysInclusive => (Counts::DaysInclusive, None),
        Basis::ElapsedTime => (Counts::Time, None),
        Basis::FixedMonthDays(days) => (Counts::FixedMonth, Some(days)),
        Basis::NominalDays(days) => (Counts::Nominal, Some(days)),
        // A book has no word for a quota's share; it never reads one.
        Basis::ConsumedQuota | Basis::None => (Counts::Nothing, None),
    };
    let mut fields = object([("basis", text(word(&COUNTS, counts)))]);
    insert(&mut fields, "days", days.map(text));
    let quotient = proration.quotient.map(|cut| {
        let mut fields = object([("places", text(cut.digits)), ("mode", text(word(&MODES, cut.mode)))]);
        insert(&mut fields, "never_to_zero", cut.never_to_zero.then_some(Json::Bool(true)));
        Json::Object(fields)
    });
    insert(&mut fields, "quotient", quotient);
    let change_day = proration.change_day;
    insert(
        &mut fields,
        "change_day",
        (change_day != ChangeDay::default()).then(|| text(word(&CHANGE_DAYS, change_day))),
    );
    Some(Json::Object(fields))
}
