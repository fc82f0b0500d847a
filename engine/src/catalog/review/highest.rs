//! The highest charge that any usage can produce: by it a trial plan proves that it never bills anything.

use serde::{Deserialize, Serialize};

use crate::catalog::{Charge, Each, Metered, Model, Plan, Pricing, Share, Tier, Tiers};
use crate::exact::{Exact, Overflow};
use crate::quantity::Quantity;
use crate::rounding::{RoundingMode, to_integer};

/// What a price can come to at most, over all usages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Highest {
    /// Never more than this, net and before rounding.
    AtMost(Exact),
    /// More usage always costs more in the end.
    Unlimited,
}

impl Highest {
    /// Nothing, whatever is used.
    pub const NOTHING: Self = Self::AtMost(Exact::ZERO);

    /// Whether no usage produces a charge.
    pub fn is_nothing(self) -> bool {
        match self {
            Self::AtMost(amount) => amount.signum() == 0,
            Self::Unlimited => false,
        }
    }

    fn plus(self, other: Self) -> Result<Self, Overflow> {
        match (self, other) {
            (Self::AtMost(a), Self::AtMost(b)) => Ok(Self::AtMost(a.checked_add(b)?)),
            (Self::Unlimited, _) | (_, Self::Unlimited) => Ok(Self::Unlimited),
        }
    }

    fn at_most(self, cap: Exact) -> Result<Self, Overflow> {
        match self {
            Self::AtMost(amount) if cap.checked_sub(amount)?.signum() >= 0 => Ok(self),
            Self::AtMost(_) | Self::Unlimited => Ok(Self::AtMost(cap)),
        }
    }

    fn or(self, other: Self) -> Result<Self, Overflow> {
        match (self, other) {
            (Self::AtMost(a), Self::AtMost(b)) if b.checked_sub(a)?.signum() > 0 => Ok(Self::AtMost(b)),
            (Self::AtMost(_), Self::AtMost(_)) => Ok(self),
            (Self::Unlimited, _) | (_, Self::Unlimited) => Ok(Self::Unlimited),
        }
    }
}

/// The highest net charge of a plan in one period. An amount too large to be computed counts as unlimited.
pub fn highest(plan: &Plan) -> Highest {
    let sum = |sum: Highest, charge: &Charge| sum.plus(highest_charge(plan, charge)?);
    let charges = plan.charges.iter().try_fold(Highest::NOTHING, sum);
    charges.and_then(|charges| with_plan_terms(plan, charges)).unwrap_or(Highest::Unlimited)
}

/// A commitment is due at least, and a spending cap bounds everything.
fn with_plan_terms(plan: &Plan, charges: Highest) -> Result<Highest, Overflow> {
    let committed = plan.terms.commitment.as_ref().map_or(Exact::ZERO, |commitment| commitment.amount.exact());
    let whole = charges.or(Highest::AtMost(committed))?;
    match &plan.terms.maximum {
        Some(cap) => whole.at_most(cap.amount.exact()),
        None => Ok(whole),
    }
}

/// A maximum of the charge bounds whatever its model says.
fn highest_charge(plan: &Plan, charge: &Charge) -> Result<Highest, Overflow> {
    let model = highest_pricing(plan, charge)?;
    let least = charge.terms.minimum.as_ref().map_or(Exact::ZERO, |minimum| minimum.amount.exact());
    let whole = model.or(Highest::AtMost(least))?;
    match charge.terms.maximum {
        Some(maximum) => whole.at_most(maximum.exact()),
        None => Ok(whole),
    }
}

fn highest_pricing(plan: &Plan, charge: &Charge) -> Result<Highest, Overflow> {
    match &charge.pricing {
        Pricing::Capacity(capacity) => {
            let prices = capacity.tiers.iter().map(|tier| Highest::AtMost(tier.price.exact()));
            prices.into_iter().try_fold(Highest::NOTHING, Highest::or)
        }
        Pricing::Composite(composite) => {
            let parts = plan.charges.iter().filter(|other| composite.of.contains(&other.id));
            let base =
                parts.into_iter().try_fold(Highest::NOTHING, |sum, part| sum.plus(highest_charge(plan, part)?))?;
            match (base, &composite.share) {
                (Highest::AtMost(base), Share::Percent(percent)) => Ok(Highest::AtMost(percent.of(base)?)),
                (base, Share::Graduated(_)) if base.is_nothing() => Ok(base),
                (Highest::AtMost(_) | Highest::Unlimited, _) => Ok(Highest::Unlimited),
            }
        }
        Pricing::Flat(flat) => Ok(Highest::AtMost(flat.amount.exact())),
        Pricing::Metered(metered) => highest_metered(metered),
    }
}

