//! An event's identity and content as digests of fixed length.
//!
//! 128 bits of a cryptographic hash name (source, id): nobody can make two that collide, and by chance it takes some
//! 10^19 events. 64 bits of a plain, much faster one tell whether the same identity came with the same content: who made
//! two contents that collide would fool nobody but himself, as the first one stays in any case.

use crate::row::Row;

/// Names (source, id).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Identity(pub(crate) u128);

/// Everything an event says, as a short digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Content(pub(crate) u64);

impl Identity {
    pub(crate) fn of(source: &str, id: &str) -> Self {
        let mut bytes = Vec::with_capacity(source.len().saturating_add(id.len()).saturating_add(8));
        bytes.extend_from_slice(&crate::bytes::length(source.len()).to_le_bytes());
        bytes.extend_from_slice(source.as_bytes());
        bytes.extend_from_slice(id.as_bytes());
        let [first @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = *blake3::hash(&bytes).as_bytes();
        Self(u128::from_be_bytes(first))
    }

    /// The part of 2^`bits` in which it lies, in the order of identities.
    pub(crate) fn part(self, bits: u32) -> usize {
        let part = if bits == 0 { 0 } else { self.0 >> (128 - bits.min(64)) };
        usize::try_from(part).unwrap_or(usize::MAX)
    }

    /// The half that chooses the part.
    pub(crate) fn high(self) -> u64 {
        let [high @ .., _, _, _, _, _, _, _, _] = self.0.to_be_bytes();
        u64::from_be_bytes(high)
    }

    /// The half that does not choose the part.
    pub(crate) fn low(self) -> u64 {
        let [_, _, _, _, _, _, _, _, low @ ..] = self.0.to_be_bytes();
        u64::from_be_bytes(low)
    }
}

impl Content {
    pub(crate) fn of(row: &Row<'_>) -> Self {
        let mut bytes = Vec::with_capacity(256);
        row.put(&mut bytes);
        Self::of_bytes(&bytes)
    }

    /// Of a row's bytes, as they are stored.
    pub(crate) fn of_bytes(bytes: &[u8]) -> Self {
        Self(xxhash_rust::xxh3::xxh3_64(bytes))
    }

    /// What it adds to a day's checksum.
    pub(crate) fn sum_part(self) -> i64 {
        i64::try_from(self.0 & 0xffff_ffff).unwrap_or(0)
    }
}
