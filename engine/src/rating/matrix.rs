//! Matrix: each cell is priced alone, by the row that names the most of its attributes.
//!
//! A wildcard is only shorthand: a row with `"*"` prices every cell as a row of its own would. A cell without a row has the
//! default price or is refused by name; a cell of nothing needs no price.

use super::cell::{CellKey, Failure, each_cell, named};
use super::line::{after_allowance, converted};
use super::trace::{Part, Recorder, Step};
use super::{graduated, package, per_unit, stair_step, volume};
use crate::catalog::{CellPrice, Found, Matrix, Metered};
use crate::exact::{Exact, Overflow};
use crate::quantity::Quantity;
use crate::usage::MeterUsage;

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn price(
    matrix: &Matrix,
    (metered, usage): (&Metered, Option<&MeterUsage>),
    digits: u32,
    steps: &mut impl Recorder,
) -> Result<Exact, Failure> {
    let mut sum = Exact::ZERO;
    each_cell(matrix.by(), metered, usage, |cell, quantity| {
        let Some(found) = found(matrix, cell, quantity)? else { return Ok(()) };
        let amount = steps.part(
            || Part::Cell { cell: named(matrix.by(), cell), quantity },
            |steps| {
                steps.record(|| row_step(matrix, found));
                let units = converted(metered, quantity, steps)?;
                let billable = after_allowance(units, metered.included, steps)?;
                cell_amount(found.price, billable, digits, steps)
            },
        )?;
        sum = sum.checked_add(amount)?;
        Ok(())
    })?;
    Ok(sum)
}

/// The row of a cell; `None` where nothing was used and nothing is known.
pub(super) fn found<'m>(
    matrix: &'m Matrix,
    cell: &CellKey<'_>,
    quantity: Quantity,
) -> Result<Option<Found<'m>>, Failure> {
    match matrix.find(cell) {
        Some(found) => Ok(Some(found)),
        None if quantity.is_zero() => Ok(None),
        None => Err(Failure::NoPrice(named(matrix.by(), cell), quantity)),
    }
}

pub(super) fn row_step(matrix: &Matrix, found: Found<'_>) -> Step {
    let by = matrix.by().iter().map(|attribute| attribute.name.clone()).collect();
    let row = found.row.map(|row| matrix.row(row).into_iter().map(str::to_owned).collect());
    Step::MatrixRow { by, row }
}

fn cell_amount(
    price: &CellPrice,
    billable: Quantity,
    digits: u32,
    steps: &mut impl Recorder,
) -> Result<Exact, Overflow> {
    match price {
        CellPrice::PerUnit(price) => per_unit::price(price, billable, steps),
        CellPrice::Graduated(tiers) => graduated::price(tiers, billable, digits, steps),
        CellPrice::Volume(tiers) => volume::price(tiers, billable, digits, steps),
        CellPrice::StairStep(tiers) => stair_step::price(tiers, billable, steps),
        CellPrice::Package(package) => package::price(package, billable, steps),
    }
}
