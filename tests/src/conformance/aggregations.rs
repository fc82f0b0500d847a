//! Cases about aggregations: how events become a quantity, and that quantity a price.
//!
//! Every case becomes a book with one meter, its events and a span; the engine counts.

use engine::catalog::{BookDraft, Percent, round_quantity};
use engine::exact::Exact;
use engine::ids::{CustomerId, MeterId};
use engine::period::{Instant, Zone, parse_date};
use engine::quantity::{Quantity, parse_decimal};
use engine::rounding::RoundingMode;
use engine::usage::aggregate::{IndexRule, PercentileRule, Water};
use engine::usage::{
    Carried, CarriedMeter, Dedupe, Event, KeyField, MeterUsage, Metering, Span, Usage, Whole, free_running_totals,
};
use engine::{Book, rate};
use serde_json::{Map, Value, json};

use super::{Answer, Case, list, optional, text};

/// The engine's answer; `None` if the model is not one of these.
pub(super) fn answer(case: &Case) -> Option<Answer> {
    let answer = match case.model.as_str() {
        "count" => count(case),
        "count_grouped" => count_grouped(case),
        "sum" => plain(case, "sum", ""),
        "min" => plain(case, "min", ""),
        "max" => plain(case, "max", ""),
        "mean" | "avg" | "average" => plain(case, "mean", ""),
        "latest" => latest(case),
        "latest_priced" => latest_priced(case),
        "unique_count" => unique_count(case),
        "unique_count_grouped_priced" => unique_count_grouped_priced(case),
        "prorated_unique_count" => prorated_unique_count(case),
        "prorated_unique_count_priced" => prorated_unique_count_priced(case),
        "prorated_sum" => prorated_sum(case),
        "prorated_high_water" => prorated_high_water(case),
        "prorated_high_water_series" => prorated_high_water_series(case),
        "high_water_increment" => high_water_increment(case),
        "days_in_period" => days_in_period(case),
        "rounding" => rounding(case),
        "running_total" => running_total(case),
        "weighted_sum" => weighted_sum(case),
        "windowed_sum" => windowed(case, "sum"),
        "windowed_max" => windowed(case, "max"),
        "percentile_discard" => percentile_discard(case),
        "percentile_index" => percentile_index(case),
        _ => return None,
    };
    Some(answer)
}

/// The meter of every case; `value` is the field of its numbers.
const METER: &str = "m";

/// A book with the meter and a charge for it. `price` is a line of a charge, or empty for 1 a unit.
fn book(zone: &str, meter: &str, charge: &str) -> Result<Book, String> {
    let charge = if charge.is_empty() { "per_unit = { price = \"1\" }" } else { charge };
    let text = format!(
        "[book]\nid = \"case\"\nversion = \"1\"\neffective = \"2000-01-01\"\ncurrency = \"USD\"\nzone = \"{zone}\"\n\
         name = {{ zh = \"例\", en = \"Case\" }}\n[meters.{METER}]\nname = {{ zh = \"量\", en = \"Meter\" }}\nevent = \"e\"\n{meter}\n\
         [plans.p]\nname = {{ zh = \"套餐\", en = \"Plan\" }}\n[[plans.p.charges]]\nmeter = \"{METER}\"\n{charge}\n"
    );
    BookDraft::from_toml(&text)
        .check()
        .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}

