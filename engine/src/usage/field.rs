//! What stands in a field of an event, and how meters read it: as a number, as a text, as adding or removing.
//!
//! The one place with these rules: every form of an event shows its fields as these values and is read alike.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::quantity::{BadDecimal, Quantity};

/// What stands in a field.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldValue<'e> {
    /// There is no such field.
    Missing,
    /// The field is there and empty.
    Null,
    /// A text; decimals are written so.
    Text(&'e str),
    /// A whole number.
    Whole(i64),
    /// Another number that was never a binary float.
    Number(Quantity),
    /// Anything else, as JSON: it can be grouped by and filtered, and is no number.
    Other(Cow<'e, str>),
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

impl<'e> FieldValue<'e> {
    /// As a quantity; `name` is that of the field, for the problem.
    #[inline]
    pub fn quantity(&self, name: &str) -> Result<Quantity, FieldProblem> {
        match self {
            Self::Whole(number) => Ok(Quantity::whole(*number)),
            Self::Number(number) => Ok(*number),
            Self::Text(text) => Quantity::parse(text).map_err(|_: BadDecimal| self.no_quantity(name)),
            Self::Missing | Self::Null | Self::Other(_) => Err(self.no_quantity(name)),
        }
    }

    #[cold]
    fn no_quantity(&self, name: &str) -> FieldProblem {
        match self {
            Self::Missing => FieldProblem::Missing { field: name.to_owned() },
            Self::Null | Self::Text(_) | Self::Whole(_) | Self::Number(_) | Self::Other(_) => {
                FieldProblem::NotDecimal { field: name.to_owned(), found: self.short() }
            }
        }
    }

    /// Whether the event adds something rather than removes it; an event that does not say adds.
    pub fn adds(&self, name: &str) -> Result<bool, FieldProblem> {
        match self {
            Self::Missing | Self::Null | Self::Text("add") => Ok(true),
            Self::Text("remove") => Ok(false),
            Self::Text(_) | Self::Whole(_) | Self::Number(_) | Self::Other(_) => {
                Err(FieldProblem::NotOperation { field: name.to_owned(), found: self.short() })
            }
        }
    }

    /// As a text to group by; empty where it is missing.
    #[inline]
    pub fn text(self) -> Cow<'e, str> {
        match self {
            Self::Missing | Self::Null => Cow::Borrowed(""),
            Self::Text(text) => Cow::Borrowed(text),
            Self::Whole(number) => Cow::Owned(number.to_string()),
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Other(json) => json,
        }
    }

    /// The same text, written after another.
    #[cfg(feature = "zones")]
    #[inline]
    pub(super) fn write_to(&self, text: &mut String) {
        use fmt::Write;
        // Writing into a String never fails.
        let _: fmt::Result = match self {
            Self::Missing | Self::Null => Ok(()),
            Self::Text(own) => text.write_str(own),
            Self::Whole(number) => write!(text, "{number}"),
            Self::Number(number) => write!(text, "{number}"),
            Self::Other(json) => text.write_str(json),
        };
    }

    /// As JSON, cut to 60 characters.
    fn short(&self) -> String {
        let text = match self {
            Self::Missing | Self::Null => "null".to_owned(),
            Self::Text(text) => Value::from(*text).to_string(),
            Self::Whole(number) => number.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Other(json) => json.clone().into_owned(),
        };
        if text.chars().count() <= 60 { text } else { text.chars().take(57).chain("...".chars()).collect() }
    }
}

impl<'e> From<Option<&'e Value>> for FieldValue<'e> {
    #[inline]
    fn from(value: Option<&'e Value>) -> Self {
        match value {
            None => Self::Missing,
            Some(Value::Null) => Self::Null,
            Some(Value::String(text)) => Self::Text(text),
            Some(Value::Number(number)) => match (number.as_i64(), number.as_u64()) {
                (Some(whole), _) => Self::Whole(whole),
                (None, Some(whole)) => Self::Number(Quantity::from(whole)),
                // A fraction written as a JSON number has already been through a binary float somewhere.
                (None, None) => Self::Other(number.to_string().into()),
            },
            Some(other @ (Value::Bool(_) | Value::Array(_) | Value::Object(_))) => {
                Self::Other(other.to_string().into())
            }
        }
    }
}
