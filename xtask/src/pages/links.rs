//! What points to what in a compiled program, as its linker wrote it down (`--emit-relocs`): which pieces of data every
//! function points to, and which every piece of data points to. Never guesses: what the linker says nothing about is
//! not known here.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use wasmparser::{
    BinaryReaderError, DataKind, DefinedDataSymbol, KnownCustom, Linking, Name, Operator, Parser, Payload,
    RelocationEntry, RelocationType, SymbolInfo, TypeRef,
};

/// A piece of data: something that was written down as one, and that is reached only by its own name.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    addresses: Range<u32>,
    /// The pieces that it points to, by their places in the list.
    points_to: BTreeSet<usize>,
}

/// What the linker wrote down.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Links {
    pieces: Vec<Piece>,
    /// The pieces that a function points to; functions by their names.
    functions: BTreeMap<String, BTreeSet<usize>>,
}

impl Links {
    /// Reads a module; one that was linked without notes has no pieces.
    pub(super) fn read(wasm: &[u8]) -> Result<Links, BinaryReaderError> {
        let mut notes = Notes::default();
        for payload in Parser::new(0).parse_all(wasm) {
            notes.take(payload?)?;
        }
        Ok(notes.into_links())
    }

    /// The pieces that a function points to; `None` if the linker has not seen it.
    pub(super) fn of_function(&self, name: &str) -> Option<&BTreeSet<usize>> {
        self.functions.get(name)
    }

    /// The pieces that one of these numbers may point to.
    pub(super) fn at(&self, addresses: &BTreeSet<u32>) -> BTreeSet<usize> {
        let is_meant = |piece: &Piece| addresses.range(piece.addresses.clone()).next().is_some();
        (0..).zip(&self.pieces).filter(|(_, piece)| is_meant(piece)).map(|(place, _)| place).collect()
    }

    /// Where the pieces are that cannot be reached from these ones.
    pub(super) fn unreached_from(&self, begin: BTreeSet<usize>) -> Vec<Range<u32>> {
        let mut reached = begin.clone();
        let mut ahead: Vec<usize> = begin.into_iter().collect();
        while let Some(piece) = ahead.pop().and_then(|place| self.pieces.get(place)) {
            ahead.extend(piece.points_to.iter().copied().filter(|place| reached.insert(*place)));
        }
        let (needed, spare): (Vec<_>, Vec<_>) =
            self.pieces.iter().enumerate().partition(|(place, _)| reached.contains(place));
        let addresses = |pieces: Vec<(usize, &Piece)>| -> BTreeSet<u32> {
            pieces.into_iter().flat_map(|(_, piece)| piece.addresses.clone()).collect()
        };
        // Pieces may lie over one another, so what is needed is taken away address by address.
        let needed = addresses(needed);
        ranges(addresses(spare).into_iter().filter(|address| !needed.contains(address)))
    }
}

/// Rising numbers as ranges without gaps.
fn ranges(numbers: impl Iterator<Item = u32>) -> Vec<Range<u32>> {
    let mut ranges: Vec<Range<u32>> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some(range) if range.end == number => range.end += 1,
            Some(_) | None => ranges.push(number..number + 1),
        }
    }
    ranges
}

/// What was read of a module so far. Places are counted from where the content of their section begins.
#[derive(Default)]
struct Notes {
    imported: u32,
    code_start: usize,
    bodies: Vec<Range<usize>>,
    names: BTreeMap<u32, String>,
    segments: Vec<Segment>,
    /// Where data is; `None` for what is none. Notes name these by number.
    symbols: Vec<Option<DefinedDataSymbol>>,
    in_code: Vec<RelocationEntry>,
    in_data: Vec<RelocationEntry>,
}

/// A piece of memory that is filled when the program begins.
struct Segment {
    address: u32,
    /// Where its bytes begin in the section.
    start: usize,
}

