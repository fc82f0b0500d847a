//! Makes an event of a record by a mapping's rule, or says by name why it is none.
//!
//! Never rounds, cuts or replaces anything that the mapping did not say.

use std::borrow::Cow;
use std::collections::BTreeMap;

use engine::ids::CustomerId;
use engine::period::Instant;
use engine::quantity::Quantity;
use engine::usage::Event;
use rust_decimal::Decimal;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::rule::{As, Condition, EventRule, Pick, Source};
use crate::cloud_event::ATTRIBUTE_LENGTH_MAX;
use crate::line_problem::LineProblem;
use crate::number::{self, NumberProblem};
use crate::record::{Cell, FieldPath, Record};
use crate::time::{self, TimeFormat, TimeProblem};

/// The longest text of the data; a longer one is refused unless the mapping cuts it.
const VALUE_LENGTH_MAX: usize = 4096;

/// The event of a record, or `None` if the mapping passes over such records.
///
/// `line_id` makes the id where no field does; it is given the event's time.
pub fn event(
    rule: &EventRule,
    source: &str,
    record: &Record<'_>,
    line_id: impl FnOnce(Instant) -> String,
) -> Result<Option<Event>, LineProblem> {
    if !counts(rule, record) {
        return Ok(None);
    }
    let kind = kind_of(rule, record)?;
    let customer = customer_of(rule, record)?;
    let time = time_of(rule, record)?;
    let mut data = BTreeMap::new();
    for (name, pick) in &rule.data {
        if let Some(value) = value_of(rule, pick, record)? {
            data.insert(name.clone(), value);
        }
    }
    let id = if rule.id.is_empty() { line_id(time) } else { field_id(rule, record)? };
    Ok(Some(Event { source: source.to_owned(), id, customer, kind, time, data }))
}

fn counts(rule: &EventRule, record: &Record<'_>) -> bool {
    let has = |condition: &Condition| holds(rule, condition, record);
    rule.only.iter().all(has) && !rule.except.iter().any(has)
}

/// Whether the record's field has one of the condition's values.
pub(crate) fn holds(rule: &EventRule, condition: &Condition, record: &Record<'_>) -> bool {
    let text = present(rule, record, &condition.field).and_then(Cell::text).unwrap_or_default();
    condition.values.iter().any(|value| *value == text)
}

/// The type of the record's event.
pub(crate) fn kind_of(rule: &EventRule, record: &Record<'_>) -> Result<String, LineProblem> {
    checked_name(picked_text(rule, &rule.kind, record)?.ok_or_else(|| missing(&rule.kind))?, "type")
}

/// The customer of the record's event.
pub(crate) fn customer_of(rule: &EventRule, record: &Record<'_>) -> Result<CustomerId, LineProblem> {
    let customer = picked_text(rule, &rule.customer, record)?.ok_or_else(|| missing(&rule.customer))?;
    CustomerId::new(&customer).map_err(LineProblem::Customer)
}

/// The value of a field, unless it is one of the texts that mean nothing.
fn present<'r>(rule: &EventRule, record: &Record<'r>, field: &FieldPath) -> Option<Cell<'r>> {
    match record.cell(field) {
        Cell::Nothing => None,
        Cell::Text(text) if rule.absent.iter().any(|absent| *absent == text) => None,
        cell @ (Cell::Text(_)
        | Cell::Number(_)
        | Cell::Inexact(_)
        | Cell::Boolean(_)
        | Cell::Instant(_)
        | Cell::Local(_)
        | Cell::Many
        | Cell::NotUtf8) => Some(cell),
    }
}

fn missing(pick: &Pick) -> LineProblem {
    LineProblem::Missing { field: field_name(pick) }
}

fn field_name(pick: &Pick) -> String {
    match &pick.source {
        Source::Field(path) => path.as_str().to_owned(),
        Source::Constant(value) => value.clone(),
    }
}