/// The keys of a meter that counts by `aggregate`, with the rounding and filter of the case.
fn meter(case: &Case, aggregate: &str, more: &str) -> Result<String, String> {
    let mut keys = format!("aggregate = \"{aggregate}\"\n{more}\n");
    if aggregate != "count" && !more.contains("field =") {
        keys.push_str("field = \"value\"\n");
    }
    if aggregate != "count" {
        keys.push_str("missing = \"ignore\"\n");
    }
    if let Some(rounding) = case.params.get("rounding").filter(|rounding| rounding.is_object()) {
        let (mode, places) = rounding_words(rounding)?;
        keys.push_str(&format!("round = {{ mode = \"{mode}\", places = \"{places}\" }}\n"));
    }
    if let Some(filter) = case.params.get("filter").and_then(Value::as_object) {
        let one = |(field, values): (&String, &Value)| format!("{} = {values}", json!(field));
        let filters: Vec<String> = filter.iter().map(one).collect();
        keys.push_str(&format!("where = {{ {} }}\n", filters.join(", ")));
    }
    match case.params.get("recurring") {
        None | Some(Value::Null | Value::Bool(false)) => {}
        Some(Value::Bool(true)) => keys.push_str("reset = \"never\"\n"),
        Some(other) => return Err(format!("unknown recurring {other}")),
    }
    Ok(keys)
}

fn rounding_words(rounding: &Value) -> Result<(&'static str, String), String> {
    let mode = match text(rounding, "function")? {
        "ceil" => "ceiling",
        "floor" => "floor",
        "round" => "half_up",
        other => return Err(format!("unknown rounding function {other}")),
    };
    let places = match rounding.get("precision") {
        None | Some(Value::Null) => "0".to_owned(),
        Some(Value::String(places)) => places.clone(),
        Some(other) => other.to_string(),
    };
    Ok((mode, places))
}

/// `ceil to 5 decimals` as the rounding of a share; nothing where the case does not cut.
fn share_round(case: &Case) -> Result<String, String> {
    let Some(output) = optional(&case.params, "output") else {
        return Ok(share_words("ceiling", "5"));
    };
    if output == "exact" {
        return Ok(String::new());
    }
    let words: Vec<&str> = output.split(' ').collect();
    match words.as_slice() {
        ["ceil", "to", places, "decimals"] => Ok(share_words("ceiling", places)),
        ["floor", "to", places, "decimals"] => Ok(share_words("floor", places)),
        ["round", "to", places, "decimals"] => Ok(share_words("half_up", places)),
        _ => Err(format!("unknown output {output}")),
    }
}

fn share_words(mode: &str, places: &str) -> String {
    format!("share_round = {{ mode = \"{mode}\", places = \"{places}\" }}")
}

/// An event of a case: its own fields are its data. Those that come at the same time keep the order of the list.
fn event(index: usize, fields: &Value) -> Result<Event, String> {
    let instant = |text: &str| text.parse::<Instant>().map_err(|error| format!("{text}: {error}"));
    let time = match (optional(fields, "timestamp").or(optional(fields, "time")), optional(fields, "date")) {
        (Some(time), _) => instant(time)?,
        (None, Some(date)) => instant(&format!("{date}T00:00:00Z"))?,
        (None, None) => instant("2024-01-15T00:00:00Z")?,
    };
    let data = fields.as_object().ok_or_else(|| format!("{fields} is no event"))?;
    Ok(Event {
        source: optional(fields, "source").unwrap_or("s").to_owned(),
        id: format!("{index:09}"),
        customer: CustomerId::new("c").map_err(|error| error.allowed.to_owned())?,
        kind: "e".to_owned(),
        time,
        data: data.clone().into_iter().collect(),
    })
}

fn events(value: &Value, field: &str) -> Result<Vec<Event>, String> {
    list(value, field)?.iter().enumerate().map(|(index, fields)| event(index, fields)).collect()
}

/// A span that holds all events without a time of their own.
fn any_span(zone: &str) -> Result<Span, String> {
    span_of_days(zone, "2000-01-01", "2099-12-31")
}

fn span_of_days(zone: &str, from: &str, to: &str) -> Result<Span, String> {
    let date = |text: &str| parse_date(text).ok_or_else(|| format!("{text} is no date"));
    let zone = Zone::from_name(zone).map_err(|error| error.to_string())?;
    Span::of_days(zone, date(from)?, date(to)?).ok_or_else(|| format!("{from} to {to} is no period"))
}

