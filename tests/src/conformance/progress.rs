//! Cases about periods that are billed in parts, and about minimums, maximums and commitments.
//!
//! Models that also exist without parts (`block_tiers`) are answered here only if something was billed before.

mod blocks;
mod book;
mod commitments;
mod parts;

use serde_json::json;

use super::{Answer, Case};

/// The engine's answer; `None` if the model is not one of these.
pub(super) fn answer(case: &Case) -> Option<Answer> {
    let rebilled = case.input.get("already_billed").is_some_and(|billed| !billed.is_null());
    Some(match case.model.as_str() {
        "delta_series" => parts::delta_series(case),
        "unit_split" | "package_split" | "volume_split" | "graduated_split" | "dynamic_split" => parts::split(case),
        "flat_split" => parts::flat_split(case),
        "flat" => parts::flat(case),
        "max_spend_discount" => parts::max_spend_discount(case),
        "graduated_discount_clamp" => parts::clamp(case),
        "block_tiers_rebill" => blocks::blocks(case, "amount_due"),
        "block_tiers" if rebilled => blocks::blocks(case, "amount"),
        "block_tiers_multi" if rebilled => blocks::blocks_of_units(case),
        "graduated_percentage_incremental" => parts::increments(case),
        "commitment_trueup" => commitments::commitment_trueup(case),
        "commitment_trueup_with_prorated_fee" => commitments::commitment_with_fee(case),
        "commitment_coefficient" => book::share(case).map(|share| json!({ "coefficient": share.to_string() })),
        "charge_minimum" => commitments::charge_minimum(case),
        "windowed_commitment" => commitments::windows(case),
        _ => return None,
    })
}
