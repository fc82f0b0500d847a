//! Which share of a whole period a stretch of it is, by the rule of the plan that was in force.
//!
//! Where days are counted, the rule says to whom the day of a change belongs; shares of stretches that touch add up.

use super::SubscriptionError;
use super::run::Run;
use crate::catalog::Plan;
use crate::exact::Exact;
use crate::invoice::proration::{Basis, ChangeDay, Share};
use crate::period::{CyclePeriod, FloorTo, Instant, Period, Zone, advance_local_days, floor};

/// The share of the period `of` that `stretch` is, priced by `plan`.
///
/// Without proration a plan that is in force when a period begins costs its whole price, and what comes later nothing.
pub(super) fn share_of(
    run: &Run<'_>,
    plan: &Plan,
    stretch: Period,
    (of, zone): (&CyclePeriod, Zone),
) -> Result<Share, SubscriptionError> {
    let rule = &plan.proration;
    let begins = stretch.start <= of.period.start;
    if rule.basis == Basis::None && !begins {
        let (value, part, whole) = (Exact::ZERO, Exact::ZERO, Exact::ZERO);
        return Ok(Share { value, part, whole, basis: Basis::None, whole_price: None });
    }
    let start = if begins { stretch.start } else { boundary(run, plan, stretch.start, zone)? };
    let end = if stretch.end >= of.whole.end { stretch.end } else { boundary(run, plan, stretch.end, zone)? };
    let end = end.min(of.whole.end);
    let part = Period { start: start.min(end), end };
    Ok(rule.share_of_period(&part, &of.whole, zone)?)
}

/// Where the days of a change or an end are divided.
fn boundary(run: &Run<'_>, plan: &Plan, at: Instant, zone: Zone) -> Result<Instant, SubscriptionError> {
    let ends = run.last && run.until == Some(at);
    let (after, only_begun) = match (plan.proration.basis, plan.proration.change_day) {
        (Basis::ElapsedTime | Basis::ConsumedQuota | Basis::None, _) => (false, false),
        (_, ChangeDay::Old) => (true, false),
        // With both ends counted, the last day of a subscription counts, however little of it is used.
        (Basis::DaysInclusive, ChangeDay::New) => (ends, true),
        (Basis::DaysHalfOpen | Basis::FixedMonthDays(_) | Basis::NominalDays(_), ChangeDay::New) => (false, false),
    };
    let midnight = floor(at, FloorTo::Day, zone)?;
    if !after || (only_begun && midnight == at) {
        return Ok(at);
    }
    Ok(advance_local_days(midnight, 1, zone)?)
}
