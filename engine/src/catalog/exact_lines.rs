//! With rounding once an invoice, lines keep every digit: so every line must have a decimal that ends, and soon.

use super::charge::{Charge, Pricing};
use super::plan::Plan;
use super::price::{Model, UnitPrice};
use super::problem::ProblemKind;
use super::reader::{Path, Reader, Table};
use crate::exact::{Exact, Overflow};
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
    let endless = |price: UnitPrice| {
        let one = price.times(Quantity::from(1)).and_then(|one| with_terms(charge, one)).ok();
        let one = one.and_then(Exact::to_decimal);
        one.is_none_or(|one| one.scale() > EXACT_PLACES_MAX).then_some(price)
    };
    match &metered.model {
        Model::PerUnit(price) => endless(*price),
        Model::Graduated(tiers) | Model::Volume(tiers) => tiers.as_slice().iter().find_map(|tier| endless(tier.price)),
        Model::StairStep(_) | Model::Package(_) => None,
    }
}

/// A price with the digits that a discount and an overage factor add to it.
fn with_terms(charge: &Charge, price: Exact) -> Result<Exact, Overflow> {
    let off = charge.terms.discount.map_or(Ok(price), |percent| percent.of(price))?;
    match &charge.terms.commitment {
        Some(commitment) => off.checked_mul(commitment.settle.overage_factor.exact()),
        None => Ok(off),
    }
}
