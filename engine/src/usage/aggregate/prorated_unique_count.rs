//! Prorated unique count: each value counts for the days on which it was there, first and last included, of the days
//! of the whole. Leaving and coming back on one day is one day.

use super::TimeShare;
use super::unique_count::{Item, UniqueCount};
use crate::exact::{Exact, Overflow};
use crate::period::Instant;
use crate::quantity::Quantity;
use crate::usage::Span;

/// The days of all values.
pub(super) fn exact(unique: &UniqueCount, share: TimeShare, span: &Span) -> Result<Exact, Overflow> {
    let days = unique.items().try_fold(Quantity::ZERO, |sum, item| sum.checked_add(days(item, span)?))?;
    share.of_days(days, span)
}

/// The days on which a value was there.
fn days(item: &Item, span: &Span) -> Result<Quantity, Overflow> {
    let mut walk = Presence::default();
    let carried = item.carried.then_some((span.period.start, true));
    let steps = item.steps.iter().map(|(stamp, adds)| (stamp.time, *adds));
    carried.into_iter().chain(steps).try_fold(Quantity::ZERO, |sum, (time, adds)| {
        match walk.step(time, adds, span)? {
            Some(change) if adds => sum.checked_add(change),
            Some(change) => sum.checked_sub(change),
            None => Ok(sum),
        }
    })
}

/// A value on its way through the period.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::usage) struct Presence {
    present: bool,
    /// Days left after the last billed day; `None` before the first.
    unbilled: Option<u64>,
}

impl Presence {
    /// Adds or removes the value. Gives the days to the period's end that become billed, or that are taken back where
    /// it is removed; `None` where nothing changes, as adding what is there.
    pub(in crate::usage) fn step(
        &mut self,
        time: Instant,
        adds: bool,
        span: &Span,
    ) -> Result<Option<Quantity>, Overflow> {
        if adds == self.present {
            return Ok(None);
        }
        self.present = adds;
        let left = span.days_left(time)?;
        let days = if adds {
            // The day of the last removal is billed already.
            self.unbilled.map_or(left, |unbilled| left.min(unbilled))
        } else if time < span.period.start {
            // Gone before the period began: not even its first day is billed.
            left
        } else {
            let after = left.saturating_sub(1);
            self.unbilled = Some(after);
            after
        };
        Ok(Some(Quantity::from(days)))
    }
}
