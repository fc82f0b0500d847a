//! Cases about charge models: each becomes a charge of a book, and its input usage.

mod bench;
mod charge;
mod events;
mod parts;
mod tiers;

use engine::rating::Step;
use serde_json::{Map, Value, json};

use super::{Answer, Case, optional, text};
use bench::{Bench, Rounding, step};

/// The engine's answer; `None` if the model is not one of these.
pub(super) fn answer(case: &Case) -> Option<Answer> {
    let answer = match case.model.as_str() {
        "standard" | "graduated" | "volume" | "package" | "graduated_percentage" => priced(case),
        "graduated_first_unit" => renamed(case, "graduated"),
        "volume_first_unit" => renamed(case, "volume"),
        "flat" if case.params.get("discount_percent").is_none() => priced(case),
        "unit_with_conversion" => converted(case, "standard"),
        "graduated_with_conversion" => converted(case, "graduated"),
        "unit_conversion" => parts::conversion(case),
        "package_count" => parts::packages(case),
        "find_tier" => tiers::number(case),
        "graduated_single_tier" => tiers::single(case, "graduated"),
        "graduated_percentage_single_tier" => tiers::single(case, "graduated_percentage"),
        "block_tiers" => parts::blocks(case),
        "block_tiers_multi" => parts::blocks_of_several(case),
        "capacity" => parts::capacity(case),
        "bucketed" => events::buckets(case),
        "percentage" => events::percentage(case),
        "dynamic_sum" => events::dynamic(case),
        "prorated_graduated" => events::prorated(case),
        "prorated_graduated_dated" => events::prorated_by_date(case, "prorated_sum"),
        "prorated_graduated_unique" => events::prorated_by_date(case, "prorated_unique_count"),
        "lambda_compute" => parts::compute(case),
        _ => return None,
    };
    Some(answer)
}

/// One charge, one quantity.
fn priced(case: &Case) -> Answer {
    renamed(case, &case.model)
}

/// The same under the name of another model.
fn renamed(case: &Case, model: &str) -> Answer {
    let (charge, rounding) = charge::of(model, &case.params)?;
    let mut bench = Bench::new(rounding);
    bench.tax(case.params.get("tax_percent"))?;
    bench.charge("c", charge);
    bench.used("c", text(&case.input, "quantity")?)?;
    let rated = bench.rate()?;
    let line = rated.lines.first().ok_or("no line")?;
    let unit = line.effective_unit_price().map_err(|overflow| overflow.to_string())?;
    Ok(json!({ "amount": line.amount, "amount_with_tax": rated.total, "effective_unit_amount": unit }))
}

/// One charge whose quantity is converted, less a discount in converted units.
fn converted(case: &Case, model: &str) -> Answer {
    let mut params = case.params.as_object().cloned().unwrap_or_default();
    let conversion = params.remove("conversion").ok_or("no conversion")?;
    let discount = params.remove("usage_discount").filter(|discount| !discount.is_null());
    let (mut charge, rounding) = charge::of(model, &Value::Object(params))?;
    charge.insert("convert".to_owned(), charge::conversion(&conversion)?);
    charge.extend(discount.map(|units| ("included".to_owned(), units)));
    // An earlier part of the period draws on the discount first.
    if let Some(before) = optional(&case.input, "pre_quantity") {
        let rated = one(charge.clone(), rounding, before)?.rate()?;
        let line = rated.lines.first().ok_or("no line")?;
        let left = line.allowance_left().map_err(|overflow| overflow.to_string())?;
        charge.extend(left.map(|units| ("included".to_owned(), json!(units))));
    }
    let bench = one(charge, rounding, text(&case.input, "quantity")?)?;
    let rated = bench.rate()?;
    let line = rated.lines.first().ok_or("no line")?;
    let billed = step(line, |step| if let Step::Allowance { billable, .. } = step { Some(*billable) } else { None });
    let units = step(line, |step| if let Step::Converted { units, .. } = step { Some(*units) } else { None });
    Ok(json!({ "billed_quantity": billed.or(units).ok_or("no conversion")?, "amount": line.amount }))
}

/// One charge and what its meter counted.
fn one(charge: Charge, rounding: Rounding, quantity: &str) -> Result<Bench, String> {
    let mut bench = Bench::new(rounding);
    bench.charge("c", charge);
    bench.used("c", quantity)?;
    Ok(bench)
}

/// A charge as a book has it, without id and meter.
type Charge = Map<String, Value>;
