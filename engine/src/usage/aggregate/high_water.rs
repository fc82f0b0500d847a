//! High water: how far the running total of the period rose above where it began, for units that are billed in advance
//! when they are added. What is taken off gives nothing back, and coming up again to the highest point costs nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Stamp, TimeShare};
use crate::exact::{Exact, Overflow};
use crate::quantity::Quantity;
use crate::usage::Span;

/// A running total and the highest it ever was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Water {
    /// The running total.
    pub current: Quantity,
    /// Its highest point.
    pub highest: Quantity,
}

impl Water {
    /// Changes the running total; gives the part above the highest point so far, which is what is billed.
    pub fn change(&mut self, by: Quantity) -> Result<Quantity, Overflow> {
        self.current = self.current.checked_add(by)?;
        let highest = self.highest.max(self.current);
        let rise = highest.checked_sub(self.highest)?;
        self.highest = highest;
        Ok(rise)
    }
}

/// The changes of a period in the order of time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HighWater {
    #[serde(rename = "c")]
    carried: Quantity,
    #[serde(rename = "v", with = "crate::usage::pairs")]
    changes: BTreeMap<Stamp, Quantity>,
}

impl HighWater {
    /// The running total when the period began.
    pub fn carry(&mut self, value: Quantity) -> Result<(), Overflow> {
        self.carried = self.carried.checked_add(value)?;
        Ok(())
    }

    /// One more change.
    pub fn add(&mut self, stamp: Stamp, by: Quantity) {
        self.changes.insert(stamp, by);
    }

    /// The changes of both.
    pub fn merge(&mut self, other: &Self) -> Result<(), Overflow> {
        self.carry(other.carried)?;
        self.changes.extend(other.changes.iter().map(|(stamp, by)| (stamp.clone(), *by)));
        Ok(())
    }

    /// The running total in the end.
    pub fn current(&self) -> Result<Quantity, Overflow> {
        self.changes.values().try_fold(self.carried, |sum, by| sum.checked_add(*by))
    }

    /// The highest point, counting what was there when the period began.
    pub fn quantity(&self, span: &Span) -> Result<Quantity, Overflow> {
        self.rises(span)?.iter().try_fold(Quantity::ZERO, |sum, (_, rise)| sum.checked_add(*rise))
    }

    /// Each rise by the days that are left when it happens.
    pub fn exact(&self, share: TimeShare, span: &Span) -> Result<Exact, Overflow> {
        let mut unit_days = Quantity::ZERO;
        for (days, rise) in self.rises(span)? {
            unit_days = unit_days.checked_add(rise.checked_times(Quantity::from(days))?)?;
        }
        share.of_days(unit_days, span)
    }

    /// Rises of the highest point with the days that are left, first what was there when the period began.
    fn rises(&self, span: &Span) -> Result<Vec<(u64, Quantity)>, Overflow> {
        let start = span.period.start;
        let earlier = self.changes.iter().filter(|(stamp, _)| stamp.time < start).map(|(_, by)| *by);
        let current = earlier.into_iter().try_fold(self.carried, Quantity::checked_add)?;
        let highest = current.max(Quantity::ZERO);
        let mut water = Water { current, highest };
        let mut rises = vec![(span.days_left(start)?, highest)];
        for (stamp, by) in self.changes.iter().filter(|(stamp, _)| stamp.time >= start) {
            rises.push((span.days_left(stamp.time)?, water.change(*by)?));
        }
        Ok(rises)
    }
}
