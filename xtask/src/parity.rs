//! Builds the tests' library for Node and for the browser, finished like the pages, so that what
//! is compared with the native engine is what is shipped.

use std::path::PathBuf;

use crate::error::Failure;
use crate::node_tools::{Names, NodeTools};
use crate::pages::bindgen::{self, Host};
use crate::progress::Step;
use crate::workspace::{self, Workspace};

/// The package and its library, which answers questions in WASM.
const TESTS: &str = "tests";

pub(crate) fn step(workspace: &Workspace) -> Step {
    Step {
        title: "building the engine's tests for Node and the browser".to_owned(),
        cold_seconds: 60,
        warm_seconds: 35,
        is_cold: !workspace.wasm(TESTS).exists(),
    }
}

/// Writes `node/` and `web/`; returns the directory that holds both.
pub(crate) fn build(workspace: &Workspace, tools: &NodeTools) -> Result<PathBuf, Failure> {
    workspace.build_wasm(TESTS, &["--lib"])?;
    let parity = workspace.parity();
    for (host, directory) in [(Host::Node, "node"), (Host::Web, "web")] {
        let directory = parity.join(directory);
        let bound = bindgen::bind(&workspace.wasm(TESTS), host, Names::Dropped, &directory)?;
        let optimised = tools.optimise(&bound, Names::Dropped)?;
        workspace::write(&bound, optimised)?;
    }
    let page = workspace::read(&workspace.root.join("tests/parity/chromium.html"))?;
    workspace::write(&parity.join("web/index.html"), page)?;
    Ok(parity)
}
