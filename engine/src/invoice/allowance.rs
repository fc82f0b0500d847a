//! Free units of a period that is billed in parts: the first units used are free, whichever part they fall into.

use crate::exact::Overflow;
use crate::quantity::Quantity;

/// What is to be priced of a part of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SplitAllowance {
    /// Of the units used before the part.
    pub billable_before: Quantity,
    /// Of the units used in it.
    pub billable: Quantity,
}

/// Takes `free` units off the first units of a period of which `before` were used earlier and `quantity` now.
pub fn split_allowance(free: Quantity, before: Quantity, quantity: Quantity) -> Result<SplitAllowance, Overflow> {
    let after = |used: Quantity| used.checked_sub(used.min(free));
    let billable_before = after(before)?;
    let billable = after(before.checked_add(quantity)?)?.checked_sub(billable_before)?;
    Ok(SplitAllowance { billable_before, billable })
}
