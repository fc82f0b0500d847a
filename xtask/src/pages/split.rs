//! Cuts a program in two: the functions that a first visit runs, and the rest, which comes while somebody reads.
//!
//! Both parts share one memory and one source: no function is changed, only where it stands. The first part keeps a
//! door for every function of the rest that it can reach. A door that is opened too early fetches the rest by itself.

use std::collections::BTreeSet;

use super::data::move_data;
use super::links::Links;
use walrus::ir::{Value, Visitor, dfs_in_order};
use walrus::passes::gc;
use walrus::{
    ConstExpr, DataId, ElementId, ElementItems, ElementKind, ExportId, ExportItem, FunctionBuilder, FunctionId,
    FunctionKind, GlobalId, GlobalKind, ImportId, ImportedFunction, LocalFunction, MemoryId, Module, RefType, TableId,
    TypeId, ValType,
};

/// The name under which the host gives what a part needs besides the browser.
pub(crate) const HOST: &str = "rest";

/// What the host must give the first part: fetches the rest and only then returns.
const FETCH: &str = "fetch";

/// What the host must give a watched program: told the number of every function that begins.
pub(crate) const WATCH: &str = "watch";

/// Functions with one of these in their names stay in the first part, whether they ran or not: how memory is divided up
/// differs with the order of things, and two visits are never quite the same.
const STAY: [&str; 2] = ["dlmalloc", "__rust"];

/// Both parts of a program, as modules.
pub(crate) struct Parts {
    /// Begins, with the data of both.
    pub(crate) first: Vec<u8>,
    /// Imports everything it needs from the first one's exports, as `HOST`.
    pub(crate) rest: Vec<u8>,
}

/// The program that tells its host which functions run. Functions are numbered in the module's order.
pub(crate) fn watched(wasm: &[u8]) -> Result<Vec<u8>, String> {
    let mut module = read(wasm)?;
    let told = module.types.add(&[ValType::I32], &[]);
    let functions = own_functions(&module);
    let (watch, _) = module.add_import_func(HOST, WATCH, told);
    for (number, id) in (0..).zip(functions) {
        if let FunctionKind::Local(function) = &mut module.funcs.get_mut(id).kind {
            function.builder_mut().func_body().const_at(0, Value::I32(number)).call_at(1, watch);
        }
    }
    Ok(module.emit_wasm())
}

/// Cuts a program; `ran` holds the numbers of the functions that belong into the first part.
pub(super) fn split(wasm: &[u8], ran: &BTreeSet<usize>, links: &Links) -> Result<Parts, String> {
    let (mut first, mut rest) = (read(wasm)?, read(wasm)?);
    let cut = Cut::of(&first, &rest, ran);
    export_shared(&mut first, &cut);
    put_doors(&mut first, &cut);
    gc::run(&mut first);
    import_shared(&mut rest, &cut);
    fill_doors(&mut rest, &cut);
    gc::run(&mut rest);
    let doors = cut.behind_doors.iter().map(|twin| twin.first).collect();
    move_data(&mut first, &mut rest, &doors, links);
    Ok(Parts { first: first.emit_wasm(), rest: rest.emit_wasm() })
}

fn read(wasm: &[u8]) -> Result<Module, String> {
    Module::from_buffer(wasm).map_err(|error| format!("{error:#}"))
}

/// A function as both modules know it. They are read from the same bytes, so the order is the same.
#[derive(Clone, Copy)]
struct Twin {
    first: FunctionId,
    rest: FunctionId,
}

/// Where a program is cut.
struct Cut {
    /// Stay in the first part, and are needed by the rest.
    shared: Vec<Twin>,
    /// Move to the rest, and are needed by the first part: each gets a door.
    behind_doors: Vec<Twin>,
}

