//! Moves the data that only the rest of a program uses out of its first part.
//!
//! What a function of the first part points to stays, and what that points to: the linker's own notes say it, so nothing
//! can be missing before the rest is there. The rest puts its data in place before its first function runs.

use std::collections::BTreeSet;
use std::ops::Range;

use walrus::ir::{Const, Load, Store, Value, Visitor, dfs_in_order};
use walrus::{ConstExpr, Data, DataId, DataKind, FunctionId, LocalFunction, MemoryId, Module};

use super::links::Links;

/// Only this is moved: what the program never writes is the same whenever it is put in place.
const READ_ONLY: &str = ".rodata";

/// Shorter pieces weigh more in the rest's list than they save.
const SHORTEST: usize = 6;

/// Moves data from the first part to the rest. The doors in the first part point to nothing, whatever their names.
pub(super) fn move_data(first: &mut Module, rest: &mut Module, doors: &BTreeSet<FunctionId>, links: &Links) {
    let Some(memory) = rest.memories.iter().next().map(|memory| memory.id()) else { return };
    let spare = links.unreached_from(needed(first, doors, links));
    let segments: Vec<DataId> = first.data.iter().filter(|data| is_read_only(data)).map(Data::id).collect();
    for id in segments {
        let segment = first.data.get_mut(id);
        let Some(start) = start_of(segment) else { continue };
        for range in &spare {
            let Some(bytes) = within(start, range).and_then(|place| segment.value.get_mut(place)) else { continue };
            if bytes.len() >= SHORTEST && bytes.iter().any(|byte| *byte != 0) {
                let moved = bytes.to_vec();
                bytes.fill(0);
                add(rest, memory, (range.start, moved));
            }
        }
    }
}

/// The pieces of data that the functions of the first part point to.
fn needed(first: &Module, doors: &BTreeSet<FunctionId>, links: &Links) -> BTreeSet<usize> {
    let mut needed = BTreeSet::new();
    for (id, function) in first.funcs.iter_local().filter(|(id, _)| !doors.contains(id)) {
        match first.funcs.get(id).name.as_deref().and_then(|name| links.of_function(name)) {
            Some(pieces) => needed.extend(pieces),
            // Made after linking: every number in it may be an address.
            None => needed.extend(links.at(&Numbers::of(function).0)),
        }
    }
    needed
}

fn is_read_only(segment: &Data) -> bool {
    segment.name.as_deref().is_some_and(|name| name == READ_ONLY)
}

fn add(rest: &mut Module, memory: MemoryId, (start, bytes): (u32, Vec<u8>)) {
    let offset = ConstExpr::Value(Value::I32(start.cast_signed()));
    let id = rest.data.add(DataKind::Active { memory, offset }, bytes);
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

/// Every number in a function that may be an address.
#[derive(Default)]
struct Numbers(BTreeSet<u32>);

impl Numbers {
    fn of(function: &LocalFunction) -> Numbers {
        let mut numbers = Numbers::default();
        dfs_in_order(&mut numbers, function, function.entry_block());
        numbers
    }
}

impl<'i> Visitor<'i> for Numbers {
    fn visit_const(&mut self, constant: &Const) {
        if let Value::I32(value) = constant.value {
            self.0.insert(value.cast_unsigned());
        }
    }

    fn visit_load(&mut self, load: &Load) {
        self.0.extend(u32::try_from(load.arg.offset));
    }

    fn visit_store(&mut self, store: &Store) {
        self.0.extend(u32::try_from(store.arg.offset));
    }
}

#[cfg(test)]
mod tests {
    use walrus::FunctionBuilder;

    use super::super::links::tests::linked;
    use super::*;

    const TEXT: &[u8] = b"one two three four five six seven eight!";
    const START: u32 = 1024;

    fn memory(module: &mut Module) -> MemoryId {
        module.memories.add_local(false, false, 1, None, None)
    }

    /// A program with ten words of data and functions of these names, each with a number in it.
    fn program(segment: &str, functions: &[(&str, u32)]) -> Module {
        let mut module = Module::default();
        let memory = memory(&mut module);
        let offset = ConstExpr::Value(Value::I32(START.cast_signed()));
        let data = module.data.add(DataKind::Active { memory, offset }, TEXT.to_vec());
        module.data.get_mut(data).name = Some(segment.to_owned());
        for (name, number) in functions {
            let mut builder = FunctionBuilder::new(&mut module.types, &[], &[]);
            builder.name((*name).to_owned());
            builder.func_body().i32_const(number.cast_signed()).drop();
            builder.finish(Vec::new(), &mut module.funcs);
        }
        module
    }

    /// What is left of the data in the first part, and what the rest brings.
    fn moved(mut first: Module, door: Option<&str>, links: &Links) -> (Vec<u8>, Vec<(u32, Vec<u8>)>) {
        let mut rest = Module::default();
        memory(&mut rest);
        let is_door = |id: &FunctionId| door.is_some() && first.funcs.get(*id).name.as_deref() == door;
        let doors = first.funcs.iter_local().map(|(id, _)| id).filter(is_door).collect();
        move_data(&mut first, &mut rest, &doors, links);
        let left = first.data.iter().flat_map(|data| data.value.clone()).collect();
        (left, rest.data.iter().filter_map(|data| Some((start_of(data)?, data.value.clone()))).collect())
    }

    #[test]
    fn data_that_only_the_rest_points_to_moves() {
        // The first piece points to the third one; nothing in the first part to the others.
        let pieces: [&[usize]; 10] = [&[2], &[], &[], &[], &[], &[], &[], &[], &[], &[]];
        let links = linked(START, &pieces, &[("ran", &[0]), ("moved", &[1, 3, 9])]);
        let (left, brought) = moved(program(READ_ONLY, &[("ran", 0)]), None, &links);
        // The second piece by itself is too short to be moved.
        assert_eq!(left, [&TEXT[..12], &[0; 28]].concat());
        assert_eq!(brought, [(START + 12, TEXT[12..].to_vec())]);
    }

    #[test]
    fn door_needs_nothing_of_what_is_behind_it() {
        let pieces: [&[usize]; 10] = [&[]; 10];
        let all: Vec<usize> = (0..10).collect();
        let links = linked(START, &pieces, &[("behind", &all)]);
        let (left, brought) = moved(program(READ_ONLY, &[("behind", 0)]), Some("behind"), &links);
        assert_eq!(left, [0; 40]);
        assert_eq!(brought, [(START, TEXT.to_vec())]);
    }

    #[test]
    fn function_made_after_linking_keeps_whatever_it_may_point_to() {
        let pieces: [&[usize]; 10] = [&[]; 10];
        let links = linked(START, &pieces, &[]);
        let (left, brought) = moved(program(READ_ONLY, &[("made later", START + 18)]), None, &links);
        assert_eq!(left, [&[0; 16], &TEXT[16..20], &[0; 20]].concat());
        assert_eq!(brought.len(), 2);
    }

    #[test]
    fn data_that_may_be_written_stays() {
        let pieces: [&[usize]; 10] = [&[]; 10];
        let links = linked(START, &pieces, &[]);
        assert_eq!(moved(program(".data", &[]), None, &links), (TEXT.to_vec(), Vec::new()));
    }
}
