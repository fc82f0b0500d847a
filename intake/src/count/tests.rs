//! A file counted by its columns comes to the same as row by row, and what is wrong with rows is told.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, Decimal128Array, DictionaryArray, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use engine::catalog::BookDraft;
use engine::period::Month;
use engine::usage::{Meters, Span, Usage};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;
use tempfile::TempDir;

use super::{Counted, Flaw, Rules, Seen, by_column, count, one_by_one};
use crate::files::{LINE_BYTES_MAX, Reading};
use crate::mapping::{Content, Mapping};

const BOOK: &str = r#"
[book]
id = "shop"
version = "1"
effective = "2026-01-01"
currency = "CNY"
zone = "Asia/Shanghai"
rounding = { at = "line", mode = "half_up" }
name = { zh = "商店", en = "Shop" }

[meters.calls]
name = { zh = "调用", en = "Calls" }
event = "call"
aggregate = "count"
group_by = ["api"]
[meters.bytes]
name = { zh = "流量", en = "Traffic" }
event = "call"
aggregate = "sum"
field = "bytes"
[meters.price]
name = { zh = "价格", en = "Price" }
event = "sale"
aggregate = "sum"
field = "price"
missing = "ignore"
[meters.last]
name = { zh = "最近", en = "Latest" }
event = "sale"
aggregate = "latest"
field = "bytes"

[plans.p]
name = { zh = "甲", en = "P" }
[[plans.p.charges]]
meter = "calls"
per_unit = { price = "0.50" }
"#;

const MAPPING: &str = r#"
format = "parquet"
absent = ["-"]
only = { billed = "true" }
except = { api = "health" }
[event]
type = { field = "kind" }
customer = "who"
time = "at"
id = "id"
[data]
api = { field = "api", default = "none" }
bytes = "bytes"
price = { field = "price", optional = true }
size = "size"
region = { value = "cn" }
"#;

#[derive(Debug, Clone)]
struct Given {
    id: Option<String>,
    who: &'static str,
    kind: &'static str,
    /// 2026-12-01T00:00:00+08:00 is second 0.
    second: i64,
    api: Option<&'static str>,
    bytes: i64,
    price: Option<i128>,
    size: f64,
    is_billed: bool,
}

fn given(id: &str) -> Given {
    Given {
        id: Some(id.to_owned()),
        who: "acme",
        kind: "call",
        second: 60,
        api: Some("maps"),
        bytes: 10,
        price: Some(150),
        size: 2.0,
        is_billed: true,
    }
}

/// Row groups of three rows, so that several threads have something to do.
fn written(folder: &TempDir, rows: &[Given]) -> PathBuf {
    let path = folder.path().join("usage.parquet");
    let texts = |of: fn(&Given) -> Option<&str>| -> ArrayRef { Arc::new(rows.iter().map(of).collect::<StringArray>()) };
    let api: DictionaryArray<Int32Type> = rows.iter().map(|row| row.api).collect();
    let price: Decimal128Array = rows.iter().map(|row| row.price).collect();
    let at = rows.iter().map(|row| 1_796_054_400_000_000 + row.second * 1_000_000);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", texts(|row| row.id.as_deref())),
        ("who", texts(|row| Some(row.who))),
        ("kind", texts(|row| Some(row.kind))),
        ("at", Arc::new(TimestampMicrosecondArray::from_iter_values(at).with_timezone("UTC"))),
        ("api", Arc::new(api)),
        ("bytes", Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.bytes)))),
        ("price", Arc::new(price.with_precision_and_scale(18, 2).unwrap())),
        ("size", Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| row.size)))),
        ("billed", Arc::new(rows.iter().map(|row| Some(row.is_billed)).collect::<BooleanArray>())),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)));
    let batch = batch.unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(3)).build();
    let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    path
}

fn rules() -> Rules {
    let book = BookDraft::from_toml(BOOK).check().unwrap();
    let period = Month::parse("2026-12").unwrap().period(book.zone).unwrap();
    Rules { meters: Meters::of(&book), span: Span::new(book.zone, period) }
}

fn reading(mapping: &Mapping) -> Reading<'_> {
    Reading { mapping, source: "warehouse", line_bytes_max: LINE_BYTES_MAX, is_finished: true }
}

fn mapping() -> Mapping {
    Mapping::from_toml(MAPPING).unwrap_or_else(|problems| panic!("{}", problems.first().unwrap()))
}

/// By columns, where that is possible.
fn quick(path: &Path, mapping: &Mapping) -> Option<Counted> {
    let Content::Mapped { rule, .. } = &mapping.content else { panic!("a mapping of columns") };
    by_column::count(path, (rule, "warehouse"), &rules()).unwrap()
}

/// Each customer's usage by name; the order in which threads meet customers says nothing.
fn told(counted: &Counted) -> (Seen, Vec<(String, Usage)>) {
    let usage = |(number, customer): (u32, &engine::ids::CustomerId)| {
        (customer.to_string(), counted.crowd.usage(number).unwrap())
    };
    let mut usages: Vec<_> = (0..).zip(&counted.customers).map(usage).collect();
    usages.sort_by(|a, b| a.0.cmp(&b.0));
    (counted.seen.clone(), usages)
}

fn quantities(counted: &Counted, customer: &str) -> Vec<String> {
    let (_, usages) = told(counted);
    let (_, usage) = usages.into_iter().find(|(name, _)| name == customer).unwrap();
    usage.0.iter().map(|meter| meter.quantity.to_string()).collect()
}

