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
///
/// A cell's texts become numbers first, so that rows are compared by one number that stands beside the row's own: a long
/// list then costs one look into memory that is far away, not one for each text.
#[derive(Debug, Clone)]
pub(super) struct Index {
    width: usize,
    texts: Vec<Box<str>>,
    /// The numbers of the texts.
    numbers: HashTable<u32>,
    /// For each row its values, as numbers of `texts`.
    keys: Vec<u32>,
    /// The sets of attributes that rows name, the largest first.
    masks: Vec<Mask>,
    /// Whether equal numbers of rows mean equal values; otherwise the values are compared too.
    is_exact: bool,
    rows: HashTable<Slot>,
}

/// A row and the number that its values make.
#[derive(Debug, Clone, Copy)]
struct Slot {
    packed: u64,
    row: u32,
}

pub(super) fn at(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl Index {
    /// Of rows whose keys stand one after the other, `width` values each, as numbers of `texts`.
    pub(super) fn new(width: usize, texts: Vec<Box<str>>, keys: Vec<u32>) -> Self {
        let mut numbers = HashTable::with_capacity(texts.len());
        let hash_of = |number: &u32| texts.get(at(*number)).map_or(0, |text| hash(&**text));
        for number in (0_u32..).zip(&texts).map(|(number, _)| number) {
            numbers.insert_unique(hash_of(&number), number, hash_of);
        }
        let is_exact = u32::try_from(width).ok().and_then(|width| radix(&texts).checked_pow(width)).is_some();
        let mut index = Self { width, texts, numbers, keys, masks: Vec::new(), is_exact, rows: HashTable::new() };
        let slots: Vec<(Slot, Mask)> = (0_u32..)
            .zip(index.keys.chunks(width.max(1)))
            .map(|(row, key)| (Slot { packed: index.packed(mask_of(key), key), row }, mask_of(key)))
            .collect();
        let hash_of = |slot: &Slot| hash(&slot.packed);
        index.rows.reserve(slots.len(), hash_of);
        for (slot, mask) in slots {
            index.rows.insert_unique(hash_of(&slot), slot, hash_of);
            if !index.masks.contains(&mask) {
                index.masks.push(mask);
            }
        }
        index.masks.sort_by_key(|mask| (std::cmp::Reverse(mask.count_ones()), *mask));
        index
    }

    /// The row with the most named attributes among those that match the cell.
    pub(super) fn find(&self, cell: &[&str]) -> Option<u32> {
        if cell.len() != self.width {
            return None;
        }
        let values: ArrayVec<u32, ATTRIBUTES_MAX> =
            cell.iter().take(ATTRIBUTES_MAX).map(|text| self.number(text).unwrap_or(ANY_VALUE)).collect();
        // Rows that name an attribute whose value is in no row cannot match.
        let known = mask_of(&values);
        let look = |mask: &Mask| {
            let packed = self.packed(*mask, &values);
            let is_same =
                |slot: &Slot| slot.packed == packed && (self.is_exact || self.matches(slot.row, *mask, &values));
            self.rows.find(hash(&packed), is_same).map(|slot| slot.row)
        };
        self.masks.iter().filter(|mask| **mask & known == **mask).find_map(look)
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

    fn number(&self, text: &str) -> Option<u32> {
        let is_same = |number: &u32| self.texts.get(at(*number)).is_some_and(|own| **own == *text);
        self.numbers.find(hash(text), is_same).copied()
    }

    /// The values that `mask` names as the digits of one number, where 0 is any; it is cut where it does not fit.
    fn packed(&self, mask: Mask, values: &[u32]) -> u64 {
        let radix = radix(&self.texts);
        values.iter().zip(BITS).fold(0_u64, |packed, (value, bit)| {
            let digit = if mask & bit == 0 { 0 } else { u64::from(*value).wrapping_add(1) };
            packed.wrapping_mul(radix).wrapping_add(digit)
        })
    }

    fn matches(&self, row: u32, mask: Mask, values: &[u32]) -> bool {
        let named = |bit: Mask, value: u32| if mask & bit == 0 { ANY_VALUE } else { value };
        self.key(row).iter().zip(values).zip(BITS).all(|((own, value), bit)| *own == named(bit, *value))
    }
}

/// One digit for each text and one for any.
fn radix(texts: &[Box<str>]) -> u64 {
    u64::try_from(texts.len()).map_or(u64::MAX, |texts| texts.saturating_add(1))
}

/// Which attributes a row names.
pub(super) fn mask_of(key: &[u32]) -> Mask {
    let named = key.iter().zip(BITS).filter(|(value, _)| **value != ANY_VALUE);
    named.fold(0, |mask, (_, bit)| mask | bit)
}

fn hash<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = FxHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::{ANY_VALUE, Index};

    /// 70,000 texts and eight attributes make a number that 64 bits do not hold; some of these agree in what is left of it.
    #[test]
    fn values_whose_number_is_cut_are_compared_one_by_one() {
        let texts: Vec<Box<str>> = (0..70_000).map(|number| number.to_string().into()).collect();
        let key = |row: u32| [row, 69_999, ANY_VALUE, row / 2, 0, ANY_VALUE, row % 3, 69_999 - row];
        let index = Index::new(8, texts, (0..1_000).flat_map(key).collect());
        assert!(!index.is_exact);
        for row in 0..1_000 {
            let cell = key(row).map(|value| if value == ANY_VALUE { "new".to_owned() } else { value.to_string() });
            let mut cell: Vec<&str> = cell.iter().map(String::as_str).collect();
            assert_eq!(index.find(&cell), Some(row));
            cell[0] = "69998";
            assert_eq!(index.find(&cell), None);
        }
    }

    #[test]
    fn cell_of_another_width_has_no_row() {
        let index = Index::new(2, vec!["a".into()], vec![0, ANY_VALUE]);
        assert_eq!(index.find(&["a"]), None);
        assert_eq!(index.find(&["a", "b", "c"]), None);
        assert_eq!(index.find(&["a", "b"]), Some(0));
        assert_eq!(index.find(&["b", "a"]), None);
    }
}
