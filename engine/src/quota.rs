//! The trial page's door: how much of each free quota is left, how long it lasts, and what comes after.
//!
//! The cost so far comes from `rating`; pace and run-out are plain proportions of time and quantity.

use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};

use crate::catalog::{Book, Charge, Metered, Plan, Pricing};
use crate::exact::{Exact, Overflow};
use crate::ids::{ChargeId, MeterId};
use crate::money::Money;
use crate::period::{Instant, Period};
use crate::quantity::Quantity;
use crate::rating::{RateError, Rated, Step, find_plan, rate};
use crate::rounding::{RoundingMode, round, to_integer};
use crate::text::{Lang, Names, PriceWords};
use crate::usage::Usage;

/// When a quota runs out at the present pace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RunsOut {
    /// It is used up already.
    UsedUp,
    /// At this instant, on this date in the book's zone.
    At {
        /// The instant, to the second.
        instant: Instant,
        /// The date in the book's zone.
        date: NaiveDate,
    },
    /// Not before the period ends.
    LastsThePeriod,
}

/// One free quota.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotaItem {
    /// The charge that includes it.
    pub charge: ChargeId,
    /// What the bill calls it.
    pub name: Names,
    /// The meter that counts against it.
    pub meter: MeterId,
    /// What one unit is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Names>,
    /// Free units in the period.
    pub included: Quantity,
    /// Units counted so far, also beyond the quota.
    pub used: Quantity,
    /// Free units left; never below zero.
    pub left: Quantity,
    /// Used in percent of included, cut to one decimal; may exceed 100.
    pub used_percent: Money,
    /// When it runs out if usage goes on as on average since the period began.
    pub runs_out: RunsOut,
    /// What a unit costs after that.
    pub price_after: Names,
}

/// The state of a plan's free quotas.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// The instant it describes.
    pub as_of: Instant,
    /// The period it belongs to.
    pub period: Period,
    /// Days in the period, in the book's zone.
    pub days_in_period: i64,
    /// Days left, in the book's zone, counting the day of `as_of`.
    pub days_left: i64,
    /// One for each charge that includes free units, in the plan's order.
    pub items: Vec<QuotaItem>,
    /// What the period would cost if it ended now.
    pub so_far: Rated,
}

/// Describes the quotas of `plan` at `as_of`, an instant of `period`, after `usage`.
///
/// At the first instant of the period there is no pace yet, so nothing runs out unless it is used up.
pub fn quota(book: &Book, plan: &str, usage: &Usage, when: (Period, Instant)) -> Result<Quota, RateError> {
    let so_far = rate(book, plan, usage)?;
    let plan: &Plan = find_plan(book, plan)?;
    let (period, as_of) = when;
    let items = plan.charges.iter().filter_map(|charge| quota_item(book, charge, &so_far, when).transpose());
    let first = book.zone.date_of(period.start);
    let next_first = book.zone.date_of(period.end);
    let today = book.zone.date_of(as_of).clamp(first, next_first);
    Ok(Quota {
        as_of,
        period,
        days_in_period: next_first.signed_duration_since(first).num_days(),
        days_left: next_first.signed_duration_since(today).num_days(),
        items: items.collect::<Result<_, Overflow>>()?,
        so_far,
    })
}

fn quota_item(
    book: &Book,
    charge: &Charge,
    so_far: &Rated,
    when: (Period, Instant),
) -> Result<Option<QuotaItem>, Overflow> {
    let Pricing::Metered(Metered { meter, included, model, .. }) = &charge.pricing else {
        return Ok(None);
    };
    if included.is_zero() {
        return Ok(None);
    }
    let unit = book.meter(meter).and_then(|meter| meter.unit.as_ref());
    let words = |lang| PriceWords { currency: book.currency, unit, lang }.model(model);
    let line = so_far.lines.iter().find(|line| line.charge == charge.id);
    let used = line.map_or(Ok(Quantity::ZERO), |line| used(&line.steps))?;
    let share = used.exact().checked_div(included.exact())?;
    let percent = share.checked_mul(Exact::from_decimal(rust_decimal::Decimal::ONE_HUNDRED))?;
    Ok(Some(QuotaItem {
        charge: charge.id.clone(),
        name: charge.name.clone(),
        meter: meter.clone(),
        unit: unit.cloned(),
        included: *included,
        used,
        left: included.checked_sub(used.min(*included))?,
        used_percent: round(percent, 1, RoundingMode::Down)?,
        runs_out: runs_out(book, share, when)?,
        price_after: Names { zh: words(Lang::Zh).into(), en: words(Lang::En).into() },
    }))
}

/// What counts against an allowance, in the units that it is given in: what the charge selects, converted. Where every group
/// has an allowance of its own, the group that has used most of it.
fn used(steps: &[Step]) -> Result<Quantity, Overflow> {
    let mut most = Quantity::ZERO;
    for step in steps {
        let units = if let Step::Allowance { used, billable, .. } = step {
            used.checked_add(*billable)?
        } else {
            used(step.inner())?
        };
        most = most.max(units);
    }
    Ok(most)
}

/// `share` is used ÷ included. At an even pace the quota is used up after elapsed ÷ share.
fn runs_out(book: &Book, share: Exact, (period, as_of): (Period, Instant)) -> Result<RunsOut, Overflow> {
    let one = Exact::ratio(1, 1).ok_or(Overflow)?;
    if share.checked_sub(one)?.signum() >= 0 {
        return Ok(RunsOut::UsedUp);
    }
    let elapsed = as_of.signed_duration_since(period.start).num_seconds();
    if elapsed <= 0 || share.signum() <= 0 {
        return Ok(RunsOut::LastsThePeriod);
    }
    let lasts = Exact::ratio(i128::from(elapsed), 1).ok_or(Overflow)?.checked_div(share)?;
    // The quota lasts to the second that is begun.
    let seconds = i64::try_from(to_integer(lasts, RoundingMode::Floor)?).ok().and_then(TimeDelta::try_seconds);
    let instant = seconds.and_then(|seconds| period.start.checked_add_signed(seconds));
    match instant {
        Some(instant) if instant < period.end => Ok(RunsOut::At { instant, date: book.zone.date_of(instant) }),
        Some(_) | None => Ok(RunsOut::LastsThePeriod),
    }
}
