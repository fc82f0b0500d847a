//! The events of a file by a mapping, one after the other, each with its place.
//!
//! Reading the same file twice gives the same events with the same ids.

use std::borrow::Cow;
use std::io::BufRead;
use std::path::{Path, PathBuf};

use engine::usage::Event;

use super::csv_rows::{CsvRows, Values};
use super::error::FileError;
use super::line_rule::{is_whole, read_line, too_long};
use super::lines::Lines;
use super::parquet_rows::ParquetRows;
use super::unpack;
use crate::line_problem::LineProblem;
use crate::mapping::{Content, EventRule, Format, Mapping, event};
use crate::occurrences::Occurrences;
use crate::record::{Cell, Record};

/// How a file is to be read.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'m> {
    /// What its lines mean.
    pub mapping: &'m Mapping,
    /// The source of the events; CloudEvents have their own.
    pub source: &'m str,
    /// The longest line or row, in bytes.
    pub line_bytes_max: usize,
    /// Whether nobody writes to it any more, so that a last line without end is taken.
    pub is_finished: bool,
}

/// What became of a line or row.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// An event.
    Event(Event),
    /// The mapping does not count such lines.
    PassedOver,
    /// It is no event, and why.
    Problem(LineProblem),
}

/// A line or row.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The number of its line, from 1; of a Parquet file the number of its row.
    pub line: u64,
    /// Where it begins, in bytes of what was unpacked; of a Parquet file the number of its row.
    pub at: u64,
    /// What became of it.
    pub outcome: Outcome,
}

/// Reads the events of a file.
#[derive(Debug)]
pub struct Events<'m> {
    path: PathBuf,
    reading: Reading<'m>,
    rows: Rows<'m>,
    occurrences: Occurrences,
    is_unfinished: bool,
}

type Reader = Box<dyn BufRead + Send>;

enum Rows<'m> {
    Lines { lines: Lines<Reader>, takes_rest: bool },
    Csv { rows: Box<CsvRows<Reader>>, columns: Vec<String>, rule: &'m EventRule },
    Parquet { rows: Box<ParquetRows>, rule: &'m EventRule },
}

impl std::fmt::Debug for Rows<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Lines { .. } => "Lines",
            Self::Csv { .. } => "Csv",
            Self::Parquet { .. } => "Parquet",
        })
    }
}

impl<'m> Events<'m> {
    /// Opens a file.
    pub fn open(path: &Path, reading: Reading<'m>) -> Result<Self, FileError> {
        let in_file = |source| FileError::Read { path: path.to_path_buf(), source };
        let rows = match &reading.mapping.content {
            Content::Mapped { format: Format::Csv { delimiter }, rule } => {
                let (reader, _) = unpack::open(path).map_err(in_file)?;
                let mut rows = CsvRows::new(reader, *delimiter, reading.line_bytes_max);
                let columns = header(path, &mut rows)?;
                check_columns(path, rule, &columns)?;
                Rows::Csv { rows: Box::new(rows), columns, rule }
            }
            Content::Mapped { format: Format::Parquet, rule } => {
                let fields: Vec<&str> = rule.fields().into_iter().map(|field| field.as_str()).collect();
                Rows::Parquet { rows: Box::new(ParquetRows::open(path, &fields)?), rule }
            }
            Content::CloudEvents
            | Content::Mapped { format: Format::Combined | Format::Json | Format::Regex(_), .. } => {
                let (reader, is_compressed) = unpack::open(path).map_err(in_file)?;
                let takes_rest = is_compressed || reading.is_finished;
                Rows::Lines { lines: Lines::new(reader, reading.line_bytes_max), takes_rest }
            }
        };
        Ok(Self { path: path.to_path_buf(), reading, rows, occurrences: Occurrences::default(), is_unfinished: false })
    }

    /// Whether the last line had no end and was left, because it may still be being written.
    pub fn is_unfinished(&self) -> bool {
        self.is_unfinished
    }

