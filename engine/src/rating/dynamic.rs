//! Dynamic: every event carries its own price, so the meter has added up money; what is due is that sum, times a factor.
//!
//! The sum is rounded where the book rounds, never event by event.

use super::trace::{Recorder, Step};
use crate::catalog::{Dynamic, MoneyUnit};
use crate::exact::{Exact, Overflow, power_of_ten};
use crate::quantity::Quantity;

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn price(
    dynamic: &Dynamic,
    quantity: Quantity,
    digits: u32,
    steps: &mut impl Recorder,
) -> Result<Exact, Overflow> {
    let (multiplier, carried_in) = (dynamic.multiplier, dynamic.carried_in);
    let product = quantity.exact().checked_mul(multiplier.exact())?;
    let amount = match carried_in {
        MoneyUnit::Major => product,
        MoneyUnit::Minor => {
            let minor = Exact::ratio(1, power_of_ten(digits).ok_or(Overflow)?).ok_or(Overflow)?;
            product.checked_mul(minor)?
        }
    };
    steps.record(|| Step::Carried { quantity, carried_in, multiplier, amount });
    Ok(amount)
}
