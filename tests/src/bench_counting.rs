//! What the benchmarks of counting do: one iteration is one event counted by one meter. Timing is the caller's; each
//! returns a checksum, 0 for a broken book.

use std::hint::black_box;
use std::sync::{Arc, OnceLock};

use engine::catalog::BookDraft;
use engine::period::{Instant, Month};
use engine::usage::{Crowd, Event, EventKind, FieldValue, Metering, Meters, Span, UsageEvent};

/// `count_event_…` counts events as they come in, with five fields each; `count_row_…` rows of columns.
pub const NAMES: [&str; 11] = [
    "count_event_count",
    "count_event_sum",
    "count_event_sum_1_group",
    "count_event_max",
    "count_event_latest",
    "count_event_unique",
    "count_row_sum",
    "count_row_sum_1_group",
    CUSTOMERS,
    CROWD,
    ONE_CUSTOMER,
];

/// Rows of 10,000 customers in no order, each of one of 5 meters.
const CUSTOMERS: &str = "count_row_10_000_customers_5_meters";
/// The same counted all at once.
const CROWD: &str = "count_row_10_000_customers_5_meters_crowd";
/// The same without what memory takes.
const ONE_CUSTOMER: &str = "count_row_1_customer_5_meters_crowd";

/// How many different events there are.
const EVENTS: u32 = 4096;

/// Runs the benchmark `name` so many times; returns a checksum. An unknown name gives 0.
pub fn run(name: &str, iterations: u32) -> u32 {
    match name {
        "count_event_count" => count(events(), COUNT, iterations),
        "count_event_sum" => count(events(), SUM, iterations),
        "count_event_sum_1_group" => count(events(), SUM_BY_API, iterations),
        "count_event_max" => count(events(), MAX, iterations),
        "count_event_latest" => count(events(), LATEST, iterations),
        "count_event_unique" => count(events(), UNIQUE, iterations),
        "count_row_sum" => count(rows(), SUM, iterations),
        "count_row_sum_1_group" => count(rows(), SUM_BY_API, iterations),
        CUSTOMERS => customers(iterations),
        CROWD => crowd(iterations, 9_999),
        ONE_CUSTOMER => crowd(iterations, 0),
        _ => 0,
    }
}

const COUNT: &str = "aggregate = \"count\"";
const SUM: &str = "aggregate = \"sum\"\nfield = \"bytes\"";
const SUM_BY_API: &str = "aggregate = \"sum\"\nfield = \"bytes\"\ngroup_by = [\"api\"]";
const MAX: &str = "aggregate = \"max\"\nfield = \"bytes\"";
const LATEST: &str = "aggregate = \"latest\"\nfield = \"bytes\"";
const UNIQUE: &str = "aggregate = \"unique_count\"\nfield = \"user\"";

const APIS: [&str; 8] = ["geocode", "route", "tiles", "translate", "ocr", "speech", "search", "places"];
const KINDS: [&str; 5] = ["api.call", "api.bytes", "image.read", "speech.second", "storage.write"];

/// A book with a meter for each kind of events.
fn begin(kinds: &[&str], aggregate: &str) -> Option<Metering> {
    meters(kinds, aggregate).map(|(meters, span)| Metering::of(meters, span))
}

fn meters(kinds: &[&str], aggregate: &str) -> Option<(Arc<Meters>, Span)> {
    let head = include_str!("../scenarios/head.toml");
    let (head, _) = head.split_once("[meters.calls]")?;
    let mut text = head.to_owned();
    for (index, kind) in kinds.iter().enumerate() {
        let name = "name = { zh = \"量\", en = \"M\" }";
        text.push_str(&format!("[meters.m{index}]\n{name}\nevent = \"{kind}\"\n{aggregate}\n"));
    }
    text.push_str("[plans.p]\nname = { zh = \"套餐\", en = \"Plan\" }\n");
    text.push_str("[[plans.p.charges]]\nid = \"f\"\nname = { zh = \"费\", en = \"Fee\" }\nflat = \"1\"\n");
    let book = BookDraft::from_toml(&text).check().ok()?;
    let month = Month::parse("2026-11").ok()?.period(book.zone).ok()?;
    Some((Meters::of(&book), Span::new(book.zone, month)))
}

/// A row of columns: numbers are numbers, texts are those of a dictionary.
#[derive(Debug, Clone, Copy)]
struct Row {
    customer: usize,
    kind: &'static str,
    api: &'static str,
    time_us: i64,
    bytes: i64,
}

impl UsageEvent for Row {
    fn source(&self) -> &str {
        "gateway"
    }

