//! How the events of a meter become one quantity; one file for each way.
//!
//! Each is a state that takes events in any order and can be merged with another of its kind.

mod count;
mod sum;

use serde::{Deserialize, Serialize};

use super::event::{Event, FieldProblem};
use crate::exact::Overflow;
use crate::quantity::Quantity;

pub use count::Count;
pub use sum::Sum;

/// How a meter counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "aggregate", rename_all = "snake_case")]
pub enum Aggregate {
    /// One for each event.
    Count,
    /// The sum of a field of the events' data.
    Sum {
        /// The name of that field.
        field: String,
    },
}

impl Aggregate {
    /// Whether the quantities of groups add up to the quantity of the whole.
    pub fn adds_up(&self) -> bool {
        match self {
            Self::Count | Self::Sum { .. } => true,
        }
    }

    /// What one event brings by itself.
    pub fn value(&self, event: &Event) -> Result<Quantity, AggregateError> {
        match self {
            Self::Count => Ok(Quantity::from(1)),
            Self::Sum { field } => event.quantity(field).map_err(AggregateError::Field),
        }
    }
}

/// The names of the aggregates in a book.
pub(crate) const AGGREGATES: [&str; 2] = ["count", "sum"];

/// Why an event cannot be counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AggregateError {
    /// The field that is summed is missing or no decimal.
    Field(FieldProblem),
    /// The sum has more than 28 digits.
    Overflow,
}

impl From<Overflow> for AggregateError {
    fn from(Overflow: Overflow) -> Self {
        Self::Overflow
    }
}

/// The running state of one meter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AggregateState {
    /// Of a count.
    Count(Count),
    /// Of a sum.
    Sum(Sum),
}

impl AggregateState {
    /// The state before the first event.
    pub fn new(aggregate: &Aggregate) -> Self {
        match aggregate {
            Aggregate::Count => Self::Count(Count::default()),
            Aggregate::Sum { field } => Self::Sum(Sum::new(field)),
        }
    }

    /// Takes one event in.
    pub fn add(&mut self, event: &Event) -> Result<(), AggregateError> {
        match self {
            Self::Count(count) => Ok(count.add()?),
            Self::Sum(sum) => sum.add(event),
        }
    }

    /// What was counted so far.
    pub fn quantity(&self) -> Quantity {
        match self {
            Self::Count(count) => count.quantity(),
            Self::Sum(sum) => sum.quantity(),
        }
    }
}
