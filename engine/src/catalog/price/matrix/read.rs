//! Reads a matrix: rows as tables that name each attribute, or as lists in the order of `by` with the price behind.

use super::build::{TypedRow, build};
use super::problem::MatrixProblem;
use super::{ANY, ATTRIBUTES_MAX, Attribute, Matrix, TierCount};
use crate::catalog::draft::{Node, Value as Typed};
use crate::catalog::price::UnitPrice;
use crate::catalog::price::cell_price::{CELL_KEYS, CellPrice, read_cell_price};
use crate::catalog::price::tiers::TierRules;
use crate::catalog::problem::ProblemKind;
use crate::catalog::reader::{Path, Reader};
use crate::catalog::selection::Condition;
use crate::money::Money;
use crate::quantity::Quantity;
use crate::usage::{By, Meter};

/// What a charge is about: its meter, unless that is broken, and which of the meter's groups it prices.
#[derive(Debug, Clone, Copy)]
pub(in crate::catalog) struct Scope<'s> {
    pub(in crate::catalog) meter: Option<&'s Meter>,
    pub(in crate::catalog) only: &'s [Condition],
}

pub(in crate::catalog) const COUNTS: [(&str, TierCount); 2] =
    [("cell", TierCount::Cell), ("running_total", TierCount::RunningTotal)];

/// What a matrix does with a combination that it has no price for, where that is a word.
pub(in crate::catalog) const DEFAULTS: [(&str, ()); 1] = [("refuse", ())];

const MATRIX_KEYS: [&str; 5] = ["by", "rows", "per", "count", "default"];

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(in crate::catalog::price) fn read_matrix(
    reader: &mut Reader,
    node: &Node,
    path: &Path,
    scope: Scope<'_>,
) -> Option<Matrix> {
    let table = reader.table(node, path, &MATRIX_KEYS)?;
    let by = reader.required(&table, "by", path, |reader, node, path| read_by(reader, node, path, scope));
    let per = reader.optional(&table, "per", path, Reader::positive);
    let per = per.flatten().map(Quantity::new);
    let count = reader.optional(&table, "count", path, |reader, node, path| reader.option(node, path, &COUNTS));
    let default = reader.optional(&table, "default", path, |reader, node, path| read_default(reader, node, path, per));
    let by = by?;
    let possible: Vec<Option<Vec<String>>> = by.iter().map(|attribute| possible_values(attribute, scope)).collect();
    let rows = Rows { by: &by, per, possible: &possible };
    let built = reader.required(&table, "rows", path, |reader, node, path| {
        let typed = rows.read(reader, node, path)?;
        let nodes = reader.array(node, path)?;
        match build(&possible, typed) {
            Ok(built) => Some(built),
            Err(problems) => {
                for (row, problem) in problems {
                    let node = nodes.get(row).unwrap_or(node);
                    let _: Option<()> = reader.report(node, &path.index(row), ProblemKind::Matrix(problem));
                }
                None
            }
        }
    });
    let (index, prices) = built?;
    let matrix = Matrix { by, count: count?.unwrap_or(TierCount::Cell), default: default?.flatten(), index, prices };
    match running_total_problem(&matrix, scope) {
        Some(problem) => reader.report_at(&table, "count", path, ProblemKind::Matrix(problem)),
        None => Some(matrix),
    }
}

