//! Samples and what is carried, seen from outside: a book, events, a span.

use super::{Carried, Event, MeterUsage, Metering, Span};
use crate::catalog::{Book, BookDraft};
use crate::ids::CustomerId;
use crate::period::{Month, Period, Zone};

fn book(keys: &str) -> Book {
    let text = format!(
        "[book]\nid = \"b\"\nversion = \"1\"\neffective = \"2023-01-01\"\ncurrency = \"CNY\"\nzone = \"UTC\"\n\
         name = {{ zh = \"书\", en = \"B\" }}\n[meters.m]\nname = {{ zh = \"量\", en = \"M\" }}\nevent = \"e\"\nfield = \"value\"\n{keys}\n\
         [plans.p]\nname = {{ zh = \"套\", en = \"P\" }}\n[[plans.p.charges]]\nmeter = \"m\"\nper_unit = {{ price = \"1\" }}\n"
    );
    BookDraft::from_toml(&text).check().unwrap()
}

fn event(index: usize, (day, value, op): (&str, &str, &str)) -> Event {
    let data = serde_json::json!({ "value": value, "op": op });
    Event {
        source: "s".to_owned(),
        id: index.to_string(),
        customer: CustomerId::new("c").unwrap(),
        kind: "e".to_owned(),
        time: format!("{day}T12:00:00Z").parse().unwrap(),
        data: serde_json::from_value(data).unwrap(),
    }
}

fn span(month: &str) -> Span {
    let zone = Zone::from_name("UTC").unwrap();
    Span::new(zone, Month::parse(month).unwrap().period(zone).unwrap())
}

fn counted(book: &Book, span: Span, carried: Option<Carried>, events: &[(&str, &str, &str)]) -> (MeterUsage, Carried) {
    let mut metering = Metering::new(book, span);
    if let Some(carried) = carried {
        metering = metering.carrying(carried).unwrap();
    }
    for (index, facts) in events.iter().enumerate() {
        metering.add(&event(index, *facts)).unwrap();
    }
    (metering.usage().unwrap().0.remove(0), metering.carried().unwrap())
}

fn samples(usage: &MeterUsage) -> Vec<(String, String)> {
    usage.samples.iter().map(|sample| (sample.value.to_string(), sample.billed.to_string())).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(value, billed)| ((*value).to_owned(), (*billed).to_owned())).collect()
}

#[test]
fn samples_of_seats_are_the_days_that_each_change_bills_or_takes_back() {
    let book = book("aggregate = \"prorated_unique_count\"\noperation = \"op\"\nsamples = true");
    let events = [
        ("2023-09-10", "1", "add"),
        ("2023-09-12", "1", "remove"),
        ("2023-09-12", "1", "add"),
        ("2023-09-15", "2", "add"),
        ("2023-09-16", "2", "add"),
    ];
    let (usage, _) = counted(&book, span("2023-09"), None, &events);
    // 10 to 30 September are 21 days; gone after the 12th, 18 are taken back; back on the 12th, the same 18 are billed.
    assert_eq!(samples(&usage), pairs(&[("1", "0.7"), ("-1", "-0.6"), ("1", "0.6"), ("1", "8/15")]));
    assert_eq!(usage.full.map(|full| full.to_string()), Some("2".to_owned()));
    assert_eq!(usage.quantity.to_string(), "1.233333333333");
}

#[test]
fn samples_begin_with_what_earlier_periods_left_and_follow_time() {
    let book = book("aggregate = \"prorated_sum\"\nreset = \"never\"\nsamples = true");
    let (_, carried) = counted(&book, span("2023-09"), None, &[("2023-09-20", "70", ""), ("2023-08-02", "5", "")]);
    let (usage, _) =
        counted(&book, span("2023-10"), Some(carried), &[("2023-10-17", "20", ""), ("2023-09-30", "9", "")]);
    assert_eq!(samples(&usage), pairs(&[("75", "75"), ("20", "300/31")]));
}

#[test]
fn a_height_of_earlier_periods_is_not_reached_again() {
    // 10 came and went in August; in September 3 came: that is all there ever was in September.
    let events = [("2023-08-03", "10", ""), ("2023-08-04", "-10", ""), ("2023-09-16", "3", "")];
    for (aggregate, billed) in [("high_water", "3"), ("prorated_high_water", "1.5"), ("prorated_sum", "1.5")] {
        let book = book(&format!("aggregate = \"{aggregate}\"\nreset = \"never\"\nsamples = true"));
        let (usage, _) = counted(&book, span("2023-09"), None, &events);
        assert_eq!(samples(&usage), pairs(&[("3", billed)]), "{aggregate}");
        assert_eq!(usage.quantity.to_string(), billed, "{aggregate}");
    }
}

#[test]
fn a_period_that_carries_counts_like_one_that_read_all_events() {
    let events = [
        ("2023-09-03", "4", "add"),
        ("2023-09-20", "-1", "add"),
        ("2023-09-21", "4", "remove"),
        ("2023-10-05", "7", "add"),
        ("2023-10-06", "-1", "remove"),
    ];
    let aggregates = [
        "sum",
        "min",
        "max",
        "latest",
        "unique_count\"\noperation = \"op",
        "time_weighted",
        "prorated_sum",
        "prorated_unique_count\"\noperation = \"op",
        "high_water",
        "prorated_high_water",
        "time_weighted\"\nvalues = \"level",
    ];
    for aggregate in aggregates {
        let book = book(&format!("aggregate = \"{aggregate}\"\nreset = \"never\"\nsamples = true"));
        let (_, carried) = counted(&book, span("2023-09"), None, &events);
        let (whole, left) = counted(&book, span("2023-10"), None, &events);
        let (stepped, also_left) = counted(&book, span("2023-10"), Some(carried), &events);
        assert_eq!(
            (whole.quantity, whole.full, whole.events),
            (stepped.quantity, stepped.full, stepped.events),
            "{aggregate}"
        );
        assert_eq!(left, also_left, "{aggregate}");
        if book.meters[0].aggregate.sums_events(true) {
            assert_eq!(whole.samples, stepped.samples, "{aggregate}");
        }
    }
}

#[test]
fn an_empty_period_and_an_event_at_its_end_count_nothing() {
    let book = book("aggregate = \"prorated_sum\"");
    let month = span("2023-09");
    let empty = Span::new(month.zone, Period { start: month.period.start, end: month.period.start });
    assert!(counted(&book, empty, None, &[("2023-09-01", "5", "")]).0.quantity.is_zero());
    assert!(counted(&book, month, None, &[("2023-10-01", "5", "")]).0.quantity.is_zero());
}

#[test]
fn nothing_is_carried_into_a_meter_that_resets() {
    let never = book("aggregate = \"sum\"\nreset = \"never\"");
    let (_, carried) = counted(&never, span("2023-09"), None, &[]);
    let resets = book("aggregate = \"sum\"");
    assert!(Metering::new(&resets, span("2023-10")).carrying(carried).is_err());
}