impl Notes {
    fn take(&mut self, payload: Payload<'_>) -> Result<(), BinaryReaderError> {
        // Only a few sections matter; the format has many more.
        match payload {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    if matches!(import?.ty, TypeRef::Func(_)) {
                        self.imported += 1;
                    }
                }
            }
            Payload::CodeSectionStart { range, .. } => self.code_start = range.start,
            Payload::CodeSectionEntry(body) => {
                let range = body.range();
                self.bodies.push(range.start - self.code_start..range.end - self.code_start);
            }
            Payload::DataSection(section) => {
                let start = section.range().start;
                for data in section {
                    let data = data?;
                    let address = address(&data.kind)?;
                    self.segments.push(Segment { address, start: data.range.end - data.data.len() - start });
                }
            }
            Payload::CustomSection(custom) => match custom.as_known() {
                KnownCustom::Name(subsections) => {
                    for subsection in subsections {
                        if let Name::Function(map) = subsection? {
                            for naming in map {
                                let naming = naming?;
                                self.names.insert(naming.index, naming.name.to_owned());
                            }
                        }
                    }
                }
                KnownCustom::Linking(linking) => self.take_symbols(linking.subsections())?,
                KnownCustom::Reloc(notes) => {
                    let entries = notes.entries().into_iter().collect::<Result<Vec<_>, _>>()?;
                    match custom.name() {
                        "reloc.CODE" => self.in_code = entries,
                        "reloc.DATA" => self.in_data = entries,
                        _ => {}
                    }
                }
                _ => {}
            },
            _ => {}
        }
        Ok(())
    }

    fn take_symbols(&mut self, subsections: wasmparser::Subsections<'_, Linking<'_>>) -> Result<(), BinaryReaderError> {
        for subsection in subsections {
            if let Linking::SymbolTable(symbols) = subsection? {
                for symbol in symbols {
                    self.symbols.push(match symbol? {
                        SymbolInfo::Data { symbol, .. } => symbol,
                        SymbolInfo::Func { .. }
                        | SymbolInfo::Global { .. }
                        | SymbolInfo::Section { .. }
                        | SymbolInfo::Event { .. }
                        | SymbolInfo::Table { .. } => None,
                    });
                }
            }
        }
        Ok(())
    }

    fn into_links(self) -> Links {
        // The place of each symbol's piece, and where that is in the section.
        let mut place_of: BTreeMap<u32, usize> = BTreeMap::new();
        let mut pieces: Vec<(Range<usize>, Piece)> = Vec::new();
        for (number, symbol) in (0..).zip(&self.symbols) {
            let Some(symbol) = symbol else { continue };
            let Some(segment) = usize::try_from(symbol.index).ok().and_then(|index| self.segments.get(index)) else {
                continue;
            };
            let (offset, size) = (place(symbol.offset), place(symbol.size));
            let address = segment.address + symbol.offset;
            place_of.insert(number, pieces.len());
            let within = segment.start + offset..segment.start + offset + size;
            let piece = Piece { addresses: address..address + symbol.size, points_to: BTreeSet::new() };
            pieces.push((within, piece));
        }
        let pointers = |notes: &[RelocationEntry]| -> BTreeMap<usize, usize> {
            let pointed = |note: &RelocationEntry| Some((place(note.offset), *place_of.get(&note.index)?));
            notes.iter().filter(|note| is_address(note.ty)).filter_map(pointed).collect()
        };
        let (in_code, in_data) = (pointers(&self.in_code), pointers(&self.in_data));
        for (within, piece) in &mut pieces {
            piece.points_to = in_data.range(within.clone()).map(|(_, place)| *place).collect();
        }
        let mut functions: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for (number, body) in (self.imported..).zip(self.bodies) {
            if let Some(name) = self.names.get(&number) {
                let pointed = in_code.range(body).map(|(_, place)| *place);
                // Namesakes share what any of them needs.
                functions.entry(name.clone()).or_default().extend(pointed);
            }
        }
        Links { pieces: pieces.into_iter().map(|(_, piece)| piece).collect(), functions }
    }
}

