//! What a person typed: a tree of tables, lists and texts, each with its place. Nothing is checked here but the syntax.
//!
//! TOML and JSON become the same tree, so that one check serves the file and the browser's view of it.

use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::book::{Book, read_book};
use super::problem::{Problem, ProblemKind};
use super::reader::Reader;

/// A place in a text; both count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// A price book as it was typed.
#[derive(Debug, Clone)]
pub struct BookDraft {
    root: Node,
    syntax: Vec<Problem>,
}

#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(super) value: Value,
    pub(super) place: Option<Place>,
}

#[derive(Debug, Clone)]
pub(crate) enum Value {
    Text(String),
    /// As it was written; TOML's integers are exact.
    Integer(String),
    Boolean(bool),
    Array(Vec<Node>),
    /// In the order of the text, where there is one.
    Table(Vec<Field>),
    /// Something no book contains: a float, a date, null. The word says which.
    Other(&'static str),
}

#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(super) key: String,
    pub(super) place: Option<Place>,
    pub(super) node: Node,
}

impl BookDraft {
    /// Reads TOML. Mistakes in the syntax are kept and reported by [`BookDraft::check`] with all others.
    pub fn from_toml(text: &str) -> Self {
        let lines = Lines::new(text);
        let (table, errors) = DeTable::parse_recoverable(text);
        let syntax = errors.iter().map(|error| Problem {
            place: error.span().map(|span| lines.place(span.start)),
            path: String::new(),
            kind: ProblemKind::Syntax { detail: error.message().to_owned() },
        });
        Self { syntax: syntax.collect(), root: from_toml_table(&lines, table.span().start, table.get_ref()) }
    }

    /// Takes a JSON value of the book's canonical form.
    pub fn from_json(value: &serde_json::Value) -> Self {
        Self { root: from_json(value), syntax: Vec::new() }
    }

    /// Where in the text something of the structure stands, for instance `plans.starter.charges[0]`.
    pub fn place_of(&self, path: &str) -> Option<Place> {
        let mut node = &self.root;
        for part in path.split('.') {
            let (key, indices) = part.split_once('[').unwrap_or((part, ""));
            let Value::Table(fields) = &node.value else { return None };
            node = &fields.iter().find(|field| field.key == key)?.node;
            for index in indices.split('[').filter(|text| !text.is_empty()) {
                let Value::Array(nodes) = &node.value else { return None };
                node = nodes.get(index.trim_end_matches(']').parse::<usize>().ok()?)?;
            }
        }
        node.place
    }

    /// Makes it a valid book, or reports every problem in the order of the text.
    pub fn check(&self) -> Result<Book, Vec<Problem>> {
        let (book, mut problems) = self.read();
        problems.sort_by_key(|problem| problem.place);
        match book {
            Some(book) if problems.is_empty() => Ok(book.with_own_digest()),
            Some(_) | None => Err(problems),
        }
    }

    /// The same for a part of a book that goes under the digest of the whole.
    pub(super) fn check_under(&self, digest: &str) -> Result<Book, Vec<Problem>> {
        match self.read() {
            (Some(book), problems) if problems.is_empty() => Ok(book.with_digest(digest.to_owned())),
            (_, problems) => Err(problems),
        }
    }

    fn read(&self) -> (Option<Book>, Vec<Problem>) {
        let mut reader = Reader::default();
        let book = read_book(&mut reader, &self.root);
        let mut problems = self.syntax.clone();
        // A broken syntax leaves holes; what is missing only for that reason would mislead.
        let hides = |problem: &Problem| matches!(problem.kind, ProblemKind::MissingKey { .. });
        let found = reader.into_problems().into_iter();
        problems.extend(found.filter(|problem| self.syntax.is_empty() || !hides(problem)));
        (book, problems)
    }
}

/// Where each line of a text begins.
struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        let breaks = text.match_indices('\n').map(|(at, newline)| at.saturating_add(newline.len()));
        Self { text, starts: std::iter::once(0).chain(breaks).collect() }
    }

    fn place(&self, offset: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let before = self.text.get(start..offset).unwrap_or_default().chars().count();
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Place { line: number(line.max(1)), column: number(before.saturating_add(1)) }
    }
}

fn from_toml_table(lines: &Lines<'_>, offset: usize, table: &DeTable<'_>) -> Node {
    let mut fields: Vec<(usize, Field)> = Vec::new();
    for (key, value) in table {
        let at = key.span().start;
        let field =
            Field { key: key.get_ref().to_string(), place: Some(lines.place(at)), node: from_toml(lines, value) };
        fields.push((at, field));
    }
    fields.sort_by_key(|(at, _)| *at);
    let fields = fields.into_iter().map(|(_, field)| field).collect();
    Node { value: Value::Table(fields), place: Some(lines.place(offset)) }
}

fn from_toml(lines: &Lines<'_>, spanned: &Spanned<DeValue<'_>>) -> Node {
    let offset = spanned.span().start;
    let value = match spanned.get_ref() {
        DeValue::Table(table) => return from_toml_table(lines, offset, table),
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(integer) => match i128::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(number) => Value::Integer(number.to_string()),
            Err(_) => Value::Integer(integer.as_str().to_owned()),
        },
        DeValue::Boolean(boolean) => Value::Boolean(*boolean),
        DeValue::Array(items) => Value::Array(items.iter().map(|item| from_toml(lines, item)).collect()),
        DeValue::Float(_) => Value::Other("a floating-point number"),
        DeValue::Datetime(_) => Value::Other("a date without quotes"),
    };
    Node { value, place: Some(lines.place(offset)) }
}

fn from_json(value: &serde_json::Value) -> Node {
    use serde_json::Value as Json;
    let value = match value {
        Json::String(text) => Value::Text(text.clone()),
        Json::Bool(boolean) => Value::Boolean(*boolean),
        Json::Array(items) => Value::Array(items.iter().map(from_json).collect()),
        Json::Object(map) => Value::Table(
            map.iter().map(|(key, value)| Field { key: key.clone(), place: None, node: from_json(value) }).collect(),
        ),
        Json::Number(_) => Value::Other("a number without quotes"),
        Json::Null => Value::Other("null"),
    };
    Node { value, place: None }
}

impl Node {
    pub(super) fn is_table(&self) -> bool {
        matches!(self.value, Value::Table(_))
    }

    /// What kind of value this is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Text(_) => "a text",
            Value::Integer(_) => "a whole number",
            Value::Boolean(_) => "true or false",
            Value::Array(_) => "a list",
            Value::Table(_) => "a table",
            Value::Other(word) => word,
        }
    }
}
