//! Something that happened: who, what, when, and its data. The identity is (source, id).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::field::{FieldProblem, FieldValue};
use crate::ids::CustomerId;
use crate::period::Instant;
use crate::quantity::Quantity;

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

impl Event {
    /// The field as a quantity.
    pub fn quantity(&self, field: &str) -> Result<Quantity, FieldProblem> {
        FieldValue::from(self.data.get(field)).quantity(field)
    }

    /// Whether the event adds something rather than removes it; an event that does not say adds.
    pub fn adds(&self, field: &str) -> Result<bool, FieldProblem> {
        FieldValue::from(self.data.get(field)).adds(field)
    }

    /// The field as a text to group by; empty where it is missing.
    pub fn attribute(&self, field: &str) -> String {
        FieldValue::from(self.data.get(field)).text().into_owned()
    }
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
