//! The lines of a file, one at a time, in bounded memory; the file may still grow.
//!
//! A line that is too long is told by its length and passed by, never kept in memory.

use std::io::{self, BufRead};

/// The longest line that is read where nothing else is said: 1 MiB.
pub const LINE_BYTES_MAX: usize = 1024 * 1024;

/// Where a line without end is given up: no log has it, but a bomb that unpacks to nothing but zeros has.
const LINE_GIVEN_UP_BYTES: u64 = 1024 * 1024 * 1024;

/// A line without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<'l> {
    /// Its number, from 1.
    pub number: u64,
    /// Where it begins, in bytes.
    pub at: u64,
    /// Where the next one begins.
    pub next_at: u64,
    /// Its bytes, or how many there are if they are too many.
    pub content: Result<&'l [u8], u64>,
}

/// Reads lines. After the last one it can be asked again when the file has grown.
#[derive(Debug)]
pub struct Lines<R> {
    reader: R,
    limit: usize,
    buffer: Vec<u8>,
    /// Bytes of the line so far, also those that are not kept.
    length: u64,
    number: u64,
    at: u64,
    done: bool,
    given_up_bytes: u64,
}

impl<R: BufRead> Lines<R> {
    /// Lines of at most `limit` bytes, from the beginning.
    pub fn new(reader: R, limit: usize) -> Self {
        Self::from_place(reader, limit, (0, 0))
    }

    /// Lines of a reader that stands at a byte after so many lines.
    pub fn from_place(reader: R, limit: usize, (at, lines): (u64, u64)) -> Self {
        Self {
            reader,
            limit,
            buffer: Vec::new(),
            length: 0,
            number: lines,
            at,
            done: false,
            given_up_bytes: LINE_GIVEN_UP_BYTES,
        }
    }

    /// The reader underneath.
    pub fn get_ref(&self) -> &R {
        &self.reader
    }

    /// The reader back, wherever it stands.
    pub fn into_reader(self) -> R {
        self.reader
    }

