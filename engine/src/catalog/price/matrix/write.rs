//! The canonical form of a matrix: rows in the order of their values, lists where the price is one per unit.

use serde_json::{Map, Value};

use super::super::cell_price::{CellPrice, write_cell_price};
use super::{Attribute, Matrix, TierCount};
use crate::catalog::write::{insert, object, text};

pub(in super::super) fn write_matrix(matrix: &Matrix) -> Value {
    let by = matrix.by.iter().map(|attribute| text(&attribute.name)).collect();
    let rows = matrix.rows().map(|(values, price)| write_row(&matrix.by, &values, price)).collect();
    let mut fields = object([("by", by), ("rows", rows)]);
    let counted = (matrix.count != TierCount::Cell).then(|| text("running_total"));
    insert(&mut fields, "count", counted);
    insert(&mut fields, "default", matrix.default.as_ref().map(|price| Value::Object(write_cell_price(price))));
    Value::Object(fields)
}

/// `["gpt", "input", "3", "1000000"]`, or a table where the price is more than one per unit.
fn write_row(by: &[Attribute], values: &[&str], price: &CellPrice) -> Value {
    if let CellPrice::PerUnit(price) = price {
        let values = values.iter().map(text);
        return values.chain([text(price.price), text(price.per)]).collect();
    }
    let mut fields: Map<String, Value> = write_cell_price(price);
    fields.extend(by.iter().zip(values).map(|(attribute, value)| (attribute.name.clone(), text(value))));
    Value::Object(fields)
}
