//! Tumbling windows: equal stretches of local time, one after the other, for instance the 5 minutes of a sample.
//!
//! Windows of hours or less begin anew at each local midnight, so that a day of 23 or 25 hours has some less or more,
//! and never one that belongs to two days.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::period::CalendarDuration;

/// A window's length: a part of a day that fills it evenly, a day, a week (from Monday) or a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Window(CalendarDuration);

/// A text that is not the length of a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadWindow(pub String);

impl fmt::Display for BadWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "\"{}\" is not a window; allowed are P1D, P1W, P1M, and times that fill a day evenly, for instance PT5M or PT1H",
            self.0
        )
    }
}

impl std::error::Error for BadWindow {}

const DAY_SECONDS: u32 = 86_400;

impl Window {
    /// Reads `PT5M`, `PT1H`, `P1D`, `P1W` or `P1M`.
    pub fn parse(text: &str) -> Result<Self, BadWindow> {
        let bad = || BadWindow(text.to_owned());
        let duration = CalendarDuration::parse(text).map_err(|_| bad())?;
        let window = match (duration.months(), duration.days(), duration.seconds()) {
            (0, 0, seconds) => seconds < DAY_SECONDS && DAY_SECONDS.checked_rem(seconds) == Some(0),
            (1, 0, 0) | (0, 1 | 7, 0) => true,
            (_, _, _) => false,
        };
        if window { Ok(Self(duration)) } else { Err(bad()) }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for Window {
    type Error = BadWindow;
    fn try_from(text: String) -> Result<Self, BadWindow> {
        Self::parse(&text)
    }
}

impl From<Window> for String {
    fn from(window: Window) -> Self {
        window.to_string()
    }
}

#[cfg(feature = "zones")]
mod clock {
    use chrono::TimeDelta;

    use super::Window;
    use crate::exact::Overflow;
    use crate::period::{FloorTo, Instant, Period, TimeError, Zone, floor};

    impl Window {
        /// The first instant of the window that `instant` belongs to.
        pub fn start_of(self, instant: Instant, zone: Zone) -> Result<Instant, TimeError> {
            let to = match (self.0.months(), self.0.days()) {
                (0, 0) => return self.start_in_day(instant, floor(instant, FloorTo::Day, zone)?),
                (0, 1) => FloorTo::Day,
                (0, _) => FloorTo::Week,
                (_, _) => FloorTo::Month,
            };
            floor(instant, to, zone)
        }

        fn start_in_day(self, instant: Instant, midnight: Instant) -> Result<Instant, TimeError> {
            let size = i64::from(self.0.seconds());
            let elapsed = instant.signed_duration_since(midnight).num_seconds();
            let rest = elapsed.checked_rem_euclid(size).ok_or(TimeError::OutOfCalendar)?;
            let into = elapsed.checked_sub(rest).and_then(TimeDelta::try_seconds).ok_or(TimeError::OutOfCalendar)?;
            midnight.checked_add_signed(into).ok_or(TimeError::OutOfCalendar)
        }

        /// How many windows a period touches, day by day.
        pub fn count(self, period: Period, zone: Zone) -> Result<u64, Overflow> {
            let mut count = 0_u64;
            let mut at = period.start;
            while at < period.end {
                let here = self.start_of(at, zone).map_err(|_| Overflow)?;
                let (next, windows) = self.after(here, period.end, zone).ok_or(Overflow)?;
                count = count.checked_add(windows).ok_or(Overflow)?;
                at = next;
            }
            Ok(count)
        }

        /// The first instant after this window, or after its day if windows are shorter, and the windows up to there.
        fn after(self, here: Instant, end: Instant, zone: Zone) -> Option<(Instant, u64)> {
            let date = zone.date_of(here);
            let (months, days, size) = (self.0.months(), self.0.days(), i64::from(self.0.seconds()));
            if months != 0 {
                let next = date.checked_add_months(chrono::Months::new(1))?;
                return Some((zone.start_of(next)?, 1));
            }
            let next = date.checked_add_days(chrono::Days::new(u64::from(days.max(1))))?;
            let next = zone.start_of(next)?;
            if size == 0 {
                return Some((next, 1));
            }
            let seconds = next.min(end).signed_duration_since(here).num_milliseconds();
            let size = size.checked_mul(1000)?;
            let windows = seconds.checked_add(size)?.checked_sub(1)?.checked_div(size)?;
            Some((next, u64::try_from(windows).ok()?))
        }
    }
}

#[cfg(test)]
#[cfg(feature = "zones")]
mod tests {
    use super::Window;
    use crate::period::{Month, Period, Zone};

    fn zone(name: &str) -> Zone {
        Zone::from_name(name).unwrap()
    }

    #[test]
    fn only_lengths_that_fill_a_day_or_calendar_units_are_windows() {
        for good in ["PT1S", "PT5M", "PT1H", "PT12H", "P1D", "P7D", "P1M"] {
            assert_eq!(Window::parse(good).unwrap().to_string(), good);
        }
        for bad in ["PT7H", "PT24H", "P2D", "P2M", "P1Y", "P1DT1H", "hour", "PT0S", ""] {
            assert!(Window::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_instant_on_the_edge_begins_its_window() {
        let five = Window::parse("PT5M").unwrap();
        let start = |text: &str| five.start_of(text.parse().unwrap(), zone("UTC")).unwrap().to_rfc3339();
        assert_eq!(start("2026-01-01T00:05:00Z"), "2026-01-01T00:05:00+00:00");
        assert_eq!(start("2026-01-01T00:09:59.999Z"), "2026-01-01T00:05:00+00:00");
    }

    #[test]
    fn days_of_23_and_25_hours_have_fewer_and_more_windows() {
        let hour = Window::parse("PT1H").unwrap();
        let five = Window::parse("PT5M").unwrap();
        let berlin = zone("Europe/Berlin");
        let count = |window: Window, month: &str| {
            window.count(Month::parse(month).unwrap().period(berlin).unwrap(), berlin).unwrap()
        };
        assert_eq!(count(hour, "2026-03"), 31 * 24 - 1);
        assert_eq!(count(hour, "2026-10"), 31 * 24 + 1);
        assert_eq!(count(five, "2026-06"), 30 * 288);
        assert_eq!(count(Window::parse("P1D").unwrap(), "2028-02"), 29);
        assert_eq!(count(Window::parse("P1M").unwrap(), "2028-02"), 1);
    }

    #[test]
    fn windows_that_a_period_only_touches_count_too() {
        let period =
            Period { start: "2026-01-01T00:59:59Z".parse().unwrap(), end: "2026-01-01T02:00:01Z".parse().unwrap() };
        assert_eq!(Window::parse("PT1H").unwrap().count(period, zone("UTC")), Ok(3));
        let empty = Period { start: period.end, end: period.start };
        assert_eq!(Window::parse("PT1H").unwrap().count(empty, zone("UTC")), Ok(0));
    }
}
