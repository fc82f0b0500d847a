//! ISO 8601 durations on the calendar: `P1M`, `P1Y6M`, `P28D`, `P1W`, `PT1H`.
//!
//! Years and months come first and clamp to the length of the month (31 January and a month is 28 February, never
//! 3 March), then days, then time. Never empty and never negative: a cycle has to get on.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};

use super::TimeError;
#[cfg(feature = "zones")]
use super::{Instant, Zone};

/// A length of time on the calendar, longer than nothing. Years are said in months and weeks in days, which is exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CalendarDuration {
    months: u32,
    days: u32,
    seconds: u32,
}

/// Why a text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadDuration {
    /// Not written as ISO 8601 asks.
    Form(String),
    /// Nothing at all, for instance `P0D`.
    Zero(String),
    /// With a minus sign.
    Negative(String),
    /// More than 1000 years.
    TooLong(String),
}

impl fmt::Display for BadDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(text) => write!(
                f,
                "\"{text}\" is not a duration of ISO 8601 in whole numbers, for instance P1M, P1Y, P28D, P1W or PT1H"
            ),
            Self::Zero(text) => write!(f, "\"{text}\" is no time at all; a duration must be longer, for instance P1D"),
            Self::Negative(text) => write!(f, "\"{text}\" is negative; a duration must be longer than nothing"),
            Self::TooLong(text) => write!(f, "\"{text}\" is longer than 1000 years"),
        }
    }
}

impl std::error::Error for BadDuration {}

/// The longest that each part may be: 1000 years of months or days, a century of seconds.
const MAX_MONTHS: u64 = 12_000;
const MAX_DAYS: u64 = 365_242;
const MAX_SECONDS: u64 = 3_155_692_600;

impl CalendarDuration {
    /// One month.
    pub const MONTH: Self = Self { months: 1, days: 0, seconds: 0 };

    /// Whether a whole number of these makes up `whole` exactly, whatever the calendar: months of months, days of
    /// days, seconds of seconds.
    pub fn fills(self, whole: Self) -> bool {
        let count = |part: u32, whole: u32| if whole.checked_rem(part)? == 0 { whole.checked_div(part) } else { None };
        match (self.months, self.days, self.seconds) {
            (months, 0, 0) => whole.days == 0 && whole.seconds == 0 && count(months, whole.months).is_some(),
            (0, days, 0) => whole.months == 0 && whole.seconds == 0 && count(days, whole.days).is_some(),
            (0, 0, seconds) => whole.months == 0 && whole.days == 0 && count(seconds, whole.seconds).is_some(),
            _ => self == whole,
        }
    }

    /// Reads `P[n]Y[n]M[n]W[n]DT[n]H[n]M[n]S` in whole numbers, at least one part.
    pub fn parse(text: &str) -> Result<Self, BadDuration> {
        if text.contains('-') {
            return Err(BadDuration::Negative(text.to_owned()));
        }
        let bad = || BadDuration::Form(text.to_owned());
        let rest = text.strip_prefix('P').ok_or_else(bad)?;
        let (date, time) = match rest.split_once('T') {
            Some((_, "")) => return Err(bad()),
            Some((date, time)) => (date, time),
            None => (rest, ""),
        };
        if rest.is_empty() {
            return Err(bad());
        }
        let [years, months, weeks, days] = parts(date, ['Y', 'M', 'W', 'D']).ok_or_else(bad)?;
        let [hours, minutes, seconds] = parts(time, ['H', 'M', 'S']).ok_or_else(bad)?;
        let too_long = || BadDuration::TooLong(text.to_owned());
        let sum = |terms: &[(u64, u64)], limit: u64| {
            let sum = terms.iter().try_fold(0_u64, |sum, (count, size)| count.checked_mul(*size)?.checked_add(sum));
            sum.filter(|sum| *sum <= limit).and_then(|sum| u32::try_from(sum).ok()).ok_or_else(too_long)
        };
        let duration = Self {
            months: sum(&[(years, 12), (months, 1)], MAX_MONTHS)?,
            days: sum(&[(weeks, 7), (days, 1)], MAX_DAYS)?,
            seconds: sum(&[(hours, 3600), (minutes, 60), (seconds, 1)], MAX_SECONDS)?,
        };
        if duration.months == 0 && duration.days == 0 && duration.seconds == 0 {
            return Err(BadDuration::Zero(text.to_owned()));
        }
        Ok(duration)
    }

    /// Its years and months, in months.
    pub fn months(self) -> u32 {
        self.months
    }

    /// Its weeks and days, in days.
    pub fn days(self) -> u32 {
        self.days
    }

    /// Its hours, minutes and seconds, in seconds.
    pub fn seconds(self) -> u32 {
        self.seconds
    }

