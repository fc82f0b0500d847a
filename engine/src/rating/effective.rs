//! What a unit of a line cost in the end: its amount ÷ its units. For people to compare; nothing is billed from it.

use super::Line;
use super::trace::Step;
use crate::exact::{Exact, Overflow};
use crate::quantity::Quantity;

impl Line {
    /// The line's amount divided by its quantity, exactly; zero where there is none. Of packages, the units that are
    /// paid for count, without the free ones.
    pub fn effective_unit_price(&self) -> Result<Exact, Overflow> {
        let paid = self.steps.iter().find_map(packed).unwrap_or(self.quantity);
        if paid.is_zero() {
            return Ok(Exact::ZERO);
        }
        self.amount.exact().checked_div(paid.exact())
    }
}

fn packed(step: &Step) -> Option<Quantity> {
    if let Step::Packages { quantity, .. } = step { Some(*quantity) } else { None }
}
