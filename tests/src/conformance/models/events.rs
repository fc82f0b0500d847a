//! Cases whose events are priced one by one, or by the window in which they happened.

use engine::exact::Exact;
use engine::period::{Zone, parse_date};
use engine::usage::{Event, Sample, Span, count_usage};
use serde_json::{Map, Value, json};

use super::bench::{Bench, Rounding, exact, quantity_of, unrounded};
use super::{Answer, charge};
use crate::conformance::{Case, list, optional, text};

/// Each window is a group of the meter, priced alone.
pub(super) fn buckets(case: &Case) -> Answer {
    let inner = case.params.get("inner").ok_or("no inner model")?;
    let (mut charge, rounding) = charge::of(text(inner, "model")?, inner)?;
    let mut bench = Bench::new(rounding);
    bench.grouped_meter("used", "window");
    charge.insert("meter".to_owned(), json!("used"));
    charge.insert("each".to_owned(), json!("group"));
    bench.charge("c", charge);
    let buckets = list(&case.input, "buckets")?.iter().enumerate();
    let data = buckets.map(|(index, quantity)| json!({ "used": quantity, "window": index.to_string() }));
    count(&mut bench, data)?;
    Ok(json!({ "amount": bench.rate()?.subtotal }))
}

/// Lets the book's meters count events with these data, in this order.
fn count(bench: &mut Bench, data: impl Iterator<Item = Value>) -> Result<(), String> {
    let span = span("2024-01-01", "2024-01-01")?;
    let events = data.enumerate().map(|(index, data)| event(index, "2024-01-01", &data));
    count_events(bench, span, &events.collect::<Result<Vec<Event>, String>>()?)
}

fn count_events(bench: &mut Bench, span: Span, events: &[Event]) -> Result<(), String> {
    let usage = count_usage(&bench.book()?, span, events).map_err(|error| error.to_string())?;
    bench.counted(usage);
    Ok(())
}

fn span(first: &str, last: &str) -> Result<Span, String> {
    let date = |text: &str| parse_date(text).ok_or_else(|| format!("{text} is no date"));
    let zone = Zone::from_name("UTC").map_err(|error| error.to_string())?;
    Span::of_days(zone, date(first)?, date(last)?).ok_or_else(|| format!("{first} to {last} is no period"))
}

fn event(index: usize, date: &str, data: &Value) -> Result<Event, String> {
    let event = json!({
        "source": "case", "id": format!("{index:09}"), "type": "used", "customer": "c",
        "time": format!("{date}T00:00:00Z"), "data": data,
    });
    serde_json::from_value(event).map_err(|error| error.to_string())
}

/// A percentage with rules for each event.
pub(super) fn percentage(case: &Case) -> Answer {
    let names = [
        ("rate_percent", "percent"),
        ("fixed_per_event", "per_event"),
        ("free_events", "free_events"),
        ("free_amount", "free_amount"),
        ("per_event_min", "minimum"),
        ("per_event_max", "maximum"),
    ];
    let mut percentage = Map::new();
    for (key, value) in case.params.as_object().into_iter().flatten() {
        let Some((_, name)) = names.iter().find(|(known, _)| known == key) else {
            return Err(format!("the parameter {key} is not known"));
        };
        let Some(value) = value.as_str() else { continue };
        // No free events or no free money is no allowance.
        if name.starts_with("free_") && exact(value)?.signum() == 0 {
            continue;
        }
        percentage.insert((*name).to_owned(), json!(value));
    }
    let mut bench = Bench::new(Rounding::None);
    bench.charge("c", Map::from_iter([("percentage".to_owned(), Value::Object(percentage))]));
    let values = list(&case.input, "events")?.iter().map(|value| {
        let value = value.as_str().or_else(|| optional(value, "value"));
        value.ok_or("an event without a value".to_owned()).and_then(quantity_of).map(Sample::whole)
    });
    bench.happened("c", values.collect::<Result<_, String>>()?)?;
    let rated = bench.rate()?;
    let line = rated.lines.first().ok_or("no line")?;
    let unit = line.effective_unit_price().map_err(|overflow| overflow.to_string())?;
    Ok(json!({ "amount": line.amount, "effective_unit_amount": unit }))
}

