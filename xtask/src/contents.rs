//! Says what a WASM module is made of: bytes of code for each crate and each function.
//! Reads the name section, so the module must have been built and optimised with names kept.

use std::collections::BTreeMap;

use rustc_demangle::demangle;
use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef};

use crate::error::Failure;

/// Bytes of one module, told apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    /// Code by function, the largest first.
    pub(crate) functions: Vec<(String, u64)>,
    /// Code by crate, the largest first.
    pub(crate) crates: Vec<(String, u64)>,
    /// The engine's code by module, in the order of the alphabet.
    pub(crate) engine: BTreeMap<String, u64>,
    pub(crate) code_bytes: u64,
    /// Strings, tables and other constants.
    pub(crate) data_bytes: u64,
}

/// Reads a module; `name` is for the error.
pub(crate) fn read(name: &str, wasm: &[u8]) -> Result<Contents, Failure> {
    let failed = |source| Failure::Wasm { name: name.to_owned(), source };
    let mut imported: u32 = 0;
    let mut bodies: Vec<u64> = Vec::new();
    let mut names: BTreeMap<u32, String> = BTreeMap::new();
    let mut data_bytes = 0;
    for payload in Parser::new(0).parse_all(wasm) {
        // Only sections that carry size or names matter; the format has many more.
        match payload.map_err(failed)? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    if matches!(import.map_err(failed)?.ty, TypeRef::Func(_)) {
                        imported += 1;
                    }
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(length(&body.range())),
            Payload::DataSection(data) => data_bytes = length(&data.range()),
            Payload::CustomSection(custom) => {
                if let KnownCustom::Name(subsections) = custom.as_known() {
                    for subsection in subsections {
                        if let Name::Function(map) = subsection.map_err(failed)? {
                            for naming in map {
                                let naming = naming.map_err(failed)?;
                                names.insert(naming.index, readable(naming.name));
                            }
                        }
                    }
                }
            }
            _ => {}
        }
    }
    let functions = (imported..).zip(bodies).map(|(index, bytes)| {
        let unnamed = || "(without a name)".to_owned();
        (names.remove(&index).unwrap_or_else(unnamed), bytes)
    });
    Ok(Contents::of(functions.collect(), data_bytes))
}

impl Contents {
    fn of(mut functions: Vec<(String, u64)>, data_bytes: u64) -> Contents {
        let mut crates: BTreeMap<String, u64> = BTreeMap::new();
        let mut engine: BTreeMap<String, u64> = BTreeMap::new();
        for (name, bytes) in &functions {
            *crates.entry(owner(name).to_owned()).or_default() += bytes;
            if let Some(module) = engine_module(name) {
                *engine.entry(module).or_default() += bytes;
            }
        }
        let mut crates: Vec<(String, u64)> = crates.into_iter().collect();
        largest_first(&mut crates);
        largest_first(&mut functions);
        Contents { code_bytes: functions.iter().map(|(_, bytes)| bytes).sum(), functions, crates, engine, data_bytes }
    }
}

/// As people write it: without the hashes by which compilers tell namesakes apart.
fn readable(name: &str) -> String {
    format!("{:#}", demangle(name))
}

/// The crate a function comes from: the first word of its path, or of the type it is a method of.
fn owner(function: &str) -> &str {
    let marks = |c: char| matches!(c, '<' | '&' | '*' | '(' | '[');
    let mut path = function.trim_start_matches(marks);
    for word in ["mut ", "const ", "dyn ", "impl "] {
        path = path.strip_prefix(word).unwrap_or(path);
    }
    let end = path.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(path.len());
    match (&path[..end], &path[end..]) {
        ("", _) => "(other)",
        (owner, rest) if rest.starts_with("::") => owner,
        // A type of the language itself, as in `<str as core::fmt::Display>`.
        (_, rest) if rest.contains(" as ") => "core",
        _ => "(glue)",
    }
}

