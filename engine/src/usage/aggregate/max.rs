//! Maximum: the highest value of a field, for instance the peak of a month. Nothing came: zero.

use serde::{Deserialize, Serialize};

use crate::quantity::Quantity;

/// The highest value of a field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Max(Option<Quantity>);

impl Max {
    /// One more value.
    #[inline]
    pub fn add(&mut self, value: Quantity) {
        self.0 = Some(self.0.map_or(value, |highest| highest.max(value)));
    }

    /// The values of both.
    pub fn merge(&mut self, other: &Self) {
        if let Some(value) = other.0 {
            self.add(value);
        }
    }

    /// The highest value so far.
    pub fn quantity(&self) -> Quantity {
        self.0.unwrap_or(Quantity::ZERO)
    }
}
