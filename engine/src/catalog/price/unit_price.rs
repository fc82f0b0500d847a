//! A price for so many units.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::catalog::draft::Node;
use crate::catalog::reader::{Path, Reader, Table};
use crate::catalog::terms::Percent;
use crate::catalog::write::{object, text};
use crate::exact::{Exact, Overflow, short_product};
use crate::money::Money;
use crate::quantity::Quantity;

/// `price` for every `per` units, for instance 0.40 per 1,000. `per` is above zero, `price` is not below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitPrice {
    /// The price of `per` units, in the book's currency; as many digits as the book gives.
    pub price: Money,
    /// How many units that price is for.
    pub per: Quantity,
}

impl UnitPrice {
    /// What `quantity` units cost, exactly: quantity × price ÷ per, divided last.
    pub fn times(&self, quantity: Quantity) -> Result<Exact, Overflow> {
        let (price, per) = (self.price.decimal(), self.per.decimal());
        // Most often all three are short and `per` is whole: then two multiplications of 64 bits say it all.
        if per.scale() == 0
            && let Some(amount) = short_product(quantity.decimal(), price, per)
        {
            return Ok(amount);
        }
        self.times_exact(quantity.exact())
    }

    /// The same for a fraction of units that has no decimal.
    pub fn times_exact(&self, units: Exact) -> Result<Exact, Overflow> {
        units.checked_mul(self.price.exact())?.checked_div(self.per.exact())
    }

    /// A share of money, as a price for a hundred.
    pub fn share(percent: Percent) -> Self {
        Self { price: Money::new(percent.decimal()), per: Quantity::new(Decimal::ONE_HUNDRED) }
    }

    /// Nothing for any number of units.
    pub fn free() -> Self {
        Self { price: Money::ZERO, per: Quantity::from(1) }
    }
}

pub(super) fn read_unit_price(reader: &mut Reader, node: &Node, path: &Path) -> Option<UnitPrice> {
    let table = reader.table(node, path, &["price", "per"])?;
    unit_price_of(reader, &table, path)
}

/// The price in a table that has other keys too.
pub(super) fn unit_price_of(reader: &mut Reader, table: &Table<'_>, path: &Path) -> Option<UnitPrice> {
    let price = reader.required(table, "price", path, Reader::not_negative);
    let per = reader.optional(table, "per", path, Reader::positive);
    Some(UnitPrice { price: Money::new(price?), per: Quantity::new(per?.unwrap_or(Decimal::ONE)) })
}

pub(super) fn write_unit_price(price: &UnitPrice) -> Map<String, Value> {
    object([("price", text(price.price)), ("per", text(price.per))])
}
