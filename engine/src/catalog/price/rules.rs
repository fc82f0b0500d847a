//! Rules: prices and factors that hold for some attributes, added up by groups of rules.
//!
//! A rule that names no condition always holds; which rules of a group count is decided in `rating/rules.rs`.

use serde_json::Value;

use super::matrix::{ATTRIBUTES_MAX, Attribute, MatrixProblem, Scope, read_attribute};
use crate::catalog::draft::Node;
use crate::catalog::problem::ProblemKind;
use crate::catalog::reader::{Path, Reader, Table};
use crate::catalog::write::{insert, text};
use crate::money::Money;
use crate::quantity::Quantity;

/// Rules that make the price of a cell together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    by: Vec<Attribute>,
    list: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The rules of a group make one amount, and groups add up; those without a name are a group too.
    pub group: Option<String>,
    /// When it holds.
    pub test: Test,
    /// What it does.
    pub effect: Effect,
}

/// When a rule holds. Attributes are named by their place in [`Rules::by`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// Always.
    Always,
    /// The attribute has this value.
    Is {
        /// Which attribute.
        attribute: usize,
        /// The value.
        value: String,
    },
    /// The attribute is a number of at least this much.
    AttributeFrom {
        /// Which attribute.
        attribute: usize,
        /// The smallest number.
        level: Quantity,
    },
    /// The quantity is at least this much.
    QuantityFrom {
        /// The smallest quantity.
        level: Quantity,
    },
}

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The price of one unit.
    Price(Money),
    /// Times this.
    Factor(Quantity),
    /// Due once, however many units there are.
    Fee(Money),
}

impl Rules {
    /// The attributes that the rules name.
    pub fn by(&self) -> &[Attribute] {
        &self.by
    }

    /// The rules in the order of the text.
    pub fn as_slice(&self) -> &[Rule] {
        &self.list
    }

    /// The groups in the order in which they are first named.
    pub fn groups(&self) -> Vec<Option<&str>> {
        let mut groups = Vec::new();
        for group in self.list.iter().map(|rule| rule.group.as_deref()) {
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        groups
    }
}

impl Test {
    /// The level of a threshold: of several that are reached, only the highest counts.
    pub fn level(&self) -> Option<Quantity> {
        match self {
            Self::Always | Self::Is { .. } => None,
            Self::AttributeFrom { level, .. } | Self::QuantityFrom { level } => Some(*level),
        }
    }
}

const RULE_KEYS: [&str; 7] = ["group", "attribute", "is", "from", "price", "factor", "fee"];

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn read_rules(reader: &mut Reader, node: &Node, path: &Path, scope: Scope<'_>) -> Option<Rules> {
    let nodes = reader.array(node, path)?;
    if nodes.is_empty() {
        return reader.report(node, path, ProblemKind::Matrix(MatrixProblem::NoRules));
    }
    let mut by = Vec::new();
    let mut list: Vec<Option<Rule>> = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let path = path.index(index);
        let rule = read_rule(reader, node, &path, (scope, &mut by));
        let twin = rule.as_ref().and_then(|rule| list.iter().position(|other| is_twin(rule, other.as_ref())));
        list.push(rule);
        if let Some(other) = twin {
            let (row, other) = (index.saturating_add(1), other.saturating_add(1));
            let cell = list.last().and_then(Option::as_ref).and_then(|rule| rule.test.level());
            let cell = cell.map_or_else(String::new, |level| ["from ", &level.to_string()].concat());
            let problem = MatrixProblem::DuplicateRow { row, other, cell };
            let _: Option<()> = reader.report(node, &path, ProblemKind::Matrix(problem));
        }
    }
    if by.len() > ATTRIBUTES_MAX {
        let problem = MatrixProblem::AttributeCount { found: by.len() };
        return reader.report(node, path, ProblemKind::Matrix(problem));
    }
    Some(Rules { by, list: list.into_iter().collect::<Option<_>>()? })
}

/// Of two thresholds of a group at the same level only one could count.
fn is_twin(rule: &Rule, other: Option<&Rule>) -> bool {
    let same = |other: &Rule| rule.group == other.group && rule.test == other.test;
    rule.test.level().is_some() && other.is_some_and(same)
}

