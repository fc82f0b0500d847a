//! Reads one CloudEvent 1.0 in structured form and says by name what is wrong with it.
//!
//! Knows nothing of books and databases; what it lets through has every attribute that billing needs.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Timelike};
use engine::ids::CustomerId;
use engine::period::Instant;
use engine::usage::Event;
use ledger::{Change, Incoming};
use serde_json::Value;

use super::envelope::Envelope;

/// Why an event is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventProblem {
    /// Broken inside, though the request as a whole could be read.
    #[error("the event cannot be read: {0}")]
    NotReadable(String),
    /// A key stands twice.
    #[error("{0}; write each key once")]
    RepeatedKey(String),
    /// A line of a stream that is no text.
    #[error("the line is not UTF-8: its byte {0} (from 0) begins no character")]
    NotUtf8(usize),
    /// A line of a stream without an end in sight.
    #[error("the line has {length} bytes; an event may have {limit}")]
    LineTooLong {
        /// How many it has.
        length: u64,
        /// How many it may have.
        limit: usize,
    },
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
    /// A customer's key sends for another customer.
    #[error("subject is {subject}; this key sends the events of {own} only")]
    NotYourCustomer {
        /// The event's customer.
        subject: CustomerId,
        /// The key's customer.
        own: CustomerId,
    },
    /// A key sends for a source that it is not made for.
    #[error("source is \"{named}\"; this key sends for {allowed} only")]
    NotYourSource {
        /// The event's source.
        named: String,
        /// The key's sources.
        allowed: String,
    },
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
    /// Before there was anything to bill, or before what the operator takes.
    #[error("time is {time}; events before {earliest} are not counted. Check the sender's clock")]
    Past {
        /// The event's time.
        time: String,
        /// The earliest that is taken.
        earliest: String,
    },
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
            Self::NotUtf8(_) => "not_utf8",
            Self::LineTooLong { .. } => "line_too_long",
            Self::NotYourCustomer { .. } => "not_your_customer",
            Self::NotYourSource { .. } => "not_your_source",
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
            Self::Past { .. } => "time_too_old",
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
            | Self::NotUtf8(_)
            | Self::LineTooLong { .. }
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
            Self::Subject(_) | Self::NotYourCustomer { .. } => "/subject".to_owned(),
            Self::NotYourSource { .. } => "/source".to_owned(),
            Self::Time(_) | Self::Future { .. } | Self::Past { .. } => "/time".to_owned(),
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

/// The clock's part in reading: what is now, and how far from it an event may be.
#[derive(Debug, Clone, Copy)]
pub struct TimeWindow {
    /// Now.
    pub now: Instant,
    /// How far ahead.
    pub future_tolerance: TimeDelta,
    /// How far back, if not to 2000-01-01.
    pub oldest: Option<TimeDelta>,
}

/// Whose events a sender may send.
#[derive(Debug, Clone, Copy, Default)]
pub struct Allowed<'a> {
    /// Of this customer; of all where none is named.
    pub customer: Option<&'a CustomerId>,
    /// Of these sources; of all where none is named.
    pub sources: &'a [String],
}

impl Allowed<'_> {
    /// Refuses what this sender may not send.
    pub fn check(self, event: &Event) -> Result<(), EventProblem> {
        if let Some(own) = self.customer.filter(|own| **own != event.customer) {
            return Err(EventProblem::NotYourCustomer { subject: event.customer.clone(), own: own.clone() });
        }
        if self.sources.is_empty() || self.sources.contains(&event.source) {
            return Ok(());
        }
        Err(EventProblem::NotYourSource { named: event.source.clone(), allowed: self.sources.join(", ") })
    }
}

/// Seconds from 1970 to 2000-01-01T00:00:00Z.
const EARLIEST_SECONDS: i64 = 946_684_800;

const ATTRIBUTE_LENGTH_MAX: usize = 255;

