//! Price lists in tiers, and the rules by which they are read.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::numbering::{NUMBERINGS, Numbering};
use super::percentage::read_percent;
use super::unit_price::{UnitPrice, write_unit_price};
use crate::catalog::book::MODES;
use crate::catalog::draft::{Node, Value as Typed};
use crate::catalog::problem::ProblemKind;
use crate::catalog::reader::{Path, Reader, Table};
use crate::catalog::terms::Percent;
use crate::catalog::write::{insert, object, text, word};
use crate::money::Money;
use crate::quantity::Quantity;
use crate::rounding::RoundingMode;

/// A step of a price list: the units above the tier before, up to `up_to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tier {
    /// Where the tier ends; `None` in the last tier, which has no end.
    pub up_to: Option<Quantity>,
    /// The price of its units; where `size` is given, of a package of that size.
    pub price: UnitPrice,
    /// Due once, as soon as the tier is entered.
    pub flat: Money,
    /// The tier costs at most this.
    pub cap: Option<Money>,
    /// The tier's units are sold in packages of this size; a begun one is paid whole.
    pub size: Option<Quantity>,
}

/// To which tier a quantity exactly on a bound belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// To the lower one: tiers are `(from, up_to]`.
    Lower,
    /// To the upper one: tiers are `[from, up_to)`.
    Upper,
}

/// With which quantity a volume's tier is looked up; the whole quantity is priced either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lookup {
    /// With the quantity as it is.
    Exact,
    /// With the next whole number: for lists written as 0–100, 101–200.
    Ceiling,
}

/// What is due when nothing was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZeroUsage {
    /// Nothing: no tier is entered.
    Nothing,
    /// The fixed fee of the first tier.
    FirstTier,
}

/// How a list of tiers is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TierRules {
    /// To which tier a quantity on a bound belongs.
    pub bound: Bound,
    /// With which quantity a volume's tier is looked up.
    pub lookup: Lookup,
    /// What is due when nothing was used.
    pub zero_usage: ZeroUsage,
    /// Rounds every tier's fee and units to the currency before they are added, where the bill shows them one by one.
    pub round_each: Option<RoundingMode>,
}

impl TierRules {
    /// What holds where the book says nothing.
    pub const USUAL: Self =
        Self { bound: Bound::Lower, lookup: Lookup::Exact, zero_usage: ZeroUsage::Nothing, round_each: None };
}

/// Tiers that touch and cover everything: `(0, a], (a, b], …, (z, ∞)`, where 0 belongs to the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tiers {
    list: Vec<Tier>,
    rules: TierRules,
}

impl Tiers {
    /// The tiers, lowest first; at least one, and only the last is open.
    pub fn as_slice(&self) -> &[Tier] {
        &self.list
    }

    /// How they are read.
    pub fn rules(&self) -> TierRules {
        self.rules
    }

    /// Every tier with the bound it begins after.
    pub fn with_lower_bounds(&self) -> impl Iterator<Item = (Quantity, &Tier)> {
        self.list.iter().scan(Quantity::ZERO, |from, tier| {
            // Only the last tier is open, and nothing comes after it.
            Some((std::mem::replace(from, tier.up_to.unwrap_or(*from)), tier))
        })
    }

    /// The price of the first unit.
    pub fn first_price(&self) -> UnitPrice {
        self.list.first().map_or_else(UnitPrice::free, |tier| tier.price)
    }
}

impl Tier {
    /// Whether a quantity goes no further than this tier.
    pub fn holds(&self, quantity: Quantity, bound: Bound) -> bool {
        self.up_to.is_none_or(|up_to| match bound {
            Bound::Lower => quantity <= up_to,
            Bound::Upper => quantity < up_to,
        })
    }
}

/// The model that a list belongs to; it decides which keys a tier may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::catalog) enum Kind {
    Graduated,
    GraduatedPercentage,
    ProratedGraduated,
    Volume,
    StairStep,
}