/// The attributes, each one of the meter's and named once.
fn read_by(reader: &mut Reader, node: &Node, path: &Path, scope: Scope<'_>) -> Option<Vec<Attribute>> {
    let nodes = reader.array(node, path)?;
    if nodes.is_empty() || nodes.len() > ATTRIBUTES_MAX {
        let problem = MatrixProblem::AttributeCount { found: nodes.len() };
        return reader.report(node, path, ProblemKind::Matrix(problem));
    }
    let mut by: Vec<Option<Attribute>> = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let path = path.index(index);
        let attribute = read_attribute(reader, node, &path, scope.meter);
        let is_twin = attribute.as_ref().is_some_and(|attribute| by.iter().flatten().any(|b| b.name == attribute.name));
        by.push(match attribute {
            // A row is a table of attributes and a price, so one name cannot be both.
            Some(Attribute { name, .. }) if CELL_KEYS.contains(&name.as_str()) => {
                let problem = MatrixProblem::ReservedAttribute { attribute: name };
                reader.report(node, &path, ProblemKind::Matrix(problem))
            }
            Some(Attribute { name, .. }) if is_twin => {
                reader.report(node, &path, ProblemKind::DuplicateId { id: name })
            }
            other => other,
        });
    }
    by.into_iter().collect()
}

/// The attribute of this name; its place is 0 where the meter is broken, which is reported elsewhere.
pub(in crate::catalog::price) fn read_attribute(
    reader: &mut Reader,
    node: &Node,
    path: &Path,
    meter: Option<&Meter>,
) -> Option<Attribute> {
    let name = reader.text(node, path)?.to_owned();
    let Some(meter) = meter else { return Some(Attribute { name, place: 0 }) };
    match meter.group_by.iter().position(|dimension| dimension.name == name) {
        Some(place) => Some(Attribute { name, place }),
        None => {
            let known = meter.group_by.iter().map(|dimension| dimension.name.clone()).collect();
            let problem = MatrixProblem::UnknownAttribute { attribute: name, known };
            reader.report(node, path, ProblemKind::Matrix(problem))
        }
    }
}

/// A price, or the word that says there is none.
fn read_default(reader: &mut Reader, node: &Node, path: &Path, per: Option<Quantity>) -> Option<Option<CellPrice>> {
    if matches!(node.value, Typed::Text(_)) {
        return reader.option(node, path, &DEFAULTS).map(|()| None);
    }
    let table = reader.table(node, path, &CELL_KEYS)?;
    read_cell_price(reader, &table, path, per).map(Some)
}

struct Rows<'r> {
    by: &'r [Attribute],
    per: Option<Quantity>,
    /// For each attribute the values that can come; `None` where any can.
    possible: &'r [Option<Vec<String>>],
}

