//! Fixed amounts of a subscription outside the closing of periods: in advance, once, and what a change or an end of the
//! running period gives back and charges anew, netted.

use super::SubscriptionError;
use super::run::{Run, Stage};
use super::shares::share_of;
use crate::catalog::{Charge, Due, Plan, Pricing};
use crate::invoice::proration::{Basis, Proration, Share};
use crate::period::{CyclePeriod, Instant, Period, Zone};
use crate::rating::{FixedPart, Line, fixed_line};

/// Lines with their charges and the stage that priced them.
pub(super) type Staged<'b> = Vec<(Line, Option<&'b Charge>, Stage<'b>)>;

fn fixed(plan: &Plan, due: Due) -> impl Iterator<Item = &Charge> {
    plan.charges.iter().filter(move |charge| matches!(charge.pricing, Pricing::Flat(_)) && charge.terms.due == due)
}

/// Fees in advance for the period that begins, as if nothing changed in it.
pub(super) fn in_advance<'b>(
    run: &Run<'b>,
    at: Instant,
    (begun, zone): (&CyclePeriod, Zone),
) -> Result<Staged<'b>, SubscriptionError> {
    let Some(stage) = run.stage_at(at).copied() else { return Ok(Vec::new()) };
    let share = share_of(run, stage.plan, begun.period, (begun, zone))?;
    let mut lines = Vec::new();
    for charge in fixed(stage.plan, Due::Advance) {
        let part = FixedPart { charge, share, back: false };
        lines.extend(fixed_line(stage.book, &[part], begun.period)?.map(|line| (line, Some(charge), stage)));
    }
    Ok(lines)
}

/// Fees that a plan takes once, when it first comes into force; `earlier` are the plans that already were.
pub(super) fn once<'b>(
    run: &Run<'b>,
    at: Instant,
    (service, earlier): (Period, &[&Plan]),
) -> Result<Staged<'b>, SubscriptionError> {
    let Some(stage) = run.stage_at(at).copied() else { return Ok(Vec::new()) };
    if earlier.iter().any(|plan| plan.id == stage.plan.id) {
        return Ok(Vec::new());
    }
    let share = whole()?;
    let mut lines = Vec::new();
    for charge in fixed(stage.plan, Due::Once) {
        let part = FixedPart { charge, share, back: false };
        lines.extend(fixed_line(stage.book, &[part], service)?.map(|line| (line, Some(charge), stage)));
    }
    Ok(lines)
}

fn whole() -> Result<Share, SubscriptionError> {
    let rule = Proration { basis: Basis::None, ..Proration::default() };
    Ok(rule.quotient(crate::exact::Exact::ZERO, crate::exact::Exact::ZERO)?)
}

/// What was paid in advance for the rest of the running period and is given back, and what takes its place, if anything
/// does: one line a charge, none of exactly nothing.
pub(super) fn changed<'b>(
    run: &Run<'b>,
    (old, new): (Stage<'b>, Option<Stage<'b>>),
    rest: Period,
    (running, zone): (&CyclePeriod, Zone),
) -> Result<Staged<'b>, SubscriptionError> {
    let back = share_of(run, old.plan, rest, (running, zone))?;
    let mut lines = Vec::new();
    let mut credited: Vec<&Charge> = fixed(old.plan, Due::Advance).collect();
    if let Some(new) = new {
        let share = share_of(run, new.plan, rest, (running, zone))?;
        for charge in fixed(new.plan, Due::Advance) {
            let place = credited.iter().position(|other| other.id == charge.id);
            let credit = place.map(|place| FixedPart { charge: credited.remove(place), share: back, back: true });
            let parts: Vec<FixedPart<'b>> =
                credit.into_iter().chain([FixedPart { charge, share, back: false }]).collect();
            lines.extend(fixed_line(new.book, &parts, rest)?.map(|line| (line, Some(charge), new)));
        }
    }
    let mut found = Vec::new();
    for charge in credited {
        let part = FixedPart { charge, share: back, back: true };
        found.extend(fixed_line(old.book, &[part], rest)?.map(|line| (line, Some(charge), old)));
    }
    found.extend(lines);
    Ok(found)
}
