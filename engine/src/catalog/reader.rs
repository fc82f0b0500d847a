//! Reads typed values out of a draft's tree and keeps every problem it meets.
//!
//! A function that finds a problem reports it and returns `None`; the caller goes on, so that all are found at once.

use rust_decimal::Decimal;

use super::draft::{Field, Node, Place, Value};
use super::problem::{Expected, Problem, ProblemKind};
use crate::ids::BadId;
use crate::quantity::parse_decimal;
use crate::text::Names;

/// Where in the structure something stands, for instance `plans.starter.charges[0]`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Path(String);

impl Path {
    pub(super) fn key(&self, key: &str) -> Self {
        if self.0.is_empty() { Self(key.to_owned()) } else { Self(format!("{}.{key}", self.0)) }
    }

    pub(super) fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }
}

/// A table whose keys are all known.
pub(super) struct Table<'n> {
    pub(super) node: &'n Node,
    fields: &'n [Field],
}

impl<'n> Table<'n> {
    pub(super) fn get(&self, key: &str) -> Option<&'n Field> {
        self.fields.iter().find(|field| field.key == key)
    }

    /// The value of a key and its path. Kept out of the many places that read one, which the browser would load.
    #[inline(never)]
    fn at(&self, key: &str, path: &Path) -> Option<(&'n Node, Path)> {
        self.get(key).map(|field| (&field.node, path.key(key)))
    }
}

/// An element of a collection by id: the key of its table in TOML, its field `id` in JSON.
pub(super) struct Entry<'n> {
    pub(super) id: Option<&'n str>,
    id_place: Option<Place>,
    pub(super) node: &'n Node,
    pub(super) path: Path,
}

impl<'n> Entry<'n> {
    /// The charge at a place in a plan's list.
    pub(super) fn charge(&self, index: usize) -> Option<&'n Node> {
        let Value::Table(fields) = &self.node.value else { return None };
        let charges = fields.iter().find(|field| field.key == "charges")?;
        let Value::Array(nodes) = &charges.node.value else { return None };
        nodes.get(index)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Reader {
    problems: Vec<Problem>,
}

impl Reader {
    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// Keeps a problem; always `None`, so that it can stand as the caller's result.
    pub(super) fn report<T>(&mut self, node: &Node, path: &Path, kind: ProblemKind) -> Option<T> {
        self.keep(node, path, kind);
        None
    }

    /// By itself, because what calls it is compiled for each type that a report stands in for.
    #[cold]
    #[inline(never)]
    fn keep(&mut self, node: &Node, path: &Path, kind: ProblemKind) {
        self.problems.push(Problem { place: node.place, path: path.0.clone(), kind });
    }

    /// Like [`Reader::report`], at the value of a key.
    pub(super) fn report_at<T>(&mut self, table: &Table<'_>, key: &str, path: &Path, kind: ProblemKind) -> Option<T> {
        self.keep_at(table, key, path, kind);
        None
    }

    #[cold]
    #[inline(never)]
    fn keep_at(&mut self, table: &Table<'_>, key: &str, path: &Path, kind: ProblemKind) {
        let node = table.get(key).map_or(table.node, |field| &field.node);
        self.keep(node, &path.key(key), kind);
    }

