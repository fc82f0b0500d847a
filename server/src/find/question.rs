//! What is asked about events: the query of an address or the flags of a command, checked. Knows no database.

use std::fmt;

use chrono::{DateTime, TimeDelta};
use engine::period::Instant;
use ledger::Place;

use crate::db::to_us;

/// Why a question cannot be answered as it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuestionError {
    /// No such parameter.
    #[error(
        "there is no parameter \"{0}\"; there are: from, to, at, meter, type, source, where.FIELD, group, limit, after, per, format, columns"
    )]
    Unknown(String),
    /// Given twice.
    #[error("{0} is given twice; give it once")]
    Twice(&'static str),
    /// Empty.
    #[error("{0} is empty; leave it out or give it a value")]
    Empty(&'static str),
    /// Not a time.
    #[error("{name} is \"{value}\"; write a time with its zone like 2026-11-02T10:00:03Z or 2026-11-02T18:00:03+08:00")]
    Time {
        /// Which parameter.
        name: &'static str,
        /// What it says.
        value: String,
    },
    /// Two ways to say when.
    #[error("at stands for one second; it does not go together with from and to")]
    AtAndRange,
    /// The range ends before it begins.
    #[error("from ({from}) is not before to ({to}); the range is half-open, from ≤ t < to")]
    NoRange {
        /// Its beginning.
        from: Instant,
        /// Its end.
        to: Instant,
    },
    /// Not a limit.
    #[error("limit is \"{0}\"; write a whole number from 1 on; a page as JSON has 1000 at most")]
    Limit(String),
    /// Not a cursor of ours.
    #[error("after is not the \"next\" of an answer; leave it out to begin anew")]
    Cursor,
    /// Not a step.
    #[error("per is \"{0}\"; write second, minute, hour or day")]
    Step(String),
    /// Not a format.
    #[error("format is \"{0}\"; write json, ndjson or csv")]
    Format(String),
    /// A profile without an end.
    #[error("a profile needs from and to, or at")]
    NoBounds,
    /// Too many steps.
    #[error(
        "from {from} to {to} are {steps} steps of a {per}; a profile has {STEPS_MAX} at most: ask for longer steps or less time"
    )]
    TooManySteps {
        /// Its beginning.
        from: Instant,
        /// Its end.
        to: Instant,
        /// How many there would be.
        steps: i64,
        /// How long each is.
        per: Step,
    },
}

/// The most steps that a profile may have.
pub const STEPS_MAX: i64 = 100_000;

/// The most events on a page of JSON.
pub const PAGE_MAX: usize = 1000;

/// How long a step of a profile is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A second.
    Second,
    /// 60 seconds.
    Minute,
    /// 3,600 seconds.
    Hour,
    /// 86,400 seconds, also on days when clocks change.
    Day,
}

impl Step {
    const ALL: [Self; 4] = [Self::Second, Self::Minute, Self::Hour, Self::Day];

    /// Its length in microseconds.
    pub fn us(self) -> i64 {
        match self {
            Self::Second => 1_000_000,
            Self::Minute => 60_000_000,
            Self::Hour => 3_600_000_000,
            Self::Day => 86_400_000_000,
        }
    }

    /// Reads its word.
    pub fn read(word: &str) -> Result<Self, QuestionError> {
        let found = Self::ALL.into_iter().find(|step| step.to_string() == word);
        found.ok_or_else(|| QuestionError::Step(word.to_owned()))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        })
    }
}

/// How events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A page as one object.
    Json,
    /// All of them, one object a line.
    Ndjson,
    /// All of them, for spreadsheets.
    Csv,
}