impl Kind {
    pub(in crate::catalog) fn tier_keys(self) -> &'static [&'static str] {
        match self {
            Self::Graduated => &["from", "up_to", "width", "price", "per", "flat", "cap", "size"],
            Self::GraduatedPercentage => &["from", "up_to", "width", "percent", "flat", "cap"],
            Self::ProratedGraduated => &["from", "up_to", "width", "price", "per", "flat"],
            Self::Volume => &["from", "up_to", "width", "price", "per", "flat", "size"],
            Self::StairStep => &["from", "up_to", "width", "flat"],
        }
    }

    pub(in crate::catalog) fn rule_keys(self) -> &'static [&'static str] {
        match self {
            Self::Graduated | Self::GraduatedPercentage => &["tiers", "numbering", "bound", "zero_usage", "round_each"],
            Self::ProratedGraduated => &["tiers", "numbering", "bound", "zero_usage", "negative_total"],
            Self::Volume => &["tiers", "numbering", "bound", "lookup", "zero_usage", "round_each"],
            Self::StairStep => &["tiers", "numbering", "bound", "lookup", "zero_usage"],
        }
    }
}

pub(in crate::catalog) const BOUNDS: [(&str, Bound); 2] = [("lower", Bound::Lower), ("upper", Bound::Upper)];
pub(in crate::catalog) const LOOKUPS: [(&str, Lookup); 2] = [("exact", Lookup::Exact), ("ceiling", Lookup::Ceiling)];
pub(in crate::catalog) const ZERO_USAGES: [(&str, ZeroUsage); 2] =
    [("nothing", ZeroUsage::Nothing), ("first_tier", ZeroUsage::FirstTier)];

/// A list of tiers, or a table of `tiers` and the rules by which they are read.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn read_tiers(reader: &mut Reader, node: &Node, path: &Path, kind: Kind) -> Option<Tiers> {
    if !matches!(node.value, Typed::Table(_)) {
        let list = read_list(reader, node, path, (kind, Numbering::Bounds))?;
        return Some(Tiers { list, rules: TierRules::USUAL });
    }
    let table = reader.table(node, path, kind.rule_keys())?;
    tiers_of(reader, &table, path, kind)
}

/// The tiers and rules in a table that may have other keys too.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn tiers_of(reader: &mut Reader, table: &Table<'_>, path: &Path, kind: Kind) -> Option<Tiers> {
    let numbering =
        reader.optional(table, "numbering", path, |reader, node, path| reader.option(node, path, &NUMBERINGS));
    let order = (kind, numbering.flatten().unwrap_or(Numbering::Bounds));
    let list = reader.required(table, "tiers", path, |reader, node, path| read_list(reader, node, path, order));
    let bound = reader.optional(table, "bound", path, |reader, node, path| reader.option(node, path, &BOUNDS));
    let lookup = reader.optional(table, "lookup", path, |reader, node, path| reader.option(node, path, &LOOKUPS));
    let zero_usage =
        reader.optional(table, "zero_usage", path, |reader, node, path| reader.option(node, path, &ZERO_USAGES));
    let round_each = reader.optional(table, "round_each", path, |reader, node, path| reader.option(node, path, &MODES));
    numbering?;
    let rules = TierRules {
        bound: bound?.unwrap_or(Bound::Lower),
        lookup: lookup?.unwrap_or(Lookup::Exact),
        zero_usage: zero_usage?.unwrap_or(ZeroUsage::Nothing),
        round_each: round_each?,
    };
    Some(Tiers { list: list?, rules })
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_list(reader: &mut Reader, node: &Node, path: &Path, (kind, numbering): (Kind, Numbering)) -> Option<Vec<Tier>> {
    let nodes = reader.array(node, path)?;
    if nodes.is_empty() {
        return reader.report(node, path, ProblemKind::NoTiers);
    }
    let last = nodes.len().saturating_sub(1);
    let mut lower = Some(Decimal::ZERO);
    let mut tiers = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let path = path.index(index);
        let next_from = nodes.get(index.saturating_add(1)).and_then(|next| numbering.bound_before(next));
        let context = Context { kind, numbering, lower, next_from, is_last: index == last };
        let (upper, tier) = read_tier(reader, node, &path, context);
        lower = upper;
        tiers.push(tier);
    }
    tiers.into_iter().collect()
}

/// Where a tier stands in its list; `lower` is `None` if the bound before cannot be read.
#[derive(Clone, Copy)]
struct Context {
    kind: Kind,
    numbering: Numbering,
    lower: Option<Decimal>,
    /// Where the next tier says that it begins; it ends one that does not say where it ends.
    next_from: Option<Decimal>,
    is_last: bool,
}

