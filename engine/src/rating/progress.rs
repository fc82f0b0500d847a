//! A period that is billed in parts while it is still running: not before its end, each part by itself, or what
//! everything so far costs less what was billed before. The plan says which (`in_progress`).
//!
//! Never prices by itself: quantities so far go through the same models as a whole period, and the parts are differences.
//! Differences are taken between rounded amounts, so that no line of half a cent comes up and the parts add up to what
//! the whole period costs.

use serde::{Deserialize, Serialize};

use super::entitlement::Entitlements;
use super::line::{charge_lines, failure};
use super::plan_lines::Fees;
use super::share::Share;
use super::terms::Situation;
use super::trace::{Part, Step};
use super::{Line, RateError, Rated, check_usage, composite, find_plan, rated, split};
use crate::catalog::{Book, Charge, Due, InProgress, Plan, Pricing};
use crate::exact::{Exact, Overflow};
use crate::ids::ChargeId;
use crate::invoice::Account;
use crate::money::Money;
use crate::usage::Usage;

/// Which part of its period a bill is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// All of it.
    Single,
    /// The first of several.
    First,
    /// Neither the first nor the last.
    Mid,
    /// The last of several.
    Last,
}

impl Position {
    /// Whether nothing was billed for the period before.
    pub fn is_first(self) -> bool {
        match self {
            Self::Single | Self::First => true,
            Self::Mid | Self::Last => false,
        }
    }

    /// Whether the period is complete.
    pub fn is_last(self) -> bool {
        match self {
            Self::Single | Self::Last => true,
            Self::First | Self::Mid => false,
        }
    }
}

/// What was billed for a line in earlier parts of the period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Billed {
    /// The line: a charge, its minimum, or a line of the plan.
    pub line: ChargeId,
    /// All amounts so far together.
    pub amount: Money,
}

/// A part of a period, and what is known of the parts before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodPart {
    /// Which part it is.
    pub position: Position,
    /// How much of a whole period the customer has; for minimums and commitments that are prorated.
    pub share: Share,
    /// What earlier parts metered.
    pub metered: Usage,
    /// What earlier parts were billed, one entry a line.
    pub billed: Vec<Billed>,
    /// What the customer has of their own.
    pub account: Account,
}

impl PeriodPart {
    /// A whole period, billed once.
    pub fn whole() -> Self {
        let (metered, billed, account) = (Usage::default(), Vec::new(), Account::default());
        Self { position: Position::Single, share: Share::whole(), metered, billed, account }
    }

    /// What earlier parts were billed for a line.
    pub fn billed_for(&self, line: &ChargeId) -> Money {
        self.billed.iter().find(|billed| billed.line == *line).map_or(Money::ZERO, |billed| billed.amount)
    }

    /// Adds the lines of a bill to what was billed.
    fn bill(&mut self, lines: &[Line]) -> Result<(), Overflow> {
        for line in lines {
            match self.billed.iter_mut().find(|billed| billed.line == line.charge) {
                Some(billed) => billed.amount = billed.amount.checked_add(line.amount)?,
                None => self.billed.push(Billed { line: line.charge.clone(), amount: line.amount }),
            }
        }
        Ok(())
    }
}

/// Prices a part of a period. `usage` is what the whole period has counted so far, this part included.
///
/// The lines are what is due now, beside what [`PeriodPart::billed`] says; with `in_progress = "deltas"` they may be
/// below zero. Fails like [`super::rate`].
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub fn rate_part(book: &Book, plan: &str, usage: &Usage, part: &PeriodPart) -> Result<Rated, RateError> {
    let prices = &part.account.overrides;
    if prices.is_empty() {
        return priced(book, plan, usage, part);
    }
    at_own_prices(book, plan, usage, part)
}

/// The same where the customer has prices of their own.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn at_own_prices(book: &Book, plan: &str, usage: &Usage, part: &PeriodPart) -> Result<Rated, RateError> {
    let prices = &part.account.overrides;
    find_plan(book, plan)?;
    let mut bill = priced(&book.with_own_prices(&[plan], prices)?, plan, usage, part)?;
    for line in bill.lines.iter_mut().filter(|line| prices.iter().any(|own| own.is_for(&bill.plan, &line.charge))) {
        line.steps.insert(0, Step::OwnPrice);
    }
    Ok(bill)
}

