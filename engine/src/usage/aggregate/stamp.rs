//! The order of events: by time, then source, then id. It never depends on when they arrived.

use serde::{Deserialize, Serialize};

use crate::period::Instant;
use crate::usage::Event;

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
    pub fn of(event: &Event) -> Self {
        Self { time: event.time, source: event.source.clone(), id: event.id.clone() }
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
