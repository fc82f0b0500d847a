//! How a list of tiers numbers its units, so that lists copied from elsewhere can be written as they stand.
//!
//! Only for reading: whatever the list says, tiers become intervals that touch, and are written back as such.

use rust_decimal::Decimal;

use crate::catalog::draft::{Node, Value};
use crate::quantity::{Quantity, parse_decimal};

/// What `from` says of a tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::catalog) enum Numbering {
    /// The bound it begins after: 0–10, 10–20.
    Bounds,
    /// The number of its first unit: 1–10, 11–20. The first tier may also begin with 0.
    Units,
}

pub(in crate::catalog) const NUMBERINGS: [(&str, Numbering); 2] =
    [("bounds", Numbering::Bounds), ("units", Numbering::Units)];

impl Numbering {
    /// The bound that a tier written with this `from` begins after; `None` if it has too many digits.
    pub(super) fn bound(self, from: Decimal) -> Option<Decimal> {
        match self {
            Self::Units if !from.is_zero() => {
                let before = Quantity::new(from).checked_sub(Quantity::from(1)).ok()?;
                Some(before.decimal())
            }
            Self::Units | Self::Bounds => Some(from),
        }
    }

    /// The bound before a tier, as far as its `from` can be read; what is wrong with it is reported where it is read.
    pub(super) fn bound_before(self, tier: &Node) -> Option<Decimal> {
        let Value::Table(fields) = &tier.value else { return None };
        let from = fields.iter().find(|field| field.key == "from")?;
        let text = match &from.node.value {
            Value::Text(text) | Value::Integer(text) => text,
            Value::Boolean(_) | Value::Array(_) | Value::Table(_) | Value::Other(_) => return None,
        };
        self.bound(parse_decimal(text).ok()?)
    }
}
