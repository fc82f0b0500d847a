//! One charge, priced: from the meter's groups over selection, conversion, allowance and model to the line's amount.

use super::cell::Failure;
use super::counted::Counted;
use super::terms::{self, Situation};
use super::total::{line_amount, rounded_side};
use super::trace::{Part, Recorder, Step, Steps, TotalOnly};
use super::{
    Line, RateError, capacity, commitment, committed, composite, dynamic, flat, graduated, graduated_percentage,
    matrix, package, per_unit, percentage, prorated_graduated, rules, running_total, stair_step, volume,
};
use crate::catalog::{ByAttributes, Charge, Each, Metered, Model, Pricing, TierCount};
use crate::exact::{Exact, Overflow};
use crate::ids::{ChargeId, MeterId};
use crate::money::Money;
use crate::quantity::Quantity;
use crate::text::{Names, minimum_name};
use crate::usage::{MeterUsage, RoundedQuantity, Usage};

/// The charge's line, and one for what is missing to its minimum where the book wants that.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn charge_lines(charge: &Charge, situation: Situation<'_>) -> Result<Vec<Line>, Overflow> {
    let mut steps = Steps::with_room();
    count(charge, situation, &mut steps);
    let exact = exact_price(charge, situation, &mut steps)?;
    let amount = line_amount(situation.book, exact, &mut steps)?;
    let mut lines = vec![line(charge, situation, (amount, steps))?];
    let mut steps = Steps::default();
    let side = side(charge, exact, situation)?;
    if let Some(missing) = terms::missing(&charge.terms, side, situation, &mut steps)? {
        let amount = line_amount(situation.book, missing, &mut steps)?;
        lines.extend(minimum_line(charge, amount, steps));
    }
    Ok(lines)
}

/// The amount of the charge's own line alone.
pub(super) fn charge_amount(charge: &Charge, situation: Situation<'_>) -> Result<Money, Overflow> {
    let exact = exact_price(charge, situation, &mut TotalOnly)?;
    line_amount(situation.book, exact, &mut TotalOnly)
}

/// A line's amount as a minimum with a line of its own looks at it.
fn side(charge: &Charge, exact: Exact, situation: Situation<'_>) -> Result<Exact, Overflow> {
    let rounds = charge.terms.rounds_sides(situation.book.rounding.at);
    if rounds { Ok(rounded_side(situation.book, exact)?.exact()) } else { Ok(exact) }
}

/// The first step: what the charge's meter counted.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn count(charge: &Charge, situation: Situation<'_>, steps: &mut impl Recorder) {
    if let Some(meter) = charge.meter().and_then(|id| situation.book.meter(id)) {
        let item = charge_usage(charge, situation.usage);
        steps.record(|| Step::counted(meter, item, sold_units(charge).is_some()));
        if let Some(MeterUsage { quantity, rounded: Some(RoundedQuantity { rounding, exact }), .. }) = item {
            let (mode, places) = (rounding.mode, rounding.places);
            steps.record(|| Step::RoundedQuantity { mode, places, exact: *exact, quantity: *quantity });
        }
    }
}

/// The line of a charge with this amount.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn line(
    charge: &Charge,
    situation: Situation<'_>,
    (amount, steps): (Money, Steps),
) -> Result<Line, Overflow> {
    let meter = shown_meter(charge).and_then(|id| situation.book.meter(id));
    Ok(Line {
        charge: charge.id.clone(),
        name: charge.name.clone(),
        meter: charge.meter().cloned(),
        unit: meter.and_then(|meter| meter.unit.clone()),
        quantity: shown(charge, situation.usage)?,
        plan: None,
        version: None,
        service: None,
        amount,
        steps: steps.into_vec(),
    })
}

