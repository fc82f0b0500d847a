//! The rows of a Parquet file, some thousand at a time, and of them only the columns that a mapping reads.
//!
//! Whole numbers, decimals, texts and times are exact; of floats only whole numbers are, and the others say what they are.

use std::borrow::Cow;
use std::fs::File;
use std::path::{Path, PathBuf};

use parquet::column::reader::ColumnReader;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::error::FileError;
use super::parquet_value::{Kind, kind};
use crate::record::Cell;

/// Rows that are in memory at once.
const ROWS_AT_ONCE: usize = 4096;

/// Reads the rows of a file.
pub(super) struct ParquetRows {
    path: PathBuf,
    file: SerializedFileReader<File>,
    names: Vec<String>,
    columns: Vec<Column>,
    row_group: usize,
    rows_left_in_group: usize,
    rows_read: u64,
    row: Vec<Cell<'static>>,
}

struct Column {
    index: usize,
    kind: Kind,
    max_def_level: i16,
    reader: Option<ColumnReader>,
    /// Of the rows at hand, the last one first.
    cells: Vec<Cell<'static>>,
}

impl ParquetRows {
    pub(super) fn open(path: &Path, fields: &[&str]) -> Result<Self, FileError> {
        let in_file = |source| FileError::Read { path: path.to_path_buf(), source };
        let parquet = |source| FileError::Parquet { path: path.to_path_buf(), source };
        let file = SerializedFileReader::new(File::open(path).map_err(in_file)?).map_err(parquet)?;
        let schema = file.metadata().file_metadata().schema_descr_ptr();
        let mut names: Vec<String> = Vec::new();
        let mut columns = Vec::new();
        for field in fields {
            if names.iter().any(|name| name == field) {
                continue;
            }
            let column = || (*field).to_owned();
            let found = schema.columns().iter().enumerate().find(|(_, described)| described.path().string() == *field);
            let Some((index, described)) = found else {
                let columns = schema.columns().iter().map(|described| described.path().string()).collect();
                return Err(FileError::NoColumn { path: path.to_path_buf(), column: column(), columns });
            };
            let kind = kind(described).map_err(|kind| FileError::ColumnKind {
                path: path.to_path_buf(),
                column: column(),
                kind,
            })?;
            names.push(column());
            let max_def_level = described.max_def_level();
            columns.push(Column { index, kind, max_def_level, reader: None, cells: Vec::new() });
        }
        Ok(Self {
            path: path.to_path_buf(),
            file,
            names,
            columns,
            row_group: 0,
            rows_left_in_group: 0,
            rows_read: 0,
            row: Vec::new(),
        })
    }

    pub(super) fn columns(&self) -> &[String] {
        &self.names
    }

    /// The values of the row that was read last.
    pub(super) fn cells(&self) -> &[Cell<'static>] {
        &self.row
    }

    /// Reads a row and gives its number, from 1.
    pub(super) fn next(&mut self) -> Result<Option<u64>, FileError> {
        let has_rows = self.fill().map_err(|source| FileError::Parquet { path: self.path.clone(), source })?;
        if !has_rows {
            return Ok(None);
        }
        self.row.clear();
        self.row.extend(self.columns.iter_mut().map(|column| column.cells.pop().unwrap_or(Cell::Nothing)));
        self.rows_read = self.rows_read.saturating_add(1);
        Ok(Some(self.rows_read))
    }

    /// Sees to it that there are rows at hand, if there are any left.
    fn fill(&mut self) -> Result<bool, ParquetError> {
        if self.columns.first().is_some_and(|column| !column.cells.is_empty()) {
            return Ok(true);
        }
        while self.rows_left_in_group == 0 {
            if self.row_group >= self.file.num_row_groups() {
                return Ok(false);
            }
            let group = self.file.get_row_group(self.row_group)?;
            self.row_group = self.row_group.saturating_add(1);
            self.rows_left_in_group = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
            for column in &mut self.columns {
                column.reader = Some(group.get_column_reader(column.index)?);
            }
        }
        let count = self.rows_left_in_group.min(ROWS_AT_ONCE);
        for column in &mut self.columns {
            column.read(count)?;
        }
        self.rows_left_in_group = self.rows_left_in_group.saturating_sub(count);
        Ok(true)
    }
}

impl Column {
    fn read(&mut self, count: usize) -> Result<(), ParquetError> {
        let Some(reader) = &mut self.reader else { return Ok(()) };
        let (kind, max_def_level) = (&self.kind, self.max_def_level);
        self.cells = match reader {
            ColumnReader::BoolColumnReader(reader) => {
                read(reader, (count, max_def_level), |value: bool| Cell::Boolean(value))
            }
            ColumnReader::Int32ColumnReader(reader) => {
                read(reader, (count, max_def_level), |value: i32| kind.of_integer(i64::from(value)))
            }
            ColumnReader::Int64ColumnReader(reader) => {
                read(reader, (count, max_def_level), |value: i64| kind.of_integer(value))
            }
            ColumnReader::Int96ColumnReader(reader) => {
                read(reader, (count, max_def_level), |value| kind.of_micros(value.to_micros()))
            }
            ColumnReader::FloatColumnReader(reader) => {
                read(reader, (count, max_def_level), |value: f32| float(f64::from(value), value.to_string()))
            }
            ColumnReader::DoubleColumnReader(reader) => {
                read(reader, (count, max_def_level), |value: f64| float(value, value.to_string()))
            }
            ColumnReader::ByteArrayColumnReader(reader) => {
                read(reader, (count, max_def_level), |value| kind.of_bytes(value.data()))
            }
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                read(reader, (count, max_def_level), |value| kind.of_bytes(value.data()))
            }
        }?;
        if self.cells.len() == count {
            self.cells.reverse();
            Ok(())
        } else {
            Err(ParquetError::EOF(format!("a column ends {} rows early", count.abs_diff(self.cells.len()))))
        }
    }
}

/// A float that is a whole number is exact as far as floats have all whole numbers.
pub(crate) fn float(value: f64, shortest: String) -> Cell<'static> {
    const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;
    let is_whole = value.is_finite() && value.fract() == 0.0 && value.abs() <= WHOLE_MAX;
    let text = Cow::Owned(shortest);
    if is_whole { Cell::Number(text) } else { Cell::Inexact(text) }
}

type TypedReader<T> = parquet::column::reader::ColumnReaderImpl<T>;

fn read<T: parquet::data_type::DataType>(
    reader: &mut TypedReader<T>,
    (count, max_def_level): (usize, i16),
    cell: impl Fn(T::T) -> Cell<'static>,
) -> Result<Vec<Cell<'static>>, ParquetError> {
    let (mut levels, mut values) = (Vec::new(), Vec::new());
    reader.read_records(count, Some(&mut levels), None, &mut values)?;
    if max_def_level == 0 {
        return Ok(values.into_iter().map(cell).collect());
    }
    let mut values = values.into_iter();
    let of_level =
        |level| if level == max_def_level { values.next().map_or(Cell::Nothing, &cell) } else { Cell::Nothing };
    Ok(levels.into_iter().map(of_level).collect())
}
