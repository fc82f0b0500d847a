//! A percentage of other lines of the same bill.

use serde_json::Value;

use super::percentage::read_percent;
use super::tiers::{Kind, Tiers, read_tiers, write_tiers};
use crate::catalog::draft::Node;
use crate::catalog::problem::ProblemKind;
use crate::catalog::reader::{Path, Reader, Table};
use crate::catalog::terms::Percent;
use crate::catalog::write::{insert, object, text};
use crate::ids::ChargeId;

/// A share of what other charges of the plan cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composite {
    /// The charges whose amounts are added up; at least one, each once.
    pub of: Vec<ChargeId>,
    /// The share of the sum.
    pub share: Share,
}

/// A share of an amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Share {
    /// The same for all of it.
    Percent(Percent),
    /// Each tier's part of it at that tier's percentage.
    Graduated(Tiers),
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(in crate::catalog) fn read_composite(reader: &mut Reader, node: &Node, path: &Path) -> Option<Composite> {
    let table = reader.table(node, path, &["of", "percent", "graduated_percentage"])?;
    let of = reader.required(&table, "of", path, read_charges);
    let share = read_share(reader, &table, path);
    Some(Composite { of: of?, share: share? })
}

fn read_charges(reader: &mut Reader, node: &Node, path: &Path) -> Option<Vec<ChargeId>> {
    let nodes = reader.array(node, path)?;
    if nodes.is_empty() {
        return reader.report(node, path, ProblemKind::Empty);
    }
    let mut ids: Vec<Option<ChargeId>> = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let path = path.index(index);
        let mut id = reader.id_text(node, &path, ChargeId::new);
        if let Some(twin) = &id
            && ids.contains(&id)
        {
            let kind = ProblemKind::DuplicateId { id: twin.to_string() };
            id = reader.report(node, &path, kind);
        }
        ids.push(id);
    }
    ids.into_iter().collect()
}

fn read_share(reader: &mut Reader, table: &Table<'_>, path: &Path) -> Option<Share> {
    let percent = reader.optional(table, "percent", path, read_percent);
    let tiers = reader.optional(table, "graduated_percentage", path, |reader, node, path| {
        read_tiers(reader, node, path, Kind::GraduatedPercentage)
    });
    match (percent?, tiers?) {
        (Some(percent), None) => Some(Share::Percent(Percent::new(percent))),
        (None, Some(tiers)) => Some(Share::Graduated(tiers)),
        (Some(_), Some(_)) => {
            let kind = ProblemKind::NotBoth { key: "graduated_percentage", other: "percent" };
            reader.report_at(table, "graduated_percentage", path, kind)
        }
        (None, None) => reader.report(table.node, path, ProblemKind::MissingKey { key: "percent" }),
    }
}

pub(in crate::catalog) fn write_composite(composite: &Composite) -> Value {
    let mut fields = object([("of", composite.of.iter().map(text).collect())]);
    match &composite.share {
        Share::Percent(percent) => insert(&mut fields, "percent", Some(text(percent))),
        Share::Graduated(tiers) => {
            let tiers = write_tiers(tiers, Kind::GraduatedPercentage);
            insert(&mut fields, "graduated_percentage", Some(tiers));
        }
    }
    Value::Object(fields)
}
