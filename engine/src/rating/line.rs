//! One charge, priced: from the meter's groups over selection, conversion, allowance and model to the line's amount.

use super::trace::{Part, Recorder, Step, Steps};
use super::{Line, graduated, package, per_unit, stair_step, total, volume};
use crate::catalog::{Book, Charge, Each, Metered, Model, Pricing};
use crate::exact::{Exact, Overflow};
use crate::money::Money;
use crate::quantity::Quantity;
use crate::usage::{MeterUsage, RoundedQuantity, Usage};

pub(super) fn rate_charge(book: &Book, charge: &Charge, usage: &Usage) -> Result<Line, Overflow> {
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
pub(super) fn charge_amount(book: &Book, charge: &Charge, usage: &Usage) -> Result<Money, Overflow> {
    let nothing = &mut super::TotalOnly;
    let exact = price(&charge.pricing, charge_usage(charge, usage), book.minor_digits(), nothing)?;
    total::line_amount(book, exact, nothing)
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
) -> Result<Exact, Overflow> {
    match pricing {
        Pricing::Flat(flat) => Ok(super::flat::price(flat, steps)),
        Pricing::Metered(metered) => match metered.each {
            Each::Period => {
                let quantity = selected(metered, usage)?;
                if !metered.only.is_empty() {
                    steps.record(|| Step::Selected { only: metered.only.clone(), quantity });
                }
                price_quantity(metered, quantity, digits, steps)
            }
            Each::Group => price_groups(metered, usage, digits, steps),
        },
    }
}

/// What the charge prices of the meter's quantity.
fn selected(metered: &Metered, usage: Option<&MeterUsage>) -> Result<Quantity, Overflow> {
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
