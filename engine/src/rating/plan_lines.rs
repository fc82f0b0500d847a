//! Lines that belong to the plan and to no charge: the commitment, then the most that the plan costs.
//!
//! Both look at the fees of the whole period so far; what earlier parts of the period were billed for them is taken off.

use super::progress::PeriodPart;
use super::terms::Situation;
use super::total::line_amount;
use super::trace::{Recorder, Step, Steps};
use super::{Line, commitment};
use crate::catalog::{Plan, PlanLine, SpendingCap};
use crate::exact::{Exact, Overflow};
use crate::ids::ChargeId;
use crate::money::Money;
use crate::quantity::Quantity;

/// The fees of a period, added up as they come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fees<'p> {
    plan: &'p Plan,
    counted: Exact,
    all: Exact,
}

impl<'p> Fees<'p> {
    pub(super) fn of(plan: &'p Plan) -> Self {
        Self { plan, counted: Exact::ZERO, all: Exact::ZERO }
    }

    /// Adds what a charge costs, its own lines together.
    pub(super) fn add(&mut self, charge: &ChargeId, amount: Exact) -> Result<(), Overflow> {
        self.all = self.all.checked_add(amount)?;
        if self.plan.terms.commitment.as_ref().is_some_and(|commitment| commitment.counts(charge)) {
            self.counted = self.counted.checked_add(amount)?;
        }
        Ok(())
    }

    /// The plan's lines with what earlier parts of the period were billed taken off; those of no amount are left out.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn lines(mut self, situation: Situation<'_>, part: &PeriodPart) -> Result<Vec<Line>, Overflow> {
        let mut lines = Vec::new();
        let terms = &self.plan.terms;
        if let Some(rule) = &terms.commitment {
            let mut steps = Steps::default();
            let due = commitment::plan(rule, self.counted, situation, &mut steps)?;
            self.all = self.all.checked_add(due)?;
            lines.extend(line(&rule.line, due, situation, (part, steps))?);
        }
        if let Some(cap) = &terms.maximum {
            let mut steps = Steps::default();
            let due = above(cap, self.all, &mut steps)?;
            lines.extend(line(&cap.line, due, situation, (part, steps))?);
        }
        Ok(lines)
    }
}

/// What lies above the most that a plan costs, turned round.
fn above(cap: &SpendingCap, before: Exact, steps: &mut impl Recorder) -> Result<Exact, Overflow> {
    let amount = cap.amount.exact().checked_sub(before)?;
    if amount.signum() >= 0 {
        return Ok(Exact::ZERO);
    }
    steps.record(|| Step::Cap { cap: cap.amount, before, amount });
    Ok(amount)
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn line(
    rule: &PlanLine,
    due: Exact,
    situation: Situation<'_>,
    (part, mut steps): (&PeriodPart, Steps),
) -> Result<Option<Line>, Overflow> {
    let billed = part.billed_for(&rule.id);
    if due.signum() == 0 && billed == Money::ZERO {
        return Ok(None);
    }
    let amount = line_amount(situation.book, due, &mut steps)?;
    let whole = Line {
        plan: None,
        version: None,
        service: None,
        charge: rule.id.clone(),
        name: rule.name.clone(),
        meter: None,
        unit: None,
        quantity: Quantity::from(1),
        amount,
        steps: steps.into_vec(),
    };
    super::progress::less_billed(whole, part).map(Some)
}
