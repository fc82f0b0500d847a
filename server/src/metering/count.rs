//! One customer's month as its meters have counted it so far, and how it is stored.

use std::sync::Arc;

use engine::ids::CustomerId;
use engine::usage::{Event, Metering, Meters, SavedCounts, Span};
use ledger::SavedCount;
use serde::{Deserialize, Serialize};

use super::flow::{Counted, MeteringError};
use crate::db::to_us;

/// What is counted of a customer's month so far.
#[derive(Debug, Clone)]
pub struct Count {
    /// The meters.
    pub metering: Metering,
    /// All events of the month, also those that no meter selects.
    pub events: i64,
    /// The last commit that is in it.
    pub through: i64,
}

/// A count as it is stored.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    counts: SavedCounts,
    events: i64,
}

impl Count {
    /// Begins at nothing.
    pub fn new(meters: Arc<Meters>, span: Span) -> Self {
        Self { metering: Metering::of(meters, span), events: 0, through: 0 }
    }

    /// Goes on with a stored count; `None` where it was made by other rules.
    pub fn resume(meters: Arc<Meters>, span: Span, saved: &SavedCount) -> Option<Self> {
        let Stored { counts, events } = serde_json::from_slice(&saved.body).ok()?;
        let metering = Metering::resume(meters, span, counts).ok()?;
        Some(Self { metering, events, through: saved.through })
    }

    /// As it is stored.
    pub fn saved(&self, customer: &CustomerId, rules: &str) -> Option<SavedCount> {
        let span = self.metering.span();
        let body = serde_json::to_vec(&Stored { counts: self.metering.save(), events: self.events }).ok()?;
        Some(SavedCount {
            customer: customer.to_string(),
            start_us: to_us(span.period.start),
            end_us: to_us(span.period.end),
            rules: rules.to_owned(),
            through: self.through,
            body,
        })
    }

    /// Counts one more event.
    pub fn add(&mut self, event: &Event) -> Result<(), MeteringError> {
        self.metering.add(event).map_err(MeteringError::Meter)?;
        if self.metering.span().period.contains(event.time) {
            self.events = self.events.saturating_add(1);
        }
        Ok(())
    }

    /// What was counted.
    pub fn counted(&self) -> Result<Counted, MeteringError> {
        let usage = self.metering.usage().map_err(MeteringError::Meter)?;
        Ok(Counted { usage, events: self.events, through: self.through })
    }
}
