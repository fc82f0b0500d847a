//! Laws of counting on random meters and events: any split, any order, and any stop between them give the same usage.

use engine::catalog::{Book, BookDraft};
use engine::period::Month;
use engine::usage::{Carried, Crowd, Event, MeterError, Metering, Meters, SavedCounts, Span, Usage, count_usage};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;

/// Every aggregate with every option of its own.
const AGGREGATES: [&str; 22] = [
    "aggregate = \"count\"",
    "aggregate = \"sum\"",
    "aggregate = \"min\"",
    "aggregate = \"max\"",
    "aggregate = \"mean\"",
    "aggregate = \"latest\"",
    "aggregate = \"latest\"\nnegative = \"zero\"",
    "aggregate = \"unique_count\"",
    "aggregate = \"unique_count\"\noperation = \"op\"",
    "aggregate = \"time_weighted\"",
    "aggregate = \"time_weighted\"\nvalues = \"level\"\nper = \"hour\"",
    "aggregate = \"percentile\"\npercent = \"95\"",
    "aggregate = \"percentile\"\npercent = \"50\"\nindex = \"floor\"",
    "aggregate = \"windowed\"\nwindow = \"PT1H\"\ninner = \"sum\"\nouter = \"mean\"",
    "aggregate = \"windowed\"\nwindow = \"P1D\"\ninner = \"max\"\nouter = \"sum\"\nempty = \"left_out\"",
    "aggregate = \"windowed\"\nwindow = \"PT5M\"\ninner = \"sum\"\nouter = \"percentile\"\npercent = \"95\"",
    "aggregate = \"windowed\"\nwindow = \"PT1H\"\ninner = \"max\"\nouter = \"max\"",
    "aggregate = \"prorated_sum\"",
    "aggregate = \"prorated_unique_count\"",
    "aggregate = \"prorated_unique_count\"\noperation = \"op\"\nshare_round = { mode = \"ceiling\", places = \"5\" }",
    "aggregate = \"high_water\"",
    "aggregate = \"prorated_high_water\"",
];

const GROUPS: [&str; 6] = [
    "",
    "group_by = [\"api\"]",
    "group_by = [\"api\", \"op\"]",
    "group_by = [{ name = \"size\", field = \"size\", bands = [{ name = \"short\", up_to = \"2\" }, { name = \"long\" }] }]",
    "group_by = [{ name = \"slot\", calendar = \"clock\" }, \"api\"]",
    "group_by = [{ name = \"hour\", window = \"PT1H\" }]",
];

const FILTERS: [&str; 3] =
    ["", "where = { api = [\"a\", \"b\"] }", "where = { api = \"a\", op = [\"add\", \"remove\"] }"];

/// What a meter says besides its aggregate, by chance.
#[derive(Debug, Clone)]
struct Options {
    group: usize,
    filter: usize,
    never: bool,
    convert: bool,
    ignore: bool,
    samples: bool,
    round: bool,
}

fn options() -> impl Strategy<Value = Options> {
    (0..GROUPS.len(), 0..FILTERS.len(), any::<[bool; 5]>()).prop_map(|(group, filter, flags)| {
        let [never, convert, ignore, samples, round] = flags;
        Options { group, filter, never, convert, ignore, samples, round }
    })
}

fn meter(index: usize, options: &Options) -> String {
    let aggregate = AGGREGATES[index];
    let is = |words: &[&str]| words.iter().any(|word| aggregate.starts_with(&format!("aggregate = \"{word}\"")));
    let counts = is(&["count"]);
    let mut lines = vec![
        format!("[meters.m{index}]\nname = {{ zh = \"量\", en = \"M\" }}\nevent = \"{}\"", ["e", "f"][index % 2]),
        aggregate.to_owned(),
        GROUPS[options.group].to_owned(),
        FILTERS[options.filter].to_owned(),
    ];
    let reads = !counts || options.group == 3;
    let mut put = |holds: bool, line: &str| holds.then(|| lines.push(line.to_owned()));
    put(!counts, "field = \"value\"");
    put(options.never && !is(&["mean", "percentile", "windowed"]), "reset = \"never\"");
    let convert = "convert_each = { divide = \"3\", round = \"half_up\", places = \"3\" }";
    put(options.convert && !counts && !is(&["unique_count", "prorated_unique_count"]), convert);
    put(options.ignore && reads, "missing = \"ignore\"");
    put(options.samples, "samples = true");
    put(options.round, "round = { mode = \"half_up\", places = \"1\" }");
    lines.join("\n")
}

