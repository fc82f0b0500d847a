//! Cases about what works on whole bills: discounts, taxes, credits, and the rounding of amounts.
//!
//! Bills are written as a book whose plan has a charge for each line, and an account; single rules as a call of theirs.

mod bill;
mod rules;

use serde_json::Value;

use super::{Answer, Case};

/// The engine's answer; `None` if the model is not one of these.
pub(super) fn answer(case: &Case) -> Option<Answer> {
    match case.model.as_str() {
        "currency_rounding" => Some(rules::currency_rounding(case)),
        "round_to_minor" => Some(rules::round_to_minor(case)),
        "sum_rounding" => Some(rules::sum_rounding(case)),
        "fixed_discount" => Some(rules::fixed_discount(case)),
        "percent_discount" => Some(rules::percent_discount(case)),
        "distribute_discount" => Some(rules::distribute_discount(case)),
        "percent_tax" => Some(rules::percent_tax(case)),
        "multiple_taxes_each_rounded" => Some(rules::taxes_each_rounded(case)),
        "percent_sum_tax" => Some(rules::percent_sum_tax(case)),
        "per_line_tax" => Some(rules::per_line_tax(case)),
        "credit_note_rounding" => Some(rules::credit_note(case)),
        "invoice_discounts_then_credits" => Some(bill::discounts_then_credits(case)),
        "discount_then_tax" => Some(bill::discount_then_tax(case)),
        "coupons_in_order" => Some(bill::coupons_in_order(case)),
        "coupons_percent_first" => Some(bill::coupons_percent_first(case)),
        "coupons_spread_and_tax" => Some(bill::coupons_spread_and_tax(case)),
        "invoice_multi_tax" => Some(bill::invoice_multi_tax(case)),
        "wallet_draw" => Some(bill::wallet_draw(case)),
        "line_credits" => Some(bill::line_credits(case)),
        "graduated_with_money_credit" => Some(bill::graduated_with_money_credit(case)),
        "money_credit" => Some(bill::money_credit(case)),
        _ => None,
    }
}

/// A field that is missing, null or an empty text is not there.
fn present<'v>(value: &'v Value, field: &str) -> Option<&'v Value> {
    value.get(field).filter(|value| !value.is_null() && value.as_str() != Some(""))
}

/// The texts of a list.
fn texts<'v>(value: &'v Value, field: &str) -> Result<Vec<&'v str>, String> {
    let text = |item: &'v Value| item.as_str().ok_or_else(|| format!("{item} in {field} is no text"));
    super::list(value, field)?.iter().map(text).collect()
}
