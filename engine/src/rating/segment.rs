//! A stretch of a period in which one plan was in force: what its usage, arrears and fixed amounts cost.
//!
//! Knows no calendar: which stretches there are, and which share of a period each is, is said by whoever bills.

use super::entitlement::Entitlements;
use super::line::{charge_lines, exact_price, failure};
use super::plan_lines::Fees;
use super::progress::PeriodPart;
use super::share::Share;
use super::terms::{self, Situation};
use super::total::{line_amount, round_to_currency};
use super::trace::{Step, Steps};
use super::{Line, RateError, Rated, check_usage, composite, rated, unpriced};
use crate::catalog::{Book, Charge, Due, Plan, Pricing};
use crate::exact::{Exact, Overflow};
use crate::ids::MeterId;
use crate::invoice::Account;
use crate::invoice::proration::Share as Prorated;
use crate::money::Money;
use crate::period::{CalendarDuration, Period};
use crate::quantity::Quantity;
use crate::usage::Usage;

/// Lines with the charge of each; none for those of the plan.
pub(crate) type Lines<'b> = Vec<(Line, Option<&'b Charge>)>;

/// A stretch of a period, over now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment<'b> {
    /// The book that prices it.
    pub(crate) book: &'b Book,
    /// The plan that was in force.
    pub(crate) plan: &'b Plan,
    /// When.
    pub(crate) period: Period,
    /// Which share of a whole period that is.
    pub(crate) share: Prorated,
}

/// A fixed amount of a charge for a share of a period, due or given back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FixedPart<'b> {
    /// The charge.
    pub(crate) charge: &'b Charge,
    /// The share.
    pub(crate) share: Prorated,
    /// Whether it was paid in advance and is given back.
    pub(crate) back: bool,
}

/// What is due when a stretch is over: usage and fees in arrears of the charges that are billed in this rhythm
/// (`None`: the plan's own), then the lines of the plan.
pub(crate) fn segment_lines<'b>(
    segment: &Segment<'b>,
    (usage, units): (&Usage, &mut Entitlements),
    every: Option<CalendarDuration>,
) -> Result<Lines<'b>, RateError> {
    let Segment { book, plan, .. } = *segment;
    check_usage(book, plan, usage)?;
    let share = Share::new(segment.share.value).ok_or(Overflow)?;
    let mut lines: Lines<'b> = Vec::new();
    let mut amounts = Vec::new();
    let mut fees = Fees::of(plan);
    units.begin(plan, segment.share.value)?;
    for charge in composite::parts_first(plan).into_iter().filter(|charge| charge.terms.every == every) {
        let situation = Situation { book, usage, amounts: &amounts, share, complete: true };
        let ready = units.ready(charge, (segment.share.value, Some(&segment.period)))?;
        let priced = charge_in(segment, &ready.charge, situation).map_err(|Overflow| failure(charge, situation));
        let (mut own, amount) = priced?;
        units.settle(ready, &mut own)?;
        fees.add(&charge.id, amount.exact())?;
        amounts.push((&charge.id, amount));
        lines.extend(own.into_iter().map(|line| (line, Some(charge))));
    }
    let place =
        |charge: Option<&Charge>| plan.charges.iter().position(|other| charge.is_some_and(|own| own.id == other.id));
    lines.sort_by_key(|(_, charge)| place(*charge));
    if every.is_none() {
        let situation = Situation { book, usage, amounts: &amounts, share, complete: true };
        lines.extend(fees.lines(situation, &PeriodPart::whole())?.into_iter().map(|line| (line, None)));
    }
    units.end()?;
    lines.iter_mut().for_each(|(line, _)| line.service = Some(segment.period));
    Ok(lines)
}