/// The period of a case: dates with both ends included, or instants.
fn span(case: &Case) -> Result<Span, String> {
    let period = case.params.get("period").ok_or("no period")?;
    let (from, to) = (text(period, "from")?, text(period, "to")?);
    let zone = optional(&case.params, "timezone").unwrap_or("UTC");
    let span = if from.contains('T') {
        let instant = |text: &str| text.parse::<Instant>().map_err(|error| format!("{text}: {error}"));
        let zone = Zone::from_name(zone).map_err(|error| error.to_string())?;
        let (start, end) = (instant(from)?, instant(to)?);
        if to.ends_with(":59Z") {
            Span::through(zone, start, end).ok_or("no such period")?
        } else {
            Span::new(zone, engine::period::Period { start, end })
        }
    } else {
        span_of_days(zone, from, to)?
    };
    match optional(period, "period_days") {
        None => Ok(span),
        Some(days) => {
            let days = days.parse().map_err(|_| format!("{days} is no number of days"))?;
            Ok(span.part_of(Whole::Days(days)))
        }
    }
}

fn count_events(book: &Book, span: Span, carried: Carried, events: &[Event]) -> Result<MeterUsage, String> {
    let mut metering = Metering::new(book, span);
    if !carried.0.is_empty() {
        metering = metering.carrying(carried).map_err(|error| error.to_string())?;
    }
    for event in events {
        metering.add(event).map_err(|error| error.to_string())?;
    }
    let usage = metering.usage().map_err(|error| error.to_string())?;
    usage.0.into_iter().next().ok_or_else(|| "the meter is gone".to_owned())
}

fn carried(quantity: &str) -> Result<Carried, String> {
    let quantity = quantity_of(quantity)?;
    let meter = MeterId::new(METER).map_err(|error| error.allowed.to_owned())?;
    Ok(Carried(vec![CarriedMeter::quantity(meter, quantity)]))
}

fn quantity_of(text: &str) -> Result<Quantity, String> {
    Quantity::parse(text).map_err(|error| error.to_string())
}

fn amount(book: &Book, usage: MeterUsage) -> Result<String, String> {
    let rated = rate(book, "p", &Usage(vec![usage])).map_err(|error| error.to_string())?;
    Ok(rated.total.to_string())
}

/// What every plain aggregate says.
fn said(usage: &MeterUsage) -> Value {
    let full = usage.full.unwrap_or(usage.quantity);
    json!({ "value": usage.quantity, "count": usage.events.map(|events| events.to_string()), "full_units": full })
}

fn count(case: &Case) -> Answer {
    let book = book("UTC", &meter(case, "count", "")?, "")?;
    let events = events(&case.input, "events")?;
    let Some(keys) = case.params.get("dedupe_by").and_then(Value::as_array) else {
        return Ok(said(&count_events(&book, any_span("UTC")?, Carried::default(), &events)?));
    };
    let key = |field: &Value| match field.as_str() {
        Some("source") => Ok(KeyField::Source),
        Some("timestamp" | "time") => Ok(KeyField::Time),
        // The id of a case's event is a field like others: its own identity is its place in the list.
        Some(field) => Ok(KeyField::Data(field.to_owned())),
        None => Err(format!("{field} is no field")),
    };
    let mut dedupe = Dedupe::by(keys.iter().map(key).collect::<Result<_, String>>()?);
    let events: Vec<Event> = events.into_iter().filter(|event| dedupe.is_new(event)).collect();
    Ok(said(&count_events(&book, any_span("UTC")?, Carried::default(), &events)?))
}

fn group_names(case: &Case) -> Result<Vec<String>, String> {
    match case.params.get("group_by") {
        Some(Value::String(name)) => Ok(vec![name.clone()]),
        Some(Value::Array(names)) => names
            .iter()
            .map(|name| name.as_str().map(str::to_owned).ok_or_else(|| format!("{name} is no name")))
            .collect(),
        None | Some(_) => Err("no group_by".to_owned()),
    }
}

