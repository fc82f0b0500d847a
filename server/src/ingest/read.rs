//! Reads one CloudEvent 1.0 in structured form and says by name what is wrong with it.
//!
//! Knows nothing of books and databases; what it lets through has every attribute that billing needs.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta};
use engine::ids::CustomerId;
use engine::period::Instant;
use engine::usage::Event;
use ledger::Change;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::strict::{REPEATED_KEY, Strict};

/// Why an event is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventProblem {
    /// Broken inside, though the request as a whole could be read.
    #[error("the event cannot be read: {0}")]
    NotReadable(String),
    /// A key stands twice.
    #[error("{0}; write each key once")]
    RepeatedKey(String),
    /// Not an object.
    #[error("an event is a JSON object")]
    NotAnObject,
    /// An attribute that must be there is not.
    #[error("{0} is missing; required are specversion \"1.0\", id, source, type, subject, time and data")]
    Missing(&'static str),
    /// An attribute that is no text.
    #[error("{0} must be a text")]
    NotText(&'static str),
    /// An empty attribute.
    #[error("{0} is empty; write 1 to 255 characters")]
    Empty(&'static str),
    /// Too long an attribute.
    #[error("{attribute} has {length} characters; allowed are 1 to 255")]
    TooLong {
        /// Which one.
        attribute: &'static str,
        /// How long it is.
        length: usize,
    },
    /// A control character in an attribute that names something.
    #[error("{0} has a control character; write letters, digits and signs only")]
    ControlCharacter(&'static str),
    /// A NUL in the data, which databases do not keep.
    #[error("data has a NUL character (\\u0000) in a text or a key; leave it out")]
    DataNul,
    /// Another version of CloudEvents.
    #[error("specversion is {0}; this server reads \"1.0\"")]
    SpecVersion(String),
    /// A subject that is no customer id.
    #[error("subject: {0}")]
    Subject(engine::ids::BadId),
    /// Not a time with an offset.
    #[error("time is \"{0}\"; write RFC 3339 with an offset, for instance 2026-12-01T08:30:00+08:00")]
    Time(String),
    /// Later than our clock allows.
    #[error("time is {time}, after {latest}; events from the future are not counted. Check the sender's clock")]
    Future {
        /// The event's time.
        time: String,
        /// The latest that would be taken now.
        latest: String,
    },
    /// Before there was anything to bill.
    #[error("time is {0}; events before 2000-01-01T00:00:00Z are not counted. Check the sender's clock")]
    Past(String),
    /// Data that is not JSON.
    #[error("datacontenttype is {0}; usage is read from JSON only (application/json)")]
    DataType(String),
    /// Data that is no object.
    #[error("data must be a JSON object, for instance {{\"bytes\": \"2048\"}}")]
    Data,
    /// Both attributes that change an earlier event.
    #[error("voids and amends stand side by side; an event does one of the two")]
    TwoChanges,
    /// It voids or amends an event that is not there.
    #[error(
        "there is no event {0} of this source, customer and time; an event that voids or amends another repeats its source, subject and time"
    )]
    NoTarget(String),
    /// Another event did so before.
    #[error("event {0} was voided or amended before; amend the event that amended it")]
    ChangedBefore(String),
    /// A meter that counts this type of event cannot count this one.
    #[error("meter {meter} of book {book} cannot count this event: {problem}")]
    Field {
        /// The book.
        book: String,
        /// The meter.
        meter: String,
        /// What is wrong with which field.
        problem: engine::usage::FieldProblem,
    },
}

impl EventProblem {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotReadable(_) => "not_readable",
            Self::RepeatedKey(_) => "repeated_key",
            Self::NotAnObject => "not_an_object",
            Self::Missing(_) => "missing_attribute",
            Self::NotText(_) => "attribute_not_text",
            Self::Empty(_) => "empty_attribute",
            Self::TooLong { .. } => "attribute_too_long",
            Self::ControlCharacter(_) => "control_character",
            Self::DataNul => "data_nul",
            Self::SpecVersion(_) => "unsupported_specversion",
            Self::Subject(_) => "bad_subject",
            Self::Time(_) => "bad_time",
            Self::Future { .. } => "time_in_future",
            Self::Past(_) => "time_too_old",
            Self::DataType(_) => "unsupported_datacontenttype",
            Self::Data => "data_not_object",
            Self::TwoChanges => "two_changes",
            Self::NoTarget(_) => "no_target",
            Self::ChangedBefore(_) => "changed_before",
            Self::Field { problem: engine::usage::FieldProblem::Missing { .. }, .. } => "field_missing",
            Self::Field { problem: engine::usage::FieldProblem::NotDecimal { .. }, .. } => "field_not_decimal",
            Self::Field { problem: engine::usage::FieldProblem::NotOperation { .. }, .. } => "field_not_operation",
        }
    }

    /// Where in the event, as a JSON pointer.
    pub fn pointer(&self) -> String {
        match self {
            Self::NotReadable(_)
            | Self::RepeatedKey(_)
            | Self::NotAnObject
            | Self::TwoChanges
            | Self::NoTarget(_)
            | Self::ChangedBefore(_) => String::new(),
            Self::Missing(name)
            | Self::NotText(name)
            | Self::Empty(name)
            | Self::ControlCharacter(name)
            | Self::TooLong { attribute: name, .. } => format!("/{name}"),
            Self::SpecVersion(_) => "/specversion".to_owned(),
            Self::Subject(_) => "/subject".to_owned(),
            Self::Time(_) | Self::Future { .. } | Self::Past(_) => "/time".to_owned(),
            Self::DataType(_) => "/datacontenttype".to_owned(),
            Self::Data | Self::DataNul => "/data".to_owned(),
            Self::Field { problem, .. } => match problem {
                engine::usage::FieldProblem::Missing { field }
                | engine::usage::FieldProblem::NotDecimal { field, .. }
                | engine::usage::FieldProblem::NotOperation { field, .. } => format!("/data/{field}"),
            },
        }
    }
}