fn book(options: &[Options]) -> Book {
    let meters: Vec<String> = options.iter().enumerate().map(|(index, options)| meter(index, options)).collect();
    let text = format!(
        "[book]\nid = \"b\"\nversion = \"1\"\neffective = \"2026-01-01\"\ncurrency = \"CNY\"\nzone = \"Europe/Berlin\"\n\
         name = {{ zh = \"书\", en = \"B\" }}\n[calendars.clock]\n\
         slots = [{{ slot = \"night\", from = \"00:00\", to = \"06:00\" }}]\ndefault = \"day\"\n{}\n\
         [plans.p]\nname = {{ zh = \"套\", en = \"P\" }}\n\
         [[plans.p.charges]]\nid = \"f\"\nname = {{ zh = \"费\", en = \"F\" }}\nflat = \"1\"\n",
        meters.join("\n")
    );
    BookDraft::from_toml(&text).check().unwrap_or_else(|problems| panic!("{problems:?}\n{text}"))
}

/// Instants around a month with a day of 23 hours: several events come at the same one, some before and after.
const TIMES: [&str; 14] = [
    "2026-02-03T00:00:00Z",
    "2026-02-27T12:00:00Z",
    "2026-02-28T22:59:59.999999999Z",
    "2026-02-28T23:00:00Z",
    "2026-03-01T00:30:00Z",
    "2026-03-01T00:30:00.000000001Z",
    "2026-03-14T07:05:00Z",
    "2026-03-14T07:09:59.5Z",
    "2026-03-29T00:59:59Z",
    "2026-03-29T01:00:00Z",
    "2026-03-30T21:00:00Z",
    "2026-03-31T21:59:59Z",
    "2026-03-31T22:00:00Z",
    "2026-04-02T00:00:00Z",
];

fn values() -> Vec<Value> {
    vec![
        json!(1),
        json!(4),
        json!(-3),
        json!("7.25"),
        json!("0"),
        json!("0.000001"),
        json!("-0.5"),
        json!("abc"),
        json!(true),
        Value::Null,
    ]
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let ops = prop::sample::select(vec![json!("add"), json!("add"), json!("remove"), Value::Null]);
    let apis = prop::sample::select(vec![json!("a"), json!("b"), json!("c\"'"), json!(7), Value::Null]);
    let sources = prop::sample::select(vec!["s", "t"]);
    let one = (prop::sample::select(TIMES.to_vec()), prop::sample::select(values()), ops, apis, sources, 0..4_usize);
    let kinds = ["e", "f", "e", "g"];
    prop::collection::vec(one, 0..50).prop_map(move |events| {
        let event = |(index, (time, value, op, api, source, place)): (usize, _)| {
            json!({
                "source": source, "id": index.to_string(), "customer": "c", "type": kinds[place], "time": time,
                "data": { "value": value, "op": op, "api": api, "size": place },
            })
        };
        events.into_iter().enumerate().map(event).map(|event: Value| serde_json::from_value(event).unwrap()).collect()
    })
}

fn span(book: &Book, month: &str) -> Span {
    Span::new(book.zone, Month::parse(month).unwrap().period(book.zone).unwrap())
}

/// Counts what can be counted; what a meter refuses, it refuses in any order.
fn add_all<'e>(metering: &mut Metering, events: impl IntoIterator<Item = &'e Event>) {
    for event in events {
        let _ = metering.add(event);
    }
}

fn outcome(metering: &Metering) -> (Result<Usage, MeterError>, Result<Carried, MeterError>) {
    (metering.usage(), metering.carried())
}

/// Stops and goes on with what was written down.
fn interrupted(metering: &Metering, meters: &Arc<Meters>) -> Metering {
    let written = serde_json::to_string(&metering.save()).unwrap();
    let saved: SavedCounts = serde_json::from_str(&written).unwrap();
    assert_eq!(saved, metering.save());
    Metering::resume(Arc::clone(meters), metering.span(), saved).unwrap()
}

