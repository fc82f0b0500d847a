//! Cases about tiers in blocks of which some were billed before.
//!
//! Each case is a book and a part of a period; the engine says what is due.

use engine::Usage;
use engine::rating::{PeriodPart, Position, rate_part};
use serde_json::{Map, Value, json};

use super::book::{Rounds, amount_of, assumed, billed, book, book_of, charge, object, option, said, usage};
use crate::conformance::{Answer, Case, list, optional, text};

/// Tiers in blocks, given by how many blocks each holds; the last one holds all that is left.
pub(super) fn block_charge(id: &str, tiers: &[Value], params: &Value) -> Result<Map<String, Value>, String> {
    let model = match optional(params, "mode").unwrap_or("ALL_TIERS") {
        "ALL_TIERS" => "graduated",
        "TOP_TIER" => "volume",
        other => return Err(format!("unknown mode {other}")),
    };
    for (name, known) in [("block_rounding", "up"), ("beyond_last_max", "priced at last tier")] {
        let word = option(params, name).map_or(known, |value| value.as_str().unwrap_or("?"));
        if word != known {
            return Err(format!("unknown {name} {word}"));
        }
    }
    let mut list = Vec::new();
    for (index, tier) in tiers.iter().enumerate() {
        let mut fields = object(json!({ "size": text(tier, "block_size")?, "price": text(tier, "price")? }));
        if index + 1 < tiers.len() {
            fields.insert("width".to_owned(), json!(text(tier, "max_blocks")?));
        }
        list.push(Value::Object(fields));
    }
    Ok(charge(id, model, Value::Array(list)))
}

pub(super) fn blocks(case: &Case, answer: &str) -> Answer {
    let params = &case.params;
    let rounds = match optional(params, "currency_decimals") {
        Some(digits) => Rounds { digits: digits.parse().map_err(said)?, at: "line" },
        None => Rounds::by(option(params, "rounding").and_then(Value::as_str))?,
    };
    let book = book_of(rounds, "deltas", block_charge("c", list(params, "tiers")?, params)?)?;
    let before = vec![billed("c", text(&case.input, "already_billed")?)?];
    let part = PeriodPart { position: Position::Last, billed: before, ..PeriodPart::whole() };
    let bill = rate_part(&book, "p", &usage(text(&case.input, "quantity")?)?, &part).map_err(said)?;
    Ok(json!({ answer: amount_of(&bill, "c") }))
}

pub(super) fn blocks_of_units(case: &Case) -> Answer {
    let field = |value: &'_ Value, name: &str| {
        value.get(name).and_then(Value::as_object).cloned().ok_or_else(|| format!("no table {name}"))
    };
    let (units, quantities) = (field(&case.params, "units")?, field(&case.input, "quantities")?);
    let already = field(&case.input, "already_billed")?;
    let (mut charges, mut ids, mut used, mut before) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (name, tiers) in &units {
        let id = name.to_lowercase();
        let tiers = tiers.as_array().ok_or("no list of tiers")?;
        charges.push(Value::Object(block_charge(&id, tiers, &case.params)?));
        if let Some(quantity) = quantities.get(name).and_then(Value::as_str) {
            used.push(assumed(&id, quantity)?);
        }
        if let Some(amount) = already.get(name).and_then(Value::as_str) {
            before.push(billed(&id, amount)?);
        }
        ids.push(id);
    }
    let rounds = Rounds::by(option(&case.params, "rounding").and_then(Value::as_str))?;
    let book = book(rounds, &ids, object(json!({ "in_progress": "deltas", "charges": charges })))?;
    let part = PeriodPart { position: Position::Last, billed: before, ..PeriodPart::whole() };
    let bill = rate_part(&book, "p", &Usage(used), &part).map_err(said)?;
    Ok(json!({ "amount": bill.subtotal.to_string() }))
}
