//! Running total: the events of all cells, in the order of time, move up the tiers together; each is priced by its own
//! attributes in the tier that the total has reached. An event that crosses a bound is split there.
//!
//! The units of a cell in a tier are added up and priced once: the price is per unit, so the sum is the same.

use std::collections::BTreeMap;

use super::cell::{CellKey, Failure, key_of, named};
use super::matrix::{found, row_step};
use super::per_unit;
use super::trace::{Part, Recorder, Step};
use crate::catalog::{CellPrice, Matrix, Metered, Tiers};
use crate::exact::{Exact, Overflow};
use crate::quantity::Quantity;
use crate::usage::{MeterUsage, Sample};

/// The units of a cell, tier by tier.
type Units = BTreeMap<usize, Exact>;

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn price(
    matrix: &Matrix,
    (metered, usage): (&Metered, Option<&MeterUsage>),
    steps: &mut impl Recorder,
) -> Result<Exact, Failure> {
    let Some(usage) = usage else { return Ok(Exact::ZERO) };
    let mut sum = Exact::ZERO;
    for (cell, units) in units_by_cell(matrix, metered, usage)? {
        let quantity = added(units.values())?;
        let Some(found) = found(matrix, &cell, quantity)? else { continue };
        let amount = steps.part(
            || Part::Cell { cell: named(matrix.by(), &cell), quantity },
            |steps| {
                steps.record(|| row_step(matrix, found));
                cell_amount(found.price, &units, steps)
            },
        )?;
        sum = sum.checked_add(amount)?;
    }
    Ok(sum)
}

fn units_by_cell<'u>(
    matrix: &Matrix,
    metered: &Metered,
    usage: &'u MeterUsage,
) -> Result<BTreeMap<CellKey<'u>, Units>, Failure> {
    let mut cells: BTreeMap<CellKey<'u>, Units> = BTreeMap::new();
    // A quantity that was assumed has no events; it is one, of which nothing is known.
    let assumed = [Sample::whole(usage.quantity)];
    let whole = usage.samples.is_empty() && metered.only.is_empty();
    if whole && !usage.quantity.is_zero() {
        let unknown: CellKey<'u> = matrix.by().iter().map(|_| "").collect();
        let [sample] = &assumed;
        add_event(matrix, (Quantity::ZERO, sample), cells.entry(unknown).or_default())?;
    }
    let mut total = Quantity::ZERO;
    for sample in usage.samples.iter().filter(|sample| metered.selects(&sample.key)) {
        let units = cells.entry(key_of(matrix.by(), &sample.key)).or_default();
        total = add_event(matrix, (total, sample), units)?;
    }
    Ok(cells)
}

/// Adds the units of one event to the tiers that it passes through; returns the running total after it.
fn add_event(matrix: &Matrix, (total, sample): (Quantity, &Sample), units: &mut Units) -> Result<Quantity, Failure> {
    let after = total.checked_add(sample.value)?;
    if after.is_negative() {
        return Err(Failure::Negative(after));
    }
    if sample.value.is_zero() {
        return Ok(after);
    }
    // A correction takes units back from the tiers it leaves: its value is below zero, and so is what it adds.
    let (low, high) = (total.min(after), total.max(after));
    let size = high.checked_sub(low)?.exact();
    let cell: CellKey<'_> = key_of(matrix.by(), &sample.key);
    let price = matrix.find(&cell).map(|found| found.price);
    for (tier, (from, up_to)) in bounds(price).enumerate() {
        let start = low.max(from);
        let end = up_to.map_or(high, |up_to| high.min(up_to));
        if start < end {
            let share = end.checked_sub(start)?.exact().checked_mul(sample.billed)?.checked_div(size)?;
            let sum = units.entry(tier).or_insert(Exact::ZERO);
            *sum = sum.checked_add(share)?;
        }
    }
    Ok(after)
}

/// Where the tiers of a price begin and end; one tier without an end where it has none.
fn bounds(price: Option<&CellPrice>) -> impl Iterator<Item = (Quantity, Option<Quantity>)> {
    let tiers = price.and_then(graduated);
    let listed = tiers.into_iter().flat_map(|tiers| tiers.with_lower_bounds().map(|(from, tier)| (from, tier.up_to)));
    let single = tiers.is_none().then_some((Quantity::ZERO, None));
    listed.chain(single)
}

/// The tiers of a price; the book check lets nothing else but a price per unit through.
fn graduated(price: &CellPrice) -> Option<&Tiers> {
    match price {
        CellPrice::Graduated(tiers) => Some(tiers),
        CellPrice::PerUnit(_) | CellPrice::Volume(_) | CellPrice::StairStep(_) | CellPrice::Package(_) => None,
    }
}

fn cell_amount(price: &CellPrice, units: &Units, steps: &mut impl Recorder) -> Result<Exact, Overflow> {
    match price {
        CellPrice::PerUnit(price) => per_unit::price(price, added(units.values())?, steps),
        CellPrice::Graduated(tiers) => {
            let mut sum = Exact::ZERO;
            for (index, (from, tier)) in tiers.with_lower_bounds().enumerate() {
                let Some(units) = units.get(&index) else { continue };
                let quantity = whole(*units)?;
                let (price, up_to) = (tier.price, tier.up_to);
                let amount = price.times(quantity)?;
                steps.record(|| Step::GraduatedTier { from, up_to, quantity, price, amount });
                sum = sum.checked_add(amount)?;
            }
            Ok(sum)
        }
        // The book check refuses these with a running total.
        CellPrice::Volume(_) | CellPrice::StairStep(_) | CellPrice::Package(_) => Err(Overflow),
    }
}

fn added<'e>(mut units: impl Iterator<Item = &'e Exact>) -> Result<Quantity, Overflow> {
    whole(units.try_fold(Exact::ZERO, |sum, units| sum.checked_add(*units))?)
}

fn whole(units: Exact) -> Result<Quantity, Overflow> {
    units.to_decimal().map(Quantity::new).ok_or(Overflow)
}
