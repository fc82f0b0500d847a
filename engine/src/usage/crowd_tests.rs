//! Many customers at once, seen from outside: a book, events, a span. That each is counted as if alone is a law.

use super::{Crowd, Event, MeterError, Metering, Meters, Span};
use crate::catalog::{Book, BookDraft};
use crate::ids::CustomerId;
use crate::period::{Period, Zone};
use crate::quantity::Quantity;

fn book(second: &str) -> Book {
    let text = format!(
        "[book]\nid = \"b\"\nversion = \"1\"\neffective = \"2023-01-01\"\ncurrency = \"CNY\"\nzone = \"UTC\"\n\
         name = {{ zh = \"书\", en = \"B\" }}\n\
         [meters.calls]\nname = {{ zh = \"次\", en = \"C\" }}\nevent = \"e\"\naggregate = \"count\"\n\
         [meters.bytes]\nname = {{ zh = \"量\", en = \"B\" }}\nevent = \"e\"\nfield = \"value\"\n{second}\n\
         [plans.p]\nname = {{ zh = \"套\", en = \"P\" }}\n[[plans.p.charges]]\nmeter = \"bytes\"\nper_unit = {{ price = \"1\" }}\n"
    );
    BookDraft::from_toml(&text).check().unwrap()
}

const SUM: &str = "aggregate = \"sum\"";

fn event(time: &str, value: &str) -> Event {
    Event {
        source: "s".to_owned(),
        id: "1".to_owned(),
        customer: CustomerId::new("c").unwrap(),
        kind: "e".to_owned(),
        time: time.parse().unwrap(),
        data: serde_json::from_value(serde_json::json!({ "value": value })).unwrap(),
    }
}

fn noon(value: &str) -> Event {
    event("2023-09-15T12:00:00Z", value)
}

/// Its edges are not on whole microseconds.
fn span() -> Span {
    let at = |text: &str| text.parse().unwrap();
    let period = Period { start: at("2023-09-01T00:00:00.0000005Z"), end: at("2023-10-01T00:00:00.0000005Z") };
    Span::new(Zone::from_name("UTC").unwrap(), period)
}

fn crowd(second: &str) -> Crowd {
    Crowd::of(Meters::of(&book(second)), span())
}

fn add(crowd: &mut Crowd, customer: u32, event: &Event) -> Result<u32, MeterError> {
    crowd.add(customer, crowd.kind(&event.kind), event)
}

/// Quantities and events of both meters.
fn counted(crowd: &Crowd, customer: u32) -> Vec<(String, u64)> {
    let usage = crowd.usage(customer).unwrap();
    usage.0.iter().map(|meter| (meter.quantity.to_string(), meter.events.unwrap())).collect()
}

fn both(calls: u64, bytes: &str) -> Vec<(String, u64)> {
    vec![(calls.to_string(), calls), (bytes.to_owned(), calls)]
}

#[test]
fn an_event_that_one_meter_refuses_is_counted_by_none() {
    let mut metering = Metering::new(&book(SUM), span());
    let mut crowd = crowd(SUM);
    for event in [noon("2.5"), noon("many"), noon("1")] {
        assert_eq!(metering.add(&event), add(&mut crowd, 0, &event));
    }
    assert!(matches!(metering.add(&noon("many")), Err(MeterError::Field { meter, .. }) if meter.as_str() == "bytes"));
    assert_eq!(counted(&crowd, 0), both(2, "3.5"));
    assert_eq!(metering.usage(), crowd.usage(0));
}

#[test]
fn short_sums_take_no_exact_count_and_long_ones_only_their_customer_s() {
    let mut crowd = crowd(SUM);
    for customer in [0, 2] {
        assert_eq!(add(&mut crowd, customer, &noon("9223372036854775807")), Ok(2));
    }
    assert_eq!((crowd.customers(), crowd.counted_exactly()), (3, 0));
    assert_eq!(add(&mut crowd, 2, &noon("0.5")), Ok(2));
    assert_eq!(add(&mut crowd, 2, &noon("1")), Ok(2));
    assert_eq!(crowd.counted_exactly(), 1);
    assert_eq!(counted(&crowd, 0), both(1, "9223372036854775807"));
    assert_eq!(counted(&crowd, 1), both(0, "0"));
    assert_eq!(counted(&crowd, 2), both(3, "9223372036854775808.5"));
    assert_eq!(counted(&crowd, 9), both(0, "0"));
}

