//! Conformance cases: figures from other systems, or from ours, each with what goes in and what must come out.
//!
//! A file holds one JSON object a line. An adapter writes a case as book, usage and period in the engine's public types
//! and reads the answer back; it never calculates. `docs/conformance.md` describes the format.

mod aggregations;
mod ask;
mod compare;
mod cycles;
mod grants;
mod matrix;
mod models;
mod progress;
mod proration;
mod terms;

use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use serde::Deserialize;
use serde_json::Value;

pub use ask::suite;
pub use compare::differences;

/// One figure to be reproduced.
#[derive(Debug, Clone, Deserialize)]
pub struct Case {
    /// Unique in its file.
    pub id: String,
    /// The kind of calculation; chooses the adapter.
    pub model: String,
    /// The rule.
    #[serde(default)]
    pub params: Value,
    /// What it is applied to.
    #[serde(default)]
    pub input: Value,
    /// What must come out.
    pub expected: Value,
}

/// What the engine says: a value shaped like `expected`, or why there is none.
pub type Answer = Result<Value, String>;

/// How a case ended.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Every expected figure came out.
    Passed,
    /// Something else came out, or nothing.
    Failed {
        /// The answer, or the reason why there is none.
        actual: String,
    },
}

/// A case, where it stands and how it ended.
#[derive(Debug, Clone)]
pub struct Run {
    /// The file's name.
    pub file: String,
    /// The case.
    pub case: Case,
    /// How it ended.
    pub outcome: Outcome,
}

/// Why a folder of cases cannot be run.
#[derive(Debug)]
pub enum ConformanceError {
    /// A file or folder cannot be read.
    Io(PathBuf, io::Error),
    /// A line is no case.
    Line(PathBuf, usize, String),
    /// The folder has no `*.jsonl`.
    Empty(PathBuf),
}

impl fmt::Display for ConformanceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Line(path, line, detail) => write!(f, "{}:{line}: {detail}", path.display()),
            Self::Empty(path) => write!(f, "{}: no *.jsonl in this folder", path.display()),
        }
    }
}

impl std::error::Error for ConformanceError {}

/// Runs every case of every `*.jsonl` in `folder`, in the order of the files' names.
pub fn run(folder: &Path) -> Result<Vec<Run>, ConformanceError> {
    let failed = |error| ConformanceError::Io(folder.to_owned(), error);
    let listing = fs::read_dir(folder).map_err(failed)?;
    let paths = listing.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let mut files: Vec<PathBuf> =
        paths.into_iter().filter(|path| path.extension().is_some_and(|e| e == "jsonl")).collect();
    files.sort();
    if files.is_empty() {
        return Err(ConformanceError::Empty(folder.to_owned()));
    }
    let mut runs = Vec::new();
    for path in files {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for case in read(&path)? {
            let outcome = outcome(&case);
            runs.push(Run { file: file.clone(), case, outcome });
        }
    }
    Ok(runs)
}

fn read(path: &Path) -> Result<Vec<Case>, ConformanceError> {
    let text = fs::read_to_string(path).map_err(|error| ConformanceError::Io(path.to_owned(), error))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| {
            serde_json::from_str(line)
                .map_err(|error| ConformanceError::Line(path.to_owned(), index + 1, error.to_string()))
        })
        .collect()
}

/// Asks the engine and compares.
pub fn outcome(case: &Case) -> Outcome {
    match answer(case) {
        None => Outcome::Failed { actual: format!("no adapter for the model {}", case.model) },
        Some(Err(reason)) => Outcome::Failed { actual: reason },
        Some(Ok(actual)) => match differences(case, &actual) {
            differences if differences.is_empty() => Outcome::Passed,
            differences => Outcome::Failed { actual: format!("{actual} ({differences})") },
        },
    }
}

/// The engine's answer; `None` if no adapter knows the model.
fn answer(case: &Case) -> Option<Answer> {
    let adapters = [
        ask::answer,
        aggregations::answer,
        cycles::answer,
        grants::answer,
        matrix::answer,
        // Before the models: of theirs it answers those of which something was billed already.
        progress::answer,
        models::answer,
        proration::answer,
        terms::answer,
    ];
    adapters.iter().find_map(|adapter| adapter(case))
}

/// The text of a field, or which one is missing.
pub(crate) fn text<'v>(value: &'v Value, field: &str) -> Result<&'v str, String> {
    value.get(field).and_then(Value::as_str).ok_or_else(|| format!("no text {field} in {value}"))
}

/// The list of a field, or which one is missing.
pub(crate) fn list<'v>(value: &'v Value, field: &str) -> Result<&'v [Value], String> {
    value.get(field).and_then(Value::as_array).map(Vec::as_slice).ok_or_else(|| format!("no list {field} in {value}"))
}

/// The text of a field that may be absent or null.
pub(crate) fn optional<'v>(value: &'v Value, field: &str) -> Option<&'v str> {
    value.get(field).and_then(Value::as_str)
}
