//! Matrix: the price depends on attributes, one row for each combination, with `"*"` for any value.
//!
//! The row that names the most attributes wins; two that name equally many never match the same cell, for such a book is
//! refused. A cell without a row has the default price or none at all: it is never free by silence.

mod build;
mod index;
mod problem;
pub(in crate::catalog) mod read;
mod write;

use index::Index;

use super::cell_price::CellPrice;
use crate::quantity::Quantity;

pub use problem::MatrixProblem;

pub(in crate::catalog) use read::Scope;
pub(super) use read::{read_attribute, read_matrix};
pub(super) use write::write_matrix;

/// At most so many attributes decide a price.
pub const ATTRIBUTES_MAX: usize = 8;

/// What a row writes where any value will do.
pub(super) const ANY: &str = "*";

/// Prices by attributes.
#[derive(Debug, Clone)]
pub struct Matrix {
    by: Vec<Attribute>,
    count: TierCount,
    default: Option<CellPrice>,
    index: Index,
    prices: Vec<CellPrice>,
}

/// An attribute that decides a price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name: one of the meter's `group_by`.
    pub name: String,
    /// Its place in the meter's `group_by`, and so in a group's key.
    pub place: usize,
}

/// Whose units move a cell up its tiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TierCount {
    /// The cell's own.
    Cell,
    /// Those of all cells, event after event in the order of time: the running total decides the tier, the event's
    /// attributes the price in it.
    RunningTotal,
}

/// The row that prices a cell.
#[derive(Debug, Clone, Copy)]
pub struct Found<'m> {
    /// Its number in the order of [`Matrix::rows`]; `None` for the default price.
    pub row: Option<u32>,
    /// Its price.
    pub price: &'m CellPrice,
}

impl Matrix {
    /// The attributes that decide the price, in the order of a row's values.
    pub fn by(&self) -> &[Attribute] {
        &self.by
    }

    /// Whose units move a cell up its tiers.
    pub fn count(&self) -> TierCount {
        self.count
    }

    /// The price of cells that no row matches; `None` where they have none.
    pub fn default_price(&self) -> Option<&CellPrice> {
        self.default.as_ref()
    }

    /// The rows in the order of their values: what each attribute must be, `"*"` for anything, and the price.
    pub fn rows(&self) -> impl Iterator<Item = (Vec<&str>, &CellPrice)> {
        (0_u32..).zip(&self.prices).map(|(row, price)| (self.index.values(row), price))
    }

    /// The values of a row, `"*"` for anything.
    pub fn row(&self, row: u32) -> Vec<&str> {
        self.index.values(row)
    }

    /// All prices, the default one last.
    pub fn prices(&self) -> impl Iterator<Item = &CellPrice> {
        self.prices.iter().chain(&self.default)
    }

    /// The price of the cell with these values, in the order of [`Matrix::by`]; `None` if it has none.
    pub fn find(&self, cell: &[&str]) -> Option<Found<'_>> {
        if let Some((row, price)) = self.index.find(cell).and_then(|row| Some((row, self.prices.get(index::at(row))?)))
        {
            return Some(Found { row: Some(row), price });
        }
        self.default.as_ref().map(|price| Found { row: None, price })
    }

    /// How many units a price is for, where that is the same for all.
    pub(super) fn priced_units(&self) -> Option<Quantity> {
        let mut units = self.prices().map(|price| match price {
            CellPrice::PerUnit(price) => Some(price.per),
            CellPrice::Package(package) => Some(package.size),
            CellPrice::Graduated(_) | CellPrice::Volume(_) | CellPrice::StairStep(_) => None,
        });
        let first = units.next()??;
        units.all(|units| units == Some(first)).then_some(first)
    }
}

/// The index follows from the rows.
impl PartialEq for Matrix {
    fn eq(&self, other: &Self) -> bool {
        let same_shape = self.by == other.by && self.count == other.count && self.default == other.default;
        same_shape
            && self.prices == other.prices
            && self.rows().map(|(key, _)| key).eq(other.rows().map(|(key, _)| key))
    }
}

impl Eq for Matrix {}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Matrix;
    use crate::catalog::{BookDraft, Model, Pricing};

    fn matrix(rows: &str) -> Arc<Matrix> {
        let text = format!(
            "[book]\nid = \"b\"\nversion = \"1\"\neffective = \"2026-01-01\"\ncurrency = \"CNY\"\nzone = \"UTC\"\n\
             name = {{ zh = \"书\", en = \"Book\" }}\n[meters.m]\nname = {{ zh = \"量\", en = \"M\" }}\nevent = \"e\"\n\
             aggregate = \"count\"\ngroup_by = [\"x\", \"y\", \"z\"]\n[plans.p]\nname = {{ zh = \"套餐\", en = \"Plan\" }}\n\
             [[plans.p.charges]]\nmeter = \"m\"\nmatrix = {{ by = [\"x\", \"y\", \"z\"], rows = [{rows}] }}\n"
        );
        let book = BookDraft::from_toml(&text).check().unwrap();
        match &book.plans[0].charges[0].pricing {
            Pricing::Metered(metered) => match &metered.model {
                Model::Matrix(matrix) => Arc::clone(matrix),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    fn found<'m>(matrix: &'m Matrix, cell: [&str; 3]) -> Option<Vec<&'m str>> {
        matrix.find(&cell)?.row.map(|row| matrix.row(row))
    }

    #[test]
    fn with_a_row_for_every_pattern_a_cell_finds_its_own() {
        let mut rows = String::new();
        for x in ["a", "b", "*"] {
            for y in ["a", "b", "*"] {
                for z in ["a", "b", "*"] {
                    rows.push_str(&format!("[\"{x}\", \"{y}\", \"{z}\", \"1\"],\n"));
                }
            }
        }
        let matrix = matrix(&rows);
        for x in ["a", "b", ""] {
            for y in ["a", "b", "*"] {
                for z in ["a", "b", "c"] {
                    let own = |value| if ["a", "b"].contains(&value) { value } else { "*" };
                    assert_eq!(found(&matrix, [x, y, z]), Some(vec![own(x), own(y), own(z)]));
                }
            }
        }
    }

    #[test]
    fn a_cell_that_no_row_matches_finds_nothing() {
        let matrix = matrix("[\"a\", \"*\", \"c\", \"1\"]");
        assert_eq!(found(&matrix, ["a", "anything", "c"]), Some(vec!["a", "*", "c"]));
        assert_eq!(found(&matrix, ["a", "c", "anything"]), None);
        assert!(matrix.find(&["a", "b"]).is_none() && matrix.find(&[]).is_none());
    }

    #[test]
    fn thousands_of_rows_are_each_found_by_their_values() {
        let rows: String =
            (0..5_000).map(|n| format!("[\"x{}\", \"y{}\", \"z\", \"{n}\"],\n", n / 70, n % 70)).collect();
        let matrix = matrix(&rows);
        for n in 0..5_000 {
            let (x, y) = (format!("x{}", n / 70), format!("y{}", n % 70));
            assert_eq!(found(&matrix, [&x, &y, "z"]), Some(vec![x.as_str(), y.as_str(), "z"]));
        }
        assert_eq!(found(&matrix, ["x0", "y70", "z"]), None);
    }
}
