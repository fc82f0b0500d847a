//! Per unit: every unit costs the same. The price may be for many units (`per`); the division comes last.

use super::trace::{Recorder, Step};
use crate::catalog::UnitPrice;
use crate::exact::{Exact, Overflow};
use crate::quantity::Quantity;

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn price(price: &UnitPrice, quantity: Quantity, steps: &mut impl Recorder) -> Result<Exact, Overflow> {
    let amount = price.times(quantity)?;
    steps.record(|| Step::PerUnit { quantity, price: *price, amount });
    Ok(amount)
}