/// Money that events carry in minor units, and the units that were sold for it.
pub(super) fn dynamic(case: &Case) -> Answer {
    let rounding =
        if case.params.get("round_to_minor") == Some(&json!(true)) { Rounding::Line } else { Rounding::None };
    let mut bench = Bench::new(rounding);
    bench.currency(currency(&case.params)?);
    bench.meter("units");
    bench.meter("money");
    let charge = json!({ "meter": "money", "dynamic": { "carried_in": "minor", "units": "units" } });
    bench.charge("c", charge.as_object().cloned().unwrap_or_default());
    match case.input.get("events").and_then(Value::as_array) {
        Some(events) => {
            let events = events.iter().map(|event| json!({ "units": event["units"], "money": event["minor"] }));
            count(&mut bench, events)?;
        }
        None => {
            bench.used("units", text(&case.input, "quantity")?)?;
            bench.used("money", text(&case.input, "precise_total_minor")?)?;
        }
    }
    let currency = bench.book()?.currency;
    let rated = bench.rate()?;
    let line = rated.lines.first().ok_or("no line")?;
    let unit = line.effective_unit_price().map_err(|overflow| overflow.to_string())?;
    let minor = line.amount.in_minor_units(currency).map_err(|overflow| overflow.to_string())?;
    Ok(json!({ "amount": line.amount, "amount_minor": minor, "effective_unit_amount": unit }))
}

/// The currency of a case, or one with as many places.
fn currency(params: &Value) -> Result<&str, String> {
    match (optional(params, "currency"), optional(params, "minor_unit")) {
        (Some(code), _) => Ok(code),
        (None, Some("0")) => Ok("JPY"),
        (None, Some("2") | None) => Ok("USD"),
        (None, Some("3")) => Ok("BHD"),
        (None, Some("4")) => Ok("CLF"),
        (None, Some(other)) => Err(format!("no currency has {other} places")),
    }
}

/// Tiers by full units, priced by their shares.
pub(super) fn prorated(case: &Case) -> Answer {
    let samples = list(&case.input, "events")?.iter().map(|event| {
        let billed: Exact = exact(text(event, "prorated")?)?;
        Ok(Sample { key: Vec::new(), value: quantity_of(text(event, "full")?)?, billed })
    });
    let mut bench = Bench::new(Rounding::Line);
    bench.charge("c", prorated_charge(&case.params)?);
    bench.happened("c", samples.collect::<Result<_, String>>()?)?;
    let rated = bench.rate()?;
    let line = rated.lines.first().ok_or("no line")?;
    Ok(json!({ "amount": unrounded(line) }))
}

/// The same from dated events; one without a date happened long before the period.
pub(super) fn prorated_by_date(case: &Case, aggregate: &str) -> Answer {
    let params = &case.params;
    let mut meter = match aggregate {
        "prorated_sum" => json!({ "field": "value" }),
        _ => json!({ "field": "id", "operation": "op" }),
    };
    meter["aggregate"] = json!(aggregate);
    meter["reset"] = json!("never");
    // The total is not priced here, but must have digits that end.
    meter["share_round"] = json!({ "mode": "ceiling", "places": "5" });
    let mut bench = Bench::new(Rounding::Line);
    bench.meter_as("used", meter);
    let mut charge = prorated_charge(params)?;
    charge.insert("meter".to_owned(), json!("used"));
    bench.charge("c", charge);
    let period = params.get("period").ok_or("no period")?;
    let span = span(text(period, "from")?, text(period, "to")?)?;
    let events = list(&case.input, "events")?.iter().enumerate();
    let events = events.map(|(index, data)| event(index, optional(data, "date").unwrap_or("2000-01-01"), data));
    count_events(&mut bench, span, &events.collect::<Result<Vec<Event>, String>>()?)?;
    let rated = bench.rate()?;
    let at = list(&case.input, "events")?.iter().rev().find_map(|event| optional(event, "date"));
    Ok(json!({ "amount": rated.subtotal, "at": at }))
}

/// Prorated tiers as a charge of a book: a period without units owes the first fee.
fn prorated_charge(params: &Value) -> Result<super::Charge, String> {
    let mut rules = Map::from_iter([("zero_usage".to_owned(), json!("first_tier"))]);
    for (key, value) in params.get("options").and_then(Value::as_object).into_iter().flatten() {
        let word = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match (key.as_str(), word.as_str()) {
            ("flat_fee_prorated", "false")
            | ("flat_fee_by", "highest_tier_reached")
            | ("round", "cents_half_up")
            | ("proration", "days_remaining_inclusive/period_days" | "active_days_inclusive/period_days") => {}
            ("negative_total", "zero" | "credit") => {
                rules.insert("negative_total".to_owned(), json!(word));
            }
            (key, word) => return Err(format!("the option {key} = {word} is not known")),
        }
    }
    rules.insert("tiers".to_owned(), charge::tiers(list(params, "tiers")?)?);
    Ok(Map::from_iter([("prorated_graduated".to_owned(), Value::Object(rules))]))
}
