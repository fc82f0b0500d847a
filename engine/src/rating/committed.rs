//! Committed capacity: a fixed fee covers so many units, used or not; what goes beyond costs a rate for each unit.
//!
//! The rate is that of the book or the commitment's own times a factor. Where the book says so, the rate is rounded
//! to the currency before it is multiplied, and the units above to whole ones: some contracts are written that way.

use super::trace::{Recorder, Step};
use crate::catalog::Committed;
use crate::exact::{Exact, Overflow, decimal};
use crate::quantity::Quantity;
use crate::rounding::to_integer;

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn price(
    committed: &Committed,
    quantity: Quantity,
    digits: u32,
    steps: &mut impl Recorder,
) -> Result<Exact, Overflow> {
    let Committed { capacity, fee, round_rate, round_units, .. } = *committed;
    steps.record(|| Step::Flat { amount: fee.exact() });
    let used = quantity.min(capacity);
    let over = quantity.checked_sub(used)?;
    steps.record(|| Step::Allowance { included: capacity, used, billable: over });
    if over.is_zero() {
        return Ok(fee.exact());
    }
    let units = match round_units {
        Some(mode) => Quantity::new(decimal(to_integer(over.exact(), mode)?, 0)?),
        None => over,
    };
    let rate = committed.rate(digits)?;
    let amount = rate.checked_mul(units.exact())?;
    steps.record(|| Step::Overage { over, round_units, units, rate, round_rate, amount });
    fee.exact().checked_add(amount)
}
