//! Cases about prices by attributes: rules, filters, groups, and tiers by running total with a price for each zone.

use std::collections::BTreeSet;

use engine::catalog::{Book, BookDraft};
use engine::exact::Exact;
use engine::ids::MeterId;
use engine::quantity::Quantity;
use engine::rating::{Part, Rated, Step};
use engine::usage::{Group, MeterUsage, Sample};
use engine::{Usage, rate};
use serde_json::{Map, Value, json};

use super::{Answer, Case, list, optional, text};

/// The engine's answer; `None` if the model is not one of these.
pub(super) fn answer(case: &Case) -> Option<Answer> {
    match case.model.as_str() {
        "hashmap" => Some(hashmap(case)),
        "standard_filtered" => Some(filtered(case)),
        "standard_grouped" => Some(grouped(case)),
        "zone_tiers" => Some(zone_tiers(case)),
        _ => None,
    }
}

/// Rules about the attributes of one point.
fn hashmap(case: &Case) -> Answer {
    known_options(&case.params, &["cost_precision"])?;
    let rules = list(&case.params, "rules")?;
    let point = case.input.get("point").and_then(Value::as_object).ok_or("no point")?;
    let named = rules.iter().filter_map(|rule| optional(rule, "field"));
    let attributes: BTreeSet<&str> =
        named.chain(point.keys().map(String::as_str).filter(|key| *key != "quantity")).collect();
    let rules = rules.iter().map(rule).collect::<Result<Vec<Value>, String>>()?;
    let book = book(&attributes, json!({ "rules": rules }), false)?;
    let key = attributes.iter().map(|name| attribute(point.get(*name))).collect();
    let quantity = quantity(text(&Value::Object(point.clone()), "quantity")?)?;
    let usage = of_groups(vec![Group { key, events: 1, quantity }], quantity)?;
    Ok(json!({ "amount": amount(&rated(&book, usage)?)?.to_string() }))
}

fn rule(typed: &Value) -> Result<Value, String> {
    let mut rule = Map::new();
    let mut set = |key: &str, value: &str| rule.insert(key.to_owned(), Value::from(value));
    if let Some(group) = optional(typed, "group").filter(|group| *group != "none") {
        set("group", group);
    }
    let (field, cost) = (optional(typed, "field"), text(typed, "cost")?);
    if let Some(field) = field {
        set("attribute", field);
    }
    let kind = text(typed, "kind")?;
    match (kind, field) {
        ("mapping", Some(_)) => set("is", text(typed, "value")?),
        ("mapping", None) => None,
        ("threshold", _) => set("from", text(typed, "level")?),
        _ => return Err(format!("no kind of rule: {kind}")),
    };
    match (text(typed, "type")?, kind, field) {
        ("flat", "threshold", None) => set("fee", cost),
        ("flat", _, _) => set("price", cost),
        ("rate", _, _) => set("factor", cost),
        (other, _, _) => return Err(format!("no type of rule: {other}")),
    };
    Ok(Value::Object(rule))
}

/// A unit price, and others for some values of an attribute.
fn filtered(case: &Case) -> Answer {
    known_options(&case.params, &[])?;
    let filters = case.params.get("filters").and_then(Value::as_object).ok_or("no filters")?;
    let rows: Vec<Value> = filters.iter().map(|(value, price)| json!({ "group": value, "price": price })).collect();
    let default = match optional(&case.params, "default_unit") {
        Some(unit) => json!({ "price": unit }),
        None => json!("refuse"),
    };
    amounts_by_group(case, json!({ "matrix": { "by": ["group"], "rows": rows, "default": default } }))
}

/// One unit price for each group.
fn grouped(case: &Case) -> Answer {
    known_options(&case.params, &[])?;
    let rows = json!([{ "group": "*", "price": text(&case.params, "unit")? }]);
    amounts_by_group(case, json!({ "matrix": { "by": ["group"], "rows": rows } }))
}

fn amounts_by_group(case: &Case, model: Value) -> Answer {
    let groups = case.input.get("groups").and_then(Value::as_object).ok_or("no groups")?;
    let group = |(value, units): (&String, &Value)| {
        let quantity = quantity(units.as_str().unwrap_or_default())?;
        Ok(Group { key: vec![value.clone()], events: 1, quantity })
    };
    let groups = groups.iter().map(group).collect::<Result<Vec<Group>, String>>()?;
    let book = book(&BTreeSet::from(["group"]), model, false)?;
    // The charge prices its groups; the total of all is not looked at.
    let rated = rated(&book, of_groups(groups, Quantity::ZERO)?)?;
    let steps = rated.lines.iter().flat_map(|line| &line.steps);
    let parts = steps.filter_map(|step| match step {
        Step::Part { part: Part::Cell { cell, .. }, amount, .. } => {
            let value = cell.first().map(|pair| pair.value.clone())?;
            Some((value, Value::from(amount.to_string())))
        }
        _ => None,
    });
    let amounts: Map<String, Value> = parts.collect();
    Ok(json!({ "amounts": amounts, "amount": amount(&rated)?.to_string() }))
}

