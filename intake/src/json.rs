//! JSON as it was written: numbers keep their digits, and no key stands twice.
//!
//! Never passes a number through a binary float: 0.1 in a log is one tenth.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::strict::{REPEATED_KEY, twice};

/// A JSON value whose numbers are text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number, with the digits of the text.
    Number(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object.
    Object(BTreeMap<String, Json>),
}

/// Why a text is not JSON that everybody understands in the same way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonProblem {
    /// The syntax is broken.
    #[error("not JSON: {0}")]
    Syntax(String),
    /// A key stands twice in one object.
    #[error("{0}; write each key once")]
    RepeatedKey(String),
    /// Objects and lists inside each other without end.
    #[error("objects and lists are nested more than {DEPTH_MAX} deep")]
    TooDeep,
}

/// How deep objects and lists may be nested.
pub const DEPTH_MAX: usize = 32;

/// Reads one value.
pub fn read(text: &str) -> Result<Json, JsonProblem> {
    let raw: &RawValue = serde_json::from_str(text).map_err(problem)?;
    value(raw, DEPTH_MAX)
}

fn value(raw: &RawValue, depth: usize) -> Result<Json, JsonProblem> {
    let text = raw.get();
    let deeper = || depth.checked_sub(1).ok_or(JsonProblem::TooDeep);
    Ok(match text.bytes().next() {
        Some(b'{') => {
            let depth = deeper()?;
            let Entries(entries) = serde_json::from_str(text).map_err(problem)?;
            let read = entries.into_iter().map(|(key, raw)| Ok((key, value(raw, depth)?)));
            Json::Object(read.collect::<Result<_, JsonProblem>>()?)
        }
        Some(b'[') => {
            let depth = deeper()?;
            let Items(items) = serde_json::from_str(text).map_err(problem)?;
            Json::List(items.into_iter().map(|raw| value(raw, depth)).collect::<Result<_, JsonProblem>>()?)
        }
        Some(b'"') => Json::Text(serde_json::from_str(text).map_err(problem)?),
        Some(b't' | b'f') => Json::Boolean(serde_json::from_str(text).map_err(problem)?),
        Some(b'n') | None => Json::Null,
        Some(_) => Json::Number(text.to_owned()),
    })
}

fn problem(error: serde_json::Error) -> JsonProblem {
    let message = error.to_string();
    match message.strip_prefix(REPEATED_KEY) {
        Some(rest) => JsonProblem::RepeatedKey(format!("{REPEATED_KEY}{rest}")),
        None => JsonProblem::Syntax(message),
    }
}

/// The entries of an object, none twice.
struct Entries<'t>(BTreeMap<String, &'t RawValue>);

impl<'de: 't, 't> de::Deserialize<'de> for Entries<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor).map(Entries)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = BTreeMap<String, &'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(twice(&key));
            }
            map.insert(key, entries.next_value()?);
        }
        Ok(map)
    }
}

/// The items of a list.
struct Items<'t>(Vec<&'t RawValue>);

impl<'de: 't, 't> de::Deserialize<'de> for Items<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ItemsVisitor).map(Items)
    }
}

struct ItemsVisitor;

impl<'de> Visitor<'de> for ItemsVisitor {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::{Json, JsonProblem, read};

    #[test]
    fn numbers_keep_their_digits() {
        let Json::Object(map) = read(r#"{"a":0.1,"b":1e400,"c":12345678901234567890123,"d":-0}"#).unwrap() else {
            panic!("an object")
        };
        let numbers: Vec<&Json> = map.values().collect();
        let written = ["0.1", "1e400", "12345678901234567890123", "-0"].map(|text| Json::Number(text.to_owned()));
        assert_eq!(numbers, written.iter().collect::<Vec<_>>());
    }

    #[test]
    fn a_key_that_stands_twice_is_refused_at_any_depth() {
        for text in [r#"{"a":1,"a":2}"#, r#"{"a":[{"b":1,"b":1}]}"#, r#"{"a":1,"\u0061":2}"#] {
            assert!(matches!(read(text), Err(JsonProblem::RepeatedKey(_))), "{text}");
        }
        assert!(read(r#"{"a":{"a":1},"b":[1,1]}"#).is_ok());
    }

    #[test]
    fn what_is_nested_without_end_is_refused() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&nested(32)).is_ok());
        assert_eq!(read(&nested(33)), Err(JsonProblem::TooDeep));
        assert_eq!(read(&nested(100_000)), Err(JsonProblem::TooDeep));
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in ["", "{", "{\"a\":NaN}", "{\"a\":1}x", "{'a':1}", "{\"a\":01}", "Infinity"] {
            assert!(matches!(read(text), Err(JsonProblem::Syntax(_))), "{text}");
        }
    }
}