impl Cut {
    fn of(first: &Module, rest: &Module, ran: &BTreeSet<usize>) -> Cut {
        let twins: Vec<Twin> = first
            .funcs
            .iter()
            .zip(rest.funcs.iter())
            .map(|(first, rest)| Twin { first: first.id(), rest: rest.id() })
            .collect();
        let own = own_functions(first);
        let stays = |id: FunctionId| {
            let name = first.funcs.get(id).name.as_deref().unwrap_or_default();
            STAY.iter().any(|word| name.contains(word))
        };
        let is_moved = |(number, id): &(usize, FunctionId)| !ran.contains(number) && !stays(*id);
        let moved: BTreeSet<FunctionId> = own.into_iter().enumerate().filter(is_moved).map(|(_, id)| id).collect();
        let (from_first, from_rest) = references(first, &moved);
        let shared = |twin: &&Twin| !moved.contains(&twin.first) && from_rest.contains(&twin.first);
        let behind_door = |twin: &&Twin| moved.contains(&twin.first) && from_first.contains(&twin.first);
        Cut {
            shared: twins.iter().filter(shared).copied().collect(),
            behind_doors: twins.iter().filter(behind_door).copied().collect(),
        }
    }
}

/// The functions that the first part refers to, and those that the rest refers to.
fn references(module: &Module, moved: &BTreeSet<FunctionId>) -> (BTreeSet<FunctionId>, BTreeSet<FunctionId>) {
    let (mut from_first, mut from_rest) = (References::default(), References::default());
    for (id, function) in module.funcs.iter_local() {
        let into = if moved.contains(&id) { &mut from_rest } else { &mut from_first };
        dfs_in_order(into, function, function.entry_block());
    }
    let mut from_first = from_first.0;
    for element in module.elements.iter() {
        match &element.items {
            ElementItems::Functions(functions) => from_first.extend(functions),
            ElementItems::Expressions(_, items) => from_first.extend(items.iter().filter_map(named_function)),
        }
    }
    from_first.extend(module.exports.iter().filter_map(|export| match export.item {
        ExportItem::Function(id) => Some(id),
        ExportItem::Table(_) | ExportItem::Memory(_) | ExportItem::Global(_) | ExportItem::Tag(_) => None,
    }));
    from_first.extend(module.start);
    (from_first, from_rest.0)
}

fn named_function(item: &ConstExpr) -> Option<FunctionId> {
    match item {
        ConstExpr::RefFunc(id) => Some(*id),
        ConstExpr::Value(_) | ConstExpr::Global(_) | ConstExpr::RefNull(_) | ConstExpr::Extended(_) => None,
    }
}

#[derive(Default)]
struct References(BTreeSet<FunctionId>);

impl<'i> Visitor<'i> for References {
    fn visit_function_id(&mut self, function: &FunctionId) {
        self.0.insert(*function);
    }
}

/// Everything that the rest may want to use gets a short name; a name for each kind, and a number.
fn export_shared(first: &mut Module, cut: &Cut) {
    for (number, twin) in cut.shared.iter().enumerate() {
        first.exports.add(&name('f', number), twin.first);
    }
    let memories: Vec<MemoryId> = first.memories.iter().map(|memory| memory.id()).collect();
    for (number, id) in memories.into_iter().enumerate() {
        first.exports.add(&name('m', number), id);
    }
    let tables: Vec<TableId> = first.tables.iter().map(|table| table.id()).collect();
    for (number, id) in tables.into_iter().enumerate() {
        first.exports.add(&name('t', number), id);
    }
    let globals: Vec<GlobalId> = first.globals.iter().map(|global| global.id()).collect();
    for (number, id) in globals.into_iter().enumerate() {
        first.exports.add(&name('g', number), id);
    }
}

fn name(kind: char, number: usize) -> String {
    format!("{kind}{number}")
}

/// The table through whose places the first part reaches the rest.
const DOORS: &str = "doors";

/// Replaces the functions that move: by doors, where they can be reached, and else by nothing at all.
fn put_doors(first: &mut Module, cut: &Cut) {
    let count = u64::try_from(cut.behind_doors.len()).unwrap_or(u64::MAX);
    let doors = first.tables.add_local(false, count, Some(count), RefType::FUNCREF);
    first.exports.add(DOORS, doors);
    let open = add_opener(first, doors);
    for (place, twin) in (0..).zip(&cut.behind_doors) {
        let ty = first.funcs.get(twin.first).ty();
        let door = door(first, ty, Door { place, doors, open });
        first.funcs.get_mut(twin.first).kind = FunctionKind::Local(door);
    }
}

