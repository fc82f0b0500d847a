//! Terms of one charge, after its model has given a price: discount, minimum, maximum, commitment, and their order.
//!
//! Holds what the book says and checks that it can be kept; `rating/terms.rs` applies it.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::commitment::{Commitment, read_commitment, write_commitment};
use super::cycle::read_duration;
use super::draft::Node;
use super::problem::ProblemKind;
use super::reader::{Path, Reader, Table};
use super::terms::Percent;
use super::write::{insert, object, text, word};
use crate::ids::ChargeId;
use crate::money::Money;
use crate::period::CalendarDuration;
use crate::rounding::RoundingPlace;

/// What holds for a charge beside its price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeTerms {
    /// Taken off the price.
    pub discount: Option<Percent>,
    /// At least this is due.
    pub minimum: Option<Minimum>,
    /// At most this is due.
    pub maximum: Option<Money>,
    /// In which order the three above are applied.
    pub order: [Term; 3],
    /// Whether both sides of a comparison are rounded first; by the place of the book's rounding where it says nothing.
    pub compare: Option<Compare>,
    /// A promise to use so much; applied to whatever is priced by itself.
    pub commitment: Option<Commitment>,
    /// With which part of a period that is billed in parts a fixed amount is due.
    pub due: Due,
    /// How often what a meter counted is billed, where that is more often than the plan's cycle.
    pub every: Option<CalendarDuration>,
}

impl ChargeTerms {
    /// A charge that costs what its model says.
    pub const NONE: Self = Self {
        discount: None,
        minimum: None,
        maximum: None,
        order: Term::USUAL_ORDER,
        compare: None,
        commitment: None,
        due: Due::Arrears,
        every: None,
    };

    /// Whether the charge simply costs what its model says.
    pub fn is_default(&self) -> bool {
        *self == Self::NONE
    }

    /// Whether the term is there.
    pub fn has(&self, term: Term) -> bool {
        match term {
            Term::Discount => self.discount.is_some(),
            Term::Maximum => self.maximum.is_some(),
            Term::Minimum => self.minimum.is_some(),
        }
    }

    /// Whether both sides of a comparison are rounded, in a book that rounds there.
    pub fn rounds_sides(&self, place: RoundingPlace) -> bool {
        Compare::or_by_place(self.compare, place)
    }
}

/// A term that changes an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    /// A percentage off.
    Discount,
    /// At most so much.
    Maximum,
    /// At least so much.
    Minimum,
}

impl Term {
    /// The discount first, so that a maximum is a limit of what is paid; the minimum last, so that it is reached.
    pub const USUAL_ORDER: [Self; 3] = [Self::Discount, Self::Maximum, Self::Minimum];
}

/// At least this is due for a charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minimum {
    /// For a whole period.
    pub amount: Money,
    /// Whether a part of a period owes only its share.
    pub prorated: bool,
    /// The line that shows what is missing; `None` shows it inside the charge's own line.
    pub line: Option<ChargeId>,
}

/// How two amounts are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compare {
    /// Both rounded to the currency first, as they are printed: no half cent is ever missing or too much.
    Rounded,
    /// As they are.
    Exact,
}

impl Compare {
    /// Whether to round: lines that are rounded are compared rounded, lines that stay exact exactly.
    pub(super) fn or_by_place(chosen: Option<Self>, place: RoundingPlace) -> bool {
        match (chosen, place) {
            (Some(Self::Rounded), _) | (None, RoundingPlace::Line) => true,
            (Some(Self::Exact), _) | (None, RoundingPlace::Invoice) => false,
        }
    }
}

/// With which part of a period a fixed amount is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Due {
    /// With the first.
    Advance,
    /// With the last.
    Arrears,
    /// With the first period of the plan only.
    Once,
}

pub(super) const TERMS: [(&str, Term); 3] =
    [("discount", Term::Discount), ("maximum", Term::Maximum), ("minimum", Term::Minimum)];
