//! Count: every event is one unit.

use serde::{Deserialize, Serialize};

use crate::exact::Overflow;
use crate::quantity::Quantity;

/// How many events came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Count(Quantity);

impl Count {
    /// What earlier periods counted.
    #[inline]
    pub fn carry(&mut self, carried: Quantity) -> Result<(), Overflow> {
        self.0 = self.0.checked_add(carried)?;
        Ok(())
    }

    /// One more.
    #[inline]
    pub fn add(&mut self) -> Result<(), Overflow> {
        self.carry(Quantity::from(1))
    }

    /// The events of both.
    pub fn merge(&mut self, other: &Self) -> Result<(), Overflow> {
        self.carry(other.0)
    }

    /// The number of events.
    pub fn quantity(&self) -> Quantity {
        self.0
    }
}
