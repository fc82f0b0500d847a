//! Weekly calendars: which slot of the week an instant falls into, for prices by time of use.
//!
//! Slots go by what local clocks show, so days of 23 and 25 hours need no rule of their own: an hour that comes twice
//! belongs both times to the slot of its clock time.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::ids::CalendarId;
use crate::period::Zone;

/// A book's calendar: every instant has exactly one slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// Unique in the book.
    pub id: CalendarId,
    /// The zone of its clock.
    pub zone: Zone,
    /// The first row that holds names the slot.
    pub rows: Vec<SlotRow>,
    /// The slot where no row holds.
    pub default: String,
    /// Dates that do not count as their weekday: as a holiday, or as another weekday where work is made up for.
    pub dates: BTreeMap<NaiveDate, String>,
}

/// Some hours of some days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotRow {
    /// The slot they belong to.
    pub slot: String,
    /// Weekdays (`mon` … `sun`) and kinds of dates; any day where empty.
    pub days: Vec<String>,
    /// The first minute of the day, 0 to 1439.
    pub from: u32,
    /// The first minute after, up to 1440.
    pub until: u32,
}

/// The weekdays in a book's words, Monday first.
pub const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Calendar {
    /// The slots it can give, each once.
    pub fn slots(&self) -> Vec<&str> {
        let mut slots: Vec<&str> = Vec::new();
        for slot in self.rows.iter().map(|row| row.slot.as_str()).chain([self.default.as_str()]) {
            if !slots.contains(&slot) {
                slots.push(slot);
            }
        }
        slots
    }
}

#[cfg(feature = "zones")]
mod clock {
    use chrono::{Datelike, NaiveDate, Timelike};

    use super::{Calendar, SlotRow, WEEKDAYS};
    use crate::period::{Instant, TimeError};

    impl Calendar {
        /// The slot of an instant.
        pub fn slot(&self, instant: Instant) -> Result<&str, TimeError> {
            let local = self.zone.local(instant)?;
            let minute = local.hour().saturating_mul(60).saturating_add(local.minute());
            let day = self.day(local.date());
            let row = self.rows.iter().find(|row| row.holds(day, minute));
            Ok(row.map_or(&self.default, |row| &row.slot))
        }

        /// What a date counts as.
        fn day(&self, date: NaiveDate) -> &str {
            let weekday = usize::try_from(date.weekday().num_days_from_monday()).ok();
            let weekday = weekday.and_then(|index| WEEKDAYS.get(index)).copied().unwrap_or_default();
            self.dates.get(&date).map_or(weekday, String::as_str)
        }
    }

    impl SlotRow {
        fn holds(&self, day: &str, minute: u32) -> bool {
            let on_day = self.days.is_empty() || self.days.iter().any(|kind| kind == day);
            on_day && self.from <= minute && minute < self.until
        }
    }
}

#[cfg(test)]
#[cfg(feature = "zones")]
mod tests {
    use super::{Calendar, SlotRow};
    use crate::ids::CalendarId;
    use crate::period::{Zone, parse_date};

    fn office() -> Calendar {
        let weekdays = super::WEEKDAYS.iter().take(5).map(|day| (*day).to_owned()).collect();
        let peak = SlotRow { slot: "peak".to_owned(), days: weekdays, from: 8 * 60, until: 22 * 60 };
        let dates = [("2026-10-01", "holiday"), ("2026-10-10", "mon")];
        Calendar {
            id: CalendarId::new("office").unwrap(),
            zone: Zone::from_name("Europe/Berlin").unwrap(),
            rows: vec![peak],
            default: "valley".to_owned(),
            dates: dates.iter().map(|(date, kind)| (parse_date(date).unwrap(), (*kind).to_owned())).collect(),
        }
    }

    fn slot(instant: &str) -> String {
        office().slot(instant.parse().unwrap()).unwrap().to_owned()
    }

    #[test]
    fn the_first_minute_of_a_slot_belongs_to_it_and_the_last_does_not() {
        // Wednesday 30 September 2026, UTC+2.
        assert_eq!(slot("2026-09-30T05:59:59.999Z"), "valley");
        assert_eq!(slot("2026-09-30T06:00:00Z"), "peak");
        assert_eq!(slot("2026-09-30T19:59:59.999Z"), "peak");
        assert_eq!(slot("2026-09-30T20:00:00Z"), "valley");
    }

    #[test]
    fn a_holiday_is_no_weekday_and_a_saturday_can_be_worked() {
        assert_eq!(slot("2026-10-01T10:00:00Z"), "valley");
        assert_eq!(slot("2026-10-03T10:00:00Z"), "valley");
        assert_eq!(slot("2026-10-10T10:00:00Z"), "peak");
    }

    #[test]
    fn slots_follow_the_clock_through_summer_time() {
        // 08:00 in Berlin is 07:00 UTC in winter and 06:00 UTC in summer; Monday 30 March 2026 is the first summer one.
        assert_eq!(slot("2026-03-27T06:30:00Z"), "valley");
        assert_eq!(slot("2026-03-30T06:30:00Z"), "peak");
    }
}
