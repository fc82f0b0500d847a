//! Stretches of time that are billed: half-open, in an IANA zone, so that an event at the edge belongs to one.
//!
//! The zone database is compiled in; neither the machine's nor the browser's is asked.

mod cycle;
mod days;
mod duration;
mod error;
#[cfg(feature = "zones")]
mod floor;
#[cfg(feature = "zones")]
mod grid;
#[cfg(feature = "zones")]
mod schedule;
mod split;
mod zone;

use std::fmt;

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

pub use cycle::{Anchor, Clock, Cycle, FirstPeriod, calendar_month};
pub use days::{Dates, DayCount};
#[cfg(feature = "zones")]
pub use days::{advance_local_days, days_of, local_dates};
pub use duration::{BadDuration, CalendarDuration};
pub use error::TimeError;
#[cfg(feature = "zones")]
pub use floor::{FloorTo, floor};
#[cfg(feature = "zones")]
pub use grid::{Grid, whole_periods};
#[cfg(feature = "zones")]
pub use schedule::{Charged, CyclePeriod, Schedule, Subscribed};
pub use zone::{UnknownZone, Zone};

/// A point in time; written as RFC 3339 in UTC.
pub type Instant = DateTime<Utc>;

/// A day of the calendar; written as `2026-12-31`.
pub type Date = NaiveDate;

/// Reads `YYYY-MM-DD`, ten characters. chrono's own reader takes `2026-1-1` too and weighs more than the rest of it.
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    let mut parts = text.split('-');
    let mut number = |length: usize| {
        let part = parts.next()?;
        let plain = part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
        if plain { part.parse::<u32>().ok() } else { None }
    };
    let (year, month, day) = (number(4)?, number(2)?, number(2)?);
    if parts.next().is_some() {
        return None;
    }
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

/// `start ≤ t < end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// The first instant that belongs to the period.
    pub start: Instant,
    /// The first instant that belongs to the next.
    pub end: Instant,
}

impl Period {
    /// Does `instant` belong to this period?
    pub fn contains(&self, instant: Instant) -> bool {
        self.start <= instant && instant < self.end
    }

    /// What is left of it from `instant` on: all of it before its start, nothing after its end.
    pub fn from(&self, instant: Instant) -> Self {
        Self { start: instant.max(self.start).min(self.end), end: self.end }
    }

    /// The last whole second that belongs to the period, for documents that write ends inclusively; the start if it is
    /// shorter than a second.
    pub fn last_second(&self) -> Instant {
        let second = chrono::TimeDelta::seconds(1);
        self.end.checked_sub_signed(second).unwrap_or(self.start).max(self.start)
    }
}

/// A calendar month, written `2026-12`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Month {
    first: NaiveDate,
}

/// A text that is not a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadMonth(pub String);

impl fmt::Display for BadMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "\"{}\" is not a month; write it as YYYY-MM between 1970-01 and 9998-12, for instance 2026-12",
            self.0
        )
    }
}

impl std::error::Error for BadMonth {}

impl Month {
    /// Reads `YYYY-MM`.
    pub fn parse(text: &str) -> Result<Self, BadMonth> {
        let bad = || BadMonth(text.to_owned());
        let first = parse_date(&format!("{text}-01")).ok_or_else(bad)?;
        if (1970..=9998).contains(&first.year()) { Ok(Self { first }) } else { Err(bad()) }
    }

    /// The month that clocks in `zone` show at `instant`; refused outside 1970 to 9998.
    #[cfg(feature = "zones")]
    pub fn containing(instant: Instant, zone: Zone) -> Result<Self, BadMonth> {
        let date = zone.date_of(instant);
        Self::parse(&format!("{:04}-{:02}", date.year(), date.month()))
    }

    /// Its first day.
    pub fn first_day(self) -> NaiveDate {
        self.first
    }

    /// The first day of the month after.
    pub fn next_first_day(self) -> NaiveDate {
        self.first.checked_add_months(chrono::Months::new(1)).unwrap_or(NaiveDate::MAX)
    }

    /// The period from this month's first instant in `zone` to the next month's.
    #[cfg(feature = "zones")]
    pub fn period(self, zone: Zone) -> Result<Period, BadMonth> {
        let bad = || BadMonth(String::from(self));
        let start = zone.start_of(self.first).ok_or_else(bad)?;
        let end = zone.start_of(self.next_first_day()).ok_or_else(bad)?;
        Ok(Period { start, end })
    }

    /// The last day, for print.
    pub fn last_day(self) -> NaiveDate {
        self.next_first_day().checked_sub_days(Days::new(1)).unwrap_or(self.first)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.first.year(), self.first.month())
    }
}

impl From<Month> for String {
    fn from(month: Month) -> String {
        month.to_string()
    }
}

impl TryFrom<String> for Month {
    type Error = BadMonth;
    fn try_from(text: String) -> Result<Self, BadMonth> {
        Self::parse(&text)
    }
}

#[cfg(test)]
#[cfg(feature = "zones")]
mod tests {
    use super::{Instant, Month, Zone};

    fn period(month: &str, zone: &str) -> (String, String) {
        let period = Month::parse(month).unwrap().period(Zone::from_name(zone).unwrap()).unwrap();
        (period.start.to_rfc3339(), period.end.to_rfc3339())
    }

    #[test]
    fn a_month_begins_at_local_midnight() {
        let (start, end) = period("2026-12", "Asia/Shanghai");
        assert_eq!((start.as_str(), end.as_str()), ("2026-11-30T16:00:00+00:00", "2026-12-31T16:00:00+00:00"));
    }

    #[test]
    fn a_month_with_a_clock_change_is_an_hour_shorter() {
        // Berlin: UTC+1 on 1 March, UTC+2 on 1 April.
        let (start, end) = period("2026-03", "Europe/Berlin");
        assert_eq!((start.as_str(), end.as_str()), ("2026-02-28T23:00:00+00:00", "2026-03-31T22:00:00+00:00"));
    }

    #[test]
    fn a_day_whose_midnight_is_skipped_begins_after_the_gap() {
        // Asunción put the clocks forward at 00:00 on 1 October 2017: the day began at 01:00, UTC-3.
        let (start, _) = period("2017-10", "America/Asuncion");
        assert_eq!(start, "2017-10-01T04:00:00+00:00");
    }

    #[test]
    fn a_leap_february_has_29_days() {
        assert_eq!(Month::parse("2028-02").unwrap().last_day().to_string(), "2028-02-29");
        assert_eq!(Month::parse("2100-02").unwrap().last_day().to_string(), "2100-02-28");
    }

    #[test]
    fn an_instant_at_the_edge_belongs_to_the_later_month_only() {
        let zone = Zone::from_name("Asia/Shanghai").unwrap();
        let edge: Instant = "2026-11-30T16:00:00Z".parse().unwrap();
        let (november, december) = (Month::parse("2026-11").unwrap(), Month::parse("2026-12").unwrap());
        assert!(!november.period(zone).unwrap().contains(edge));
        assert!(december.period(zone).unwrap().contains(edge));
        assert_eq!(Month::containing(edge, zone), Ok(december));
    }

    #[test]
    fn only_year_and_month_in_digits_are_a_month() {
        for bad in ["2026-13", "2026-00", "2026-1", "26-01", "2026", "2026-12-01", "+026-12", "1969-12", "9999-01", ""]
        {
            assert!(Month::parse(bad).is_err(), "{bad}");
        }
    }
}
