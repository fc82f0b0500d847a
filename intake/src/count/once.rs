//! Which rows of a file may be the same event again: those whose ids have the same hash as another's.
//!
//! Whether they are is said elsewhere, by their whole ids and contents; all other rows are told apart here, in 16 bytes a
//! row.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use super::threads::joined;

/// The first half of a SHA-256: nobody can make two that are equal, and by chance it takes some 10^19.
pub(super) type Digest = [u8; 16];

pub(super) fn digest(bytes: &[u8]) -> Digest {
    let mut short = [0; 16];
    short.iter_mut().zip(Sha256::digest(bytes)).for_each(|(to, from)| *to = from);
    short
}

/// Names (source, id), so that `a` and `bc` are not `ab` and `c`.
pub(super) fn identity(source: &str, id: &str) -> Digest {
    digest(format!("{}:{source}{id}", source.len()).as_bytes())
}

/// Rows are put apart by the first bits of their hashes: a table of one part lies in the processor's cache.
const PARTS: usize = 256;

/// The hashes of ids with the numbers of their rows.
#[derive(Debug)]
pub(super) struct Hashes {
    parts: Vec<Vec<(u64, u64)>>,
}

impl Hashes {
    /// With room for so many rows.
    pub(super) fn of(rows: usize) -> Self {
        // A sixteenth more, for parts that are larger than others.
        let room = rows / PARTS + rows / PARTS / 16 + 16;
        Self { parts: (0..PARTS).map(|_| Vec::with_capacity(room)).collect() }
    }

    #[inline]
    pub(super) fn put(&mut self, id: &[u8], row: u64) {
        let hash = xxhash_rust::xxh3::xxh3_64(id);
        let [.., first] = hash.to_le_bytes();
        if let Some(part) = self.parts.get_mut(usize::from(first)) {
            part.push((hash, row));
        }
    }
}

/// The rows that may be repetitions or repeated, in order, of hashes that several have gathered.
pub(super) fn suspects(gathered: Vec<Hashes>, threads: usize) -> Vec<u64> {
    let gathered = &gathered;
    let of_parts = move |parts: std::ops::Range<usize>| {
        let mut suspects = Vec::new();
        let mut rows: HashMap<u64, u64, rustc_hash::FxBuildHasher> = HashMap::default();
        for part in parts {
            rows.clear();
            for (hash, row) in gathered.iter().filter_map(|hashes| hashes.parts.get(part)).flatten() {
                if let Some(other) = rows.insert(*hash, *row) {
                    suspects.extend([other, *row]);
                }
            }
        }
        suspects
    };
    let share = PARTS.div_ceil(threads.max(1));
    let mut suspects: Vec<u64> = std::thread::scope(|scope| {
        let starts = (0..PARTS).step_by(share.max(1));
        let part = |start| scope.spawn(move || of_parts(start..(start + share).min(PARTS)));
        let workers: Vec<_> = starts.map(part).collect();
        workers.into_iter().flat_map(joined).collect()
    });
    suspects.sort_unstable();
    suspects.dedup();
    suspects
}
