//! Volume: all units cost the price of the one tier that the quantity reaches. One more unit can make the whole
//! quantity cheaper. The fixed fee is that of this tier alone.
//!
//! A quantity exactly on a bound stays in the lower tier unless the list says `bound = "upper"`; `lookup = "ceiling"`
//! looks the tier up with the next whole number, for lists written as 0–100, 101–200.

use super::tier::{self, Setting, Slice, Sold};
use super::trace::{Recorder, Step};
use crate::catalog::{Lookup, Tier, Tiers, ZeroUsage};
use crate::exact::{Exact, Overflow, decimal};
use crate::quantity::Quantity;
use crate::rounding::{RoundingMode, to_integer};

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn price(
    tiers: &Tiers,
    quantity: Quantity,
    digits: u32,
    steps: &mut impl Recorder,
) -> Result<Exact, Overflow> {
    let rules = tiers.rules();
    // The last tier is open, so one is always reached.
    let Some((from, tier)) = reached(tiers, quantity)? else {
        return Ok(Exact::ZERO);
    };
    let fee_due = !quantity.is_zero() || rules.zero_usage == ZeroUsage::FirstTier;
    let (price, up_to) = (tier.price, tier.up_to);
    let setting = Setting { digits, rules, sold: Sold::Units };
    tier::price(Slice { from, tier, quantity, fee_due }, setting, steps, |steps, amount| {
        steps.record(|| Step::VolumeTier { from, up_to, quantity, price, amount });
    })
}

/// The tier that a quantity reaches, and the bound it begins after.
pub(super) fn reached(tiers: &Tiers, quantity: Quantity) -> Result<Option<(Quantity, &Tier)>, Overflow> {
    let rules = tiers.rules();
    let sought = match rules.lookup {
        Lookup::Exact => quantity,
        Lookup::Ceiling => Quantity::new(decimal(to_integer(quantity.exact(), RoundingMode::Ceiling)?, 0)?),
    };
    Ok(tiers.with_lower_bounds().find(|(_, tier)| quantity.is_zero() || tier.holds(sought, rules.bound)))
}

/// The number of the tier that a quantity reaches, from 1; `None` never, as the last tier is open.
pub fn tier_number(tiers: &Tiers, quantity: Quantity) -> Result<Option<usize>, Overflow> {
    let Some((from, _)) = reached(tiers, quantity)? else { return Ok(None) };
    let at = tiers.with_lower_bounds().position(|(lower, _)| lower == from);
    Ok(at.and_then(|at| at.checked_add(1)))
}
