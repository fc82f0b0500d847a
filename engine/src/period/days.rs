//! Counting days: with or without the last one, with months of a fixed length, on the calendar of a zone.
//!
//! Hours of the day and clock changes never matter here: a day is a date, whether it has 23 hours or 25.

#[cfg(feature = "zones")]
use chrono::TimeDelta;
use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

use super::TimeError;
#[cfg(feature = "zones")]
use super::{Instant, Period, Zone};

/// Two dates as they were written; whether the second still belongs to the range is said by [`DayCount`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dates {
    /// The first day.
    pub from: NaiveDate,
    /// The last day, or the day after it.
    pub to: NaiveDate,
}

/// How the days of a range are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayCount {
    /// The first day counts, the last does not: ranges that touch add up.
    HalfOpen,
    /// Both ends count.
    Inclusive,
    /// Every month counts as this many days, whatever the calendar says; the last day does not count.
    FixedMonth(u32),
}

impl Dates {
    /// The range; refused if it ends before it begins.
    pub fn new(from: NaiveDate, to: NaiveDate) -> Result<Self, TimeError> {
        if to < from { Err(TimeError::backwards(from, to)) } else { Ok(Self { from, to }) }
    }

    /// How many days it has; refused if it ends before it begins.
    pub fn count(self, by: DayCount) -> Result<i64, TimeError> {
        let Self { from, to } = Self::new(self.from, self.to)?;
        let apart = to.signed_duration_since(from).num_days();
        let count = match by {
            DayCount::HalfOpen => Some(apart),
            DayCount::Inclusive => apart.checked_add(1),
            DayCount::FixedMonth(days) => fixed(from, to, i64::from(days)),
        };
        count.ok_or(TimeError::OutOfCalendar)
    }

    /// How many months lie between its ends, if it consists of whole months; a clamped day ends a whole month.
    pub fn whole_months(self) -> Option<i64> {
        let ends = |date: NaiveDate| date.succ_opt().is_none_or(|next| next.month() != date.month());
        let (from, to) = (self.from, self.to);
        let whole =
            from.day() == to.day() || (to.day() < from.day() && ends(to)) || (from.day() < to.day() && ends(from));
        if whole { months_between(from, to) } else { None }
    }
}

fn months_between(from: NaiveDate, to: NaiveDate) -> Option<i64> {
    let years = i64::from(to.year()).checked_sub(i64::from(from.year()))?;
    years.checked_mul(12)?.checked_add(i64::from(to.month()))?.checked_sub(i64::from(from.month()))
}

/// Whole months at their fixed length and the difference of the day numbers. 31 January to 1 February is no day at all
/// where months have 30, and never less than none.
fn fixed(from: NaiveDate, to: NaiveDate, month_days: i64) -> Option<i64> {
    let months = months_between(from, to)?.checked_mul(month_days)?;
    let days = i64::from(to.day()).checked_sub(i64::from(from.day()))?;
    months.checked_add(days).map(|days| days.max(0))
}

/// The calendar dates in `zone` of a period's start and end; the end is half-open, as the period's.
#[cfg(feature = "zones")]
pub fn local_dates(period: &Period, zone: Zone) -> Result<Dates, TimeError> {
    if period.end < period.start {
        return Err(TimeError::reversed(period.start, period.end));
    }
    Dates::new(zone.local(period.start)?.date(), zone.local(period.end)?.date())
}

/// How many midnights of `zone` lie between the ends of a period: the difference of its calendar dates.
#[cfg(feature = "zones")]
pub fn days_of(period: &Period, zone: Zone) -> Result<i64, TimeError> {
    local_dates(period, zone)?.count(DayCount::HalfOpen)
}

/// The same clock time `days` calendar days later (earlier if negative) in `zone`: 23, 24 or 25 hours each.
///
/// Where that clock time does not exist, the first instant after the gap; where it comes twice, the first.
#[cfg(feature = "zones")]
pub fn advance_local_days(instant: Instant, days: i64, zone: Zone) -> Result<Instant, TimeError> {
    if days == 0 {
        return Ok(instant);
    }
    let moved = TimeDelta::try_days(days).and_then(|days| zone.local(instant).ok()?.checked_add_signed(days));
    zone.at_local(moved.ok_or(TimeError::OutOfCalendar)?)
}

#[cfg(test)]
mod tests {
    use super::{Dates, DayCount};
    use crate::period::{TimeError, parse_date};

    fn dates(from: &str, to: &str) -> Dates {
        Dates { from: parse_date(from).unwrap(), to: parse_date(to).unwrap() }
    }

