//! Options that meet: places of rounding with limits, groups below zero, commitments with models they do not fit.

use serde_json::{Value, json};

use super::{Position, RateError, Share, rate, rate_readings};
use crate::catalog::{Book, BookDraft};
use crate::ids::MeterId;
use crate::usage::{Group, MeterUsage, Usage};

/// A book with one plan, changed by `terms`, with one charge on meter `m`, which keeps samples and groups by region.
fn book(rounding_at: &str, charge: &Value, terms: &Value) -> Result<Book, Vec<String>> {
    let names = json!({ "zh": "n", "en": "n" });
    let mut plan = json!({ "id": "p", "name": names, "charges": [charge] });
    let fields = plan.as_object_mut().unwrap();
    fields.extend(terms.as_object().unwrap().clone());
    let book = json!({
        "book": {
            "id": "b", "version": "1", "effective": "2026-01-01", "currency": "EUR", "zone": "UTC", "name": names,
            "rounding": { "at": rounding_at },
        },
        "meters": [{
            "id": "m", "name": names, "event": "e", "aggregate": "sum", "field": "f",
            "group_by": ["region"], "samples": true,
        }],
        "plans": [plan],
    });
    let checked = BookDraft::from_json(&book).check();
    checked.map_err(|problems| problems.iter().map(|problem| problem.kind.code().to_owned()).collect())
}

fn of_groups(groups: &[(&str, i64)]) -> Usage {
    let groups: Vec<Group> = groups
        .iter()
        .map(|(key, quantity)| Group { key: vec![(*key).to_owned()], events: 1, quantity: quantity_of(*quantity) })
        .collect();
    let quantity = groups.iter().try_fold(quantity_of(0), |sum, group| sum.checked_add(group.quantity)).unwrap();
    Usage(vec![MeterUsage { groups, ..MeterUsage::assumed(MeterId::new("m").unwrap(), quantity) }])
}

fn quantity_of(number: i64) -> crate::quantity::Quantity {
    crate::quantity::Quantity::new(number.into())
}

fn lines(book: &Book, usage: &Usage) -> Vec<String> {
    rate(book, "p", usage).unwrap().lines.iter().map(|line| line.amount.to_string()).collect()
}

#[test]
fn a_minimum_on_its_own_line_looks_at_rounded_sides_also_where_lines_stay_exact() {
    // 9.996 is shown as 10.00 on the bill, so that nothing is missing to 10; exactly, 0.004 are.
    let charge = |compare: &str| {
        json!({
            "meter": "m", "per_unit": { "price": "9.996" }, "minimum": { "amount": "10", "shown": "line" },
            "terms": { "compare": compare },
        })
    };
    let usage = of_groups(&[("eu", 1)]);
    let none = json!({});
    assert_eq!(lines(&book("invoice", &charge("rounded"), &none).unwrap(), &usage), ["9.996"]);
    assert_eq!(lines(&book("invoice", &charge("exact"), &none).unwrap(), &usage), ["9.996", "0.004"]);
}

#[test]
fn a_commitment_of_a_plan_looks_at_rounded_sides_also_where_lines_stay_exact() {
    let charge = json!({ "meter": "m", "per_unit": { "price": "9.996" } });
    let commitment = |compare: &str| json!({ "commitment": { "amount": "10", "compare": compare } });
    let usage = of_groups(&[("eu", 1)]);
    assert_eq!(lines(&book("invoice", &charge, &commitment("rounded")).unwrap(), &usage), ["9.996"]);
    assert_eq!(lines(&book("invoice", &charge, &commitment("exact")).unwrap(), &usage), ["9.996", "0.004"]);
}

#[test]
fn a_group_below_zero_is_refused_where_it_is_priced_by_itself() {
    // Together 7 units, but the one group would pay a step for units that were taken back.
    let usage = of_groups(&[("eu", 10), ("us", -3)]);
    let priced = |charge: Value| rate(&book("line", &charge, &json!({})).unwrap(), "p", &usage);
    let refused = |charge: Value| match priced(charge) {
        Err(RateError::NegativeQuantity { quantity, .. }) => quantity.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(json!({ "meter": "m", "each": "group", "stair_step": [{ "flat": "5" }] })), "-3");
    assert_eq!(
        refused(json!({ "meter": "m", "where": { "region": "us" }, "package": { "size": "2", "price": "1" } })),
        "-3"
    );
    assert!(priced(json!({ "meter": "m", "per_unit": { "price": "1" } })).is_ok());
    assert!(priced(json!({ "meter": "m", "where": { "region": "eu" }, "per_unit": { "price": "1" } })).is_ok());
}

