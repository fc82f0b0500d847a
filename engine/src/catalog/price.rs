//! Charge models: the shapes a price can have. Each is priced by the file of its name under `rating/`.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::draft::Node;
use super::problem::ProblemKind;
use super::reader::{Path, Reader};
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
        quantity.exact().checked_mul(self.price.exact())?.checked_div(self.per.exact())
    }
}

/// A fixed amount a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flat {
    /// The amount, in the book's currency.
    pub amount: Money,
}

/// A step of a price list: the units above the tier before, up to and including `up_to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tier {
    /// The last quantity that belongs to the tier; `None` in the last tier, which has no end.
    pub up_to: Option<Quantity>,
    /// The price in this tier.
    pub price: UnitPrice,
}

/// Tiers that touch and cover everything: `(0, a], (a, b], …, (z, ∞)`, where 0 belongs to the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tiers(Vec<Tier>);

impl Tiers {
    /// The tiers, lowest first; at least one, and only the last is open.
    pub fn as_slice(&self) -> &[Tier] {
        &self.0
    }

    /// Every tier with the bound it begins after.
    pub fn with_lower_bounds(&self) -> impl Iterator<Item = (Quantity, &Tier)> {
        let uppers = self.0.iter().filter_map(|tier| tier.up_to);
        std::iter::once(Quantity::ZERO).chain(uppers).zip(&self.0)
    }
}

/// A price for every begun package of `size` units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Package {
    /// Units in a package; above zero.
    pub size: Quantity,
    /// The price of a package.
    pub price: Money,
}

/// How a metered quantity is priced. One variant for each file under `rating/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Model {
    /// Every unit at one price.
    PerUnit(UnitPrice),
    /// Each tier's units at that tier's price.
    Graduated(Tiers),
    /// All units at the price of the tier that the quantity reaches.
    Volume(Tiers),
    /// Whole packages, rounded up.
    Package(Package),
}

/// The keys that name a charge model in a book; exactly one stands in a charge.
pub(super) const MODEL_KEYS: [&str; 5] = ["flat", "per_unit", "graduated", "volume", "package"];

pub(super) fn read_flat(reader: &mut Reader, node: &Node, path: &Path) -> Option<Flat> {
    let amount = reader.not_negative(node, path)?;
    Some(Flat { amount: Money::new(amount) })
}

pub(super) fn read_unit_price(reader: &mut Reader, node: &Node, path: &Path) -> Option<UnitPrice> {
    let table = reader.table(node, path, &["price", "per"])?;
    unit_price_of(reader, &table, path)
}

fn unit_price_of(reader: &mut Reader, table: &super::reader::Table<'_>, path: &Path) -> Option<UnitPrice> {
    let price = reader.required(table, "price", path, Reader::not_negative);
    let per = reader.optional(table, "per", path, Reader::positive);
    Some(UnitPrice { price: Money::new(price?), per: Quantity::new(per?.unwrap_or(Decimal::ONE)) })
}

pub(super) fn read_package(reader: &mut Reader, node: &Node, path: &Path) -> Option<Package> {
    let table = reader.table(node, path, &["size", "price"])?;
    let size = reader.required(&table, "size", path, Reader::positive);
    let price = reader.required(&table, "price", path, Reader::not_negative);
    Some(Package { size: Quantity::new(size?), price: Money::new(price?) })
}

pub(super) fn read_tiers(reader: &mut Reader, node: &Node, path: &Path) -> Option<Tiers> {
    let nodes = reader.array(node, path)?;
    if nodes.is_empty() {
        return reader.report(node, path, ProblemKind::NoTiers);
    }
    let last = nodes.len().saturating_sub(1);
    let mut lower = Some(Decimal::ZERO);
    let mut tiers = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let path = path.index(index);
        let (upper, tier) = read_tier(reader, node, &path, Bounds { lower, is_last: index == last });
        lower = upper;
        tiers.push(tier);
    }
    tiers.into_iter().collect::<Option<Vec<_>>>().map(Tiers)
}

/// Where a tier must begin (`None` if the bound before cannot be read) and whether it is the last.
#[derive(Clone, Copy)]
struct Bounds {
    lower: Option<Decimal>,
    is_last: bool,
}

/// The tier, and where it ends as far as that can be read: a broken price must not hide the mistakes of its neighbours.
fn read_tier(reader: &mut Reader, node: &Node, path: &Path, bounds: Bounds) -> (Option<Decimal>, Option<Tier>) {
    let Some(table) = reader.table(node, path, &["from", "up_to", "price", "per"]) else { return (None, None) };
    let from = reader.optional(&table, "from", path, Reader::not_negative);
    let up_to = reader.optional(&table, "up_to", path, Reader::positive);
    let price = unit_price_of(reader, &table, path);
    if let (Some(Some(from)), Some(lower)) = (from, bounds.lower) {
        check_touches(reader, &table, path, from, lower);
    }
    let sound = check_end(reader, &table, path, (up_to, bounds));
    let tier = sound.zip(up_to).zip(price).map(|(((), up_to), price)| Tier { up_to: up_to.map(Quantity::new), price });
    (up_to.flatten(), tier)
}

/// The last tier is open, the others end above where they begin.
fn check_end(
    reader: &mut Reader,
    table: &super::reader::Table<'_>,
    path: &Path,
    (up_to, bounds): (Option<Option<Decimal>>, Bounds),
) -> Option<()> {
    match (up_to?, bounds.is_last) {
        (Some(_), true) => reader.report_at(table, "up_to", path, ProblemKind::LastTierBounded),
        (None, false) => reader.report(table.node, path, ProblemKind::InnerTierOpen),
        (None, true) => Some(()),
        (Some(up_to), false) => match bounds.lower {
            Some(lower) if up_to <= lower => {
                let kind = ProblemKind::TierOrder { up_to: up_to.to_string(), lower: lower.to_string() };
                reader.report_at(table, "up_to", path, kind)
            }
            Some(_) | None => Some(()),
        },
    }
}

fn check_touches(reader: &mut Reader, table: &super::reader::Table<'_>, path: &Path, from: Decimal, lower: Decimal) {
    let (from_text, lower_text) = (from.to_string(), lower.to_string());
    let kind = match from.cmp(&lower) {
        std::cmp::Ordering::Equal => return,
        std::cmp::Ordering::Greater => ProblemKind::TierGap { from: from_text, lower: lower_text },
        std::cmp::Ordering::Less => ProblemKind::TierOverlap { from: from_text, lower: lower_text },
    };
    let _: Option<()> = reader.report_at(table, "from", path, kind);
}

impl Tiers {
    /// The price of the first unit.
    pub fn first_price(&self) -> UnitPrice {
        let free = UnitPrice { price: Money::ZERO, per: Quantity::from(1) };
        self.0.first().map_or(free, |tier| tier.price)
    }
}
