//! Whole files: compressed ones, tables, Parquet, broken ones. What is read twice is the same twice.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Events, FileError, Item, Outcome, Reading};
use crate::Mapping;
use crate::mapping::built_in;

const TABLE: &str = r#"format = "csv"
[event]
type = "api.call"
customer = "who"
time = "at"
[data]
n = { field = "n", as = "decimal" }
"#;

fn items(path: &Path, mapping: &Mapping) -> Result<Vec<Item>, FileError> {
    let reading = Reading { mapping, source: "/s", line_bytes_max: 2048, is_finished: false };
    let mut events = Events::open(path, reading)?;
    let mut items = Vec::new();
    while let Some(item) = events.read()? {
        items.push(item);
    }
    Ok(items)
}

fn file(folder: &TempDir, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Customer and data of each event, or the line and code of what is wrong.
fn told(items: &[Item]) -> Vec<Value> {
    let told = |item: &Item| match &item.outcome {
        Outcome::Event(event) => json!([event.customer.as_str(), event.data]),
        Outcome::PassedOver => json!("passed over"),
        Outcome::Problem(problem) => json!([item.line, problem.code()]),
    };
    items.iter().map(told).collect()
}

fn ids(items: &[Item]) -> Vec<&str> {
    items
        .iter()
        .filter_map(|item| match &item.outcome {
            Outcome::Event(event) => Some(event.id.as_str()),
            Outcome::PassedOver | Outcome::Problem(_) => None,
        })
        .collect()
}

#[test]
fn a_table_is_read_and_what_is_wrong_with_a_row_is_told_with_its_line() {
    let folder = TempDir::new().unwrap();
    let text = "\u{feff}at,who,n\r\n2026-12-01T00:00:00Z,acme,1.50\r\n2026-12-01T00:00:00Z,\"a,\"\"b\",2\r\n\
                2026-12-01T00:00:00Z,short\r\n\"two\r\nlines\",x,1\r\n2026-12-01T00:00:00Z,acme,1.50";
    let path = file(&folder, "t.csv", text);
    let mapping = Mapping::from_toml(TABLE).unwrap();
    let read = items(&path, &mapping).unwrap();
    assert_eq!(
        told(&read),
        [
            json!(["acme", { "n": "1.5" }]),
            json!(["a,\"b", { "n": "2" }]),
            json!([4, "wrong_columns"]),
            json!([5, "bad_time"]),
            json!(["acme", { "n": "1.5" }]),
        ]
    );
    // Rows that are equal are told apart by how often they came before, and quoting makes no other row.
    let ids = ids(&read);
    assert_eq!(ids.first().unwrap().split('-').next(), ids.last().unwrap().split('-').next());
    assert!(ids.first().unwrap().ends_with("-1") && ids.last().unwrap().ends_with("-2"), "{ids:?}");
    let quoted = file(&folder, "q.csv", "at,who,n\n\"2026-12-01T00:00:00Z\",\"acme\",\"1.50\"\n");
    assert_eq!(self::ids(&items(&quoted, &mapping).unwrap()).first(), ids.first());
}

#[test]
fn a_table_without_the_columns_of_the_mapping_is_refused() {
    let folder = TempDir::new().unwrap();
    let mapping = Mapping::from_toml(TABLE).unwrap();
    let refused = |text: &str| items(&file(&folder, "t.csv", text), &mapping).unwrap_err();
    assert!(matches!(refused("at,who\n"), FileError::NoColumn { column, .. } if column == "n"));
    assert!(matches!(refused("at,who,n,who\n"), FileError::RepeatedColumn { column, .. } if column == "who"));
    assert!(matches!(refused(""), FileError::NoHeader { .. }));
    assert!(matches!(items(&folder.path().join("no"), &mapping), Err(FileError::Read { .. })));
}

#[test]
fn packed_files_read_like_plain_ones() {
    let folder = TempDir::new().unwrap();
    let line =
        |client: &str| format!("{client} - - [01/Dec/2026:08:30:00 +0800] \"GET /a HTTP/1.1\" 200 10 \"-\" \"M\"\n");
    let text = format!("{}{}\n{}", line("a"), line("b"), line("a"));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    // Two members after each other, as rotated logs are put together.
    let mut second = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    second.write_all(line("c").as_bytes()).unwrap();
    let packed = [gzip.finish().unwrap(), second.finish().unwrap()].concat();
    let mapping = Mapping::from_toml(built_in("combined").unwrap().toml).unwrap();
    let plain = items(&file(&folder, "l", format!("{text}{}", line("c"))), &mapping).unwrap();
    assert_eq!((plain.len(), plain.last().map(|item| item.line)), (4, Some(5)));
    assert_eq!(items(&file(&folder, "l.gz", packed), &mapping).unwrap(), plain);
    let packed = zstd::encode_all(format!("{text}{}", line("c")).as_bytes(), 1).unwrap();
    assert_eq!(items(&file(&folder, "l.zst", &packed), &mapping).unwrap(), plain);
    let broken = file(&folder, "b.zst", packed.get(..packed.len() / 2).unwrap());
    assert!(matches!(items(&broken, &mapping), Err(FileError::Read { .. })));
}

#[test]
fn a_bomb_is_one_line_that_is_too_long() {
    let folder = TempDir::new().unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..5 {
        gzip.write_all(&vec![b'0'; 1_000_000]).unwrap();
    }
    let path = file(&folder, "bomb.gz", gzip.finish().unwrap());
    assert!(std::fs::metadata(&path).unwrap().len() < 100_000);
    let mapping = Mapping::from_toml(built_in("combined").unwrap().toml).unwrap();
    assert_eq!(told(&items(&path, &mapping).unwrap()), [json!([1, "line_too_long"])]);
}

#[test]
fn what_was_exported_comes_in_again() {
    let folder = TempDir::new().unwrap();
    let line = r#"{"specversion":"1.0","id":"7","source":"/other","type":"t","subject":"acme","time":"2026-12-01T00:00:00Z","data":{"n":"1"}}"#;
    let path = file(&folder, "e.ndjson", format!("{line}\nnonsense\n{line}"));
    let read = items(&path, &Mapping::cloud_events()).unwrap();
    assert_eq!(told(&read), [json!(["acme", { "n": "1" }]), json!([2, "not_readable"]), json!(["acme", { "n": "1" }])]);
    assert_eq!(ids(&read), ["7", "7"]);
}

fn parquet(path: &Path, fractions: &[f64]) {
    let schema = "message m { required binary who (UTF8); required int64 at (TIMESTAMP_MILLIS); optional int64 price \
                  (DECIMAL(18,4)); required double size; required int64 n; }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let file = File::create(path).unwrap();
    let properties = WriterProperties::builder().set_compression(parquet::basic::Compression::SNAPPY).build();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
    for group in [0_i64, 10] {
        let mut rows = writer.next_row_group().unwrap();
        let mut column = rows.next_column().unwrap().unwrap();
        let who = ["acme", "上海"].map(ByteArray::from);
        column.typed::<ByteArrayType>().write_batch(&who, None, None).unwrap();
        column.close().unwrap();
        let mut column = rows.next_column().unwrap().unwrap();
        let times = [1_796_085_000_123, 1_796_085_001_000];
        column.typed::<Int64Type>().write_batch(&times, None, None).unwrap();
        column.close().unwrap();
        let mut column = rows.next_column().unwrap().unwrap();
        column.typed::<Int64Type>().write_batch(&[12_345], Some(&[1, 0]), None).unwrap();
        column.close().unwrap();
        let mut column = rows.next_column().unwrap().unwrap();
        column.typed::<DoubleType>().write_batch(fractions, None, None).unwrap();
        column.close().unwrap();
        let mut column = rows.next_column().unwrap().unwrap();
        column.typed::<Int64Type>().write_batch(&[group, group + 1], None, None).unwrap();
        column.close().unwrap();
        rows.close().unwrap();
    }
    writer.close().unwrap();
}

const PARQUET: &str = r#"format = "parquet"
[event]
type = "t"
customer = "who"
time = "at"
id = "n"
[data]
price = { field = "price", optional = true }
size = "size"
"#;

#[test]
fn rows_of_parquet_are_read_exactly() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.parquet");
    parquet(&path, &[2048.0, -3.0]);
    let mapping = Mapping::from_toml(PARQUET).unwrap();
    let read = items(&path, &mapping).unwrap();
    let (first, second) = (json!(["acme", { "price": "1.2345", "size": 2048 }]), json!(["上海", { "size": -3 }]));
    assert_eq!(told(&read), [first.clone(), second.clone(), first, second]);
    assert_eq!(ids(&read), ["0", "1", "10", "11"]);
    let Outcome::Event(event) = &read.first().unwrap().outcome else { panic!("an event") };
    assert_eq!(event.time.to_rfc3339(), "2026-12-01T00:30:00.123+00:00");
}

