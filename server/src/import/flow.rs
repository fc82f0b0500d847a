//! Imports a log: reads it whole to see what is broken, then keeps its lines as events, some thousand at a time.
//!
//! Without leave to skip, a log with broken lines imports nothing. A stop in the middle does no harm: run it again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use engine::ids::CustomerId;
use engine::period::Instant;
use engine::usage::Event;
use ledger::{Incoming, Kept};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::combined::{LineProblem, LogLine, is_whole, read};
use crate::db::{Db, DbError};
use crate::ingest::flow::insert_all;

/// The type of the events that come from logs.
pub const EVENT_TYPE: &str = "http.request";

/// A line that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokenLine {
    /// Its number, from 1.
    pub number: u64,
    /// What is wrong.
    pub problem: LineProblem,
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// Lines in the file, empty ones not counted.
    pub lines: u64,
    /// New events.
    pub new: u64,
    /// Events that were there.
    pub known: u64,
    /// Lines whose event contradicts one that is there; they are not counted.
    pub conflicts: u64,
    /// Lines that were skipped.
    pub broken: Vec<BrokenLine>,
    /// Whether the last line has no end yet and is left for the next import.
    pub unfinished: bool,
}

/// Why nothing, or not everything, was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("{} cannot be read: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Lines are broken and nobody said to skip them.
    #[error("{} of {lines} lines cannot be read, so nothing was imported; mend them, or add --skip-broken", .broken.len())]
    Broken {
        /// All lines.
        lines: u64,
        /// Those that cannot be read.
        broken: Vec<BrokenLine>,
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
#[derive(Debug, Clone)]
pub struct Order<'a> {
    /// The file.
    pub file: &'a Path,
    /// The source of the events.
    pub source: &'a str,
    /// Whether lines that cannot be read are left out.
    pub skip_broken: bool,
    /// When the events are received.
    pub now: Instant,
}

/// Lines in one transaction.
const LINES_PER_TRANSACTION: usize = 2000;

/// Imports a log. `progress` is told lines done and lines in all.
pub async fn import(db: &Db, order: &Order<'_>, mut progress: impl FnMut(u64, u64)) -> Result<Imported, ImportError> {
    let mut imported = check(order.file)?;
    if !imported.broken.is_empty() && !order.skip_broken {
        return Err(ImportError::Broken { lines: imported.lines, broken: imported.broken });
    }
    let skipped: BTreeSet<u64> = imported.broken.iter().map(|broken| broken.number).collect();
    let mut occurrences = BTreeMap::new();
    let mut batch = Vec::new();
    let mut done = 0_u64;
    let mut lines = Lines::open(order.file)?;
    while let Some(line) = lines.next()? {
        // A log that grows has lines that were not checked; they are for the next import.
        if done >= imported.lines {
            break;
        }
        done = done.saturating_add(1);
        match read_line(line) {
            Ok(read) => batch.push(event(order.source, line, read, &mut occurrences)),
            Err(_) if skipped.contains(&lines.number) => {}
            Err(_) => return Err(ImportError::Changed(lines.number)),
        }
        if batch.len() >= LINES_PER_TRANSACTION {
            keep(db, order.now, std::mem::take(&mut batch), &mut imported).await?;
            progress(done, imported.lines);
        }
    }
    keep(db, order.now, batch, &mut imported).await?;
    progress(done, imported.lines);
    Ok(imported)
}

fn check(file: &Path) -> Result<Imported, ImportError> {
    let mut imported = Imported::default();
    let mut lines = Lines::open(file)?;
    while let Some(line) = lines.next()? {
        imported.lines = imported.lines.saturating_add(1);
        if let Err(problem) = read_line(line) {
            imported.broken.push(BrokenLine { number: lines.number, problem });
        }
    }
    imported.unfinished = lines.unfinished;
    Ok(imported)
}

/// A line whose client can be billed.
fn read_line(line: &[u8]) -> Result<(CustomerId, LogLine), LineProblem> {
    let read = read(line)?;
    let customer = CustomerId::new(&read.client).map_err(|_| LineProblem::Client)?;
    Ok((customer, read))
}

/// The event of a line. The id is made from its bytes and from how often these came before in the same file.
fn event(
    source: &str,
    line: &[u8],
    (customer, read): (CustomerId, LogLine),
    occurrences: &mut BTreeMap<[u8; 16], u64>,
) -> Incoming {
    let digest = Sha256::digest(line);
    let mut key = [0_u8; 16];
    key.iter_mut().zip(&digest).for_each(|(to, from)| *to = *from);
    let seen = occurrences.entry(key).or_insert(0);
    *seen = seen.saturating_add(1);
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let data = [
        ("api", Value::from(read.api)),
        ("bytes", Value::from(read.bytes.to_string())),
        ("method", Value::from(read.method)),
        ("status", Value::from(read.status)),
    ];
    Incoming::from(Event {
        source: source.to_owned(),
        id: format!("{hex}-{seen}"),
        customer,
        kind: EVENT_TYPE.to_owned(),
        time: read.time,
        data: data.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    })
}

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

/// The lines of a file, one at a time, without their ends. Empty lines are passed over, and so is a last line that may
/// still be being written: as half a line and as a whole one it would be two events.
struct Lines<'a> {
    path: &'a Path,
    reader: BufReader<File>,
    buffer: Vec<u8>,
    number: u64,
    unfinished: bool,
}

impl<'a> Lines<'a> {
    fn open(path: &'a Path) -> Result<Self, ImportError> {
        let file = File::open(path).map_err(|source| ImportError::File { path: path.to_path_buf(), source })?;
        Ok(Self { path, reader: BufReader::new(file), buffer: Vec::new(), number: 0, unfinished: false })
    }

    fn next(&mut self) -> Result<Option<&[u8]>, ImportError> {
        loop {
            self.buffer.clear();
            let read = self.reader.read_until(b'\n', &mut self.buffer);
            let length = read.map_err(|source| ImportError::File { path: self.path.to_path_buf(), source })?;
            if length == 0 {
                return Ok(None);
            }
            self.number = self.number.saturating_add(1);
            let ended = self.buffer.last() == Some(&b'\n');
            while matches!(self.buffer.last(), Some(b'\n' | b'\r')) {
                self.buffer.pop();
            }
            if self.buffer.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            if !ended && !is_whole(&self.buffer) {
                self.unfinished = true;
                return Ok(None);
            }
            return Ok(Some(&self.buffer));
        }
    }
}
