//! One charge, priced: from the meter's groups over selection, conversion, allowance and model to the line's amount.

use super::terms::{self, Situation};
use super::total::line_amount;
use super::trace::{Part, Recorder, Step, Steps, TotalOnly};
use super::{Line, commitment, graduated, package, per_unit, stair_step, volume};
use crate::catalog::{Charge, Each, Metered, Model, Pricing};
use crate::exact::{Exact, Overflow};
use crate::ids::ChargeId;
use crate::money::Money;
use crate::quantity::Quantity;
use crate::text::{Names, minimum_name};
use crate::usage::{MeterUsage, Usage};

/// The charge's line, and one for what is missing to its minimum where the book wants that.
pub(super) fn charge_lines(charge: &Charge, usage: &Usage, situation: Situation<'_>) -> Result<Vec<Line>, Overflow> {
    let item = charge_usage(charge, usage);
    let mut steps = Steps::default();
    count(charge, item, situation, &mut steps);
    let exact = exact_price(charge, item, situation, &mut steps)?;
    let amount = line_amount(situation.book, exact, &mut steps)?;
    let mut lines = vec![line(charge, item, situation, (amount, steps))?];
    let mut steps = Steps::default();
    let shown = shown(charge, exact, amount, situation);
    if let Some(missing) = terms::missing(&charge.terms, shown, situation, &mut steps)? {
        let amount = line_amount(situation.book, missing, &mut steps)?;
        lines.extend(minimum_line(charge, amount, steps));
    }
    Ok(lines)
}

/// What [`charge_lines`] add up to.
pub(super) fn charge_amount(charge: &Charge, usage: &Usage, situation: Situation<'_>) -> Result<Money, Overflow> {
    let exact = exact_price(charge, charge_usage(charge, usage), situation, &mut TotalOnly)?;
    line_amount(situation.book, exact, &mut TotalOnly)
}

/// A line's amount as a minimum with a line of its own looks at it.
fn shown(charge: &Charge, exact: Exact, amount: Money, situation: Situation<'_>) -> Exact {
    if charge.terms.rounds_sides(situation.book.rounding.at) { amount.exact() } else { exact }
}

/// The first step: what the charge's meter counted.
pub(super) fn count(charge: &Charge, item: Option<&MeterUsage>, situation: Situation<'_>, steps: &mut impl Recorder) {
    if let Some(meter) = charge.meter().and_then(|id| situation.book.meter(id)) {
        steps.record(|| Step::counted(meter, item));
    }
}

/// The line of a charge with this amount.
pub(super) fn line(
    charge: &Charge,
    item: Option<&MeterUsage>,
    situation: Situation<'_>,
    (amount, steps): (Money, Steps),
) -> Result<Line, Overflow> {
    let meter = charge.meter().and_then(|id| situation.book.meter(id));
    let quantity = match &charge.pricing {
        Pricing::Flat(_) => Quantity::from(1),
        Pricing::Metered(metered) => selected(metered, item)?,
    };
    Ok(Line {
        charge: charge.id.clone(),
        name: charge.name.clone(),
        meter: charge.meter().cloned(),
        unit: meter.and_then(|meter| meter.unit.clone()),
        quantity,
        amount,
        steps: steps.into_vec(),
    })
}

/// The line of what is missing to a minimum; `None` if the minimum has no line of its own.
pub(super) fn minimum_line(charge: &Charge, amount: Money, steps: Steps) -> Option<Line> {
    let id: ChargeId = charge.terms.minimum.as_ref()?.line.clone()?;
    let name: Names = minimum_name(&charge.name);
    let quantity = Quantity::from(1);
    Some(Line { charge: id, name, meter: None, unit: None, quantity, amount, steps: steps.into_vec() })
}

pub(super) fn charge_usage<'u>(charge: &Charge, usage: &'u Usage) -> Option<&'u MeterUsage> {
    charge.meter().and_then(|meter| usage.of(meter))
}

/// The exact net price of one charge, with its terms.
fn exact_price(
    charge: &Charge,
    item: Option<&MeterUsage>,
    situation: Situation<'_>,
    steps: &mut impl Recorder,
) -> Result<Exact, Overflow> {
    terms::apply(&charge.terms, situation, steps, |steps| list_price(charge, item, situation, steps))
}

