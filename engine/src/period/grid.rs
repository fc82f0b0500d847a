//! The boundaries of a cycle: a point of the calendar and whole durations before and after it, without end.
//!
//! Every boundary is computed from the origin, never from its neighbour, so that 31 comes back after February. Months
//! and days go by the clock of the zone, hours by elapsed time: an hourly cycle has 23 periods on a day of 23 hours.

use chrono::{NaiveTime, TimeDelta};

use super::duration::{DayOfMonth, in_calendar};
use super::{CalendarDuration, Instant, Period, TimeError, Zone};

/// Boundaries that touch: every instant lies in exactly one of their periods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    every: CalendarDuration,
    zone: Zone,
    origin: Instant,
    pub(super) day: DayOfMonth,
    pub(super) time: NaiveTime,
}

impl Grid {
    /// The boundaries around `origin`, which is the one with index 0.
    pub fn new(every: CalendarDuration, origin: Instant, zone: Zone) -> Result<Self, TimeError> {
        let local = zone.local(origin)?;
        Ok(Self { every, zone, origin, day: DayOfMonth::of(local.date()), time: local.time() })
    }

    /// Boundaries from a day that the month may not have.
    pub(super) fn from_day(
        every: CalendarDuration,
        day: DayOfMonth,
        time: NaiveTime,
        zone: Zone,
    ) -> Result<Self, TimeError> {
        let origin = zone.at_local(day.months_on(0)?.and_time(time))?;
        Ok(Self { every, zone, origin, day, time })
    }

    /// The boundary `index` durations after the origin, before it if negative.
    ///
    /// On a day or at a time that the zone skips, the first instant after the gap; in an hour that comes twice, the
    /// first (the origin itself stays where it is).
    pub fn boundary(&self, index: i64) -> Result<Instant, TimeError> {
        let moved = if index == 0 || (self.every.months() == 0 && self.every.days() == 0) {
            self.origin
        } else {
            self.zone.at_local(self.every.step(self.day, index)?.and_time(self.time))?
        };
        self.every.add_seconds(moved, index)
    }

    /// The period from boundary `index` to the next. Empty where a zone skips a whole day.
    pub fn period(&self, index: i64) -> Result<Period, TimeError> {
        let next = index.checked_add(1).ok_or(TimeError::OutOfCalendar)?;
        Ok(Period { start: self.boundary(index)?, end: self.boundary(next)? })
    }

    /// The index of the one period that contains `instant`.
    pub fn index_at(&self, instant: Instant) -> Result<i64, TimeError> {
        if !in_calendar(instant.date_naive()) {
            return Err(TimeError::OutOfCalendar);
        }
        // The mean length of a period leads to the right index or a neighbour of it.
        let mut index = self.guess(instant).ok_or(TimeError::OutOfCalendar)?;
        while self.boundary(index)? > instant {
            index = index.checked_sub(1).ok_or(TimeError::OutOfCalendar)?;
        }
        loop {
            let next = index.checked_add(1).ok_or(TimeError::OutOfCalendar)?;
            if self.boundary(next)? > instant {
                return Ok(index);
            }
            index = next;
        }
    }

    /// The period that contains `instant`.
    pub fn containing(&self, instant: Instant) -> Result<Period, TimeError> {
        self.period(self.index_at(instant)?)
    }

    /// The last period that has any time in it before the period with this index.
    pub fn before(&self, index: i64) -> Result<i64, TimeError> {
        let last = self.boundary(index)?.checked_sub_signed(TimeDelta::nanoseconds(1));
        self.index_at(last.ok_or(TimeError::OutOfCalendar)?)
    }

    fn guess(&self, instant: Instant) -> Option<i64> {
        // A Gregorian month has 2,629,746 seconds in the mean of 400 years, a day 86,400.
        let months = i64::from(self.every.months()).checked_mul(2_629_746)?;
        let days = i64::from(self.every.days()).checked_mul(86_400)?;
        let length = months.checked_add(days)?.checked_add(i64::from(self.every.seconds()))?;
        instant.signed_duration_since(self.origin).num_seconds().checked_div_euclid(length)
    }
}

/// How many whole durations fit between two dates: 16 July to 15 September is one month. Refused if the second comes
/// first, and for durations of hours.
pub fn whole_periods(every: CalendarDuration, dates: super::Dates) -> Result<i64, TimeError> {
    if every.seconds() != 0 {
        return Err(TimeError::TimeOnDate(every));
    }
    let super::Dates { from, to } = super::Dates::new(dates.from, dates.to)?;
    let utc = |date: chrono::NaiveDate| date.and_time(NaiveTime::MIN).and_utc();
    let zone = Zone::from_name("UTC").map_err(|_| TimeError::OutOfCalendar)?;
    Grid::new(every, utc(from), zone)?.index_at(utc(to))
}
