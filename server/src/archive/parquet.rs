//! Archives as Parquet: one row an event, written and read a group of rows at a time.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::column::reader::ColumnReader;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, RowGroupReader};
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::row::{ArchivedEvent, read_change};

const SCHEMA: &str = "message events {
    REQUIRED INT64 time (TIMESTAMP(MICROS, true));
    REQUIRED INT64 received (TIMESTAMP(MICROS, true));
    REQUIRED INT64 seq;
    REQUIRED BYTE_ARRAY source (UTF8);
    REQUIRED BYTE_ARRAY id (UTF8);
    REQUIRED BYTE_ARRAY customer (UTF8);
    REQUIRED BYTE_ARRAY type (UTF8);
    REQUIRED BYTE_ARRAY data (JSON);
    OPTIONAL BYTE_ARRAY change (UTF8);
    OPTIONAL BYTE_ARRAY target (UTF8);
    OPTIONAL BYTE_ARRAY changed_by (UTF8);
}";

/// Events in a group of rows, and bytes of their texts about; a group is in memory at once.
const GROUP_ROWS: usize = 100_000;
const GROUP_BYTES: usize = 64 << 20;

/// Writes events.
pub(super) struct Writer<W: Write + Send> {
    file: SerializedFileWriter<W>,
    rows: Vec<ArchivedEvent>,
    bytes: usize,
}

impl<W: Write + Send> Writer<W> {
    pub(super) fn new(out: W) -> Result<Self> {
        let zstd = Compression::ZSTD(ZstdLevel::try_new(3)?);
        let properties = WriterProperties::builder().set_compression(zstd).build();
        let file = SerializedFileWriter::new(out, Arc::new(parse_message_type(SCHEMA)?), Arc::new(properties))?;
        Ok(Self { file, rows: Vec::new(), bytes: 0 })
    }

    pub(super) fn put(&mut self, event: ArchivedEvent) -> Result<()> {
        self.bytes = self.bytes.saturating_add(event.data.len()).saturating_add(event.id.len());
        self.rows.push(event);
        if self.rows.len() >= GROUP_ROWS || self.bytes >= GROUP_BYTES { self.group() } else { Ok(()) }
    }

    /// Writes the rest and the foot, and gives the output back.
    pub(super) fn end(mut self) -> Result<W> {
        if !self.rows.is_empty() {
            self.group()?;
        }
        self.file.into_inner()
    }

    fn group(&mut self) -> Result<()> {
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let mut group = self.file.next_row_group()?;
        numbers(&mut group, rows.iter().map(|row| row.time_us))?;
        numbers(&mut group, rows.iter().map(|row| row.received_us))?;
        numbers(&mut group, rows.iter().map(|row| row.seq))?;
        texts(&mut group, rows.iter().map(|row| Some(row.source.as_str())))?;
        texts(&mut group, rows.iter().map(|row| Some(row.id.as_str())))?;
        texts(&mut group, rows.iter().map(|row| Some(row.customer.as_str())))?;
        texts(&mut group, rows.iter().map(|row| Some(row.kind.as_str())))?;
        texts(&mut group, rows.iter().map(|row| Some(row.data.as_str())))?;
        options(&mut group, rows.iter().map(ArchivedEvent::change_word))?;
        options(&mut group, rows.iter().map(|row| row.change.target()))?;
        options(&mut group, rows.iter().map(|row| row.changed_by.as_deref()))?;
        group.close()?;
        Ok(())
    }
}

fn no_column() -> ParquetError {
    ParquetError::General("the columns are not those of an archive".to_owned())
}

fn numbers<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: impl Iterator<Item = i64>,
) -> Result<()> {
    let mut column = group.next_column()?.ok_or_else(no_column)?;
    let ColumnWriter::Int64ColumnWriter(writer) = column.untyped() else { return Err(no_column()) };
    writer.write_batch(&values.collect::<Vec<i64>>(), None, None)?;
    column.close()
}

fn texts<'r, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: impl Iterator<Item = Option<&'r str>>,
) -> Result<()> {
    put_texts(group, (values, false))
}

fn options<'r, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: impl Iterator<Item = Option<&'r str>>,
) -> Result<()> {
    put_texts(group, (values, true))
}

fn put_texts<'r, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    (values, may_lack): (impl Iterator<Item = Option<&'r str>>, bool),
) -> Result<()> {
    let (mut levels, mut there) = (Vec::new(), Vec::new());
    for value in values {
        levels.push(i16::from(value.is_some()));
        there.extend(value.map(ByteArray::from));
    }
    let mut column = group.next_column()?.ok_or_else(no_column)?;
    let ColumnWriter::ByteArrayColumnWriter(writer) = column.untyped() else { return Err(no_column()) };
    writer.write_batch(&there, may_lack.then_some(levels.as_slice()), None)?;
    column.close()
}

