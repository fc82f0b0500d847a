//! Starting other programs and naming what went wrong with them.
//! Nothing is ever asked: standard input is closed for every child.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::{env, fs};

use crate::error::Failure;

/// How many lines of a log are shown when its program failed.
const TAIL_LINES: usize = 25;

/// Runs a program that talks to the terminal itself.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command.stdin(Stdio::null()).status().map_err(|source| not_started(command, source))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::Failed { program: program_name(command), status: in_words(status) })
    }
}

/// Runs a program whose chatter only matters when it fails: it goes to `log`.
pub(crate) fn run_logged(command: &mut Command, log: &Path) -> Result<(), Failure> {
    let file = File::create(log).map_err(|source| write_failed(log, source))?;
    let copy = file.try_clone().map_err(|source| write_failed(log, source))?;
    let status = command
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(copy)
        .status()
        .map_err(|source| not_started(command, source))?;
    if status.success() {
        return Ok(());
    }
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let tail = lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n");
    Err(Failure::FailedInLog { program: program_name(command), status: in_words(status), log: log.to_path_buf(), tail })
}

/// Runs a program and returns what it printed; its errors go to the terminal.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| not_started(command, source))?;
    if !output.status.success() {
        return Err(Failure::Failed { program: program_name(command), status: in_words(output.status) });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What a program prints, or nothing if it is absent or fails: for looking around without a fuss.
pub(crate) fn probe(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The first file of this name on the PATH.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let file = format!("{program}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&env::var_os("PATH")?).map(|directory| directory.join(&file)).find(|path| path.is_file())
}

/// The program and its first word, as a person would name it: `cargo build`, `node wasm-opt`.
fn program_name(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(OsStr::new("?"));
    let first = command
        .get_args()
        .find(|argument| !argument.to_string_lossy().starts_with('-'))
        .and_then(|argument| Path::new(argument).file_name());
    match first {
        Some(first) => format!("{} {}", name.to_string_lossy(), first.to_string_lossy()),
        None => name.to_string_lossy().into_owned(),
    }
}

pub(crate) fn not_started(command: &Command, source: std::io::Error) -> Failure {
    Failure::Start { program: program_name(command), source }
}

fn write_failed(path: &Path, source: std::io::Error) -> Failure {
    Failure::Write { path: path.to_path_buf(), source }
}

fn in_words(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit code {code}"),
        None => "stopped by a signal".to_owned(),
    }
}
