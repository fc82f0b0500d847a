//! The highest charge that any usage can produce: by it a trial plan proves that it never bills anything.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::catalog::{
    CellPrice, Charge, ChargeTerms, Commitment, Committed, Each, Effect, Metered, Model, Plan, PlanTerms, Pricing,
    Promised, Rule, Settle, Share, Term, Tier, Tiers, ZeroUsage,
};
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

    fn no_more_than(self, limit: Exact) -> Self {
        match self {
            Self::AtMost(amount) if amount.checked_sub(limit).is_ok_and(|over| over.signum() <= 0) => self,
            Self::AtMost(_) | Self::Unlimited => Self::AtMost(limit),
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
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub fn highest(plan: &Plan) -> Highest {
    let sum = |sum: Highest, charge: &Charge| sum.plus(highest_charge(plan, charge)?);
    let charges = plan.charges.iter().try_fold(Highest::NOTHING, sum);
    charges.and_then(|charges| with_plan_terms(&plan.terms, charges)).unwrap_or(Highest::Unlimited)
}

fn highest_charge(plan: &Plan, charge: &Charge) -> Result<Highest, Overflow> {
    with_terms(&charge.terms, highest_pricing(plan, charge)?)
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
                (base, Share::Graduated(tiers)) if base.is_nothing() => share_of_nothing(tiers),
                (Highest::AtMost(_) | Highest::Unlimited, _) => Ok(Highest::Unlimited),
            }
        }
        Pricing::Flat(flat) => Ok(Highest::AtMost(flat.amount.exact())),
        Pricing::Metered(metered) => highest_metered(metered, charge.terms.commitment.as_ref()),
    }
}

/// Even a share of nothing enters the first tier where the book says so, and owes what is fixed in it.
fn share_of_nothing(tiers: &Tiers) -> Result<Highest, Overflow> {
    match (tiers.rules().zero_usage, tiers.as_slice().first()) {
        (ZeroUsage::FirstTier, Some(first)) => filled(first, Some(Quantity::ZERO)),
        (ZeroUsage::FirstTier | ZeroUsage::Nothing, _) => Ok(Highest::NOTHING),
    }
}

/// There can be any number of groups, so what each may cost is unlimited together.
fn highest_metered(metered: &Metered, commitment: Option<&Commitment>) -> Result<Highest, Overflow> {
    let list = highest_model(&metered.model)?;
    let highest = match commitment {
        Some(commitment) => {
            let committed = match commitment.of {
                Promised::Amount(amount) => amount.exact(),
                // What some quantity costs is no more than the highest; all of it may then lie above.
                Promised::Quantity(_) => Exact::ZERO,
            };
            settled(commitment.settle, committed, list)?
        }
        None => list,
    };
    match metered.each {
        Each::Period => Ok(highest),
        Each::Group if highest.is_nothing() => Ok(highest),
        Each::Group => Ok(Highest::Unlimited),
    }
}

/// The terms in their order. Each gives more for more, so the highest price gives the highest amount.
fn with_terms(terms: &ChargeTerms, list: Highest) -> Result<Highest, Overflow> {
    terms.order.iter().try_fold(list, |highest, term| match term {
        Term::Discount => discounted(terms, highest),
        Term::Maximum => Ok(terms.maximum.map_or(highest, |maximum| highest.no_more_than(maximum.exact()))),
        Term::Minimum => match &terms.minimum {
            Some(minimum) => highest.or(Highest::AtMost(minimum.amount.exact())),
            None => Ok(highest),
        },
    })
}

fn discounted(terms: &ChargeTerms, highest: Highest) -> Result<Highest, Overflow> {
    match (terms.discount, highest) {
        (Some(percent), Highest::AtMost(amount)) => Ok(Highest::AtMost(amount.checked_sub(percent.of(amount)?)?)),
        (Some(percent), Highest::Unlimited) if percent.decimal() == Decimal::ONE_HUNDRED => Ok(Highest::NOTHING),
        (Some(_) | None, highest) => Ok(highest),
    }
}

fn with_plan_terms(terms: &PlanTerms, charges: Highest) -> Result<Highest, Overflow> {
    let settled = match &terms.commitment {
        // Charges that do not count only make it less; as an upper bound all of them count.
        Some(commitment) if commitment.counts.is_empty() => {
            settled(commitment.settle, commitment.amount.exact(), charges)?
        }
        Some(commitment) => {
            let counted = settled(commitment.settle, Exact::ZERO, charges)?;
            if commitment.settle.true_up { counted.plus(Highest::AtMost(commitment.amount.exact()))? } else { counted }
        }
        None => charges,
    };
    Ok(terms.maximum.as_ref().map_or(settled, |maximum| settled.no_more_than(maximum.amount.exact())))
}

/// Fees against a commitment: what lies above costs the factor, and the commitment is due if what is missing is.
fn settled(settle: Settle, committed: Exact, list: Highest) -> Result<Highest, Overflow> {
    let dearer = match list {
        Highest::AtMost(amount) => {
            let above = amount.checked_sub(committed)?;
            if above.signum() <= 0 {
                list
            } else {
                let more = above.checked_mul(settle.overage_factor.exact())?;
                Highest::AtMost(committed.checked_add(more)?)
            }
        }
        Highest::Unlimited => Highest::Unlimited,
    };
    if settle.true_up { dearer.or(Highest::AtMost(committed)) } else { Ok(dearer) }
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
        Model::Matrix(matrix) => {
            let free = |price: &CellPrice| highest_cell(price).is_ok_and(Highest::is_nothing);
            Ok(if matrix.prices().all(free) { Highest::NOTHING } else { Highest::Unlimited })
        }
        Model::Rules(rules) => {
            let free = |rule: &Rule| match rule.effect {
                Effect::Price(money) | Effect::Fee(money) => money.exact().signum() == 0,
                Effect::Factor(_) => true,
            };
            Ok(if rules.as_slice().iter().all(free) { Highest::NOTHING } else { Highest::Unlimited })
        }
        Model::Dynamic(dynamic) => Ok(free_or_unlimited(dynamic.multiplier.exact())),
        Model::Committed(committed) => {
            // A rounded rate is nothing in some currencies and something in others.
            let exact = Committed { round_rate: None, ..*committed };
            free_or_unlimited(exact.rate(0)?).plus(Highest::AtMost(committed.fee.exact()))
        }
        Model::Graduated(tiers) | Model::GraduatedPercentage(tiers) => all_tiers(tiers),
        // Units that stay the whole period are priced like any others.
        Model::ProratedGraduated(prorated) => all_tiers(&prorated.tiers),
        Model::Volume(tiers) | Model::StairStep(tiers) => dearest_tier(tiers),
    }
}

fn highest_cell(price: &CellPrice) -> Result<Highest, Overflow> {
    match price {
        CellPrice::PerUnit(price) => Ok(free_or_unlimited(price.price.exact())),
        CellPrice::Package(package) => Ok(free_or_unlimited(package.price.exact())),
        CellPrice::Graduated(tiers) => all_tiers(tiers),
        CellPrice::Volume(tiers) | CellPrice::StairStep(tiers) => dearest_tier(tiers),
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
