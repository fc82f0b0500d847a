//! Scenario files: a book, questions to the engine, and the parts of the answers that were worked out by hand.
//!
//! Format: `why` explains the figures. `book` is a whole price book, or `charges` are the charges of plan `p` in a book
//! that begins with `head.toml`; `[replace]` then exchanges texts in that head. Each `[[case]]` has a `name`, an `ask`
//! (see `engine::wire::Door`; `usage = { METER = "QUANTITY" }` alone is short for rating plan `p`) and `expect`, a part
//! of the answer: every key in it must be in the answer and match, lists item by item.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::Deserialize;
use serde_json::{Value, json};

/// One case of a scenario file.
#[derive(Debug, Clone)]
pub struct Case {
    /// Situation and result.
    pub name: String,
    /// The file it stands in.
    pub file: PathBuf,
    /// Why the figures are what they are.
    pub why: String,
    /// The question: `engine::wire::Ask` as JSON on one line.
    pub ask: String,
    /// The part of the answer that is known.
    pub expect: Value,
}

impl Case {
    /// The file below the folder of the scenarios.
    pub fn source(&self) -> String {
        self.file.strip_prefix(folder()).unwrap_or(&self.file).display().to_string()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    why: String,
    book: Option<String>,
    charges: Option<String>,
    #[serde(default)]
    replace: BTreeMap<String, String>,
    case: Vec<FileCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileCase {
    name: String,
    ask: Option<toml::Table>,
    usage: Option<BTreeMap<String, String>>,
    expect: toml::Table,
}

/// Why the scenarios cannot be run.
#[derive(Debug)]
pub enum ScenarioError {
    /// A file or folder cannot be read.
    Io(PathBuf, io::Error),
    /// A file is not a scenario.
    Format(PathBuf, String),
}

impl std::fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Format(path, detail) => write!(f, "{}: {detail}", path.display()),
        }
    }
}

impl std::error::Error for ScenarioError {}

/// The folder of the scenarios.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// Every case of every file, in the order of the files' names. A file that is no scenario is an error: none is left out.
pub fn all() -> Result<Vec<Case>, ScenarioError> {
    let root = folder();
    let mut cases: Vec<Case> = Vec::new();
    for stage in entries(&root)? {
        if stage.is_dir() {
            for file in entries(&stage)? {
                cases.extend(read(&file)?);
            }
        } else if stage.file_name().is_none_or(|name| name != "head.toml") {
            return Err(ScenarioError::Format(stage, "scenarios stand in a folder named after their stage".to_owned()));
        }
    }
    for (index, case) in cases.iter().enumerate() {
        if cases.iter().take(index).any(|earlier| earlier.name == case.name) {
            return Err(ScenarioError::Format(case.file.clone(), format!("the name {} is used twice", case.name)));
        }
    }
    Ok(cases)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, ScenarioError> {
    let failed = |error| ScenarioError::Io(folder.to_owned(), error);
    let listing = fs::read_dir(folder).map_err(failed)?;
    let mut paths =
        listing.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Result<Vec<Case>, ScenarioError> {
    let bad = |detail: String| ScenarioError::Format(path.to_owned(), detail);
    if path.extension().is_none_or(|extension| extension != "toml") {
        return Err(bad("only .toml files are scenarios".to_owned()));
    }
    let text = fs::read_to_string(path).map_err(|error| ScenarioError::Io(path.to_owned(), error))?;
    let file: File = toml::from_str(&text).map_err(|error| bad(error.to_string()))?;
    if file.why.trim().is_empty() || file.case.is_empty() {
        return Err(bad("a scenario needs a why and at least one case".to_owned()));
    }
    let book = book_of(&file).map_err(bad)?;
    let case = |case: &FileCase| -> Result<Case, ScenarioError> {
        let door = door_of(case).map_err(bad)?;
        let expect = serde_json::to_value(&case.expect).map_err(|error| bad(error.to_string()))?;
        let ask = json!({ "book": book, "ask": door }).to_string();
        Ok(Case { name: case.name.clone(), file: path.to_owned(), why: file.why.trim().to_owned(), ask, expect })
    };
    file.case.iter().map(case).collect()
}

fn book_of(file: &File) -> Result<String, String> {
    match (&file.book, &file.charges) {
        (Some(book), None) => Ok(book.clone()),
        (None, Some(charges)) => {
            let path = folder().join("head.toml");
            let mut head = fs::read_to_string(&path).map_err(|error| error.to_string())?;
            for (from, to) in &file.replace {
                if !head.contains(from.as_str()) {
                    return Err(format!("the head has no text {from:?} to replace"));
                }
                head = head.replace(from.as_str(), to);
            }
            Ok(format!("{head}\n{charges}"))
        }
        (Some(_), Some(_)) | (None, None) => Err("give either book or charges".to_owned()),
    }
}

fn door_of(case: &FileCase) -> Result<Value, String> {
    match (&case.ask, &case.usage) {
        (Some(ask), None) => serde_json::to_value(ask).map_err(|error| error.to_string()),
        (None, Some(usage)) => {
            let usage: Vec<Value> =
                usage.iter().map(|(meter, quantity)| json!({ "meter": meter, "quantity": quantity })).collect();
            Ok(json!({ "door": "rate", "plan": "p", "usage": usage }))
        }
        (Some(_), Some(_)) | (None, None) => Err(format!("case {}: give either ask or usage", case.name)),
    }
}

/// Compares an answer with what is known of it; the result lists every difference, with its place.
pub fn differences(expected: &Value, actual: &Value) -> String {
    let mut found = String::new();
    compare("", expected, actual, &mut found);
    found
}

fn compare(path: &str, expected: &Value, actual: &Value, found: &mut String) {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            for (key, value) in expected {
                match actual.get(key) {
                    Some(other) => compare(&format!("{path}.{key}"), value, other, found),
                    None => drop(writeln!(found, "  {path}.{key}: expected {value}, but it is not there")),
                }
            }
        }
        (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => {
            for (index, (expected, actual)) in expected.iter().zip(actual).enumerate() {
                compare(&format!("{path}[{index}]"), expected, actual, found);
            }
        }
        (expected, actual) if expected == actual => {}
        (expected, actual) => drop(writeln!(found, "  {path}: expected {expected}, got {actual}")),
    }
}
