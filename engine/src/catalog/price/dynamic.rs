//! A price that comes with the events.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::catalog::draft::Node;
use crate::catalog::meter::{KnownMeters, read_meter_id};
use crate::catalog::reader::{Path, Reader};
use crate::catalog::write::{insert, text, word};
use crate::ids::MeterId;
use crate::quantity::Quantity;

/// The meter adds up money that the events carry; it is due as it is, or times a factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dynamic {
    /// Times this; 1 where the book says nothing.
    pub multiplier: Quantity,
    /// The unit in which the events carry their price.
    pub carried_in: MoneyUnit,
    /// The meter that counts what was sold for the money; the line then shows its quantity.
    pub units: Option<MeterId>,
}

/// A currency's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MoneyUnit {
    /// The currency's own: euros, dinars.
    Major,
    /// The smallest of ISO 4217: cents, fils. May have fractions.
    Minor,
}

pub(in crate::catalog) const UNITS: [(&str, MoneyUnit); 2] = [("major", MoneyUnit::Major), ("minor", MoneyUnit::Minor)];

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn read_dynamic(reader: &mut Reader, node: &Node, path: &Path, meters: &KnownMeters) -> Option<Dynamic> {
    let table = reader.table(node, path, &["multiplier", "carried_in", "units"])?;
    let multiplier = reader.optional(&table, "multiplier", path, Reader::positive);
    let carried_in =
        reader.optional(&table, "carried_in", path, |reader, node, path| reader.option(node, path, &UNITS));
    let units = reader.optional(&table, "units", path, |reader, node, path| read_meter_id(reader, node, path, meters));
    Some(Dynamic {
        multiplier: Quantity::new(multiplier?.unwrap_or(Decimal::ONE)),
        carried_in: carried_in?.unwrap_or(MoneyUnit::Major),
        units: units?,
    })
}

pub(super) fn write_dynamic(dynamic: &Dynamic) -> Value {
    let mut fields = Map::new();
    let multiplier = (dynamic.multiplier.decimal() != Decimal::ONE).then(|| text(dynamic.multiplier));
    insert(&mut fields, "multiplier", multiplier);
    let carried_in = (dynamic.carried_in != MoneyUnit::Major).then(|| text(word(&UNITS, dynamic.carried_in)));
    insert(&mut fields, "carried_in", carried_in);
    insert(&mut fields, "units", dynamic.units.as_ref().map(text));
    Value::Object(fields)
}