    fn id(&self) -> &str {
        "1"
    }

    fn kind(&self) -> &str {
        self.kind
    }

    fn time(&self) -> Instant {
        Instant::from_timestamp_micros(self.time_us).unwrap_or_default()
    }

    fn time_us(&self) -> i64 {
        self.time_us
    }

    fn field(&self, name: &str) -> FieldValue<'_> {
        match name {
            "bytes" => FieldValue::Whole(self.bytes),
            "api" => FieldValue::Text(self.api),
            _ => FieldValue::Missing,
        }
    }
}

/// 2026-11-15T00:00:00Z.
const MIDDLE_US: i64 = 1_794_700_800_000_000;

fn row(index: u32) -> Row {
    let mixed = index.wrapping_mul(2_654_435_761);
    let at = |shift: u32, bound: usize| usize::try_from(mixed >> shift).unwrap_or(0) % bound;
    Row {
        customer: at(4, 10_000),
        kind: KINDS[at(9, KINDS.len())],
        api: APIS[at(12, APIS.len())],
        time_us: MIDDLE_US + i64::from(index % 1_000_000) * 1000,
        bytes: i64::from(mixed >> 12),
    }
}

fn rows() -> &'static [Row] {
    static ROWS: OnceLock<Vec<Row>> = OnceLock::new();
    ROWS.get_or_init(|| (0..EVENTS).map(row).map(|row| Row { kind: KINDS[0], ..row }).collect())
}

fn events() -> &'static [Event] {
    static EVENTS: OnceLock<Vec<Event>> = OnceLock::new();
    EVENTS.get_or_init(|| rows().iter().enumerate().filter_map(event).collect())
}

fn event((index, row): (usize, &Row)) -> Option<Event> {
    let event = serde_json::json!({
        "source": "gateway-eu-1", "id": format!("0190d5c2-7b1e-7000-8000-{index:012}"), "customer": "acme",
        "type": row.kind, "time": row.time().to_rfc3339(),
        "data": { "api": row.api, "bytes": row.bytes, "method": "GET", "status": 200, "user": format!("u{}", index % 512) },
    });
    serde_json::from_value(event).ok()
}

/// Counts the events again and again by one meter.
fn count<E: UsageEvent>(events: &[E], aggregate: &str, iterations: u32) -> u32 {
    let Some(mut metering) = begin(&KINDS[..1], aggregate) else { return 0 };
    let all = events.iter().cycle().zip(0..iterations);
    all.map(|(event, _)| metering.add(black_box(event)).unwrap_or(0)).fold(0, u32::wrapping_add)
}

/// Rows of many customers, each with the place of its kind. Enough that neither they nor the counters stay in the nearest
/// cache.
fn rows_of_many() -> &'static [(usize, Row)] {
    const ROWS: u32 = 1_000_000;
    static MANY: OnceLock<Vec<(usize, Row)>> = OnceLock::new();
    let place = |row: &Row| KINDS.iter().position(|kind| *kind == row.kind).unwrap_or_default();
    MANY.get_or_init(|| (0..ROWS).map(row).map(|row| (place(&row), row)).collect())
}

fn customers(iterations: u32) -> u32 {
    static COUNTERS: OnceLock<Option<Vec<Metering>>> = OnceLock::new();
    let counters = COUNTERS.get_or_init(|| begin(&KINDS, SUM).map(|metering| vec![metering; 10_000]));
    let Some(counters) = counters else { return 0 };
    let mut counters = counters.clone();
    let mut counted = 0_u32;
    for ((_, row), _) in rows_of_many().iter().cycle().zip(0..iterations) {
        let Some(metering) = counters.get_mut(row.customer) else { return 0 };
        counted = counted.wrapping_add(metering.add(black_box(row)).unwrap_or(0));
    }
    counted
}

/// `last` is the highest number of a customer.
fn crowd(iterations: u32, last: usize) -> u32 {
    let Some((meters, span)) = meters(&KINDS, SUM) else { return 0 };
    let kinds: Vec<EventKind> = KINDS.iter().map(|kind| meters.kind(kind)).collect();
    let mut crowd = Crowd::of(meters, span);
    let mut counted = 0_u32;
    for ((kind, row), _) in rows_of_many().iter().cycle().zip(0..iterations) {
        let (Ok(customer), Some(kind)) = (u32::try_from(row.customer.min(last)), kinds.get(*kind)) else { return 0 };
        counted = counted.wrapping_add(crowd.add(customer, *kind, black_box(row)).unwrap_or(0));
    }
    counted
}
