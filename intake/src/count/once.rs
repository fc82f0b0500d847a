//! Which rows of a file are the same event again, as far as their ids say it; what they contain is compared elsewhere.
//!
//! Rows are told apart by 128 bits of a hash that nobody outside can foresee, in 24 bytes a row.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use xxhash_rust::xxh3::xxh3_128_with_seed;

use super::threads::joined;

/// A hash of something, of which no two are equal by chance in this world.
pub(super) type Digest = u128;

/// Makes hashes that are others in every run: nobody can prepare ids that have the same one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hasher(u64);

impl Hasher {
    pub(super) fn new() -> Self {
        Self(RandomState::new().hash_one(0))
    }

    #[inline]
    pub(super) fn of(self, bytes: &[u8]) -> Digest {
        xxh3_128_with_seed(bytes, self.0)
    }

    /// Names (source, id), so that `a` and `bc` are not `ab` and `c`.
    pub(super) fn identity(self, source: &str, id: &str) -> Digest {
        self.of(format!("{}:{source}{id}", source.len()).as_bytes())
    }
}

/// Rows are put apart by the first bits of their hashes: a table of one part lies in the processor's cache.
const PARTS: usize = 256;

/// The hash of a row's id in two halves, and the row's number.
type Entry = (u64, u64, u64);

/// The hashes of ids with the numbers of their rows.
#[derive(Debug)]
pub(super) struct Hashes {
    hasher: Hasher,
    parts: Vec<Vec<Entry>>,
}

/// A row whose id comes several times, and the id's hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Suspect {
    pub(super) row: u64,
    pub(super) id: Digest,
}

impl Hashes {
    /// With room for so many rows.
    pub(super) fn of(rows: usize, hasher: Hasher) -> Self {
        // A sixteenth more, for parts that are larger than others.
        let room = rows / PARTS + rows / PARTS / 16 + 16;
        Self { hasher, parts: (0..PARTS).map(|_| Vec::with_capacity(room)).collect() }
    }

    #[inline]
    pub(super) fn put(&mut self, id: &[u8], row: u64) {
        let hash = self.hasher.of(id);
        let [low, high] = halves(hash);
        let [.., first] = high.to_le_bytes();
        if let Some(part) = self.parts.get_mut(usize::from(first)) {
            part.push((low, high, row));
        }
    }
}

fn halves(hash: u128) -> [u64; 2] {
    let [a, b, c, d, e, f, g, h, high @ ..] = hash.to_le_bytes();
    [u64::from_le_bytes([a, b, c, d, e, f, g, h]), u64::from_le_bytes(high)]
}

fn whole(low: u64, high: u64) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

/// The rows whose ids come several times, in order, of hashes that several threads have gathered.
pub(super) fn suspects(gathered: &[Hashes], threads: usize) -> Vec<Suspect> {
    let of_parts = |parts: std::ops::Range<usize>| {
        let mut suspects = Vec::new();
        let mut rows: HashMap<u64, (u64, u64), rustc_hash::FxBuildHasher> = HashMap::default();
        for part in parts {
            rows.clear();
            for (low, high, row) in gathered.iter().filter_map(|hashes| hashes.parts.get(part)).flatten() {
                // Where only halves are equal, both are looked at more closely, and found to be two.
                if let Some((other_high, other)) = rows.insert(*low, (*high, *row)) {
                    suspects.push(Suspect { row: other, id: whole(*low, other_high) });
                    suspects.push(Suspect { row: *row, id: whole(*low, *high) });
                }
            }
        }
        suspects
    };
    let share = PARTS.div_ceil(threads.max(1));
    let mut suspects: Vec<Suspect> = std::thread::scope(|scope| {
        let starts = (0..PARTS).step_by(share.max(1));
        let of_parts = &of_parts;
        let part = |start| scope.spawn(move || of_parts(start..(start + share).min(PARTS)));
        let workers: Vec<_> = starts.map(part).collect();
        workers.into_iter().flat_map(joined).collect()
    });
    suspects.sort_unstable_by_key(|suspect| suspect.row);
    suspects.dedup_by_key(|suspect| suspect.row);
    suspects
}
