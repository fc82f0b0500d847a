//! CloudEvents 1.0 in structured form: read from what was exported, written for what is sent.
//!
//! Says by name what is wrong with one. Asks no clock: whether an event is too late or too early is for the server to say.

use std::collections::BTreeMap;

use engine::ids::{BadId, CustomerId};
use engine::usage::Event;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::strict::{REPEATED_KEY, Strict};
use crate::time::{self, TimeProblem};

/// Why a text is no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventProblem {
    /// Not JSON.
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
    /// An empty attribute, or too long a one.
    #[error("{attribute} has {length} characters; allowed are 1 to {ATTRIBUTE_LENGTH_MAX}")]
    Length {
        /// Which one.
        attribute: &'static str,
        /// How long it is.
        length: usize,
    },
    /// A control character in an attribute that names something.
    #[error("{0} has a control character; write letters, digits and signs only")]
    ControlCharacter(&'static str),
    /// Another version of CloudEvents.
    #[error("specversion is \"{0}\"; \"1.0\" is read")]
    SpecVersion(String),
    /// A subject that is no customer id.
    #[error("subject: {0}")]
    Subject(BadId),
    /// Not a time with an offset.
    #[error("time: {0}")]
    Time(TimeProblem),
    /// An event about another event, which only the server can follow.
    #[error("{0} refers to another event, which cannot be done from a file or log; send this event to POST /v1/events")]
    Change(&'static str),
    /// Data that is no object.
    #[error("data must be a JSON object, for instance {{\"bytes\": \"2048\"}}")]
    Data,
    /// A NUL in the data, which databases do not keep.
    #[error("data has a NUL character (\\u0000) in a text or a key; leave it out")]
    DataNul,
}

/// The longest id, source or type.
pub const ATTRIBUTE_LENGTH_MAX: usize = 255;

impl EventProblem {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotReadable(_) => "not_readable",
            Self::RepeatedKey(_) => "repeated_key",
            Self::NotAnObject => "not_an_object",
            Self::Missing(_) => "missing_attribute",
            Self::NotText(_) => "attribute_not_text",
            Self::Length { length: 0, .. } => "empty_attribute",
            Self::Length { .. } => "attribute_too_long",
            Self::ControlCharacter(_) => "control_character",
            Self::SpecVersion(_) => "unsupported_specversion",
            Self::Subject(_) => "bad_subject",
            Self::Time(_) => "bad_time",
            Self::Change(_) => "changes_event",
            Self::Data => "data_not_object",
            Self::DataNul => "data_nul",
        }
    }
}

/// Reads one event.
pub fn read(text: &str) -> Result<Event, EventProblem> {
    let Strict(value) = serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        match message.strip_prefix(REPEATED_KEY) {
            Some(rest) => EventProblem::RepeatedKey(format!("{REPEATED_KEY}{rest}")),
            None => EventProblem::NotReadable(message),
        }
    })?;
    let Value::Object(mut object) = value else { return Err(EventProblem::NotAnObject) };
    let version = name(&object, "specversion")?;
    if version != "1.0" {
        return Err(EventProblem::SpecVersion(version));
    }
    let (id, source, kind) = (name(&object, "id")?, name(&object, "source")?, name(&object, "type")?);
    let customer = CustomerId::new(&name(&object, "subject")?).map_err(EventProblem::Subject)?;
    let time = time::rfc3339(&name(&object, "time")?).map_err(EventProblem::Time)?;
    if let Some(name) = ["voids", "amends"].into_iter().find(|name| object.get(*name).is_some_and(|id| !id.is_null())) {
        return Err(EventProblem::Change(name));
    }
    match object.remove("data") {
        Some(data) if has_nul(&data) => Err(EventProblem::DataNul),
        Some(Value::Object(data)) => Ok(Event { source, id, customer, kind, time, data: data.into_iter().collect() }),
        Some(_) => Err(EventProblem::Data),
        None => Err(EventProblem::Missing("data")),
    }
}

/// An attribute that names something: a text of 1 to 255 characters, none of them a control character.
fn name(object: &Map<String, Value>, name: &'static str) -> Result<String, EventProblem> {
    let value = object.get(name).filter(|value| !value.is_null()).ok_or(EventProblem::Missing(name))?;
    let text = value.as_str().ok_or(EventProblem::NotText(name))?;
    let length = text.chars().count();
    if !(1..=ATTRIBUTE_LENGTH_MAX).contains(&length) {
        return Err(EventProblem::Length { attribute: name, length });
    }
    if text.chars().any(char::is_control) {
        return Err(EventProblem::ControlCharacter(name));
    }
    Ok(text.to_owned())
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(map) => map.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[derive(Serialize)]
struct Written<'e> {
    specversion: &'static str,
    id: &'e str,
    source: &'e str,
    r#type: &'e str,
    subject: &'e str,
    time: String,
    data: &'e BTreeMap<String, Value>,
}

/// An event as one line of JSON.
pub fn write(event: &Event) -> Result<String, serde_json::Error> {
    let Event { source, id, customer, kind, time, data } = event;
    serde_json::to_string(&Written {
        specversion: "1.0",
        id,
        source,
        r#type: kind,
        subject: customer.as_str(),
        time: time::written(*time),
        data,
    })
}

#[cfg(test)]
mod tests {
    use super::{read, write};

    const EVENT: &str = r#"{"specversion":"1.0","id":"1","source":"/s","type":"api.call","subject":"上海",
        "time":"2026-12-01T08:30:00.5+08:00","data":{"a\"b'; DROP TABLE":"x","n":7,"d":"0.10"}}"#;

    #[test]
    fn what_is_written_reads_the_same() {
        let event = read(EVENT).unwrap();
        let line = write(&event).unwrap();
        assert_eq!(read(&line), Ok(event));
        assert!(!line.contains('\n') && line.contains("\"2026-12-01T00:30:00.500Z\""), "{line}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (from, to, code) in [
            ("{", "[", "not_readable"),
            ("\"id\":\"1\"", "\"id\":\"1\",\"id\":\"2\"", "repeated_key"),
            ("\"id\":\"1\",", "", "missing_attribute"),
            ("\"id\":\"1\"", "\"id\":null", "missing_attribute"),
            ("\"id\":\"1\"", "\"id\":1", "attribute_not_text"),
            ("\"id\":\"1\"", "\"id\":\"\"", "empty_attribute"),
            ("\"id\":\"1\"", "\"id\":\"\\n\"", "control_character"),
            ("\"1.0\"", "\"0.3\"", "unsupported_specversion"),
            ("上海", " 上海", "bad_subject"),
            ("+08:00", "", "bad_time"),
            ("\"id\"", "\"voids\":\"0\",\"id\"", "changes_event"),
            ("\"id\"", "\"amends\":\"0\",\"id\"", "changes_event"),
            ("\"data\":{", "\"extra\":{", "missing_attribute"),
            ("\"0.10\"", "\"\\u0000\"", "data_nul"),
        ] {
            let text = EVENT.replacen(from, to, 1);
            assert_eq!(read(&text).unwrap_err().code(), code, "{text}");
        }
        let long = EVENT.replace("\"/s\"", &format!("\"{}\"", "s".repeat(256)));
        assert_eq!(read(&long).unwrap_err().code(), "attribute_too_long");
        assert_eq!(read("[]").unwrap_err().code(), "not_an_object");
        let data = EVENT.split("\"data\"").next().unwrap();
        assert_eq!(read(&format!("{data}\"data\":[]}}")).unwrap_err().code(), "data_not_object");
    }
}