    #[test]
    fn each_count_sees_the_ends_by_its_own_rule() {
        let table = [
            ("2024-02-01", "2024-03-01", 29, 30, 30),
            ("2023-02-01", "2023-03-01", 28, 29, 30),
            ("2024-01-01", "2024-01-01", 0, 1, 0),
            ("2023-06-23", "2023-07-15", 22, 23, 22),
            ("2024-02-23", "2024-03-15", 21, 22, 22),
            ("2023-12-15", "2024-02-15", 62, 63, 60),
            ("2024-01-31", "2024-02-01", 1, 2, 0),
        ];
        for (from, to, half_open, inclusive, fixed) in table {
            let range = dates(from, to);
            assert_eq!(range.count(DayCount::HalfOpen), Ok(half_open), "{from} {to}");
            assert_eq!(range.count(DayCount::Inclusive), Ok(inclusive), "{from} {to}");
            assert_eq!(range.count(DayCount::FixedMonth(30)), Ok(fixed), "{from} {to}");
        }
        assert_eq!(dates("2023-06-23", "2023-07-15").count(DayCount::FixedMonth(28)), Ok(20));
        assert_eq!(dates("2023-01-31", "2023-02-01").count(DayCount::FixedMonth(28)), Ok(0));
    }

    #[test]
    fn a_range_that_ends_before_it_begins_is_refused_by_name() {
        let backwards = dates("2024-03-02", "2024-03-01");
        let refused = TimeError::EndsBeforeItBegins { start: "2024-03-02".to_owned(), end: "2024-03-01".to_owned() };
        for count in [DayCount::HalfOpen, DayCount::Inclusive, DayCount::FixedMonth(30)] {
            assert_eq!(backwards.count(count), Err(refused.clone()));
        }
        assert_eq!(Dates::new(backwards.from, backwards.to), Err(refused));
    }

    #[test]
    fn a_clamped_day_ends_a_whole_month() {
        assert_eq!(dates("2024-01-31", "2024-02-29").whole_months(), Some(1));
        assert_eq!(dates("2024-02-29", "2024-03-31").whole_months(), Some(1));
        assert_eq!(dates("2023-11-15", "2024-02-15").whole_months(), Some(3));
        assert_eq!(dates("2024-01-31", "2024-02-28").whole_months(), None);
    }

    #[cfg(feature = "zones")]
    mod local {
        use crate::period::{Instant, Period, TimeError, Zone, advance_local_days, days_of};

        fn at(text: &str) -> Instant {
            text.parse().unwrap()
        }

        #[test]
        fn days_of_23_and_25_hours_are_one_day() {
            let zone = Zone::from_name("America/New_York").unwrap();
            let spring = Period { start: at("2024-03-10T05:00:00Z"), end: at("2024-03-11T04:00:00Z") };
            let autumn = Period { start: at("2024-11-03T04:00:00Z"), end: at("2024-11-04T05:00:00Z") };
            assert_eq!((days_of(&spring, zone), days_of(&autumn, zone)), (Ok(1), Ok(1)));
            assert_eq!(advance_local_days(spring.start, 1, zone), Ok(spring.end));
            assert_eq!(advance_local_days(autumn.end, -1, zone), Ok(autumn.start));
        }

        #[test]
        fn a_reversed_period_and_a_far_date_are_named_errors() {
            let zone = Zone::from_name("UTC").unwrap();
            let reversed = Period { start: at("2024-03-11T00:00:00Z"), end: at("2024-03-10T00:00:00Z") };
            assert!(matches!(days_of(&reversed, zone), Err(TimeError::EndsBeforeItBegins { .. })));
            for days in [i64::MAX, i64::MIN, 4_000_000] {
                assert_eq!(advance_local_days(reversed.start, days, zone), Err(TimeError::OutOfCalendar));
            }
            assert_eq!(advance_local_days(Instant::MAX_UTC, 1, zone), Err(TimeError::OutOfCalendar));
            assert_eq!(advance_local_days(Instant::MIN_UTC, 1, zone), Err(TimeError::OutOfCalendar));
        }

        #[test]
        fn a_clock_time_that_does_not_exist_becomes_the_first_after_the_gap() {
            // New York skips 02:00 to 03:00 on 10 March 2024; 03:00 there is 07:00 UTC.
            let zone = Zone::from_name("America/New_York").unwrap();
            assert_eq!(advance_local_days(at("2024-03-09T07:30:00Z"), 1, zone), Ok(at("2024-03-10T07:00:00Z")));
        }
    }
}
