//! Imports a file: reads it whole to see what is broken, then keeps its lines as events, some thousand at a time.
//!
//! Without leave to skip, a file with broken lines imports nothing. A stop in the middle does no harm: run it again.

use std::path::Path;

use engine::period::Instant;
use intake::files::{Events, FileError, LINE_BYTES_MAX, Outcome, Reading};
use intake::{LineProblem, Mapping};
use ledger::{Incoming, Kept};

use crate::db::{Db, DbError};
use crate::ingest::flow::insert_all;

/// A line that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenLine {
    /// Its number, from 1.
    pub number: u64,
    /// What is wrong.
    pub problem: LineProblem,
}

/// All lines that cannot be read, of which the first are told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Broken {
    /// How many.
    pub count: u64,
    /// The first ones.
    pub first: Vec<BrokenLine>,
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// Lines in the file, empty ones not counted.
    pub lines: u64,
    /// Lines that the mapping does not count.
    pub passed_over: u64,
    /// New events.
    pub new: u64,
    /// Events that were there.
    pub known: u64,
    /// Lines whose event contradicts one that is there; they are not counted.
    pub conflicts: u64,
    /// Lines that were skipped.
    pub broken: Broken,
    /// Whether the last line has no end yet and is left for the next import.
    pub unfinished: bool,
}

/// Why nothing, or not everything, was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// Lines are broken and nobody said to skip them.
    #[error("{} of {lines} lines cannot be read, so nothing was imported; mend them, or add --skip-broken", .broken.count)]
    Broken {
        /// All lines.
        lines: u64,
        /// Those that cannot be read.
        broken: Broken,
    },
    /// The file was changed while it was read.
    #[error(
        "line {0} has changed since the file was checked; import a file that nobody writes to (a copy, or a rotated log)"
    )]
    Changed(u64),
    /// The database refused. What was kept before stays; run the import again for the rest.
    #[error("{source}. {kept} lines were kept before; run the import again for the rest")]
    Db {
        /// How many lines are safe.
        kept: u64,
        /// Why.
        source: DbError,
    },
}

/// How an import is to be done.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// The file.
    pub file: &'a Path,
    /// What its lines mean.
    pub mapping: &'a Mapping,
    /// The source of the events.
    pub source: &'a str,
    /// Whether lines that cannot be read are left out.
    pub skip_broken: bool,
    /// Whether nobody writes to the file any more, so that a last line without end is taken.
    pub is_finished: bool,
    /// When the events are received.
    pub now: Instant,
}

/// Lines that are kept at once.
const LINES_AT_ONCE: usize = 2000;

/// How many broken lines are remembered to be told.
const BROKEN_TOLD: usize = 20;

/// Imports a file. `progress` is told lines done and lines in all.
pub async fn import(db: &Db, order: &Order<'_>, mut progress: impl FnMut(u64, u64)) -> Result<Imported, ImportError> {
    let mut imported = check(order)?;
    if imported.broken.count > 0 && !order.skip_broken {
        return Err(ImportError::Broken { lines: imported.lines, broken: imported.broken });
    }
    let (mut batch, mut done, mut broken) = (Vec::new(), 0_u64, 0_u64);
    let mut events = open(order)?;
    // A log that grows has lines that were not checked; they are for the next import.
    while done < imported.lines {
        let Some(item) = events.read()? else { break };
        done = done.saturating_add(1);
        match item.outcome {
            Outcome::Event(event) => batch.push(Incoming::from(event)),
            Outcome::PassedOver => {}
            Outcome::Problem(_) => {
                broken = broken.saturating_add(1);
                if broken > imported.broken.count {
                    return Err(ImportError::Changed(item.line));
                }
            }
        }
        if batch.len() >= LINES_AT_ONCE {
            keep(db, order.now, std::mem::take(&mut batch), &mut imported).await?;
            progress(done, imported.lines);
        }
    }
    keep(db, order.now, batch, &mut imported).await?;
    progress(done, imported.lines);
    Ok(imported)
}

fn open<'a>(order: &Order<'a>) -> Result<Events<'a>, FileError> {
    let Order { file, mapping, source, is_finished, .. } = *order;
    Events::open(file, Reading { mapping, source, line_bytes_max: LINE_BYTES_MAX, is_finished })
}

fn check(order: &Order<'_>) -> Result<Imported, ImportError> {
    let mut imported = Imported::default();
    let mut events = open(order)?;
    while let Some(item) = events.read()? {
        imported.lines = imported.lines.saturating_add(1);
        match item.outcome {
            Outcome::Event(_) => {}
            Outcome::PassedOver => imported.passed_over = imported.passed_over.saturating_add(1),
            Outcome::Problem(problem) => {
                imported.broken.count = imported.broken.count.saturating_add(1);
                if imported.broken.first.len() < BROKEN_TOLD {
                    imported.broken.first.push(BrokenLine { number: item.line, problem });
                }
            }
        }
    }
    imported.unfinished = events.is_unfinished();
    Ok(imported)
}

/// The only place where an import touches the store.
async fn keep(db: &Db, now: Instant, batch: Vec<Incoming>, imported: &mut Imported) -> Result<(), ImportError> {
    if batch.is_empty() {
        return Ok(());
    }
    let kept_before = imported.new.saturating_add(imported.known);
    let kept = insert_all(db, batch, now).await.map_err(|source| ImportError::Db { kept: kept_before, source })?;
    for kept in kept {
        let counter = match kept {
            Kept::New => &mut imported.new,
            Kept::Same => &mut imported.known,
            Kept::Conflict | Kept::NoTarget | Kept::ChangedBefore => &mut imported.conflicts,
        };
        *counter = counter.saturating_add(1);
    }
    Ok(())
}
