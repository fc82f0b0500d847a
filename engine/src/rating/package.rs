//! Package: units are sold in packages of a fixed size; a package that is begun is paid whole.

use super::trace::{Recorder, Step};
use crate::catalog::Package;
use crate::exact::{Exact, Overflow, decimal};
use crate::quantity::Quantity;
use crate::rounding::{RoundingMode, to_integer};

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn price(package: &Package, quantity: Quantity, steps: &mut impl Recorder) -> Result<Exact, Overflow> {
    let begun = to_integer(quantity.exact().checked_div(package.size.exact())?, RoundingMode::Ceiling)?;
    let packages = Quantity::new(decimal(begun, 0)?);
    let amount = packages.exact().checked_mul(package.price.exact())?;
    let Package { size, price } = *package;
    steps.record(|| Step::Packages { quantity, size, packages, price, amount });
    Ok(amount)
}
