//! Graduated percentage: each tier's part of the money at that tier's percentage. A tier's fixed fee is due once, as soon
//! as the tier is entered.

use super::graduated;
use super::tier::Sold;
use super::trace::Recorder;
use crate::catalog::Tiers;
use crate::exact::{Exact, Overflow};
use crate::quantity::Quantity;

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn price(
    tiers: &Tiers,
    quantity: Quantity,
    digits: u32,
    steps: &mut impl Recorder,
) -> Result<Exact, Overflow> {
    graduated::in_tiers(tiers, quantity, (digits, Sold::Shares), steps)
}
