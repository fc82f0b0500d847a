//! Volume: all units cost the price of the one tier that the quantity reaches. One more unit can make the whole
//! quantity cheaper.
//!
//! A quantity exactly on a bound stays in the lower tier: tiers are `(from, up_to]`.

use super::trace::{Recorder, Step};
use crate::catalog::Tiers;
use crate::exact::{Exact, Overflow};
use crate::quantity::Quantity;

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn price(tiers: &Tiers, quantity: Quantity, steps: &mut impl Recorder) -> Result<Exact, Overflow> {
    let reached = |up_to: Option<Quantity>| up_to.is_none_or(|up_to| quantity <= up_to);
    // The last tier is open, so one is always reached.
    let Some((from, tier)) = tiers.with_lower_bounds().find(|(_, tier)| reached(tier.up_to)) else {
        return Ok(Exact::ZERO);
    };
    let amount = tier.price.times(quantity)?;
    steps.record(|| Step::VolumeTier { from, up_to: tier.up_to, quantity, price: tier.price, amount });
    Ok(amount)
}