/// A checked question about events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Question {
    /// From this time on.
    pub from: Option<Instant>,
    /// To before this time.
    pub to: Option<Instant>,
    /// Only what this meter of the customer's book counts.
    pub meter: Option<String>,
    /// Only of this type.
    pub kind: Option<String>,
    /// Only of this source.
    pub source: Option<String>,
    /// Only with one of these values in each of these fields.
    pub fields: Vec<(String, Vec<String>)>,
    /// Of the groups of the line's charge only this one: the values of the meter's dimensions, in their order.
    pub group: Vec<String>,
    /// At most so many.
    pub limit: Option<usize>,
    /// Only what comes after this place.
    pub after: Option<Place>,
    /// The step of a profile.
    pub per: Option<Step>,
    /// How events are written.
    pub format: Option<Format>,
    /// The fields that get a column of their own.
    pub columns: Option<Vec<String>>,
}

impl Question {
    /// Reads names and values, as they stand in an address.
    pub fn read<'q>(pairs: impl IntoIterator<Item = (&'q str, &'q str)>) -> Result<Self, QuestionError> {
        let (mut question, mut at) = (Self::default(), None);
        for (name, value) in pairs {
            match name {
                "from" => once("from", &mut question.from, time("from", value)?)?,
                "to" => once("to", &mut question.to, time("to", value)?)?,
                "at" => once("at", &mut at, time("at", value)?)?,
                "meter" => once("meter", &mut question.meter, text("meter", value)?)?,
                "type" => once("type", &mut question.kind, text("type", value)?)?,
                "source" => once("source", &mut question.source, text("source", value)?)?,
                "group" => question.group.push(value.to_owned()),
                "limit" => once("limit", &mut question.limit, limit(value)?)?,
                "after" => once("after", &mut question.after, place(value).ok_or(QuestionError::Cursor)?)?,
                "per" => once("per", &mut question.per, Step::read(value)?)?,
                "format" => once("format", &mut question.format, format(value)?)?,
                "columns" => {
                    let columns = text("columns", value)?.split(',').map(|name| name.trim().to_owned()).collect();
                    once("columns", &mut question.columns, columns)?;
                }
                other => match other.strip_prefix("where.").filter(|field| !field.is_empty()) {
                    Some(field) => question.one_of(field, value),
                    None => return Err(QuestionError::Unknown(other.to_owned())),
                },
            }
        }
        question.bounded(at)
    }

    /// The same field named again: one value or the other.
    fn one_of(&mut self, field: &str, value: &str) {
        match self.fields.iter_mut().find(|(name, _)| name == field) {
            Some((_, values)) => values.push(value.to_owned()),
            None => self.fields.push((field.to_owned(), vec![value.to_owned()])),
        }
    }

    fn bounded(self, at: Option<Instant>) -> Result<Self, QuestionError> {
        let Some(at) = at else {
            return match (self.from, self.to) {
                (Some(from), Some(to)) if from >= to => Err(QuestionError::NoRange { from, to }),
                (_, _) => Ok(self),
            };
        };
        if self.from.is_some() || self.to.is_some() {
            return Err(QuestionError::AtAndRange);
        }
        let start = Instant::from_timestamp(at.timestamp(), 0).unwrap_or(at);
        Ok(Self { from: Some(start), to: start.checked_add_signed(TimeDelta::seconds(1)), ..self })
    }

    /// Whether nothing but customer and time is asked for.
    pub fn is_plain(&self) -> bool {
        self.meter.is_none() && self.kind.is_none() && self.source.is_none() && self.fields.is_empty()
    }

    /// The time in microseconds, half-open; what is not said is all there is.
    pub fn span_us(&self) -> (i64, i64) {
        (self.from.map_or(i64::MIN, to_us), self.to.map_or(i64::MAX, to_us))
    }
}

fn once<T>(name: &'static str, place: &mut Option<T>, value: T) -> Result<(), QuestionError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(QuestionError::Twice(name)),
    }
}

fn text(name: &'static str, value: &str) -> Result<String, QuestionError> {
    if value.is_empty() { Err(QuestionError::Empty(name)) } else { Ok(value.to_owned()) }
}

fn time(name: &'static str, value: &str) -> Result<Instant, QuestionError> {
    // In an address a bare + means a space; no time has one before its offset otherwise.
    let read = |text: &str| DateTime::parse_from_rfc3339(text).ok();
    let found = read(value).or_else(|| read(&value.replace(' ', "+")));
    let wrong = || QuestionError::Time { name, value: value.to_owned() };
    found.map(|time| time.to_utc()).ok_or_else(wrong)
}