    /// The next line or row; empty lines are no lines.
    pub fn read(&mut self) -> Result<Option<Item>, FileError> {
        let in_file = |source| FileError::Read { path: self.path.clone(), source };
        let Self { reading, occurrences, .. } = self;
        match &mut self.rows {
            Rows::Lines { lines, takes_rest } => loop {
                let ended = lines.read().map_err(in_file)?.is_some();
                let Some(line) = (if ended { lines.current() } else { lines.rest() }) else { return Ok(None) };
                let bytes = match line.content {
                    Ok(bytes) => bytes,
                    Err(length) => {
                        let problem = too_long(length, reading.line_bytes_max);
                        let item = item(line.number, line.at, Err(problem));
                        // A rest that was told must not be told again.
                        lines.finish();
                        return Ok(Some(item));
                    }
                };
                if bytes.trim_ascii().is_empty() {
                    if ended {
                        continue;
                    }
                    return Ok(None);
                }
                if !ended && !*takes_rest && !is_whole(reading.mapping, bytes) {
                    self.is_unfinished = true;
                    return Ok(None);
                }
                let read =
                    read_line(reading.mapping, reading.source, bytes, |time| occurrences.id(bytes, line.at, time));
                let item = item(line.number, line.at, read);
                if !ended {
                    lines.finish();
                }
                return Ok(Some(item));
            },
            Rows::Csv { rows, columns, rule } => {
                let Some(row) = rows.next().map_err(in_file)? else { return Ok(None) };
                let read = match row.content {
                    Ok(values) => csv_event((*rule, reading.source), columns, values, |time, line| {
                        occurrences.id(line, row.at, time)
                    }),
                    Err(length) => Err(too_long(length, reading.line_bytes_max)),
                };
                Ok(Some(item(row.line, row.at, read)))
            }
            Rows::Parquet { rows, rule } => {
                let Some(number) = rows.next()? else { return Ok(None) };
                let record = Record::Row { columns: rows.columns(), cells: rows.cells() };
                // A mapping of Parquet files has an id of fields.
                let read = event(rule, reading.source, &record, |_| String::new());
                Ok(Some(item(number, number, read)))
            }
        }
    }
}

fn item(line: u64, at: u64, read: Result<Option<Event>, LineProblem>) -> Item {
    let outcome = match read {
        Ok(Some(event)) => Outcome::Event(event),
        Ok(None) => Outcome::PassedOver,
        Err(problem) => Outcome::Problem(problem),
    };
    Item { line, at, outcome }
}

fn csv_event(
    (rule, source): (&EventRule, &str),
    columns: &[String],
    values: Values<'_>,
    line_id: impl FnOnce(engine::period::Instant, &[u8]) -> String,
) -> Result<Option<Event>, LineProblem> {
    if values.len() != columns.len() {
        return Err(LineProblem::Columns { found: values.len(), expected: columns.len() });
    }
    let texts = values.texts().map_err(LineProblem::NotText)?;
    let cells: Vec<Cell<'_>> = texts.iter().map(|text| Cell::Text(Cow::Borrowed(text))).collect();
    event(rule, source, &Record::Row { columns, cells: &cells }, |time| {
        // However it was quoted, a row with the same values is the same row.
        let line: String = texts.iter().map(|text| format!("{}:{text}", text.len())).collect();
        line_id(time, line.as_bytes())
    })
}

fn header(path: &Path, rows: &mut CsvRows<Reader>) -> Result<Vec<String>, FileError> {
    let no_header = || FileError::NoHeader { path: path.to_path_buf() };
    let row = rows.next().map_err(|source| FileError::Read { path: path.to_path_buf(), source })?;
    let values = row.and_then(|row| row.content.ok()).ok_or_else(no_header)?;
    let names = values.texts().map_err(|_| no_header())?;
    let mut columns: Vec<String> = names.into_iter().map(|name| name.trim().to_owned()).collect();
    if let Some(first) = columns.first_mut()
        && let Some(rest) = first.strip_prefix('\u{feff}')
    {
        *first = rest.to_owned();
    }
    Ok(columns)
}

fn check_columns(path: &Path, rule: &EventRule, columns: &[String]) -> Result<(), FileError> {
    for field in rule.fields() {
        let column = field.as_str().to_owned();
        match columns.iter().filter(|name| **name == column).count() {
            0 => return Err(FileError::NoColumn { path: path.to_path_buf(), column, columns: columns.to_vec() }),
            1 => {}
            _ => return Err(FileError::RepeatedColumn { path: path.to_path_buf(), column }),
        }
    }
    Ok(())
}
