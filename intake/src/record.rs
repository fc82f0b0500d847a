//! One line or row of what people have, as fields with values; nothing is said yet about what they mean.
//!
//! Values keep the form in which they were written, so that no digit is lost on the way.

use std::borrow::Cow;

use chrono::NaiveDateTime;
use engine::period::Instant;

use crate::combined::LogLine;
use crate::json::Json;
use crate::time;

/// The value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell<'r> {
    /// There is none.
    Nothing,
    /// A text.
    Text(Cow<'r, str>),
    /// A number, with its digits.
    Number(Cow<'r, str>),
    /// A binary float that is no whole number, as the shortest digits that mean the same float.
    Inexact(Cow<'r, str>),
    /// Yes or no.
    Boolean(bool),
    /// An instant.
    Instant(Instant),
    /// What a clock showed, nobody says where.
    Local(NaiveDateTime),
    /// A list or an object.
    Many,
    /// Bytes that are no text.
    NotUtf8,
}

impl<'r> Cell<'r> {
    /// The value as a text; `None` where there is none, or many.
    pub fn text(self) -> Option<Cow<'r, str>> {
        match self {
            Self::Nothing | Self::Many | Self::NotUtf8 => None,
            Self::Text(text) | Self::Number(text) | Self::Inexact(text) => Some(text),
            Self::Boolean(boolean) => Some(Cow::Borrowed(if boolean { "true" } else { "false" })),
            Self::Instant(instant) => Some(Cow::Owned(time::written(instant))),
            Self::Local(local) => Some(Cow::Owned(local.format("%Y-%m-%dT%H:%M:%S%.f").to_string())),
        }
    }
}

/// A line or row.
#[derive(Debug, Clone, Copy)]
pub enum Record<'r> {
    /// A JSON object.
    Json(&'r Json),
    /// A line of an access log.
    Combined(&'r LogLine<'r>),
    /// What a regular expression found.
    Captures(&'r regex::Captures<'r>),
    /// A row of a table.
    Row {
        /// The names of its columns.
        columns: &'r [String],
        /// Its values.
        cells: &'r [Cell<'r>],
    },
}

/// The name of a field, or the way to it inside a JSON object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldPath(String);

impl FieldPath {
    /// A name, a path with dots, or a JSON pointer.
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'r> Record<'r> {
    /// The value of a field.
    pub fn cell(&self, path: &FieldPath) -> Cell<'r> {
        let text = |text: Option<&'r str>| text.map_or(Cell::Nothing, |text| Cell::Text(Cow::Borrowed(text)));
        match *self {
            Self::Json(json) => json_cell(json, path.as_str()),
            Self::Combined(line) => text(line.field(path.as_str())),
            Self::Captures(captures) => text(captures.name(path.as_str()).map(|found| found.as_str())),
            Self::Row { columns, cells } => {
                let place = columns.iter().position(|column| column == path.as_str());
                place.and_then(|place| cells.get(place)).cloned().unwrap_or(Cell::Nothing)
            }
        }
    }
}

fn json_cell<'r>(json: &'r Json, path: &str) -> Cell<'r> {
    match found(json, path) {
        None | Some(Json::Null) => Cell::Nothing,
        Some(Json::Boolean(boolean)) => Cell::Boolean(*boolean),
        Some(Json::Number(digits)) => Cell::Number(Cow::Borrowed(digits)),
        Some(Json::Text(text)) => Cell::Text(Cow::Borrowed(text)),
        Some(Json::List(_) | Json::Object(_)) => Cell::Many,
    }
}

/// A pointer begins with a slash. Else a key of this whole name comes first, because many tools write keys with dots.
fn found<'r>(json: &'r Json, path: &str) -> Option<&'r Json> {
    if let Some(pointer) = path.strip_prefix('/') {
        return pointer.split('/').try_fold(json, |json, part| step(json, &part.replace("~1", "/").replace("~0", "~")));
    }
    step(json, path).or_else(|| path.split('.').try_fold(json, step))
}

fn step<'r>(json: &'r Json, key: &str) -> Option<&'r Json> {
    match json {
        Json::Object(map) => map.get(key),
        Json::List(items) => items.get(key.parse::<usize>().ok()?),
        Json::Null | Json::Boolean(_) | Json::Number(_) | Json::Text(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{FieldPath, Record};
    use crate::json;

    #[test]
    fn a_whole_key_comes_before_a_path_and_a_pointer_is_exact() {
        let json = json::read(r#"{"a.b":1,"a":{"b":2,"c":{"d":3},"x/y":4,"":5},"l":[{"m":6}]}"#).unwrap();
        let cell = |path| Record::Json(&json).cell(&FieldPath::new(path)).text().map(std::borrow::Cow::into_owned);
        for (path, value) in [
            ("a.b", Some("1")),
            ("/a/b", Some("2")),
            ("a.c.d", Some("3")),
            ("/a/x~1y", Some("4")),
            ("/a/", Some("5")),
            ("l.0.m", Some("6")),
            ("a.c", None),
            ("a.z", None),
            ("z", None),
        ] {
            assert_eq!(cell(path).as_deref(), value, "{path}");
        }
    }
}