/// What stops a reader.
pub(super) enum ReadError {
    Parquet(ParquetError),
    /// The event (from 1) and its broken column.
    Row(u64, &'static str),
}

impl From<ParquetError> for ReadError {
    fn from(error: ParquetError) -> Self {
        Self::Parquet(error)
    }
}

/// An archive that is read a group of rows at a time.
pub(super) struct Reader {
    file: SerializedFileReader<File>,
    next: usize,
    rows_before: u64,
}

impl Reader {
    pub(super) fn open(file: File) -> Result<Self> {
        let file = SerializedFileReader::new(file)?;
        let expected = parse_message_type(SCHEMA)?;
        let found = file.metadata().file_metadata().schema();
        let names = |schema: &parquet::schema::types::Type| -> Vec<String> {
            schema.get_fields().iter().map(|field| field.name().to_owned()).collect()
        };
        if names(found) == names(&expected) { Ok(Self { file, next: 0, rows_before: 0 }) } else { Err(no_column()) }
    }

    /// The events of the next group; `None` at the end.
    pub(super) fn next(&mut self) -> std::result::Result<Option<Vec<ArchivedEvent>>, ReadError> {
        if self.next >= self.file.num_row_groups() {
            return Ok(None);
        }
        let group = self.file.get_row_group(self.next)?;
        self.next = self.next.saturating_add(1);
        let times = read_numbers(&*group, 0)?;
        let mut received = read_numbers(&*group, 1)?.into_iter();
        let mut seqs = read_numbers(&*group, 2)?.into_iter();
        let mut columns = Vec::new();
        for place in 3..11 {
            columns.push(read_texts(&*group, place)?.into_iter());
        }
        let [sources, ids, customers, kinds, data, changes, targets, changed] = columns.as_mut_slice() else {
            return Err(no_column().into());
        };
        let mut rows = Vec::new();
        for time_us in times {
            self.rows_before = self.rows_before.saturating_add(1);
            let number = self.rows_before;
            let broken = |what| move || ReadError::Row(number, what);
            let change = changes.next().flatten();
            let change = read_change(change.as_deref(), targets.next().flatten());
            rows.push(ArchivedEvent {
                time_us,
                received_us: received.next().ok_or_else(broken("received"))?,
                seq: seqs.next().ok_or_else(broken("seq"))?,
                source: sources.next().flatten().ok_or_else(broken("source"))?,
                id: ids.next().flatten().ok_or_else(broken("id"))?,
                customer: customers.next().flatten().ok_or_else(broken("customer"))?,
                kind: kinds.next().flatten().ok_or_else(broken("type"))?,
                data: data.next().flatten().ok_or_else(broken("data"))?,
                change: change.map_err(|what| ReadError::Row(number, what))?,
                changed_by: changed.next().flatten(),
            });
        }
        Ok(Some(rows))
    }
}

fn rows_of(group: &dyn RowGroupReader) -> Result<usize> {
    usize::try_from(group.metadata().num_rows()).map_err(|_| no_column())
}

fn read_numbers(group: &dyn RowGroupReader, place: usize) -> Result<Vec<i64>> {
    let ColumnReader::Int64ColumnReader(mut reader) = group.get_column_reader(place)? else { return Err(no_column()) };
    let mut values = Vec::new();
    let rows = rows_of(group)?;
    while values.len() < rows {
        let (records, _, _) = reader.read_records(rows.saturating_sub(values.len()), None, None, &mut values)?;
        if records == 0 {
            return Err(no_column());
        }
    }
    Ok(values)
}

fn read_texts(group: &dyn RowGroupReader, place: usize) -> Result<Vec<Option<String>>> {
    let ColumnReader::ByteArrayColumnReader(mut reader) = group.get_column_reader(place)? else {
        return Err(no_column());
    };
    let may_lack = group.metadata().column(place).column_descr().max_def_level() > 0;
    let (mut levels, mut there) = (Vec::new(), Vec::new());
    let (rows, mut read) = (rows_of(group)?, 0_usize);
    while read < rows {
        let wanted = rows.saturating_sub(read);
        let (records, _, _) = reader.read_records(wanted, may_lack.then_some(&mut levels), None, &mut there)?;
        if records == 0 {
            return Err(no_column());
        }
        read = read.saturating_add(records);
    }
    let mut there = there.into_iter();
    let mut text = || {
        let bytes = there.next().ok_or_else(no_column)?;
        bytes.as_utf8().map(str::to_owned)
    };
    if may_lack {
        levels.iter().map(|level| if *level > 0 { text().map(Some) } else { Ok(None) }).collect()
    } else {
        (0..rows).map(|_| text().map(Some)).collect()
    }
}
