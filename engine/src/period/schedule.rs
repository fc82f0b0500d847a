//! A cycle applied to a subscription: its periods from the first, perhaps partial one, in the zone of its clock.
//!
//! Periods are half-open and touch; none lies before the start or after the end of the subscription.

use chrono::{Datelike, NaiveDate, NaiveTime, TimeDelta};
use serde::{Deserialize, Serialize};

use super::duration::DayOfMonth;
use super::{Anchor, Clock, Cycle, FirstPeriod, FloorTo, Grid, Instant, Period, TimeError, Zone, floor};

/// The subscription to which a cycle is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscribed {
    /// Its first instant.
    pub start: Instant,
    /// The first instant after it, if it ends.
    pub end: Option<Instant>,
    /// Whose clocks and calendar count.
    pub zone: Zone,
}

/// The periods of one subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    grid: Grid,
    /// The index of the first boundary after the start.
    first: i64,
    start: Instant,
    end: Option<Instant>,
    zone: Zone,
}

/// A period of a subscription and the whole period of the cycle that it is, or is a part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CyclePeriod {
    /// 0 for the first, partial or not.
    pub number: i64,
    /// What is billed: cut at the start and the end of the subscription.
    pub period: Period,
    /// From boundary to boundary: what a whole price is for.
    pub whole: Period,
}

/// When a charge that recurs is billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Charged {
    /// When its period begins.
    #[default]
    InAdvance,
    /// When its period is over.
    InArrears,
}

impl Cycle {
    /// The periods of a subscription.
    ///
    /// Refuses an end before the start, a day that no month has, and a day of the month for cycles that do not consist
    /// of months.
    pub fn schedule(&self, to: Subscribed) -> Result<Schedule, TimeError> {
        let start = match self.clock {
            Clock::Midnight => floor(to.start, FloorTo::Day, to.zone)?,
            Clock::Anchor => to.start,
        };
        if let Some(end) = to.end
            && end < to.start
        {
            return Err(TimeError::reversed(to.start, end));
        }
        let anchored = self.anchored(start, to.zone)?;
        let (grid, first) = match self.first {
            FirstPeriod::NextBoundary => (anchored, after(&anchored, start)?),
            FirstPeriod::AnchorDayOfMonth => self.in_month_of(start, &anchored, to.zone)?,
            FirstPeriod::AtAnchor if start < anchored.boundary(0)? => (anchored, 0),
            FirstPeriod::AtAnchor | FirstPeriod::WholePeriod => (self.whole_on(start, &anchored, to.zone)?, 0),
        };
        // A subscription that ends when it starts has no day at all, although its day is counted from its beginning.
        let end = to.end.map(|end| if end == to.start { start } else { end });
        Ok(Schedule { grid, first, start, end, zone: to.zone })
    }

    /// The boundaries around the anchor.
    fn anchored(&self, start: Instant, zone: Zone) -> Result<Grid, TimeError> {
        let origin = match self.anchor {
            Anchor::Calendar => return self.calendar(start, zone),
            Anchor::Start => start,
            Anchor::At(instant) => instant,
            Anchor::Day(day) => {
                if !(1..=31).contains(&day) {
                    return Err(TimeError::BadDay(day));
                }
                self.must_be_months()?;
                let local = zone.local(start)?;
                let day = DayOfMonth { day: u32::from(day), ..DayOfMonth::of(local.date()) };
                let time = match self.clock {
                    Clock::Midnight => NaiveTime::MIN,
                    Clock::Anchor => local.time(),
                };
                return Grid::from_day(self.every, day, time, zone);
            }
        };
        let origin = match self.clock {
            Clock::Midnight => floor(origin, FloorTo::Day, zone)?,
            Clock::Anchor => origin,
        };
        Grid::new(self.every, origin, zone)
    }

    /// Months and years from a 1 January, whole weeks from a Monday, days from a midnight; hours from the midnight of
    /// the day of the start, because a zone's offset may have been another one at any fixed date.
    fn calendar(&self, start: Instant, zone: Zone) -> Result<Grid, TimeError> {
        let (months, days) = (self.every.months(), self.every.days());
        if months == 0 && days == 0 {
            return Grid::new(self.every, floor(start, FloorTo::Day, zone)?, zone);
        }
        // 1970 began on a Thursday; its first Monday was the 5th.
        let weeks = months == 0 && days.checked_rem(7) == Some(0);
        let day = DayOfMonth { year: 1970, month: 1, day: if weeks { 5 } else { 1 } };
        Grid::from_day(self.every, day, NaiveTime::MIN, zone)
    }

