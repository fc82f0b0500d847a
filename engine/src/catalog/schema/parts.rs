//! What a schema is put together from: texts, numbers, words, tables and lists.
//!
//! Uses only what drafts from 4 to 2020-12 understand alike, because editors of TOML are behind: constraints never stand
//! beside `$ref`, and a value that may be a text or a table is one schema with two types.

use serde_json::{Map, Value, json};

/// A key of a table.
pub(super) struct Key {
    name: &'static str,
    schema: Value,
    needed: bool,
}

/// A key that may be left out.
pub(super) fn key(name: &'static str, schema: Value, en: &str, zh: &str) -> Key {
    Key { name, schema: about(schema, en, zh), needed: false }
}

/// A key that must be there.
pub(super) fn needed(name: &'static str, schema: Value, en: &str, zh: &str) -> Key {
    Key { needed: true, ..key(name, schema, en, zh) }
}

/// A table that has these keys and no others.
pub(super) fn table(keys: impl IntoIterator<Item = Key>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for Key { name, schema, needed } in keys {
        properties.insert(name.to_owned(), schema);
        if needed {
            required.push(name);
        }
    }
    let mut table = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        put(&mut table, "required", json!(required));
    }
    table
}

/// A table whose keys are names of the author's own choice.
pub(super) fn map_of(value: Value) -> Value {
    json!({ "type": "object", "additionalProperties": value, "minProperties": 1 })
}

pub(super) fn list_of(item: Value) -> Value {
    json!({ "type": "array", "items": item })
}

/// A list with something in it.
pub(super) fn some_of(item: Value) -> Value {
    with(list_of(item), "minItems", json!(1))
}

/// A value of a plain type, or a table or list; the two must not share a type.
pub(super) fn either(plain: Value, other: Value) -> Value {
    let plain_types = plain["type"].clone();
    let Value::Object(fields) = other else { return plain };
    fields.into_iter().fold(plain, |both, (name, value)| {
        let value = match name.as_str() {
            "type" => all_of(&plain_types, &value),
            // What must be in the table says nothing about the plain value.
            "oneOf" | "anyOf" => all_of(&value, &json!({ "type": plain_types })),
            _ => value,
        };
        with(both, &name, value)
    })
}

fn all_of(some: &Value, more: &Value) -> Value {
    let items = |value: &Value| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    items(some).into_iter().chain(items(more)).collect()
}

/// A table that has exactly one of some keys.
pub(super) fn one_of(table: Value, keys: &[&str]) -> Value {
    with(table, "oneOf", choices(keys))
}

/// A table that has at least one of some keys.
pub(super) fn any_of(table: Value, keys: &[&str]) -> Value {
    with(table, "anyOf", choices(keys))
}

fn choices(keys: &[&str]) -> Value {
    keys.iter().map(|key| json!({ "type": "object", "required": [key] })).collect()
}

/// A schema that is written once and used in several places.
pub(super) fn shared(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// What people read beside it.
pub(super) fn about(schema: Value, en: &str, zh: &str) -> Value {
    with(schema, "description", Value::String(format!("{en} / {zh}")))
}

pub(super) fn with(mut schema: Value, key: &str, value: Value) -> Value {
    put(&mut schema, key, value);
    schema
}

fn put(schema: &mut Value, key: &str, value: Value) {
    if let Value::Object(fields) = schema {
        fields.insert(key.to_owned(), value);
    }
}

/// One of the words that the reader knows.
pub(super) fn words<T>(options: &[(&str, T)]) -> Value {
    word_list(options.iter().map(|(word, _)| *word))
}

/// A word where a table could stand too; lists of words hold for every type, so this is a pattern.
pub(super) fn word_pattern<T>(options: &[(&str, T)]) -> Value {
    let words: Vec<&str> = options.iter().map(|(word, _)| *word).collect();
    json!({ "type": "string", "pattern": format!("^({})$", words.join("|")) })
}

pub(super) fn word_list<'w>(words: impl IntoIterator<Item = &'w str>) -> Value {
    json!({ "type": "string", "enum": words.into_iter().collect::<Vec<_>>() })
}

/// A text with something in it.
pub(super) fn text() -> Value {
    json!({ "type": "string", "pattern": "[^ \\t\\r\\n]" })
}

pub(super) fn boolean() -> Value {
    json!({ "type": "boolean" })
}

pub(super) fn id() -> Value {
    json!({ "type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,63}$" })
}

/// A text or several.
pub(super) fn values() -> Value {
    either(text(), some_of(text()))
}

fn number(pattern: &str) -> Value {
    json!({ "type": ["string", "integer"], "pattern": pattern })
}

/// A decimal of 0 or more.
pub(super) fn not_negative() -> Value {
    with(number("^(-0+(\\.0+)?|[0-9]+(\\.[0-9]+)?)$"), "minimum", json!(0))
}

/// A decimal above 0.
pub(super) fn positive() -> Value {
    with(number("^(0*[1-9][0-9]*(\\.[0-9]+)?|0+\\.0*[1-9][0-9]*)$"), "minimum", json!(1))
}

/// A decimal from 0 to 100.
pub(super) fn percent() -> Value {
    let percent = number("^0*(100(\\.0+)?|[0-9]{1,2}(\\.[0-9]+)?)$");
    with(with(percent, "minimum", json!(0)), "maximum", json!(100))
}

/// A whole number of 0 or more.
pub(super) fn count() -> Value {
    with(number("^[0-9]+(\\.0+)?$"), "minimum", json!(0))
}

/// A number of decimal places.
pub(super) fn places() -> Value {
    with(with(number("^-?[0-9]+(\\.0+)?$"), "minimum", json!(-20)), "maximum", json!(20))
}

pub(super) fn month() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$" })
}

pub(super) fn date() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])-[0-3][0-9]$" })
}

/// `HH:MM`.
pub(super) fn time() -> Value {
    json!({ "type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$" })
}

/// An ISO 8601 duration; which lengths a window may have is the check's part.
pub(super) fn window() -> Value {
    json!({ "type": "string", "pattern": "^P" })
}
