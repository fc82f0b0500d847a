//! Terms that stand beside the prices. For now: one tax on the whole bill.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::draft::Node;
use super::problem::ProblemKind;
use super::reader::{Path, Reader};
use crate::exact::{Exact, Overflow};
use crate::money::Money;
use crate::quantity::parse_decimal;
use crate::text::Names;

/// Hundredths, for instance 6 for six percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percent(Decimal);

impl Percent {
    /// A decimal as a number of hundredths.
    pub fn new(decimal: Decimal) -> Self {
        Self(decimal.normalize())
    }

    /// The number of hundredths.
    pub fn decimal(self) -> Decimal {
        self.0
    }

    /// This share of `base`, exactly.
    pub fn of(self, base: Money) -> Result<Exact, Overflow> {
        self.of_exact(base.exact())
    }

    /// This share of an amount before rounding.
    pub fn of_exact(self, base: Exact) -> Result<Exact, Overflow> {
        let hundred = Exact::from_decimal(Decimal::ONE_HUNDRED);
        base.checked_mul(Exact::from_decimal(self.0))?.checked_div(hundred)
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Serialize for Percent {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        parse_decimal(&text).map(Self::new).map_err(serde::de::Error::custom)
    }
}

/// A tax that is added to the net amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tax {
    /// What the bill calls it.
    pub name: Names,
    /// Of the net amount, 0 to 100.
    pub percent: Percent,
}

pub(super) fn read_tax(reader: &mut Reader, node: &Node, path: &Path) -> Option<Tax> {
    let table = reader.table(node, path, &["name", "percent"])?;
    let name = reader.required(&table, "name", path, Reader::names);
    let percent = reader.required(&table, "percent", path, |reader, node, path| {
        let percent = reader.not_negative(node, path)?;
        if percent > Decimal::ONE_HUNDRED {
            return reader.report(node, path, ProblemKind::PercentTooHigh { percent: percent.to_string() });
        }
        Some(Percent::new(percent))
    });
    Some(Tax { name: name?, percent: percent? })
}
