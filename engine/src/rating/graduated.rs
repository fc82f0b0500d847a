//! Graduated: each tier's units cost that tier's price, like an income tax. One more unit never lowers the price of the
//! others. A tier's fixed fee is due once, as soon as the tier is entered.
//!
//! A unit exactly on a bound belongs to the lower tier unless the list says `bound = "upper"`.

use super::tier::{self, Setting, Slice, Sold};
use super::trace::{Recorder, Step};
use crate::catalog::{Tiers, ZeroUsage};
use crate::exact::{Exact, Overflow};
use crate::quantity::Quantity;

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn price(
    tiers: &Tiers,
    quantity: Quantity,
    digits: u32,
    steps: &mut impl Recorder,
) -> Result<Exact, Overflow> {
    in_tiers(tiers, quantity, (digits, Sold::Units), steps)
}

/// Each tier's part of the quantity, sold as units or as shares of money.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn in_tiers(
    tiers: &Tiers,
    quantity: Quantity,
    (digits, sold): (u32, Sold),
    steps: &mut impl Recorder,
) -> Result<Exact, Overflow> {
    let rules = tiers.rules();
    let setting = Setting { digits, rules, sold };
    let fee_due = !quantity.is_zero() || rules.zero_usage == ZeroUsage::FirstTier;
    let mut sum = Exact::ZERO;
    for (from, tier) in tiers.with_lower_bounds() {
        let in_tier = tier.up_to.map_or(quantity, |up_to| quantity.min(up_to)).checked_sub(from)?;
        let slice = Slice { from, tier, quantity: in_tier, fee_due };
        let (price, up_to) = (tier.price, tier.up_to);
        let amount = tier::price(slice, setting, steps, |steps, amount| {
            steps.record(|| Step::GraduatedTier { from, up_to, quantity: in_tier, price, amount });
        })?;
        sum = sum.checked_add(amount)?;
        // Nothing used enters no tier but the first, however bounds are read.
        if quantity.is_zero() || tier.holds(quantity, rules.bound) {
            break;
        }
    }
    Ok(sum)
}
