//! Where a quantity is rounded, and how; as data, named in the trace.

use serde::{Deserialize, Serialize};

use crate::catalog::round_quantity;
use crate::exact::{Exact, Overflow};
use crate::quantity::Quantity;
use crate::rounding::RoundingMode;

/// How a quantity is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuantityRounding {
    /// By which rule.
    pub mode: RoundingMode,
    /// To how many decimal places; below zero to tens, hundreds and so on.
    pub places: i32,
}

impl QuantityRounding {
    /// For shares of time and means, which may have no last digit, where the book says nothing else.
    pub const SHARES: Self = Self { mode: RoundingMode::HalfUp, places: 12 };

    /// The rounded quantity. Fails if it has more than 28 digits.
    pub fn apply(self, exact: Exact) -> Result<Quantity, Overflow> {
        round_quantity(exact, self.places, self.mode)
    }
}

/// What rounding did to a meter's quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundedQuantity {
    /// How.
    pub rounding: QuantityRounding,
    /// Before.
    pub exact: Exact,
}