/// What the model and the charge's commitment give, without the other terms.
pub(super) fn list_price(
    charge: &Charge,
    item: Option<&MeterUsage>,
    situation: Situation<'_>,
    steps: &mut impl Recorder,
) -> Result<Exact, Overflow> {
    let metered = match &charge.pricing {
        Pricing::Flat(flat) => return Ok(super::flat::price(flat, steps)),
        Pricing::Metered(metered) => metered,
    };
    match metered.each {
        Each::Period => {
            let quantity = selected(metered, item)?;
            if !metered.only.is_empty() {
                steps.record(|| Step::Selected { only: metered.only.clone(), quantity });
            }
            price_alone(charge, metered, situation, (quantity, steps))
        }
        Each::Group => price_groups(charge, metered, situation, (item, steps)),
    }
}

/// A quantity that is priced by itself, settled against the charge's commitment.
fn price_alone(
    charge: &Charge,
    metered: &Metered,
    situation: Situation<'_>,
    (quantity, steps): (Quantity, &mut impl Recorder),
) -> Result<Exact, Overflow> {
    match &charge.terms.commitment {
        Some(rule) => commitment::charge(rule, metered, situation, (quantity, steps)),
        None => price_quantity(metered, quantity, situation.book.minor_digits(), steps),
    }
}

/// What the charge prices of the meter's quantity.
pub(super) fn selected(metered: &Metered, usage: Option<&MeterUsage>) -> Result<Quantity, Overflow> {
    let Some(usage) = usage else { return Ok(Quantity::ZERO) };
    if metered.only.is_empty() {
        return Ok(usage.quantity);
    }
    let groups = usage.groups.iter().filter(|group| metered.selects(group));
    groups.map(|group| group.quantity).try_fold(Quantity::ZERO, Quantity::checked_add)
}

/// Each selected group by itself; what has no group is nothing.
fn price_groups(
    charge: &Charge,
    metered: &Metered,
    situation: Situation<'_>,
    (item, steps): (Option<&MeterUsage>, &mut impl Recorder),
) -> Result<Exact, Overflow> {
    let mut sum = Exact::ZERO;
    let groups = item.map_or(&[][..], |item| &item.groups);
    for group in groups.iter().filter(|group| metered.selects(group)) {
        let amount = steps.part(
            || Part::Group { key: group.key.clone(), quantity: group.quantity },
            |steps| price_alone(charge, metered, situation, (group.quantity, steps)),
        )?;
        sum = sum.checked_add(amount)?;
    }
    Ok(sum)
}

/// Conversion, allowance, model.
pub(super) fn price_quantity(
    metered: &Metered,
    quantity: Quantity,
    digits: u32,
    steps: &mut impl Recorder,
) -> Result<Exact, Overflow> {
    let units = converted(metered, quantity, steps)?;
    let billable = after_allowance(units, metered.included, steps)?;
    match &metered.model {
        Model::PerUnit(unit_price) => per_unit::price(unit_price, billable, steps),
        Model::Graduated(tiers) => graduated::price(tiers, billable, digits, steps),
        Model::Volume(tiers) => volume::price(tiers, billable, digits, steps),
        Model::StairStep(tiers) => stair_step::price(tiers, billable, steps),
        Model::Package(package) => package::price(package, billable, steps),
    }
}

fn converted(metered: &Metered, quantity: Quantity, steps: &mut impl Recorder) -> Result<Quantity, Overflow> {
    let Some(conversion) = metered.convert else { return Ok(quantity) };
    let units = conversion.apply(quantity)?;
    steps.record(|| Step::Converted { conversion, quantity, units });
    Ok(units)
}

/// Takes the included units off. What is left is what the model prices, counted from zero again.
fn after_allowance(quantity: Quantity, included: Quantity, steps: &mut impl Recorder) -> Result<Quantity, Overflow> {
    if included.is_zero() {
        return Ok(quantity);
    }
    let used = quantity.min(included);
    let billable = quantity.checked_sub(used)?;
    steps.record(|| Step::Allowance { included, used, billable });
    Ok(billable)
}
