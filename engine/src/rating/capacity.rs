//! Capacity: several meters together choose a tier; what is due is its fixed price. One unit too many of any of them
//! moves the whole to the next tier.
//!
//! Limits are inclusive: a meter exactly at its limit stays in the tier.

use super::trace::{Limit, Recorder, Step};
use crate::catalog::{Capacity, CapacityTier, ZeroUsage};
use crate::exact::Exact;
use crate::ids::MeterId;
use crate::quantity::Quantity;
use crate::usage::Usage;

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn price(capacity: &Capacity, usage: &Usage, steps: &mut impl Recorder) -> Exact {
    let counted = |meter: &MeterId| usage.of(meter).map_or(Quantity::ZERO, |usage| usage.quantity);
    let idle = capacity.meters().into_iter().all(|meter| counted(meter).is_zero());
    if idle && capacity.zero_usage == ZeroUsage::Nothing {
        return Exact::ZERO;
    }
    let holds = |tier: &&CapacityTier| tier.limits.iter().all(|(meter, limit)| counted(meter) <= *limit);
    // The last tier has no limits, so one always holds.
    let Some(tier) = capacity.tiers.iter().find(holds) else { return Exact::ZERO };
    let amount = tier.price.exact();
    steps.record(|| {
        let limit = |meter: &MeterId| tier.limits.iter().find(|(other, _)| other == meter).map(|(_, limit)| *limit);
        let one = |meter: &MeterId| Limit { meter: meter.clone(), quantity: counted(meter), limit: limit(meter) };
        Step::Capacity { limits: capacity.meters().into_iter().map(one).collect(), amount }
    });
    amount
}