fn place(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Where a segment begins.
fn address(kind: &DataKind<'_>) -> Result<u32, BinaryReaderError> {
    match kind {
        DataKind::Active { offset_expr, .. } => match offset_expr.get_operators_reader().read()? {
            Operator::I32Const { value } => Ok(value.cast_unsigned()),
            _ => Ok(0),
        },
        DataKind::Passive => Ok(0),
    }
}

/// Whether a note is about an address in memory.
fn is_address(note: RelocationType) -> bool {
    match note {
        RelocationType::MemoryAddrLeb
        | RelocationType::MemoryAddrSleb
        | RelocationType::MemoryAddrI32
        | RelocationType::MemoryAddrRelSleb
        | RelocationType::MemoryAddrLeb64
        | RelocationType::MemoryAddrSleb64
        | RelocationType::MemoryAddrI64
        | RelocationType::MemoryAddrRelSleb64
        | RelocationType::MemoryAddrTlsSleb
        | RelocationType::MemoryAddrTlsSleb64
        | RelocationType::MemoryAddrLocrelI32 => true,
        RelocationType::FunctionIndexLeb
        | RelocationType::TableIndexSleb
        | RelocationType::TableIndexI32
        | RelocationType::TypeIndexLeb
        | RelocationType::GlobalIndexLeb
        | RelocationType::FunctionOffsetI32
        | RelocationType::SectionOffsetI32
        | RelocationType::EventIndexLeb
        | RelocationType::TableIndexRelSleb
        | RelocationType::GlobalIndexI32
        | RelocationType::TableIndexSleb64
        | RelocationType::TableIndexI64
        | RelocationType::TableNumberLeb
        | RelocationType::FunctionOffsetI64
        | RelocationType::TableIndexRelSleb64
        | RelocationType::FunctionIndexI32 => false,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Pieces of four bytes, one after the other, and what each points to.
    pub(crate) fn linked(start: u32, pieces: &[&[usize]], functions: &[(&str, &[usize])]) -> Links {
        let piece = |(at, points_to): (u32, &&[usize])| Piece {
            addresses: start + 4 * at..start + 4 * at + 4,
            points_to: points_to.iter().copied().collect(),
        };
        let function = |(name, points_to): &(&str, &[usize])| ((*name).to_owned(), points_to.iter().copied().collect());
        Links { pieces: (0..).zip(pieces).map(piece).collect(), functions: functions.iter().map(function).collect() }
    }

    /// Where each stretch begins and ends.
    fn unreached(links: &Links, begin: BTreeSet<usize>) -> Vec<(u32, u32)> {
        links.unreached_from(begin).into_iter().map(|range| (range.start, range.end)).collect()
    }

    #[test]
    fn what_is_pointed_to_by_something_needed_is_needed() {
        let links = linked(100, &[&[2], &[0], &[], &[1], &[4]], &[]);
        assert_eq!(unreached(&links, BTreeSet::from([0])), [(104, 108), (112, 120)]);
        assert_eq!(unreached(&links, BTreeSet::from([3])), [(116, 120)]);
        assert_eq!(unreached(&links, BTreeSet::new()), [(100, 120)]);
    }

    #[test]
    fn pieces_over_one_another_keep_what_one_of_them_needs() {
        let piece = |addresses: Range<u32>| Piece { addresses, points_to: BTreeSet::new() };
        let links = Links { pieces: vec![piece(10..20), piece(14..16)], functions: BTreeMap::new() };
        assert_eq!(unreached(&links, BTreeSet::from([1])), [(10, 14), (16, 20)]);
        assert_eq!(unreached(&links, BTreeSet::from([0])), []);
    }

    #[test]
    fn number_inside_a_piece_may_point_to_it() {
        let links = linked(100, &[&[], &[], &[]], &[]);
        assert_eq!(links.at(&BTreeSet::from([99, 103, 104, 112])), BTreeSet::from([0, 1]));
    }

    fn with_length(content: &[u8]) -> Vec<u8> {
        [&[u8::try_from(content.len()).unwrap()], content].concat()
    }

    fn section(id: u8, content: &[u8]) -> Vec<u8> {
        [vec![id], with_length(content)].concat()
    }

    fn custom(name: &str, content: &[u8]) -> Vec<u8> {
        section(0, &[&with_length(name.as_bytes()), content].concat())
    }

    /// `f` points to the piece at 1024, which points to the one at 1032; nothing points to the one at 1028.
    fn module_with_notes() -> Vec<u8> {
        const DATA: u8 = 1;
        let body = [0, 0x41, 0x80, 0x88, 0x80, 0x80, 0, 0x1a, 0x0b];
        let symbols = [
            [4, 0, 0, 0, 1, b'f'].as_slice(),
            &[DATA, 0, 1, b'a', 0, 0, 4],
            &[DATA, 0, 1, b'b', 0, 4, 4],
            &[DATA, 0, 1, b'c', 0, 8, 4],
        ];
        [
            b"\0asm\x01\0\0\0".to_vec(),
            section(1, &[1, 0x60, 0, 0]),
            section(3, &[1, 0]),
            section(5, &[1, 0, 1]),
            section(10, &[&[1], with_length(&body).as_slice()].concat()),
            section(11, &[&[1, 0, 0x41, 0x80, 0x08, 0x0b], with_length(b"\x08\x04\0\0BBBBCCCC").as_slice()].concat()),
            custom("name", &[1, 4, 1, 0, 1, b'f']),
            custom("linking", &[&[2, 8], with_length(&symbols.concat()).as_slice()].concat()),
            // The section, how many; for each its kind, its place, the symbol, and what is added.
            custom("reloc.CODE", &[3, 1, 4, 4, 1, 0]),
            custom("reloc.DATA", &[4, 1, 5, 7, 3, 0]),
        ]
        .concat()
    }

    #[test]
    fn notes_say_what_a_function_and_its_data_point_to() {
        let links = Links::read(&module_with_notes()).unwrap();
        assert_eq!(links.of_function("f"), Some(&BTreeSet::from([0])));
        assert_eq!(links.of_function("g"), None);
        assert_eq!(unreached(&links, BTreeSet::from([0])), [(1028, 1032)]);
        assert_eq!(unreached(&links, BTreeSet::from([1])), [(1024, 1028), (1032, 1036)]);
    }

    #[test]
    fn module_without_notes_has_no_pieces() {
        assert_eq!(Links::read(b"\0asm\x01\0\0\0").unwrap(), Links::default());
        assert!(Links::read(b"no module").is_err());
    }
}
