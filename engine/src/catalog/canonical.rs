//! The canonical form of a book: RFC 8785 JSON, so that two texts that say the same have the same digest.
//!
//! A book holds texts and truth values only, no JSON numbers; its keys are ASCII, so byte order is the order RFC 8785
//! asks for.

use serde_json::{Value, json};

use super::allowance::write_pools;
use super::book::{Book, MODES, PLACES};
use super::calendar::write_calendar;
use super::charge::write_charge;
use super::commitment::write_plan_terms;
use super::cycle::write_cycle;
use super::meter::write_meter;
use super::plan::Plan;
use super::proration::write_proration;
use super::terms::{
    write_credit, write_credit_rules, write_discount, write_discount_rules, write_tax_rules, write_taxes,
};
use super::write::{insert, names, object, text, word};
use crate::proof::{canonical_json, sha256};
#[cfg(feature = "zones")]
use crate::usage::{Calendar, Meter};

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
        ("meters", book.meters.iter().map(write_meter).collect()),
        ("plans", book.plans.iter().map(plan).collect()),
    ]);
    write_taxes(&mut root, &book.terms.taxes);
    insert(&mut root, "tax_rules", write_tax_rules(book.terms.tax_rules));
    insert(&mut root, "discount_rules", write_discount_rules(book.terms.discount_rules));
    insert(&mut root, "credit_rules", write_credit_rules(book.terms.credit_rules));
    let calendars = (!book.calendars.is_empty()).then(|| book.calendars.iter().map(write_calendar).collect());
    insert(&mut root, "calendars", calendars);
    Value::Object(root)
}

/// All that decides what meters count: not what they are called, nor how their quantities are rounded in the end.
#[cfg(feature = "zones")]
pub(crate) fn counting_rules(meters: &[Meter], calendars: &[Calendar]) -> Value {
    let rules = |meter: &Meter| {
        let mut rules = write_meter(meter);
        if let Value::Object(fields) = &mut rules {
            fields.retain(|key, _| !["name", "description", "unit", "round"].contains(&key.as_str()));
        }
        rules
    };
    let meters: Vec<Value> = meters.iter().map(rules).collect();
    let calendars: Vec<Value> = calendars.iter().map(write_calendar).collect();
    json!({ "meters": meters, "calendars": calendars })
}

fn plan(plan: &Plan) -> Value {
    let mut fields = object([
        ("id", text(&plan.id)),
        ("name", names(&plan.name)),
        ("public", Value::Bool(plan.public)),
        ("charges", plan.charges.iter().map(write_charge).collect()),
    ]);
    insert(&mut fields, "trial", plan.trial.then_some(Value::Bool(true)));
    insert(&mut fields, "description", plan.description.as_ref().map(names));
    insert(&mut fields, "cycle", write_cycle(&plan.cycle));
    insert(&mut fields, "pools", write_pools(&plan.pools));
    insert(&mut fields, "proration", write_proration(&plan.proration, &plan.cycle));
    write_plan_terms(&plan.terms, &mut fields);
    let discounts = plan.discounts.iter().map(write_discount).collect();
    insert(&mut fields, "discounts", (!plan.discounts.is_empty()).then_some(discounts));
    let credits = plan.credits.iter().map(write_credit).collect();
    insert(&mut fields, "credits", (!plan.credits.is_empty()).then_some(credits));
    Value::Object(fields)
}
