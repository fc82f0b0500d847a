//! How often a line came before in its file, so that equal lines are several events and one line read twice is one.
//!
//! Remembers lines of the last few seconds of the log only, so that memory does not grow; and what it remembers depends
//! on nothing but the file up to here, so that reading it again gives the same numbers.

use std::collections::HashMap;

use engine::period::Instant;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How many seconds of the log are remembered, those seen last.
const SECONDS_MAX: usize = 32;

/// How many different lines of one second are remembered.
const LINES_MAX: usize = 65_536;

/// Since where in the file the lines of a second are remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The second, since 1970.
    pub second: i64,
    /// The place of the first line, in bytes from the file's beginning.
    pub since: u64,
}

/// The lines of the last seconds.
#[derive(Debug, Clone, Default)]
pub struct Occurrences {
    /// The one seen last is the last.
    seconds: Vec<Second>,
}

#[derive(Debug, Clone)]
struct Second {
    mark: Mark,
    lines: HashMap<[u8; 16], u32>,
}

impl Occurrences {
    /// What must be read again before a reader goes on where these marks were taken.
    pub fn resumed(marks: &[Mark]) -> Self {
        let second = |mark: &Mark| Second { mark: *mark, lines: HashMap::new() };
        Self { seconds: marks.iter().map(second).collect() }
    }

    /// Where to begin to read again.
    pub fn replay_from(&self) -> Option<u64> {
        self.seconds.iter().map(|second| second.mark.since).min()
    }

    /// Counts a line that is read again before going on; those that were forgotten stay so.
    pub fn replay(&mut self, line: &[u8], at: u64, time: Instant) {
        let of = time.timestamp();
        let found = self.seconds.iter_mut().find(|second| second.mark.second == of && at >= second.mark.since);
        if let Some(second) = found {
            second.number(key(line), at);
        }
    }

    /// The id of a line that begins at `at` and whose event was at `time`.
    pub fn id(&mut self, line: &[u8], at: u64, time: Instant) -> String {
        let of = time.timestamp();
        let key = key(line);
        let second = match self.seconds.iter().position(|second| second.mark.second == of) {
            Some(place) => self.seconds.remove(place),
            None => Second { mark: Mark { second: of, since: at }, lines: HashMap::new() },
        };
        if self.seconds.len() >= SECONDS_MAX {
            self.seconds.remove(0);
        }
        self.seconds.push(second);
        let number = self.seconds.last_mut().map_or(1, |second| second.number(key, at));
        let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{hex}-{number}")
    }

    /// What to keep so that a later reader can go on.
    pub fn marks(&self) -> Vec<Mark> {
        self.seconds.iter().map(|second| second.mark).collect()
    }
}

impl Second {
    fn number(&mut self, key: [u8; 16], at: u64) -> u32 {
        if self.lines.len() >= LINES_MAX && !self.lines.contains_key(&key) {
            self.lines.clear();
            self.mark.since = at;
        }
        let number = self.lines.entry(key).or_insert(0);
        *number = number.saturating_add(1);
        *number
    }
}

fn key(line: &[u8]) -> [u8; 16] {
    let mut key = [0_u8; 16];
    key.iter_mut().zip(Sha256::digest(line)).for_each(|(to, from)| *to = from);
    key
}

#[cfg(test)]
mod tests {
    use engine::period::Instant;

    use super::{LINES_MAX, Occurrences, SECONDS_MAX};

    fn at(second: usize) -> Instant {
        Instant::from_timestamp(1_796_085_000 + i64::try_from(second).unwrap(), 0).unwrap()
    }

    #[test]
    fn the_same_line_in_one_second_gets_the_next_number() {
        let mut seen = Occurrences::default();
        let ids = [seen.id(b"a", 0, at(0)), seen.id(b"b", 2, at(0)), seen.id(b"a", 4, at(0))];
        // The first 16 bytes of the SHA-256 of "a" and of "b".
        assert_eq!(
            ids,
            [
                "ca978112ca1bbdcafac231b39a23dc4d-1",
                "3e23e8160039594a33894f6564e1b134-1",
                "ca978112ca1bbdcafac231b39a23dc4d-2"
            ]
        );
    }

    /// A log whose lines repeat, jump back and forth in time, and have more seconds than are remembered.
    fn log() -> Vec<(String, u64, usize)> {
        let second = |index: usize| (index / 40 + index * 7 % 5 * 11) % 90;
        (0..4000)
            .map(|index| (format!("line {}", index % 2), 10 * u64::try_from(index).unwrap(), second(index)))
            .collect()
    }

    #[test]
    fn a_reader_that_goes_on_from_marks_numbers_like_one_that_never_stopped() {
        let log = log();
        let mut whole = Occurrences::default();
        let ids: Vec<String> =
            log.iter().map(|(line, place, second)| whole.id(line.as_bytes(), *place, at(*second))).collect();
        assert!(ids.iter().any(|id| id.ends_with("-3")) && whole.seconds.len() == SECONDS_MAX);
        for stop in (0..log.len()).step_by(97) {
            let mut before = Occurrences::default();
            for (line, place, second) in log.iter().take(stop) {
                before.id(line.as_bytes(), *place, at(*second));
            }
            let mut after = Occurrences::resumed(&before.marks());
            let from = after.replay_from().unwrap_or(u64::MAX);
            for (line, place, second) in log.iter().take(stop).filter(|(_, place, _)| *place >= from) {
                after.replay(line.as_bytes(), *place, at(*second));
            }
            let rest: Vec<String> = log
                .iter()
                .skip(stop)
                .map(|(line, place, second)| after.id(line.as_bytes(), *place, at(*second)))
                .collect();
            assert_eq!(rest, ids.iter().skip(stop).cloned().collect::<Vec<_>>(), "{stop}");
        }
    }

    #[test]
    fn memory_is_bounded_in_seconds_and_in_lines_of_one() {
        let mut seen = Occurrences::default();
        for index in 0..LINES_MAX + 10 {
            seen.id(index.to_string().as_bytes(), u64::try_from(index).unwrap(), at(0));
        }
        assert_eq!(seen.seconds.first().map(|second| second.lines.len()), Some(10));
        for second in 0..100 {
            seen.id(b"x", 0, at(second));
        }
        assert_eq!(seen.seconds.len(), SECONDS_MAX);
    }
}
