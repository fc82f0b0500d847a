//! A valid book read once more: what is likely wrong with it, and what each plan can cost at most.
//!
//! Never refuses anything; that is the check's part.

mod highest;
mod never;
mod warning;

use crate::catalog::{Book, BookDraft, CellPrice, Charge, Metered, Model, Plan, Pricing, Tier, Tiers, UnitPrice};
use crate::exact::{Exact, Overflow};
use crate::quantity::Quantity;

pub use highest::{Highest, highest};
pub use warning::{NeverHolds, Warning, WarningKind};

/// Everything odd about a book, in the order of the text where `draft` is what it was read from.
pub fn review(book: &Book, draft: Option<&BookDraft>) -> Vec<Warning> {
    let mut found: Vec<(String, WarningKind)> = Vec::new();
    for meter in &book.meters {
        if !book.plans.iter().any(|plan| plan.prices(&meter.id)) {
            found.push((format!("meters.{}", meter.id), WarningKind::MeterWithoutPrice));
        }
    }
    for plan in &book.plans {
        let path = format!("plans.{}", plan.id);
        if plan.public && !plan.trial && highest(plan).is_nothing() {
            found.push((path.clone(), WarningKind::AlwaysFree));
        }
        for (index, charge) in plan.charges.iter().enumerate() {
            let path = format!("{path}.charges[{index}]");
            found.extend(review_charge(plan, charge).into_iter().map(|kind| (path.clone(), kind)));
            found.extend(never::unmet_values(book, charge).into_iter().map(|kind| (path.clone(), kind)));
        }
        for (index, discount) in plan.discounts.iter().enumerate() {
            let reason = never::never_holds(book, discount);
            let path = format!("{path}.discounts[{index}]");
            found.extend(reason.map(|reason| (path, WarningKind::DiscountNeverHolds { reason })));
        }
    }
    let place = |path: &str| draft.and_then(|draft| draft.place_of(path));
    let mut warnings: Vec<Warning> =
        found.into_iter().map(|(path, kind)| Warning { place: place(&path), path, kind }).collect();
    warnings.sort_by_key(|warning| warning.place);
    warnings
}

fn review_charge(plan: &Plan, charge: &Charge) -> Vec<WarningKind> {
    let metered = match &charge.pricing {
        Pricing::Flat(flat) if flat.amount.exact().signum() == 0 && !plan.trial => {
            return vec![WarningKind::ChargeOfNothing];
        }
        Pricing::Flat(_) | Pricing::Capacity(_) | Pricing::Composite(_) => return Vec::new(),
        Pricing::Metered(metered) => metered,
    };
    let mut found = Vec::new();
    if metered.included != Quantity::ZERO && costs_nothing(metered) {
        found.push(WarningKind::QuotaOfFree { included: metered.included });
    }
    match &metered.model {
        Model::Volume(tiers) | Model::StairStep(tiers) => found.extend(cliffs(tiers)),
        Model::Graduated(tiers) => found.extend(dearer_tiers(tiers)),
        Model::PerUnit(_)
        | Model::Package(_)
        | Model::Percentage(_)
        | Model::GraduatedPercentage(_)
        | Model::Dynamic(_)
        | Model::Committed(_)
        | Model::ProratedGraduated(_)
        | Model::Rules(_) => {}
        Model::Matrix(matrix) => found.extend(matrix.prices().flat_map(review_cell)),
    }
    found
}

/// A cell has tiers like a charge.
fn review_cell(price: &CellPrice) -> Vec<WarningKind> {
    match price {
        CellPrice::Volume(tiers) | CellPrice::StairStep(tiers) => cliffs(tiers),
        CellPrice::Graduated(tiers) => dearer_tiers(tiers),
        CellPrice::PerUnit(_) | CellPrice::Package(_) => Vec::new(),
    }
}

fn costs_nothing(metered: &Metered) -> bool {
    highest::highest_model(&metered.model).is_ok_and(Highest::is_nothing)
}

/// Bounds above which the whole quantity gets cheaper than it was on the bound.
fn cliffs(tiers: &Tiers) -> Vec<WarningKind> {
    let pairs = tiers.as_slice().windows(2);
    let cliff = |pair: &[Tier]| {
        let [tier, next] = pair else { return None };
        let at = tier.up_to?;
        let (before, after) = (whole(tier, at).ok()?, whole(next, at).ok()?);
        (after.checked_sub(before).ok()?.signum() < 0).then_some(WarningKind::VolumeCliff { at, before, after })
    };
    pairs.filter_map(cliff).collect()
}

fn whole(tier: &Tier, units: Quantity) -> Result<Exact, Overflow> {
    per_unit(tier).times(units)?.checked_add(tier.flat.exact())
}

/// Tiers whose unit costs more than one of the tier before; a first tier that is free is an allowance.
fn dearer_tiers(tiers: &Tiers) -> Vec<WarningKind> {
    let pairs = tiers.as_slice().windows(2);
    let dearer = |pair: &[Tier]| {
        let [tier, next] = pair else { return None };
        let one = Quantity::from(1);
        let (before, after) = (per_unit(tier).times(one).ok()?, per_unit(next).times(one).ok()?);
        let is_dearer = before.signum() > 0 && after.checked_sub(before).ok()?.signum() > 0;
        is_dearer.then_some(WarningKind::DearerTier { from: tier.up_to?, before, after })
    };
    pairs.filter_map(dearer).collect()
}

/// The price of a unit, spread over the package where the tier sells packages.
fn per_unit(tier: &Tier) -> UnitPrice {
    UnitPrice { price: tier.price.price, per: tier.size.unwrap_or(tier.price.per) }
}
