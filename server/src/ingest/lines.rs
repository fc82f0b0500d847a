//! Cuts a body into lines as it comes. Keeps one line at most, and of a line without end only its beginning.

use super::encoding::{BodyError, Decoded};
use super::store::ASIDE_BYTES_MAX;

/// The longest line that can be an event.
pub const LINE_BYTES_MAX: usize = 1024 * 1024;

/// A line that is not blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1; blank lines count.
    pub number: usize,
    /// How long it is.
    pub length: u64,
    /// All of it, or its beginning if it is longer than [`LINE_BYTES_MAX`].
    pub bytes: Vec<u8>,
}

/// Why there are no more lines.
#[derive(Debug, thiserror::Error)]
pub enum LinesError {
    /// The body cannot be read on.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// There is more than there may be.
    #[error("the stream is longer than {limit} bytes, counted after decompression; send the rest in another request")]
    TooLarge {
        /// How much there may be.
        limit: u64,
    },
}

/// A body, cut into lines.
pub struct Lines {
    body: Decoded,
    limit: u64,
    read: u64,
    line: Line,
}

impl Lines {
    /// At most `limit` bytes of a body.
    pub fn new(body: Decoded, limit: u64) -> Self {
        Self { body, limit, read: 0, line: Line { number: 1, length: 0, bytes: Vec::new() } }
    }

    /// The next line that is not blank; `None` at the end. May be given up and called again: nothing is lost.
    pub async fn next(&mut self) -> Result<Option<Line>, LinesError> {
        loop {
            // What unpacks to much more than it was must not keep others waiting.
            tokio::task::coop::consume_budget().await;
            let some = self.body.fill().await?;
            if some.is_empty() {
                // The last line needs no end.
                return Ok(self.finish());
            }
            let (part, taken) = match memchr::memchr(b'\n', some) {
                Some(end) => (some.get(..end).unwrap_or_default(), end.saturating_add(1)),
                None => (some, some.len()),
            };
            let is_whole = part.len() < taken;
            self.read = self.read.saturating_add(u64::try_from(taken).unwrap_or(u64::MAX));
            if self.read > self.limit {
                return Err(LinesError::TooLarge { limit: self.limit });
            }
            push(&mut self.line, part);
            self.body.consume(taken);
            if is_whole && let Some(line) = self.finish() {
                return Ok(Some(line));
            }
        }
    }

    /// How many bytes have come, after decompression.
    pub fn bytes_read(&self) -> u64 {
        self.read
    }

    /// The line up to here, unless it is blank; the next one begins.
    fn finish(&mut self) -> Option<Line> {
        let number = self.line.number.saturating_add(1);
        let line = std::mem::replace(&mut self.line, Line { number, length: 0, bytes: Vec::new() });
        let is_blank = line.bytes.iter().all(u8::is_ascii_whitespace);
        (!is_blank).then_some(line)
    }

    /// The body, to be drained.
    pub fn into_body(self) -> Decoded {
        self.body
    }
}

impl Line {
    /// Whether it is too long to be an event.
    pub fn is_too_long(&self) -> bool {
        usize::try_from(self.length).map_or(true, |length| length > LINE_BYTES_MAX)
    }
}

fn push(line: &mut Line, part: &[u8]) {
    line.length = line.length.saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
    if !line.is_too_long() {
        line.bytes.extend_from_slice(part);
    } else if line.bytes.len() < ASIDE_BYTES_MAX {
        let room = ASIDE_BYTES_MAX.saturating_sub(line.bytes.len()).min(part.len());
        line.bytes.extend_from_slice(part.get(..room).unwrap_or_default());
    } else {
        line.bytes.truncate(ASIDE_BYTES_MAX);
        line.bytes.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::HeaderMap;

    use super::{LINE_BYTES_MAX, Lines, LinesError};
    use crate::ingest::encoding::Decoded;
    use crate::ingest::store::ASIDE_BYTES_MAX;

    fn lines(text: impl Into<Body>, limit: u64) -> Lines {
        Lines::new(Decoded::new(&HeaderMap::new(), text.into()).unwrap(), limit)
    }

    #[tokio::test]
    async fn blank_lines_count_and_the_last_line_needs_no_end() {
        let mut lines = lines("a\n\r\n \nb\r\n\nc", 1000);
        let mut found = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            found.push((line.number, String::from_utf8(line.bytes).unwrap()));
        }
        let expected = [(1, "a"), (4, "b\r"), (6, "c")].map(|(number, text)| (number, text.to_owned()));
        assert_eq!(found, expected);
    }

    #[tokio::test]
    async fn of_a_line_without_end_only_the_beginning_is_kept() {
        let long = "x".repeat(3 * LINE_BYTES_MAX);
        let mut lines = lines(format!("{long}\nb\n"), 10_000_000);
        let first = lines.next().await.unwrap().unwrap();
        assert!(first.is_too_long() && first.bytes.len() == ASIDE_BYTES_MAX);
        assert_eq!(first.length, 3 * 1_048_576);
        assert_eq!(lines.next().await.unwrap().unwrap().number, 2);
    }

    #[tokio::test]
    async fn a_line_of_exactly_the_limit_is_whole() {
        let mut lines = lines("x".repeat(LINE_BYTES_MAX), 10_000_000);
        let line = lines.next().await.unwrap().unwrap();
        assert!(!line.is_too_long() && line.bytes.len() == LINE_BYTES_MAX);
        assert_eq!(lines.next().await.unwrap(), None);
    }

    #[tokio::test]
    async fn more_bytes_than_the_limit_end_the_lines() {
        let mut lines = lines("aa\nbb\n", 5);
        assert_eq!(lines.next().await.unwrap().unwrap().bytes, b"aa");
        assert!(matches!(lines.next().await, Err(LinesError::TooLarge { limit: 5 })));
    }
}
