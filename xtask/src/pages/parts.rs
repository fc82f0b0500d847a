//! Brings a program into two parts: visits it to see which functions a first visit runs, cuts it there, and checks that
//! the first part does without the rest. Also writes the script that joins the two in the browser.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::bindgen::{self, Host};
use super::links::Links;
use super::split::{self, HOST, Parts};
use super::{IN_PARTS, Site, file_name, load_expression, stem};
use crate::error::Failure;
use crate::node_tools::Names;
use crate::workspace::{self, Workspace};

/// Where the host keeps what it gives the parts; also known to xtask/tools/visit.mjs.
const HOST_OBJECT: &str = "globalThis.ratecardHost";

/// What the page's program waits for before it does what takes the rest; also known to web/src/browser.rs.
const WHOLE: &str = "globalThis.ratecardWhole";

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    First,
    Rest,
}

impl Part {
    fn file(self) -> &'static str {
        match self {
            Part::First => "first.wasm",
            Part::Rest => "rest.wasm",
        }
    }
}

/// Where the parts are made.
pub(super) fn scratch(workspace: &Workspace) -> Result<PathBuf, Failure> {
    workspace.scratch(&format!("bindgen/{IN_PARTS}"))
}

/// A part as it was cut: with the names of its functions, not optimised.
pub(crate) fn as_cut(workspace: &Workspace, part: Part) -> Result<PathBuf, Failure> {
    Ok(scratch(workspace)?.join(part.file()))
}

/// The name of the second part.
pub(crate) fn rest_of(name: &str) -> String {
    format!("{name}-rest")
}

/// Cuts a compiled program; both parts come back optimised. Its JavaScript stays in `scratch`, ready for both.
pub(super) fn cut(site: &Site<'_>, module: &Path, scratch: &Path) -> Result<Parts, Failure> {
    // Cut by function, so before wasm-opt melts functions together; each part is optimised by itself.
    let file_stem = stem(&module.to_string_lossy()).to_owned();
    let bound = bindgen::bind(module, Host::Web, Names::Kept, scratch)?;
    let wasm = workspace::read(&bound)?;
    let glue = open_glue(scratch, &file_stem)?;
    let failed = |reason| Failure::Cut { path: module.to_path_buf(), reason };
    let books = site.directory.join("books");

    let watched = scratch.join("watched.wasm");
    workspace::write(&watched, split::watched(&wasm).map_err(failed)?)?;
    let visit = site.tools.visit(&glue, &watched, &books)?;
    let ran: BTreeSet<usize> = visit.ran.iter().copied().collect();
    let linked = workspace::read(module)?;
    let links = Links::read(&linked).map_err(|error| failed(error.to_string()))?;
    let parts = split::split(&wasm, &ran, &links).map_err(failed)?;

    let optimised = |part: Part, bytes: &[u8]| {
        let path = scratch.join(part.file());
        workspace::write(&path, bytes)?;
        site.tools.optimise(&path, Names::Dropped)
    };
    let first = optimised(Part::First, &parts.first)?;
    let rest = optimised(Part::Rest, &parts.rest)?;
    let alone = scratch.join("alone.wasm");
    workspace::write(&alone, &first)?;
    let by_itself = site.tools.visit(&glue, &alone, &books)?;
    if by_itself.fetches > 0 {
        return Err(Failure::NotAlone { fetches: by_itself.fetches });
    }
    if by_itself.shown != visit.shown {
        return Err(Failure::NotSame);
    }
    Ok(Parts { first, rest })
}

/// Lets the boot script give the program more than the browser does, and reach what the program exports. Returns a copy
/// under the name that Node wants for an ES module.
fn open_glue(scratch: &Path, name: &str) -> Result<PathBuf, Failure> {
    let path = scratch.join(format!("{name}.js"));
    let glue = workspace::read_text(&path)?;
    let imports = format!("\"./{name}_bg.js\": import0,");
    let with_host = format!("{imports} {HOST}: {HOST_OBJECT},");
    if !glue.contains(&imports) || !glue.contains("let wasm") {
        let expected = "JavaScript that lists its imports and keeps its exports in `wasm`";
        return Err(Failure::Unexpected { program: "wasm-bindgen".to_owned(), expected, found: glue });
    }
    let opened = glue.replace(&imports, &with_host) + "\nexport { wasm };\n";
    workspace::write(&path, &opened)?;
    let for_node = scratch.join(format!("{name}.mjs"));
    workspace::write(&for_node, opened)?;
    Ok(for_node)
}

/// Loads the first part from beside its own script, then the rest, which is tried again until it comes. A door that is
/// opened before that fetches the rest while the page stands still: the figures are the same, and a book that needs the
/// rest waits for it instead.
pub(super) fn boot_script(name: &str, first: &str, rest: &str) -> String {
    let load = load_expression(first);
    let rest = file_name(rest);
    format!(
        "import load, {{ wasm }} from \"./{name}.js\";\n\
         const address = new URL(\"{rest}\", import.meta.url);\n\
         const fetchNow = () => {{\n  \
         const request = new XMLHttpRequest();\n  \
         request.open(\"GET\", address, false);\n  \
         request.overrideMimeType(\"text/plain; charset=x-user-defined\");\n  \
         request.send();\n  \
         const bytes = Uint8Array.from(request.responseText, (c) => c.charCodeAt(0));\n  \
         new WebAssembly.Instance(new WebAssembly.Module(bytes), {{ {HOST}: wasm }});\n\
         }};\n\
         const fetchRest = async () => {{\n  \
         for (;;) {{\n    \
         try {{\n      \
         const answer = await fetch(address, {{ priority: \"low\" }});\n      \
         return await WebAssembly.instantiate(await answer.arrayBuffer(), {{ {HOST}: wasm }});\n    \
         }} catch {{\n      \
         await new Promise((again) => setTimeout(again, 3000));\n    \
         }}\n  \
         }}\n\
         }};\n\
         {HOST_OBJECT} = {{ fetch: fetchNow }};\n\
         {WHOLE} = {load}.then(fetchRest);\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boot_script_finds_both_parts_beside_itself() {
        let script =
            boot_script("calculator", "assets/calculator-12345678.wasm", "assets/calculator-rest-87654321.wasm");
        assert!(script.starts_with("import load, { wasm } from \"./calculator.js\";\n"));
        assert!(script.contains("new URL(\"calculator-12345678.wasm\", import.meta.url)"));
        assert!(script.contains("new URL(\"calculator-rest-87654321.wasm\", import.meta.url)"));
        // The program asks for it while it starts, so it must be there before.
        assert!(script.contains("globalThis.ratecardWhole = load("));
    }

    #[test]
    fn visit_and_page_know_the_names_that_are_used_here() {
        let visit = include_str!("../../tools/visit.mjs");
        let page = include_str!("../../../web/src/browser.rs");
        assert!(visit.contains(HOST_OBJECT) && visit.contains(WHOLE));
        assert!(WHOLE.ends_with("ratecardWhole") && page.contains("\"ratecardWhole\""));
    }
}
