//! Package: units are sold in packages of a fixed size. A package that is begun is paid whole, unless the book says
//! that only full ones are (`round = "down"`).

use super::trace::{Recorder, Step};
use crate::catalog::Package;
use crate::exact::{Exact, Overflow, decimal};
use crate::quantity::Quantity;
use crate::rounding::to_integer;

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn price(package: &Package, quantity: Quantity, steps: &mut impl Recorder) -> Result<Exact, Overflow> {
    let count = to_integer(quantity.exact().checked_div(package.size.exact())?, package.rounding.mode())?;
    let packages = Quantity::new(decimal(count, 0)?);
    let amount = packages.exact().checked_mul(package.price.exact())?;
    let Package { size, price, rounding } = *package;
    steps.record(|| Step::Packages { quantity, size, packages, rounding, price, amount });
    Ok(amount)
}