#[test]
fn a_commitment_is_refused_where_nothing_would_come_of_it() {
    let names = json!({ "zh": "n", "en": "n" });
    let problems = |charge: Value| book("line", &charge, &json!({})).err().unwrap_or_default();
    let amount = json!({ "amount": "10" });
    let capacity = json!({ "id": "c", "name": names, "capacity": [{ "price": "5" }], "commitment": amount });
    assert!(problems(capacity).contains(&"not_for_model".to_owned()));
    let flat = json!({ "id": "c", "name": names, "flat": "5", "commitment": amount });
    assert_eq!(problems(flat), ["not_for_flat"]);
    // What 10 units cost is not told by the events of this period.
    let units = json!({ "quantity": "10" });
    let prorated = |commitment: &Value| json!({ "meter": "m", "prorated_graduated": [{ "price": "1" }], "commitment": commitment });
    assert_eq!(problems(prorated(&units)), ["not_for_model"]);
    assert_eq!(problems(prorated(&amount)), Vec::<String>::new());
    let fee = json!({ "meter": "m", "percentage": { "percent": "1", "per_event": "1" }, "commitment": units });
    assert_eq!(problems(fee), ["not_for_model"]);
    let share = json!({ "meter": "m", "percentage": { "percent": "1" }, "commitment": units });
    assert_eq!(problems(share), Vec::<String>::new());
}

#[test]
fn a_rate_that_rounds_to_nothing_in_no_currency_proves_no_trial() {
    let committed = json!({ "capacity": "10", "fee": "0", "overage": { "price": "0.4" }, "round_rate": "half_up" });
    let charge = json!({ "meter": "m", "committed": committed });
    assert_eq!(book("line", &charge, &json!({ "trial": true })).err().unwrap(), ["trial_can_bill"]);
}

#[test]
fn events_are_priced_one_by_one_only_where_they_add_up_to_the_quantity() {
    // The highest of 100 and 200 is 200, but one by one they would cost as much as 300.
    let names = json!({ "zh": "n", "en": "n" });
    let priced = |aggregate: &str| {
        let charge = json!({ "meter": "m", "percentage": { "percent": "1", "minimum": "0" } });
        let meter = json!({
            "id": "m", "name": names, "event": "e", "aggregate": aggregate, "field": "f", "samples": true,
        });
        let book = json!({
            "book": {
                "id": "b", "version": "1", "effective": "2026-01-01", "currency": "EUR", "zone": "UTC", "name": names,
            },
            "meters": [meter],
            "plans": [{ "id": "p", "name": names, "charges": [charge] }],
        });
        BookDraft::from_json(&book).check().map_err(|problems| problems[0].kind.code().to_owned()).err()
    };
    assert_eq!(priced("sum"), None);
    assert_eq!(priced("max").as_deref(), Some("needs_sum"));
}

/// The lines of the two parts of a period in which these units were counted, the second reading later than the first.
fn in_parts(charge: &Value, readings: [i64; 2]) -> [String; 2] {
    let book = book("line", charge, &json!({ "in_progress": "split" })).unwrap();
    let [first, second] = readings.map(|units| of_groups(&[("eu", units)]));
    let parts = [(first, Position::First), (second, Position::Last)];
    let bills = rate_readings(&book, "p", &parts, Share::whole()).unwrap();
    [0, 1].map(|index| bills[index].lines[0].amount.to_string())
}

#[test]
fn a_maximum_of_split_parts_is_of_what_is_paid_in_the_end() {
    // 150 at 1 are capped to 90 by the tier, which is below the maximum of 100.
    let capped = json!({ "meter": "m", "graduated": [{ "price": "1", "cap": "90" }], "maximum": "100" });
    let split = json!({ "in_progress": "split" });
    assert_eq!(lines(&book("line", &capped, &split).unwrap(), &of_groups(&[("eu", 150)])), ["90.00"]);
    // A correction from 150 to 130 leaves the maximum reached, one to 90 gives 10 back.
    let plain = json!({ "meter": "m", "per_unit": { "price": "1" }, "maximum": "100" });
    assert_eq!(in_parts(&plain, [150, 130]), ["100.00", "0.00"]);
    assert_eq!(in_parts(&plain, [150, 90]), ["100.00", "-10.00"]);
    assert_eq!(in_parts(&plain, [60, 130]), ["60.00", "40.00"]);
    assert_eq!(in_parts(&plain, [60, 50]), ["60.00", "-10.00"]);
    let less = json!({
        "meter": "m", "per_unit": { "price": "1" }, "discount_percent": "10", "maximum": "100",
    });
    // 150 less 10 % are 135, 120 less 10 % still 108, 100 less 10 % are 90.
    assert_eq!(in_parts(&less, [150, 120]), ["100.00", "0.00"]);
    assert_eq!(in_parts(&less, [150, 100]), ["100.00", "-10.00"]);
}
