//! Shares of a period by days: unit-days over the days of the whole, rounded only if the book says so.

use serde::{Deserialize, Serialize};

#[cfg(feature = "zones")]
use crate::exact::{Exact, Overflow};
#[cfg(feature = "zones")]
use crate::quantity::Quantity;
use crate::usage::QuantityRounding;
#[cfg(feature = "zones")]
use crate::usage::Span;

/// How a prorated quantity is cut before anything else happens to it; `None` keeps every digit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TimeShare(pub Option<QuantityRounding>);

#[cfg(feature = "zones")]
impl TimeShare {
    /// Unit-days as a share of the whole's days.
    pub(super) fn of_days(self, unit_days: Quantity, span: &Span) -> Result<Exact, Overflow> {
        if unit_days.is_zero() {
            return Ok(Exact::ZERO);
        }
        let whole = Exact::ratio(span.whole_days()?.into(), 1).ok_or(Overflow)?;
        self.cut(unit_days.exact().checked_div(whole)?)
    }

    fn cut(self, share: Exact) -> Result<Exact, Overflow> {
        match self.0 {
            Some(rounding) => Ok(rounding.apply(share)?.exact()),
            None => Ok(share),
        }
    }
}