impl Rows<'_> {
    fn read(&self, reader: &mut Reader, node: &Node, path: &Path) -> Option<Vec<TypedRow>> {
        let nodes = reader.array(node, path)?;
        if nodes.is_empty() {
            return reader.report(node, path, ProblemKind::Matrix(MatrixProblem::NoRows));
        }
        let mut rows = Vec::with_capacity(nodes.len());
        let keys: Vec<&str> = self.by.iter().map(|attribute| attribute.name.as_str()).chain(CELL_KEYS).collect();
        for (typed, node) in nodes.iter().enumerate() {
            let path = path.index(typed);
            let read = match &node.value {
                Typed::Array(items) => self.read_list(reader, node, &path, items),
                Typed::Text(_) | Typed::Integer(_) | Typed::Boolean(_) | Typed::Table(_) | Typed::Other(_) => {
                    self.read_table(reader, node, &path, &keys)
                }
            };
            let read = read.and_then(|(values, price)| {
                self.check_reached(reader, node, &path, &values)?;
                Some(TypedRow { values, price, typed })
            });
            rows.push(read);
        }
        rows.into_iter().collect()
    }

    /// `{ model = "gpt", kind = "input", price = "3", per = "1000000" }`.
    fn read_table(
        &self,
        reader: &mut Reader,
        node: &Node,
        path: &Path,
        keys: &[&str],
    ) -> Option<(Vec<String>, CellPrice)> {
        let table = reader.table(node, path, keys)?;
        let mut values = Vec::with_capacity(self.by.len());
        for attribute in self.by {
            let name = &attribute.name;
            values.push(match table.get(name) {
                Some(field) => reader.text(&field.node, &path.key(name)).map(str::to_owned),
                None => {
                    let problem = MatrixProblem::MissingAttribute { attribute: name.clone() };
                    reader.report(node, path, ProblemKind::Matrix(problem))
                }
            });
        }
        let price = read_cell_price(reader, &table, path, self.per);
        Some((values.into_iter().collect::<Option<_>>()?, price?))
    }

    /// `["gpt", "input", "3"]`, or with a `per` of its own as the last.
    fn read_list(
        &self,
        reader: &mut Reader,
        node: &Node,
        path: &Path,
        items: &[Node],
    ) -> Option<(Vec<String>, CellPrice)> {
        let (values, behind) = items.split_at_checked(self.by.len()).unwrap_or((items, &[]));
        let (price, per) = match behind {
            [price] => (price, None),
            [price, per] => (price, Some(per)),
            _ => {
                let by = self.by.iter().map(|attribute| attribute.name.clone()).collect();
                let problem = MatrixProblem::RowLength { found: items.len(), by };
                return reader.report(node, path, ProblemKind::Matrix(problem));
            }
        };
        let text = |(index, node)| reader.text(node, &path.index(index)).map(str::to_owned);
        let values: Vec<Option<String>> = values.iter().enumerate().map(text).collect();
        let price = reader.not_negative(price, &path.index(self.by.len()));
        let own = match per {
            Some(per) => Some(Quantity::new(reader.positive(per, &path.index(self.by.len().saturating_add(1)))?)),
            None => None,
        };
        let per = own.or(self.per).unwrap_or(Quantity::from(1));
        let price = CellPrice::PerUnit(UnitPrice { price: Money::new(price?), per });
        Some((values.into_iter().collect::<Option<_>>()?, price))
    }

    /// A row for a value that never comes is a mistake.
    fn check_reached(&self, reader: &mut Reader, node: &Node, path: &Path, values: &[String]) -> Option<()> {
        for ((attribute, value), possible) in self.by.iter().zip(values).zip(self.possible) {
            if let Some(possible) = possible
                && value != ANY
                && !possible.contains(value)
            {
                let (attribute, value, allowed) = (attribute.name.clone(), value.clone(), possible.clone());
                let problem = MatrixProblem::UnreachableRow { attribute, value, allowed };
                return reader.report(node, path, ProblemKind::Matrix(problem));
            }
        }
        Some(())
    }
}

/// The values that an attribute can have: those that the charge selects, or the names of its bands.
fn possible_values(attribute: &Attribute, scope: Scope<'_>) -> Option<Vec<String>> {
    if let Some(condition) = scope.only.iter().find(|condition| condition.attribute == attribute.name) {
        return Some(condition.values.clone());
    }
    match &scope.meter?.group_by.get(attribute.place)?.by {
        By::Bands { bands, .. } => Some(bands.iter().map(|band| band.name.clone()).collect()),
        // The slots of a calendar stand elsewhere in the book.
        By::Attribute { .. } | By::Calendar(_) | By::Window(_) => None,
    }
}

/// A running total needs the events one by one, and prices that are the same for each unit of a tier.
fn running_total_problem(matrix: &Matrix, scope: Scope<'_>) -> Option<MatrixProblem> {
    match matrix.count {
        TierCount::Cell => None,
        TierCount::RunningTotal if scope.meter.is_some_and(|meter| !meter.samples) => Some(MatrixProblem::NeedsSamples),
        TierCount::RunningTotal => {
            let fits = |price: &CellPrice| match price {
                CellPrice::PerUnit(_) => true,
                CellPrice::Graduated(tiers) => {
                    let plain = tiers
                        .as_slice()
                        .iter()
                        .all(|tier| tier.flat == Money::ZERO && tier.cap.is_none() && tier.size.is_none());
                    plain && tiers.rules() == TierRules::USUAL
                }
                CellPrice::Volume(_) | CellPrice::StairStep(_) | CellPrice::Package(_) => false,
            };
            (!matrix.prices().all(fits)).then_some(MatrixProblem::NotByUnit)
        }
    }
}
