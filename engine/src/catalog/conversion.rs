//! Conversion of a quantity into the units that are priced, for instance bytes into begun kilobytes.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::book::MODES;
use super::draft::{Node, Value as Typed};
use super::problem::ProblemKind;
use super::reader::{Path, Reader};
use super::write::{insert, object, text, word};
use crate::exact::{Exact, Overflow, decimal};
use crate::quantity::Quantity;
use crate::rounding::{RoundingMode, to_integer};

/// Multiplies or divides by a factor, and rounds if the book says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversion {
    /// Multiply or divide.
    pub by: Factor,
    /// How the converted quantity is rounded; `None` leaves it as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rounding: Option<RoundingMode>,
    /// To how many decimal places; below zero to tens, hundreds and so on.
    pub places: i32,
}

/// What a conversion does to a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// Times this; above zero.
    Multiply(Quantity),
    /// Divided by this; above zero.
    Divide(Quantity),
}

impl Conversion {
    /// The converted quantity. Fails if it has more than 28 digits.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub fn apply(&self, quantity: Quantity) -> Result<Quantity, Overflow> {
        let exact = match self.by {
            Factor::Multiply(factor) => quantity.exact().checked_mul(factor.exact())?,
            Factor::Divide(factor) => quantity.exact().checked_div(factor.exact())?,
        };
        match self.rounding {
            Some(mode) => round_quantity(exact, self.places, mode),
            None => exact.to_decimal().map(Quantity::new).ok_or(Overflow),
        }
    }
}

/// Rounds a quantity to decimal places; `places` below zero rounds to tens, hundreds and so on.
///
/// Fails with [`Overflow`] if the result has more than 28 digits.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub fn round_quantity(exact: Exact, places: i32, mode: RoundingMode) -> Result<Quantity, Overflow> {
    let power = crate::exact::power_of_ten(places.unsigned_abs()).ok_or(Overflow)?;
    let power = Exact::ratio(power, 1).ok_or(Overflow)?;
    if places < 0 {
        let tens = to_integer(exact.checked_div(power)?, mode)?;
        let whole = Exact::ratio(tens, 1).ok_or(Overflow)?.checked_mul(power)?;
        return whole.to_decimal().map(Quantity::new).ok_or(Overflow);
    }
    let units = to_integer(exact.checked_mul(power)?, mode)?;
    decimal(units, places.unsigned_abs()).map(Quantity::new)
}

/// One conversion, or a list of those that follow each other.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn read_conversions(reader: &mut Reader, node: &Node, path: &Path) -> Option<Vec<Conversion>> {
    let Typed::Array(nodes) = &node.value else {
        return read_conversion(reader, node, path).map(|conversion| vec![conversion]);
    };
    if nodes.is_empty() {
        return reader.report(node, path, ProblemKind::Empty);
    }
    let read = nodes.iter().enumerate().map(|(index, node)| read_conversion(reader, node, &path.index(index)));
    read.collect::<Vec<_>>().into_iter().collect()
}

/// `{ divide = "1000", round = "ceiling", places = "0" }`.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn read_conversion(reader: &mut Reader, node: &Node, path: &Path) -> Option<Conversion> {
    let table = reader.table(node, path, &["multiply", "divide", "round", "places"])?;
    let multiply = reader.optional(&table, "multiply", path, Reader::positive);
    let divide = reader.optional(&table, "divide", path, Reader::positive);
    let rounding = reader.optional(&table, "round", path, |reader, node, path| reader.option(node, path, &MODES));
    let places = reader.optional(&table, "places", path, Reader::places);
    if let Some(None) = rounding
        && table.get("places").is_some()
    {
        return reader.report_at(&table, "places", path, ProblemKind::Needs { key: "places", other: "round" });
    }
    let by = match (multiply?, divide?) {
        (Some(factor), None) => Factor::Multiply(Quantity::new(factor)),
        (None, Some(factor)) => Factor::Divide(Quantity::new(factor)),
        (Some(_), Some(_)) => {
            return reader.report_at(&table, "divide", path, ProblemKind::NotBoth { key: "divide", other: "multiply" });
        }
        (None, None) => return reader.report(node, path, ProblemKind::MissingKey { key: "divide" }),
    };
    let conversion = Conversion { by, rounding: rounding?, places: places?.unwrap_or(0) };
    if conversion.rounding.is_none() && conversion.apply(Quantity::from(1)).is_err() {
        return reader.report_at(&table, "divide", path, ProblemKind::EndlessConversion);
    }
    Some(conversion)
}

/// A single conversion stands alone, as books from before there could be several have it.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn write_conversions(conversions: &[Conversion]) -> Option<Value> {
    match conversions {
        [] => None,
        [only] => Some(write_conversion(only)),
        several => Some(several.iter().map(write_conversion).collect()),
    }
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn write_conversion(conversion: &Conversion) -> Value {
    let (key, factor) = match conversion.by {
        Factor::Multiply(factor) => ("multiply", factor),
        Factor::Divide(factor) => ("divide", factor),
    };
    let mut fields = object([(key, text(factor))]);
    if let Some(mode) = conversion.rounding {
        insert(&mut fields, "round", Some(text(word(&MODES, mode))));
        insert(&mut fields, "places", Some(text(conversion.places)));
    }
    Value::Object(fields)
}