    /// `count` of these durations as one; refused if that is nothing or too long.
    pub fn times(self, count: u32) -> Result<Self, BadDuration> {
        let text = || format!("{count} times {self}");
        if count == 0 {
            return Err(BadDuration::Zero(text()));
        }
        let part = |part: u32, limit: u64| {
            let product = part.checked_mul(count).filter(|product| u64::from(*product) <= limit);
            product.ok_or_else(|| BadDuration::TooLong(text()))
        };
        Ok(Self {
            months: part(self.months, MAX_MONTHS)?,
            days: part(self.days, MAX_DAYS)?,
            seconds: part(self.seconds, MAX_SECONDS)?,
        })
    }

    /// `date` moved by `times` durations: months first, clamped to the length of the month, then days.
    ///
    /// Several steps are one: 31 January and two months is 31 March. Refuses durations with hours.
    pub fn add_to_date(self, date: NaiveDate, times: i64) -> Result<NaiveDate, TimeError> {
        if self.seconds != 0 {
            return Err(TimeError::TimeOnDate(self));
        }
        self.step(DayOfMonth::of(date), times)
    }

    /// `instant` moved by `times` durations on the clock of `zone`: months, then days, then elapsed hours.
    #[cfg(feature = "zones")]
    pub fn add_to(self, instant: Instant, zone: Zone, times: i64) -> Result<Instant, TimeError> {
        let local = zone.local(instant)?;
        let moved = if self.months == 0 && self.days == 0 {
            instant
        } else {
            let date = self.step(DayOfMonth::of(local.date()), times)?;
            if times == 0 { instant } else { zone.at_local(date.and_time(local.time()))? }
        };
        self.add_seconds(moved, times)
    }

    /// The date part of `times` durations from a day that is kept apart from the length of its month.
    pub(super) fn step(self, from: DayOfMonth, times: i64) -> Result<NaiveDate, TimeError> {
        let months = times.checked_mul(i64::from(self.months)).ok_or(TimeError::OutOfCalendar)?;
        let days = times.checked_mul(i64::from(self.days)).ok_or(TimeError::OutOfCalendar)?;
        let date = from.months_on(months)?;
        let moved = TimeDelta::try_days(days).and_then(|days| date.checked_add_signed(days));
        moved.filter(|date| in_calendar(*date)).ok_or(TimeError::OutOfCalendar)
    }

    #[cfg(feature = "zones")]
    pub(super) fn add_seconds(self, instant: Instant, times: i64) -> Result<Instant, TimeError> {
        let seconds = times.checked_mul(i64::from(self.seconds)).and_then(TimeDelta::try_seconds);
        let moved = seconds.and_then(|seconds| instant.checked_add_signed(seconds));
        moved.filter(|moved| in_calendar(moved.date_naive())).ok_or(TimeError::OutOfCalendar)
    }
}

/// May this date be computed with? Wide enough for the neighbours of every date that may be billed.
pub(super) fn in_calendar(date: NaiveDate) -> bool {
    (1969..=9999).contains(&date.year())
}

/// A month and a day that it may not have: the anchor, kept apart from the day to which it is clamped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DayOfMonth {
    pub(super) year: i32,
    pub(super) month: u32,
    /// 1 to 31.
    pub(super) day: u32,
}

impl DayOfMonth {
    pub(super) fn of(date: NaiveDate) -> Self {
        Self { year: date.year(), month: date.month(), day: date.day() }
    }

    /// The same day `months` on, or the last day of that month if it is shorter.
    pub(super) fn months_on(self, months: i64) -> Result<NaiveDate, TimeError> {
        self.find(months).filter(|date| in_calendar(*date)).ok_or(TimeError::OutOfCalendar)
    }

    fn find(self, months: i64) -> Option<NaiveDate> {
        let count = i64::from(self.year).checked_mul(12)?.checked_add(i64::from(self.month))?.checked_sub(1)?;
        let count = count.checked_add(months)?;
        let year = i32::try_from(count.checked_div_euclid(12)?).ok()?;
        let month = u32::try_from(count.checked_rem_euclid(12)?).ok()?.checked_add(1)?;
        (28..=self.day.max(28)).rev().find_map(|last| NaiveDate::from_ymd_opt(year, month, self.day.min(last)))
    }
}

/// The numbers before `units`, in this order, each at most once; 0 for those that are missing.
fn parts<const N: usize>(text: &str, units: [char; N]) -> Option<[u64; N]> {
    let mut found = [0_u64; N];
    let mut rest = text;
    for (slot, unit) in found.iter_mut().zip(units) {
        if let Some((digits, after)) = rest.split_once(unit) {
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            *slot = digits.parse().ok()?;
            rest = after;
        }
    }
    rest.is_empty().then_some(found)
}

