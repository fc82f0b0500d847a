//! What one tier of a price list costs: its fee, its units or its packages, its cap. Shared by all models with tiers.

use super::trace::{Part, Recorder, Step};
use crate::catalog::{Percent, Tier, TierRules, UnitPrice};
use crate::exact::{Exact, Overflow, decimal};
use crate::money::Money;
use crate::quantity::Quantity;
use crate::rounding::{RoundingMode, round, to_integer};

/// A tier with the bound it begins after, and the units that are priced in it.
#[derive(Clone, Copy)]
pub(super) struct Slice<'t> {
    pub(super) from: Quantity,
    pub(super) tier: &'t Tier,
    pub(super) quantity: Quantity,
    /// Whether the fee is due: not where the tier is only looked at because nothing was used.
    pub(super) fee_due: bool,
}

/// What the quantity of a list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sold {
    /// Units, at a price.
    Units,
    /// Money, of which a percentage is due.
    Shares,
}

/// The currency's decimal places and the list's rules.
#[derive(Clone, Copy)]
pub(super) struct Setting {
    pub(super) digits: u32,
    pub(super) rules: TierRules,
    pub(super) sold: Sold,
}

/// A tier that has units only is one step, written by `units`; anything more is a part with steps of its own.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn price<R: Recorder>(
    slice: Slice<'_>,
    setting: Setting,
    steps: &mut R,
    units: impl Fn(&mut R, Exact),
) -> Result<Exact, Overflow> {
    let Slice { from, tier, quantity, .. } = slice;
    let has_fee = slice.fee_due && tier.flat.exact().signum() != 0;
    let plain = setting.sold == Sold::Units && setting.rules.round_each.is_none();
    if plain && !has_fee && tier.cap.is_none() && tier.size.is_none() {
        let amount = tier.price.times(quantity)?;
        units(steps, amount);
        return Ok(amount);
    }
    steps.part(
        || Part::Tier { from, up_to: tier.up_to },
        |steps| {
            let mut sum = Exact::ZERO;
            if has_fee {
                let amount = detail(tier.flat.exact(), setting, steps, |steps, amount| {
                    steps.record(|| Step::Flat { amount });
                })?;
                sum = sum.checked_add(amount)?;
            }
            if has_price(&tier.price) {
                let amount = units_of(tier, quantity, setting, steps)?;
                sum = sum.checked_add(amount)?;
            }
            capped(tier, sum, steps)
        },
    )
}

fn has_price(price: &UnitPrice) -> bool {
    price.price.exact().signum() != 0
}

fn units_of<R: Recorder>(tier: &Tier, quantity: Quantity, setting: Setting, steps: &mut R) -> Result<Exact, Overflow> {
    let price = tier.price;
    if setting.sold == Sold::Shares {
        let (base, percent) = (Money::new(quantity.decimal()), Percent::new(price.price.decimal()));
        return detail(percent.of(base.exact())?, setting, steps, |steps, amount| {
            steps.record(|| Step::Percent { base, percent, amount });
        });
    }
    let Some(size) = tier.size else {
        return detail(price.times(quantity)?, setting, steps, |steps, amount| {
            steps.record(|| Step::PerUnit { quantity, price, amount });
        });
    };
    let begun = to_integer(quantity.exact().checked_div(size.exact())?, RoundingMode::Ceiling)?;
    let packages = Quantity::new(decimal(begun, 0)?);
    let exact = packages.exact().checked_mul(price.price.exact())?;
    detail(exact, setting, steps, |steps, amount| {
        let rounding = crate::catalog::PackageRounding::Up;
        steps.record(|| Step::Packages { quantity, size, packages, rounding, price: price.price, amount });
    })
}

/// An amount that the bill shows by itself, rounded there if the list says so.
fn detail<R: Recorder>(
    exact: Exact,
    setting: Setting,
    steps: &mut R,
    record: impl Fn(&mut R, Exact),
) -> Result<Exact, Overflow> {
    let Some(mode) = setting.rules.round_each else {
        record(steps, exact);
        return Ok(exact);
    };
    let digits = setting.digits;
    let amount = round(exact, digits, mode)?;
    steps.part(
        || Part::Detail,
        |steps| {
            record(steps, exact);
            let cut = exact.checked_sub(amount.exact())?;
            steps.record(|| Step::Round { mode, digits, exact, cut, amount });
            Ok(amount.exact())
        },
    )
}

/// A tier costs at most its cap.
fn capped(tier: &Tier, sum: Exact, steps: &mut impl Recorder) -> Result<Exact, Overflow> {
    let Some(cap) = tier.cap else { return Ok(sum) };
    let over = sum.checked_sub(cap.exact())?;
    if over.signum() <= 0 {
        return Ok(sum);
    }
    let amount = Exact::ZERO.checked_sub(over)?;
    steps.record(|| Step::Cap { cap, before: sum, amount });
    Ok(cap.exact())
}