/// Where an event goes: to which part, and when there. From the id, so that shrinking keeps it.
fn dealt(event: &Event, seed: u64, parts: usize) -> (usize, String) {
    let order = engine::proof::sha256(format!("{seed}{}", event.id).as_bytes());
    (usize::from(order.as_bytes()[20]) % parts, order)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_split_order_and_interruption_counts_the_same(
        options in prop::collection::vec(options(), AGGREGATES.len()),
        events in events(),
        (seed, parts, carries) in (any::<u64>(), 1..4_usize, any::<bool>()),
    ) {
        let book = book(&options);
        let (meters, span, before) = (Meters::of(&book), span(&book, "2026-03"), span(&book, "2026-02"));
        let begin = || {
            let metering = Metering::of(Arc::clone(&meters), span);
            if !carries { return metering }
            let mut earlier = Metering::of(Arc::clone(&meters), before);
            add_all(&mut earlier, &events);
            metering.carrying(earlier.carried().unwrap()).unwrap()
        };
        let mut whole = begin();
        add_all(&mut whole, &events);

        let mut merged: Option<Metering> = None;
        for part in 0..parts {
            let mut own: Vec<(String, &Event)> = events.iter()
                .map(|event| (dealt(event, seed, parts), event))
                .filter(|((to, _), event)| *to == part && !(carries && event.time < span.period.start))
                .map(|((_, order), event)| (order, event)).collect();
            own.sort_by(|(a, _), (b, _)| a.cmp(b));
            let own: Vec<&Event> = own.into_iter().map(|(_, event)| event).collect();
            let (first, rest) = own.split_at(own.len() / 2);
            let mut metering = if part == 0 { begin() } else { Metering::of(Arc::clone(&meters), span) };
            add_all(&mut metering, first.iter().copied());
            metering = interrupted(&metering, &meters);
            add_all(&mut metering, rest.iter().copied());
            merged = Some(match merged {
                None => metering,
                // Either way round.
                Some(mut before) if seed % 2 == 0 => { before.merge(&metering).unwrap(); before }
                Some(before) => { metering.merge(&interrupted(&before, &meters)).unwrap(); metering }
            });
        }
        prop_assert_eq!(outcome(&merged.unwrap()), outcome(&whole));
    }
}

/// Mostly meters that only count or sum.
fn plainer_options() -> impl Strategy<Value = Options> {
    (options(), 0..4).prop_map(|(options, rest)| match rest {
        0 => options,
        _ => Options { group: 0, never: false, samples: false, ..options },
    })
}

/// Events of which some have one of these values.
fn events_with(values: &'static [&'static str]) -> impl Strategy<Value = Vec<Event>> {
    let long = prop::collection::vec(prop::option::weighted(0.2, prop::sample::select(values)), 50);
    (events(), long).prop_map(|(mut events, long)| {
        for (event, value) in events.iter_mut().zip(long) {
            if let Some(value) = value {
                event.data.insert("value".to_owned(), json!(value));
            }
        }
        events
    })
}

const CUSTOMERS: usize = 3;

fn number(customer: usize) -> u32 {
    u32::try_from(customer).unwrap()
}

fn add_to(crowd: &mut Crowd, customer: usize, event: &Event) -> Result<u32, MeterError> {
    crowd.add(number(customer), crowd.kind(&event.kind), event)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    // Event by event, with sums that grow beyond 64 bits and beyond 28 digits: the same is counted and the same refused.
    #[test]
    fn a_crowd_counts_and_refuses_as_each_customer_alone(
        options in prop::collection::vec(plainer_options(), 1..=AGGREGATES.len()),
        events in events_with(&["9223372036854775807", "-9223372036854775807", "9999999999999999999999999999",
            "0.0000000000000000000000000001"]),
        seed in any::<u64>(),
    ) {
        let book = book(&options);
        let (meters, span) = (Meters::of(&book), span(&book, "2026-03"));
        let mut alone = vec![Metering::of(Arc::clone(&meters), span); CUSTOMERS];
        let mut crowd = Crowd::of(meters, span);
        for event in &events {
            let (customer, _) = dealt(event, seed, CUSTOMERS);
            prop_assert_eq!(add_to(&mut crowd, customer, event), alone[customer].add(event));
        }
        for (customer, alone) in alone.iter().enumerate() {
            let counted = crowd.metering(number(customer)).unwrap();
            prop_assert_eq!(outcome(&counted), outcome(alone));
            prop_assert_eq!(counted.save(), alone.save());
            prop_assert_eq!(crowd.usage(number(customer)), alone.usage());
        }
    }

    // Sums may grow beyond 64 bits; beyond 28 digits it would depend on the order which event is refused.
    #[test]
    fn crowds_that_counted_parts_in_any_order_become_the_crowd_that_counted_all(
        options in prop::collection::vec(plainer_options(), 1..=AGGREGATES.len()),
        events in events_with(&["9223372036854775807", "-9223372036854775807", "2"]),
        (seed, parts) in (any::<u64>(), 1..4_usize),
    ) {
        let book = book(&options);
        let (meters, span) = (Meters::of(&book), span(&book, "2026-03"));
        let mut merged = Crowd::of(Meters::of(&book), span);
        let mut refused = false;
        for part in 0..parts {
            let mut own: Vec<(String, &Event)> = events.iter().map(|event| (dealt(event, seed, parts), event))
                .filter(|((to, _), _)| *to == part).map(|((_, order), event)| (order, event)).collect();
            own.sort_by(|(a, _), (b, _)| a.cmp(b));
            let mut crowd = Crowd::of(Arc::clone(&meters), span);
            // Each part numbers the customers in another way.
            let renumbered = |customer: usize| (customer + part) % CUSTOMERS;
            for (_, event) in own {
                let (customer, _) = dealt(event, !seed, CUSTOMERS);
                refused |= add_to(&mut crowd, renumbered(customer), event).is_err();
            }
            let back = |number: u32| (number + u32::try_from((parts * CUSTOMERS) - part).unwrap()) % 3;
            merged.merge(crowd, back).unwrap();
        }
        for customer in 0..CUSTOMERS {
            let own: Vec<&Event> = events.iter().filter(|event| dealt(event, !seed, CUSTOMERS).0 == customer).collect();
            let mut alone = Metering::of(Arc::clone(&meters), span);
            add_all(&mut alone, own.iter().copied());
            let counted = merged.metering(number(customer)).unwrap();
            prop_assert_eq!(outcome(&counted), outcome(&alone));
            prop_assert_eq!(counted.save(), alone.save());
            if !refused {
                prop_assert_eq!(merged.usage(number(customer)), count_usage(&book, span, own));
            }
        }
    }
}