    pub(super) fn table<'n>(&mut self, node: &'n Node, path: &Path, allowed: &[&str]) -> Option<Table<'n>> {
        let Value::Table(fields) = &node.value else {
            return self.wrong_type(node, path, Expected::Table);
        };
        for field in fields {
            if !allowed.contains(&field.key.as_str()) {
                let kind = ProblemKind::UnknownKey {
                    key: field.key.clone(),
                    allowed: allowed.iter().map(|key| (*key).to_owned()).collect(),
                    meant: closest(&field.key, allowed),
                };
                self.problems.push(Problem { place: field.place, path: path.key(&field.key).0, kind });
            }
        }
        Some(Table { node, fields })
    }

    /// Reads a key that must be there.
    pub(super) fn required<T>(
        &mut self,
        table: &Table<'_>,
        key: &'static str,
        path: &Path,
        read: impl FnOnce(&mut Self, &Node, &Path) -> Option<T>,
    ) -> Option<T> {
        let found = table.at(key, path);
        let Some((node, path)) = found else {
            return self.report(table.node, path, ProblemKind::MissingKey { key });
        };
        read(self, node, &path)
    }

    /// Reads a key that may be there: `Some(None)` if it is not, `None` if it is wrong.
    pub(super) fn optional<T>(
        &mut self,
        table: &Table<'_>,
        key: &str,
        path: &Path,
        read: impl FnOnce(&mut Self, &Node, &Path) -> Option<T>,
    ) -> Option<Option<T>> {
        match table.at(key, path) {
            Some((node, path)) => self.found(node, &path, read),
            None => Some(None),
        }
    }

    /// By itself, so that what reads a key that a book does not have stays apart from what looks for it.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn found<T>(
        &mut self,
        node: &Node,
        path: &Path,
        read: impl FnOnce(&mut Self, &Node, &Path) -> Option<T>,
    ) -> Option<Option<T>> {
        read(self, node, path).map(Some)
    }

    /// The elements of a collection by id, in the order of the text.
    pub(super) fn entries<'n>(&mut self, node: &'n Node, path: &Path) -> Vec<Entry<'n>> {
        match &node.value {
            Value::Table(fields) => fields
                .iter()
                .map(|field| Entry {
                    id: Some(&field.key),
                    id_place: field.place,
                    node: &field.node,
                    path: path.key(&field.key),
                })
                .collect(),
            Value::Array(nodes) => {
                nodes.iter().enumerate().map(|(index, node)| array_entry(node, path, index)).collect()
            }
            Value::Text(_) | Value::Integer(_) | Value::Boolean(_) | Value::Other(_) => {
                let _: Option<()> = self.wrong_type(node, path, Expected::Table);
                Vec::new()
            }
        }
    }

    /// The id of an entry.
    pub(super) fn id<T>(&mut self, entry: &Entry<'_>, make: impl FnOnce(&str) -> Result<T, BadId>) -> Option<T> {
        let Some(text) = entry.id else {
            return self.report(entry.node, &entry.path, ProblemKind::MissingKey { key: "id" });
        };
        match make(text) {
            Ok(id) => Some(id),
            Err(BadId { text, allowed }) => {
                let kind = ProblemKind::BadId { text, allowed };
                self.problems.push(Problem { place: entry.id_place, path: entry.path.0.clone(), kind });
                None
            }
        }
    }

    pub(super) fn id_text<T>(
        &mut self,
        node: &Node,
        path: &Path,
        make: impl FnOnce(&str) -> Result<T, BadId>,
    ) -> Option<T> {
        match make(self.text(node, path)?) {
            Ok(id) => Some(id),
            Err(BadId { text, allowed }) => self.report(node, path, ProblemKind::BadId { text, allowed }),
        }
    }

    /// A text with something in it.
    pub(super) fn text<'n>(&mut self, node: &'n Node, path: &Path) -> Option<&'n str> {
        match &node.value {
            Value::Text(text) if text.trim().is_empty() => self.report(node, path, ProblemKind::Empty),
            Value::Text(text) => Some(text),
            Value::Integer(_) | Value::Boolean(_) | Value::Array(_) | Value::Table(_) | Value::Other(_) => {
                self.wrong_type(node, path, Expected::Text)
            }
        }
    }

    pub(super) fn array<'n>(&mut self, node: &'n Node, path: &Path) -> Option<&'n [Node]> {
        match &node.value {
            Value::Array(nodes) => Some(nodes),
            Value::Text(_) | Value::Integer(_) | Value::Boolean(_) | Value::Table(_) | Value::Other(_) => {
                self.wrong_type(node, path, Expected::List)
            }
        }
    }

    pub(super) fn boolean(&mut self, node: &Node, path: &Path) -> Option<bool> {
        match &node.value {
            Value::Boolean(boolean) => Some(*boolean),
            Value::Text(_) | Value::Integer(_) | Value::Array(_) | Value::Table(_) | Value::Other(_) => {
                self.wrong_type(node, path, Expected::Boolean)
            }
        }
    }

    pub(super) fn not_negative(&mut self, node: &Node, path: &Path) -> Option<Decimal> {
        let decimal = self.decimal(node, path)?;
        if decimal < Decimal::ZERO {
            return self.report(node, path, ProblemKind::Negative { value: decimal.to_string() });
        }
        Some(decimal)
    }

    pub(super) fn positive(&mut self, node: &Node, path: &Path) -> Option<Decimal> {
        let decimal = self.decimal(node, path)?;
        if decimal <= Decimal::ZERO {
            return self.report(node, path, ProblemKind::NotPositive { value: decimal.to_string() });
        }
        Some(decimal)
    }

    /// A whole number from 1.
    pub(super) fn whole(&mut self, node: &Node, path: &Path) -> Option<u64> {
        let decimal = self.positive(node, path)?;
        match u64::try_from(decimal) {
            Ok(whole) if decimal.is_integer() => Some(whole),
            Ok(_) | Err(_) => self.report(node, path, ProblemKind::NotWhole { value: decimal.to_string() }),
        }
    }

    /// The fields of a table whose keys are ids.
    pub(super) fn fields<'n>(&mut self, node: &'n Node, path: &Path) -> Option<&'n [Field]> {
        match &node.value {
            Value::Table(fields) => Some(fields),
            Value::Text(_) | Value::Integer(_) | Value::Boolean(_) | Value::Array(_) | Value::Other(_) => {
                self.wrong_type(node, path, Expected::Table)
            }
        }
    }

    /// A number of decimal places, -20 to 20.
    pub(super) fn places(&mut self, node: &Node, path: &Path) -> Option<i32> {
        let decimal = self.decimal(node, path)?;
        match i32::try_from(decimal) {
            Ok(places) if decimal.is_integer() && (-20..=20).contains(&places) => Some(places),
            Ok(_) | Err(_) => self.report(node, path, ProblemKind::BadPlaces { value: decimal.to_string() }),
        }
    }

    fn decimal(&mut self, node: &Node, path: &Path) -> Option<Decimal> {
        let text = match &node.value {
            Value::Text(text) | Value::Integer(text) => text,
            Value::Boolean(_) | Value::Array(_) | Value::Table(_) | Value::Other(_) => {
                return self.wrong_type(node, path, Expected::Decimal);
            }
        };
        match parse_decimal(text) {
            Ok(decimal) => Some(decimal),
            Err(error) => self.report(node, path, ProblemKind::BadDecimal(error)),
        }
    }

    /// A name or description in both languages.
    pub(super) fn names(&mut self, node: &Node, path: &Path) -> Option<Names> {
        if !matches!(node.value, Value::Table(_)) {
            return self.wrong_type(node, path, Expected::Names);
        }
        let table = self.table(node, path, &["zh", "en"])?;
        let zh = self.required(&table, "zh", path, |reader, node, path| reader.text(node, path).map(str::to_owned));
        let en = self.required(&table, "en", path, |reader, node, path| reader.text(node, path).map(str::to_owned));
        Some(Names { zh: zh?.into(), en: en?.into() })
    }

    /// One of some words; `options` pairs each with its meaning.
    pub(super) fn option<T: Copy>(&mut self, node: &Node, path: &Path, options: &[(&str, T)]) -> Option<T> {
        let text = self.text(node, path)?;
        let found = options.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let allowed = options.iter().map(|(word, _)| (*word).to_owned()).collect();
            return self.report(node, path, ProblemKind::UnknownOption { text: text.to_owned(), allowed });
        }
        found.map(|(_, meaning)| *meaning)
    }

    fn wrong_type<T>(&mut self, node: &Node, path: &Path, expected: Expected) -> Option<T> {
        self.report(node, path, ProblemKind::WrongType { found: node.kind(), expected })
    }
}

