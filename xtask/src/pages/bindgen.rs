//! Writes the JavaScript that loads a module, with the library behind the `wasm-bindgen` command.
//! The command itself would take minutes to build; the library comes with xtask.

use std::path::{Path, PathBuf};

use wasm_bindgen_cli_support::Bindgen;
use wasmparser::{BinaryReaderError, Parser, Payload};

use crate::error::Failure;
use crate::node_tools::Names;
use crate::workspace;

/// Where the JavaScript will run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// An ES module whose default export loads the WASM.
    Web,
    /// A CommonJS module that loads the WASM by itself.
    Node,
}

/// Writes `<stem>.js` and `<stem>_bg.wasm` of a compiled module into `directory`, which is emptied
/// first; returns the path of the WASM.
pub(crate) fn bind(module: &Path, host: Host, names: Names, directory: &Path) -> Result<PathBuf, Failure> {
    let failed = |reason: String| Failure::Bindgen { path: module.to_path_buf(), reason };
    let stem =
        module.file_stem().and_then(|stem| stem.to_str()).ok_or_else(|| failed("its name is not text".to_owned()))?;
    let wasm = without_links(&workspace::read(module)?).map_err(|error| failed(error.to_string()))?;
    workspace::remove_directory(directory)?;
    let mut bindgen = Bindgen::new();
    // Names stay as the linker knows them.
    bindgen
        .input_bytes(stem, wasm)
        .demangle(false)
        .remove_name_section(names == Names::Dropped)
        .remove_producers_section(true);
    match host {
        Host::Web => bindgen.web(true),
        Host::Node => bindgen.nodejs(true),
    }
    .and_then(|bindgen| bindgen.generate(directory))
    .map_err(|error| failed(format!("{error:#}")))?;
    Ok(directory.join(format!("{stem}_bg.wasm")))
}

/// The module without the linker's notes, which are about the bytes as they were linked and true no longer once one moves.
fn without_links(wasm: &[u8]) -> Result<Vec<u8>, BinaryReaderError> {
    let mut kept = Vec::with_capacity(wasm.len());
    let mut end = 0;
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        let after = match &payload {
            Payload::Version { range, .. } => range.end,
            _ => match payload.as_section() {
                Some((_, range)) => range.end,
                // A body of a function lies in its section.
                None => continue,
            },
        };
        let is_note = matches!(&payload, Payload::CustomSection(custom)
            if custom.name() == "linking" || custom.name().starts_with("reloc."));
        if !is_note {
            kept.extend_from_slice(wasm.get(end..after).unwrap_or_default());
        }
        end = after;
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_of_the_linker_are_left_out_and_all_else_stays() {
        let custom = |name: &str| {
            let length = u8::try_from(name.len()).unwrap();
            [&[0, length + 2, length], name.as_bytes(), b"x"].concat()
        };
        let begin = b"\0asm\x01\0\0\0";
        let with = [begin.to_vec(), custom("linking"), custom("name"), custom("reloc.CODE"), custom("other")].concat();
        let without = [begin.to_vec(), custom("name"), custom("other")].concat();
        assert_eq!(without_links(&with).unwrap(), without);
        assert!(without_links(b"no module").is_err());
    }
}