fn plain() -> Options {
    Options { group: 1, filter: 0, never: false, convert: false, ignore: false, samples: false, round: false }
}

fn plain_book(change: impl Fn(&mut Options)) -> Book {
    let mut options = vec![plain(); AGGREGATES.len()];
    options.iter_mut().for_each(change);
    book(&options)
}

fn an_event() -> Event {
    let event = json!({ "source": "s", "id": "1", "customer": "c", "type": "f", "time": "2026-03-02T00:00:00Z",
        "data": { "value": "2.5", "api": "a" } });
    serde_json::from_value(event).unwrap()
}

#[test]
fn counts_of_meters_with_other_rules_are_not_resumed() {
    let book = plain_book(|_| ());
    let mut metering = Metering::new(&book, span(&book, "2026-03"));
    metering.add(&an_event()).unwrap();
    let resume =
        |other: &Book| Metering::resume(Meters::of(other), span(other, "2026-03"), metering.save()).map(|_| ());
    assert_eq!(resume(&book), Ok(()));
    // How the quantity is rounded in the end is not how it is counted.
    assert_eq!(resume(&plain_book(|options| options.round = true)), Ok(()));
    let mut renamed = book.clone();
    renamed.meters[0].name = engine::text::Names { zh: "别的".into(), en: "Other".into() };
    assert_eq!(resume(&renamed), Ok(()));
    let other_rules: [fn(&mut Options); 5] = [
        |options| options.filter = 1,
        |options| options.group = 0,
        |options| options.convert = true,
        |options| options.never = true,
        |options| options.samples = true,
    ];
    for change in other_rules {
        assert_eq!(resume(&plain_book(change)), Err(MeterError::SavedByOtherMeters));
    }
}

#[test]
fn counts_of_another_period_are_not_resumed() {
    let book = plain_book(|_| ());
    let saved = Metering::new(&book, span(&book, "2026-03")).save();
    let (march, april) = (span(&book, "2026-03"), span(&book, "2026-04"));
    let resumed = Metering::resume(Meters::of(&book), april, saved.clone());
    let other = MeterError::SavedInOtherSpan { saved: march.period, asked: april.period };
    assert_eq!(resumed.map(|_| ()), Err(other));
    let other_zone = Span { zone: engine::period::Zone::from_name("UTC").unwrap(), ..march };
    assert!(Metering::resume(Meters::of(&book), other_zone, saved).is_err());
}

#[test]
fn saved_counts_are_short_and_hold_only_what_was_counted() {
    let text = "[book]\nid = \"b\"\nversion = \"1\"\neffective = \"2026-01-01\"\ncurrency = \"CNY\"\nzone = \"UTC\"\n\
        name = { zh = \"书\", en = \"B\" }\n\
        [meters.bytes]\nname = { zh = \"量\", en = \"M\" }\nevent = \"f\"\naggregate = \"sum\"\nfield = \"value\"\n\
        group_by = [\"api\"]\n\
        [meters.idle]\nname = { zh = \"量\", en = \"M\" }\nevent = \"g\"\naggregate = \"count\"\n\
        [plans.p]\nname = { zh = \"套\", en = \"P\" }\n\
        [[plans.p.charges]]\nid = \"f\"\nname = { zh = \"费\", en = \"F\" }\nflat = \"1\"\n";
    let book = BookDraft::from_toml(text).check().unwrap();
    let mut metering = Metering::new(&book, span(&book, "2026-03"));
    metering.add(&an_event()).unwrap();
    let saved = serde_json::to_value(metering.save()).unwrap();
    let expected = json!([{ "m": "bytes", "t": [1, { "sum": "2.5" }], "g": [[["a"], [1, { "sum": "2.5" }]]] }]);
    assert_eq!(saved["m"], expected);
    assert_eq!(saved["f"], Meters::of(&book).fingerprint());
}
