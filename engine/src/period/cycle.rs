//! What repeats: a billing cycle as it stands in a book, before it meets a subscription and its zone.
//!
//! Only data. The anchor is kept apart from the day to which a short month clamps it; [`super::Schedule`] computes.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{CalendarDuration, Instant};

/// A billing cycle, for instance every `P1M` from the subscription's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cycle {
    /// How long a whole period is.
    pub every: CalendarDuration,
    /// Where the boundaries lie.
    #[serde(default)]
    pub anchor: Anchor,
    /// Where the first period ends if the subscription starts between two boundaries.
    #[serde(default)]
    pub first: FirstPeriod,
    /// At which time of the day the boundaries lie.
    #[serde(default)]
    pub clock: Clock,
}

/// A point of the calendar from which all boundaries are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// The calendar's own boundaries: 1 January, the first of a month, Monday, midnight.
    #[default]
    Calendar,
    /// The start of the subscription: anniversaries.
    Start,
    /// This day of the month, 1 to 31, in the month in which the subscription starts; for cycles of months.
    Day(u8),
    /// This instant, which may lie before or after the start.
    At(Instant),
}

/// Where the first period of a subscription ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FirstPeriod {
    /// At the first boundary after the start: the anchor and whole periods before and after it.
    #[default]
    NextBoundary,
    /// At the anchor's day in the month in which the subscription starts or, once that day has come, whole periods
    /// after it. A yearly cycle that starts a day late waits for a year. For cycles of months.
    AnchorDayOfMonth,
    /// At the anchor itself while that is ahead, however far; later a whole period after the start, moved to the
    /// anchor's day of the month or of the week.
    AtAnchor,
    /// A whole period after the start, moved to the anchor's day of the month, of the year or of the week: never short,
    /// up to 17 months for a year.
    WholePeriod,
}

/// The time of day of a boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// Local midnight: whole days are billed, and the day on which a subscription starts counts from its beginning.
    #[default]
    Midnight,
    /// The anchor's time of day.
    Anchor,
}

impl Cycle {
    /// Calendar months: what a book has that says nothing.
    pub fn calendar_months() -> Self {
        Self {
            every: calendar_month(),
            anchor: Anchor::Calendar,
            first: FirstPeriod::NextBoundary,
            clock: Clock::Midnight,
        }
    }
}

/// One month of the calendar.
pub fn calendar_month() -> CalendarDuration {
    CalendarDuration::MONTH
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Calendar => f.write_str("the calendar"),
            Self::Start => f.write_str("the start"),
            Self::Day(day) => write!(f, "day {day}"),
            Self::At(instant) => f.write_str(&instant.to_rfc3339()),
        }
    }
}

impl fmt::Display for FirstPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NextBoundary => "to the next boundary",
            Self::AnchorDayOfMonth => "to the anchor's day of the month",
            Self::AtAnchor => "to the anchor",
            Self::WholePeriod => "a whole period on",
        })
    }
}

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "every {} from {}, first {}", self.every, self.anchor, self.first)?;
        match self.clock {
            Clock::Midnight => Ok(()),
            Clock::Anchor => f.write_str(", at the anchor's time of day"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Anchor, Clock, Cycle, FirstPeriod};

    #[test]
    fn a_cycle_is_data_with_defaults() {
        let cycle: Cycle = serde_json::from_str(r#"{"every": "P1M"}"#).unwrap();
        assert_eq!(
            (cycle.anchor, cycle.first, cycle.clock),
            (Anchor::Calendar, FirstPeriod::NextBoundary, Clock::Midnight)
        );
        assert_eq!(cycle.to_string(), "every P1M from the calendar, first to the next boundary");

        let text = r#"{"every":"P3M","anchor":{"day":31},"first":"anchor_day_of_month","clock":"anchor"}"#;
        let cycle: Cycle = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&cycle).unwrap(), text);
        assert_eq!(
            cycle.to_string(),
            "every P3M from day 31, first to the anchor's day of the month, at the anchor's time of day"
        );
    }

    #[test]
    fn empty_cycles_and_unknown_words_are_refused() {
        for text in [
            r#"{"every": "P0D"}"#,
            r#"{"every": "-P1M"}"#,
            r#"{"every": "P1M", "anchor": "easter"}"#,
            r#"{"every": "P1M", "ancor": "start"}"#,
            r#"{"every": "P1M", "anchor": {"day": 300}}"#,
        ] {
            assert!(serde_json::from_str::<Cycle>(text).is_err(), "{text}");
        }
    }
}
