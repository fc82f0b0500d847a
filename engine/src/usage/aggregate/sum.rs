//! Sum: each event brings its quantity in a field, for instance the bytes it sent.
//!
//! Negative values are corrections and count like any other.

use super::AggregateError;
use crate::exact::Overflow;
use crate::quantity::Quantity;
use crate::usage::Event;

/// The sum of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    field: String,
    total: Quantity,
}

impl Sum {
    /// An empty sum of `field`.
    pub fn new(field: &str) -> Self {
        Self { field: field.to_owned(), total: Quantity::ZERO }
    }

    /// Adds the event's value. An event without a readable value is refused, and the sum stays as it was.
    pub fn add(&mut self, event: &Event) -> Result<(), AggregateError> {
        let value = event.quantity(&self.field).map_err(AggregateError::Field)?;
        self.total = self.total.checked_add(value)?;
        Ok(())
    }

    /// The values of both.
    pub fn merge(&mut self, other: &Self) -> Result<(), Overflow> {
        self.total = self.total.checked_add(other.total)?;
        Ok(())
    }

    /// The sum so far.
    pub fn quantity(&self) -> Quantity {
        self.total
    }
}
