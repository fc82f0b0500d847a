//! The terms of a charge, in the order that the book gives: a percentage off, at most so much, at least so much.
//!
//! By default the percentage goes first, so that a maximum limits what is really paid, and the minimum last, so that it
//! is reached whatever was taken off. Amounts that are printed rounded are compared rounded: otherwise half a cent could
//! be missing to a minimum that the bill shows as reached.

use super::composite::Amounts;
use super::share::Share;
use super::total::{rounded_side, unrounded};
use super::trace::{Part, Recorder, Step};
use crate::catalog::{Book, ChargeTerms, Minimum, Percent, Term};
use crate::exact::{Exact, Overflow};
use crate::money::Money;
use crate::usage::Usage;

/// What decides about terms beside the book's charge.
#[derive(Debug, Clone, Copy)]
pub(super) struct Situation<'b> {
    pub(super) book: &'b Book,
    /// What was counted.
    pub(super) usage: &'b Usage,
    /// What the charges so far cost.
    pub(super) amounts: &'b Amounts<'b>,
    /// How much of the period the bill is about.
    pub(super) share: Share,
    /// Whether the period is complete. What is missing to a minimum is not known before.
    pub(super) complete: bool,
}

/// The price that `model` gives, with all terms but a minimum that has a line of its own.
pub(super) fn apply<R: Recorder>(
    terms: &ChargeTerms,
    situation: Situation<'_>,
    steps: &mut R,
    model: impl FnOnce(&mut R) -> Result<Exact, Overflow>,
) -> Result<Exact, Overflow> {
    after(&terms.order, terms, situation, steps, model)
}

/// The amount after these terms, the last of which is applied last.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn after<R: Recorder, F: FnOnce(&mut R) -> Result<Exact, Overflow>>(
    order: &[Term],
    terms: &ChargeTerms,
    situation: Situation<'_>,
    steps: &mut R,
    model: F,
) -> Result<Exact, Overflow> {
    let Some((term, before)) = order.split_last() else { return model(steps) };
    match (term, terms.discount, terms.maximum, &terms.minimum) {
        (Term::Discount, Some(percent), _, _) => {
            let amount = after(before, terms, situation, steps, model)?;
            percent_off(percent, amount, steps)
        }
        (Term::Maximum, _, Some(maximum), _) => {
            let amount = side(before, terms, situation, steps, model)?;
            at_most(maximum_side(maximum, terms, situation)?, amount, steps)
        }
        (Term::Minimum, _, _, Some(minimum)) if minimum.line.is_none() && situation.complete => {
            let amount = side(before, terms, situation, steps, model)?;
            let least = minimum_side(minimum, terms, situation, steps)?;
            at_least(least, amount, steps)
        }
        (Term::Discount, None, _, _) | (Term::Maximum, _, None, _) | (Term::Minimum, _, _, _) => {
            after(before, terms, situation, steps, model)
        }
    }
}

/// One side of a comparison: the amount so far, rounded if the terms say so.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn side<R: Recorder, F: FnOnce(&mut R) -> Result<Exact, Overflow>>(
    before: &[Term],
    terms: &ChargeTerms,
    situation: Situation<'_>,
    steps: &mut R,
    model: F,
) -> Result<Exact, Overflow> {
    if !terms.rounds_sides(situation.book.rounding.at) || follows_a_limit(before, terms, situation) {
        return after(before, terms, situation, steps, model);
    }
    steps.part(
        || Part::BeforeLimits,
        |steps| {
            let exact = after(before, terms, situation, steps, model)?;
            Ok(super::total::round_to_currency(situation.book, exact, steps)?.exact())
        },
    )
}

/// Whether the amount comes out of a comparison, so that it is rounded already.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn follows_a_limit(before: &[Term], terms: &ChargeTerms, situation: Situation<'_>) -> bool {
    // A minimum of an incomplete period, or with a line of its own, is not applied here.
    let within = terms.minimum.as_ref().is_some_and(|minimum| minimum.line.is_none()) && situation.complete;
    let applied = |term: &&Term| match term {
        Term::Discount | Term::Maximum => terms.has(**term),
        Term::Minimum => within,
    };
    match before.iter().rfind(applied) {
        Some(Term::Maximum | Term::Minimum) => true,
        Some(Term::Discount) | None => false,
    }
}

/// The percentage is of the exact amount; nothing is rounded here.
pub(super) fn percent_off(percent: Percent, base: Exact, steps: &mut impl Recorder) -> Result<Exact, Overflow> {
    let off = percent.of(base)?;
    let amount = Exact::ZERO.checked_sub(off)?;
    steps.record(|| Step::PercentOff { base, percent, amount });
    base.checked_sub(off)
}

/// What lies above a maximum is not charged.
fn at_most(maximum: Money, before: Exact, steps: &mut impl Recorder) -> Result<Exact, Overflow> {
    let over = before.checked_sub(maximum.exact())?;
    if over.signum() <= 0 {
        return Ok(before);
    }
    let amount = Exact::ZERO.checked_sub(over)?;
    steps.record(|| Step::Cap { cap: maximum, before, amount });
    Ok(maximum.exact())
}

/// What is missing to a minimum is added.
pub(super) fn at_least(minimum: Exact, before: Exact, steps: &mut impl Recorder) -> Result<Exact, Overflow> {
    let amount = minimum.checked_sub(before)?;
    if amount.signum() <= 0 {
        return Ok(before);
    }
    steps.record(|| Step::TrueUp { minimum, before, amount });
    Ok(minimum)
}

/// The maximum as it is compared.
fn maximum_side(maximum: Money, terms: &ChargeTerms, situation: Situation<'_>) -> Result<Money, Overflow> {
    if terms.rounds_sides(situation.book.rounding.at) {
        return rounded_side(situation.book, maximum.exact());
    }
    Ok(unrounded(situation.book, maximum))
}

/// The minimum as it is compared: its share for this part of the period, rounded if the terms say so.
pub(super) fn minimum_side(
    minimum: &Minimum,
    terms: &ChargeTerms,
    situation: Situation<'_>,
    steps: &mut impl Recorder,
) -> Result<Exact, Overflow> {
    let rounds = terms.rounds_sides(situation.book.rounding.at);
    due_at_least((minimum.amount, minimum.prorated), rounds, situation, steps)
}

/// What a whole period owes at least, for the share of the period, rounded or not. A share has digits without end, so it
/// is rounded also where lines stay exact.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn due_at_least(
    (whole, prorated): (Money, bool),
    rounds: bool,
    situation: Situation<'_>,
    steps: &mut impl Recorder,
) -> Result<Exact, Overflow> {
    let share = situation.share;
    let mut least = whole.exact();
    if prorated && !share.is_whole() {
        least = share.of_amount(whole)?;
        steps.record(|| Step::ShareOf { whole, share, part: least });
    }
    if rounds || least.to_decimal().is_none() {
        return Ok(rounded_side(situation.book, least)?.exact());
    }
    Ok(least)
}

/// What is missing to a minimum that has a line of its own; nothing before the period is complete.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn missing(
    terms: &ChargeTerms,
    before: Exact,
    situation: Situation<'_>,
    steps: &mut impl Recorder,
) -> Result<Option<Exact>, Overflow> {
    let Some(minimum) = terms.minimum.as_ref().filter(|minimum| minimum.line.is_some() && situation.complete) else {
        return Ok(None);
    };
    let least = minimum_side(minimum, terms, situation, steps)?;
    let reached = at_least(least, before, steps)?;
    let amount = reached.checked_sub(before)?;
    Ok((amount.signum() > 0).then_some(amount))
}
