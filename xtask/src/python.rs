//! Python with DuckDB, below the target directory: what our rating of files is measured against.
//! Pinned; nothing is installed globally but what makes virtual environments.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::error::Failure;
use crate::workspace::{self, Workspace};
use crate::{install, needs, process};

/// As pip knows it.
const DUCKDB: &str = "duckdb==2.0.0";

/// The interpreter of a virtual environment that has DuckDB.
pub(crate) fn with_duckdb(workspace: &Workspace) -> Result<PathBuf, Failure> {
    let missing = needs::missing(needs::TO_RUN_DUCKDB);
    if !missing.is_empty() {
        install::install(workspace, &missing)?;
    }
    let home = workspace.scratch("python")?;
    let (python, installed) = (home.join("bin").join("python"), home.join("installed"));
    if fs::read_to_string(&installed).is_ok_and(|what| what == DUCKDB) {
        return Ok(python);
    }
    let log = workspace.scratch("logs")?.join("pip.log");
    eprintln!("fetching DuckDB from PyPI into {}", home.display());
    process::run_logged(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home), &log)?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--only-binary=:all:", DUCKDB]);
    process::run_logged(&mut pip, &log)?;
    // Written last: a fetch that was interrupted is started again.
    workspace::write(&installed, DUCKDB)?;
    Ok(python)
}
