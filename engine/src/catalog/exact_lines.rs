//! With rounding once an invoice, lines keep every digit: so every line must have a decimal that ends, and soon.

use super::charge::{Charge, Pricing};
use super::plan::Plan;
use super::price::{CellPrice, Committed, Composite, Effect, Model, Overage, Rules, Share, Tiers, UnitPrice};
use super::problem::ProblemKind;
use super::reader::{Path, Reader, Table};
use crate::exact::{Exact, Overflow};
use crate::quantity::Quantity;

/// How many decimal places a price for one unit may need where lines stay exact; the rest of 28 digits is for amounts.
const EXACT_PLACES_MAX: u32 = 18;

/// Rounding once an invoice shows lines unrounded, so every line must have a decimal that ends, and soon.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn check_exact_lines(reader: &mut Reader, root: &Table<'_>, plans: &[Plan]) -> Option<()> {
    let mut outcome = Some(());
    let Some(field) = root.get("plans") else { return outcome };
    let entries = reader.entries(&field.node, &Path::default().key("plans"));
    for (plan, entry) in plans.iter().zip(&entries) {
        for (index, charge) in plan.charges.iter().enumerate() {
            if let Some(kind) = endless(charge) {
                let path = entry.path.key("charges").index(index);
                let node = entry.charge(index).unwrap_or(entry.node);
                outcome = reader.report(node, &path, kind);
            }
        }
    }
    outcome
}

/// Why the amounts of a charge may have digits without end, or too many.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn endless(charge: &Charge) -> Option<ProblemKind> {
    let metered = match &charge.pricing {
        Pricing::Metered(metered) => metered,
        Pricing::Composite(Composite { share: Share::Graduated(tiers), .. }) => return endless_tier(charge, tiers),
        Pricing::Composite(Composite { share: Share::Percent(_), .. }) | Pricing::Flat(_) | Pricing::Capacity(_) => {
            return None;
        }
    };
    match &metered.model {
        Model::PerUnit(price) => endless_price(charge, *price),
        Model::Graduated(tiers) | Model::Volume(tiers) | Model::GraduatedPercentage(tiers) => {
            endless_tier(charge, tiers)
        }
        Model::Matrix(matrix) => matrix.prices().find_map(|price| match price {
            CellPrice::PerUnit(price) => endless_price(charge, *price),
            CellPrice::Graduated(tiers) | CellPrice::Volume(tiers) => endless_tier(charge, tiers),
            CellPrice::StairStep(_) | CellPrice::Package(_) => None,
        }),
        Model::Rules(rules) => endless_rule(rules),
        Model::Committed(committed) => endless_rate(charge, committed),
        // A share of a period is a fraction of days, and a tier's share of that is another.
        Model::ProratedGraduated(_) => Some(ProblemKind::EndlessShares),
        Model::StairStep(_) | Model::Package(_) | Model::Percentage(_) | Model::Dynamic(_) => None,
    }
}

/// Whether one unit at this rate, with the charge's terms, has digits without end, or too many.
fn is_endless(charge: &Charge, rate: Result<Exact, Overflow>) -> bool {
    let one = rate.and_then(|one| with_terms(charge, one)).ok().and_then(Exact::to_decimal);
    one.is_none_or(|one| one.scale() > EXACT_PLACES_MAX)
}

/// A price with the digits that a discount and an overage factor add to it.
fn with_terms(charge: &Charge, price: Exact) -> Result<Exact, Overflow> {
    let off = charge.terms.discount.map_or(Ok(price), |percent| percent.of(price))?;
    match &charge.terms.commitment {
        Some(commitment) => off.checked_mul(commitment.settle.overage_factor.exact()),
        None => Ok(off),
    }
}

fn endless_price(charge: &Charge, price: UnitPrice) -> Option<ProblemKind> {
    let kind = || ProblemKind::EndlessPrice { price: price.price.to_string(), per: price.per.to_string() };
    is_endless(charge, price.times(Quantity::from(1))).then(kind)
}

fn endless_tier(charge: &Charge, tiers: &Tiers) -> Option<ProblemKind> {
    tiers.as_slice().iter().find_map(|tier| endless_price(charge, tier.price))
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn endless_rate(charge: &Charge, committed: &Committed) -> Option<ProblemKind> {
    // A rounded rate has the currency's places, whatever these are.
    if committed.round_rate.is_some() {
        return None;
    }
    let (price, per) = match committed.overage {
        Overage::Price(price) => (price.price.to_string(), price.per.to_string()),
        Overage::Factor(_) => (committed.fee.to_string(), committed.capacity.to_string()),
    };
    is_endless(charge, committed.rate(0)).then_some(ProblemKind::EndlessPrice { price, per })
}

/// The first price that has too many places when all factors of its group hold.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn endless_rule(rules: &Rules) -> Option<ProblemKind> {
    let places = |effect: &Effect| match effect {
        Effect::Price(money) | Effect::Fee(money) => (money.decimal().normalize().scale(), 0),
        Effect::Factor(factor) => (0, factor.decimal().normalize().scale()),
    };
    let too_long = |group: &Option<&str>| {
        let of_group = rules.as_slice().iter().filter(|rule| rule.group.as_deref() == *group);
        let (price, factors) = of_group
            .map(|rule| places(&rule.effect))
            .fold((0_u32, 0_u32), |(price, factors), (p, f)| (price.max(p), factors.saturating_add(f)));
        price.saturating_add(factors) > EXACT_PLACES_MAX
    };
    let group = rules.groups().into_iter().find(too_long)?;
    let price =
        rules.as_slice().iter().filter(|rule| rule.group.as_deref() == group).find_map(|rule| match rule.effect {
            Effect::Price(price) | Effect::Fee(price) => Some(price),
            Effect::Factor(_) => None,
        });
    price.map(|price| ProblemKind::EndlessPrice { price: price.to_string(), per: "1".to_owned() })
}
