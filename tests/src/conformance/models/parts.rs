//! Cases that ask for packages, blocks, conversions, capacities and bills of several charges.

use engine::catalog::Pricing;
use engine::money::Money;
use engine::quantity::parse_decimal;
use engine::rating::{Rated, Step, due_after};
use serde_json::{Map, Value, json};

use super::bench::{Bench, Rounding, quantity_of, step};
use super::{Answer, Charge, charge};
use crate::conformance::{Case, list, optional, text};

/// A quantity, converted.
pub(super) fn conversion(case: &Case) -> Answer {
    let mut bench = Bench::new(Rounding::Line);
    let convert = charge::conversion(&case.params)?;
    let charge = json!({ "convert": convert, "per_unit": { "price": "1" } });
    bench.charge("c", charge.as_object().cloned().unwrap_or_default());
    let book = bench.book()?;
    let charge = book.plans.first().and_then(|plan| plan.charges.first()).ok_or("no charge")?;
    let Pricing::Metered(metered) = &charge.pricing else { return Err("no metered charge".to_owned()) };
    let quantity = quantity_of(text(&case.input, "quantity")?)?;
    let converted = metered.convert.iter().try_fold(quantity, |units, conversion| conversion.apply(units));
    Ok(json!({ "quantity": converted.map_err(|overflow| overflow.to_string())? }))
}

/// How many packages a quantity takes.
pub(super) fn packages(case: &Case) -> Answer {
    let mut params = case.params.clone();
    params["price"] = json!("1");
    let (charge, rounding) = charge::of("package", &params)?;
    let mut bench = Bench::new(rounding);
    bench.charge("c", charge);
    bench.used("c", text(&case.input, "quantity")?)?;
    let rated = bench.rate()?;
    let line = rated.lines.first().ok_or("no line")?;
    let packages = step(line, |step| if let Step::Packages { packages, .. } = step { Some(*packages) } else { None });
    Ok(json!({ "packages": packages.ok_or("no packages")? }))
}

/// Tiers of blocks, less what was billed before.
pub(super) fn blocks(case: &Case) -> Answer {
    let (params, input) = (&case.params, &case.input);
    let mut bench = Bench::new(rounding(params)?);
    bench.charge("c", block_charge(text(params, "mode")?, list(params, "tiers")?)?);
    bench.used("c", text(input, "quantity")?)?;
    due(&bench.rate()?, optional(input, "already_billed").into_iter())
}

/// The same for several units, billed together.
pub(super) fn blocks_of_several(case: &Case) -> Answer {
    let (params, input) = (&case.params, &case.input);
    let mut bench = Bench::new(rounding(params)?);
    let units = params.get("units").and_then(Value::as_object).ok_or("no units")?;
    let quantities = input.get("quantities").and_then(Value::as_object).ok_or("no quantities")?;
    for (unit, tiers) in units {
        let id = unit.to_lowercase();
        let tiers = tiers.as_array().ok_or("no tiers")?;
        bench.charge(&id, block_charge(text(params, "mode")?, tiers)?);
        bench.used(&id, quantities.get(unit).and_then(Value::as_str).unwrap_or("0"))?;
    }
    let billed = input.get("already_billed").and_then(Value::as_object);
    due(&bench.rate()?, billed.into_iter().flatten().filter_map(|(_, amount)| amount.as_str()))
}

fn due<'t>(rated: &Rated, billed: impl Iterator<Item = &'t str>) -> Answer {
    let billed = billed.map(|text| parse_decimal(text).map(Money::new).map_err(|error| error.to_string()));
    let billed = billed.collect::<Result<Vec<Money>, String>>()?;
    let amount = due_after(rated.subtotal, &billed).map_err(|overflow| overflow.to_string())?;
    Ok(json!({ "amount": amount }))
}