/// There can be any number of groups, so what each may cost is unlimited together.
fn highest_metered(metered: &Metered) -> Result<Highest, Overflow> {
    let highest = highest_model(&metered.model)?;
    match metered.each {
        Each::Period => Ok(highest),
        Each::Group if highest.is_nothing() => Ok(highest),
        Each::Group => Ok(Highest::Unlimited),
    }
}

pub(super) fn highest_model(model: &Model) -> Result<Highest, Overflow> {
    match model {
        Model::PerUnit(price) => Ok(free_or_unlimited(price.price.exact())),
        Model::Package(package) => Ok(free_or_unlimited(package.price.exact())),
        Model::Percentage(percentage) => {
            let fees = [Some(percentage.per_event), percentage.minimum];
            let fee = fees.into_iter().flatten().any(|fee| fee.exact().signum() != 0);
            let percent = Exact::from_decimal(percentage.percent.decimal());
            Ok(if fee { Highest::Unlimited } else { free_or_unlimited(percent) })
        }
        Model::Dynamic(dynamic) => Ok(free_or_unlimited(dynamic.multiplier.exact())),
        Model::Committed(committed) => {
            free_or_unlimited(committed.rate(0)?).plus(Highest::AtMost(committed.fee.exact()))
        }
        Model::Graduated(tiers) | Model::GraduatedPercentage(tiers) => all_tiers(tiers),
        // Units that stay the whole period are priced like any others.
        Model::ProratedGraduated(prorated) => all_tiers(&prorated.tiers),
        Model::Volume(tiers) | Model::StairStep(tiers) => dearest_tier(tiers),
    }
}

fn free_or_unlimited(price: Exact) -> Highest {
    if price.signum() == 0 { Highest::NOTHING } else { Highest::Unlimited }
}

/// Graduated: all tiers are filled and paid together.
fn all_tiers(tiers: &Tiers) -> Result<Highest, Overflow> {
    tiers.with_lower_bounds().try_fold(Highest::NOTHING, |sum, (from, tier)| {
        let width = tier.up_to.map(|up_to| up_to.checked_sub(from)).transpose()?;
        sum.plus(filled(tier, width)?)
    })
}

/// Volume and stair-step: only the tier that is reached is paid, for all units.
fn dearest_tier(tiers: &Tiers) -> Result<Highest, Overflow> {
    tiers.as_slice().iter().try_fold(Highest::NOTHING, |dearest, tier| dearest.or(filled(tier, tier.up_to)?))
}

/// A tier with as many units as it holds; `None` if there is no end to them.
fn filled(tier: &Tier, units: Option<Quantity>) -> Result<Highest, Overflow> {
    let uncapped = match units {
        _ if tier.price.price.exact().signum() == 0 => Highest::NOTHING,
        None => Highest::Unlimited,
        Some(units) => Highest::AtMost(match tier.size {
            None => tier.price.times(units)?,
            Some(size) => {
                let packages = to_integer(units.exact().checked_div(size.exact())?, RoundingMode::Ceiling)?;
                Exact::ratio(packages, 1).ok_or(Overflow)?.checked_mul(tier.price.price.exact())?
            }
        }),
    };
    let whole = uncapped.plus(Highest::AtMost(tier.flat.exact()))?;
    match (tier.cap, whole) {
        (Some(cap), Highest::Unlimited) => Ok(Highest::AtMost(cap.exact())),
        (Some(cap), Highest::AtMost(amount)) if amount.checked_sub(cap.exact())?.signum() > 0 => {
            Ok(Highest::AtMost(cap.exact()))
        }
        (Some(_) | None, whole) => Ok(whole),
    }
}