fn array_entry<'n>(node: &'n Node, path: &Path, index: usize) -> Entry<'n> {
    let field = match &node.value {
        Value::Table(fields) => fields.iter().find(|field| field.key == "id"),
        Value::Text(_) | Value::Integer(_) | Value::Boolean(_) | Value::Array(_) | Value::Other(_) => None,
    };
    let id = field.and_then(|field| match &field.node.value {
        Value::Text(text) => Some(text.as_str()),
        Value::Integer(_) | Value::Boolean(_) | Value::Array(_) | Value::Table(_) | Value::Other(_) => None,
    });
    Entry { id, id_place: field.and_then(|field| field.node.place), node, path: path.index(index) }
}

/// The allowed word that differs in at most two letters, if there is one.
fn closest(word: &str, allowed: &[&str]) -> Option<String> {
    let near = allowed.iter().map(|candidate| (distance(word, candidate), *candidate));
    near.filter(|(distance, _)| *distance <= 2).min().map(|(_, candidate)| candidate.to_owned())
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut next = vec![i.saturating_add(1)];
        for (j, to) in b.iter().enumerate() {
            let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX);
            let changed = at(&row, j).saturating_add(usize::from(from != *to));
            let removed = at(&row, j.saturating_add(1)).saturating_add(1);
            let added = at(&next, j).saturating_add(1);
            next.push(changed.min(removed).min(added));
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}
