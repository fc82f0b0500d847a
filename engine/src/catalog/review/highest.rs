//! The highest charge that any usage can produce: by it a trial plan proves that it never bills anything.

use serde::{Deserialize, Serialize};

use crate::catalog::{Book, Charge, Each, Metered, Model, Plan, Pricing, Tier, Tiers};
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

    fn or(self, other: Self) -> Result<Self, Overflow> {
        match (self, other) {
            (Self::AtMost(a), Self::AtMost(b)) if b.checked_sub(a)?.signum() > 0 => Ok(Self::AtMost(b)),
            (Self::AtMost(_), Self::AtMost(_)) => Ok(self),
            (Self::Unlimited, _) | (_, Self::Unlimited) => Ok(Self::Unlimited),
        }
    }
}

/// The highest net charge of a plan in one period. An amount too large to be computed counts as unlimited.
pub fn highest(book: &Book, plan: &Plan) -> Highest {
    let sum = |sum: Highest, charge: &Charge| sum.plus(highest_charge(book, charge)?);
    plan.charges.iter().try_fold(Highest::NOTHING, sum).unwrap_or(Highest::Unlimited)
}

fn highest_charge(_book: &Book, charge: &Charge) -> Result<Highest, Overflow> {
    match &charge.pricing {
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

fn highest_model(model: &Model) -> Result<Highest, Overflow> {
    match model {
        Model::PerUnit(price) => Ok(free_or_unlimited(price.price.exact())),
        Model::Package(package) => Ok(free_or_unlimited(package.price.exact())),
        Model::Graduated(tiers) => all_tiers(tiers),
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
