//! Charge models: the shapes a price can have, read and written; one file each, priced by the file of its name under
//! `rating/`.

mod cell_price;
mod flat;
mod matrix;
mod package;
mod rules;
mod tiers;
mod unit_price;

use std::sync::Arc;

use serde_json::Value;

use super::draft::Node;
use super::reader::{Path, Reader};
use crate::quantity::Quantity;

pub use cell_price::CellPrice;
pub use flat::Flat;
pub use matrix::{ATTRIBUTES_MAX, Attribute, Found, Matrix, MatrixProblem, TierCount};
pub use package::{Package, PackageRounding};
pub use rules::{Effect, Rule, Rules, Test};
pub use tiers::{Bound, Lookup, Tier, TierRules, Tiers, ZeroUsage};
pub use unit_price::UnitPrice;

pub(super) use flat::{read_flat, write_flat};
pub(super) use matrix::Scope;

/// How a metered quantity is priced. One variant for each file under `rating/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Model {
    /// Every unit at one price.
    PerUnit(UnitPrice),
    /// Each tier's units at that tier's price.
    Graduated(Tiers),
    /// All units at the price of the tier that the quantity reaches.
    Volume(Tiers),
    /// The fixed price of the tier that the quantity reaches.
    StairStep(Tiers),
    /// Whole packages.
    Package(Package),
    /// By attributes; shared, because a book may be copied and its list is long.
    Matrix(Arc<Matrix>),
    /// By rules about attributes.
    Rules(Rules),
}

impl Model {
    /// The quantities at which the price changes, rising.
    pub fn bounds(&self) -> Vec<Quantity> {
        match self {
            Self::PerUnit(_) | Self::Package(_) | Self::Matrix(_) => Vec::new(),
            Self::Rules(rules) => quantity_levels(rules),
            Self::Graduated(tiers) | Self::Volume(tiers) | Self::StairStep(tiers) => {
                tiers.as_slice().iter().filter_map(|tier| tier.up_to).collect()
            }
        }
    }

    /// How many units a price is for, where the price is the same for all.
    pub fn priced_units(&self) -> Option<Quantity> {
        match self {
            Self::PerUnit(price) => Some(price.per),
            Self::Package(package) => Some(package.size),
            Self::Matrix(matrix) => matrix.priced_units(),
            Self::Graduated(_) | Self::Volume(_) | Self::StairStep(_) | Self::Rules(_) => None,
        }
    }
}

/// The quantities that rules ask for, rising.
fn quantity_levels(rules: &Rules) -> Vec<Quantity> {
    let level = |rule: &Rule| match &rule.test {
        Test::QuantityFrom { level } => Some(*level),
        Test::Always | Test::Is { .. } | Test::AttributeFrom { .. } => None,
    };
    let mut levels: Vec<Quantity> = rules.as_slice().iter().filter_map(level).collect();
    levels.sort_unstable();
    levels.dedup();
    levels
}

/// The keys that name a charge model in a book; exactly one stands in a charge.
pub(super) const MODEL_KEYS: [&str; 8] =
    ["flat", "per_unit", "graduated", "volume", "stair_step", "package", "matrix", "rules"];

/// Reads the model that `key` names; `None` also for a key that names none.
pub(super) fn read_model(reader: &mut Reader, key: &str, node: &Node, path: &Path, scope: Scope<'_>) -> Option<Model> {
    match key {
        "per_unit" => unit_price::read_unit_price(reader, node, path).map(Model::PerUnit),
        "graduated" => tiers::read_tiers(reader, node, path, tiers::Kind::Graduated).map(Model::Graduated),
        "volume" => tiers::read_tiers(reader, node, path, tiers::Kind::Volume).map(Model::Volume),
        "stair_step" => tiers::read_tiers(reader, node, path, tiers::Kind::StairStep).map(Model::StairStep),
        "matrix" => matrix::read_matrix(reader, node, path, scope).map(Arc::new).map(Model::Matrix),
        "rules" => rules::read_rules(reader, node, path, scope).map(Model::Rules),
        "package" => package::read_package(reader, node, path).map(Model::Package),
        _ => None,
    }
}

/// The model's key and its value in the canonical form.
pub(super) fn write_model(model: &Model) -> (&'static str, Value) {
    match model {
        Model::PerUnit(price) => ("per_unit", Value::Object(unit_price::write_unit_price(price))),
        Model::Graduated(tiers) => ("graduated", tiers::write_tiers(tiers, tiers::Kind::Graduated)),
        Model::Volume(tiers) => ("volume", tiers::write_tiers(tiers, tiers::Kind::Volume)),
        Model::StairStep(tiers) => ("stair_step", tiers::write_tiers(tiers, tiers::Kind::StairStep)),
        Model::Package(package) => ("package", package::write_package(package)),
        Model::Matrix(matrix) => ("matrix", matrix::write_matrix(matrix)),
        Model::Rules(rules) => ("rules", rules::write_rules(rules)),
    }
}