    /// The anchor's day in the month of the start, and the first boundary on a later day than the start.
    fn in_month_of(&self, start: Instant, anchored: &Grid, zone: Zone) -> Result<(Grid, i64), TimeError> {
        self.must_be_months()?;
        let date = zone.local(start)?.date();
        let day = DayOfMonth { day: anchored.day.day, ..DayOfMonth::of(date) };
        let grid = Grid::from_day(self.every, day, anchored.time, zone)?;
        let mut first = 0_i64;
        while zone.local(grid.boundary(first)?)?.date() <= date {
            first = first.checked_add(1).ok_or(TimeError::OutOfCalendar)?;
        }
        Ok((grid, first))
    }

    /// Boundaries from a whole period after the start, on the anchor's day.
    fn whole_on(&self, start: Instant, anchored: &Grid, zone: Zone) -> Result<Grid, TimeError> {
        let (months, days) = (self.every.months(), self.every.days());
        if self.every.seconds() != 0 || (months != 0 && days != 0) {
            return Grid::new(self.every, self.every.add_to(start, zone, 1)?, zone);
        }
        let date = self.every.add_to_date(zone.local(start)?.date(), 1)?;
        let day = if months != 0 {
            let of_the_year = self.first == FirstPeriod::WholePeriod && months.checked_rem(12) == Some(0);
            let month = if of_the_year { anchored.day.month } else { date.month() };
            DayOfMonth { year: date.year(), month, day: anchored.day.day }
        } else if days.checked_rem(7) == Some(0) {
            DayOfMonth::of(back_to_weekday(date, anchored.day.months_on(0)?).ok_or(TimeError::OutOfCalendar)?)
        } else {
            DayOfMonth::of(date)
        };
        Grid::from_day(self.every, day, anchored.time, zone)
    }

    fn must_be_months(&self) -> Result<(), TimeError> {
        if self.every.months() == 0 || self.every.days() != 0 || self.every.seconds() != 0 {
            return Err(TimeError::DayNeedsMonths(self.every));
        }
        Ok(())
    }
}

/// The last day up to `date` that is the same day of the week as `like`.
fn back_to_weekday(date: NaiveDate, like: NaiveDate) -> Option<NaiveDate> {
    let days = like.signed_duration_since(date).num_days().checked_rem_euclid(7)?;
    let back = if days == 0 { 0 } else { 7_i64.checked_sub(days)? };
    date.checked_sub_signed(TimeDelta::try_days(back)?)
}

/// The index of the first boundary after `instant`.
fn after(grid: &Grid, instant: Instant) -> Result<i64, TimeError> {
    grid.index_at(instant)?.checked_add(1).ok_or(TimeError::OutOfCalendar)
}

impl Schedule {
    /// The boundaries of the cycle, before and after the subscription too.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The subscription's first instant: of the whole day if the cycle counts from midnight.
    pub fn start(&self) -> Instant {
        self.start
    }

    /// The first instant after the subscription, if it ends.
    pub fn end(&self) -> Option<Instant> {
        self.end
    }

    /// The zone of its clock.
    pub fn zone(&self) -> Zone {
        self.zone
    }

    /// The period with this number, from 0; refused after the end of the subscription.
    pub fn period(&self, number: i64) -> Result<CyclePeriod, TimeError> {
        let index = number.checked_sub(1).and_then(|steps| self.first.checked_add(steps));
        let whole = self.grid.period(index.ok_or(TimeError::OutOfCalendar)?)?;
        let mut period = whole;
        if number <= 0 {
            period.start = self.start;
        }
        if let Some(end) = self.end {
            if period.start >= end {
                return Err(TimeError::AfterEnd { at: period.start, end });
            }
            period.end = period.end.min(end);
        }
        Ok(CyclePeriod { number: number.max(0), period, whole })
    }

    /// The one period that contains `instant`; refused before the start and after the end.
    pub fn containing(&self, instant: Instant) -> Result<CyclePeriod, TimeError> {
        if instant < self.start {
            return Err(TimeError::BeforeStart { at: instant, start: self.start });
        }
        if let Some(end) = self.end
            && instant >= end
        {
            return Err(TimeError::AfterEnd { at: instant, end });
        }
        self.period(self.number_at(instant)?)
    }

