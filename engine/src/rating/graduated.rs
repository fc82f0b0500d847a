//! Graduated: each tier's units cost that tier's price, like an income tax. One more unit never lowers the price of the
//! others.
//!
//! A unit exactly on a bound belongs to the lower tier: tiers are `(from, up_to]`.

use super::trace::{Recorder, Step};
use crate::catalog::Tiers;
use crate::exact::{Exact, Overflow};
use crate::quantity::Quantity;

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn price(tiers: &Tiers, quantity: Quantity, steps: &mut impl Recorder) -> Result<Exact, Overflow> {
    let mut sum = Exact::ZERO;
    for (from, tier) in tiers.with_lower_bounds() {
        let in_tier = tier.up_to.map_or(quantity, |up_to| quantity.min(up_to)).checked_sub(from)?;
        let amount = tier.price.times(in_tier)?;
        sum = sum.checked_add(amount)?;
        steps.record(|| Step::GraduatedTier { from, up_to: tier.up_to, quantity: in_tier, price: tier.price, amount });
        if tier.up_to.is_some_and(|up_to| quantity <= up_to) {
            break;
        }
    }
    Ok(sum)
}
