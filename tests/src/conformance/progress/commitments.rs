//! Cases about minimums and commitments, of a plan, of a charge and of a window.
//!
//! Each case is a book whose plan owes what is missing; the engine says how much that is.

use engine::catalog::{Conversion, Factor};
use engine::rating::{PeriodPart, rate_part};
use engine::rounding::{RoundingMode, round};
use engine::{Usage, rate};
use serde_json::{Value, json};

use super::book::{Rounds, amount_of, assumed, book, book_of, charge, money, object, quantity, said, share};
use crate::conformance::{Answer, Case, list, optional, text};

/// What a plan with these fixed fees owes beside them, for a commitment.
pub(super) fn true_up(case: &Case, fees: &[String]) -> Answer {
    let charges: Vec<Value> = fees
        .iter()
        .enumerate()
        .map(|(index, fee)| Value::Object(charge(&format!("fee-{index}"), "flat", json!(fee))))
        .collect();
    let commitment = json!({ "amount": text(&case.params, "commitment_minor")? });
    let book = book(Rounds::UNITS, &[], object(json!({ "charges": charges, "commitment": commitment })))?;
    let part = PeriodPart { share: share(case)?, ..PeriodPart::whole() };
    let bill = rate_part(&book, "p", &Usage::default(), &part).map_err(said)?;
    Ok(json!({ "true_up_minor": amount_of(&bill, "commitment") }))
}

pub(super) fn commitment_trueup(case: &Case) -> Answer {
    let fees = list(&case.input, "fees_minor")?.iter().map(|fee| fee.as_str().unwrap_or("?").to_owned());
    // A plan has at least one charge, and one of nothing changes no sum.
    let fees: Vec<String> = fees.chain(["0".to_owned()]).collect();
    true_up(case, &fees)
}

pub(super) fn commitment_with_fee(case: &Case) -> Answer {
    let whole = money(text(&case.params, "plan_minor")?)?;
    let fee = share(case)?.of_amount(whole).and_then(|fee| round(fee, Rounds::UNITS.digits, RoundingMode::HalfUp));
    true_up(case, &[fee.map_err(said)?.to_string()])
}

pub(super) fn charge_minimum(case: &Case) -> Answer {
    let mut charge = charge("c", "flat", json!(text(&case.input, "used_minor")?));
    charge.insert("minimum".to_owned(), json!({ "amount": text(&case.params, "minimum_minor")?, "shown": "line" }));
    let book = book_of(Rounds::UNITS, "final", charge)?;
    let part = PeriodPart { share: share(case)?, ..PeriodPart::whole() };
    let bill = rate_part(&book, "p", &Usage::default(), &part).map_err(said)?;
    let missing = quantity(&amount_of(&bill, "c.minimum"))?;
    let by = Factor::Multiply(quantity(optional(&case.params, "conversion_rate").unwrap_or("1"))?);
    let conversion = Conversion { by, rounding: Some(RoundingMode::HalfUp), places: 0 };
    Ok(json!({ "true_up_minor": conversion.apply(missing).map_err(said)?.to_string() }))
}

/// Each window is a charge with its own commitment.
pub(super) fn windows(case: &Case) -> Answer {
    let (mut charges, mut ids, mut used) = (Vec::new(), Vec::new(), Vec::new());
    for (index, window) in list(&case.input, "windows")?.iter().enumerate() {
        let id = format!("w{index}");
        let mut charge = charge(&id, "per_unit", json!({ "price": text(window, "unit")? }));
        if let Some(commitment) = window_commitment(window)? {
            charge.insert("commitment".to_owned(), commitment);
        }
        charges.push(Value::Object(charge));
        used.push(assumed(&id, text(window, "quantity")?)?);
        ids.push(id);
    }
    let book = book(Rounds::NOT, &ids, object(json!({ "charges": charges })))?;
    let bill = rate(&book, "p", &Usage(used)).map_err(said)?;
    let totals: Vec<String> = bill.lines.iter().map(|line| line.amount.to_string()).collect();
    Ok(json!({ "total": bill.subtotal.to_string(), "window_totals": totals }))
}

/// `None` where nothing is promised, or nothing follows from it.
pub(super) fn window_commitment(window: &Value) -> Result<Option<Value>, String> {
    let key = match optional(window, "commitment_type").unwrap_or("amount") {
        word @ ("amount" | "quantity") => word,
        other => return Err(format!("unknown commitment_type {other}")),
    };
    let Some(promised) = optional(window, "commitment") else { return Ok(None) };
    let true_up = window.get("true_up").and_then(Value::as_bool).unwrap_or(false);
    let factor = optional(window, "overage_factor").unwrap_or("1");
    let neutral = !true_up && quantity(factor)? == quantity("1")?;
    if neutral || quantity(promised)?.is_zero() {
        return Ok(None);
    }
    Ok(Some(json!({ key: promised, "true_up": true_up, "overage_factor": factor })))
}
