//! The stretch of time that is counted, and the whole of which shares of it are taken.
//!
//! A subscription that starts or ends inside a period shortens what is counted, never the whole: shares stay
//! comparable with those of a full period.

use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};

use crate::exact::{Exact, Overflow};
use crate::period::{Instant, Period, Zone};

/// What is counted, in which zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The zone of days and windows.
    pub zone: Zone,
    /// Events of this period count.
    pub period: Period,
    /// What shares of time are taken of.
    pub whole: Whole,
}

/// The whole of which shares of time are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whole {
    /// A period, with as many days as its calendar has.
    Period(Period),
    /// So many days of 24 hours, whatever the calendar says.
    Days(u32),
}

impl Span {
    /// A whole period.
    pub fn new(zone: Zone, period: Period) -> Self {
        Self { zone, period, whole: Whole::Period(period) }
    }

    /// The days from `first` to `last`, both included; `None` if they are not in this order or outside the calendar.
    pub fn of_days(zone: Zone, first: NaiveDate, last: NaiveDate) -> Option<Self> {
        if last < first {
            return None;
        }
        let period = Period { start: zone.start_of(first)?, end: zone.start_of(last.succ_opt()?)? };
        Some(Self::new(zone, period))
    }

    /// From `start` to `last_second`, which still belongs to it, as some documents write their ends.
    pub fn through(zone: Zone, start: Instant, last_second: Instant) -> Option<Self> {
        let end = last_second.checked_add_signed(TimeDelta::seconds(1))?;
        Some(Self::new(zone, Period { start, end }))
    }

    /// The same stretch as a part of another whole.
    pub fn part_of(self, whole: Whole) -> Self {
        Self { whole, ..self }
    }

    /// Days from the day of `instant` to the last day of the period, both included; an earlier instant counts as the
    /// period's first.
    pub fn days_left(&self, instant: Instant) -> Result<u64, Overflow> {
        days(self.zone, Period { start: instant.max(self.period.start), end: self.period.end })
    }

    /// Days of the whole, both ends included.
    pub fn whole_days(&self) -> Result<u64, Overflow> {
        match self.whole {
            Whole::Period(period) => days(self.zone, period),
            Whole::Days(days) => Ok(days.into()),
        }
    }

    /// Seconds from `instant` to the end of the period; an earlier instant counts as the period's first.
    pub fn seconds_left(&self, instant: Instant) -> Result<Exact, Overflow> {
        seconds(Period { start: instant.max(self.period.start), end: self.period.end })
    }

    /// Seconds of the whole.
    pub fn whole_seconds(&self) -> Result<Exact, Overflow> {
        match self.whole {
            Whole::Period(period) => seconds(period),
            Whole::Days(days) => {
                let seconds = i128::from(days).checked_mul(86_400).ok_or(Overflow)?;
                Exact::ratio(seconds, 1).ok_or(Overflow)
            }
        }
    }
}

/// Dates that a period touches. The instant at its end does not belong to it.
fn days(zone: Zone, period: Period) -> Result<u64, Overflow> {
    if period.end <= period.start {
        return Ok(0);
    }
    let last = period.end.checked_sub_signed(TimeDelta::nanoseconds(1)).ok_or(Overflow)?;
    let apart = zone.date_of(last).signed_duration_since(zone.date_of(period.start)).num_days();
    apart.checked_add(1).and_then(|days| u64::try_from(days).ok()).ok_or(Overflow)
}

fn seconds(period: Period) -> Result<Exact, Overflow> {
    let apart = period.end.signed_duration_since(period.start);
    if apart <= TimeDelta::zero() {
        return Ok(Exact::ZERO);
    }
    let whole = Exact::ratio(apart.num_seconds().into(), 1).ok_or(Overflow)?;
    if apart.subsec_nanos() == 0 {
        return Ok(whole);
    }
    whole.checked_add(Exact::ratio(apart.subsec_nanos().into(), 1_000_000_000).ok_or(Overflow)?)
}

#[cfg(test)]
mod tests {
    use super::{Span, Whole};
    use crate::period::{Zone, parse_date};

    fn span(zone: &str, first: &str, last: &str) -> Span {
        Span::of_days(Zone::from_name(zone).unwrap(), parse_date(first).unwrap(), parse_date(last).unwrap()).unwrap()
    }

    #[test]
    fn days_are_dates_whether_they_have_23_or_25_hours() {
        let march = span("Europe/Berlin", "2026-03-01", "2026-03-31");
        assert_eq!(march.whole_days(), Ok(31));
        assert_eq!(march.whole_seconds().unwrap().to_string(), (31 * 86_400 - 3_600).to_string());
        // 29 March has 23 hours there; its last second still belongs to it.
        assert_eq!(march.days_left("2026-03-29T21:59:59Z".parse().unwrap()), Ok(3));
        assert_eq!(march.days_left("2026-03-29T22:00:00Z".parse().unwrap()), Ok(2));
    }

    #[test]
    fn a_leap_day_is_a_day_and_a_nominal_whole_keeps_its_length() {
        let february = span("UTC", "2028-02-01", "2028-02-29");
        assert_eq!(february.whole_days(), Ok(29));
        assert_eq!(february.days_left("2028-02-29T23:59:59Z".parse().unwrap()), Ok(1));
        assert_eq!(february.part_of(Whole::Days(30)).whole_days(), Ok(30));
    }

    #[test]
    fn what_lies_outside_the_period_has_its_days_at_most_and_none_after_its_end() {
        let may = span("UTC", "2023-05-01", "2023-05-31");
        assert_eq!(may.days_left("2023-01-01T00:00:00Z".parse().unwrap()), Ok(31));
        assert_eq!(may.days_left("2023-06-01T00:00:00Z".parse().unwrap()), Ok(0));
        assert!(may.seconds_left("2024-01-01T00:00:00Z".parse().unwrap()).unwrap().signum() == 0);
        assert!(
            Span::of_days(may.zone, parse_date("2023-05-02").unwrap(), parse_date("2023-05-01").unwrap()).is_none()
        );
    }
}