#[test]
fn a_float_of_parquet_is_refused_unless_the_mapping_takes_its_shortest_digits() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.parquet");
    parquet(&path, &[0.1, f64::NAN]);
    let float = json!([1, "field_float"]);
    assert_eq!(told(&items(&path, &Mapping::from_toml(PARQUET).unwrap()).unwrap()).first(), Some(&float));
    let shortest = PARQUET.replace("size = \"size\"", "size = { field = \"size\", float = \"shortest\" }");
    let read = told(&items(&path, &Mapping::from_toml(&shortest).unwrap()).unwrap());
    assert_eq!(read.first(), Some(&json!(["acme", { "price": "1.2345", "size": "0.1" }])));
    assert_eq!(read.get(1), Some(&json!([2, "field_not_decimal"])));
}

#[test]
fn what_is_no_parquet_or_lacks_a_column_is_refused() {
    let folder = TempDir::new().unwrap();
    let mapping = Mapping::from_toml(PARQUET).unwrap();
    let path = file(&folder, "x.parquet", "PAR1 nonsense");
    assert!(matches!(items(&path, &mapping), Err(FileError::Parquet { .. })));
    let path = folder.path().join("a.parquet");
    parquet(&path, &[1.0, 2.0]);
    let other = Mapping::from_toml(&PARQUET.replace("\"who\"", "\"whom\"")).unwrap();
    assert!(matches!(items(&path, &other), Err(FileError::NoColumn { column, .. }) if column == "whom"));
}
