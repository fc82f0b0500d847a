//! Counts what a file holds, each event once, for all customers at the same time: what their bills would be made from.
//!
//! Keeps no event and knows no price. Parquet files without flaws are counted by their columns, which is much faster;
//! everything else row by row. Both give the same, and a law test holds them to it.

mod by_column;
mod columns;
mod once;
mod one_by_one;
mod plan;
mod row;
mod threads;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use engine::ids::CustomerId;
use engine::usage::{Crowd, MeterError, Meters, Span};

use crate::files::{FileError, Reading};
use crate::line_problem::LineProblem;
use crate::mapping::{Content, Format};

/// What was counted.
#[derive(Debug)]
pub struct Counted {
    /// The customers, in the order of their numbers in the crowd.
    pub customers: Vec<CustomerId>,
    /// What their meters counted.
    pub crowd: Crowd,
    /// What became of the lines.
    pub seen: Seen,
}

/// What became of the lines or rows of a file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seen {
    /// All of them, empty ones not counted.
    pub lines: u64,
    /// Those that the mapping passes over.
    pub passed_over: u64,
    /// Events that a meter counts.
    pub counted: u64,
    /// Events that came before and count once.
    pub repeated: u64,
    /// Events of another time than is counted.
    pub outside: u64,
    /// Events that no meter counts.
    pub unmetered: u64,
    /// Lines that cannot be counted.
    pub flawed: u64,
    /// The first of these.
    pub flaws: Vec<(u64, Flaw)>,
    /// Whether the last line had no end and was left.
    pub is_unfinished: bool,
}

/// Why a line cannot be counted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Flaw {
    /// It is no event.
    #[error(transparent)]
    Line(#[from] LineProblem),
    /// A meter cannot read it; then no meter counts it.
    #[error(transparent)]
    Meter(#[from] MeterError),
    /// Another event of its source and id came before, and that one counts.
    #[error("event {id} of {source_name} came before with other content; the first one counts")]
    Contradicts {
        /// Who reports it.
        source_name: String,
        /// Its id.
        id: String,
    },
}

/// Why a file cannot be counted.
#[derive(Debug, thiserror::Error)]
pub enum CountError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// What parts of it came to cannot be added up.
    #[error(transparent)]
    Meter(#[from] MeterError),
}

/// So many flaws are told.
const FLAWS_TOLD: usize = 20;

/// What events are counted by.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The meters of a book.
    pub meters: Arc<Meters>,
    /// The time that counts.
    pub span: Span,
}

impl Rules {
    fn crowd(&self) -> Crowd {
        Crowd::of(Arc::clone(&self.meters), self.span)
    }
}

/// Counts a file.
pub fn count(path: &Path, reading: Reading<'_>, rules: &Rules) -> Result<Counted, CountError> {
    if let Content::Mapped { format: Format::Parquet, rule } = &reading.mapping.content
        && let Some(counted) = by_column::count(path, (rule, reading.source), rules)?
    {
        return Ok(counted);
    }
    one_by_one::count(path, reading, rules)
}

impl Seen {
    fn flaw(&mut self, line: u64, flaw: impl Into<Flaw>) {
        self.flawed = self.flawed.saturating_add(1);
        if self.flaws.len() < FLAWS_TOLD {
            self.flaws.push((line, flaw.into()));
        }
    }

    /// Notes what became of an event that is no repetition.
    fn event(&mut self, meters: u32, is_inside: bool) {
        let count = match (meters, is_inside) {
            (1.., _) => &mut self.counted,
            (0, false) => &mut self.outside,
            (0, true) => &mut self.unmetered,
        };
        *count = count.saturating_add(1);
    }

    /// Adds what became of other lines, of which none has a flaw.
    fn add(&mut self, other: &Self) {
        let Self { lines, passed_over, counted, repeated, outside, unmetered, flawed, flaws: _, is_unfinished: _ } =
            self;
        for (count, more) in [
            (lines, other.lines),
            (passed_over, other.passed_over),
            (counted, other.counted),
            (repeated, other.repeated),
            (outside, other.outside),
            (unmetered, other.unmetered),
            (flawed, other.flawed),
        ] {
            *count = count.saturating_add(more);
        }
    }
}

/// Numbers customers in the order in which they come.
#[derive(Debug, Default)]
struct People {
    numbers: BTreeMap<CustomerId, u32>,
    names: Vec<CustomerId>,
}

impl People {
    fn number(&mut self, customer: &CustomerId) -> u32 {
        if let Some(number) = self.numbers.get(customer) {
            return *number;
        }
        // A crowd of four thousand millions would not fit into memory long before.
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.numbers.insert(customer.clone(), number);
        self.names.push(customer.clone());
        number
    }
}

#[cfg(test)]
mod tests;