/// The function that every door calls first: fetches the rest if it is not there yet.
fn add_opener(first: &mut Module, doors: TableId) -> FunctionId {
    let nothing = first.types.add(&[], &[]);
    let (fetch, _) = first.add_import_func(HOST, FETCH, nothing);
    let mut builder = FunctionBuilder::new(&mut first.types, &[], &[]);
    builder.name("split::open".to_owned());
    builder.func_body().i32_const(0).table_get(doors).ref_is_null().if_else(
        None,
        |absent| {
            absent.call(fetch);
        },
        |_| {},
    );
    builder.finish(Vec::new(), &mut first.funcs)
}

#[derive(Clone, Copy)]
struct Door {
    place: i32,
    doors: TableId,
    open: FunctionId,
}

fn door(first: &mut Module, ty: TypeId, door: Door) -> LocalFunction {
    let (parameters, results) = {
        let ty = first.types.get(ty);
        (ty.params().to_vec(), ty.results().to_vec())
    };
    let arguments: Vec<_> = parameters.iter().map(|ty| first.locals.add(*ty)).collect();
    let mut builder = FunctionBuilder::new(&mut first.types, &parameters, &results);
    let mut body = builder.func_body();
    body.call(door.open);
    for argument in &arguments {
        body.local_get(*argument);
    }
    body.i32_const(door.place).call_indirect(ty, door.doors);
    builder.local_func(arguments)
}

/// What stays in the first part is imported, as it is named there; nothing is begun or filled a second time.
fn import_shared(rest: &mut Module, cut: &Cut) {
    rest.start = None;
    let exports: Vec<ExportId> = rest.exports.iter().map(|export| export.id()).collect();
    exports.into_iter().for_each(|id| rest.exports.delete(id));
    let elements: Vec<ElementId> = rest.elements.iter().map(|element| element.id()).collect();
    elements.into_iter().for_each(|id| rest.elements.delete(id));
    let data: Vec<DataId> = rest.data.iter().map(|data| data.id()).collect();
    data.into_iter().for_each(|id| rest.data.delete(id));
    let imports: Vec<ImportId> = rest.imports.iter().map(|import| import.id()).collect();
    imports.into_iter().for_each(|id| rest.imports.delete(id));

    for (number, twin) in cut.shared.iter().enumerate() {
        let ty = rest.funcs.get(twin.rest).ty();
        let import = rest.imports.add(HOST, &name('f', number), twin.rest);
        rest.funcs.get_mut(twin.rest).kind = FunctionKind::Import(ImportedFunction { import, ty });
    }
    for (number, memory) in rest.memories.iter_mut().enumerate() {
        memory.import = Some(rest.imports.add(HOST, &name('m', number), memory.id()));
        memory.data_segments.clear();
    }
    for (number, table) in rest.tables.iter_mut().enumerate() {
        table.import = Some(rest.imports.add(HOST, &name('t', number), table.id()));
        table.elem_segments.clear();
    }
    let globals: Vec<GlobalId> = rest.globals.iter().map(|global| global.id()).collect();
    for (number, id) in globals.into_iter().enumerate() {
        let import = rest.imports.add(HOST, &name('g', number), id);
        rest.globals.get_mut(id).kind = GlobalKind::Import(import);
    }
}

/// Puts the functions behind their doors, which happens when the rest is instantiated.
fn fill_doors(rest: &mut Module, cut: &Cut) {
    let count = u64::try_from(cut.behind_doors.len()).unwrap_or(u64::MAX);
    let (doors, _) = rest.add_import_table(HOST, DOORS, false, count, Some(count), RefType::FUNCREF);
    let offset = ConstExpr::Value(Value::I32(0));
    let functions = cut.behind_doors.iter().map(|twin| twin.rest).collect();
    rest.elements.add(ElementKind::Active { table: doors, offset }, ElementItems::Functions(functions));
}