/// Prices a part of a period by the book as the customer has it.
fn priced(book: &Book, plan: &str, usage: &Usage, part: &PeriodPart) -> Result<Rated, RateError> {
    let plan = find_plan(book, plan)?;
    check_usage(book, plan, usage)?;
    check_usage(book, plan, &part.metered)?;
    part.account.check(plan)?;
    if part.position != Position::Single {
        part.account.check_in_parts()?;
    }
    let (share, complete) = (part.share, part.position.is_last());
    let mut priced = Vec::with_capacity(plan.charges.len());
    let mut amounts = Vec::with_capacity(plan.charges.len());
    let mut fees = Fees::of(plan);
    let mut units = Entitlements::of(&part.account);
    units.begin(plan, share.exact())?;
    let due = |charge: &&Charge| charge.terms.due != Due::Once || part.account.periods_before == 0;
    for charge in composite::parts_first(plan).into_iter().filter(due) {
        let situation = Situation { book, usage, amounts: &amounts, share, complete };
        let ready = units.ready(charge, (share.exact(), None))?;
        let own = lines_of(plan, &ready.charge, situation, part).map_err(|Overflow| failure(charge, situation));
        let mut own = own?;
        units.settle(ready, &mut own)?;
        let mut so_far = Money::ZERO;
        for line in &own {
            so_far = so_far.checked_add(line.amount.checked_add(part.billed_for(&line.charge))?)?;
        }
        fees.add(&charge.id, so_far.exact())?;
        amounts.push((&charge.id, so_far));
        priced.extend(own.into_iter().map(|line| (line, Some(charge))));
    }
    // Only composites are priced out of the plan's order.
    if plan.charges.iter().any(|charge| matches!(charge.pricing, Pricing::Composite(_))) {
        let place = |id: &ChargeId| plan.charges.iter().position(|charge| charge.id == *id);
        priced.sort_by_key(|(_, charge)| charge.and_then(|charge| place(&charge.id)));
    }
    if plan.terms.in_progress != InProgress::Final || complete {
        let situation = Situation { book, usage, amounts: &amounts, share, complete };
        priced.extend(fees.lines(situation, part)?.into_iter().map(|line| (line, None)));
    }
    units.end()?;
    // What is left is known when the period is billed as one.
    let carried = if part.position == Position::Single { units.carried() } else { None };
    Ok(Rated { carried, ..rated(book, plan, priced, (usage, &part.account))? })
}

/// Prices the parts of a period one after the other, each on top of those before. Each part comes with what it counted
/// by itself; only for meters that add up. `share` is the customer's share of a whole period.
pub fn rate_parts(book: &Book, plan: &str, parts: &[(Usage, Position)], share: Share) -> Result<Vec<Rated>, RateError> {
    let mut so_far = Usage::default();
    let mut readings = Vec::new();
    for (usage, position) in parts {
        so_far = so_far.plus(usage)?;
        readings.push((so_far.clone(), *position));
    }
    rate_readings(book, plan, &readings, share)
}

/// Like [`rate_parts`], with what the period has counted up to the end of each part, as a meter reads it.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub fn rate_readings(
    book: &Book,
    plan: &str,
    readings: &[(Usage, Position)],
    share: Share,
) -> Result<Vec<Rated>, RateError> {
    let mut known = PeriodPart { share, ..PeriodPart::whole() };
    let mut bills = Vec::new();
    for (so_far, position) in readings {
        known.position = *position;
        let bill = rate_part(book, plan, so_far, &known)?;
        known.bill(&bill.lines)?;
        known.metered = so_far.clone();
        bills.push(bill);
    }
    Ok(bills)
}

/// The lines of one charge that are due with this part.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn lines_of(plan: &Plan, charge: &Charge, situation: Situation<'_>, part: &PeriodPart) -> Result<Vec<Line>, Overflow> {
    match plan.terms.in_progress {
        InProgress::Final if !situation.complete => Ok(Vec::new()),
        InProgress::Deltas if !situation.complete && in_arrears(charge) => Ok(Vec::new()),
        InProgress::Final | InProgress::Deltas => {
            let lines = charge_lines(charge, situation)?;
            lines.into_iter().map(|line| less_billed(line, part)).collect()
        }
        InProgress::Split => split::lines(charge, situation, part),
    }
}

fn in_arrears(charge: &Charge) -> bool {
    match charge.pricing {
        Pricing::Flat(_) => charge.terms.due == Due::Arrears,
        Pricing::Metered(_) | Pricing::Capacity(_) | Pricing::Composite(_) => false,
    }
}

/// A line of everything so far, less what earlier parts were billed for it.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn less_billed(whole: Line, part: &PeriodPart) -> Result<Line, Overflow> {
    let billed = part.billed_for(&whole.charge);
    if billed == Money::ZERO {
        return Ok(whole);
    }
    let amount = whole.amount.checked_sub(billed)?;
    let earlier = Exact::ZERO.checked_sub(billed.exact())?;
    let so_far = Step::Part { part: Part::SoFar, steps: whole.steps, amount: whole.amount.exact() };
    Ok(Line { amount, steps: vec![so_far, Step::Earlier { amount: earlier }], ..whole })
}
