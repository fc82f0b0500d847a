//! Prorated sum: each event counts for the days that are left of the period, its own day included, of the days of the
//! whole. Without rounding the shares stay exact.

use serde::{Deserialize, Serialize};

use super::TimeShare;
use crate::exact::{Exact, Overflow};
use crate::quantity::Quantity;
use crate::usage::Span;

/// The sum of a field, whole and by days.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProratedSum {
    #[serde(rename = "f")]
    full: Quantity,
    #[serde(rename = "d")]
    unit_days: Quantity,
}

impl ProratedSum {
    /// A value that counts for so many days.
    pub fn add(&mut self, value: Quantity, days: u64) -> Result<(), Overflow> {
        let unit_days = value.checked_times(Quantity::from(days))?;
        self.merge(&Self { full: value, unit_days })
    }

    /// The values of both.
    pub fn merge(&mut self, other: &Self) -> Result<(), Overflow> {
        let full = self.full.checked_add(other.full)?;
        self.unit_days = self.unit_days.checked_add(other.unit_days)?;
        self.full = full;
        Ok(())
    }

    /// The sum as if every event counted for the whole.
    pub fn full(&self) -> Quantity {
        self.full
    }

    /// The sum by days.
    pub fn exact(&self, share: TimeShare, span: &Span) -> Result<Exact, Overflow> {
        share.of_days(self.unit_days, span)
    }
}
