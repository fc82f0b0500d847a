//! What is left to be paid of an amount, after what was billed for the same usage before.

use crate::exact::Overflow;
use crate::money::Money;

/// `amount` less everything in `billed`; below zero where too much was billed. Fails beyond 28 digits.
pub fn due_after(amount: Money, billed: &[Money]) -> Result<Money, Overflow> {
    billed.iter().try_fold(amount, |left, billed| left.checked_sub(*billed))
}
