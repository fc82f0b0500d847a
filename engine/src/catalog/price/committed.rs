//! A capacity that is paid for in advance, and what goes beyond it.

use serde_json::Value;

use super::unit_price::{UnitPrice, read_unit_price, write_unit_price};
use crate::catalog::book::MODES;
use crate::catalog::draft::Node;
use crate::catalog::problem::ProblemKind;
use crate::catalog::reader::{Path, Reader, Table};
use crate::catalog::write::{insert, object, text, word};
use crate::exact::{Exact, Overflow};
use crate::money::Money;
use crate::quantity::Quantity;
use crate::rounding::{RoundingMode, round};

/// A fixed fee for a capacity, used or not, and a rate for the units above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// Units that the fee covers.
    pub capacity: Quantity,
    /// Due whatever was used.
    pub fee: Money,
    /// What a unit above the capacity costs.
    pub overage: Overage,
    /// Rounds the rate of one unit to the currency before it is multiplied; `None` keeps all its digits.
    pub round_rate: Option<RoundingMode>,
    /// Rounds the units above the capacity to whole ones; `None` keeps fractions.
    pub round_units: Option<RoundingMode>,
}

/// What a unit above a committed capacity costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overage {
    /// A price of its own.
    Price(UnitPrice),
    /// The rate of the commitment, fee ÷ capacity, times this.
    Factor(Quantity),
}

impl Committed {
    /// What one unit above the capacity costs, in a currency of `digits` places.
    pub fn rate(&self, digits: u32) -> Result<Exact, Overflow> {
        let exact = match self.overage {
            Overage::Price(price) => price.times(Quantity::from(1))?,
            Overage::Factor(factor) => {
                self.fee.exact().checked_mul(factor.exact())?.checked_div(self.capacity.exact())?
            }
        };
        match self.round_rate {
            Some(mode) => round(exact, digits, mode).map(Money::exact),
            None => Ok(exact),
        }
    }
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn read_committed(reader: &mut Reader, node: &Node, path: &Path) -> Option<Committed> {
    let allowed = ["capacity", "fee", "overage", "overage_factor", "round_rate", "round_units"];
    let table = reader.table(node, path, &allowed)?;
    let capacity = reader.required(&table, "capacity", path, Reader::positive);
    let fee = reader.required(&table, "fee", path, Reader::not_negative);
    let overage = read_overage(reader, &table, path);
    let mode = |reader: &mut Reader, node: &Node, path: &Path| reader.option(node, path, &MODES);
    let round_rate = reader.optional(&table, "round_rate", path, mode);
    let round_units = reader.optional(&table, "round_units", path, mode);
    Some(Committed {
        capacity: Quantity::new(capacity?),
        fee: Money::new(fee?),
        overage: overage?,
        round_rate: round_rate?,
        round_units: round_units?,
    })
}

fn read_overage(reader: &mut Reader, table: &Table<'_>, path: &Path) -> Option<Overage> {
    let price = reader.optional(table, "overage", path, read_unit_price);
    let factor = reader.optional(table, "overage_factor", path, Reader::not_negative);
    match (price?, factor?) {
        (Some(price), None) => Some(Overage::Price(price)),
        (None, Some(factor)) => Some(Overage::Factor(Quantity::new(factor))),
        (Some(_), Some(_)) => {
            let kind = ProblemKind::NotBoth { key: "overage_factor", other: "overage" };
            reader.report_at(table, "overage_factor", path, kind)
        }
        (None, None) => reader.report(table.node, path, ProblemKind::MissingKey { key: "overage" }),
    }
}

pub(super) fn write_committed(committed: &Committed) -> Value {
    let mut fields = object([("capacity", text(committed.capacity)), ("fee", text(committed.fee))]);
    match &committed.overage {
        Overage::Price(price) => insert(&mut fields, "overage", Some(Value::Object(write_unit_price(price)))),
        Overage::Factor(factor) => insert(&mut fields, "overage_factor", Some(text(factor))),
    }
    insert(&mut fields, "round_rate", committed.round_rate.map(|mode| text(word(&MODES, mode))));
    insert(&mut fields, "round_units", committed.round_units.map(|mode| text(word(&MODES, mode))));
    Value::Object(fields)
}
