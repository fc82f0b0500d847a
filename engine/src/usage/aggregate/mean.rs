//! Mean: the sum of a field's values over their number, exactly. Nothing came: zero.

use serde::{Deserialize, Serialize};

use crate::exact::{Exact, Overflow};
use crate::quantity::Quantity;

/// The mean of a field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mean {
    #[serde(rename = "s")]
    sum: Quantity,
    #[serde(rename = "n")]
    values: u64,
}

impl Mean {
    /// One more value.
    pub fn add(&mut self, value: Quantity) -> Result<(), Overflow> {
        self.merge(&Self { sum: value, values: 1 })
    }

    /// The values of both.
    pub fn merge(&mut self, other: &Self) -> Result<(), Overflow> {
        let values = self.values.checked_add(other.values).ok_or(Overflow)?;
        self.sum = self.sum.checked_add(other.sum)?;
        self.values = values;
        Ok(())
    }

    /// The mean so far.
    pub fn exact(&self) -> Result<Exact, Overflow> {
        mean(self.sum.exact(), self.values)
    }
}

/// A sum over a number of values; nothing over nothing is nothing.
pub(super) fn mean(sum: Exact, values: u64) -> Result<Exact, Overflow> {
    if values == 0 {
        return Ok(Exact::ZERO);
    }
    sum.checked_div(Exact::ratio(values.into(), 1).ok_or(Overflow)?)
}
