//! A price for a package of units.

use serde_json::Value;

use crate::catalog::draft::Node;
use crate::catalog::reader::{Path, Reader};
use crate::catalog::write::{insert, object, text, word};
use crate::money::Money;
use crate::quantity::Quantity;
use crate::rounding::RoundingMode;

/// A price for every package of `size` units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Package {
    /// Units in a package; above zero.
    pub size: Quantity,
    /// The price of a package.
    pub price: Money,
    /// What becomes of a package that is not full.
    pub rounding: PackageRounding,
}

/// What becomes of a package that is not full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PackageRounding {
    /// A package that is begun is paid whole.
    Up,
    /// Only full packages are paid.
    Down,
}

impl PackageRounding {
    /// The rounding of the number of packages, which is never negative.
    pub fn mode(self) -> RoundingMode {
        match self {
            Self::Up => RoundingMode::Ceiling,
            Self::Down => RoundingMode::Floor,
        }
    }
}

pub(in crate::catalog) const ROUNDINGS: [(&str, PackageRounding); 2] =
    [("up", PackageRounding::Up), ("down", PackageRounding::Down)];

pub(super) fn read_package(reader: &mut Reader, node: &Node, path: &Path) -> Option<Package> {
    let table = reader.table(node, path, &["size", "price", "round"])?;
    let size = reader.required(&table, "size", path, Reader::positive);
    let price = reader.required(&table, "price", path, Reader::not_negative);
    let rounding = reader.optional(&table, "round", path, |reader, node, path| reader.option(node, path, &ROUNDINGS));
    Some(Package {
        size: Quantity::new(size?),
        price: Money::new(price?),
        rounding: rounding?.unwrap_or(PackageRounding::Up),
    })
}

pub(super) fn write_package(package: &Package) -> Value {
    let mut fields = object([("size", text(package.size)), ("price", text(package.price))]);
    // The usual rounding is not written, so that books from before it was an option keep their digest.
    let rounding = (package.rounding != PackageRounding::Up).then(|| text(word(&ROUNDINGS, package.rounding)));
    insert(&mut fields, "round", rounding);
    Value::Object(fields)
}
