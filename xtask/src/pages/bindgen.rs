//! Writes the JavaScript that loads a module, with the library behind the `wasm-bindgen` command.
//! The command itself would take minutes to build; the library comes with xtask.

use std::path::{Path, PathBuf};

use wasm_bindgen_cli_support::Bindgen;

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
    workspace::remove_directory(directory)?;
    let mut bindgen = Bindgen::new();
    bindgen.input_path(module).remove_name_section(names == Names::Dropped).remove_producers_section(true);
    match host {
        Host::Web => bindgen.web(true),
        Host::Node => bindgen.nodejs(true),
    }
    .and_then(|bindgen| bindgen.generate(directory))
    .map_err(|error| failed(format!("{error:#}")))?;
    Ok(directory.join(format!("{stem}_bg.wasm")))
}
