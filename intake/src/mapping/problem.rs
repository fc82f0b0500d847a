//! What can be wrong with a mapping, each with its place and with what is allowed.

use std::fmt;

use engine::catalog::Place;
use engine::period::UnknownZone;

/// Something wrong with a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingProblem {
    /// Where in the text.
    pub place: Place,
    /// Where in the structure, for instance `event.time`.
    pub path: String,
    /// What.
    pub kind: MappingKind,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingKind {
    /// Not TOML.
    #[error("this is not TOML: {0}")]
    Syntax(String),
    /// A key that no mapping has.
    #[error("the key \"{key}\" is not known here; known are {}", .allowed.join(", "))]
    UnknownKey {
        /// The key.
        key: String,
        /// What is known.
        allowed: Vec<&'static str>,
    },
    /// A key that must be there is not.
    #[error("{0} is missing")]
    MissingKey(&'static str),
    /// A value of another kind.
    #[error("this is {found}; write {expected}")]
    WrongType {
        /// What it is.
        found: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// A word that is not one of a few.
    #[error("\"{found}\" is not known here; write {}", .allowed.join(", "))]
    NotOneOf {
        /// The word.
        found: String,
        /// The words that are.
        allowed: Vec<&'static str>,
    },
    /// A text that must have something in it.
    #[error("this is empty; {0}")]
    Empty(&'static str),
    /// A regular expression that cannot be read.
    #[error("this is not a regular expression: {0}")]
    Regex(String),
    /// A regular expression whose groups have no names.
    #[error("the expression has no named group; write its parts like (?P<client>…)")]
    NoGroups,
    /// A pattern of times that cannot be read.
    #[error(
        "\"{0}\" is neither rfc3339, unix_seconds, unix_millis, unix_micros nor a pattern like \"%d/%b/%Y:%H:%M:%S %z\" \
         (%s and %Z are not read; an offset needs a time of day)"
    )]
    TimePattern(String),
    /// No such zone.
    #[error("{0}")]
    Zone(UnknownZone),
    /// Times would be without zone.
    #[error(
        "the pattern \"{0}\" has no offset (%z); say in which zone the clock is, for instance zone = \"Asia/Shanghai\""
    )]
    NoZone(String),
    /// A zone that would not be used.
    #[error("these times have their own offset, so that a zone changes nothing; leave it out")]
    UselessZone,
    /// A field that lines of this format do not have.
    #[error("there is no field \"{field}\"; there are {}", .fields.join(", "))]
    UnknownField {
        /// The field.
        field: String,
        /// Those that there are.
        fields: Vec<String>,
    },
    /// Not a decimal.
    #[error("\"{0}\" is not a plain decimal like 1000 or 0.001")]
    NotDecimal(String),
    /// Keys that exclude each other.
    #[error("{0}")]
    Together(&'static str),
    /// Rows without a line to make the id from.
    #[error(
        "rows of a Parquet file need id = [\"…\"], the columns that tell one from another: they have no line to make an id from"
    )]
    NoId,
    /// A number out of its range.
    #[error("{found} is not {allowed}")]
    Range {
        /// What was written.
        found: String,
        /// What may be.
        allowed: &'static str,
    },
}

impl fmt::Display for MappingProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, path, kind } = self;
        write!(f, "line {}, column {}: ", place.line, place.column)?;
        if !path.is_empty() {
            write!(f, "{path}: ")?;
        }
        write!(f, "{kind}")
    }
}

impl std::error::Error for MappingProblem {}
