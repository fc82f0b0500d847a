//! What is left after an earlier bill for the same usage: of an amount to be paid, of units that are included.

use super::Line;
use super::trace::Step;
use crate::exact::Overflow;
use crate::money::Money;
use crate::quantity::Quantity;

/// `amount` less everything in `billed`; below zero where too much was billed. Fails beyond 28 digits.
pub fn due_after(amount: Money, billed: &[Money]) -> Result<Money, Overflow> {
    billed.iter().try_fold(amount, |left, billed| left.checked_sub(*billed))
}

impl Line {
    /// Included units that the line has not drawn on; `None` where nothing is included.
    pub fn allowance_left(&self) -> Result<Option<Quantity>, Overflow> {
        let left = self.steps.iter().find_map(|step| {
            if let Step::Allowance { included, used, .. } = step { Some(included.checked_sub(*used)) } else { None }
        });
        left.transpose()
    }
}
