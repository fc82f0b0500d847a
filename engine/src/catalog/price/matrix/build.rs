//! From rows as typed to rows that can be looked up: in the order of their values, and no cell with two prices.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::index::{ANY_VALUE, BITS, Index, Mask, mask_of};
use super::problem::MatrixProblem;
use super::{ANY, CellPrice};

/// A row as it was typed.
#[derive(Debug)]
pub(super) struct TypedRow {
    /// One value for each attribute, `"*"` for any.
    pub(super) values: Vec<String>,
    pub(super) price: CellPrice,
    /// Its place in the typed list.
    pub(super) typed: usize,
}

/// A problem and the place of its row in the typed list.
pub(super) type RowProblem = (usize, MatrixProblem);

/// Rows sorted and indexed; `possible` are the values that each attribute can have, `None` where any can come.
pub(super) fn build(
    possible: &[Option<Vec<String>>],
    mut rows: Vec<TypedRow>,
) -> Result<(Index, Vec<CellPrice>), Vec<RowProblem>> {
    let width = possible.len();
    rows.sort_by(|a, b| a.values.cmp(&b.values));
    let (texts, keys) = numbered(&rows);
    let check = Check { rows: &rows, keys: keys.chunks(width.max(1)).collect(), texts: &texts };
    let mut problems = check.twins();
    if problems.is_empty() {
        problems = check.ambiguous();
        problems.extend(check.covered(possible));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok((Index::new(width, texts, keys), rows.into_iter().map(|row| row.price).collect()))
}

/// The distinct values, and the rows' values as their numbers.
fn numbered(rows: &[TypedRow]) -> (Vec<Box<str>>, Vec<u32>) {
    let mut numbers: BTreeMap<&str, u32> = BTreeMap::new();
    let mut texts: Vec<Box<str>> = Vec::new();
    let mut keys = Vec::new();
    for value in rows.iter().flat_map(|row| &row.values) {
        if value == ANY {
            keys.push(ANY_VALUE);
            continue;
        }
        let number = *numbers.entry(value).or_insert_with(|| {
            texts.push(value.as_str().into());
            u32::try_from(texts.len()).unwrap_or(ANY_VALUE).saturating_sub(1)
        });
        keys.push(number);
    }
    (texts, keys)
}

struct Check<'r> {
    rows: &'r [TypedRow],
    keys: Vec<&'r [u32]>,
    texts: &'r [Box<str>],
}

