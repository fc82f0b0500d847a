//! A fixed amount.

use serde_json::Value;

use crate::catalog::draft::Node;
use crate::catalog::reader::{Path, Reader};
use crate::catalog::write::text;
use crate::money::Money;

/// A fixed amount a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flat {
    /// The amount, in the book's currency.
    pub amount: Money,
}

pub(in crate::catalog) fn read_flat(reader: &mut Reader, node: &Node, path: &Path) -> Option<Flat> {
    let amount = reader.not_negative(node, path)?;
    Some(Flat { amount: Money::new(amount) })
}

pub(in crate::catalog) fn write_flat(flat: &Flat) -> Value {
    text(flat.amount)
}
