//! A file of usage in Parquet as others write them: a row an event in the order of time, of which one in a hundred is the
//! exact repeat of an earlier one. The same bytes in every run.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use crate::made_up::{self, MONTH_US, START_US, mix};

/// Columns may be null by their type and never are, as most programs write them.
const SCHEMA: &str = "message usage {
    OPTIONAL BYTE_ARRAY id (UTF8);
    OPTIONAL BYTE_ARRAY customer (UTF8);
    OPTIONAL BYTE_ARRAY type (UTF8);
    OPTIONAL INT64 time (TIMESTAMP(MICROS, true));
    OPTIONAL INT64 quantity;
    OPTIONAL BYTE_ARRAY api (UTF8);
}";
const GROUP_ROWS: u64 = 1_000_000;

/// November begins in Shanghai eight hours before it does in UTC.
const SHANGHAI_START_US: i64 = START_US - 8 * 3_600_000_000;

const TYPES: [&str; 5] = ["api.call", "model.tokens", "traffic.out", "storage.put", "job.run"];
const APIS: [&str; 3] = ["search", "maps", "embed"];
const QUANTITY_MAX: u64 = 100_000;

type Group<'f> = SerializedRowGroupWriter<'f, File>;

/// Writes so many rows, repeats among them.
pub(crate) fn write(rows: u64, path: &Path) {
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
    let mut file = SerializedFileWriter::new(File::create(path).unwrap(), schema, Arc::new(properties)).unwrap();
    for start in (0..rows).step_by(usize::try_from(GROUP_ROWS).unwrap()) {
        let firsts: Vec<u64> = (start..rows.min(start + GROUP_ROWS)).map(first).collect();
        let quantity = |n: u64| i64::try_from(hash(n) / 15 % QUANTITY_MAX + 1).unwrap();
        let mut group = file.next_row_group().unwrap();
        texts(&mut group, firsts.iter().map(|n| made_up::id(*n).into_bytes().into()));
        texts(&mut group, firsts.iter().map(|n| made_up::customer(*n).into_bytes().into()));
        texts(&mut group, firsts.iter().map(|n| TYPES[usize::try_from(hash(*n) % 5).unwrap()].into()));
        numbers(&mut group, firsts.iter().map(|n| time_us(*n, rows)));
        numbers(&mut group, firsts.iter().map(|n| quantity(*n)));
        texts(&mut group, firsts.iter().map(|n| APIS[usize::try_from(hash(*n) / 5 % 3).unwrap()].into()));
        group.close().unwrap();
    }
    file.close().unwrap();
}

fn hash(n: u64) -> u64 {
    mix(n ^ 0x7261_7465_6421)
}

/// The row of which this one is the repeat; itself, if it is none.
fn first(n: u64) -> u64 {
    let h = mix(n ^ 0x7265_7065_6174);
    if n > 0 && h.is_multiple_of(100) { first(h / 100 % n) } else { n }
}

/// The rows fill November as it is in Shanghai.
fn time_us(n: u64, rows: u64) -> i64 {
    SHANGHAI_START_US + i64::try_from(u128::from(n) * u128::try_from(MONTH_US).unwrap() / u128::from(rows)).unwrap()
}

fn texts(group: &mut Group<'_>, values: impl Iterator<Item = ByteArray>) {
    let values: Vec<ByteArray> = values.collect();
    let mut column = group.next_column().unwrap().unwrap();
    let ColumnWriter::ByteArrayColumnWriter(writer) = column.untyped() else { panic!("no column of texts") };
    writer.write_batch(&values, Some(&vec![1; values.len()]), None).unwrap();
    column.close().unwrap();
}

fn numbers(group: &mut Group<'_>, values: impl Iterator<Item = i64>) {
    let values: Vec<i64> = values.collect();
    let mut column = group.next_column().unwrap().unwrap();
    let ColumnWriter::Int64ColumnWriter(writer) = column.untyped() else { panic!("no column of numbers") };
    writer.write_batch(&values, Some(&vec![1; values.len()]), None).unwrap();
    column.close().unwrap();
}