/// The line of what is missing to a minimum; `None` if the minimum has no line of its own.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn minimum_line(charge: &Charge, amount: Money, steps: Steps) -> Option<Line> {
    let id: ChargeId = charge.terms.minimum.as_ref()?.line.clone()?;
    let name: Names = minimum_name(&charge.name);
    let quantity = Quantity::from(1);
    let steps = steps.into_vec();
    Some(Line {
        charge: id,
        name,
        meter: None,
        unit: None,
        quantity,
        plan: None,
        version: None,
        service: None,
        amount,
        steps,
    })
}

pub(super) fn charge_usage<'u>(charge: &Charge, usage: &'u Usage) -> Option<&'u MeterUsage> {
    charge.meter().and_then(|meter| usage.of(meter))
}

/// The meter of what was sold for the money that the events carry, where the book names it.
fn sold_units(charge: &Charge) -> Option<&MeterId> {
    match &charge.pricing {
        Pricing::Metered(Metered { model: Model::Dynamic(dynamic), .. }) => dynamic.units.as_ref(),
        Pricing::Metered(_) | Pricing::Flat(_) | Pricing::Capacity(_) | Pricing::Composite(_) => None,
    }
}

/// The meter whose quantity the line shows, in its unit.
fn shown_meter(charge: &Charge) -> Option<&MeterId> {
    sold_units(charge).or_else(|| charge.meter())
}

/// The quantity that the line shows: what was selected, or what was sold for the money that the events carry.
fn shown(charge: &Charge, usage: &Usage) -> Result<Quantity, Overflow> {
    let Pricing::Metered(metered) = &charge.pricing else { return Ok(Quantity::from(1)) };
    if let Some(units) = sold_units(charge) {
        return Ok(usage.of(units).map_or(Quantity::ZERO, |usage| usage.quantity));
    }
    Ok(Counted::selected(metered, charge_usage(charge, usage))?.quantity)
}

/// The exact net price of one charge, with its terms.
pub(super) fn exact_price(
    charge: &Charge,
    situation: Situation<'_>,
    steps: &mut impl Recorder,
) -> Result<Exact, Overflow> {
    terms::apply(&charge.terms, situation, steps, |steps| list_price(charge, situation, steps))
}

/// What the model and the charge's commitment give, without the other terms.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn list_price(
    charge: &Charge,
    situation: Situation<'_>,
    steps: &mut impl Recorder,
) -> Result<Exact, Overflow> {
    let digits = situation.book.minor_digits();
    match &charge.pricing {
        Pricing::Flat(flat) => Ok(flat::price(flat, steps)),
        Pricing::Capacity(capacity) => Ok(capacity::price(capacity, situation.usage, steps)),
        Pricing::Composite(composite) => composite::price(composite, situation.amounts, digits, steps),
        Pricing::Metered(metered) => {
            let usage = charge_usage(charge, situation.usage);
            if metered.each == Each::Period && !metered.only.is_empty() {
                let quantity = Counted::selected(metered, usage)?.quantity;
                steps.record(|| Step::Selected { only: metered.only.clone(), quantity });
            }
            // What else can fail here is named by [`failure`], which looks again.
            if let Some(amount) = price_cells((metered, usage), digits, steps) {
                return amount.map_err(|_| Overflow);
            }
            match metered.each {
                Each::Period => price_alone(charge, Counted::selected(metered, usage)?, situation, steps),
                Each::Group => price_groups(charge, (metered, usage), situation, steps),
            }
        }
    }
}

/// The models that look at attributes; `None` for those that price a quantity.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn price_cells(
    (metered, usage): (&Metered, Option<&MeterUsage>),
    digits: u32,
    steps: &mut impl Recorder,
) -> Option<Result<Exact, Failure>> {
    Some(match metered.model.by_attributes()? {
        ByAttributes::Matrix(prices) => match prices.count() {
            TierCount::Cell => matrix::price(prices, (metered, usage), digits, steps),
            TierCount::RunningTotal => running_total::price(prices, (metered, usage), steps),
        },
        ByAttributes::Rules(list) => rules::price(list, (metered, usage), steps),
    })
}

