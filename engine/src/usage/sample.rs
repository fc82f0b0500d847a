//! What single events brought to a meter, for charges that price event by event.
//!
//! Kept only where the meter says `samples = true`: most charges need the total alone.

use serde::{Deserialize, Serialize};

use crate::exact::Exact;
use crate::quantity::Quantity;

/// The contribution of one event, after the conversion of each event and before the rounding of the total.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// The values of the meter's dimensions, in the order of `group_by`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<String>,
    /// Its full units: what decides the tier.
    pub value: Quantity,
    /// Its units after proration, exact; equal to `value` where the meter does not prorate.
    pub billed: Exact,
}

impl Sample {
    /// A sample that is not prorated and belongs to no group.
    pub fn whole(value: Quantity) -> Self {
        Self { key: Vec::new(), value, billed: value.exact() }
    }

    /// The same in a group.
    pub fn with_key(self, key: Vec<String>) -> Self {
        Self { key, ..self }
    }
}