/// The tier, and where it ends as far as that can be read: a broken price must not hide the mistakes of its neighbours.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_tier(reader: &mut Reader, node: &Node, path: &Path, context: Context) -> (Option<Decimal>, Option<Tier>) {
    let Some(table) = reader.table(node, path, context.kind.tier_keys()) else { return (None, None) };
    let from = reader.optional(&table, "from", path, Reader::not_negative);
    let size = reader.optional(&table, "size", path, Reader::positive);
    let up_to = read_end(reader, &table, path, (context, size.flatten()));
    let price = read_price(reader, &table, path, context.kind);
    let flat = reader.optional(&table, "flat", path, Reader::not_negative);
    let cap = reader.optional(&table, "cap", path, Reader::not_negative);
    if let (Some(Some(from)), Some(lower)) = (from, context.lower) {
        check_touches(reader, &table, path, (context.numbering, from, lower));
    }
    let sound = check_end(reader, &table, path, (up_to, context)).and(check_cap(reader, &table, path, (flat, cap)));
    let tier = || {
        sound?;
        Some(Tier {
            up_to: up_to?.map(Quantity::new),
            price: price?,
            flat: flat?.map_or(Money::ZERO, Money::new),
            cap: cap?.map(Money::new),
            size: size?.map(Quantity::new),
        })
    };
    (up_to.flatten(), tier())
}

/// `price` and `per`; a tier with a fixed fee may go without, and a package has no `per`.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_price(reader: &mut Reader, table: &Table<'_>, path: &Path, kind: Kind) -> Option<UnitPrice> {
    let needed = match kind {
        Kind::StairStep => "flat",
        Kind::Graduated | Kind::ProratedGraduated | Kind::Volume => "price",
        Kind::GraduatedPercentage => return read_share(reader, table, path),
    };
    if table.get("price").is_none() && table.get("flat").is_none() {
        return reader.report(table.node, path, ProblemKind::MissingKey { key: needed });
    }
    // Without a price there is nothing that these could be for; a width is counted in packages.
    let wide = table.get("width").is_some();
    let unpriced = |key: &&str| table.get("price").is_none() && table.get(key).is_some() && !(wide && *key == "size");
    if let Some(key) = ["per", "size"].into_iter().find(unpriced) {
        return reader.report_at(table, key, path, ProblemKind::Needs { key, other: "price" });
    }
    if table.get("per").is_some() && table.get("size").is_some() {
        return reader.report_at(table, "per", path, ProblemKind::NotBoth { key: "per", other: "size" });
    }
    let price = reader.optional(table, "price", path, Reader::not_negative);
    let per = reader.optional(table, "per", path, Reader::positive);
    let per = per?.unwrap_or(Decimal::ONE);
    Some(UnitPrice { price: Money::new(price?.unwrap_or(Decimal::ZERO)), per: Quantity::new(per) })
}

/// `percent`, kept as a price for a hundred; a tier with a fixed fee may go without.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_share(reader: &mut Reader, table: &Table<'_>, path: &Path) -> Option<UnitPrice> {
    if table.get("percent").is_none() && table.get("flat").is_none() {
        return reader.report(table.node, path, ProblemKind::MissingKey { key: "percent" });
    }
    let percent = reader.optional(table, "percent", path, read_percent)?;
    Some(UnitPrice::share(Percent::new(percent.unwrap_or_default())))
}

/// Where the tier ends: at `up_to`, or `width` above its beginning, counted in packages where it has a `size`.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_end(
    reader: &mut Reader,
    table: &Table<'_>,
    path: &Path,
    (context, size): (Context, Option<Decimal>),
) -> Option<Option<Decimal>> {
    let lower = context.lower;
    let up_to = reader.optional(table, "up_to", path, Reader::positive);
    let width = reader.optional(table, "width", path, Reader::positive)?;
    let Some(width) = width else { return up_to.map(|up_to| up_to.or(context.next_from)) };
    if table.get("up_to").is_some() {
        return reader.report_at(table, "width", path, ProblemKind::NotBoth { key: "width", other: "up_to" });
    }
    let units = Quantity::new(width).checked_times(Quantity::new(size.unwrap_or(Decimal::ONE)));
    match units.and_then(|units| Quantity::new(lower.unwrap_or_default()).checked_add(units)) {
        Ok(end) => lower.map(|_| Some(end.decimal())),
        Err(_) => reader.report_at(table, "width", path, ProblemKind::TooLarge { value: width.to_string() }),
    }
}

