//! The tools that come from npm: wasm-opt, a minifier, and Node's own compressors.
//! They live below the target directory, pinned by xtask/tools; nothing is installed globally.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::Failure;
use crate::pages::asset;
use crate::progress::Step;
use crate::workspace::{self, Workspace};
use crate::{needs, process};

const PACKAGE: &str = include_str!("../tools/package.json");
const LOCK: &str = include_str!("../tools/package-lock.json");
const COMPRESS: &str = include_str!("../tools/compress.mjs");
const VISIT: &str = include_str!("../tools/visit.mjs");

/// Smallest first, as for everything a browser loads, and what rustc switches on for this target. Functions that have one
/// caller are not melted into it unless they are tiny: by itself that would be smaller, compressed it is larger.
const WASM_OPT: &[&str] = &[
    "-Oz",
    "--one-caller-inline-max-function-size=20",
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// Whether function names are kept, so that sizes can be told by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    Kept,
    Dropped,
}

/// What was seen of a program during a first visit.
pub(crate) struct Visit {
    /// The numbers of the functions that ran; none unless the program is watched.
    pub(crate) ran: Vec<usize>,
    /// How often it asked for its rest; never unless it is a first part.
    pub(crate) fetches: u64,
    /// A digest of all that was on the page.
    pub(crate) shown: String,
}

pub(crate) struct NodeTools {
    home: PathBuf,
    /// What wasm-opt made of which input; the input's hash is the name.
    optimised: PathBuf,
}

/// The step that fetches the tools, or looks whether they are there.
pub(crate) fn step(workspace: &Workspace) -> Result<Step, Failure> {
    Ok(Step {
        title: "fetching wasm-opt and a minifier from npm".to_owned(),
        cold_seconds: 12,
        warm_seconds: 0,
        is_cold: !is_installed(&workspace.scratch("npm")?),
    })
}

impl NodeTools {
    pub(crate) fn install(workspace: &Workspace) -> Result<NodeTools, Failure> {
        needs::check_node()?;
        let home = workspace.scratch("npm")?;
        if is_installed(&home) {
            eprintln!("      already there");
        } else {
            workspace::write(&home.join("package.json"), PACKAGE)?;
            workspace::write(&home.join("package-lock.json"), LOCK)?;
            let mut npm = Command::new("npm");
            npm.current_dir(&home).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
            let log = workspace.scratch("logs")?.join("npm.log");
            process::run_logged(&mut npm, &log)?;
            // Written last: a fetch that was interrupted is started again.
            workspace::write(&home.join("installed"), LOCK)?;
            eprintln!("      into {}", home.display());
        }
        Ok(NodeTools { home, optimised: workspace.scratch("wasm-opt")? })
    }

    /// The module made smaller. The same input is optimised once and remembered.
    pub(crate) fn optimise(&self, wasm: &Path, names: Names) -> Result<Vec<u8>, Failure> {
        let mut flags = WASM_OPT.to_vec();
        if names == Names::Kept {
            flags.push("--debuginfo");
        }
        let mut identity = workspace::read(wasm)?;
        identity.extend_from_slice(LOCK.as_bytes());
        identity.extend_from_slice(flags.concat().as_bytes());
        let known = self.optimised.join(asset::hash(&identity));
        if !known.exists() {
            let fresh = known.with_extension("part");
            let mut command = self.tool("binaryen/bin/wasm-opt");
            command.arg(wasm).arg("-o").arg(&fresh).args(&flags);
            process::run(&mut command)?;
            fs::rename(&fresh, &known).map_err(|source| Failure::Write { path: known.clone(), source })?;
        }
        workspace::read(&known)
    }

    /// One module out of a module and all it imports, minified.
    pub(crate) fn bundle_js(&self, entry: &Path) -> Result<Vec<u8>, Failure> {
        self.bundle(entry, &["--format=esm", "--target=es2022"])
    }

    /// One stylesheet out of a stylesheet and all it imports, minified.
    pub(crate) fn bundle_css(&self, entry: &Path) -> Result<Vec<u8>, Failure> {
        self.bundle(entry, &[])
    }

    fn bundle(&self, entry: &Path, flags: &[&str]) -> Result<Vec<u8>, Failure> {
        let mut command = self.tool("esbuild/bin/esbuild");
        command.arg(entry).args(["--bundle", "--minify", "--log-level=warning", "--charset=utf8"]).args(flags);
        Ok(process::output(&mut command)?.into_bytes())
    }

    /// Puts a `.br` and a `.gz` beside every file below `directory` that shrinks by it.
    pub(crate) fn compress(&self, directory: &Path) -> Result<(), Failure> {
        let script = self.home.join("compress.mjs");
        workspace::write(&script, COMPRESS)?;
        let mut command = Command::new("node");
        command.arg(&script).args(workspace::files_below(directory)?);
        process::run(&mut command)
    }

    /// Visits the calculator with the books below a directory, without a browser.
    pub(crate) fn visit(&self, glue: &Path, wasm: &Path, books: &Path) -> Result<Visit, Failure> {
        let script = self.home.join("visit.mjs");
        workspace::write(&script, VISIT)?;
        let mut command = Command::new("node");
        command.arg(&script).args([glue, wasm, books]);
        let seen = process::output(&mut command)?;
        read_visit(&seen).ok_or_else(|| Failure::Unexpected {
            program: "visit.mjs".to_owned(),
            expected: "the functions that ran, as JSON",
            found: seen,
        })
    }

    fn tool(&self, path: &str) -> Command {
        let mut command = Command::new("node");
        command.arg(self.home.join("node_modules").join(path));
        command
    }
}

fn read_visit(seen: &str) -> Option<Visit> {
    let seen: serde_json::Value = serde_json::from_str(seen).ok()?;
    let number = |number: &serde_json::Value| usize::try_from(number.as_u64()?).ok();
    let ran = seen.get("ran")?.as_array()?.iter().map(number).collect::<Option<_>>()?;
    let shown = seen.get("shown")?.as_str()?.to_owned();
    Some(Visit { ran, fetches: seen.get("fetches")?.as_u64()?, shown })
}

fn is_installed(home: &Path) -> bool {
    fs::read_to_string(home.join("installed")).is_ok_and(|lock| lock == LOCK)
}