/// The functions that are not imported, in the module's order.
fn own_functions(module: &Module) -> Vec<FunctionId> {
    module.funcs.iter_local().map(|(id, _)| id).collect()
}

#[cfg(test)]
mod tests {
    use walrus::ir::BinaryOp;

    use super::*;

    /// `start` calls `often` and, if asked, `seldom`; both add to a global, and `seldom` calls `often` too.
    fn program() -> Vec<u8> {
        let mut module = Module::default();
        let count = module.globals.add_local(ValType::I32, true, false, ConstExpr::Value(Value::I32(0)));
        let adds = |module: &mut Module, name: &str, called: Option<FunctionId>| {
            let mut builder = FunctionBuilder::new(&mut module.types, &[], &[]);
            builder.name(name.to_owned());
            builder.func_body().global_get(count).i32_const(1).binop(BinaryOp::I32Add).global_set(count);
            if let Some(called) = called {
                builder.func_body().call(called);
            }
            builder.finish(Vec::new(), &mut module.funcs)
        };
        let often = adds(&mut module, "often", None);
        let seldom = adds(&mut module, "seldom", Some(often));
        let asked = module.locals.add(ValType::I32);
        let mut start = FunctionBuilder::new(&mut module.types, &[ValType::I32], &[]);
        start.name("start".to_owned());
        start.func_body().call(often).local_get(asked).if_else(
            None,
            |yes| {
                yes.call(seldom);
            },
            |_| {},
        );
        let start = start.finish(vec![asked], &mut module.funcs);
        module.exports.add("start", start);
        module.emit_wasm()
    }

    fn number_of(wasm: &[u8], name: &str) -> usize {
        let module = read(wasm).unwrap();
        let has_name = |id: &FunctionId| module.funcs.get(*id).name.as_deref() == Some(name);
        own_functions(&module).iter().position(has_name).unwrap()
    }

    fn names(module: &Module) -> BTreeSet<&str> {
        module.funcs.iter_local().filter_map(|(id, _)| module.funcs.get(id).name.as_deref()).collect()
    }

    #[test]
    fn functions_that_did_not_run_move_and_leave_a_door() {
        let wasm = program();
        let ran = BTreeSet::from([number_of(&wasm, "start"), number_of(&wasm, "often")]);
        let parts = split(&wasm, &ran, &Links::default()).unwrap();
        let (first, rest) = (read(&parts.first).unwrap(), read(&parts.rest).unwrap());
        assert_eq!(names(&rest), BTreeSet::from(["seldom"]));
        assert!(names(&first).contains("split::open"));
        assert!(first.imports.find(HOST, FETCH).is_some());
        // The rest wants what it shares, and nothing else of its own.
        let wanted: BTreeSet<&str> = rest.imports.iter().map(|import| import.name.as_str()).collect();
        assert_eq!(wanted, BTreeSet::from([DOORS, "f0", "g0"]));
        assert!(rest.exports.iter().next().is_none());
    }

    #[test]
    fn what_nobody_in_the_first_part_calls_leaves_nothing_behind() {
        let wasm = program();
        let ran = BTreeSet::from([number_of(&wasm, "often")]);
        let first = read(&split(&wasm, &ran, &Links::default()).unwrap().first).unwrap();
        // `start` is exported, so it has a door; `seldom` is called by `start` alone.
        assert_eq!(first.tables.iter().map(|table| table.initial).max(), Some(1));
    }

    #[test]
    fn watched_program_tells_every_function_it_begins() {
        let watched = read(&watched(&program()).unwrap()).unwrap();
        assert!(watched.imports.find(HOST, WATCH).is_some());
        let (_, references) = references(&watched, &own_functions(&watched).into_iter().collect());
        let watch = watched.imports.get_func(HOST, WATCH).unwrap();
        assert!(references.contains(&watch));
    }

    #[test]
    fn something_else_than_wasm_is_refused() {
        assert!(split(b"no module", &BTreeSet::new(), &Links::default()).is_err());
    }
}