fn count_grouped(case: &Case) -> Answer {
    let names = group_names(case)?;
    let book = book("UTC", &meter(case, "count", &format!("group_by = {}", json!(names)))?, "")?;
    let usage = count_events(&book, any_span("UTC")?, Carried::default(), &events(&case.input, "events")?)?;
    let name = |part: &String| if part.is_empty() { "null".to_owned() } else { part.clone() };
    let group = |group: &engine::usage::Group| {
        let key: Vec<String> = group.key.iter().map(name).collect();
        (key.join(","), json!(group.quantity))
    };
    Ok(json!({ "groups": usage.groups.iter().map(group).collect::<Map<_, _>>() }))
}

fn plain(case: &Case, aggregate: &str, more: &str) -> Answer {
    let book = book("UTC", &meter(case, aggregate, more)?, "")?;
    let mut counted = events(&case.input, "events")?;
    // What was carried came before the period as events of its own.
    if case.input.get("carried").is_some_and(Value::is_array) {
        for mut event in events(&case.input, "carried")? {
            event.time = "1999-12-31T00:00:00Z".parse().map_err(|_| "no time")?;
            counted.push(event);
        }
        return Ok(said(&count_events(&book, any_span("UTC")?, Carried::default(), &counted)?));
    }
    let before = optional(&case.input, "carried").map_or(Ok(Carried::default()), carried)?;
    Ok(said(&count_events(&book, any_span("UTC")?, before, &counted)?))
}

fn negative(case: &Case) -> Result<&'static str, String> {
    match optional(&case.params, "negative") {
        None => Ok(""),
        Some("zero") => Ok("negative = \"zero\""),
        Some("keep") => Ok("negative = \"keep\""),
        Some(other) => Err(format!("unknown negative {other}")),
    }
}

fn latest(case: &Case) -> Answer {
    plain(case, "latest", negative(case)?)
}

fn per_unit(case: &Case) -> Result<String, String> {
    Ok(format!("per_unit = {{ price = \"{}\" }}", text(&case.params, "unit")?))
}

fn latest_priced(case: &Case) -> Answer {
    let book = book("UTC", &meter(case, "latest", negative(case)?)?, &per_unit(case)?)?;
    let usage = count_events(&book, any_span("UTC")?, Carried::default(), &events(&case.input, "events")?)?;
    Ok(json!({ "value": usage.quantity, "amount": amount(&book, usage)? }))
}

const UNIQUE: &str = "field = \"id\"\noperation = \"op\"";

fn unique_count(case: &Case) -> Answer {
    let book = book("UTC", &meter(case, "unique_count", UNIQUE)?, "")?;
    let span = if case.params.get("period").is_some() { span(case)? } else { any_span("UTC")? };
    Ok(said(&count_events(&book, span, Carried::default(), &events(&case.input, "events")?)?))
}

fn unique_count_grouped_priced(case: &Case) -> Answer {
    let keys = format!("{UNIQUE}\ngroup_by = {}", json!(group_names(case)?));
    let charge = format!("each = \"group\"\n{}", per_unit(case)?);
    let book = book("UTC", &meter(case, "unique_count", &keys)?, &charge)?;
    let usage = count_events(&book, any_span("UTC")?, Carried::default(), &events(&case.input, "events")?)?;
    Ok(json!({ "amount": amount(&book, usage)? }))
}

fn prorated_unique_usage(case: &Case, charge: &str) -> Result<(Book, MeterUsage), String> {
    let keys = format!("{UNIQUE}\nreset = \"never\"\n{}", share_round(case)?);
    let book = book("UTC", &meter(case, "prorated_unique_count", &keys)?, charge)?;
    let usage = count_events(&book, span(case)?, Carried::default(), &events(&case.input, "events")?)?;
    Ok((book, usage))
}

