//! The canonical form of a book: RFC 8785 JSON, so that two texts that say the same have the same digest.
//!
//! A book holds texts and truth values only, no JSON numbers; its keys are ASCII, so byte order is the order RFC 8785
//! asks for.

use serde_json::{Map, Value, json};

use super::book::{Book, MODES, PLACES};
use super::plan::{Charge, Plan, Pricing};
use super::price::{Model, Tier, Tiers, UnitPrice};
use crate::proof::{canonical_json, sha256};
use crate::quantity::Quantity;
use crate::text::Names;
use crate::usage::Meter;
use crate::usage::aggregate::Aggregate;

pub(super) fn to_string(book: &Book) -> String {
    canonical_json(&to_value(book))
}

pub(super) fn digest(canonical: &str) -> String {
    sha256(canonical.as_bytes())
}

pub(super) fn to_value(book: &Book) -> Value {
    let mut head = object([
        ("id", text(&book.id)),
        ("version", text(&book.version)),
        ("effective", text(book.effective)),
        ("currency", text(book.currency.code())),
        ("zone", text(book.zone.name())),
        ("rounding", json!({ "at": word(&PLACES, book.rounding.at), "mode": word(&MODES, book.rounding.mode) })),
        ("name", names(&book.name)),
    ]);
    insert(&mut head, "description", book.description.as_ref().map(names));
    insert(&mut head, "default_plan", book.default_plan.as_ref().map(text));
    let mut root = object([
        ("book", Value::Object(head)),
        ("meters", book.meters.iter().map(meter).collect()),
        ("plans", book.plans.iter().map(plan).collect()),
    ]);
    let tax = book.tax.as_ref().map(|tax| json!({ "name": names(&tax.name), "percent": tax.percent.to_string() }));
    insert(&mut root, "tax", tax);
    Value::Object(root)
}

fn meter(meter: &Meter) -> Value {
    let mut fields = object([("id", text(&meter.id)), ("name", names(&meter.name)), ("event", text(&meter.event))]);
    insert(&mut fields, "description", meter.description.as_ref().map(names));
    insert(&mut fields, "unit", meter.unit.as_ref().map(names));
    match &meter.aggregate {
        Aggregate::Count => insert(&mut fields, "aggregate", Some(text("count"))),
        Aggregate::Sum { field } => {
            insert(&mut fields, "aggregate", Some(text("sum")));
            insert(&mut fields, "field", Some(text(field)));
        }
    }
    let group_by = (!meter.group_by.is_empty()).then(|| meter.group_by.iter().map(text).collect());
    insert(&mut fields, "group_by", group_by);
    Value::Object(fields)
}

fn plan(plan: &Plan) -> Value {
    let mut fields = object([
        ("id", text(&plan.id)),
        ("name", names(&plan.name)),
        ("public", Value::Bool(plan.public)),
        ("charges", plan.charges.iter().map(charge).collect()),
    ]);
    insert(&mut fields, "description", plan.description.as_ref().map(names));
    Value::Object(fields)
}

fn charge(charge: &Charge) -> Value {
    let mut fields = object([("id", text(&charge.id)), ("name", names(&charge.name))]);
    match &charge.pricing {
        Pricing::Flat(flat) => insert(&mut fields, "flat", Some(text(flat.amount))),
        Pricing::Metered { meter, included, model } => {
            insert(&mut fields, "meter", Some(text(meter)));
            insert(&mut fields, "included", (*included != Quantity::ZERO).then(|| text(included)));
            let (key, value) = match model {
                Model::PerUnit(price) => ("per_unit", Value::Object(unit_price(price))),
                Model::Graduated(list) => ("graduated", tiers(list)),
                Model::Volume(list) => ("volume", tiers(list)),
                Model::Package(package) => {
                    ("package", json!({ "size": package.size.to_string(), "price": package.price.to_string() }))
                }
            };
            insert(&mut fields, key, Some(value));
        }
    }
    Value::Object(fields)
}

fn tiers(tiers: &Tiers) -> Value {
    let tier = |tier: &Tier| {
        let mut fields = unit_price(&tier.price);
        insert(&mut fields, "up_to", tier.up_to.map(text));
        Value::Object(fields)
    };
    tiers.as_slice().iter().map(tier).collect()
}

fn unit_price(price: &UnitPrice) -> Map<String, Value> {
    object([("price", text(price.price)), ("per", text(price.per))])
}

fn names(names: &Names) -> Value {
    json!({ "zh": names.zh, "en": names.en })
}

fn text(value: impl ToString) -> Value {
    Value::String(value.to_string())
}

fn word<T: PartialEq>(words: &[(&str, T)], meaning: T) -> String {
    words.iter().find(|(_, candidate)| *candidate == meaning).map_or_else(String::new, |(word, _)| (*word).to_owned())
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn insert(fields: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        fields.insert(key.to_owned(), value);
    }
}
