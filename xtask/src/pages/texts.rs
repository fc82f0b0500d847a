//! Moves the texts that only the rest of a program says out of the data of its first part.
//!
//! Only prose moves, never a table or a figure: whatever a word of the data or the code of the first part points to
//! stays where it is. The rest brings its texts along and puts them in their places before its first function runs.

use std::collections::BTreeSet;
use std::ops::Range;

use walrus::ir::{Const, Load, Store, Value, Visitor, dfs_in_order};
use walrus::{ConstExpr, Data, DataId, DataKind, MemoryId, Module};

/// Shorter texts are not worth their place in the list.
const SHORTEST: usize = 6;

/// The bytes of a place in the sources.
const LOCATION: usize = 16;

/// Moves texts from the first part to the rest.
pub(super) fn move_texts(first: &mut Module, rest: &mut Module) {
    let Some(memory) = rest.memories.iter().next().map(|memory| memory.id()) else { return };
    let needed = Addresses::in_code(first);
    let begun = Addresses::in_code(rest);
    let pointed: BTreeSet<u32> = first.data.iter().flat_map(words).collect();
    let segments: Vec<DataId> = first.data.iter().map(Data::id).collect();
    for id in segments {
        let segment = first.data.get_mut(id);
        let Some(start) = start_of(segment) else { continue };
        let paths = paths(start, &segment.value);
        let begins: BTreeSet<u32> =
            needed.constants.iter().chain(&needed.offsets).chain(&begun.constants).chain(&pointed).copied().collect();
        let stays = |range: &Range<u32>| {
            [&needed.constants, &needed.offsets, &pointed].iter().any(|set| set.range(range.clone()).next().is_some())
        };
        let mut moved: Vec<(u32, Vec<u8>)> = Vec::new();
        for range in ranges(start, segment.value.len(), &begins) {
            let Some(place) = within(start, &range) else { continue };
            let Some(text) = segment.value.get_mut(place) else { continue };
            if !stays(&range) && (is_prose(text) || is_location(text, &paths)) {
                match moved.last_mut() {
                    Some((start, before)) if within(*start, &range).is_some_and(|at| at.start == before.len()) => {
                        before.extend_from_slice(text);
                    }
                    Some(_) | None => moved.push((range.start, text.to_vec())),
                }
                text.fill(0);
            }
        }
        for piece in moved {
            add(rest, memory, piece);
        }
    }
}

fn add(rest: &mut Module, memory: MemoryId, (start, text): (u32, Vec<u8>)) {
    let offset = ConstExpr::Value(Value::I32(start.cast_signed()));
    let id = rest.data.add(DataKind::Active { memory, offset }, text);
    rest.memories.get_mut(memory).data_segments.insert(id);
}

/// Where a segment begins, if that is known.
fn start_of(segment: &Data) -> Option<u32> {
    match &segment.kind {
        DataKind::Active { offset: ConstExpr::Value(Value::I32(start)), .. } => Some(start.cast_unsigned()),
        DataKind::Active { .. } | DataKind::Passive => None,
    }
}

fn within(start: u32, range: &Range<u32>) -> Option<Range<usize>> {
    let place = |address: u32| usize::try_from(address.checked_sub(start)?).ok();
    Some(place(range.start)?..place(range.end)?)
}

/// The pieces between the addresses that something points to.
fn ranges(start: u32, length: usize, begins: &BTreeSet<u32>) -> Vec<Range<u32>> {
    let end = u32::try_from(length).unwrap_or(0).saturating_add(start);
    let inner: Vec<u32> = begins.range(start..end).copied().collect();
    let ends = inner.iter().skip(1).copied().chain([end]);
    inner.iter().copied().zip(ends).map(|(from, to)| from..to).collect()
}

/// The words of data, any of which may point to other data.
fn words(data: &Data) -> Vec<u32> {
    let start = start_of(data).unwrap_or(0);
    let aligned = usize::try_from(start.next_multiple_of(4) - start).unwrap_or(0);
    let words = data.value.get(aligned..).unwrap_or_default().chunks_exact(4);
    words.filter_map(|word| word.try_into().ok()).map(u32::from_le_bytes).collect()
}

/// A word, words with spaces between them, or the pieces of a sentence with marks for what comes between. Tables of
/// numbers have zeros in them, and tables of digits neither spaces nor only small letters.
fn is_prose(bytes: &[u8]) -> bool {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let text = bytes.get(..end).unwrap_or_default();
    let readable = text.iter().filter(|byte| matches!(byte, b' '..=b'~' | 0x80..=0xff)).count();
    let is_word = str::from_utf8(text).is_ok_and(|text| text.chars().all(|c| c == '_' || c.is_lowercase() || c > '⺀'));
    let is_text = text.contains(&b' ') && readable * 10 >= text.len() * 9;
    text.len() >= SHORTEST && !text.contains(&0) && (is_word || is_text)
}

/// Where the names of source files stand in a segment.
fn paths(start: u32, data: &[u8]) -> BTreeSet<(u32, u32)> {
    let mut paths = BTreeSet::new();
    for words in data.windows(8).step_by(4) {
        if let Some((from, length)) = pair(words)
            && let Some(place) = from.checked_add(length).and_then(|end| within(start, &(from..end)))
            && data.get(place).is_some_and(|text| text.ends_with(b".rs"))
        {
            paths.insert((from, length));
        }
    }
    paths
}

/// An address and a length.
fn pair(words: &[u8]) -> Option<(u32, u32)> {
    let (from, rest) = words.split_first_chunk::<4>()?;
    let (length, _) = rest.split_first_chunk::<4>()?;
    Some((u32::from_le_bytes(*from), u32::from_le_bytes(*length)))
}

/// Where in the sources a panic is: a path with its length, a line and a column, which only a message reads.
fn is_location(bytes: &[u8], paths: &BTreeSet<(u32, u32)>) -> bool {
    bytes.len() == LOCATION && pair(bytes).is_some_and(|named| paths.contains(&named))
}

/// What code points to, or may point to: every number in it.
#[derive(Default)]
struct Addresses {
    constants: BTreeSet<u32>,
    /// Added to an address where it is used. They may point into the middle of something.
    offsets: BTreeSet<u32>,
}

impl Addresses {
    fn in_code(module: &Module) -> Addresses {
        let mut addresses = Addresses::default();
        for (_, function) in module.funcs.iter_local() {
            dfs_in_order(&mut addresses, function, function.entry_block());
        }
        addresses
    }
}

impl<'i> Visitor<'i> for Addresses {
    fn visit_const(&mut self, constant: &Const) {
        if let Value::I32(value) = constant.value {
            self.constants.insert(value.cast_unsigned());
        }
    }

    fn visit_load(&mut self, load: &Load) {
        self.offsets.extend(u32::try_from(load.arg.offset));
    }

    fn visit_store(&mut self, store: &Store) {
        self.offsets.extend(u32::try_from(store.arg.offset));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_words_and_neither_digits_nor_numbers() {
        assert!(is_prose("a text that somebody may read\0\0".as_bytes()));
        assert!(is_prose("价格表中没有这个计量项，请 检查".as_bytes()));
        assert!(!is_prose(b"00010203040506070809101112131415"));
        assert!(!is_prose(b"a few words\0 and numbers \0\0\x01 of some table"));
        assert!(is_prose(b"missing_key") && is_prose("计量项".as_bytes()));
        assert!(!is_prose(b"short"));
    }

    #[test]
    fn pieces_go_from_one_address_to_the_next() {
        let begins = BTreeSet::from([4, 12, 15, 40]);
        assert_eq!(ranges(10, 10, &begins), [12..15, 15..20]);
    }
}