/// The event that the attributes describe, and what it does to an earlier one.
pub fn read_event(envelope: Envelope, window: TimeWindow) -> Result<Incoming, EventProblem> {
    let Envelope { specversion, id, source, kind, subject, time, voids, amends, .. } = envelope;
    let change = read_change(voids, amends)?;
    let version = text(specversion, "specversion")?;
    if version != "1.0" {
        return Err(EventProblem::SpecVersion(format!("\"{version}\"")));
    }
    let id = plain_text(id, "id")?;
    let source = plain_text(source, "source")?;
    let kind = plain_text(kind, "type")?;
    let customer = CustomerId::new(&text(subject, "subject")?).map_err(EventProblem::Subject)?;
    let time = read_time(&text(time, "time")?, window)?;
    if envelope.has_binary_data {
        return Err(EventProblem::DataType("binary (data_base64)".to_owned()));
    }
    check_data_type(envelope.datacontenttype)?;
    let data = match envelope.data {
        Some(data @ Value::Object(_)) if has_nul(&data) => return Err(EventProblem::DataNul),
        Some(Value::Object(data)) => data.into_iter().collect(),
        Some(_) => return Err(EventProblem::Data),
        // What only voids another event needs no data.
        None if matches!(change, Change::Voids(_)) => BTreeMap::new(),
        None => return Err(EventProblem::Missing("data")),
    };
    Ok(Incoming { event: Event { source, id, customer, kind, time, data }, change })
}

/// Which earlier event it voids or amends, if it does.
fn read_change(voids: Option<Value>, amends: Option<Value>) -> Result<Change, EventProblem> {
    let target = |value: Option<Value>, name: &'static str| match value {
        None | Some(Value::Null) => Ok(None),
        Some(value) => plain_text(Some(value), name).map(Some),
    };
    match (target(voids, "voids")?, target(amends, "amends")?) {
        (None, None) => Ok(Change::None),
        (Some(id), None) => Ok(Change::Voids(id)),
        (None, Some(id)) => Ok(Change::Amends(id)),
        (Some(_), Some(_)) => Err(EventProblem::TwoChanges),
    }
}

/// An attribute that must be a text of 1 to 255 characters.
fn text(value: Option<Value>, name: &'static str) -> Result<String, EventProblem> {
    let text = match value {
        Some(Value::String(text)) => text,
        None | Some(Value::Null) => return Err(EventProblem::Missing(name)),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            return Err(EventProblem::NotText(name));
        }
    };
    if text.is_empty() {
        return Err(EventProblem::Empty(name));
    }
    // A character has at least one byte, so that most texts need no counting.
    if text.len() > ATTRIBUTE_LENGTH_MAX {
        let length = text.chars().count();
        if length > ATTRIBUTE_LENGTH_MAX {
            return Err(EventProblem::TooLong { attribute: name, length });
        }
    }
    Ok(text)
}

/// A text without control characters; PostgreSQL keeps no NUL, and the others are only there to deceive a reader.
fn plain_text(value: Option<Value>, name: &'static str) -> Result<String, EventProblem> {
    let text = text(value, name)?;
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
    // A leap second is the end of its minute, so that it stays in its day and month.
    let time =
        if time.nanosecond() < 1_000_000_000 { time } else { time.with_nanosecond(999_999_000).ok_or_else(bad)? };
    // The database keeps microseconds; what it keeps is what counts.
    let time = Instant::from_timestamp_micros(time.timestamp_micros()).ok_or_else(bad)?;
    let earliest = window.earliest();
    if time < earliest {
        return Err(EventProblem::Past { time: time.to_rfc3339(), earliest: earliest.to_rfc3339() });
    }
    let latest = window.now.checked_add_signed(window.future_tolerance).unwrap_or(window.now);
    if time > latest {
        return Err(EventProblem::Future { time: time.to_rfc3339(), latest: latest.to_rfc3339() });
    }
    Ok(time)
}

impl TimeWindow {
    /// The earliest time that is taken.
    fn earliest(self) -> Instant {
        let first = Instant::from_timestamp(EARLIEST_SECONDS, 0).unwrap_or_default();
        let oldest = self.oldest.and_then(|oldest| self.now.checked_sub_signed(oldest));
        oldest.map_or(first, |oldest| oldest.max(first))
    }
}

fn check_data_type(value: Option<Value>) -> Result<(), EventProblem> {
    let full = match value {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::String(full)) => full,
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            return Err(EventProblem::NotText("datacontenttype"));
        }
    };
    if is_json(&full) { Ok(()) } else { Err(EventProblem::DataType(format!("\"{full}\""))) }
}

/// Whether a media type is JSON.
pub fn is_json(media_type: &str) -> bool {
    let kind = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || kind.ends_with("+json")
}