/// Why a charge cannot be priced: attributes without a price, or an amount that is too large.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn failure(charge: &Charge, situation: Situation<'_>) -> RateError {
    let digits = situation.book.minor_digits();
    let cells = match &charge.pricing {
        Pricing::Metered(metered) => {
            price_cells((metered, charge_usage(charge, situation.usage)), digits, &mut TotalOnly)
        }
        Pricing::Flat(_) | Pricing::Capacity(_) | Pricing::Composite(_) => None,
    };
    let failure = cells.and_then(Result::err).unwrap_or(Failure::Overflow);
    failure.of(&charge.id, charge.meter())
}

/// What is priced by itself, settled against the charge's commitment.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn price_alone(
    charge: &Charge,
    counted: Counted<'_>,
    situation: Situation<'_>,
    steps: &mut impl Recorder,
) -> Result<Exact, Overflow> {
    match &charge.terms.commitment {
        Some(rule) => commitment::charge(rule, counted, situation, steps),
        None => price_counted(counted, situation.book.minor_digits(), steps),
    }
}

/// Each selected group by itself; what has no group is nothing.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn price_groups(
    charge: &Charge,
    (metered, usage): (&Metered, Option<&MeterUsage>),
    situation: Situation<'_>,
    steps: &mut impl Recorder,
) -> Result<Exact, Overflow> {
    let mut sum = Exact::ZERO;
    let groups = usage.map_or(&[][..], |usage| &usage.groups);
    for group in groups.iter().filter(|group| metered.selects(&group.key)) {
        let amount = steps.part(
            || Part::Group { key: group.key.clone(), quantity: group.quantity },
            |steps| price_alone(charge, Counted::group(metered, usage, group), situation, steps),
        )?;
        sum = sum.checked_add(amount)?;
    }
    Ok(sum)
}

/// Conversion, allowance, model.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn price_counted(counted: Counted<'_>, digits: u32, steps: &mut impl Recorder) -> Result<Exact, Overflow> {
    let metered = counted.metered;
    let units = converted(metered, counted.quantity, steps)?;
    let billable = after_allowance(units, metered.included, steps)?;
    match &metered.model {
        Model::PerUnit(unit_price) => per_unit::price(unit_price, billable, steps),
        Model::Graduated(tiers) => graduated::price(tiers, billable, digits, steps),
        Model::Volume(tiers) => volume::price(tiers, billable, digits, steps),
        Model::StairStep(tiers) => stair_step::price(tiers, billable, steps),
        Model::Package(package) => package::price(package, billable, steps),
        Model::Percentage(percentage) => percentage::price(percentage, counted.with(billable), steps),
        Model::GraduatedPercentage(tiers) => graduated_percentage::price(tiers, billable, digits, steps),
        Model::Dynamic(dynamic) => dynamic::price(dynamic, billable, digits, steps),
        Model::Committed(committed) => committed::price(committed, billable, digits, steps),
        Model::ProratedGraduated(prorated) => prorated_graduated::price(prorated, counted.with(billable), steps),
        // Prices by attributes are looked up for each cell, never for a quantity without attributes.
        Model::Matrix(_) | Model::Rules(_) => Err(Overflow),
    }
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn converted(
    metered: &Metered,
    quantity: Quantity,
    steps: &mut impl Recorder,
) -> Result<Quantity, Overflow> {
    let mut units = quantity;
    for conversion in &metered.convert {
        let (conversion, quantity) = (*conversion, units);
        units = conversion.apply(quantity)?;
        steps.record(|| Step::Converted { conversion, quantity, units });
    }
    Ok(units)
}

/// Takes the included units off. What is left is what the model prices, counted from zero again.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn after_allowance(
    quantity: Quantity,
    included: Quantity,
    steps: &mut impl Recorder,
) -> Result<Quantity, Overflow> {
    if included.is_zero() {
        return Ok(quantity);
    }
    let used = quantity.min(included);
    let billable = quantity.checked_sub(used)?;
    steps.record(|| Step::Allowance { included, used, billable });
    Ok(billable)
}
