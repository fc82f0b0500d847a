//! The rows of a table as text, one at a time, in bounded memory.
//!
//! A row that is too long is told and passed by up to the next end of a line; an unclosed quote cannot swallow the file.

use std::io::{self, BufRead};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// More columns than any table of usage has.
const COLUMNS_MAX: usize = 4096;

/// A row, its quotes taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row<'r> {
    /// The line it begins on, from 1.
    pub(super) line: u64,
    /// Where it begins, in bytes.
    pub(super) at: u64,
    /// Its values one after the other, and where each ends; or how many bytes were passed by.
    pub(super) content: Result<Values<'r>, u64>,
}

/// The values of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Values<'r> {
    bytes: &'r [u8],
    ends: &'r [usize],
}

impl<'r> Values<'r> {
    pub(super) fn len(self) -> usize {
        self.ends.len()
    }

    /// The values, if all are UTF-8; else the byte from which they are not.
    pub(super) fn texts(self) -> Result<Vec<&'r str>, usize> {
        let mut start = 0;
        let text = |end: &usize| {
            let bytes = self.bytes.get(start..*end).unwrap_or_default();
            let text = std::str::from_utf8(bytes).map_err(|error| start.saturating_add(error.valid_up_to()));
            start = *end;
            text
        };
        self.ends.iter().map(text).collect()
    }
}

#[derive(Debug)]
pub(super) struct CsvRows<R> {
    reader: R,
    core: Reader,
    delimiter: u8,
    limit: usize,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    at: u64,
    /// Lines before those that the present reader counts.
    lines_before: u64,
}

impl<R: BufRead> CsvRows<R> {
    pub(super) fn new(reader: R, delimiter: u8, limit: usize) -> Self {
        Self {
            reader,
            core: core(delimiter),
            delimiter,
            limit,
            bytes: vec![0; 1024],
            ends: vec![0; 64],
            at: 0,
            lines_before: 0,
        }
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Row<'_>>> {
        self.skip_line_ends()?;
        let (line, at) = (self.lines_before.saturating_add(self.core.line()), self.at);
        let (mut length, mut columns) = (0_usize, 0_usize);
        loop {
            let input = match self.reader.fill_buf() {
                Ok(input) => input,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let (bytes, ends) = (self.bytes.get_mut(length..), self.ends.get_mut(columns..));
            let (result, read, written, ended) =
                self.core.read_record(input, bytes.unwrap_or_default(), ends.unwrap_or_default());
            self.reader.consume(read);
            self.at = self.at.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
            (length, columns) = (length.saturating_add(written), columns.saturating_add(ended));
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if self.bytes.len() < self.limit => {
                    self.bytes.resize(self.bytes.len().saturating_mul(2).min(self.limit), 0);
                }
                ReadRecordResult::OutputEndsFull if self.ends.len() < COLUMNS_MAX => {
                    self.ends.resize(self.ends.len().saturating_mul(2), 0);
                }
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    self.pass_by()?;
                    return Ok(Some(Row { line, at, content: Err(self.at.saturating_sub(at)) }));
                }
                ReadRecordResult::Record => {
                    let (bytes, ends) = (self.bytes.get(..length), self.ends.get(..columns));
                    let values = Values { bytes: bytes.unwrap_or_default(), ends: ends.unwrap_or_default() };
                    return Ok(Some(Row { line, at, content: Ok(values) }));
                }
                ReadRecordResult::End => return Ok(None),
            }
        }
    }

    /// Goes over empty lines, so that a row is told by the line it begins on.
    fn skip_line_ends(&mut self) -> io::Result<()> {
        loop {
            let input = self.reader.fill_buf()?;
            let ends = input.iter().take_while(|byte| b"\r\n".contains(byte));
            let (taken, lines) = ends.fold((0_usize, 0_u64), |(taken, lines), byte| {
                (taken.saturating_add(1), lines.saturating_add(u64::from(*byte == b'\n')))
            });
            self.reader.consume(taken);
            self.at = self.at.saturating_add(u64::try_from(taken).unwrap_or(u64::MAX));
            self.lines_before = self.lines_before.saturating_add(lines);
            if taken == 0 {
                return Ok(());
            }
        }
    }

    /// Goes to the next end of a line and begins there anew.
    fn pass_by(&mut self) -> io::Result<()> {
        self.lines_before = self.lines_before.saturating_add(self.core.line());
        self.core = core(self.delimiter);
        // A new reader counts from 1.
        self.lines_before = self.lines_before.saturating_sub(1);
        loop {
            let input = self.reader.fill_buf()?;
            let end = memchr::memchr(b'\n', input);
            let taken = end.map_or(input.len(), |end| end.saturating_add(1));
            self.reader.consume(taken);
            self.at = self.at.saturating_add(u64::try_from(taken).unwrap_or(u64::MAX));
            if end.is_some() {
                self.lines_before = self.lines_before.saturating_add(1);
            }
            if end.is_some() || taken == 0 {
                return Ok(());
            }
        }
    }
}

fn core(delimiter: u8) -> Reader {
    ReaderBuilder::new().delimiter(delimiter).build()
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Cursor};

    use super::CsvRows;

    fn rows(text: &str, limit: usize) -> Vec<(u64, u64, Result<Vec<String>, u64>)> {
        let mut rows = CsvRows::new(BufReader::with_capacity(5, Cursor::new(text)), b',', limit);
        let mut all = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            let texts = row.content.map(|values| values.texts().unwrap().into_iter().map(str::to_owned).collect());
            all.push((row.line, row.at, texts));
        }
        all
    }

    fn texts(values: &[&str]) -> Result<Vec<String>, u64> {
        Ok(values.iter().map(|value| (*value).to_owned()).collect())
    }

    #[test]
    fn quotes_line_ends_inside_them_and_empty_values_are_read() {
        let read = rows("a,b\n\"x\"\"y\",\"1\n2\"\r\n,\nlast,3", 1000);
        assert_eq!(
            read,
            [
                (1, 0, texts(&["a", "b"])),
                (2, 4, texts(&["x\"y", "1\n2"])),
                (4, 18, texts(&["", ""])),
                (5, 20, texts(&["last", "3"])),
            ]
        );
    }

    #[test]
    fn a_quote_that_is_never_closed_costs_its_row_and_not_the_file() {
        let read = rows(&format!("a,b\n1,\"{}\n2,3\n4,5\n", "x".repeat(3000)), 2048);
        assert_eq!(read.first(), Some(&(1, 0, texts(&["a", "b"]))));
        assert_eq!(read.get(1), Some(&(2, 4, Err(3004))));
        assert_eq!(read.get(2), Some(&(3, 3008, texts(&["2", "3"]))));
        assert_eq!(read.get(3), Some(&(4, 3012, texts(&["4", "5"]))));
    }
}
