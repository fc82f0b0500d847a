//! Discounts of a plan or a customer: what is taken off, from what, how long, and by which rules. Applied by
//! `invoice/discount.rs`.

use std::fmt::Display;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::percent::{Percent, read_percent};
use super::{read_count, read_ids};
use crate::catalog::book::MODES;
use crate::catalog::charge::Charge;
use crate::catalog::draft::Node;
use crate::catalog::problem::ProblemKind;
use crate::catalog::reader::{Path, Reader, Table};
use crate::catalog::write::{insert, names, object, text, word};
use crate::ids::{BadId, ChargeId, DiscountId, Tag};
use crate::money::Money;
use crate::period::Month;
use crate::rounding::RoundingMode;
use crate::text::Names;

/// Something that is taken off a bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Discount {
    /// Unique in its plan or account.
    pub id: DiscountId,
    /// What the bill calls it.
    pub name: Names,
    /// How much.
    pub off: Off,
    /// From what.
    #[serde(default)]
    pub on: Target,
    /// How long.
    #[serde(default)]
    pub term: DiscountTerm,
}

/// How much is taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Off {
    /// A share of what the earlier discounts left, 0 to 100.
    Percent(Percent),
    /// A sum, at most what the earlier discounts left.
    Amount(Money),
}

/// From which lines it is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// All of them.
    #[default]
    Invoice,
    /// Those of these charges.
    Charges(Vec<ChargeId>),
    /// Those of the charges that carry one of these tags.
    Tags(Vec<Tag>),
}

/// How long a discount is given. Everything that is there must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct DiscountTerm {
    /// The first month with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Month>,
    /// The first month without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Month>,
    /// For so many of the customer's first periods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub periods: Option<u32>,
}

impl DiscountTerm {
    /// Whether it holds in `month`, after so many periods were billed before. A limit in months does not hold where no
    /// month is known, so that nobody is promised a price that they may not get.
    pub fn holds(&self, month: Option<Month>, periods_before: u32) -> bool {
        let begun = self.from.is_none_or(|from| month.is_some_and(|month| from <= month));
        let lasts = self.until.is_none_or(|until| month.is_some_and(|month| month < until));
        begun && lasts && self.periods.is_none_or(|periods| periods_before < periods)
    }
}

/// In which order discounts are taken, each on what the earlier ones left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DiscountOrder {
    /// As given: the plan's, then the customer's.
    #[default]
    Given,
    /// Percentages before sums, else as given.
    PercentFirst,
    /// Those of some lines before those of the whole invoice, else as given.
    LineThenInvoice,
}

/// How a discount is shared out over its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ShareRule {
    /// In proportion, in whole minor units: cut down, then one unit each to the largest remainders.
    #[default]
    LargestRemainder,
    /// In proportion, exactly, also where a share is a fraction of a minor unit.
    Proportional,
}

/// How discounts are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DiscountRules {
    /// In which order.
    pub order: DiscountOrder,
    /// How each is rounded to the minor unit.
    pub round: DiscountRounding,
    /// How each is shared out.
    pub share: ShareRule,
}

/// How a discount is rounded to the minor unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DiscountRounding {
    /// As the book rounds elsewhere.
    #[default]
    AsBook,
    /// Not at all.
    None,
    /// By its own mode.
    By(RoundingMode),
}

/// The word for a discount that is not rounded.
pub(in crate::catalog) const NO_ROUNDING: &str = "none";
pub(in crate::catalog) const ORDERS: [(&str, DiscountOrder); 3] = [
    ("given", DiscountOrder::Given),
    ("percent_first", DiscountOrder::PercentFirst),
    ("line_then_invoice", DiscountOrder::LineThenInvoice),
];
pub(in crate::catalog) const SHARES: [(&str, ShareRule); 2] =
    [("largest_remainder", ShareRule::LargestRemainder), ("proportional", ShareRule::Proportional)];

