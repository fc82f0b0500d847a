//! Commitments: up to what was promised usage costs its list price, above it the price times a factor, and what is
//! missing is due as well. On a charge the promise is about whatever is priced by itself: the period, or each group or
//! window alone. On a plan it is about the fees of the period, subscription and charges, before any credit.

use super::counted::Counted;
use super::line::price_counted;
use super::terms::{Situation, at_least, due_at_least};
use super::total::rounded_side;
use super::trace::{Recorder, Step, TotalOnly};
use crate::catalog::{Commitment, PlanCommitment, Promised, Settle};
use crate::exact::{Exact, Overflow};

/// The price of a charge's quantity, settled against the charge's commitment.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn charge(
    commitment: &Commitment,
    counted: Counted<'_>,
    situation: Situation<'_>,
    steps: &mut impl Recorder,
) -> Result<Exact, Overflow> {
    let digits = situation.book.minor_digits();
    let list = price_counted(counted, digits, steps)?;
    let committed = match commitment.of {
        Promised::Amount(amount) => amount.exact(),
        Promised::Quantity(quantity) => price_counted(counted.with(quantity), digits, &mut TotalOnly)?,
    };
    settle(commitment.settle, (committed, list), situation, steps)
}

/// What a plan's commitment adds to the fees so far.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn plan(
    commitment: &PlanCommitment,
    fees: Exact,
    situation: Situation<'_>,
    steps: &mut impl Recorder,
) -> Result<Exact, Overflow> {
    let rounds = commitment.rounds_sides(situation.book.rounding.at);
    let committed = due_at_least((commitment.amount, commitment.prorated), rounds, situation, steps)?;
    // Lines that stay exact are rounded here, if the commitment looks at rounded sides.
    let fees = if rounds { rounded_side(situation.book, fees)?.exact() } else { fees };
    settle(commitment.settle, (committed, fees), situation, steps)?.checked_sub(fees)
}

/// The fees with what is missing to the commitment, or with what lies above it made dearer.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn settle(
    settle: Settle,
    (committed, fees): (Exact, Exact),
    situation: Situation<'_>,
    steps: &mut impl Recorder,
) -> Result<Exact, Overflow> {
    let above = fees.checked_sub(committed)?;
    if above.signum() > 0 {
        return overage(settle, (committed, above), fees, steps);
    }
    // What is missing is not known before the period is complete.
    if settle.true_up && situation.complete { at_least(committed, fees, steps) } else { Ok(fees) }
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn overage(
    settle: Settle,
    (committed, above): (Exact, Exact),
    fees: Exact,
    steps: &mut impl Recorder,
) -> Result<Exact, Overflow> {
    let factor = settle.overage_factor;
    let amount = above.checked_mul(factor.exact())?.checked_sub(above)?;
    if amount.signum() == 0 {
        return Ok(fees);
    }
    steps.record(|| Step::AboveCommitment { committed, above, factor, amount });
    fees.checked_add(amount)
}
