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
use crate::invoice::Account;
use crate::money::Money;
use crate::rating::{RateError, Rated, find_plan, rate, rate_for};
use crate::usage::Usage;

pub use assume::{Choice, Needs, Value, needs};
pub use curve::{BestPlanChange, Curve, CurvePoint, curve};
pub use what_if::{Promise, WhatIf, promises, what_if_committed};

/// A plan's part of an estimate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanEstimate {
    /// A month's bill with every line and step.
    pub month: Rated,
    /// Twelve such months from the first on: a discount for the first three of them counts three times.
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
    let plans = months.into_iter().map(|month| {
        let year_total = year_total(book, &month, usage)?;
        Ok(plan_estimate(month, (lowest, year_total))?)
    });
    let plans = plans.collect::<Result<_, RateError>>()?;
    Ok(Estimate { plans, cheapest: cheapest.map(|(plan, _)| plan) })
}

const MONTHS: u32 = 12;

/// A year of the same usage, the month of `first` being the first.
fn year_total(book: &Book, first: &Rated, usage: &Usage) -> Result<Money, RateError> {
    let plan = find_plan(book, first.plan.as_str())?;
    let longest = plan.discounts.iter().filter_map(|discount| discount.term.periods).max().unwrap_or(0);
    // Months after the last that a discount is limited to are all the same.
    let different = longest.min(MONTHS);
    let mut total = Money::ZERO.with_places(book.minor_digits());
    let mut month = first.due;
    for periods_before in 0..different {
        let account = Account { periods_before, ..Account::default() };
        total = total.checked_add(rate_for(book, first.plan.as_str(), usage, &account)?.due)?;
    }
    if different > 0 {
        let account = Account { periods_before: different, ..Account::default() };
        month = rate_for(book, first.plan.as_str(), usage, &account)?.due;
    }
    Ok(total.checked_add(month.checked_times(MONTHS.saturating_sub(different))?)?)
}

fn plan_estimate(month: Rated, (lowest, year_total): (Option<Money>, Money)) -> Result<PlanEstimate, Overflow> {
    let above_cheapest = match lowest {
        Some(lowest) if month.unpriced.is_empty() => Some(month.due.checked_sub(lowest)?),
        Some(_) | None => None,
    };
    Ok(PlanEstimate { month, year_total, above_cheapest })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::estimate;
    use crate::catalog::BookDraft;
    use crate::usage::Usage;

    #[test]
    fn a_discount_for_the_first_periods_is_no_discount_for_a_year() {
        let names = json!({ "zh": "n", "en": "n" });
        let plan = |id: &str, discounts: serde_json::Value| {
            let charge = json!({ "id": "c", "name": names, "flat": "100" });
            json!({ "id": id, "name": names, "charges": [charge], "discounts": discounts })
        };
        let half = |periods: &str| json!([{ "id": "d", "name": names, "percent": "50", "periods": periods }]);
        let book = json!({
            "book": {
                "id": "b", "version": "1", "effective": "2026-01-01", "currency": "EUR", "zone": "UTC", "name": names,
            },
            "plans": [plan("plain", json!([])), plan("one", half("1")), plan("all", half("24"))],
        });
        let book = BookDraft::from_json(&book).check().unwrap();
        let estimate = estimate(&book, &[], &Usage::default()).unwrap();
        let years: Vec<String> = estimate.plans.iter().map(|plan| plan.year_total.to_string()).collect();
        // 12 × 100; 50 and 11 × 100; 12 × 50.
        assert_eq!(years, ["1200.00", "1150.00", "600.00"]);
    }
}