/// The discounts of a plan with these charges.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(in crate::catalog) fn read_discounts(
    reader: &mut Reader,
    node: &Node,
    path: &Path,
    charges: &[Charge],
) -> Option<Vec<Discount>> {
    let nodes = reader.array(node, path)?;
    let mut discounts: Vec<Discount> = Vec::new();
    let mut complete = Some(());
    for (index, node) in nodes.iter().enumerate() {
        let path = path.index(index);
        match read_discount(reader, node, &path, charges) {
            Some(discount) if discounts.iter().any(|earlier| earlier.id == discount.id) => {
                complete = reader.report(node, &path, ProblemKind::DuplicateId { id: discount.id.to_string() });
            }
            Some(discount) => discounts.push(discount),
            None => complete = None,
        }
    }
    complete.map(|()| discounts)
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_discount(reader: &mut Reader, node: &Node, path: &Path, charges: &[Charge]) -> Option<Discount> {
    let allowed = ["id", "name", "percent", "amount", "charges", "tags", "from", "until", "periods"];
    let table = reader.table(node, path, &allowed)?;
    let id = reader.required(&table, "id", path, |reader, node, path| reader.id_text(node, path, DiscountId::new));
    let name = reader.required(&table, "name", path, Reader::names);
    let off = read_off(reader, &table, path);
    let on = read_target(reader, &table, path, charges);
    let term = read_term(reader, &table, path);
    Some(Discount { id: id?, name: name?, off: off?, on: on?, term: term? })
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_off(reader: &mut Reader, table: &Table<'_>, path: &Path) -> Option<Off> {
    let percent = reader.optional(table, "percent", path, |reader, node, path| {
        read_percent(reader, node, path, |percent| ProblemKind::DiscountTooHigh { percent })
    });
    let amount = reader.optional(table, "amount", path, Reader::not_negative);
    match (percent?, amount?) {
        (Some(percent), None) => Some(Off::Percent(percent)),
        (None, Some(amount)) => Some(Off::Amount(Money::new(amount))),
        (Some(_), Some(_)) => {
            reader.report_at(table, "amount", path, ProblemKind::NotBoth { key: "amount", other: "percent" })
        }
        (None, None) => reader.report(table.node, path, ProblemKind::MissingKey { key: "percent" }),
    }
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_target(reader: &mut Reader, table: &Table<'_>, path: &Path, known: &[Charge]) -> Option<Target> {
    let charges =
        reader.optional(table, "charges", path, |reader, node, path| read_reached(reader, node, path, ChargeId::new));
    let tags = reader.optional(table, "tags", path, |reader, node, path| read_reached(reader, node, path, Tag::new));
    match (charges?, tags?) {
        (None, None) => Some(Target::Invoice),
        (Some(_), Some(_)) => {
            reader.report_at(table, "tags", path, ProblemKind::NotBoth { key: "tags", other: "charges" })
        }
        (Some(charges), None) => {
            if let Some(id) = charges.iter().find(|id| known.iter().all(|charge| charge.id != **id)) {
                let known = known.iter().map(|charge| charge.id.to_string()).collect();
                let kind = ProblemKind::UnknownCharge { id: id.to_string(), known };
                return reader.report_at(table, "charges", path, kind);
            }
            Some(Target::Charges(charges))
        }
        (None, Some(tags)) => {
            if let Some(tag) = tags.iter().find(|tag| known.iter().all(|charge| !charge.tags.contains(tag))) {
                return reader.report_at(table, "tags", path, ProblemKind::UnknownTag { tag: tag.to_string() });
            }
            Some(Target::Tags(tags))
        }
    }
}

/// What a discount reaches: something, and nothing twice.
fn read_reached<T: PartialEq + Display>(
    reader: &mut Reader,
    node: &Node,
    path: &Path,
    make: impl Fn(&str) -> Result<T, BadId>,
) -> Option<Vec<T>> {
    let ids = read_ids(reader, node, path, make)?;
    if ids.is_empty() {
        return reader.report(node, path, ProblemKind::DiscountOnNothing);
    }
    let twin = ids.iter().enumerate().find(|(index, id)| ids.iter().take(*index).any(|earlier| earlier == *id));
    if let Some((index, id)) = twin {
        return reader.report(node, &path.index(index), ProblemKind::DuplicateId { id: id.to_string() });
    }
    Some(ids)
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_term(reader: &mut Reader, table: &Table<'_>, path: &Path) -> Option<DiscountTerm> {
    let from = reader.optional(table, "from", path, read_month);
    let until = reader.optional(table, "until", path, read_month);
    let periods = reader.optional(table, "periods", path, read_count);
    let term = DiscountTerm { from: from?, until: until?, periods: periods? };
    if term.periods == Some(0) {
        return reader.report_at(table, "periods", path, ProblemKind::NotPositive { value: "0".to_owned() });
    }
    if let (Some(from), Some(until)) = (term.from, term.until)
        && until <= from
    {
        let kind = ProblemKind::EmptyTerm { from: from.to_string(), until: until.to_string() };
        return reader.report_at(table, "until", path, kind);
    }
    Some(term)
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_month(reader: &mut Reader, node: &Node, path: &Path) -> Option<Month> {
    let text = reader.text(node, path)?;
    match Month::parse(text) {
        Ok(month) => Some(month),
        Err(bad) => reader.report(node, path, ProblemKind::BadMonth(bad)),
    }
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(in crate::catalog) fn read_discount_rules(reader: &mut Reader, node: &Node, path: &Path) -> Option<DiscountRules> {
    let table = reader.table(node, path, &["order", "round", "share"])?;
    let order = reader.optional(&table, "order", path, |reader, node, path| reader.option(node, path, &ORDERS));
    let round = reader.optional(&table, "round", path, |reader, node, path| {
        let by = MODES.map(|(word, mode)| (word, DiscountRounding::By(mode)));
        let all: Vec<_> = by.into_iter().chain([(NO_ROUNDING, DiscountRounding::None)]).collect();
        reader.option(node, path, &all)
    });
    let share = reader.optional(&table, "share", path, |reader, node, path| reader.option(node, path, &SHARES));
    let rules = DiscountRules {
        order: order?.unwrap_or_default(),
        round: round?.unwrap_or_default(),
        share: share?.unwrap_or_default(),
    };
    if rules.round == DiscountRounding::None && rules.share == ShareRule::Proportional {
        // A later discount of a line that has lost a third of something could not be written as a decimal.
        let kind = ProblemKind::NotBoth { key: "share = \"proportional\"", other: "round = \"none\"" };
        return reader.report_at(&table, "share", path, kind);
    }
    Some(rules)
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(in crate::catalog) fn write_discount(discount: &Discount) -> Value {
    let mut fields = object([("id", text(&discount.id)), ("name", names(&discount.name))]);
    match discount.off {
        Off::Percent(percent) => insert(&mut fields, "percent", Some(text(percent))),
        Off::Amount(amount) => insert(&mut fields, "amount", Some(text(amount))),
    }
    match &discount.on {
        Target::Invoice => {}
        Target::Charges(charges) => insert(&mut fields, "charges", Some(charges.iter().map(text).collect())),
        Target::Tags(tags) => insert(&mut fields, "tags", Some(tags.iter().map(text).collect())),
    }
    insert(&mut fields, "from", discount.term.from.map(text));
    insert(&mut fields, "until", discount.term.until.map(text));
    insert(&mut fields, "periods", discount.term.periods.map(text));
    Value::Object(fields)
}

/// Nothing where all is as usual.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(in crate::catalog) fn write_discount_rules(rules: DiscountRules) -> Option<Value> {
    let mut fields = Map::new();
    insert(&mut fields, "order", (rules.order != DiscountOrder::Given).then(|| text(word(&ORDERS, rules.order))));
    let round = match rules.round {
        DiscountRounding::AsBook => None,
        DiscountRounding::None => Some(text(NO_ROUNDING)),
        DiscountRounding::By(mode) => Some(text(word(&MODES, mode))),
    };
    insert(&mut fields, "round", round);
    let share = (rules.share != ShareRule::LargestRemainder).then(|| text(word(&SHARES, rules.share)));
    insert(&mut fields, "share", share);
    (!fields.is_empty()).then_some(Value::Object(fields))
}