pub(super) const COMPARES: [(&str, Compare); 2] = [("rounded", Compare::Rounded), ("exact", Compare::Exact)];
pub(super) const SHOWN: [(&str, bool); 2] = [("within", false), ("line", true)];
pub(super) const DUES: [(&str, Due); 3] = [("advance", Due::Advance), ("arrears", Due::Arrears), ("once", Due::Once)];

/// The keys of a charge that are read here.
pub(super) const TERM_KEYS: [&str; 7] =
    ["discount_percent", "minimum", "maximum", "terms", "commitment", "due", "every"];

/// The terms of a charge; `id` is the charge's, `None` if that cannot be read.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn read_charge_terms(
    reader: &mut Reader,
    table: &Table<'_>,
    path: &Path,
    id: Option<&ChargeId>,
) -> Option<ChargeTerms> {
    let discount = reader.optional(table, "discount_percent", path, read_percent);
    let minimum = reader.optional(table, "minimum", path, |reader, node, path| read_minimum(reader, node, path, id));
    let maximum = reader.optional(table, "maximum", path, Reader::not_negative);
    let rules = reader.optional(table, "terms", path, read_rules);
    let commitment = reader.optional(table, "commitment", path, read_commitment);
    let due = reader.optional(table, "due", path, |reader, node, path| reader.option(node, path, &DUES));
    let every = reader.optional(table, "every", path, read_duration);
    let flat = table.get("flat").is_some();
    if table.get("meter").is_none() && table.get("every").is_some() {
        return reader.report_at(table, "every", path, ProblemKind::Needs { key: "every", other: "meter" });
    }
    if !flat && table.get("due").is_some() {
        return reader.report_at(table, "due", path, ProblemKind::Needs { key: "due", other: "flat" });
    }
    if ["discount_percent", "minimum", "maximum"].iter().all(|key| table.get(key).is_none())
        && table.get("terms").is_some()
    {
        let kind = ProblemKind::Needs { key: "terms", other: "discount_percent, minimum or maximum" };
        return reader.report_at(table, "terms", path, kind);
    }
    let (order, compare) = rules?.unwrap_or((Term::USUAL_ORDER, None));
    let terms = ChargeTerms {
        discount: discount?,
        minimum: minimum?,
        maximum: maximum?.map(Money::new),
        order,
        compare,
        commitment: commitment?,
        due: due?.unwrap_or(Due::Arrears),
        every: every?,
    };
    check_limits(reader, table, path, &terms)?;
    Some(terms)
}

/// A minimum above the maximum could not be kept, and a line of its own can only hold what is missing in the end.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn check_limits(reader: &mut Reader, table: &Table<'_>, path: &Path, terms: &ChargeTerms) -> Option<()> {
    let Some(minimum) = &terms.minimum else { return Some(()) };
    if let Some(maximum) = terms.maximum
        && minimum.amount > maximum
    {
        let (minimum, maximum) = (minimum.amount.to_string(), maximum.to_string());
        return reader.report_at(table, "minimum", path, ProblemKind::MinimumAboveMaximum { minimum, maximum });
    }
    let last = terms.order.iter().rfind(|term| terms.has(**term));
    if minimum.line.is_some() && last != Some(&Term::Minimum) {
        return reader.report_at(table, "minimum", path, ProblemKind::MinimumNotLast);
    }
    Some(())
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_percent(reader: &mut Reader, node: &Node, path: &Path) -> Option<Percent> {
    let percent = reader.not_negative(node, path)?;
    if percent > Decimal::ONE_HUNDRED {
        return reader.report(node, path, ProblemKind::PercentTooHigh { percent: percent.to_string() });
    }
    Some(Percent::new(percent))
}

