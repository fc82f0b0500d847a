//! Windowed: each window of the period gives a value (its sum, its maximum, its number of events), and these give one
//! quantity: for instance the highest of all hours, the mean of the daily peaks, the 95th percentile of 5-minute sums.

#[cfg(feature = "zones")]
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::PercentileRule;
#[cfg(feature = "zones")]
use super::{Percentile, mean::mean};
#[cfg(feature = "zones")]
use crate::exact::{Exact, Overflow};
#[cfg(feature = "zones")]
use crate::period::Instant;
#[cfg(feature = "zones")]
use crate::quantity::Quantity;
#[cfg(feature = "zones")]
use crate::usage::Span;
use crate::usage::Window;

/// What a window counts and what becomes of the windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowRule {
    /// How long each is.
    pub window: Window,
    /// The value of a window.
    pub inner: Inner,
    /// The quantity of all windows.
    pub outer: Outer,
    /// What becomes of windows without events.
    pub empty: EmptyWindows,
}

/// How the events of a window become its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inner {
    /// How many came.
    Count,
    /// The sum of the field.
    Sum,
    /// The highest value of the field.
    Max,
}

/// How the values of the windows become the quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outer {
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
    /// The highest.
    Max,
    /// The highest that is left when the top share is dropped.
    Percentile(PercentileRule),
}

/// Whether windows without events are samples of zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmptyWindows {
    /// Every window of the period counts: an idle hour is an hour of nothing.
    Zero,
    /// Only windows with events count.
    LeftOut,
}

/// The values of the windows that had events.
#[cfg(feature = "zones")]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Windowed(#[serde(with = "crate::usage::pairs")] BTreeMap<Instant, Quantity>);

#[cfg(feature = "zones")]
impl Windowed {
    /// One more value in the window that begins at `start`.
    pub fn add(&mut self, inner: Inner, start: Instant, value: Quantity) -> Result<(), Overflow> {
        let joined = match (self.0.get(&start), inner) {
            (None, _) => value,
            (Some(sum), Inner::Count | Inner::Sum) => sum.checked_add(value)?,
            (Some(highest), Inner::Max) => value.max(*highest),
        };
        self.0.insert(start, joined);
        Ok(())
    }

    /// The values of both.
    pub fn merge(&mut self, inner: Inner, other: &Self) -> Result<(), Overflow> {
        other.0.iter().try_for_each(|(start, value)| self.add(inner, *start, *value))
    }

    /// The quantity of all windows of the span.
    pub fn exact(&self, rule: &WindowRule, span: &Span) -> Result<Exact, Overflow> {
        let seen = u64::try_from(self.0.len()).map_err(|_| Overflow)?;
        let empty = || match rule.empty {
            EmptyWindows::LeftOut => Ok(0),
            EmptyWindows::Zero => Ok(rule.window.count(span.period, span.zone)?.saturating_sub(seen)),
        };
        let sum = || self.0.values().try_fold(Quantity::ZERO, |sum, value| sum.checked_add(*value));
        match rule.outer {
            Outer::Sum => Ok(sum()?.exact()),
            Outer::Mean => mean(sum()?.exact(), seen.checked_add(empty()?).ok_or(Overflow)?),
            Outer::Max => {
                let highest = self.0.values().max().copied().unwrap_or(Quantity::ZERO);
                let idle = highest.is_negative() && empty()? > 0;
                Ok(if idle { Exact::ZERO } else { highest.exact() })
            }
            Outer::Percentile(percentile) => {
                let mut samples = Percentile::default();
                self.0.values().try_for_each(|value| samples.add(*value, 1))?;
                samples.add(Quantity::ZERO, empty()?)?;
                Ok(samples.quantity(percentile)?.exact())
            }
        }
    }
}
