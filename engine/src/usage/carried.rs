//! What a period leaves to the next, for meters that never reset: seats that stay, gigabytes that are kept.
//!
//! It stands for all events before the period; nobody has to read those again.

use serde::{Deserialize, Serialize};

use crate::ids::MeterId;
use crate::quantity::Quantity;

/// What earlier periods left, meter by meter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Carried(pub Vec<CarriedMeter>);

/// What earlier periods left of one meter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarriedMeter {
    /// The meter.
    pub meter: MeterId,
    /// Of all its groups together.
    pub total: CarriedPart,
    /// Of each group, if the meter groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<CarriedPart>,
}

/// What earlier periods left of a meter or of one of its groups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarriedPart {
    /// The group; empty for a meter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<String>,
    /// From how many events.
    pub events: u64,
    /// The sum, level, highest or latest value when the period began.
    pub quantity: Quantity,
    /// The different values that were there, for meters that count those.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<String>,
}

impl CarriedMeter {
    /// A quantity that was there when the period began, whatever it came from.
    pub fn quantity(meter: MeterId, quantity: Quantity) -> Self {
        let total = CarriedPart { key: Vec::new(), events: 0, quantity, items: Vec::new() };
        Self { meter, total, groups: Vec::new() }
    }
}
