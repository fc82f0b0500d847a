//! With rounding once an invoice, lines keep every digit: so every line must have a decimal that ends, and soon.

use super::charge::{Charge, Pricing};
use super::plan::Plan;
use super::price::{CellPrice, Effect, Model, Rules, Tiers, UnitPrice};
use super::problem::ProblemKind;
use super::reader::{Path, Reader, Table};
use crate::exact::Exact;
use crate::quantity::Quantity;

/// How many decimal places a price for one unit may need where lines stay exact; the rest of 28 digits is for amounts.
const EXACT_PLACES_MAX: u32 = 18;

/// Rounding once an invoice shows lines unrounded, so every line must have a decimal that ends, and soon.
pub(super) fn check_exact_lines(reader: &mut Reader, root: &Table<'_>, plans: &[Plan]) -> Option<()> {
    let mut outcome = Some(());
    let Some(field) = root.get("plans") else { return outcome };
    let entries = reader.entries(&field.node, &Path::default().key("plans"));
    for (plan, entry) in plans.iter().zip(&entries) {
        for (index, charge) in plan.charges.iter().enumerate() {
            if let Some(price) = endless_price(charge) {
                let path = entry.path.key("charges").index(index);
                let node = entry.charge(index).unwrap_or(entry.node);
                let kind = ProblemKind::EndlessPrice { price: price.price.to_string(), per: price.per.to_string() };
                outcome = reader.report(node, &path, kind);
            }
        }
    }
    outcome
}

/// The first price of the charge that needs too many places for one unit.
fn endless_price(charge: &Charge) -> Option<UnitPrice> {
    let Pricing::Metered(metered) = &charge.pricing else { return None };
    match &metered.model {
        Model::PerUnit(price) => endless(*price),
        Model::Graduated(tiers) | Model::Volume(tiers) => endless_tier(tiers),
        Model::Matrix(matrix) => matrix.prices().find_map(|price| match price {
            CellPrice::PerUnit(price) => endless(*price),
            CellPrice::Graduated(tiers) | CellPrice::Volume(tiers) => endless_tier(tiers),
            CellPrice::StairStep(_) | CellPrice::Package(_) => None,
        }),
        Model::Rules(rules) => endless_rule(rules),
        Model::StairStep(_) | Model::Package(_) => None,
    }
}

fn endless(price: UnitPrice) -> Option<UnitPrice> {
    let one = price.times(Quantity::from(1)).ok().and_then(Exact::to_decimal);
    one.is_none_or(|one| one.scale() > EXACT_PLACES_MAX).then_some(price)
}

fn endless_tier(tiers: &Tiers) -> Option<UnitPrice> {
    tiers.as_slice().iter().find_map(|tier| endless(tier.price))
}

/// The first price that has too many places when all factors of its group hold.
fn endless_rule(rules: &Rules) -> Option<UnitPrice> {
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
    price.map(|price| UnitPrice { price, per: Quantity::from(1) })
}
