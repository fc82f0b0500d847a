//! The beginning of the hour, day, week or month that clocks in a zone show.
//!
//! Hours are local hours: in a zone at +05:45 they begin at :15 UTC. Of an hour that comes twice, each occurrence keeps
//! its own beginning.

use chrono::{Datelike, Days, NaiveTime, Timelike};
use serde::{Deserialize, Serialize};

use super::{Instant, TimeError, Zone};

/// What an instant is set back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FloorTo {
    /// The full hour on the local clock.
    Hour,
    /// The first instant of the local day.
    Day,
    /// The first instant of the local Monday (weeks as in ISO 8601).
    Week,
    /// The first instant of the first day of the local month.
    Month,
}

/// The last beginning of an hour, day, week or month in `zone` that is not after `instant`.
pub fn floor(instant: Instant, to: FloorTo, zone: Zone) -> Result<Instant, TimeError> {
    let local = zone.local(instant)?;
    let date = local.date();
    let first_day = match to {
        FloorTo::Hour => {
            let hour = NaiveTime::from_hms_opt(local.hour(), 0, 0).ok_or(TimeError::OutOfCalendar)?;
            return zone.last_at_local(date.and_time(hour), instant);
        }
        FloorTo::Day => Some(date),
        FloorTo::Week => date.checked_sub_days(Days::new(u64::from(date.weekday().num_days_from_monday()))),
        FloorTo::Month => date.with_day(1),
    };
    zone.at_local(first_day.ok_or(TimeError::OutOfCalendar)?.and_time(NaiveTime::MIN))
}

#[cfg(test)]
mod tests {
    use super::{FloorTo, floor};
    use crate::period::{Instant, TimeError, Zone};

    fn floored(instant: &str, to: FloorTo, zone: &str) -> String {
        let instant: Instant = instant.parse().unwrap();
        serde_json::to_value(floor(instant, to, Zone::from_name(zone).unwrap()).unwrap())
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned()
    }

    #[test]
    fn hours_of_zones_off_by_minutes_are_local_hours() {
        assert_eq!(floored("2026-08-13T14:37:00Z", FloorTo::Hour, "Asia/Kathmandu"), "2026-08-13T14:15:00Z");
        assert_eq!(floored("2026-08-13T14:14:59Z", FloorTo::Hour, "Asia/Kathmandu"), "2026-08-13T13:15:00Z");
        assert_eq!(floored("2026-08-13T14:37:00.5Z", FloorTo::Hour, "Asia/Kolkata"), "2026-08-13T14:30:00Z");
    }

    #[test]
    fn of_an_hour_that_comes_twice_each_keeps_its_beginning() {
        assert_eq!(floored("2026-11-01T05:30:00Z", FloorTo::Hour, "America/New_York"), "2026-11-01T05:00:00Z");
        assert_eq!(floored("2026-11-01T06:30:00Z", FloorTo::Hour, "America/New_York"), "2026-11-01T06:00:00Z");
        // Havana shows 00:00 twice on 1 November 2026; the day begins at the first.
        assert_eq!(floored("2026-11-01T05:30:00Z", FloorTo::Day, "America/Havana"), "2026-11-01T04:00:00Z");
    }

    #[test]
    fn on_an_island_that_moves_by_half_an_hour_the_hour_begins_where_the_clock_said_so() {
        // Lord Howe goes from 02:00 back to 01:30 at 15:00 UTC on 4 April 2026; 01:00 came once, at 14:00 UTC.
        assert_eq!(floored("2026-04-04T15:15:00Z", FloorTo::Hour, "Australia/Lord_Howe"), "2026-04-04T14:00:00Z");
    }

    #[test]
    fn weeks_begin_on_monday_and_days_after_a_skipped_midnight() {
        assert_eq!(floored("2026-08-16T23:59:59Z", FloorTo::Week, "UTC"), "2026-08-10T00:00:00Z");
        assert_eq!(floored("2026-08-10T00:00:00Z", FloorTo::Week, "UTC"), "2026-08-10T00:00:00Z");
        assert_eq!(floored("2017-10-01T12:00:00Z", FloorTo::Day, "America/Asuncion"), "2017-10-01T04:00:00Z");
        assert_eq!(floored("2026-03-29T12:00:00Z", FloorTo::Month, "Europe/Berlin"), "2026-02-28T23:00:00Z");
    }

    #[test]
    fn the_ends_of_time_are_a_named_error() {
        let zone = Zone::from_name("Asia/Shanghai").unwrap();
        for to in [FloorTo::Hour, FloorTo::Day, FloorTo::Week, FloorTo::Month] {
            assert_eq!(floor(Instant::MAX_UTC, to, zone), Err(TimeError::OutOfCalendar));
            assert_eq!(floor(Instant::MIN_UTC, to, zone), Err(TimeError::OutOfCalendar));
        }
    }
}