fn prorated_unique_count(case: &Case) -> Answer {
    prorated_unique_usage(case, "").map(|(_, usage)| said(&usage))
}

fn prorated_unique_count_priced(case: &Case) -> Answer {
    let (book, usage) = prorated_unique_usage(case, &per_unit(case)?)?;
    Ok(json!({ "amount": amount(&book, usage)? }))
}

fn prorated_sum(case: &Case) -> Answer {
    let keys = format!("reset = \"never\"\n{}", share_round(case)?);
    let book = book("UTC", &meter(case, "prorated_sum", &keys)?, "")?;
    let before = optional(&case.input, "carried").map_or(Ok(Carried::default()), carried)?;
    Ok(said(&count_events(&book, span(case)?, before, &events(&case.input, "events")?)?))
}

/// The running total and its highest point before an event, and what the event changes.
fn water(case: &Case) -> Result<(Water, Quantity), String> {
    let number = |field: &str| quantity_of(optional(&case.input, field).unwrap_or("0"));
    Ok((Water { current: number("current")?, highest: number("max")? }, quantity_of(text(&case.input, "new")?)?))
}

fn high_water_increment(case: &Case) -> Answer {
    let (mut water, change) = water(case)?;
    let billable = water.change(change).map_err(|error| error.to_string())?;
    Ok(json!({ "billable": billable, "current": water.current, "max": water.highest }))
}

fn prorated_high_water(case: &Case) -> Answer {
    let (mut water, change) = water(case)?;
    let billable = water.change(change).map_err(|error| error.to_string())?;
    // The rise alone is prorated like any event of its day.
    let book = book("UTC", &meter(case, "prorated_sum", &share_round(case)?)?, "")?;
    let rise = event(0, &json!({ "date": text(&case.input, "date")?, "value": billable }))?;
    let usage = count_events(&book, span(case)?, Carried::default(), &[rise])?;
    Ok(json!({ "billable": billable, "value": usage.quantity, "current": water.current, "max": water.highest }))
}

fn prorated_high_water_series(case: &Case) -> Answer {
    let all = events(&case.input, "events")?;
    let priced = book("UTC", &meter(case, "prorated_high_water", &share_round(case)?)?, &per_unit(case)?)?;
    let summed = book("UTC", &meter(case, "sum", "")?, "")?;
    let (mut amounts, mut units) = (Vec::new(), Vec::new());
    for known in 0..all.len() {
        let so_far = all.get(..=known).unwrap_or_default();
        amounts.push(amount(&priced, count_events(&priced, span(case)?, Carried::default(), so_far)?)?);
        units.push(count_events(&summed, span(case)?, Carried::default(), so_far)?.quantity);
    }
    Ok(json!({ "amounts_to_date": amounts, "units": units }))
}

fn days_in_period(case: &Case) -> Answer {
    let span = span_of_days("UTC", text(&case.params, "from")?, text(&case.params, "to")?)?;
    let day = event(0, &json!({ "date": text(&case.input, "date")? }))?;
    let days = span.days_left(day.time).map_err(|error| error.to_string())?;
    let whole = span.whole_days().map_err(|error| error.to_string())?;
    Ok(json!({ "duration_days": days.to_string(), "period_days": whole.to_string(), "total_days": whole.to_string() }))
}

fn rounding(case: &Case) -> Answer {
    let (mode, places) = rounding_words(&case.params)?;
    let mode = match mode {
        "ceiling" => RoundingMode::Ceiling,
        "floor" => RoundingMode::Floor,
        _ => RoundingMode::HalfUp,
    };
    let places = places.parse().map_err(|_| format!("{places} is no number of places"))?;
    let value: Exact = text(&case.input, "value")?.parse().map_err(|error| format!("{error}"))?;
    Ok(json!({ "value": round_quantity(value, places, mode).map_err(|error| error.to_string())? }))
}

