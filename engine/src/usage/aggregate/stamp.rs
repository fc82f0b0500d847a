//! The order of events: by time, then source, then id. It never depends on when they arrived.

#[cfg(feature = "zones")]
use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::period::Instant;
use crate::usage::UsageEvent;

/// An event's place among the events of a meter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "(Instant, String, String)", into = "(Instant, String, String)")]
pub struct Stamp {
    /// When it happened.
    pub time: Instant,
    /// Who reported it.
    pub source: String,
    /// Its id.
    pub id: String,
}

impl Stamp {
    /// The place of an event.
    pub fn of(event: &impl UsageEvent) -> Self {
        Self { time: event.time(), source: event.source().to_owned(), id: event.id().to_owned() }
    }

    /// Whether an event comes before, at this place or after.
    #[cfg(feature = "zones")]
    pub(super) fn order_of(&self, event: &impl UsageEvent) -> Ordering {
        let by_time = event.time().cmp(&self.time);
        by_time.then_with(|| event.source().cmp(&self.source)).then_with(|| event.id().cmp(&self.id))
    }
}

impl From<(Instant, String, String)> for Stamp {
    fn from((time, source, id): (Instant, String, String)) -> Self {
        Self { time, source, id }
    }
}

impl From<Stamp> for (Instant, String, String) {
    fn from(stamp: Stamp) -> Self {
        (stamp.time, stamp.source, stamp.id)
    }
}