#[test]
fn every_event_counts_once_and_what_does_not_count_is_said() {
    let folder = TempDir::new().unwrap();
    let mapping = mapping();
    let rows = [
        given("a"),
        Given { bytes: 5, who: "zeta", ..given("b") },
        Given { kind: "sale", bytes: 7, ..given("c") },
        // The same as the first.
        given("a"),
        Given { api: Some("health"), ..given("d") },
        Given { is_billed: false, ..given("e") },
        // The last second of November, and an event that no meter knows.
        Given { second: -1, ..given("f") },
        Given { kind: "other", ..given("g") },
        Given { api: None, bytes: 3, price: None, ..given("h") },
        Given { kind: "sale", bytes: 9, second: 61, price: None, ..given("i") },
    ];
    let path = written(&folder, &rows);
    let counted = quick(&path, &mapping).unwrap();
    let expected =
        Seen { lines: 10, passed_over: 2, counted: 5, repeated: 1, outside: 1, unmetered: 1, ..Seen::default() };
    assert_eq!(counted.seen, expected);
    // calls, bytes 10 + 3, price 1.50, the latest bytes of a sale
    assert_eq!(quantities(&counted, "acme"), ["2", "13", "1.5", "9"]);
    assert_eq!(quantities(&counted, "zeta"), ["1", "5", "0", "0"]);
    assert_eq!(told(&one_by_one::count(&path, reading(&mapping), &rules()).unwrap()), told(&counted));
}

#[test]
fn what_is_wrong_with_a_row_is_told_with_its_number_and_the_others_count() {
    let folder = TempDir::new().unwrap();
    let mapping = mapping();
    let rows = [
        given("a"),
        Given { bytes: 11, ..given("a") },
        Given { size: 0.5, ..given("b") },
        Given { id: None, ..given("c") },
        Given { who: "", ..given("d") },
        Given { bytes: 4, ..given("e") },
    ];
    let path = written(&folder, &rows);
    assert!(quick(&path, &mapping).is_none());
    let counted = count(&path, reading(&mapping), &rules()).unwrap();
    assert_eq!((counted.seen.counted, counted.seen.flawed), (2, 4));
    assert_eq!(quantities(&counted, "acme"), ["2", "14", "0", "0"]);
    let lines: Vec<u64> = counted.seen.flaws.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [2, 3, 4, 5]);
    assert!(matches!(counted.seen.flaws.first(), Some((2, Flaw::Contradicts { id, .. })) if id == "a"));
}

#[test]
fn columns_that_are_read_in_no_quick_way_are_read_row_by_row() {
    let folder = TempDir::new().unwrap();
    let path = written(&folder, &[given("a"), given("b")]);
    for (from, to) in [("id = \"id\"", "id = [\"id\", \"who\"]"), ("bytes = \"bytes\"", "bytes = \"at\"")] {
        let mapping = Mapping::from_toml(&MAPPING.replace(from, to)).unwrap();
        let expected = told(&one_by_one::count(&path, reading(&mapping), &rules()).unwrap());
        assert_eq!(told(&count(&path, reading(&mapping), &rules()).unwrap()), expected, "{to}");
    }
    let mapping = Mapping::from_toml(&MAPPING.replace("field = \"price\"", "field = \"cost\"")).unwrap();
    assert!(count(&path, reading(&mapping), &rules()).unwrap_err().to_string().contains("\"cost\""));
}

#[test]
fn a_file_without_rows_counts_nothing() {
    let folder = TempDir::new().unwrap();
    let path = written(&folder, &[]);
    let counted = count(&path, reading(&mapping()), &rules()).unwrap();
    assert_eq!((counted.seen, counted.customers.len()), (Seen::default(), 0));
}

fn any_row() -> impl Strategy<Value = Given> {
    let names = (0..40_u8, prop::sample::select(vec!["a", "b", "c"]), prop::sample::select(vec!["call", "sale", "no"]));
    let api = prop::option::of(prop::sample::select(vec!["maps", "mail", "health", "-"]));
    let numbers = (-3..2_678_403_i64, any::<i32>(), prop::option::of(-1000..1000_i128), -2..3_i32, any::<bool>());
    (names, api, numbers).prop_map(|((id, who, kind), api, (second, bytes, price, size, is_billed))| Given {
        id: Some(id.to_string()),
        who,
        kind,
        second,
        api,
        bytes: bytes.into(),
        price,
        size: size.into(),
        is_billed: is_billed || bytes % 2 == 0,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn by_columns_and_row_by_row_come_to_the_same(mut rows in prop::collection::vec(any_row(), 0..40), again: Vec<u8>, clean: bool) {
        if clean {
            // One event for each id, some of them several times.
            rows.sort_by(|a, b| a.id.cmp(&b.id));
            rows.dedup_by(|a, b| a.id == b.id);
            for place in again {
                let row = rows.get(usize::from(place) % rows.len().max(1)).cloned();
                rows.extend(row);
            }
        }
        let folder = TempDir::new().unwrap();
        let path = written(&folder, &rows);
        let mapping = mapping();
        let expected = one_by_one::count(&path, reading(&mapping), &rules()).unwrap();
        let quick = quick(&path, &mapping);
        prop_assert_eq!(quick.is_some(), expected.seen.flawed == 0);
        if let Some(quick) = quick {
            prop_assert_eq!(told(&quick), told(&expected));
        }
        prop_assert_eq!(told(&count(&path, reading(&mapping), &rules()).unwrap()), told(&expected));
    }
}
