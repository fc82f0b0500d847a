//! Flat: a fixed amount every period, due whatever was used. For base fees.

use super::trace::{Recorder, Step};
use crate::catalog::Flat;
use crate::exact::Exact;

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn price(flat: &Flat, steps: &mut impl Recorder) -> Exact {
    let amount = flat.amount.exact();
    steps.record(|| Step::Flat { amount });
    amount
}