/// The module of the engine that a function belongs to: that of its own path, or of the first type of the engine's that
/// it was compiled for, as in `core::ptr::drop_in_place<engine::rating::trace::Step>`.
fn engine_module(function: &str) -> Option<String> {
    const ENGINE: &str = "engine::";
    let start = function.match_indices(ENGINE).map(|(start, _)| start).find(|start| {
        let before = function[..*start].chars().next_back();
        before.is_none_or(|before| !(before.is_alphanumeric() || matches!(before, '_' | ':')))
    })?;
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let path = &function[start..];
    let end = path.find(|c: char| !(is_name(c) || c == ':')).unwrap_or(path.len());
    let mut modules: Vec<&str> = path[..end].split("::").collect();
    match modules.iter().position(|word| word.is_empty() || word.starts_with(char::is_uppercase)) {
        // A type: what stands before it is its module. An empty word is where a closure's braces begin.
        Some(place) if modules.get(place).is_some_and(|word| !word.is_empty()) => modules.truncate(place),
        Some(place) => modules.truncate(place.saturating_sub(1)),
        None => modules.truncate(modules.len().saturating_sub(1)),
    }
    Some(modules.join("::"))
}

fn largest_first(sizes: &mut [(String, u64)]) {
    sizes.sort_by(|(name, bytes), (other_name, other_bytes)| other_bytes.cmp(bytes).then_with(|| name.cmp(other_name)));
}

fn length(range: &std::ops::Range<usize>) -> u64 {
    u64::try_from(range.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_belong_to_the_first_crate_in_their_name() {
        assert_eq!(owner("engine::rating::rate"), "engine");
        assert_eq!(owner("<yew::html::Scope<T> as core::ops::Drop>::drop"), "yew");
        assert_eq!(owner("<&mut serde_json::de::Deserializer<R>>::next"), "serde_json");
        assert_eq!(owner("<dyn core::any::Any>::is"), "core");
        assert_eq!(owner("<str as core::fmt::Display>::fmt"), "core");
        assert_eq!(owner("__wbindgen_malloc"), "(glue)");
        assert_eq!(owner("<<a::B as c::D>::E as f::G>::h"), "a");
    }

    #[test]
    fn functions_of_the_engine_belong_to_their_module() {
        let module = |function| engine_module(function).unwrap_or_default();
        assert_eq!(module("engine::rating::graduated::price"), "engine::rating::graduated");
        assert_eq!(module("engine::rating::rate::{{closure}}"), "engine::rating");
        assert_eq!(module("<engine::catalog::price::Model as core::clone::Clone>::clone"), "engine::catalog::price");
        assert_eq!(module("core::ptr::drop_in_place<engine::rating::Line>"), "engine::rating");
        assert_eq!(module("web::engine::other"), "");
    }

    #[test]
    fn names_are_as_people_write_them_without_hashes() {
        assert_eq!(readable("_ZN1a1b17h0123456789abcdefE"), "a::b");
        assert_eq!(readable("_RNvCsgXGp5Oqx2Ny_1a5hello"), "a::hello");
        assert_eq!(readable("split::open"), "split::open");
    }

    #[test]
    fn sizes_add_up_by_crate_and_come_largest_first() {
        let functions = vec![("a::small".to_owned(), 10), ("b::large".to_owned(), 50), ("a::middle".to_owned(), 45)];
        let contents = Contents::of(functions, 7);
        assert_eq!(contents.code_bytes, 105);
        assert_eq!(contents.data_bytes, 7);
        assert_eq!(contents.crates, [("a".to_owned(), 55), ("b".to_owned(), 50)]);
        assert_eq!(contents.functions[0], ("b::large".to_owned(), 50));
    }

    #[test]
    fn empty_module_holds_nothing() {
        let contents = read("empty", b"\0asm\x01\0\0\0").unwrap();
        assert_eq!(contents, Contents::default());
    }

    #[test]
    fn text_is_not_a_module() {
        let error = read("text", b"hello, world").unwrap_err();
        assert!(matches!(error, Failure::Wasm { .. }));
    }
}
