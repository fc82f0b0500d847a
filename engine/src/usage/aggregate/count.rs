//! Count: every event is one unit.

use crate::exact::Overflow;
use crate::quantity::Quantity;

/// How many events came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Count(u64);

impl Count {
    /// One more.
    pub fn add(&mut self) -> Result<(), Overflow> {
        self.merge(&Self(1))
    }

    /// The events of both.
    pub fn merge(&mut self, other: &Self) -> Result<(), Overflow> {
        self.0 = self.0.checked_add(other.0).ok_or(Overflow)?;
        Ok(())
    }

    /// The number of events.
    pub fn quantity(&self) -> Quantity {
        Quantity::from(self.0)
    }
}
