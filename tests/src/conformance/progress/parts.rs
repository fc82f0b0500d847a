//! Cases about periods that are billed in parts: what each part owes.
//!
//! Each case is a book and the parts; the engine says what is due.

use engine::money::Money;
use engine::rating::{PeriodPart, Position, Share, rate_part, rate_parts, rate_readings, split_charge};
use engine::{Usage, rate};
use serde_json::{Value, json};

use super::book::{
    Rounds, amounts, billed, book_of, charge, charge_of, option, position, said, tier_rules, tiers, usage, with_terms,
};
use crate::conformance::{Answer, Case, list, optional, text};

pub(super) fn delta_series(case: &Case) -> Answer {
    let params = &case.params;
    let mut charge = charge_of(text(params, "model")?, params)?;
    // Each price of the cumulative bill is rounded by itself.
    for model in ["graduated", "volume"] {
        if let Some(Value::Object(rules)) = charge.get_mut(model) {
            rules.insert("round_each".to_owned(), json!("half_up"));
        }
    }
    if charge.contains_key("flat") {
        charge.insert("due".to_owned(), json!("advance"));
    }
    let book = book_of(Rounds::CENTS, "deltas", charge)?;
    let last = optional(params, "final_phase");
    let mut readings = Vec::new();
    for (index, phase) in list(&case.input, "phases")?.iter().enumerate() {
        let is_last = last == Some((index + 1).to_string().as_str());
        let position = match (is_last, index) {
            (true, _) => Position::Last,
            (false, 0) => Position::First,
            (false, _) => Position::Mid,
        };
        readings.push((usage(phase.as_str().unwrap_or("?"))?, position));
    }
    let bills = rate_readings(&book, "p", &readings, Share::whole()).map_err(said)?;
    Ok(json!({ "deltas": amounts(&bills, "c") }))
}

pub(super) fn split(case: &Case) -> Answer {
    let model = case.model.trim_end_matches("_split");
    let rounding = if matches!(model, "graduated" | "volume") { "rounding" } else { "line_rounding" };
    let rounds = Rounds::by(option(&case.params, rounding).and_then(Value::as_str))?;
    let book = book_of(rounds, "split", charge_of(model, &case.params)?)?;
    let before = usage(optional(&case.input, "pre_quantity").unwrap_or("0"))?;
    let so_far = before.plus(&usage(text(&case.input, "quantity")?)?).map_err(said)?;
    let part = PeriodPart {
        position: position(text(&case.input, "position")?)?,
        share: Share::whole(),
        metered: before,
        billed: vec![billed("c", optional(&case.input, "previously_billed").unwrap_or("0"))?],
        account: engine::invoice::Account::default(),
    };
    let split = split_charge(&book, ("p", "c"), &so_far, &part).map_err(said)?.ok_or("no charge")?;
    let each = |field: fn(&engine::rating::SplitItem) -> Money| {
        split.items.iter().map(|item| field(item).to_string()).collect::<Vec<_>>()
    };
    Ok(json!({
        "total": split.amount.to_string(),
        "line_totals": each(|item| item.amount),
        "discounts": each(|item| item.above_maximum),
        "percent_discount": split.percent_off.to_string(),
        "max_discount": split.above_maximum.to_string(),
    }))
}

pub(super) fn flat_split(case: &Case) -> Answer {
    let due = match text(&case.params, "payment_term")? {
        "advance" | "in_advance" => "advance",
        "arrears" | "in_arrears" => "arrears",
        other => return Err(format!("unknown payment_term {other}")),
    };
    let mut charge = charge_of("flat", &case.params)?;
    charge.insert("due".to_owned(), json!(due));
    let book = book_of(Rounds::CENTS, "split", charge)?;
    let part = PeriodPart { position: position(text(&case.input, "position")?)?, ..PeriodPart::whole() };
    let bill = rate_part(&book, "p", &Usage::default(), &part).map_err(said)?;
    Ok(json!({ "total": bill.subtotal.to_string() }))
}

/// A fixed amount; for more than one of them each is a unit.
pub(super) fn flat(case: &Case) -> Answer {
    let quantity = optional(&case.input, "quantity").unwrap_or("1");
    let (charge, usage) = if quantity == "1" {
        (charge_of("flat", &case.params)?, Usage::default())
    } else {
        let price = json!({ "price": text(&case.params, "amount")? });
        (with_terms(charge("c", "per_unit", price), &case.params), usage(quantity)?)
    };
    let bill = rate(&book_of(Rounds::CENTS, "final", charge)?, "p", &usage).map_err(said)?;
    Ok(json!({ "amount": bill.subtotal.to_string() }))
}

/// A line of this amount, as the last part of a period.
pub(super) fn max_spend_discount(case: &Case) -> Answer {
    let price = json!(text(&case.input, "line_amount")?);
    let book = book_of(Rounds::CENTS, "split", with_terms(charge("c", "flat", price), &case.params))?;
    let before = vec![billed("c", text(&case.input, "previously_billed")?)?];
    let part = PeriodPart { position: Position::Last, billed: before, ..PeriodPart::whole() };
    let split = split_charge(&book, ("p", "c"), &Usage::default(), &part).map_err(said)?.ok_or("no charge")?;
    Ok(json!({ "discount": split.above_maximum.to_string() }))
}

pub(super) fn clamp(case: &Case) -> Answer {
    let book = book_of(Rounds::CENTS, "final", charge_of("graduated", &case.params)?)?;
    let bill = rate(&book, "p", &usage(text(&case.input, "quantity")?)?).map_err(said)?;
    Ok(json!({ "amount": bill.subtotal.to_string() }))
}

/// Each transaction owes what it adds to the cumulative amount. A percentage is a price for a hundred.
pub(super) fn increments(case: &Case) -> Answer {
    let params = &case.params;
    let mut rules = tier_rules(params, false, false)?;
    rules.insert("tiers".to_owned(), Value::Array(tiers(params, "rate_percent", "100")?));
    let rounds = Rounds::by(option(params, "rounding").and_then(Value::as_str))?;
    let book = book_of(rounds, "deltas", charge("c", "graduated", Value::Object(rules)))?;
    let mut parts = Vec::new();
    for (index, increment) in list(&case.input, "increments")?.iter().enumerate() {
        let position = if index == 0 { Position::First } else { Position::Mid };
        parts.push((usage(increment.as_str().unwrap_or("?"))?, position));
    }
    let bills = rate_parts(&book, "p", &parts, Share::whole()).map_err(said)?;
    Ok(json!({ "amounts": amounts(&bills, "c") }))
}
