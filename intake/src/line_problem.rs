//! Why a line or row is no event. Each problem has a sentence for people and a word for programs.

use engine::ids::BadId;

use crate::cloud_event::EventProblem;
use crate::combined::CombinedProblem;
use crate::json::JsonProblem;
use crate::time::TimeProblem;

/// Why a line or row is no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineProblem {
    /// It is longer than lines may be.
    #[error("the line has {length} bytes; at most {limit} are read")]
    TooLong {
        /// How long it is.
        length: u64,
        /// How long it may be.
        limit: usize,
    },
    /// It is not UTF-8.
    #[error("not UTF-8 from byte {0} of the line on")]
    NotText(usize),
    /// No line of an access log.
    #[error(transparent)]
    Combined(#[from] CombinedProblem),
    /// No JSON.
    #[error(transparent)]
    Json(#[from] JsonProblem),
    /// JSON, but no object.
    #[error("the line is JSON, but no object")]
    NotAnObject,
    /// No CloudEvent.
    #[error(transparent)]
    CloudEvent(#[from] EventProblem),
    /// The mapping's expression does not match.
    #[error("the mapping's pattern does not match the line")]
    NoMatch,
    /// A row with more or fewer values than the header.
    #[error("the row has {found} values, the header {expected}")]
    Columns {
        /// How many it has.
        found: usize,
        /// How many it should have.
        expected: usize,
    },
    /// A field that must be there is not.
    #[error("the field {field} is missing; the mapping needs it, unless it says optional = true or a default")]
    Missing {
        /// The field.
        field: String,
    },
    /// A field that holds several values.
    #[error("the field {field} is a list or an object; name one value in it")]
    Many {
        /// The field.
        field: String,
    },
    /// The mapping's pattern for a field does not match.
    #[error("the field {field} is \"{found}\", which the mapping's pattern for it does not match")]
    Pattern {
        /// The field.
        field: String,
        /// What stands there.
        found: String,
    },
    /// A number is wanted and this is none.
    #[error("the field {field} is \"{found}\"; a decimal like 1200 or 0.25 is needed")]
    NotDecimal {
        /// The field.
        field: String,
        /// What stands there.
        found: String,
    },
    /// A number that cannot be kept exactly.
    #[error("the field {field} is {found}; at most 28 digits can be kept exactly")]
    TooManyDigits {
        /// The field.
        field: String,
        /// What stands there.
        found: String,
    },
    /// A whole number is wanted and this is none.
    #[error("the field {field} is {found}; a whole number is needed")]
    NotInteger {
        /// The field.
        field: String,
        /// What stands there.
        found: String,
    },
    /// A binary float that is no whole number.
    #[error(
        "the field {field} is the binary float {found}, which is not exactly what was measured; write decimals, or say \
         float = \"shortest\" in the mapping to take its shortest digits"
    )]
    Float {
        /// The field.
        field: String,
        /// Its shortest digits.
        found: String,
    },
    /// No time.
    #[error("the field {field}: {problem}")]
    Time {
        /// The field.
        field: String,
        /// What is wrong with it.
        problem: TimeProblem,
    },
    /// No customer.
    #[error("customer: {0}")]
    Customer(BadId),
    /// Too long a text.
    #[error("{what} has {length} characters; at most {limit} are kept")]
    LongText {
        /// Of what.
        what: String,
        /// How long it is.
        length: usize,
        /// How long it may be.
        limit: usize,
    },
    /// A control character where one deceives.
    #[error("{what} has a control character")]
    ControlCharacter {
        /// Of what.
        what: String,
    },
    /// An empty id or type.
    #[error("{what} is empty")]
    Empty {
        /// What.
        what: String,
    },
}

impl LineProblem {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "line_too_long",
            Self::NotText(_) => "not_utf8",
            Self::Combined(_) => "not_combined",
            Self::Json(JsonProblem::RepeatedKey(_)) => "repeated_key",
            Self::Json(JsonProblem::Syntax(_) | JsonProblem::TooDeep) => "not_json",
            Self::NotAnObject => "not_an_object",
            Self::CloudEvent(problem) => problem.code(),
            Self::NoMatch => "no_match",
            Self::Columns { .. } => "wrong_columns",
            Self::Missing { .. } => "field_missing",
            Self::Many { .. } => "field_not_single",
            Self::Pattern { .. } => "field_no_match",
            Self::NotDecimal { .. } => "field_not_decimal",
            Self::TooManyDigits { .. } => "field_too_many_digits",
            Self::NotInteger { .. } => "field_not_integer",
            Self::Float { .. } => "field_float",
            Self::Time { problem, .. } => match problem {
                TimeProblem::Unreadable { .. } => "bad_time",
                TimeProblem::NoZone { .. } => "time_without_zone",
                TimeProblem::Skipped { .. } => "time_skipped_by_zone",
                TimeProblem::LeapSecond { .. } => "bad_leap_second",
                TimeProblem::WrongUnit { .. } => "time_in_other_unit",
                TimeProblem::OutOfRange { .. } => "time_out_of_range",
            },
            Self::Customer(_) => "bad_customer",
            Self::LongText { .. } => "text_too_long",
            Self::ControlCharacter { .. } => "control_character",
            Self::Empty { .. } => "empty_attribute",
        }
    }
}