    /// The period that contains `instant`, or the first if the subscription has not begun.
    pub fn containing_or_first(&self, instant: Instant) -> Result<CyclePeriod, TimeError> {
        self.containing(instant.max(self.start))
    }

    /// When the period that contains `instant` is over; the end of the subscription if that is sooner.
    pub fn next_start(&self, instant: Instant) -> Result<Instant, TimeError> {
        Ok(self.containing(instant)?.period.end)
    }

    /// The whole period of the cycle before the one that contains `instant`, even if the subscription had not begun.
    pub fn previous(&self, instant: Instant) -> Result<Period, TimeError> {
        self.grid.period(self.grid.before(self.grid.index_at(instant)?)?)
    }

    /// The last period that is over at `instant`, for billing in arrears; `None` before the first has ended.
    pub fn last_over(&self, instant: Instant) -> Result<Option<CyclePeriod>, TimeError> {
        if let Some(end) = self.end
            && instant >= end
        {
            let last = end.checked_sub_signed(TimeDelta::nanoseconds(1)).ok_or(TimeError::OutOfCalendar)?;
            return if last < self.start { Ok(None) } else { self.containing(last).map(Some) };
        }
        if instant < self.start || self.number_at(instant)? == 0 {
            return Ok(None);
        }
        let last = self.grid.boundary(self.grid.index_at(instant)?)?.checked_sub_signed(TimeDelta::nanoseconds(1));
        self.containing(last.ok_or(TimeError::OutOfCalendar)?).map(Some)
    }

    /// The period that a charge is billed for at `instant`: the one that has begun, or the last one that is over.
    /// `None` if none is.
    pub fn due(&self, instant: Instant, charged: Charged) -> Result<Option<CyclePeriod>, TimeError> {
        let begun = instant >= self.start && self.end.is_none_or(|end| instant < end);
        match charged {
            Charged::InAdvance => begun.then(|| self.containing(instant)).transpose(),
            Charged::InArrears => self.last_over(instant),
        }
    }

    /// The periods that share time with `with`, in their order: the months of a year, the days of a month. Stops after
    /// the first error.
    pub fn overlapping(&self, with: Period) -> impl Iterator<Item = Result<CyclePeriod, TimeError>> {
        let begin = with.start.max(self.start);
        let end = self.end.map_or(with.end, |end| end.min(with.end));
        let mut next = (begin < end).then_some(begin);
        std::iter::from_fn(move || {
            let found = self.containing(next.take()?);
            next = found.as_ref().ok().map(|found| found.period.end).filter(|at| *at < end);
            Some(found)
        })
    }

    /// How many periods are over at `instant`; a partial first one counts.
    pub fn elapsed(&self, instant: Instant) -> Result<i64, TimeError> {
        self.last_over(instant)?.map_or(Ok(0), |last| last.number.checked_add(1).ok_or(TimeError::OutOfCalendar))
    }

    /// The first boundary that is not before the start: the start itself if it is one.
    pub fn first_boundary(&self) -> Result<Instant, TimeError> {
        let before = self.first.checked_sub(1).ok_or(TimeError::OutOfCalendar)?;
        let before = self.grid.boundary(before)?;
        if before == self.start { Ok(before) } else { self.grid.boundary(self.first) }
    }

    /// When each period starts, from the first on; ends with the subscription, or with the error that it met.
    pub fn starts(&self) -> impl Iterator<Item = Result<Instant, TimeError>> {
        let mut next = Some(0_i64);
        std::iter::from_fn(move || {
            let number = next.take()?;
            match self.period(number) {
                Ok(found) => {
                    next = number.checked_add(1);
                    Some(Ok(found.period.start))
                }
                Err(TimeError::AfterEnd { .. }) => None,
                Err(error) => Some(Err(error)),
            }
        })
    }

    /// 0 before the first boundary, then the boundaries passed.
    fn number_at(&self, instant: Instant) -> Result<i64, TimeError> {
        let index = self.grid.index_at(instant)?;
        let number = index.checked_sub(self.first).and_then(|passed| passed.checked_add(1));
        Ok(number.ok_or(TimeError::OutOfCalendar)?.max(0))
    }
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