/// The last tier is open, the others end above where they begin.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn check_end(
    reader: &mut Reader,
    table: &Table<'_>,
    path: &Path,
    (up_to, context): (Option<Option<Decimal>>, Context),
) -> Option<()> {
    let key = if table.get("width").is_some() { "width" } else { "up_to" };
    match (up_to?, context.is_last) {
        (Some(_), true) => reader.report_at(table, key, path, ProblemKind::LastTierBounded),
        (None, false) => reader.report(table.node, path, ProblemKind::InnerTierOpen),
        (None, true) => Some(()),
        (Some(up_to), false) => match context.lower {
            Some(lower) if up_to <= lower => {
                let kind = ProblemKind::TierOrder { up_to: up_to.to_string(), lower: lower.to_string() };
                reader.report_at(table, key, path, kind)
            }
            Some(_) | None => Some(()),
        },
    }
}

/// A fixed fee that the cap cuts at once is a slip in one of the two.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn check_cap(
    reader: &mut Reader,
    table: &Table<'_>,
    path: &Path,
    (flat, cap): (Option<Option<Decimal>>, Option<Option<Decimal>>),
) -> Option<()> {
    match (flat.flatten(), cap.flatten()) {
        (Some(flat), Some(cap)) if cap < flat => {
            let kind = ProblemKind::CapBelowFlat { cap: cap.to_string(), flat: flat.to_string() };
            reader.report_at(table, "cap", path, kind)
        }
        (Some(_) | None, Some(_) | None) => Some(()),
    }
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn check_touches(
    reader: &mut Reader,
    table: &Table<'_>,
    path: &Path,
    (numbering, from, lower): (Numbering, Decimal, Decimal),
) {
    let Some(from) = numbering.bound(from) else { return };
    let (from_text, lower_text) = (from.to_string(), lower.to_string());
    let kind = match from.cmp(&lower) {
        std::cmp::Ordering::Equal => return,
        std::cmp::Ordering::Greater => ProblemKind::TierGap { from: from_text, lower: lower_text },
        std::cmp::Ordering::Less => ProblemKind::TierOverlap { from: from_text, lower: lower_text },
    };
    let _: Option<()> = reader.report_at(table, "from", path, kind);
}

/// The list alone where its rules are the usual ones, as books from before there were others have it.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn write_tiers(tiers: &Tiers, kind: Kind) -> Value {
    let list: Value = tiers.list.iter().map(|tier| write_tier(tier, kind)).collect();
    let rules = tiers.rules;
    if rules == TierRules::USUAL {
        return list;
    }
    let mut fields = object([("tiers", list)]);
    let usual = TierRules::USUAL;
    insert(&mut fields, "bound", (rules.bound != usual.bound).then(|| text(word(&BOUNDS, rules.bound))));
    insert(&mut fields, "lookup", (rules.lookup != usual.lookup).then(|| text(word(&LOOKUPS, rules.lookup))));
    let zero_usage = (rules.zero_usage != usual.zero_usage).then(|| text(word(&ZERO_USAGES, rules.zero_usage)));
    insert(&mut fields, "zero_usage", zero_usage);
    insert(&mut fields, "round_each", rules.round_each.map(|mode| text(word(&MODES, mode))));
    Value::Object(fields)
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn write_tier(tier: &Tier, kind: Kind) -> Value {
    let mut fields = match (kind, tier.size) {
        (Kind::StairStep, _) => Map::new(),
        (Kind::GraduatedPercentage, _) => object([("percent", text(tier.price.price))]),
        (Kind::Graduated | Kind::ProratedGraduated | Kind::Volume, Some(size)) => {
            object([("price", text(tier.price.price)), ("size", text(size))])
        }
        (Kind::Graduated | Kind::ProratedGraduated | Kind::Volume, None) => write_unit_price(&tier.price),
    };
    insert(&mut fields, "up_to", tier.up_to.map(text));
    let has_fee = kind == Kind::StairStep || tier.flat.decimal() != Decimal::ZERO;
    insert(&mut fields, "flat", has_fee.then(|| text(tier.flat)));
    insert(&mut fields, "cap", tier.cap.map(text));
    Value::Object(fields)
}