    /// The next line that has an end; `None` where there is none yet. An error where a line has no end at all.
    pub fn read(&mut self) -> io::Result<Option<Line<'_>>> {
        if std::mem::take(&mut self.done) {
            self.at = self.at.saturating_add(self.length);
            self.length = 0;
            self.buffer.clear();
        }
        loop {
            let bytes = match self.reader.fill_buf() {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if bytes.is_empty() {
                return Ok(None);
            }
            let end = memchr::memchr(b'\n', bytes);
            let taken = end.map_or(bytes.len(), |end| end.saturating_add(1));
            let room = self.limit.saturating_add(2).saturating_sub(self.buffer.len());
            self.buffer.extend_from_slice(bytes.get(..taken.min(room)).unwrap_or_default());
            self.length = self.length.saturating_add(u64::try_from(taken).unwrap_or(u64::MAX));
            self.reader.consume(taken);
            if end.is_some() {
                self.done = true;
                self.number = self.number.saturating_add(1);
                return Ok(Some(self.line(self.number)));
            }
            if self.length > self.given_up_bytes {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("line {} has no end in {} bytes", self.number.saturating_add(1), self.given_up_bytes),
                ));
            }
        }
    }

    /// The line that [`Lines::read`] gave last.
    pub(crate) fn current(&self) -> Option<Line<'_>> {
        self.done.then(|| self.line(self.number))
    }

    /// Takes what stands after the last end of a line for a line.
    pub(crate) fn finish(&mut self) {
        if !self.done && self.length > 0 {
            self.done = true;
            self.number = self.number.saturating_add(1);
        }
    }

    /// What stands after the last end of a line, if anything.
    pub fn rest(&self) -> Option<Line<'_>> {
        (!self.done && self.length > 0).then(|| self.line(self.number.saturating_add(1)))
    }

    fn line(&self, number: u64) -> Line<'_> {
        let bytes = self.buffer.strip_suffix(b"\n").unwrap_or(&self.buffer);
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let is_kept = u64::try_from(self.buffer.len()).is_ok_and(|kept| kept == self.length);
        let content = if is_kept && bytes.len() <= self.limit { Ok(bytes) } else { Err(self.length) };
        // A mark that some editors put before the first line is no part of it.
        let content = content.map(|bytes| match bytes.strip_prefix(b"\xef\xbb\xbf") {
            Some(rest) if self.at == 0 => rest,
            Some(_) | None => bytes,
        });
        Line { number, at: self.at, next_at: self.at.saturating_add(self.length), content }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Cursor, Read};

    use super::{Line, Lines};

    fn lines(bytes: &[u8], limit: usize) -> Vec<(u64, u64, Result<Vec<u8>, u64>)> {
        let mut lines = Lines::new(BufReader::with_capacity(3, Cursor::new(bytes)), limit);
        let mut all = Vec::new();
        while let Some(Line { number, at, content, .. }) = lines.read().unwrap() {
            all.push((number, at, content.map(<[u8]>::to_vec)));
        }
        if let Some(Line { number, at, content, .. }) = lines.rest() {
            all.push((number, at, content.map(<[u8]>::to_vec)));
        }
        all
    }

    #[test]
    fn lines_come_with_number_and_place_and_without_their_ends() {
        let read = lines(b"ab\n\r\ncdefgh\r\nrest", 100);
        let expected = [(1, 0, "ab"), (2, 3, ""), (3, 5, "cdefgh"), (4, 13, "rest")];
        assert_eq!(read, expected.map(|(number, at, text)| (number, at, Ok(text.as_bytes().to_vec()))));
        assert_eq!(lines(b"", 10), []);
        assert_eq!(lines(b"\xef\xbb\xbfa\n", 10), [(1, 0, Ok(b"a".to_vec()))]);
    }

    #[test]
    fn a_line_on_the_limit_is_read_and_one_past_it_is_told_by_its_length() {
        let read = lines(b"1234\n12345\n1\n12345", 4);
        assert_eq!(read, [(1, 0, Ok(b"1234".to_vec())), (2, 5, Err(6)), (3, 11, Ok(b"1".to_vec())), (4, 13, Err(5))]);
    }

    #[test]
    fn a_line_of_100_mb_is_passed_by_in_little_memory() {
        let line = std::io::repeat(b'x').take(100_000_000);
        let reader = line.chain(Cursor::new(b"\nafter\n"));
        let mut lines = Lines::new(BufReader::with_capacity(1 << 20, reader), 1024);
        assert_eq!(lines.read().unwrap().unwrap().content, Err(100_000_001));
        assert_eq!(lines.read().unwrap().unwrap().content, Ok(b"after".as_slice()));
        assert!(lines.buffer.capacity() <= 4096, "{}", lines.buffer.capacity());
    }

    #[test]
    fn what_comes_later_ends_the_line_that_had_no_end() {
        let mut lines = Lines::new(Cursor::new(b"half".to_vec()), 10);
        assert_eq!(lines.read().unwrap(), None);
        assert_eq!(lines.rest().unwrap().content, Ok(b"half".as_slice()));
        lines.reader.get_mut().extend_from_slice(b" whole\nx");
        assert_eq!(lines.read().unwrap().unwrap().content, Ok(b"half whole".as_slice()));
        assert_eq!(lines.read().unwrap(), None);
        assert_eq!(lines.rest().map(|rest| (rest.number, rest.at)), Some((2, 11)));
    }

    #[test]
    fn a_line_without_end_is_given_up() {
        let mut lines = Lines::new(BufReader::with_capacity(1 << 20, std::io::repeat(0)), 1024);
        assert_eq!(lines.given_up_bytes, 1 << 30);
        lines.given_up_bytes = 10_000_000;
        assert!(lines.read().unwrap_err().to_string().contains("line 1 has no end in 10000000 bytes"));
    }
}
