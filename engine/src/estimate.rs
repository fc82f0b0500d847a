//! The calculator's door: what a month of assumed usage costs on each plan, and where the best plan changes.
//!
//! Has no arithmetic of prices of its own; every figure comes from `rating`.

mod assume;
mod curve;
mod what_if;

use serde::{Deserialize, Serialize};

use crate::catalog::{Book, Plan};
use crate::exact::Overflow;
use crate::ids::PlanId;
use crate::money::Money;
use crate::rating::{RateError, Rated, rate};
use crate::usage::Usage;

pub use assume::{Choice, Needs, Value, needs};
pub use curve::{BestPlanChange, Curve, CurvePoint, curve};
pub use what_if::{Promise, WhatIf, promises, what_if_committed};

/// A plan's part of an estimate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanEstimate {
    /// A month's bill with every line and step.
    pub month: Rated,
    /// Twelve such months.
    pub year_total: Money,
    /// What the plan costs more a month than the cheapest; absent where the plan does not price all of the usage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above_cheapest: Option<Money>,
}

/// The same usage on several plans.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimate {
    /// In the order asked for.
    pub plans: Vec<PlanEstimate>,
    /// The plan with the lowest amount due among those that price all of the usage; the first one where several share it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cheapest: Option<PlanId>,
}

/// Prices a month of `usage` on each of `plans`, or on all plans of the book if none is named.
pub fn estimate(book: &Book, plans: &[PlanId], usage: &Usage) -> Result<Estimate, RateError> {
    let all: Vec<PlanId> = book.plans.iter().map(|plan: &Plan| plan.id.clone()).collect();
    let asked = if plans.is_empty() { all.as_slice() } else { plans };
    let months = asked.iter().map(|plan| rate(book, plan.as_str(), usage)).collect::<Result<Vec<_>, _>>()?;
    let complete = months.iter().filter(|month| month.unpriced.is_empty());
    let cheapest = complete.min_by_key(|month| month.due).map(|month| (month.plan.clone(), month.due));
    let lowest = cheapest.as_ref().map(|(_, due)| *due);
    let plans = months.into_iter().map(|month| plan_estimate(month, lowest)).collect::<Result<_, Overflow>>()?;
    Ok(Estimate { plans, cheapest: cheapest.map(|(plan, _)| plan) })
}

fn plan_estimate(month: Rated, lowest: Option<Money>) -> Result<PlanEstimate, Overflow> {
    let year_total = month.due.checked_times(12)?;
    let above_cheapest = match lowest {
        Some(lowest) if month.unpriced.is_empty() => Some(month.due.checked_sub(lowest)?),
        Some(_) | None => None,
    };
    Ok(PlanEstimate { month, year_total, above_cheapest })
}