/// The clock's part in reading: what is now, and how far ahead an event may be.
#[derive(Debug, Clone, Copy)]
pub struct TimeWindow {
    /// Now.
    pub now: Instant,
    /// How far ahead.
    pub future_tolerance: TimeDelta,
}

/// Seconds from 1970 to 2000-01-01T00:00:00Z.
const EARLIEST_SECONDS: i64 = 946_684_800;

const ATTRIBUTE_LENGTH_MAX: usize = 255;

/// An object without repeated keys.
pub fn read_object(raw: &RawValue) -> Result<Map<String, Value>, EventProblem> {
    let value = serde_json::from_str::<Strict>(raw.get()).map_err(|error| {
        let message = error.to_string();
        match message.strip_prefix(REPEATED_KEY) {
            Some(rest) => EventProblem::RepeatedKey(format!("{REPEATED_KEY}{rest}")),
            None => EventProblem::NotReadable(message),
        }
    })?;
    match value.0 {
        Value::Object(map) => Ok(map),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(EventProblem::NotAnObject)
        }
    }
}

/// The event that the object describes.
pub fn read_event(object: &Map<String, Value>, window: TimeWindow) -> Result<Event, EventProblem> {
    let version = text(object, "specversion")?;
    if version != "1.0" {
        return Err(EventProblem::SpecVersion(format!("\"{version}\"")));
    }
    let id = plain_text(object, "id")?.to_owned();
    let source = plain_text(object, "source")?.to_owned();
    let kind = plain_text(object, "type")?.to_owned();
    let customer = CustomerId::new(text(object, "subject")?).map_err(EventProblem::Subject)?;
    let time = read_time(text(object, "time")?, window)?;
    check_data_type(object)?;
    let data = match object.get("data") {
        Some(data @ Value::Object(_)) if has_nul(data) => return Err(EventProblem::DataNul),
        Some(Value::Object(data)) => data.clone().into_iter().collect(),
        Some(_) => return Err(EventProblem::Data),
        // What only voids another event needs no data.
        None if object.contains_key("voids") => BTreeMap::new(),
        None => return Err(EventProblem::Missing("data")),
    };
    Ok(Event { source, id, customer, kind, time, data })
}

/// Which earlier event it voids or amends, if it does.
pub fn read_change(object: &Map<String, Value>) -> Result<Change, EventProblem> {
    let target = |name: &'static str| match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(_) => plain_text(object, name).map(|id| Some(id.to_owned())),
    };
    match (target("voids")?, target("amends")?) {
        (None, None) => Ok(Change::None),
        (Some(id), None) => Ok(Change::Voids(id)),
        (None, Some(id)) => Ok(Change::Amends(id)),
        (Some(_), Some(_)) => Err(EventProblem::TwoChanges),
    }
}

/// An attribute that must be a text of 1 to 255 characters.
fn text<'o>(object: &'o Map<String, Value>, name: &'static str) -> Result<&'o str, EventProblem> {
    let value = object.get(name).filter(|value| !value.is_null()).ok_or(EventProblem::Missing(name))?;
    let text = value.as_str().ok_or(EventProblem::NotText(name))?;
    match text.chars().count() {
        0 => Err(EventProblem::Empty(name)),
        length if length > ATTRIBUTE_LENGTH_MAX => Err(EventProblem::TooLong { attribute: name, length }),
        _ => Ok(text),
    }
}

/// A text without control characters; PostgreSQL keeps no NUL, and the others are only there to deceive a reader.
fn plain_text<'o>(object: &'o Map<String, Value>, name: &'static str) -> Result<&'o str, EventProblem> {
    let text = text(object, name)?;
    if text.chars().any(char::is_control) { Err(EventProblem::ControlCharacter(name)) } else { Ok(text) }
}

/// Whether a NUL stands in any text or key, at any depth; the reader of JSON has bounded the depth.
fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(map) => map.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn read_time(text: &str, window: TimeWindow) -> Result<Instant, EventProblem> {
    let bad = || EventProblem::Time(text.chars().take(60).collect());
    let time = DateTime::parse_from_rfc3339(text).map_err(|_| bad())?.to_utc();
    // The database keeps microseconds; what it keeps is what counts.
    let time = Instant::from_timestamp_micros(time.timestamp_micros()).ok_or_else(bad)?;
    if time.timestamp() < EARLIEST_SECONDS {
        return Err(EventProblem::Past(time.to_rfc3339()));
    }
    let latest = window.now.checked_add_signed(window.future_tolerance).unwrap_or(window.now);
    if time > latest {
        return Err(EventProblem::Future { time: time.to_rfc3339(), latest: latest.to_rfc3339() });
    }
    Ok(time)
}

fn check_data_type(object: &Map<String, Value>) -> Result<(), EventProblem> {
    if object.contains_key("data_base64") {
        return Err(EventProblem::DataType("binary (data_base64)".to_owned()));
    }
    let Some(value) = object.get("datacontenttype").filter(|value| !value.is_null()) else { return Ok(()) };
    let full = value.as_str().ok_or(EventProblem::NotText("datacontenttype"))?;
    let kind = full.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind == "application/json" || kind.ends_with("+json") {
        Ok(())
    } else {
        Err(EventProblem::DataType(format!("\"{full}\"")))
    }
}
