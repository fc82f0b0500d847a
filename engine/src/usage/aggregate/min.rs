//! Minimum: the lowest value of a field. Nothing came: zero.

use serde::{Deserialize, Serialize};

use crate::quantity::Quantity;

/// The lowest value of a field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Min(Option<Quantity>);

impl Min {
    /// One more value.
    #[inline]
    pub fn add(&mut self, value: Quantity) {
        self.0 = Some(self.0.map_or(value, |lowest| lowest.min(value)));
    }

    /// The values of both.
    pub fn merge(&mut self, other: &Self) {
        if let Some(value) = other.0 {
            self.add(value);
        }
    }

    /// The lowest value so far.
    pub fn quantity(&self) -> Quantity {
        self.0.unwrap_or(Quantity::ZERO)
    }
}
