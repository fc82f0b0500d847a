//! One charge, priced: from the meter's groups over selection, conversion, allowance and model to the line's amount.

use super::composite::Amounts;
use super::counted::Counted;
use super::trace::{Part, Recorder, Step, Steps};
use super::{
    Line, capacity, committed, composite, dynamic, flat, graduated, graduated_percentage, package, per_unit,
    percentage, prorated_graduated, stair_step, total, volume,
};
use crate::catalog::{Book, Charge, Each, Metered, Model, Pricing};
use crate::exact::{Exact, Overflow};
use crate::money::Money;
use crate::quantity::Quantity;
use crate::usage::{MeterUsage, RoundedQuantity, Usage};

/// What a charge is priced from: the book, what was counted, and what the charges before it cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'s> {
    pub(super) book: &'s Book,
    pub(super) usage: &'s Usage,
    pub(super) amounts: &'s Amounts<'s>,
}

pub(super) fn rate_charge(scene: Scene<'_>, charge: &Charge) -> Result<Line, Overflow> {
    let Scene { book, usage, .. } = scene;
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
    let exact = price(scene, charge, &mut steps)?;
    let amount = total::line_amount(book, exact, &mut steps)?;
    Ok(Line {
        charge: charge.id.clone(),
        name: charge.name.clone(),
        meter: charge.meter().cloned(),
        unit: meter.and_then(|meter| meter.unit.clone()),
        quantity: shown(charge, usage)?,
        amount,
        steps: steps.into_vec(),
    })
}

/// The amount of [`rate_charge`] alone.
pub(super) fn charge_amount(scene: Scene<'_>, charge: &Charge) -> Result<Money, Overflow> {
    let nothing = &mut super::TotalOnly;
    let exact = price(scene, charge, nothing)?;
    total::line_amount(scene.book, exact, nothing)
}

fn charge_usage<'u>(charge: &Charge, usage: &'u Usage) -> Option<&'u MeterUsage> {
    charge.meter().and_then(|meter| usage.of(meter))
}

/// The quantity that the line shows: what was selected, or what was sold for the money that the events carry.
fn shown(charge: &Charge, usage: &Usage) -> Result<Quantity, Overflow> {
    let Pricing::Metered(metered) = &charge.pricing else { return Ok(Quantity::from(1)) };
    if let Model::Dynamic(dynamic) = &metered.model
        && let Some(units) = &dynamic.units
    {
        return Ok(usage.of(units).map_or(Quantity::ZERO, |usage| usage.quantity));
    }
    Ok(Counted::selected(metered, charge_usage(charge, usage))?.quantity)
}

/// The exact net price of one charge.
fn price(scene: Scene<'_>, charge: &Charge, steps: &mut impl Recorder) -> Result<Exact, Overflow> {
    let usage = charge_usage(charge, scene.usage);
    let digits = scene.book.minor_digits();
    match &charge.pricing {
        Pricing::Flat(flat) => Ok(flat::price(flat, steps)),
        Pricing::Capacity(capacity) => Ok(capacity::price(capacity, scene.usage, steps)),
        Pricing::Composite(composite) => composite::price(composite, scene.amounts, digits, steps),
        Pricing::Metered(metered) => match metered.each {
            Each::Period => {
                let counted = Counted::selected(metered, usage)?;
                if !metered.only.is_empty() {
                    let quantity = counted.quantity;
                    steps.record(|| Step::Selected { only: metered.only.clone(), quantity });
                }
                price_counted(metered, counted, digits, steps)
            }
            Each::Group => price_groups(metered, usage, digits, steps),
        },
    }
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
    for group in groups.iter().filter(|group| metered.selects(&group.key)) {
        let amount = steps.part(
            || Part::Group { key: group.key.clone(), quantity: group.quantity },
            |steps| price_counted(metered, Counted::group(metered, usage, group), digits, steps),
        )?;
        sum = sum.checked_add(amount)?;
    }
    Ok(sum)
}

/// Conversion, allowance, model.
fn price_counted(
    metered: &Metered,
    counted: Counted<'_>,
    digits: u32,
    steps: &mut impl Recorder,
) -> Result<Exact, Overflow> {
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
    }
}

fn converted(metered: &Metered, quantity: Quantity, steps: &mut impl Recorder) -> Result<Quantity, Overflow> {
    let mut units = quantity;
    for conversion in &metered.convert {
        let (conversion, quantity) = (*conversion, units);
        units = conversion.apply(quantity)?;
        steps.record(|| Step::Converted { conversion, quantity, units });
    }
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
