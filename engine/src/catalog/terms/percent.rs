//! Shares in hundredths, as taxes and discounts have them.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::catalog::draft::Node;
use crate::catalog::problem::ProblemKind;
use crate::catalog::reader::{Path, Reader};
use crate::exact::{Exact, Overflow};
use crate::quantity::parse_decimal;

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
    pub fn of(self, base: Exact) -> Result<Exact, Overflow> {
        let hundred = Exact::from_decimal(Decimal::ONE_HUNDRED);
        base.checked_mul(Exact::from_decimal(self.0))?.checked_div(hundred)
    }

    /// Whether it is more than the whole.
    pub fn is_above_hundred(self) -> bool {
        self.0 > Decimal::ONE_HUNDRED
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

/// A percentage from 0 to 100; what is more is reported as `too_high`.
pub(super) fn read_percent(
    reader: &mut Reader,
    node: &Node,
    path: &Path,
    too_high: impl FnOnce(String) -> ProblemKind,
) -> Option<Percent> {
    let percent = Percent::new(reader.not_negative(node, path)?);
    if percent.is_above_hundred() {
        return reader.report(node, path, too_high(percent.to_string()));
    }
    Some(percent)
}
