//! Something that happened: who, what, when, and its data. The identity is (source, id).

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::CustomerId;
use crate::period::Instant;
use crate::quantity::{BadDecimal, Quantity};

/// A usage event; the fields are those of CloudEvents 1.0, `customer` being its `subject`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Who reports it; with `id` the event's identity.
    pub source: String,
    /// Unique within the source.
    pub id: String,
    /// Who is billed for it.
    pub customer: CustomerId,
    /// What kind of event it is, for instance `api.call`; meters select by it.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it happened.
    pub time: Instant,
    /// Its fields. Decimals are strings; whole JSON numbers are read too.
    pub data: BTreeMap<String, Value>,
}

/// Why a field of an event cannot be read as a quantity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum FieldProblem {
    /// The data has no such field.
    Missing {
        /// The field's name.
        field: String,
    },
    /// The field is no decimal string and no whole number.
    NotDecimal {
        /// The field's name.
        field: String,
        /// What stands there, as JSON.
        found: String,
    },
    /// The field says neither that something was added nor that it was removed.
    NotOperation {
        /// The field's name.
        field: String,
        /// What stands there, as JSON.
        found: String,
    },
}

impl fmt::Display for FieldProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { field } => write!(f, "data.{field} is missing; the meter needs it"),
            Self::NotDecimal { field, found } => {
                write!(f, "data.{field} is {found}; write a decimal as a string like \"0.25\" or a whole number")
            }
            Self::NotOperation { field, found } => {
                write!(f, "data.{field} is {found}; write \"add\" or \"remove\"")
            }
        }
    }
}

impl Event {
    /// The field as a quantity.
    pub fn quantity(&self, field: &str) -> Result<Quantity, FieldProblem> {
        let value = self.data.get(field).ok_or_else(|| FieldProblem::Missing { field: field.to_owned() })?;
        let not_decimal = || FieldProblem::NotDecimal { field: field.to_owned(), found: short(value) };
        match value {
            Value::String(text) => Quantity::parse(text).map_err(|_: BadDecimal| not_decimal()),
            // A fraction written as a JSON number has already been through a binary float somewhere.
            Value::Number(number) if number.is_i64() || number.is_u64() => {
                Quantity::parse(&number.to_string()).map_err(|_| not_decimal())
            }
            Value::Number(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(not_decimal()),
        }
    }

    /// Whether the event adds something rather than removes it; an event that does not say adds.
    pub fn adds(&self, field: &str) -> Result<bool, FieldProblem> {
        match self.data.get(field) {
            None | Some(Value::Null) => Ok(true),
            Some(Value::String(text)) if text == "add" => Ok(true),
            Some(Value::String(text)) if text == "remove" => Ok(false),
            Some(other) => Err(FieldProblem::NotOperation { field: field.to_owned(), found: short(other) }),
        }
    }

    /// The field as a text to group by; empty where it is missing.
    pub fn attribute(&self, field: &str) -> String {
        match self.data.get(field) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        }
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 { text } else { text.chars().take(57).chain("...".chars()).collect() }
}

#[cfg(test)]
mod tests {
    use super::{Event, FieldProblem};

    fn event(data: &str) -> Event {
        let data = serde_json::from_str(data).unwrap();
        Event {
            source: "test".to_owned(),
            id: "1".to_owned(),
            customer: crate::ids::CustomerId::new("c").unwrap(),
            kind: "api.call".to_owned(),
            time: "2026-12-01T00:00:00Z".parse().unwrap(),
            data,
        }
    }

    #[test]
    fn whole_numbers_and_decimal_strings_are_quantities() {
        let event = event(r#"{"a": 7, "b": "0.25", "c": 18446744073709551615, "d": -3}"#);
        for (field, expected) in [("a", "7"), ("b", "0.25"), ("c", "18446744073709551615"), ("d", "-3")] {
            assert_eq!(event.quantity(field).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn fractions_as_json_numbers_are_refused() {
        let event = event(r#"{"a": 0.1, "b": 1e40, "c": true, "d": "abc"}"#);
        for field in ["a", "b", "c", "d"] {
            assert!(matches!(event.quantity(field), Err(FieldProblem::NotDecimal { .. })), "{field}");
        }
        assert!(matches!(event.quantity("e"), Err(FieldProblem::Missing { .. })));
    }
}
