//! Charge models: the shapes a price can have, read and written; one file each, priced by the file of its name under
//! `rating/`.

mod capacity;
pub(super) mod cell_price;
mod committed;
mod composite;
pub(super) mod dynamic;
mod flat;
pub(super) mod matrix;
pub(super) mod numbering;
pub(super) mod package;
mod percentage;
pub(super) mod prorated_graduated;
mod rules;
pub(super) mod tiers;
mod unit_price;

use std::sync::Arc;

use serde_json::Value;

use super::draft::Node;
use super::meter::KnownMeters;
use super::reader::{Path, Reader};
use crate::quantity::Quantity;

pub use capacity::{Capacity, CapacityTier};
pub use cell_price::CellPrice;
pub use committed::{Committed, Overage};
pub use composite::{Composite, Share};
pub use dynamic::{Dynamic, MoneyUnit};
pub use flat::Flat;
pub use matrix::{ATTRIBUTES_MAX, Attribute, Found, Matrix, MatrixProblem, TierCount};
pub use package::{Package, PackageRounding};
pub use percentage::Percentage;
pub use prorated_graduated::{NegativeTotal, ProratedGraduated};
pub use rules::{Effect, Rule, Rules, Test};
pub use tiers::{Bound, Lookup, Tier, TierRules, Tiers, ZeroUsage};
pub use unit_price::UnitPrice;

pub(super) use capacity::{read_capacity, write_capacity};
pub(super) use composite::{read_composite, write_composite};
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
    /// A percentage of money, with rules for each event.
    Percentage(Percentage),
    /// Each tier's part of the money at that tier's percentage.
    GraduatedPercentage(Tiers),
    /// The price that the events carry.
    Dynamic(Dynamic),
    /// A capacity at a fixed fee, and a rate for what goes beyond it.
    Committed(Committed),
    /// Tiers by full units, priced by their shares of the period.
    ProratedGraduated(ProratedGraduated),
    /// By attributes; shared, because a book may be copied and its list is long.
    Matrix(Arc<Matrix>),
    /// By rules about attributes.
    Rules(Rules),
}

/// A model that looks its price up by attributes.
#[derive(Debug, Clone, Copy)]
pub enum ByAttributes<'m> {
    /// In a list.
    Matrix(&'m Matrix),
    /// By rules.
    Rules(&'m Rules),
}

impl<'m> ByAttributes<'m> {
    /// The attributes.
    pub fn by(self) -> &'m [Attribute] {
        match self {
            Self::Matrix(matrix) => matrix.by(),
            Self::Rules(rules) => rules.by(),
        }
    }
}