/// The options that tiers of blocks may have; there is one word for each.
fn rounding(params: &Value) -> Result<Rounding, String> {
    for (key, value) in params.get("options").and_then(Value::as_object).into_iter().flatten() {
        match (key.as_str(), value.as_str()) {
            ("block_rounding", Some("up"))
            | ("beyond_last_max", Some("priced at last tier"))
            | ("rounding", Some("none_in_model")) => {}
            (key, _) if !value.is_null() => return Err(format!("the option {key} = {value} is not known")),
            (_, _) => {}
        }
    }
    Ok(Rounding::None)
}

fn block_charge(mode: &str, tiers: &[Value]) -> Result<Charge, String> {
    let key = match mode {
        "ALL_TIERS" => "graduated",
        "TOP_TIER" => "volume",
        other => return Err(format!("the mode {other} is not known")),
    };
    let mut written: Vec<Value> = tiers.iter().map(block_tier).collect::<Result<_, String>>()?;
    // What lies beyond the last tier is priced like it.
    if let Some(Value::Object(last)) = written.last_mut() {
        last.remove("width");
    }
    Ok(Map::from_iter([(key.to_owned(), Value::Array(written))]))
}

fn block_tier(tier: &Value) -> Result<Value, String> {
    let mut written = json!({ "size": text(tier, "block_size")?, "price": text(tier, "price")? });
    if let Some(width) = optional(tier, "max_blocks").filter(|width| *width != "-1") {
        written["width"] = json!(width);
    }
    Ok(written)
}

/// The fixed price of the tier that several meters choose.
pub(super) fn capacity(case: &Case) -> Answer {
    let quantities = case.input.get("quantities").and_then(Value::as_object).ok_or("no quantities")?;
    let mut bench = Bench::new(Rounding::Line);
    let mut meters: Vec<&String> = quantities.keys().collect();
    let mut tiers = Vec::new();
    for tier in list(&case.params, "tiers")? {
        let limits = tier.get("limits").and_then(Value::as_object).ok_or("no limits")?;
        meters.extend(limits.keys());
        let limits: Map<String, Value> = limits
            .iter()
            .filter(|(_, limit)| !limit.is_null())
            .map(|(id, limit)| (id.to_lowercase(), limit.clone()))
            .collect();
        tiers.push(json!({ "limits": limits, "price": text(tier, "price")? }));
    }
    meters.sort();
    meters.dedup();
    for meter in meters {
        bench.meter(&meter.to_lowercase());
    }
    for (meter, quantity) in quantities {
        bench.used(&meter.to_lowercase(), quantity.as_str().unwrap_or("0"))?;
    }
    let capacity = json!({ "tiers": tiers, "zero_usage": "first_tier" });
    bench.charge("c", Map::from_iter([("capacity".to_owned(), capacity)]));
    Ok(json!({ "amount": bench.rate()?.subtotal }))
}

/// Requests and the memory they held for a time: two charges on one meter, one of them converted.
pub(super) fn compute(case: &Case) -> Answer {
    let (params, input) = (&case.params, &case.input);
    let mut bench = Bench::new(Rounding::Line);
    bench.meter("requests");
    let compute = json!({
        "meter": "requests",
        // Milliseconds to seconds, megabytes to gigabytes.
        "convert": [
            { "multiply": text(input, "duration_ms")? }, { "divide": "1000" },
            { "multiply": text(input, "memory_mb")? }, { "divide": "1024" },
        ],
        "included": text(params, "free_gb_seconds")?,
        "per_unit": { "price": text(params, "gb_second_price")? },
    });
    let requests = json!({
        "meter": "requests",
        "included": text(params, "free_requests")?,
        "per_unit": { "price": text(params, "request_price_per_million")?, "per": "1000000" },
    });
    bench.charge("compute", compute.as_object().cloned().unwrap_or_default());
    bench.charge("calls", requests.as_object().cloned().unwrap_or_default());
    bench.used("requests", text(input, "requests")?)?;
    let rated = bench.rate()?;
    let [compute, requests] = rated.lines.as_slice() else { return Err("not two lines".to_owned()) };
    let held = step(compute, |step| if let Step::Converted { units, .. } = step { Some(*units) } else { None });
    Ok(json!({
        "gb_seconds": held, "compute": compute.amount, "requests": requests.amount, "amount": rated.subtotal,
    }))
}
