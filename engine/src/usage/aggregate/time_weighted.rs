//! Time-weighted sum: what was held, times how long, for instance GB-hours or the average number of seats.
//!
//! Each change weighs the share of the seconds that are left of the period, of the seconds of the whole: a
//! subscription that starts inside a period does not pay more for a day than others.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Stamp;
#[cfg(feature = "zones")]
use crate::exact::Exact;
use crate::exact::Overflow;
use crate::quantity::Quantity;

#[cfg(feature = "zones")]
use crate::usage::Span;

/// What the events say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Values {
    /// By how much it changed: 2 more, 3 less.
    Change,
    /// How much it is from now on.
    Level,
}

/// The unit of time in the quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// The whole period: the quantity is an average over it.
    Period,
    /// A day of 24 hours.
    Day,
    /// An hour: the quantity is in unit-hours.
    Hour,
    /// A second.
    Second,
}

/// What was held, by the instants at which that changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeWeighted {
    #[serde(rename = "c")]
    carried: Quantity,
    #[serde(rename = "v", with = "crate::usage::pairs")]
    values: BTreeMap<Stamp, Quantity>,
}

impl TimeWeighted {
    /// What was held when the period began.
    pub fn carry(&mut self, value: Quantity) -> Result<(), Overflow> {
        self.carried = self.carried.checked_add(value)?;
        Ok(())
    }

    /// One more value.
    pub fn add(&mut self, stamp: Stamp, value: Quantity) {
        self.values.insert(stamp, value);
    }

    /// The values of both.
    pub fn merge(&mut self, other: &Self) -> Result<(), Overflow> {
        self.carry(other.carried)?;
        self.values.extend(other.values.iter().map(|(stamp, value)| (stamp.clone(), *value)));
        Ok(())
    }

    /// What is held in the end.
    pub fn level(&self, values: Values) -> Result<Quantity, Overflow> {
        match values {
            Values::Change => self.values.values().try_fold(self.carried, |sum, value| sum.checked_add(*value)),
            Values::Level => Ok(self.values.values().last().copied().unwrap_or(self.carried)),
        }
    }
}

#[cfg(feature = "zones")]
impl TimeWeighted {
    /// Held units times the time they were held in the span, in units of time.
    pub fn exact(&self, (values, per): (Values, TimeUnit), span: &Span) -> Result<Exact, Overflow> {
        let mut held = self.carried;
        let mut unit_seconds = held.exact().checked_mul(span.seconds_left(span.period.start)?)?;
        for (stamp, value) in &self.values {
            let change = match values {
                Values::Change => *value,
                Values::Level => value.checked_sub(held)?,
            };
            held = held.checked_add(change)?;
            let weighed = change.exact().checked_mul(span.seconds_left(stamp.time)?)?;
            unit_seconds = unit_seconds.checked_add(weighed)?;
        }
        if unit_seconds.signum() == 0 {
            return Ok(Exact::ZERO);
        }
        unit_seconds.checked_div(per.seconds(span)?)
    }
}

#[cfg(feature = "zones")]
impl TimeUnit {
    fn seconds(self, span: &Span) -> Result<Exact, Overflow> {
        let fixed = match self {
            Self::Period => return span.whole_seconds(),
            Self::Day => 86_400,
            Self::Hour => 3_600,
            Self::Second => 1,
        };
        Exact::ratio(fixed, 1).ok_or(Overflow)
    }
}
