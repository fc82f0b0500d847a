//! IANA zones: what calendars and clocks show in a place.
//!
//! Without the feature `zones` a zone is only a name: it can be shown, and nothing can be computed in it.

use std::fmt;

#[cfg(feature = "zones")]
use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Timelike};
use serde::{Deserialize, Serialize};

#[cfg(feature = "zones")]
use super::{Instant, TimeError, duration::in_calendar};

#[cfg(feature = "zones")]
type Held = chrono_tz::Tz;

// A view of a book was checked by whoever made it; a name is all that is needed to show it. The longest has 32 letters.
#[cfg(not(feature = "zones"))]
type Held = arrayvec::ArrayString<40>;

/// An IANA time zone, for instance `Asia/Shanghai`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(Held);

/// A text that names no zone of the IANA database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownZone(pub String);

impl fmt::Display for UnknownZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" is not a zone of the IANA database like Asia/Shanghai or UTC", self.0)
    }
}

impl std::error::Error for UnknownZone {}

impl Zone {
    /// The zone of this name.
    pub fn from_name(name: &str) -> Result<Self, UnknownZone> {
        name.parse().map(Self).map_err(|_| UnknownZone(name.to_owned()))
    }

    /// The IANA name.
    #[cfg(feature = "zones")]
    pub fn name(&self) -> &'static str {
        self.0.name()
    }

    /// The IANA name.
    #[cfg(not(feature = "zones"))]
    pub fn name(&self) -> &str {
        &self.0
    }
}

#[cfg(feature = "zones")]
impl Zone {
    /// The names of all zones that there are.
    pub fn names() -> Vec<&'static str> {
        chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()).collect()
    }

    /// The calendar date that clocks in this zone show at `instant`.
    pub fn date_of(self, instant: Instant) -> NaiveDate {
        instant.with_timezone(&self.0).date_naive()
    }

    /// The first instant of `date` in this zone.
    ///
    /// Where the clock skips midnight the day begins after the gap; where midnight comes twice, at the first.
    /// `None` only at the far ends of the calendar.
    pub fn start_of(self, date: NaiveDate) -> Option<Instant> {
        self.first_at(date.and_time(NaiveTime::MIN))
    }

    /// What calendars and clocks in this zone show at `instant`; refused far outside the calendar.
    pub fn local(self, instant: Instant) -> Result<NaiveDateTime, TimeError> {
        if in_calendar(instant.date_naive()) {
            Ok(instant.with_timezone(&self.0).naive_local())
        } else {
            Err(TimeError::OutOfCalendar)
        }
    }

    /// The first instant at which clocks in this zone show `local`; where they skip it, the first after the gap.
    pub fn at_local(self, local: NaiveDateTime) -> Result<Instant, TimeError> {
        if in_calendar(local.date()) {
            self.first_at(local).ok_or(TimeError::OutOfCalendar)
        } else {
            Err(TimeError::OutOfCalendar)
        }
    }

    /// The last instant up to `limit` at which clocks in this zone show `local`: in the hour that comes twice this
    /// may be the second.
    pub(super) fn last_at_local(self, local: NaiveDateTime, limit: Instant) -> Result<Instant, TimeError> {
        let second = self.0.from_local_datetime(&local).latest().map(|latest| latest.to_utc());
        match second.filter(|second| *second <= limit) {
            Some(second) => Ok(second),
            None => self.at_local(local),
        }
    }

    fn first_at(self, local: NaiveDateTime) -> Option<Instant> {
        if let Some(first) = self.0.from_local_datetime(&local).earliest() {
            return Some(first.to_utc());
        }
        // Clocks never show this. The first instant after the gap is the one at which the offset changes: look for it
        // between an instant that is surely before and one that is surely after.
        let as_utc = local.with_nanosecond(0)?.and_utc();
        let day = chrono::TimeDelta::days(1);
        let mut before = as_utc.checked_sub_signed(day)?;
        let mut after = as_utc.checked_add_signed(day)?;
        while after.signed_duration_since(before).num_seconds() > 1 {
            let half = chrono::TimeDelta::seconds(after.signed_duration_since(before).num_seconds().checked_div(2)?);
            let middle = before.checked_add_signed(half)?;
            let shown = middle.with_timezone(&self.0).naive_local();
            if shown < local { before = middle } else { after = middle }
        }
        Some(after)
    }
}

impl Serialize for Zone {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::from_name(&name).map_err(serde::de::Error::custom)
    }
}