fn limit(value: &str) -> Result<usize, QuestionError> {
    let limit = value.parse().ok().filter(|limit| *limit > 0);
    limit.ok_or_else(|| QuestionError::Limit(value.to_owned()))
}

fn format(value: &str) -> Result<Format, QuestionError> {
    match value {
        "json" => Ok(Format::Json),
        "ndjson" => Ok(Format::Ndjson),
        "csv" => Ok(Format::Csv),
        other => Err(QuestionError::Format(other.to_owned())),
    }
}

/// A place as a cursor, which says nothing to its reader.
pub fn cursor(place: &Place) -> String {
    let text = serde_json::json!([place.time_us, place.source, place.id]).to_string();
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn place(cursor: &str) -> Option<Place> {
    let digits: Option<Vec<u8>> = cursor.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
    let bytes: Option<Vec<u8>> = digits?
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some((high << 4) | low),
            _ => None,
        })
        .collect();
    let (time_us, source, id) = serde_json::from_slice(&bytes?).ok()?;
    Some(Place { time_us, source, id })
}

#[cfg(test)]
mod tests {
    use super::{Place, Question, QuestionError, Step, cursor};

    fn read(pairs: &[(&'static str, &'static str)]) -> Result<Question, QuestionError> {
        Question::read(pairs.iter().copied())
    }

    #[test]
    fn a_second_is_from_its_beginning_to_the_next_one() {
        for at in [
            "2026-11-02T10:00:03Z",
            "2026-11-02T10:00:03.999Z",
            "2026-11-02T18:00:03+08:00",
            "2026-11-02T18:00:03 08:00",
        ] {
            let question = read(&[("at", at)]).unwrap();
            // 2026-11-02T10:00:03Z is 1,793,613,603 seconds after 1970.
            assert_eq!(question.span_us(), (1_793_613_603_000_000, 1_793_613_604_000_000), "{at}");
        }
    }

    #[test]
    fn a_field_named_twice_is_one_or_the_other_and_two_fields_are_both() {
        let question = read(&[("where.status", "500"), ("where.api", "maps"), ("where.status", "503")]).unwrap();
        let expected = [
            ("status".to_owned(), vec!["500".to_owned(), "503".to_owned()]),
            ("api".to_owned(), vec!["maps".to_owned()]),
        ];
        assert_eq!(question.fields, expected);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_name() {
        let (from, to) = (("from", "2026-11-02T10:00:03Z"), ("to", "2026-11-02T10:00:03Z"));
        for (pairs, part) in [
            (vec![("colour", "red")], "no parameter \"colour\""),
            (vec![("where.", "1")], "no parameter \"where.\""),
            (vec![("from", "2026-11-02T10:00:03")], "with its zone"),
            (vec![from, to], "not before"),
            (vec![from, ("at", "2026-11-02T10:00:03Z")], "does not go together"),
            (vec![from, from], "given twice"),
            (vec![("limit", "0")], "limit is \"0\""),
            (vec![("after", "zz")], "after is not"),
            (vec![("after", "5b")], "after is not"),
            (vec![("per", "week")], "second, minute, hour or day"),
            (vec![("format", "xml")], "json, ndjson or csv"),
            (vec![("meter", "")], "meter is empty"),
        ] {
            let said = read(&pairs).unwrap_err().to_string();
            assert!(said.contains(part), "{pairs:?}: {said}");
        }
    }

    #[test]
    fn a_cursor_leads_back_to_its_place() {
        let place = Place { time_us: -5, source: "/上海".to_owned(), id: "a\"b".to_owned() };
        let cursor = cursor(&place);
        let question = Question::read([("after", cursor.as_str())]).unwrap();
        assert_eq!(question.after, Some(place));
        assert_eq!(Step::read("hour").unwrap().us(), 3_600_000_000);
    }
}
