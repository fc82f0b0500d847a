//! Sum: each event brings its quantity in a field, for instance the bytes it sent.
//!
//! Negative values are corrections and count like any other.

use serde::{Deserialize, Serialize};

use crate::exact::Overflow;
use crate::quantity::Quantity;

/// The sum of a field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sum(Quantity);

impl Sum {
    /// Adds a value. One that makes the sum too long is refused, and the sum stays as it was.
    #[inline]
    pub fn add(&mut self, value: Quantity) -> Result<(), Overflow> {
        self.0 = self.0.checked_add(value)?;
        Ok(())
    }

    /// The values of both.
    pub fn merge(&mut self, other: &Self) -> Result<(), Overflow> {
        self.add(other.0)
    }

    /// The sum so far.
    pub fn quantity(&self) -> Quantity {
        self.0
    }
}
