//! Which groups of a meter a charge prices: those whose attributes have one of some values.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::draft::{Node, Value as Typed};
use super::problem::ProblemKind;
use super::reader::{Path, Reader};
use super::write::text;
use crate::usage::Meter;

/// An attribute must have one of these values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// The attribute: the name of one of the meter's dimensions.
    pub attribute: String,
    /// Its place in the meter's `group_by`, and so in a group's key.
    pub place: usize,
    /// The values that are selected; at least one.
    pub values: Vec<String>,
}

impl Condition {
    /// Whether the attribute has one of the values in a group with this key.
    pub fn holds(&self, key: &[String]) -> bool {
        key.get(self.place).is_some_and(|value| self.values.contains(value))
    }
}

/// `{ region = "eu", model = ["small", "large"] }`.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn read_selection(reader: &mut Reader, node: &Node, path: &Path, meter: &Meter) -> Option<Vec<Condition>> {
    let known: Vec<&str> = meter.group_by.iter().map(|dimension| dimension.name.as_str()).collect();
    if is_empty(node) {
        return reader.report(node, path, ProblemKind::EmptySelection);
    }
    let table = reader.table(node, path, &known)?;
    let mut conditions = Vec::new();
    for (place, attribute) in known.iter().enumerate() {
        let Some(field) = table.get(attribute) else { continue };
        let values = read_values(reader, &field.node, &path.key(attribute))?;
        conditions.push(Condition { attribute: (*attribute).to_owned(), place, values });
    }
    // What is there but unknown has been reported by name.
    (!conditions.is_empty()).then_some(conditions)
}

/// `{}` or `[]`: selects nothing, or everything; nobody can tell.
pub(super) fn is_empty(node: &Node) -> bool {
    match &node.value {
        Typed::Table(fields) => fields.is_empty(),
        Typed::Array(nodes) => nodes.is_empty(),
        Typed::Text(_) | Typed::Integer(_) | Typed::Boolean(_) | Typed::Other(_) => false,
    }
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn read_values(reader: &mut Reader, node: &Node, path: &Path) -> Option<Vec<String>> {
    let Typed::Array(nodes) = &node.value else {
        return reader.text(node, path).map(|text| vec![text.to_owned()]);
    };
    if nodes.is_empty() {
        return reader.report(node, path, ProblemKind::EmptySelection);
    }
    let texts = nodes.iter().enumerate().map(|(index, node)| reader.text(node, &path.index(index)).map(str::to_owned));
    texts.collect::<Vec<_>>().into_iter().collect()
}

pub(super) fn write_selection(conditions: &[Condition]) -> Value {
    let values = |condition: &Condition| condition.values.iter().map(text).collect();
    Value::Object(conditions.iter().map(|condition| (condition.attribute.clone(), values(condition))).collect())
}
