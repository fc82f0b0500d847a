//! How the canonical form is put together: texts, names and tables as JSON values.
//!
//! A book holds texts and truth values only, no JSON numbers.

use serde_json::{Map, Value, json};

use crate::text::Names;

pub(super) fn names(names: &Names) -> Value {
    json!({ "zh": names.zh, "en": names.en })
}

pub(super) fn text(value: impl ToString) -> Value {
    Value::String(value.to_string())
}

pub(super) fn word<T: PartialEq>(words: &[(&str, T)], meaning: T) -> String {
    words.iter().find(|(_, candidate)| *candidate == meaning).map_or_else(String::new, |(word, _)| (*word).to_owned())
}

pub(super) fn object<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

pub(super) fn insert(fields: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        fields.insert(key.to_owned(), value);
    }
}
