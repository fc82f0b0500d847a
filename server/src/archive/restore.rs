//! Brings the events of an archive back, each once: what is there already stays, what is voided is voided again.
//!
//! When they were received is new: it says when they came back.

use std::path::Path;

use engine::period::Instant;
use ledger::{Change, Incoming, Kept};

use super::error::ArchiveError;
use super::export::Events;
use super::manifest::Manifest;
use super::row::ArchivedEvent;
use crate::db::Db;
use crate::ingest::flow::insert_all;

/// What an import did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Restored {
    /// Events in the file.
    pub events: u64,
    /// New ones.
    pub new: u64,
    /// Those that were there.
    pub known: u64,
    /// Those that contradict one that is there, and changes that can no longer be made.
    pub conflicts: u64,
}

/// Events in one commit.
const COMMIT_EVENTS: usize = 2000;

/// Changes in one commit: each looks for its event.
const COMMIT_CHANGES: usize = 100;

/// Imports an archive. If its manifest lies beside it, the file must be as it was written.
pub async fn restore(
    db: &Db,
    path: &Path,
    now: Instant,
    mut progress: impl FnMut(u64, u64) + Send,
) -> Result<Restored, ArchiveError> {
    let mut total = 0;
    if let Some(manifest) = Manifest::of(path)? {
        manifest.check(path)?;
        total = u64::try_from(manifest.rows).unwrap_or(0);
    }
    let mut restored = Restored::default();
    let mut changes: Vec<(i64, Incoming)> = Vec::new();
    let mut events = Events::named(path)?;
    while let Some(some) = events.next()? {
        let mut usage = Vec::new();
        for event in some {
            restored.events = restored.events.saturating_add(1);
            let (seq, incoming) = read(path, restored.events, event)?;
            match incoming.change {
                Change::None => usage.push(incoming),
                // They come after the event that they change.
                Change::Voids(_) | Change::Amends(_) => changes.push((seq, incoming)),
            }
        }
        for batch in usage.chunks(COMMIT_EVENTS) {
            let kept = insert_all(db, batch.to_vec(), now).await?;
            kept.into_iter().for_each(|kept| restored.count(kept));
        }
        progress(restored.events, total.max(restored.events));
    }
    restore_changes(db, changes, (&mut restored, now)).await?;
    Ok(restored)
}

fn read(path: &Path, row: u64, event: ArchivedEvent) -> Result<(i64, Incoming), ArchiveError> {
    let seq = event.seq;
    let incoming = event.incoming().map_err(|what| ArchiveError::Row { path: path.to_path_buf(), row, what })?;
    Ok((seq, incoming))
}

/// In the order of their commits; those of one commit may wait for one another.
async fn restore_changes(
    db: &Db,
    mut changes: Vec<(i64, Incoming)>,
    (restored, now): (&mut Restored, Instant),
) -> Result<(), ArchiveError> {
    changes.sort_by_key(|(seq, _)| *seq);
    let mut waiting: Vec<Incoming> = changes.into_iter().map(|(_, incoming)| incoming).collect();
    loop {
        let mut left = Vec::new();
        let before = waiting.len();
        for batch in waiting.chunks(COMMIT_CHANGES) {
            let kept = insert_all(db, batch.to_vec(), now).await?;
            for (incoming, kept) in batch.iter().zip(kept) {
                match kept {
                    Kept::NoTarget => left.push(incoming.clone()),
                    Kept::New | Kept::Same | Kept::Conflict | Kept::ChangedBefore => restored.count(kept),
                }
            }
        }
        if left.len() == before {
            // No round can bring more.
            left.iter().for_each(|_| restored.count(Kept::NoTarget));
            return Ok(());
        }
        waiting = left;
    }
}

impl Restored {
    fn count(&mut self, kept: Kept) {
        let counter = match kept {
            Kept::New => &mut self.new,
            Kept::Same => &mut self.known,
            Kept::Conflict | Kept::NoTarget | Kept::ChangedBefore => &mut self.conflicts,
        };
        *counter = counter.saturating_add(1);
    }
}
