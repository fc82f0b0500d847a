//! Why a time rule gives no answer: what was asked, and what is allowed.
//!
//! Dates outside the calendar are named errors, never panics and never a wrong date.

use std::fmt;

use chrono::NaiveDate;

use super::{CalendarDuration, Instant};

/// Why a date, a period or a cycle cannot be computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimeError {
    /// The result, or what it is computed from, lies outside the years 1969 to 9999, which
    /// hold the neighbours of every month that can be billed.
    OutOfCalendar,
    /// A stretch of time whose end comes before its beginning.
    EndsBeforeItBegins {
        /// Its beginning, as written.
        start: String,
        /// Its end, as written.
        end: String,
    },
    /// Asked for an instant before the subscription starts.
    BeforeStart {
        /// What was asked for.
        at: Instant,
        /// The subscription's first instant.
        start: Instant,
    },
    /// Asked for an instant at or after the end of the subscription.
    AfterEnd {
        /// What was asked for.
        at: Instant,
        /// The first instant after the subscription.
        end: Instant,
    },
    /// A date was to be moved by hours, minutes or seconds.
    TimeOnDate(CalendarDuration),
    /// A day of the month anchors a cycle that does not consist of whole months.
    DayNeedsMonths(CalendarDuration),
    /// A day of the month outside 1 to 31.
    BadDay(u8),
}

impl TimeError {
    /// The error for a range of dates written the wrong way round.
    pub(crate) fn backwards(from: NaiveDate, to: NaiveDate) -> Self {
        Self::EndsBeforeItBegins { start: from.to_string(), end: to.to_string() }
    }

    /// The error for a period written the wrong way round.
    #[cfg(feature = "zones")]
    pub(crate) fn reversed(start: Instant, end: Instant) -> Self {
        Self::EndsBeforeItBegins { start: start.to_rfc3339(), end: end.to_rfc3339() }
    }
}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfCalendar => f.write_str("a date outside the years 1969 to 9999 cannot be computed with"),
            Self::EndsBeforeItBegins { start, end } => {
                write!(f, "the period from {start} to {end} ends before it begins; its end must not be earlier")
            }
            Self::BeforeStart { at, start } => {
                write!(f, "{} is before the subscription starts at {}", at.to_rfc3339(), start.to_rfc3339())
            }
            Self::AfterEnd { at, end } => {
                write!(f, "{} is not before the subscription's end at {}", at.to_rfc3339(), end.to_rfc3339())
            }
            Self::TimeOnDate(every) => {
                write!(f, "a date cannot be moved by {every}; use years, months, weeks or days")
            }
            Self::DayNeedsMonths(every) => {
                write!(f, "a day of the month cannot anchor a cycle of {every}; use whole months like P1M or P1Y")
            }
            Self::BadDay(day) => write!(f, "{day} is not a day of a month; allowed are 1 to 31"),
        }
    }
}

impl std::error::Error for TimeError {}
