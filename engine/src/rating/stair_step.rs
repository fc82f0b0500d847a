//! Stair-step: the quantity only chooses the tier; what is due is the tier's fixed price, however many units there are.

use super::trace::{Recorder, Step};
use super::volume::reached;
use crate::catalog::{Tiers, ZeroUsage};
use crate::exact::{Exact, Overflow};
use crate::quantity::Quantity;

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn price(tiers: &Tiers, quantity: Quantity, steps: &mut impl Recorder) -> Result<Exact, Overflow> {
    if quantity.is_zero() && tiers.rules().zero_usage == ZeroUsage::Nothing {
        return Ok(Exact::ZERO);
    }
    // The last tier is open, so one is always reached.
    let Some((from, tier)) = reached(tiers, quantity)? else {
        return Ok(Exact::ZERO);
    };
    let (amount, up_to) = (tier.flat.exact(), tier.up_to);
    steps.record(|| Step::StairStep { from, up_to, quantity, amount });
    Ok(amount)
}
