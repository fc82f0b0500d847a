//! Single tiers of a list, and which one a quantity reaches.

use engine::catalog::{Model, Pricing};
use engine::rating::{Step, tier_number};
use serde_json::{Map, Value, json};

use super::bench::{Bench, Rounding, quantity_of, step};
use super::{Answer, charge};
use crate::conformance::{Case, optional, text};

/// The number of the tier that a quantity reaches.
pub(super) fn number(case: &Case) -> Answer {
    let (charge, _) = charge::of("volume", &case.params)?;
    let mut bench = Bench::new(Rounding::Line);
    bench.charge("c", charge);
    let book = bench.book()?;
    let charge = book.plans.first().and_then(|plan| plan.charges.first()).ok_or("no charge")?;
    let Pricing::Metered(metered) = &charge.pricing else { return Err("no metered charge".to_owned()) };
    let Model::Volume(tiers) = &metered.model else { return Err("no volume".to_owned()) };
    let number = tier_number(tiers, quantity_of(text(&case.input, "quantity")?)?);
    let number = number.map_err(|overflow| overflow.to_string())?.ok_or("no tier")?;
    Ok(json!({ "tier_index": number.to_string() }))
}

/// One tier alone, as the middle one of a list whose others cost nothing.
pub(super) fn single(case: &Case, model: &str) -> Answer {
    let params = &case.params;
    let numbering = match optional(params, "bounds") {
        None | Some("integer_plus_one") => "units",
        Some("adjacent") => "bounds",
        Some(other) => return Err(format!("bounds {other} are not known")),
    };
    let (from, price) = (text(params, "from")?, if model == "graduated" { "price" } else { "percent" });
    let rate = optional(params, "unit").or_else(|| optional(params, "rate_percent")).ok_or("no price")?;
    let mut tier = json!({ "from": from, price: rate });
    if let Some(flat) = optional(params, "flat") {
        tier["flat"] = json!(flat);
    }
    let free = || Map::from_iter([(price.to_owned(), json!("0"))]);
    let mut tiers = vec![Value::Object(free()), tier];
    if from == "0" || (from == "1" && numbering == "units") {
        tiers.remove(0);
    }
    if let (Some(to), Some(last)) = (optional(params, "to"), tiers.last_mut()) {
        last["up_to"] = json!(to);
        tiers.push(Value::Object(free()));
    }
    let mut bench = Bench::new(Rounding::None);
    bench.charge("c", Map::from_iter([(model.to_owned(), json!({ "numbering": numbering, "tiers": tiers }))]));
    bench.used("c", text(&case.input, "quantity")?)?;
    let rated = bench.rate()?;
    let line = rated.lines.first().ok_or("no line")?;
    let (units, amount) = step(line, priced).ok_or("the tier is not reached")?;
    Ok(json!({ "units": units, "per_unit_total": amount, "total": line.amount }))
}

/// Units and amount of a step that prices some, if they cost something.
fn priced(step: &Step) -> Option<(Value, Value)> {
    let (units, amount) = match step {
        Step::PerUnit { quantity, amount, .. } | Step::GraduatedTier { quantity, amount, .. } => {
            (json!(quantity), amount)
        }
        Step::Percent { base, amount, .. } => (json!(base), amount),
        _ => return None,
    };
    (amount.signum() != 0).then(|| (units, json!(amount)))
}
