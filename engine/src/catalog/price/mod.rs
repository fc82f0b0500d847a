//! Charge models: the shapes a price can have, read and written; one file each, priced by the file of its name under
//! `rating/`.

mod flat;
mod package;
mod tiers;
mod unit_price;

use serde_json::Value;

use super::draft::Node;
use super::reader::{Path, Reader};
use crate::quantity::Quantity;

pub use flat::Flat;
pub use package::{Package, PackageRounding};
pub use tiers::{Bound, Lookup, Tier, TierRules, Tiers, ZeroUsage};
pub use unit_price::UnitPrice;

pub(super) use flat::{read_flat, write_flat};

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
}

impl Model {
    /// The quantities at which the price changes, rising.
    pub fn bounds(&self) -> Vec<Quantity> {
        match self {
            Self::PerUnit(_) | Self::Package(_) => Vec::new(),
            Self::Graduated(tiers) | Self::Volume(tiers) | Self::StairStep(tiers) => {
                tiers.as_slice().iter().filter_map(|tier| tier.up_to).collect()
            }
        }
    }

    /// Whether the price of the units so far changes with those that follow, so that a period can be priced only when it
    /// is complete.
    pub fn needs_whole_period(&self) -> bool {
        match self {
            Self::Volume(_) | Self::StairStep(_) => true,
            Self::PerUnit(_) | Self::Graduated(_) | Self::Package(_) => false,
        }
    }

    /// How many units a price is for, where the price is the same for all.
    pub fn priced_units(&self) -> Option<Quantity> {
        match self {
            Self::PerUnit(price) => Some(price.per),
            Self::Package(package) => Some(package.size),
            Self::Graduated(_) | Self::Volume(_) | Self::StairStep(_) => None,
        }
    }
}

/// The keys that name a charge model in a book; exactly one stands in a charge.
pub(super) const MODEL_KEYS: [&str; 6] = ["flat", "per_unit", "graduated", "volume", "stair_step", "package"];

/// Reads the model that `key` names; `None` also for a key that names none.
pub(super) fn read_model(reader: &mut Reader, key: &str, node: &Node, path: &Path) -> Option<Model> {
    match key {
        "per_unit" => unit_price::read_unit_price(reader, node, path).map(Model::PerUnit),
        "graduated" => tiers::read_tiers(reader, node, path, tiers::Kind::Graduated).map(Model::Graduated),
        "volume" => tiers::read_tiers(reader, node, path, tiers::Kind::Volume).map(Model::Volume),
        "stair_step" => tiers::read_tiers(reader, node, path, tiers::Kind::StairStep).map(Model::StairStep),
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
    }
}
