//! One charge, priced: from the meter's groups over selection, conversion, allowance and model to the line's amount.

use super::cell::Failure;
use super::trace::{Part, Recorder, Step, Steps};
use super::{Line, graduated, matrix, package, per_unit, rules, running_total, stair_step, total, volume};
use crate::catalog::{Book, Charge, Each, Metered, Model, Pricing, TierCount};
use crate::exact::{Exact, Overflow};
use crate::money::Money;
use crate::quantity::Quantity;
use crate::usage::{MeterUsage, RoundedQuantity, Usage};

pub(super) fn rate_charge(book: &Book, charge: &Charge, usage: &Usage) -> Result<Line, Failure> {
    let item = charge_usage(charge, usage);
    let meter = charge.meter().and_then(|id| book.meter(id));
    let mut steps = Steps::default();
    if let Some(meter) = meter {
        steps.record(|| Step::counted(meter, item));
        if let Some(MeterUsage { quantity, rounded: Some(RoundedQuantity { rounding, exact }), .. }) = item {
            let (mode, places) = (rounding.mode, rounding.places);
            steps.record(|| Step::RoundedQuantity { mode, places, exact: *exact, quantity: *quantity });
        }
    }
    let exact = price(&charge.pricing, item, book.minor_digits(), &mut steps)?;
    let amount = total::line_amount(book, exact, &mut steps)?;
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

/// The amount of [`rate_charge`] alone.
pub(super) fn charge_amount(book: &Book, charge: &Charge, usage: &Usage) -> Result<Money, Failure> {
    let nothing = &mut super::TotalOnly;
    let exact = price(&charge.pricing, charge_usage(charge, usage), book.minor_digits(), nothing)?;
    Ok(total::line_amount(book, exact, nothing)?)
}

fn charge_usage<'u>(charge: &Charge, usage: &'u Usage) -> Option<&'u MeterUsage> {
    charge.meter().and_then(|meter| usage.of(meter))
}

/// The exact net price of one charge.
fn price(
    pricing: &Pricing,
    usage: Option<&MeterUsage>,
    digits: u32,
    steps: &mut impl Recorder,
) -> Result<Exact, Failure> {
    let metered = match pricing {
        Pricing::Flat(flat) => return Ok(super::flat::price(flat, steps)),
        Pricing::Metered(metered) => metered,
    };
    if metered.each == Each::Period && !metered.only.is_empty() {
        let quantity = selected(metered, usage)?;
        steps.record(|| Step::Selected { only: metered.only.clone(), quantity });
    }
    match &metered.model {
        Model::Matrix(prices) => match prices.count() {
            TierCount::Cell => matrix::price(prices, (metered, usage), digits, steps),
            TierCount::RunningTotal => running_total::price(prices, (metered, usage), steps),
        },
        Model::Rules(list) => rules::price(list, (metered, usage), steps),
        Model::PerUnit(_) | Model::Graduated(_) | Model::Volume(_) | Model::StairStep(_) | Model::Package(_) => {
            Ok(match metered.each {
                Each::Period => price_quantity(metered, selected(metered, usage)?, digits, steps)?,
                Each::Group => price_groups(metered, usage, digits, steps)?,
            })
        }
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
    metered: &Metered,
    usage: Option<&MeterUsage>,
    digits: u32,
    steps: &mut impl Recorder,
) -> Result<Exact, Overflow> {
    let mut sum = Exact::ZERO;
    let groups = usage.map_or(&[][..], |usage| &usage.groups);
    for group in groups.iter().filter(|group| metered.selects(group)) {
        let amount = steps.part(
            || Part::Group { key: group.key.clone(), quantity: group.quantity },
            |steps| price_quantity(metered, group.quantity, digits, steps),
        )?;
        sum = sum.checked_add(amount)?;
    }
    Ok(sum)
}

/// Conversion, allowance, model.
fn price_quantity(
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
        // Prices by attributes are looked up for each cell, never for a quantity without attributes.
        Model::Matrix(_) | Model::Rules(_) => Err(Overflow),
    }
}

pub(super) fn converted(
    metered: &Metered,
    quantity: Quantity,
    steps: &mut impl Recorder,
) -> Result<Quantity, Overflow> {
    let Some(conversion) = metered.convert else { return Ok(quantity) };
    let units = conversion.apply(quantity)?;
    steps.record(|| Step::Converted { conversion, quantity, units });
    Ok(units)
}

/// Takes the included units off. What is left is what the model prices, counted from zero again.
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
