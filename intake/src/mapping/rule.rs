//! The parts of a valid mapping. Nothing here reads text; `read` builds it and `apply` uses it.

use engine::quantity::Quantity;
use regex::Regex;

use crate::record::FieldPath;
use crate::time::TimeFormat;

/// How a line or row becomes fields.
#[derive(Debug, Clone)]
pub enum Format {
    /// Access log lines of nginx and Apache, combined or common.
    Combined,
    /// A JSON object a line.
    Json,
    /// Lines that a regular expression with named groups takes apart.
    Regex(Regex),
    /// A table as text, its first row naming the columns.
    Csv {
        /// What stands between two values.
        delimiter: u8,
    },
    /// An Apache Parquet file.
    Parquet,
}

/// How fields become an event.
#[derive(Debug, Clone)]
pub struct EventRule {
    /// The event's type.
    pub kind: Pick,
    /// The customer.
    pub customer: Pick,
    /// When it happened.
    pub time: TimePick,
    /// The fields that make the id; none: the line makes it.
    pub id: Vec<FieldPath>,
    /// The event's data.
    pub data: Vec<(String, Pick)>,
    /// What all lines that count have.
    pub only: Vec<Condition>,
    /// What no line that counts has.
    pub except: Vec<Condition>,
    /// Texts that mean that there is nothing.
    pub absent: Vec<String>,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// From a field.
    Field(FieldPath),
    /// It is always the same.
    Constant(String),
}

/// How a value is taken.
#[derive(Debug, Clone)]
pub struct Pick {
    /// From where.
    pub source: Source,
    /// What of it: the first group of the pattern, or all that it matches.
    pub pattern: Option<Regex>,
    /// What stands for a value that is missing or that the pattern does not match.
    pub default: Option<String>,
    /// Whether it may be missing.
    pub optional: bool,
    /// What it is kept as.
    pub kept: As,
    /// What a number is multiplied by.
    pub scale: Option<Quantity>,
    /// How many characters of it are kept; what is longer is refused where nothing is said.
    pub cut: Option<usize>,
    /// Whether a binary float is taken for the shortest decimal that means the same float.
    pub shortest_float: bool,
}

/// What a value is kept as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum As {
    /// As what it was written.
    Written,
    /// As a text.
    Text,
    /// As a decimal.
    Decimal,
    /// As a whole number.
    Integer,
}

/// How the time is taken.
#[derive(Debug, Clone)]
pub struct TimePick {
    /// From which field.
    pub field: FieldPath,
    /// How it is written.
    pub format: TimeFormat,
}

/// A field and the values of which it must have one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The field; one that is missing is an empty text.
    pub field: FieldPath,
    /// The values.
    pub values: Vec<String>,
}

impl EventRule {
    /// All fields that the rule reads, some perhaps twice.
    pub fn fields(&self) -> Vec<&FieldPath> {
        let picks = [&self.kind, &self.customer].into_iter().chain(self.data.iter().map(|(_, pick)| pick));
        let mut fields: Vec<&FieldPath> = picks
            .filter_map(|pick| match &pick.source {
                Source::Field(path) => Some(path),
                Source::Constant(_) => None,
            })
            .collect();
        fields.push(&self.time.field);
        fields.extend(&self.id);
        fields.extend(self.only.iter().chain(&self.except).map(|condition| &condition.field));
        fields
    }
}