/// The lines of a charge that are due now, and what it costs for this stretch whenever that is due.
fn charge_in(segment: &Segment<'_>, charge: &Charge, situation: Situation<'_>) -> Result<(Vec<Line>, Money), Overflow> {
    let lines = match (&charge.pricing, charge.terms.due) {
        (Pricing::Flat(_), Due::Once) => return Ok((Vec::new(), Money::ZERO)),
        (Pricing::Flat(_), Due::Advance | Due::Arrears) => {
            let part = FixedPart { charge, share: segment.share, back: false };
            fixed_line(segment.book, &[part], segment.period)?.into_iter().collect()
        }
        (Pricing::Metered(_) | Pricing::Capacity(_) | Pricing::Composite(_), _) => charge_lines(charge, situation)?,
    };
    let amount = lines.iter().map(|line| line.amount).try_fold(Money::ZERO, Money::checked_add)?;
    // What was due in advance is on the bill already, but counts towards shares and commitments of the period.
    let paid = matches!(charge.pricing, Pricing::Flat(_)) && charge.terms.due == Due::Advance;
    Ok((if paid { Vec::new() } else { lines }, amount))
}

/// One line of fixed amounts of the same charge, netted; `None` where they are exactly nothing for a part of a period.
pub(crate) fn fixed_line(book: &Book, parts: &[FixedPart<'_>], service: Period) -> Result<Option<Line>, Overflow> {
    let Some(last) = parts.last() else { return Ok(None) };
    let mut steps = Vec::new();
    let mut sum = Exact::ZERO;
    for part in parts {
        let amount = fixed_part(book, part, &mut steps)?;
        sum = sum.checked_add(amount)?;
    }
    let whole = parts.iter().all(|part| !part.back && part.share.whole_price.is_some());
    if sum.signum() == 0 && !whole {
        return Ok(None);
    }
    let mut rounding = Steps::default();
    // A share may have digits without end, so it is rounded also where lines stay exact.
    let amount = match sum.to_decimal() {
        Some(_) => line_amount(book, sum, &mut rounding)?,
        None => round_to_currency(book, sum, &mut rounding)?,
    };
    steps.extend(rounding.into_vec());
    let charge = last.charge;
    Ok(Some(Line {
        charge: charge.id.clone(),
        name: charge.name.clone(),
        meter: None,
        unit: None,
        quantity: Quantity::from(1),
        plan: None,
        version: None,
        service: Some(service),
        amount,
        steps,
    }))
}

/// The exact amount of one part, with its step.
fn fixed_part(book: &Book, part: &FixedPart<'_>, steps: &mut Vec<Step>) -> Result<Exact, Overflow> {
    let (usage, amounts) = (Usage::default(), Vec::new());
    let situation = Situation { book, usage: &usage, amounts: &amounts, share: Share::whole(), complete: true };
    let mut own = Steps::default();
    let mut whole = exact_price(part.charge, situation, &mut own)?;
    // A minimum that has a line of its own beside usage is within the line of a fixed amount.
    if let Some(missing) = terms::missing(&part.charge.terms, whole, situation, &mut own)? {
        whole = whole.checked_add(missing)?;
    }
    let own = own.into_vec();
    if !part.back && part.share.whole_price.is_some() {
        steps.extend(own);
        return Ok(whole);
    }
    if part.back {
        whole = Exact::ZERO.checked_sub(whole)?;
    }
    let amount = part.share.of(whole)?;
    let plain = own.len() <= 1;
    steps.push(Step::Prorated {
        steps: if plain { Vec::new() } else { own },
        whole,
        share: Box::new(part.share),
        amount,
    });
    Ok(amount)
}

/// The bill of these lines on a plan; what no plan priced in its stretch is named.
pub(crate) fn bill(
    book: &Book,
    plan: &Plan,
    lines: Lines<'_>,
    (account, units, segments): (&Account, Entitlements, &[(&Plan, Usage)]),
) -> Result<Rated, RateError> {
    account.check(plan)?;
    let mut rated = rated(book, plan, lines, (&Usage::default(), account))?;
    let mut left: Vec<MeterId> = Vec::new();
    for meter in segments.iter().flat_map(|(plan, usage)| unpriced(plan, usage)) {
        if !left.contains(&meter) {
            left.push(meter);
        }
    }
    rated.unpriced = left;
    rated.carried = units.carried();
    Ok(rated)
}