/// A value of the data; `None` where it may be missing and is.
pub(crate) fn value_of(rule: &EventRule, pick: &Pick, record: &Record<'_>) -> Result<Option<Value>, LineProblem> {
    let cell = match &pick.source {
        Source::Constant(value) => Some(Cell::Text(Cow::Borrowed(value))),
        Source::Field(path) => present(rule, record, path),
    };
    let cell = match (cell, &pick.pattern) {
        (Some(cell), Some(pattern)) => {
            let text = single(pick, cell)?;
            match first_group(pattern, &text) {
                Some(found) => Some(Cell::Text(Cow::Owned(found))),
                None if pick.default.is_some() || pick.optional => None,
                None => return Err(LineProblem::Pattern { field: field_name(pick), found: short(&text) }),
            }
        }
        (cell, None) => cell,
        (None, Some(_)) => None,
    };
    match (cell, &pick.default) {
        (Some(cell), _) => kept(pick, cell).map(Some),
        (None, Some(default)) => kept(pick, Cell::Text(Cow::Borrowed(default))).map(Some),
        (None, None) if pick.optional => Ok(None),
        (None, None) => Err(missing(pick)),
    }
}

fn single(pick: &Pick, cell: Cell<'_>) -> Result<String, LineProblem> {
    let text = cell.text().ok_or_else(|| LineProblem::Many { field: field_name(pick) })?;
    Ok(text.into_owned())
}

/// What the first group matched that took part, or the whole match of a pattern without groups; never nothing.
fn first_group(pattern: &regex::Regex, text: &str) -> Option<String> {
    let captures = pattern.captures(text)?;
    let group = if captures.len() > 1 { captures.iter().skip(1).flatten().next() } else { captures.get(0) };
    group.map(|found| found.as_str().to_owned()).filter(|found| !found.is_empty())
}

/// The value in the form that the mapping says.
fn kept(pick: &Pick, cell: Cell<'_>) -> Result<Value, LineProblem> {
    match (pick.kept, cell) {
        (_, Cell::NotUtf8) => Err(LineProblem::NotText(0)),
        (_, Cell::Nothing | Cell::Many) => Err(LineProblem::Many { field: field_name(pick) }),
        (_, Cell::Inexact(found)) if !pick.shortest_float => {
            Err(LineProblem::Float { field: field_name(pick), found: found.into_owned() })
        }
        (As::Written, Cell::Boolean(boolean)) => Ok(Value::Bool(boolean)),
        (As::Written, Cell::Number(digits)) => match whole(&digits) {
            Some(number) => Ok(number),
            None => decimal(pick, &digits).map(|decimal| Value::String(decimal.to_string())),
        },
        (As::Written | As::Decimal, Cell::Inexact(digits)) => {
            decimal(pick, &digits).map(|decimal| Value::String(decimal.to_string()))
        }
        (
            As::Written | As::Text,
            cell @ (Cell::Text(_)
            | Cell::Number(_)
            | Cell::Inexact(_)
            | Cell::Boolean(_)
            | Cell::Instant(_)
            | Cell::Local(_)),
        ) => bounded(pick, single(pick, cell)?).map(Value::String),
        (
            As::Decimal,
            cell @ (Cell::Text(_) | Cell::Number(_) | Cell::Boolean(_) | Cell::Instant(_) | Cell::Local(_)),
        ) => decimal(pick, &single(pick, cell)?).map(|decimal| Value::String(decimal.to_string())),
        (
            As::Integer,
            cell @ (Cell::Text(_)
            | Cell::Number(_)
            | Cell::Inexact(_)
            | Cell::Boolean(_)
            | Cell::Instant(_)
            | Cell::Local(_)),
        ) => {
            let decimal = decimal(pick, &single(pick, cell)?)?.to_string();
            whole(&decimal).ok_or(LineProblem::NotInteger { field: field_name(pick), found: decimal })
        }
    }
}

/// A whole number of JSON, if the digits are one that every reader of JSON keeps.
fn whole(digits: &str) -> Option<Value> {
    let signed = digits.parse::<i64>().map(Value::from);
    signed.or_else(|_| digits.parse::<u64>().map(Value::from)).ok()
}

fn decimal(pick: &Pick, text: &str) -> Result<Decimal, LineProblem> {
    let field = || field_name(pick);
    let many_digits = || LineProblem::TooManyDigits { field: field(), found: short(text) };
    let decimal = number::read(text).map_err(|problem| match problem {
        NumberProblem::NotDecimal => LineProblem::NotDecimal { field: field(), found: short(text) },
        NumberProblem::TooManyDigits => many_digits(),
    })?;
    let Some(scale) = pick.scale else { return Ok(decimal) };
    let scaled = Quantity::new(decimal).checked_times(scale).map_err(|_| many_digits())?;
    Ok(scaled.decimal())
}

