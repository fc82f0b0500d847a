//! Composite: a percentage of what other charges of the plan cost, for instance support at 10 % of all usage.
//!
//! The base is what the bill shows for those charges, so that a reader can check it. The book check has made sure
//! that no charge is a share of itself.

use super::graduated_percentage;
use super::trace::{ChargeAmount, Recorder, Step};
use crate::catalog::{Charge, Composite, Plan, Pricing, Share};
use crate::exact::{Exact, Overflow};
use crate::ids::ChargeId;
use crate::money::Money;
use crate::quantity::Quantity;

/// What the charges so far cost.
pub(super) type Amounts<'p> = Vec<(&'p ChargeId, Money)>;

/// The charges in an order in which every composite comes after its parts; else in that of the plan.
pub(super) fn parts_first(plan: &Plan) -> Vec<&Charge> {
    if !plan.charges.iter().any(|charge| matches!(charge.pricing, Pricing::Composite(_))) {
        return plan.charges.iter().collect();
    }
    let (mut waiting, mut ready): (Vec<&Charge>, Vec<&Charge>) =
        plan.charges.iter().partition(|charge| matches!(charge.pricing, Pricing::Composite(_)));
    while !waiting.is_empty() {
        let is_ready = |charge: &&Charge| parts(charge).iter().all(|part| ready.iter().any(|other| other.id == *part));
        let (next, rest): (Vec<&Charge>, Vec<&Charge>) = waiting.into_iter().partition(is_ready);
        if next.is_empty() {
            break;
        }
        ready.extend(next);
        waiting = rest;
    }
    ready
}

fn parts(charge: &Charge) -> &[ChargeId] {
    match &charge.pricing {
        Pricing::Composite(composite) => &composite.of,
        Pricing::Flat(_) | Pricing::Metered(_) | Pricing::Capacity(_) => &[],
    }
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn price(
    composite: &Composite,
    amounts: &Amounts<'_>,
    digits: u32,
    steps: &mut impl Recorder,
) -> Result<Exact, Overflow> {
    let of: Vec<ChargeAmount> = amounts
        .iter()
        .filter(|(charge, _)| composite.of.contains(charge))
        .map(|(charge, amount)| ChargeAmount { charge: (*charge).clone(), amount: *amount })
        .collect();
    let sum = of.iter().map(|part| part.amount).try_fold(Money::ZERO, Money::checked_add)?;
    steps.record(|| Step::SumOfCharges { of, sum });
    match &composite.share {
        Share::Percent(percent) => {
            let (percent, amount) = (*percent, percent.of(sum.exact())?);
            steps.record(|| Step::Percent { base: sum, percent, amount });
            Ok(amount)
        }
        Share::Graduated(tiers) => graduated_percentage::price(tiers, Quantity::new(sum.decimal()), digits, steps),
    }
}