/// The running total decides the tier, the zone of each event the price in it. Units of before take their place in the
/// tiers, but are not billed again.
fn zone_tiers(case: &Case) -> Answer {
    known_options(&case.params, &[])?;
    let ranges = list(&case.params, "ranges")?;
    let fields = ranges.iter().filter_map(Value::as_object).flat_map(Map::keys);
    let zones: BTreeSet<&str> = fields.map(String::as_str).filter(|key| !["from", "to"].contains(key)).collect();
    let rows = zones.iter().map(|zone| zone_row(zone, ranges)).collect::<Result<Vec<Value>, String>>()?;
    let matrix = json!({ "by": ["zone"], "count": "running_total", "rows": rows });
    let book = book(&BTreeSet::from(["zone"]), json!({ "matrix": matrix }), true)?;
    let mut samples = Vec::new();
    if let Some(before) = optional(&case.input, "previous_units") {
        samples.push(Sample { key: Vec::new(), value: quantity(before)?, billed: Exact::ZERO });
    }
    for event in list(&case.input, "events")? {
        let key = vec![attribute(event.get("zone"))];
        samples.push(Sample { key, ..Sample::whole(quantity(text(event, "value")?)?) });
    }
    let usage = MeterUsage::of_samples(meter_id()?, samples).map_err(|error| error.to_string())?;
    let rated = rated(&book, usage)?;
    let units = rated.lines.first().map(|line| line.quantity.to_string());
    Ok(json!({ "units": units, "amount": amount(&rated)?.to_string() }))
}

fn zone_row(zone: &str, ranges: &[Value]) -> Result<Value, String> {
    let tier = |range: &Value| {
        let mut tier = Map::from_iter([("price".to_owned(), Value::from(text(range, zone)?))]);
        if let Some(to) = optional(range, "to") {
            tier.insert("up_to".to_owned(), Value::from(to));
        }
        if let Some(from) = optional(range, "from") {
            tier.insert("from".to_owned(), Value::from(from));
        }
        Ok(Value::Object(tier))
    };
    let tiers = ranges.iter().map(tier).collect::<Result<Vec<Value>, String>>()?;
    Ok(json!({ "zone": zone, "graduated": tiers }))
}

/// Options whose keys are not known are refused: they could change the figure.
fn known_options(params: &Value, known: &[&str]) -> Result<(), String> {
    let options = params.get("options").and_then(Value::as_object);
    match options.into_iter().flat_map(Map::keys).find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("no option {key}")),
        None => Ok(()),
    }
}

/// A book with one meter and one charge of this model.
fn book(attributes: &BTreeSet<&str>, model: Value, samples: bool) -> Result<Book, String> {
    let name = json!({ "zh": "用例", "en": "Case" });
    let mut charge = json!({ "meter": "units" });
    if let (Some(charge), Value::Object(model)) = (charge.as_object_mut(), model) {
        charge.extend(model);
    }
    let book = json!({
        "book": { "id": "case", "version": "1", "effective": "2026-01-01", "currency": "USD", "zone": "UTC", "name": name },
        "meters": [{ "id": "units", "name": name, "event": "usage", "aggregate": "sum", "field": "units",
            "group_by": attributes, "samples": samples }],
        "plans": [{ "id": "p", "name": name, "charges": [charge] }],
    });
    let texts = |problems: Vec<engine::catalog::Problem>| {
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    BookDraft::from_json(&book).check().map_err(texts)
}

fn meter_id() -> Result<MeterId, String> {
    MeterId::new("units").map_err(|error| error.to_string())
}

fn of_groups(groups: Vec<Group>, quantity: Quantity) -> Result<MeterUsage, String> {
    let mut usage = MeterUsage::assumed(meter_id()?, quantity);
    usage.groups = groups;
    Ok(usage)
}

fn rated(book: &Book, usage: MeterUsage) -> Result<Rated, String> {
    rate(book, "p", &Usage(vec![usage])).map_err(|error| error.to_string())
}

/// The line's amount before it is rounded.
fn amount(rated: &Rated) -> Result<Exact, String> {
    let last = rated.lines.first().and_then(|line| line.steps.last());
    match last {
        Some(Step::Round { exact, .. }) => Ok(*exact),
        _ => Err("the line is not rounded".to_owned()),
    }
}

fn attribute(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn quantity(text: &str) -> Result<Quantity, String> {
    Quantity::parse(text).map_err(|error| error.to_string())
}
