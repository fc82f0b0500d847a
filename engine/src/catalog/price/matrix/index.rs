//! Finds the row of a cell in one look for each kind of row, whatever the number of rows.
//!
//! The hash is the same in every run and its order is never seen: the index only answers which row, never which rows.

use std::hash::{Hash, Hasher};

use arrayvec::ArrayVec;
use hashbrown::HashTable;
use rustc_hash::FxHasher;

use super::{ANY, ATTRIBUTES_MAX};

/// Which attributes a row names, one bit each.
pub(super) type Mask = u8;

/// The bit of each attribute.
pub(super) const BITS: [Mask; ATTRIBUTES_MAX] = [1, 2, 4, 8, 16, 32, 64, 128];

/// In a row's key: any value.
pub(super) const ANY_VALUE: u32 = u32::MAX;

/// The rows' values, each distinct one kept once, and where to find a row.
#[derive(Debug, Clone)]
pub(super) struct Index {
    width: usize,
    texts: Vec<Box<str>>,
    /// For each row its values, as numbers of `texts`.
    keys: Vec<u32>,
    /// The sets of attributes that rows name, the largest first.
    masks: Vec<Mask>,
    table: HashTable<u32>,
}

pub(super) fn at(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl Index {
    /// Of rows whose keys stand one after the other, `width` values each, as numbers of `texts`.
    pub(super) fn new(width: usize, texts: Vec<Box<str>>, keys: Vec<u32>) -> Self {
        let mut index = Self { width, texts, keys, masks: Vec::new(), table: HashTable::new() };
        let rows: Vec<(u64, Mask)> = index.keys.chunks(width.max(1)).map(|key| index.row_hash(key)).collect();
        let hash_of = |row: &u32| rows.get(at(*row)).map_or(0, |(hash, _)| *hash);
        index.table.reserve(rows.len(), hash_of);
        for (row, (hash, mask)) in (0_u32..).zip(&rows) {
            index.table.insert_unique(*hash, row, hash_of);
            if !index.masks.contains(mask) {
                index.masks.push(*mask);
            }
        }
        index.masks.sort_by_key(|mask| (std::cmp::Reverse(mask.count_ones()), *mask));
        index
    }

    /// The row with the most named attributes among those that match the cell.
    pub(super) fn find(&self, cell: &[&str]) -> Option<u32> {
        let hashes: ArrayVec<u64, ATTRIBUTES_MAX> = cell.iter().take(ATTRIBUTES_MAX).map(|text| hash(text)).collect();
        let look = |mask: &Mask| {
            let found = self.table.find(combined(*mask, &hashes), |row| self.matches(*row, *mask, cell));
            found.copied()
        };
        self.masks.iter().find_map(look)
    }

    /// A row's values, `"*"` for any.
    pub(super) fn values(&self, row: u32) -> Vec<&str> {
        self.key(row).iter().map(|value| self.text(*value)).collect()
    }

    fn key(&self, row: u32) -> &[u32] {
        let start = at(row).saturating_mul(self.width);
        self.keys.get(start..start.saturating_add(self.width)).unwrap_or_default()
    }

    /// The text of a value; `"*"` for any.
    fn text(&self, value: u32) -> &str {
        self.texts.get(at(value)).map_or(ANY, |text| text)
    }

    fn matches(&self, row: u32, mask: Mask, cell: &[&str]) -> bool {
        let key = self.key(row);
        key.len() == cell.len()
            && key.iter().zip(cell).zip(BITS).all(|((value, text), bit)| match mask & bit {
                0 => *value == ANY_VALUE,
                _ => self.texts.get(at(*value)).is_some_and(|own| **own == **text),
            })
    }

    fn row_hash(&self, key: &[u32]) -> (u64, Mask) {
        let hashes: ArrayVec<u64, ATTRIBUTES_MAX> =
            key.iter().take(ATTRIBUTES_MAX).map(|value| hash(self.text(*value))).collect();
        let mask = mask_of(key);
        (combined(mask, &hashes), mask)
    }
}

/// Which attributes a row names.
pub(super) fn mask_of(key: &[u32]) -> Mask {
    let named = key.iter().zip(BITS).filter(|(value, _)| **value != ANY_VALUE);
    named.fold(0, |mask, (_, bit)| mask | bit)
}

fn hash(text: &str) -> u64 {
    let mut hasher = FxHasher::default();
    text.hash(&mut hasher);
    hasher.finish()
}

fn combined(mask: Mask, hashes: &[u64]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u8(mask);
    for (value, bit) in hashes.iter().zip(BITS) {
        if mask & bit != 0 {
            hasher.write_u64(*value);
        }
    }
    hasher.finish()
}
