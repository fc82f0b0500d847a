//! The price of one cell of a matrix: a unit price or a price list of its own, read and written.
//!
//! Never a matrix again: a cell is where the choice by attributes ends.

use serde_json::{Map, Value};

use super::package::{Package, read_package, write_package};
use super::tiers::{Kind, Tiers, read_tiers, write_tiers};
use super::unit_price::{UnitPrice, unit_price_of, write_unit_price};
use crate::catalog::problem::ProblemKind;
use crate::catalog::reader::{Path, Reader, Table};
use crate::quantity::Quantity;

use super::matrix::MatrixProblem;

/// How the units of a cell are priced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CellPrice {
    /// Every unit at one price.
    PerUnit(UnitPrice),
    /// Each tier's units at that tier's price.
    Graduated(Box<Tiers>),
    /// All units at the price of the tier that the cell reaches.
    Volume(Box<Tiers>),
    /// The fixed price of the tier that the cell reaches.
    StairStep(Box<Tiers>),
    /// Whole packages.
    Package(Box<Package>),
}

/// The keys of a table with a cell's price: `price` with `per`, or one model.
pub(in crate::catalog) const CELL_KEYS: [&str; 6] = ["price", "per", "graduated", "volume", "stair_step", "package"];

/// The price in a table that names attributes too. `per` is what a unit price is for where the table does not say.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn read_cell_price(
    reader: &mut Reader,
    table: &Table<'_>,
    path: &Path,
    per: Option<Quantity>,
) -> Option<CellPrice> {
    let present: Vec<&str> =
        CELL_KEYS.into_iter().filter(|key| *key != "per").filter(|key| table.get(key).is_some()).collect();
    let [key] = present.as_slice() else {
        let found = present.iter().map(|key| (*key).to_owned()).collect();
        return reader.report(table.node, path, ProblemKind::Matrix(MatrixProblem::NotOnePrice { found }));
    };
    if *key == "price" {
        let mut price = unit_price_of(reader, table, path)?;
        if let (None, Some(per)) = (table.get("per"), per) {
            price.per = per;
        }
        return Some(CellPrice::PerUnit(price));
    }
    if table.get("per").is_some() {
        return reader.report_at(table, "per", path, ProblemKind::Needs { key: "per", other: "price" });
    }
    let tiers = |reader: &mut Reader, kind| {
        reader.required(table, key, path, |reader, node, path| read_tiers(reader, node, path, kind)).map(Box::new)
    };
    match *key {
        "graduated" => tiers(reader, Kind::Graduated).map(CellPrice::Graduated),
        "volume" => tiers(reader, Kind::Volume).map(CellPrice::Volume),
        "stair_step" => tiers(reader, Kind::StairStep).map(CellPrice::StairStep),
        _ => reader.required(table, "package", path, read_package).map(|package| CellPrice::Package(Box::new(package))),
    }
}

pub(super) fn write_cell_price(price: &CellPrice) -> Map<String, Value> {
    let one = |key: &str, value| std::iter::once((key.to_owned(), value)).collect();
    match price {
        CellPrice::PerUnit(price) => write_unit_price(price),
        CellPrice::Graduated(tiers) => one("graduated", write_tiers(tiers, Kind::Graduated)),
        CellPrice::Volume(tiers) => one("volume", write_tiers(tiers, Kind::Volume)),
        CellPrice::StairStep(tiers) => one("stair_step", write_tiers(tiers, Kind::StairStep)),
        CellPrice::Package(package) => one("package", write_package(package)),
    }
}