fn running_total(case: &Case) -> Answer {
    let values = list(&case.input, "events")?.iter().map(|event| quantity_of(text(event, "value")?));
    let values: Vec<Quantity> = values.collect::<Result<_, String>>()?;
    let free = |field: &str| optional(&case.params, field).unwrap_or("0");
    let events = free("free_events").parse().map_err(|_| "free_events is no number")?;
    let totals = free_running_totals(&values, events, quantity_of(free("free_amount"))?);
    Ok(json!({ "running_total": totals.map_err(|error| error.to_string())? }))
}

fn weighted_sum(case: &Case) -> Answer {
    let mut keys = "reset = \"never\"".to_owned();
    if let Some(places) = optional(&case.params, "output_scale") {
        keys.push_str(&format!("\nround = {{ mode = \"half_up\", places = \"{places}\" }}"));
    }
    let book = book("UTC", &meter(case, "time_weighted", &keys)?, "")?;
    let before = carried(optional(&case.params, "initial").unwrap_or("0"))?;
    Ok(said(&count_events(&book, span(case)?, before, &events(&case.input, "events")?)?))
}

fn windowed(case: &Case, aggregate: &str) -> Answer {
    let window = match text(&case.params, "window")? {
        "second" => "PT1S",
        "minute" => "PT1M",
        "hour" => "PT1H",
        "day" => "P1D",
        "week" => "P1W",
        "month" => "P1M",
        other => return Err(format!("unknown window {other}")),
    };
    let zone = optional(&case.params, "timezone").unwrap_or("UTC");
    let keys = format!("group_by = [{{ name = \"window\", window = \"{window}\" }}]");
    let book = book(zone, &meter(case, aggregate, &keys)?, "")?;
    let usage = count_events(&book, any_span(zone)?, Carried::default(), &events(&case.input, "events")?)?;
    let window = |group: &engine::usage::Group| json!({ "start": group.key.first(), "value": group.quantity });
    Ok(json!({ "windows": usage.groups.iter().map(window).collect::<Vec<_>>() }))
}

fn percentile_rule(case: &Case) -> Result<(PercentileRule, &'static str), String> {
    let percent = parse_decimal(text(&case.params, "percent")?).map_err(|error| error.to_string())?;
    let (index, word) = match optional(&case.params, "index") {
        None | Some("ceil" | "ceiling") => (IndexRule::Ceiling, "ceiling"),
        Some("floor") => (IndexRule::Floor, "floor"),
        Some(other) => return Err(format!("unknown index {other}")),
    };
    Ok((PercentileRule { percent: Percent::new(percent), index }, word))
}

fn percentile_discard(case: &Case) -> Answer {
    let (rule, word) = percentile_rule(case)?;
    let keys = format!("percent = \"{}\"\nindex = \"{word}\"", rule.percent);
    let book = book("UTC", &meter(case, "percentile", &keys)?, "")?;
    let samples = list(&case.input, "samples")?.iter().enumerate();
    let events =
        samples.map(|(index, value)| event(index, &json!({ "value": value }))).collect::<Result<Vec<_>, _>>()?;
    let usage = count_events(&book, any_span("UTC")?, Carried::default(), &events)?;
    let discarded = rule.discarded(usage.events.unwrap_or(0)).map_err(|error| error.to_string())?;
    Ok(json!({ "value": usage.quantity, "discarded": discarded.to_string() }))
}

fn percentile_index(case: &Case) -> Answer {
    let (rule, _) = percentile_rule(case)?;
    let count = text(&case.input, "sample_count")?.parse().map_err(|_| "sample_count is no number")?;
    let of = |result: Result<u64, engine::exact::Overflow>| result.map_err(|error| error.to_string());
    Ok(json!({ "index": of(rule.index(count))?.to_string(), "discarded": of(rule.discarded(count))?.to_string() }))
}