impl Check<'_> {
    /// Rows with the same values; sorted rows have theirs beside them.
    fn twins(&self) -> Vec<RowProblem> {
        let twin = |pair: &[TypedRow]| match pair {
            [first, second] if first.values == second.values => {
                let (earlier, later) = (first.typed.min(second.typed), first.typed.max(second.typed));
                let problem = MatrixProblem::DuplicateRow {
                    row: number(later),
                    other: number(earlier),
                    cell: second.values.join(", "),
                };
                Some((later, problem))
            }
            _ => None,
        };
        self.rows.windows(2).filter_map(twin).collect()
    }

    /// Two rows that name equally many attributes, but not the same ones, and match the same cells, unless a row for just
    /// these cells decides. At most one problem for each row, at the one that was typed later.
    fn ambiguous(&self) -> Vec<RowProblem> {
        let mut by_mask: BTreeMap<Mask, Vec<usize>> = BTreeMap::new();
        for (row, key) in self.keys.iter().enumerate() {
            by_mask.entry(mask_of(key)).or_default().push(row);
        }
        let masks: Vec<Mask> = by_mask.keys().copied().collect();
        if masks.len() < 2 {
            return Vec::new();
        }
        let known: BTreeMap<&[u32], usize> = self.keys.iter().enumerate().map(|(row, key)| (*key, row)).collect();
        let mut problems: BTreeMap<usize, MatrixProblem> = BTreeMap::new();
        for (index, a) in masks.iter().enumerate() {
            for b in masks.iter().skip(index.saturating_add(1)).filter(|b| b.count_ones() == a.count_ones()) {
                let of = |mask: &Mask| by_mask.get(mask).map(Vec::as_slice).unwrap_or_default();
                for (row, other, cell) in self.undecided(of(a), of(b), a & b, &known) {
                    let (other, row) = if self.typed(row) < self.typed(other) { (row, other) } else { (other, row) };
                    if let Entry::Vacant(entry) = problems.entry(row) {
                        entry.insert(self.ambiguity(row, other, &cell));
                    }
                }
            }
        }
        let typed = |(row, problem): (usize, MatrixProblem)| self.rows.get(row).map(|row| (row.typed, problem));
        problems.into_iter().filter_map(typed).collect()
    }

    /// Rows for any value of an attribute all of whose values have rows of their own.
    fn covered(&self, possible: &[Option<Vec<String>>]) -> Vec<RowProblem> {
        let closed = possible.iter().enumerate().filter_map(|(place, values)| Some((place, values.as_ref()?)));
        let closed: Vec<(usize, &Vec<String>)> = closed.collect();
        if closed.is_empty() {
            return Vec::new();
        }
        let known: BTreeSet<Vec<&str>> =
            self.rows.iter().map(|row| row.values.iter().map(String::as_str).collect()).collect();
        let covered = |row: &TypedRow| {
            let (_, values) = closed.iter().find(|(place, values)| {
                let any = row.values.get(*place).is_some_and(|value| value == ANY);
                any && values.iter().all(|value| known.contains(&with(&row.values, *place, value)))
            })?;
            let (row, cell) = (row.typed, row.values.join(", "));
            Some((row, MatrixProblem::CoveredRow { row: number(row), cell, values: (*values).clone() }))
        };
        self.rows.iter().filter_map(covered).collect()
    }

    /// For each row of `second` the first of `first` that matches cells of it which no row of their own decides.
    fn undecided(
        &self,
        first: &[usize],
        second: &[usize],
        shared: Mask,
        known: &BTreeMap<&[u32], usize>,
    ) -> Vec<(usize, usize, Vec<u32>)> {
        let mut partners: BTreeMap<Vec<u32>, Vec<usize>> = BTreeMap::new();
        for row in first {
            partners.entry(only(self.key(*row), shared)).or_default().push(*row);
        }
        let undecided = |row: &usize| {
            let candidates = partners.get(&only(self.key(*row), shared))?;
            candidates.iter().find_map(|other| {
                let cell = both(self.key(*row), self.key(*other));
                (!known.contains_key(cell.as_slice())).then_some((*row, *other, cell))
            })
        };
        second.iter().filter_map(undecided).collect()
    }

    fn key(&self, row: usize) -> &[u32] {
        self.keys.get(row).copied().unwrap_or_default()
    }

    fn typed(&self, row: usize) -> usize {
        self.rows.get(row).map_or(0, |row| row.typed)
    }

    fn ambiguity(&self, row: usize, other: usize, cell: &[u32]) -> MatrixProblem {
        let values = |key: &[u32]| key.iter().map(|value| self.text(*value)).collect::<Vec<_>>().join(", ");
        let typed = |row: usize| number(self.typed(row));
        MatrixProblem::AmbiguousRows {
            row: typed(row),
            other: typed(other),
            values: [values(self.key(row)), values(self.key(other))],
            cell: values(cell),
        }
    }

    fn text(&self, value: u32) -> &str {
        self.texts.get(super::index::at(value)).map_or(ANY, |text| text)
    }
}

/// A row's values with another one at a place.
fn with<'v>(values: &'v [String], place: usize, value: &'v str) -> Vec<&'v str> {
    values.iter().enumerate().map(|(at, own)| if at == place { value } else { own.as_str() }).collect()
}

/// People count rows from one.
fn number(typed: usize) -> usize {
    typed.saturating_add(1)
}

/// A key's values at the attributes of `mask`.
fn only(key: &[u32], mask: Mask) -> Vec<u32> {
    key.iter().zip(BITS).map(|(value, bit)| if mask & bit == 0 { ANY_VALUE } else { *value }).collect()
}

/// What two rows match both: each attribute that either names.
fn both(a: &[u32], b: &[u32]) -> Vec<u32> {
    a.iter().zip(b).map(|(a, b)| if *a == ANY_VALUE { *b } else { *a }).collect()
}