/// An amount, or `{ amount = "80", shown = "line", prorated = false }`.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_minimum(reader: &mut Reader, node: &Node, path: &Path, id: Option<&ChargeId>) -> Option<Minimum> {
    if !node.is_table() {
        let amount = reader.not_negative(node, path)?;
        return Some(Minimum { amount: Money::new(amount), prorated: true, line: None });
    }
    let table = reader.table(node, path, &["amount", "shown", "prorated"])?;
    let amount = reader.required(&table, "amount", path, Reader::not_negative);
    let shown = reader.optional(&table, "shown", path, |reader, node, path| reader.option(node, path, &SHOWN));
    let prorated = reader.optional(&table, "prorated", path, Reader::boolean);
    let line = match (shown?, id) {
        (Some(true), Some(id)) => match ChargeId::new(&format!("{id}.minimum")) {
            Ok(line) => Some(line),
            Err(error) => {
                let kind = ProblemKind::BadId { text: error.text, allowed: error.allowed };
                return reader.report_at(&table, "shown", path, kind);
            }
        },
        // A charge without an id is reported by itself.
        (Some(true | false) | None, _) => None,
    };
    Some(Minimum { amount: Money::new(amount?), prorated: prorated?.unwrap_or(true), line })
}

/// `{ order = ["minimum", "discount"], compare = "exact" }`. Terms that the order does not name follow as usual.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_rules(reader: &mut Reader, node: &Node, path: &Path) -> Option<([Term; 3], Option<Compare>)> {
    let table = reader.table(node, path, &["order", "compare"])?;
    let order = reader.optional(&table, "order", path, read_order);
    let compare = reader.optional(&table, "compare", path, |reader, node, path| reader.option(node, path, &COMPARES));
    Some((order?.unwrap_or(Term::USUAL_ORDER), compare?))
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_order(reader: &mut Reader, node: &Node, path: &Path) -> Option<[Term; 3]> {
    let nodes = reader.array(node, path)?;
    let mut named: Vec<Term> = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let path = path.index(index);
        let term = reader.option(node, &path, &TERMS)?;
        if named.contains(&term) {
            return reader.report(node, &path, ProblemKind::DuplicateId { id: word(&TERMS, term) });
        }
        named.push(term);
    }
    let rest: Vec<Term> = Term::USUAL_ORDER.into_iter().filter(|term| !named.contains(term)).collect();
    named.extend(rest);
    <[Term; 3]>::try_from(named).ok()
}

/// Writes what is not as usual, so that books from before these terms keep their digest.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn write_charge_terms(terms: &ChargeTerms, fields: &mut Map<String, Value>) {
    insert(fields, "discount_percent", terms.discount.map(text));
    insert(fields, "minimum", terms.minimum.as_ref().map(write_minimum));
    insert(fields, "maximum", terms.maximum.map(text));
    let order = (terms.order != Term::USUAL_ORDER)
        .then(|| terms.order.iter().map(|term| text(word(&TERMS, *term))).collect::<Value>());
    if order.is_some() || terms.compare.is_some() {
        let mut rules = Map::new();
        insert(&mut rules, "order", order);
        insert(&mut rules, "compare", terms.compare.map(|compare| text(word(&COMPARES, compare))));
        insert(fields, "terms", Some(Value::Object(rules)));
    }
    insert(fields, "commitment", terms.commitment.as_ref().map(write_commitment));
    insert(fields, "due", (terms.due != Due::Arrears).then(|| text(word(&DUES, terms.due))));
    insert(fields, "every", terms.every.map(text));
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn write_minimum(minimum: &Minimum) -> Value {
    if minimum.prorated && minimum.line.is_none() {
        return text(minimum.amount);
    }
    let mut fields = object([("amount", text(minimum.amount))]);
    insert(&mut fields, "shown", minimum.line.as_ref().map(|_| text(word(&SHOWN, true))));
    insert(&mut fields, "prorated", (!minimum.prorated).then_some(Value::Bool(false)));
    Value::Object(fields)
}
