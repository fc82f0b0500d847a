//! The law of all aggregates: any order and any split of the events gives the same quantity.

use super::{Aggregate, AggregateState, Reading, Takes};
use crate::catalog::{Book, BookDraft};
use crate::ids::CustomerId;
use crate::period::{Month, Zone};
use crate::quantity::Quantity;
use crate::usage::{Event, Span};

/// One meter of each kind; every option appears.
const METERS: [&str; 20] = [
    r#"aggregate = "count""#,
    r#"aggregate = "sum""#,
    r#"aggregate = "min""#,
    r#"aggregate = "max""#,
    r#"aggregate = "mean""#,
    r#"aggregate = "latest""#,
    "aggregate = \"latest\"\nnegative = \"zero\"",
    r#"aggregate = "unique_count""#,
    "aggregate = \"unique_count\"\noperation = \"op\"",
    r#"aggregate = "time_weighted""#,
    "aggregate = \"time_weighted\"\nvalues = \"level\"\nper = \"hour\"",
    "aggregate = \"percentile\"\npercent = \"95\"",
    "aggregate = \"percentile\"\npercent = \"50\"\nindex = \"floor\"",
    "aggregate = \"windowed\"\nwindow = \"PT1H\"\ninner = \"sum\"\nouter = \"mean\"",
    "aggregate = \"windowed\"\nwindow = \"P1D\"\ninner = \"max\"\nouter = \"sum\"\nempty = \"left_out\"",
    "aggregate = \"windowed\"\nwindow = \"PT5M\"\ninner = \"sum\"\nouter = \"percentile\"\npercent = \"95\"",
    r#"aggregate = "prorated_sum""#,
    "aggregate = \"prorated_unique_count\"\noperation = \"op\"\nshare_round = { mode = \"ceiling\", places = \"5\" }",
    r#"aggregate = "high_water""#,
    r#"aggregate = "prorated_high_water""#,
];

fn book() -> Book {
    let meter = |(index, keys): (usize, &&str)| {
        let field = if keys.contains("\"count\"") { "" } else { "field = \"value\"\n" };
        format!("[meters.m{index}]\nname = {{ zh = \"量\", en = \"M\" }}\nevent = \"e\"\n{keys}\n{field}")
    };
    let meters: String = METERS.iter().enumerate().map(meter).collect();
    let text = format!(
        "[book]\nid = \"b\"\nversion = \"1\"\neffective = \"2026-01-01\"\ncurrency = \"CNY\"\nzone = \"Europe/Berlin\"\n\
         name = {{ zh = \"书\", en = \"B\" }}\n{meters}\n[plans.p]\nname = {{ zh = \"套\", en = \"P\" }}\n\
         [[plans.p.charges]]\nid = \"f\"\nname = {{ zh = \"费\", en = \"F\" }}\nflat = \"1\"\n"
    );
    BookDraft::from_toml(&text).check().unwrap()
}

/// Cycles of different lengths, so that the events differ.
const DAYS: [u32; 13] = [1, 8, 15, 22, 29, 5, 12, 19, 26, 29, 2, 29, 31];
const HOURS: [u32; 5] = [0, 1, 2, 1, 21];
const VALUES: [i64; 11] = [4, -3, 7, 0, 1, 1, -2, 5, 3, 6, 2];

/// Events of a month with a day of 23 hours; several come at the same instant.
fn events() -> Vec<Event> {
    let one = |index: usize| {
        let day = DAYS.into_iter().cycle().nth(index).unwrap();
        let value = VALUES.into_iter().cycle().nth(index).unwrap();
        let hour = HOURS.into_iter().cycle().nth(index).unwrap();
        let op = ["remove", "add", "add"].into_iter().cycle().nth(index).unwrap();
        let data = serde_json::json!({ "value": value, "op": op });
        Event {
            source: "s".to_owned(),
            id: index.to_string(),
            customer: CustomerId::new("c").unwrap(),
            kind: "e".to_owned(),
            time: format!("2026-03-{day:02}T{hour:02}:30:00Z").parse().unwrap(),
            data: serde_json::from_value(data).unwrap(),
        }
    };
    (0..60).map(one).collect()
}

fn state(aggregate: &Aggregate, events: &[&Event], span: &Span) -> AggregateState {
    let mut state = AggregateState::new(aggregate);
    for event in events {
        let value = if *aggregate == Aggregate::Count { Quantity::from(1) } else { event.quantity("value").unwrap() };
        let text = event.attribute("value");
        let adds = !matches!(aggregate.takes(), Takes::Item(_, Some(_))) || event.adds("op").unwrap();
        let item = Some((text.as_str(), adds));
        state.add(&Reading { event: *event, value, item }, span).unwrap();
    }
    state
}

#[test]
fn any_order_and_any_split_of_the_events_counts_the_same() {
    let zone = Zone::from_name("Europe/Berlin").unwrap();
    let span = Span::new(zone, Month::parse("2026-03").unwrap().period(zone).unwrap());
    let (book, events) = (book(), events());
    let forward: Vec<&Event> = events.iter().collect();
    let backward: Vec<&Event> = events.iter().rev().collect();
    for meter in &book.meters {
        let aggregate = &meter.aggregate;
        let whole = state(aggregate, &forward, &span);
        let quantity = whole.exact(&span).unwrap();
        assert_eq!(state(aggregate, &backward, &span).exact(&span), Ok(quantity), "{aggregate:?} backward");
        for at in [0, 1, 17, 59, 60] {
            let (left, right) = backward.split_at(at);
            let mut merged = state(aggregate, right, &span);
            merged.merge(&state(aggregate, left, &span)).unwrap();
            assert_eq!(merged.exact(&span), Ok(quantity), "{aggregate:?} split at {at}");
        }
    }
}

#[test]
fn nothing_counts_as_zero_and_a_canonical_book_reads_back_the_same() {
    let book = book();
    let zone = Zone::from_name("Europe/Berlin").unwrap();
    let span = Span::new(zone, Month::parse("2026-03").unwrap().period(zone).unwrap());
    for meter in &book.meters {
        let nothing = AggregateState::new(&meter.aggregate).exact(&span).unwrap();
        assert_eq!(nothing.signum(), 0, "{:?}", meter.aggregate);
    }
    let canonical = serde_json::from_str(&book.canonical_json()).unwrap();
    assert_eq!(BookDraft::from_json(&canonical).check().unwrap(), book);
}

#[test]
fn states_of_different_aggregates_are_not_merged() {
    let mut count = AggregateState::new(&Aggregate::Count);
    let sum = AggregateState::new(&Aggregate::Sum { field: "value".to_owned() });
    assert_eq!(count.merge(&sum), Err(super::AggregateError::Mixed));
}