#[test]
fn a_total_of_more_than_28_digits_refuses_the_same_event_as_a_single_count() {
    let mut crowd = crowd(SUM);
    let mut metering = Metering::new(&book(SUM), span());
    for value in ["1", "9999999999999999999999999998", "1", "-1"] {
        assert_eq!(add(&mut crowd, 0, &noon(value)), metering.add(&noon(value)), "{value}");
    }
    let bytes = crowd.usage(0).unwrap().0.remove(1);
    assert_eq!((bytes.quantity, bytes.events), (Quantity::parse("9999999999999999999999999998").unwrap(), Some(3)));
}

#[test]
fn meters_that_need_more_than_a_sum_are_counted_exactly_beside_the_others() {
    for second in
        ["aggregate = \"max\"", "aggregate = \"sum\"\ngroup_by = [\"api\"]", "aggregate = \"sum\"\nsamples = true"]
    {
        let mut crowd = crowd(second);
        assert_eq!(add(&mut crowd, 1, &noon("4")), Ok(2));
        assert_eq!(counted(&crowd, 1), both(1, "4"), "{second}");
        assert_eq!(crowd.counted_exactly(), 1);
    }
}

#[test]
fn events_within_the_microsecond_of_an_edge_belong_to_one_side() {
    let mut crowd = crowd(SUM);
    let times = [
        ("2023-09-01T00:00:00.000000499Z", 0),
        ("2023-09-01T00:00:00.0000005Z", 2),
        ("2023-10-01T00:00:00.000000499Z", 2),
        ("2023-10-01T00:00:00.0000005Z", 0),
        ("2023-10-01T00:00:00.000001Z", 0),
        ("1969-12-31T23:59:59.9999999Z", 0),
    ];
    for (time, meters) in times {
        assert_eq!(add(&mut crowd, 0, &event(time, "1")), Ok(meters), "{time}");
    }
    assert_eq!(counted(&crowd, 0), both(2, "2"));
}

#[test]
fn a_type_looked_up_in_another_book_is_looked_up_again() {
    let mut crowd = crowd(SUM);
    let foreign = Meters::of(&book("aggregate = \"max\""));
    for kind in [foreign.kind("e"), foreign.kind("unknown")] {
        assert_eq!(crowd.add(0, kind, &noon("1")), Ok(2));
    }
    let own = crowd.kind("unknown");
    assert_eq!(crowd.add(0, own, &noon("1")), Ok(0));
}

#[test]
fn crowds_of_other_books_or_periods_are_not_merged() {
    let other_book = crowd("aggregate = \"max\"");
    let other_span = Crowd::of(Meters::of(&book(SUM)), Span { zone: Zone::from_name("Asia/Tokyo").unwrap(), ..span() });
    for other in [other_book, other_span] {
        assert_eq!(crowd(SUM).merge(other, |customer| customer), Err(MeterError::Mixed));
    }
}

#[test]
fn merged_crowds_keep_short_sums_short_and_the_closed_ones_exact() {
    let mut whole = crowd(SUM);
    add(&mut whole, 0, &noon("1.5")).unwrap();
    let mut part = crowd(SUM);
    add(&mut part, 0, &noon("2")).unwrap();
    whole.merge(part.clone(), |_| 0).unwrap();
    assert_eq!((counted(&whole, 0), whole.counted_exactly()), (both(2, "3.5"), 0));
    // 1.5 and 2 are 35 tenths; nine quintillion more are too many tenths.
    add(&mut part, 0, &noon("9223372036854775800")).unwrap();
    whole.merge(part, |_| 1).unwrap();
    assert_eq!((counted(&whole, 1), whole.counted_exactly()), (both(2, "9223372036854775802"), 0));
    let mut long = crowd(SUM);
    add(&mut long, 7, &noon("9223372036854775800")).unwrap();
    whole.merge(long, |customer| customer.saturating_sub(7)).unwrap();
    assert_eq!((counted(&whole, 0), whole.counted_exactly()), (both(3, "9223372036854775803.5"), 1));
    add(&mut whole, 0, &noon("0.5")).unwrap();
    assert_eq!(counted(&whole, 0), both(4, "9223372036854775804"));
}