fn read_rule(
    reader: &mut Reader,
    node: &Node,
    path: &Path,
    (scope, by): (Scope<'_>, &mut Vec<Attribute>),
) -> Option<Rule> {
    let table = reader.table(node, path, &RULE_KEYS)?;
    let own = |reader: &mut Reader, node: &Node, path: &Path| reader.text(node, path).map(str::to_owned);
    let group = reader.optional(&table, "group", path, own);
    let attribute = reader
        .optional(&table, "attribute", path, |reader, node, path| read_attribute(reader, node, path, scope.meter));
    let is = reader.optional(&table, "is", path, own);
    let from = reader.optional(&table, "from", path, Reader::not_negative);
    let (attribute, is, from) = (attribute?, is?, from?.map(Quantity::new));
    let name = attribute.as_ref().map(|attribute| attribute.name.clone());
    let place = attribute.map(|attribute| place_of(by, attribute));
    let test = match (place, is, from) {
        (None, None, None) => Test::Always,
        (None, None, Some(level)) => Test::QuantityFrom { level },
        (Some(attribute), Some(value), None) => Test::Is { attribute, value },
        (Some(attribute), None, Some(level)) => Test::AttributeFrom { attribute, level },
        (Some(_), None, None) => {
            let problem = MatrixProblem::NoTest { attribute: name.unwrap_or_default() };
            return reader.report(node, path, ProblemKind::Matrix(problem));
        }
        (_, Some(_), Some(_)) => {
            return reader.report_at(&table, "from", path, ProblemKind::NotBoth { key: "from", other: "is" });
        }
        (None, Some(_), None) => {
            return reader.report_at(&table, "is", path, ProblemKind::Needs { key: "is", other: "attribute" });
        }
    };
    let effect = read_effect(reader, &table, path, matches!(test, Test::QuantityFrom { .. }))?;
    Some(Rule { group: group?, test, effect })
}

fn place_of(by: &mut Vec<Attribute>, attribute: Attribute) -> usize {
    let known = by.iter().position(|known| known.name == attribute.name);
    known.unwrap_or_else(|| {
        by.push(attribute);
        by.len().saturating_sub(1)
    })
}

/// A unit has a price; a quantity that is reached has a fee, because its units are priced already. Both may have factors.
fn read_effect(reader: &mut Reader, table: &Table<'_>, path: &Path, of_quantity: bool) -> Option<Effect> {
    let price = reader.optional(table, "price", path, Reader::not_negative)?;
    let factor = reader.optional(table, "factor", path, Reader::not_negative)?;
    let fee = reader.optional(table, "fee", path, Reader::not_negative)?;
    match (price, factor, fee) {
        (Some(price), None, None) if !of_quantity => Some(Effect::Price(Money::new(price))),
        (None, None, Some(fee)) if of_quantity => Some(Effect::Fee(Money::new(fee))),
        (None, Some(factor), None) => Some(Effect::Factor(Quantity::new(factor))),
        _ => {
            let problem = MatrixProblem::NotOneEffect { allowed: if of_quantity { "fee" } else { "price" } };
            reader.report(table.node, path, ProblemKind::Matrix(problem))
        }
    }
}

pub(super) fn write_rules(rules: &Rules) -> Value {
    rules.list.iter().map(|rule| write_rule(rule, &rules.by)).collect()
}

fn write_rule(rule: &Rule, by: &[Attribute]) -> Value {
    let mut fields = serde_json::Map::new();
    insert(&mut fields, "group", rule.group.as_ref().map(text));
    let name = |place: &usize| by.get(*place).map(|attribute| text(&attribute.name));
    match &rule.test {
        Test::Always => {}
        Test::Is { attribute, value } => {
            insert(&mut fields, "attribute", name(attribute));
            insert(&mut fields, "is", Some(text(value)));
        }
        Test::AttributeFrom { attribute, level } => {
            insert(&mut fields, "attribute", name(attribute));
            insert(&mut fields, "from", Some(text(level)));
        }
        Test::QuantityFrom { level } => insert(&mut fields, "from", Some(text(level))),
    }
    match rule.effect {
        Effect::Price(price) => insert(&mut fields, "price", Some(text(price))),
        Effect::Factor(factor) => insert(&mut fields, "factor", Some(text(factor))),
        Effect::Fee(fee) => insert(&mut fields, "fee", Some(text(fee))),
    }
    Value::Object(fields)
}