impl Model {
    /// The model, if it looks its price up by attributes; `None` for those that price a quantity.
    pub fn by_attributes(&self) -> Option<ByAttributes<'_>> {
        match self {
            Self::Matrix(matrix) => Some(ByAttributes::Matrix(matrix)),
            Self::Rules(rules) => Some(ByAttributes::Rules(rules)),
            Self::PerUnit(_)
            | Self::Graduated(_)
            | Self::Volume(_)
            | Self::StairStep(_)
            | Self::Package(_)
            | Self::Percentage(_)
            | Self::GraduatedPercentage(_)
            | Self::Dynamic(_)
            | Self::Committed(_)
            | Self::ProratedGraduated(_) => None,
        }
    }

    /// The quantities at which the price changes, rising.
    pub fn bounds(&self) -> Vec<Quantity> {
        match self {
            Self::PerUnit(_) | Self::Package(_) | Self::Dynamic(_) | Self::Matrix(_) => Vec::new(),
            Self::Rules(rules) => quantity_levels(rules),
            Self::Graduated(tiers)
            | Self::Volume(tiers)
            | Self::StairStep(tiers)
            | Self::GraduatedPercentage(tiers)
            | Self::ProratedGraduated(ProratedGraduated { tiers, .. }) => {
                tiers.as_slice().iter().filter_map(|tier| tier.up_to).collect()
            }
            Self::Percentage(percentage) => percentage.free_amount.into_iter().collect(),
            Self::Committed(committed) => vec![committed.capacity],
        }
    }

    /// Whether the price of the units so far changes with those that follow, so that a period can be priced only when it
    /// is complete.
    pub fn needs_whole_period(&self) -> bool {
        match self {
            Self::Volume(_) | Self::StairStep(_) | Self::ProratedGraduated(_) => true,
            Self::PerUnit(_)
            | Self::Graduated(_)
            | Self::Package(_)
            | Self::Percentage(_)
            | Self::GraduatedPercentage(_)
            | Self::Dynamic(_)
            | Self::Committed(_)
            | Self::Matrix(_)
            | Self::Rules(_) => false,
        }
    }

    /// How many units a price is for, where the price is the same for all.
    pub fn priced_units(&self) -> Option<Quantity> {
        match self {
            Self::PerUnit(price) => Some(price.per),
            Self::Package(package) => Some(package.size),
            Self::Percentage(_) | Self::Dynamic(_) => Some(Quantity::from(1)),
            Self::Matrix(matrix) => matrix.priced_units(),
            Self::Graduated(_)
            | Self::Volume(_)
            | Self::StairStep(_)
            | Self::GraduatedPercentage(_)
            | Self::Committed(_)
            | Self::ProratedGraduated(_)
            | Self::Rules(_) => None,
        }
    }

    /// Whether it reads the events one by one, so that the meter has to keep them.
    pub fn needs_events(&self) -> bool {
        match self {
            Self::Percentage(percentage) => percentage.needs_events(),
            Self::ProratedGraduated(_) => true,
            Self::Matrix(matrix) => matrix.count() == TierCount::RunningTotal,
            Self::PerUnit(_)
            | Self::Graduated(_)
            | Self::Volume(_)
            | Self::StairStep(_)
            | Self::Package(_)
            | Self::GraduatedPercentage(_)
            | Self::Dynamic(_)
            | Self::Committed(_)
            | Self::Rules(_) => false,
        }
    }

    /// Whether it can be asked what a negative quantity costs: units that came before the period may leave in it.
    pub fn takes_negative(&self) -> bool {
        matches!(self, Self::ProratedGraduated(_))
    }

    /// The keys of a charge that mean nothing beside this model, or the same as one of its own.
    pub(super) fn excludes(&self) -> &'static [&'static str] {
        match self {
            Self::Percentage(_) | Self::ProratedGraduated(_) => &["convert", "included"],
            Self::Committed(_) => &["included"],
            Self::Matrix(_) | Self::Rules(_) => &["commitment"],
            Self::PerUnit(_)
            | Self::Graduated(_)
            | Self::Volume(_)
            | Self::StairStep(_)
            | Self::Package(_)
            | Self::GraduatedPercentage(_)
            | Self::Dynamic(_) => &[],
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
pub(super) const MODEL_KEYS: [&str; 15] = [
    "flat",
    "per_unit",
    "graduated",
    "volume",
    "stair_step",
    "package",
    "percentage",
    "graduated_percentage",
    "dynamic",
    "committed",
    "prorated_graduated",
    "matrix",
    "rules",
    "capacity",
    "composite",
];

/// Reads the model that `key` names; `None` also for a key that names none.
pub(super) fn read_model(
    reader: &mut Reader,
    key: &str,
    node: &Node,
    (path, meters, scope): (&Path, &KnownMeters, Scope<'_>),
) -> Option<Model> {
    use tiers::Kind;
    match key {
        "per_unit" => unit_price::read_unit_price(reader, node, path).map(Model::PerUnit),
        "graduated" => tiers::read_tiers(reader, node, path, Kind::Graduated).map(Model::Graduated),
        "volume" => tiers::read_tiers(reader, node, path, Kind::Volume).map(Model::Volume),
        "stair_step" => tiers::read_tiers(reader, node, path, Kind::StairStep).map(Model::StairStep),
        "package" => package::read_package(reader, node, path).map(Model::Package),
        "percentage" => percentage::read_percentage(reader, node, path).map(Model::Percentage),
        "graduated_percentage" => {
            tiers::read_tiers(reader, node, path, Kind::GraduatedPercentage).map(Model::GraduatedPercentage)
        }
        "dynamic" => dynamic::read_dynamic(reader, node, path, meters).map(Model::Dynamic),
        "committed" => committed::read_committed(reader, node, path).map(Model::Committed),
        "prorated_graduated" => prorated_graduated::read_prorated(reader, node, path).map(Model::ProratedGraduated),
        "matrix" => matrix::read_matrix(reader, node, path, scope).map(Arc::new).map(Model::Matrix),
        "rules" => rules::read_rules(reader, node, path, scope).map(Model::Rules),
        _ => None,
    }
}

/// The model's key and its value in the canonical form.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn write_model(model: &Model) -> (&'static str, Value) {
    use tiers::{Kind, write_tiers};
    match model {
        Model::PerUnit(price) => ("per_unit", Value::Object(unit_price::write_unit_price(price))),
        Model::Graduated(tiers) => ("graduated", write_tiers(tiers, Kind::Graduated)),
        Model::Volume(tiers) => ("volume", write_tiers(tiers, Kind::Volume)),
        Model::StairStep(tiers) => ("stair_step", write_tiers(tiers, Kind::StairStep)),
        Model::Package(package) => ("package", package::write_package(package)),
        Model::Percentage(percentage) => ("percentage", percentage::write_percentage(percentage)),
        Model::GraduatedPercentage(tiers) => ("graduated_percentage", write_tiers(tiers, Kind::GraduatedPercentage)),
        Model::Dynamic(dynamic) => ("dynamic", dynamic::write_dynamic(dynamic)),
        Model::Committed(committed) => ("committed", committed::write_committed(committed)),
        Model::ProratedGraduated(prorated) => ("prorated_graduated", prorated_graduated::write_prorated(prorated)),
        Model::Matrix(matrix) => ("matrix", matrix::write_matrix(matrix)),
        Model::Rules(rules) => ("rules", rules::write_rules(rules)),
    }
}