impl fmt::Display for CalendarDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |f: &mut fmt::Formatter<'_>, count: u32, unit: char| {
            if count == 0 { Ok(()) } else { write!(f, "{count}{unit}") }
        };
        let split =
            |count: u32, size: u32| (count.checked_div(size).unwrap_or(0), count.checked_rem(size).unwrap_or(0));
        let (years, months) = split(self.months, 12);
        let (hours, rest) = split(self.seconds, 3600);
        let (minutes, seconds) = split(rest, 60);
        f.write_str("P")?;
        part(f, years, 'Y')?;
        part(f, months, 'M')?;
        part(f, self.days, 'D')?;
        if self.seconds != 0 {
            f.write_str("T")?;
        }
        part(f, hours, 'H')?;
        part(f, minutes, 'M')?;
        part(f, seconds, 'S')
    }
}

impl FromStr for CalendarDuration {
    type Err = BadDuration;
    fn from_str(text: &str) -> Result<Self, BadDuration> {
        Self::parse(text)
    }
}

impl TryFrom<String> for CalendarDuration {
    type Error = BadDuration;
    fn try_from(text: String) -> Result<Self, BadDuration> {
        Self::parse(&text)
    }
}

impl From<CalendarDuration> for String {
    fn from(duration: CalendarDuration) -> String {
        duration.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::{BadDuration, CalendarDuration};
    use crate::period::{TimeError, parse_date};

    fn on(date: &str, duration: &str, times: i64) -> String {
        let moved = CalendarDuration::parse(duration).unwrap().add_to_date(parse_date(date).unwrap(), times);
        moved.map_or_else(|error| error.to_string(), |date| date.to_string())
    }

    #[test]
    fn a_duration_is_read_and_written_in_one_way() {
        let table = [
            ("P1M", "P1M"),
            ("P12M", "P1Y"),
            ("P1Y6M", "P1Y6M"),
            ("P1W", "P7D"),
            ("P1M2W3D", "P1M17D"),
            ("PT90M", "PT1H30M"),
            ("P1DT1S", "P1DT1S"),
        ];
        for (text, written) in table {
            let duration = CalendarDuration::parse(text).unwrap();
            assert_eq!(duration.to_string(), written);
            assert_eq!(CalendarDuration::parse(written), Ok(duration));
            assert_eq!(serde_json::to_string(&duration).unwrap(), format!("\"{written}\""));
        }
    }

    #[test]
    fn empty_negative_fractional_and_endless_durations_are_refused_by_name() {
        for text in
            ["", "P", "PT", "1M", "P1", "P1MT", "P1.5M", "P1M1Y", "PT1D", "P1M1M", "p1m", "P+1M", "P１M", " P1M"]
        {
            assert_eq!(CalendarDuration::parse(text), Err(BadDuration::Form(text.to_owned())), "{text}");
        }
        for text in ["P0D", "P0Y0M", "PT0S"] {
            assert_eq!(CalendarDuration::parse(text), Err(BadDuration::Zero(text.to_owned())));
        }
        for text in ["-P1M", "P-1M"] {
            assert_eq!(CalendarDuration::parse(text), Err(BadDuration::Negative(text.to_owned())));
        }
        for text in ["P1001Y", "P18446744073709551615Y", "PT999999999H"] {
            assert_eq!(CalendarDuration::parse(text), Err(BadDuration::TooLong(text.to_owned())));
        }
    }

    #[test]
    fn months_clamp_and_come_back_because_steps_are_taken_at_once() {
        assert_eq!(on("2026-01-31", "P1M", 1), "2026-02-28");
        assert_eq!(on("2026-01-31", "P1M", 2), "2026-03-31");
        assert_eq!(on("2024-02-29", "P1Y", 1), "2025-02-28");
        assert_eq!(on("2024-02-29", "P1Y", 4), "2028-02-29");
        assert_eq!(on("2026-03-31", "P1M", -1), "2026-02-28");
        assert_eq!(on("2026-01-31", "P1M1D", 1), "2026-03-01");
        assert_eq!(on("2026-12-31", "P28D", 1), "2027-01-28");
    }

    #[test]
    fn dates_outside_the_calendar_and_hours_on_dates_are_named_errors() {
        let far = "a date outside the years 1969 to 9999 cannot be computed with";
        assert_eq!(on("9999-01-31", "P1Y", 1), far);
        assert_eq!(on("1970-01-31", "P1M", i64::MAX), far);
        assert_eq!(on("1970-01-31", "P1M", i64::MIN), far);
        assert_eq!(on("1970-01-31", "P1D", -1_000), far);
        let hour = CalendarDuration::parse("PT1H").unwrap();
        let refused = hour.add_to_date(parse_date("2026-01-01").unwrap(), 1);
        assert_eq!(refused, Err(TimeError::TimeOnDate(hour)));
    }
}
