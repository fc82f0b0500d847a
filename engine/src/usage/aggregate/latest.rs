//! Latest: the last value of a field by the time of the events, for instance seats in use. Nothing came: zero.

use serde::{Deserialize, Serialize};

use super::Stamp;
use crate::quantity::Quantity;
#[cfg(feature = "zones")]
use crate::usage::UsageEvent;

/// The latest value of a field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latest {
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    carried: Option<Quantity>,
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    latest: Option<Box<(Stamp, Quantity)>>,
}

impl Latest {
    /// What was the latest value before the period.
    pub fn carry(&mut self, value: Quantity) {
        self.carried = Some(value);
    }

    /// One more value, if its event is not earlier than the last: only that one's place is kept.
    #[cfg(feature = "zones")]
    pub fn add_of(&mut self, event: &impl UsageEvent, value: Quantity) {
        if self.latest.as_ref().is_none_or(|latest| latest.0.order_of(event).is_ge()) {
            self.latest = Some(Box::new((Stamp::of(event), value)));
        }
    }

    /// One more value. Of two at the same time the later source and id win.
    pub fn add(&mut self, stamp: Stamp, value: Quantity) {
        if self.latest.as_ref().is_none_or(|latest| latest.0 <= stamp) {
            self.latest = Some(Box::new((stamp, value)));
        }
    }

    /// The values of both.
    pub fn merge(&mut self, other: &Self) {
        self.carried = self.carried.or(other.carried);
        if let Some(latest) = &other.latest {
            self.add(latest.0.clone(), latest.1);
        }
    }

    /// The latest value so far.
    pub fn quantity(&self) -> Quantity {
        let latest = self.latest.as_ref().map(|latest| latest.1);
        latest.or(self.carried).unwrap_or(Quantity::ZERO)
    }
}
