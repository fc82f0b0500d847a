//! Takes values out of TOML with their places, and keeps every problem it meets.
//!
//! A function that finds a problem reports it and returns `None`; the caller goes on, so that all are found at once.

use std::ops::Range;

use engine::catalog::Place;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{MappingKind, MappingProblem};

/// A value with its place and the way to it.
#[derive(Debug, Clone)]
pub(super) struct Node<'t> {
    pub(super) value: &'t Spanned<DeValue<'t>>,
    pub(super) path: String,
}

/// A table whose keys are all known.
#[derive(Debug, Clone)]
pub(super) struct Table<'t> {
    table: &'t DeTable<'t>,
    path: String,
    start: usize,
}

#[derive(Debug)]
pub(super) struct Reader<'t> {
    text: &'t str,
    problems: Vec<(usize, MappingProblem)>,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, problems: Vec::new() }
    }

    pub(super) fn into_problems(mut self) -> Vec<MappingProblem> {
        self.problems.sort_by_key(|(offset, _)| *offset);
        self.problems.into_iter().map(|(_, problem)| problem).collect()
    }

    pub(super) fn syntax(&mut self, error: &toml::de::Error) {
        let start = error.span().map_or(0, |Range { start, .. }| start);
        self.keep(start, String::new(), MappingKind::Syntax(error.message().to_owned()));
    }

    fn keep(&mut self, offset: usize, path: String, kind: MappingKind) {
        let place = place(self.text, offset);
        self.problems.push((offset, MappingProblem { place, path, kind }));
    }

    /// Keeps a problem; always `None`, so that it can stand as the caller's result.
    pub(super) fn report<T>(&mut self, node: &Node<'_>, kind: MappingKind) -> Option<T> {
        self.keep(node.value.span().start, node.path.clone(), kind);
        None
    }

    /// The same about a table as a whole.
    pub(super) fn report_in<T>(&mut self, table: &Table<'_>, kind: MappingKind) -> Option<T> {
        self.keep(table.start, table.path.clone(), kind);
        None
    }

    pub(super) fn root(&mut self, table: &'t Spanned<DeTable<'t>>, allowed: &[&'static str]) -> Table<'t> {
        let table = Table { table: table.get_ref(), path: String::new(), start: table.span().start };
        self.check_keys(&table, allowed);
        table
    }

    pub(super) fn table(&mut self, node: &Node<'t>, allowed: &[&'static str]) -> Option<Table<'t>> {
        let table = self.open_table(node)?;
        self.check_keys(&table, allowed);
        Some(table)
    }

    /// A table whose keys are names of the user's choice.
    pub(super) fn open_table(&mut self, node: &Node<'t>) -> Option<Table<'t>> {
        match node.value.get_ref() {
            DeValue::Table(table) => Some(Table { table, path: node.path.clone(), start: node.value.span().start }),
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_) => self.wrong_type(node, "a table"),
        }
    }

    fn check_keys(&mut self, table: &Table<'_>, allowed: &[&'static str]) {
        for key in table.table.keys().filter(|key| !allowed.contains(&key.get_ref().as_ref())) {
            let name = key.get_ref().to_string();
            let kind = MappingKind::UnknownKey { key: name.clone(), allowed: allowed.to_vec() };
            self.keep(key.span().start, joined(&table.path, &name), kind);
        }
    }

    pub(super) fn wrong_type<T>(&mut self, node: &Node<'_>, expected: &'static str) -> Option<T> {
        let found = match node.value.get_ref() {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a floating-point number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date without quotes",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.report(node, MappingKind::WrongType { found, expected })
    }

    pub(super) fn is_text(&self, node: &Node<'_>) -> bool {
        matches!(node.value.get_ref(), DeValue::String(_))
    }

    /// A text with something in it.
    pub(super) fn text(&mut self, node: &Node<'t>, what: &'static str) -> Option<&'t str> {
        let text = self.any_text(node)?;
        if text.is_empty() { self.report(node, MappingKind::Empty(what)) } else { Some(text) }
    }

    pub(super) fn any_text(&mut self, node: &Node<'t>) -> Option<&'t str> {
        match node.value.get_ref() {
            DeValue::String(text) => Some(text),
            DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => self.wrong_type(node, "a text in quotes"),
        }
    }

    pub(super) fn boolean(&mut self, node: &Node<'t>) -> Option<bool> {
        match node.value.get_ref() {
            DeValue::Boolean(boolean) => Some(*boolean),
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => self.wrong_type(node, "true or false"),
        }
    }

    /// A count from 1.
    pub(super) fn count(&mut self, node: &Node<'t>) -> Option<usize> {
        let DeValue::Integer(integer) = node.value.get_ref() else { return self.wrong_type(node, "a whole number") };
        let found = integer.as_str();
        match usize::from_str_radix(found, integer.radix()) {
            Ok(count) if (1..=4096).contains(&count) => Some(count),
            Ok(_) | Err(_) => {
                self.report(node, MappingKind::Range { found: found.to_owned(), allowed: "from 1 to 4096" })
            }
        }
    }

    /// A list of texts; one text alone is a list of one.
    pub(super) fn texts(&mut self, node: &Node<'t>) -> Option<Vec<&'t str>> {
        match node.value.get_ref() {
            DeValue::Array(items) => {
                let node = |(index, value)| Node { value, path: format!("{}[{index}]", node.path) };
                items.iter().enumerate().map(node).map(|node| self.any_text(&node)).collect()
            }
            DeValue::String(text) => Some(vec![text]),
            DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Table(_) => self.wrong_type(node, "a list of texts"),
        }
    }
}

impl<'t> Table<'t> {
    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<Node<'t>> {
        self.table.get(key).map(|value| Node { value, path: joined(&self.path, key) })
    }

    /// All values, in the order of the text.
    pub(super) fn entries(&self) -> Vec<(String, Node<'t>)> {
        let mut entries: Vec<_> = self.table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let entry = |(key, value): (&Spanned<_>, _)| {
            let name = AsRef::<str>::as_ref(key.get_ref()).to_owned();
            let path = joined(&self.path, &name);
            (name, Node { value, path })
        };
        entries.into_iter().map(|(key, value)| entry((key, value))).collect()
    }
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn place(text: &str, offset: usize) -> Place {
    let before = text.get(..offset).unwrap_or(text);
    let number = |count: usize| u32::try_from(count.saturating_add(1)).unwrap_or(u32::MAX);
    let last_line = before.rsplit('\n').next().unwrap_or_default();
    Place { line: number(before.matches('\n').count()), column: number(last_line.chars().count()) }
}