fn bounded(pick: &Pick, text: String) -> Result<String, LineProblem> {
    if text.contains('\0') {
        return Err(LineProblem::ControlCharacter { what: format!("the field {}", field_name(pick)) });
    }
    let limit = pick.cut.unwrap_or(VALUE_LENGTH_MAX);
    if text.len() <= limit {
        return Ok(text);
    }
    let length = text.chars().count();
    match pick.cut {
        _ if length <= limit => Ok(text),
        Some(limit) => Ok(text.chars().take(limit).collect()),
        None => Err(LineProblem::LongText { what: format!("the field {}", field_name(pick)), length, limit }),
    }
}

fn picked_text(rule: &EventRule, pick: &Pick, record: &Record<'_>) -> Result<Option<String>, LineProblem> {
    Ok(value_of(rule, pick, record)?.map(|value| match value {
        Value::String(text) => text,
        other @ (Value::Number(_) | Value::Bool(_) | Value::Null | Value::Array(_) | Value::Object(_)) => {
            other.to_string()
        }
    }))
}

/// An attribute of CloudEvents that names something.
fn checked_name(text: String, what: &str) -> Result<String, LineProblem> {
    let what = || what.to_owned();
    let length = text.chars().count();
    if length == 0 {
        Err(LineProblem::Empty { what: what() })
    } else if length > ATTRIBUTE_LENGTH_MAX {
        Err(LineProblem::LongText { what: what(), length, limit: ATTRIBUTE_LENGTH_MAX })
    } else if text.chars().any(char::is_control) {
        Err(LineProblem::ControlCharacter { what: what() })
    } else {
        Ok(text)
    }
}

/// Whether a text can be an id as it is; the same rule.
pub(crate) fn is_name(text: &str) -> bool {
    // All bytes, and not until the first that is not: many are compared at once then.
    let is_visible = text.bytes().fold(true, |all, byte| all & (b' '..=b'~').contains(&byte));
    let is_plain = is_visible && text.len() <= ATTRIBUTE_LENGTH_MAX;
    if is_plain { !text.is_empty() } else { checked_name(text.to_owned(), "id").is_ok() }
}

/// One field is the id itself; several make a digest, so that `a` and `bc` are not `ab` and `c`.
pub(crate) fn field_id(rule: &EventRule, record: &Record<'_>) -> Result<String, LineProblem> {
    let text = |field: &FieldPath| {
        let name = || field.as_str().to_owned();
        let cell = present(rule, record, field).ok_or_else(|| LineProblem::Missing { field: name() })?;
        cell.text().ok_or_else(|| LineProblem::Many { field: name() })
    };
    if let [only] = rule.id.as_slice() {
        return checked_name(text(only)?.into_owned(), only.as_str());
    }
    let mut digest = Sha256::new();
    for field in &rule.id {
        let text = text(field)?;
        digest.update(text.len().to_string().as_bytes());
        digest.update(b":");
        digest.update(text.as_bytes());
    }
    Ok(digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect())
}

/// When the record's event happened.
pub(crate) fn time_of(rule: &EventRule, record: &Record<'_>) -> Result<Instant, LineProblem> {
    let pick = &rule.time;
    let field = || pick.field.as_str().to_owned();
    let in_time = |problem| LineProblem::Time { field: field(), problem };
    match present(rule, record, &pick.field) {
        None | Some(Cell::Nothing) => Err(LineProblem::Missing { field: field() }),
        Some(Cell::Many) => Err(LineProblem::Many { field: field() }),
        Some(Cell::NotUtf8) => Err(LineProblem::NotText(0)),
        Some(Cell::Instant(instant)) => time::checked(instant).map_err(in_time),
        Some(cell @ Cell::Local(local)) => {
            let text = cell.text().unwrap_or_default();
            match &pick.format {
                TimeFormat::Rfc3339(Some(zone)) | TimeFormat::Pattern { zone: Some(zone), .. } => {
                    time::in_zone(local, *zone, &text).map_err(in_time)
                }
                TimeFormat::Rfc3339(None) | TimeFormat::Unix(_) | TimeFormat::Pattern { zone: None, .. } => {
                    Err(in_time(TimeProblem::NoZone { found: text.into_owned() }))
                }
            }
        }
        Some(cell @ (Cell::Text(_) | Cell::Number(_) | Cell::Inexact(_) | Cell::Boolean(_))) => {
            time::read(&cell.text().unwrap_or_default(), &pick.format).map_err(in_time)
        }
    }
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}
