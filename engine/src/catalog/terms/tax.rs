//! Taxes of a book: which there are, what each is taken from, and where they are rounded. Computed by `invoice/tax.rs`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::percent::{Percent, read_percent};
use super::read_ids;
use crate::catalog::book::MODES;
use crate::catalog::draft::Node;
use crate::catalog::problem::ProblemKind;
use crate::catalog::reader::{Path, Reader, Table};
use crate::catalog::write::{insert, names, object, text, word};
use crate::ids::TaxId;
use crate::rounding::RoundingMode;
use crate::text::Names;

/// A tax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tax {
    /// Unique in the book; `tax` where the book has a single `[tax]`.
    pub id: TaxId,
    /// What the bill calls it.
    pub name: Names,
    /// Of the net amount, 0 to 100.
    pub percent: Percent,
    /// Whether it is added, contained in the prices, or not due.
    pub treatment: Treatment,
    /// Earlier taxes that belong to what this one is taken from: tax on tax.
    pub on: Vec<TaxId>,
    /// Whether it applies to charges that name no taxes of their own.
    pub by_default: bool,
}

/// What a tax does to a bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Treatment {
    /// It is added to the prices.
    #[default]
    Exclusive,
    /// The prices contain it.
    Inclusive,
    /// It is not due; the bill says so.
    Exempt,
    /// It is not due here: the customer owes it to their own tax office; the bill says so.
    ReverseCharge,
}

/// From what taxes are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TaxBase {
    /// From each line's exact net amount.
    Line,
    /// From the rounded sum of the lines that have the same taxes (how EN 16931 takes it).
    #[default]
    Group,
    /// From the rounded subtotal; no charge may have taxes of its own.
    Invoice,
}

/// Where taxes are rounded to the minor unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TaxRounding {
    /// Each line's tax.
    Line,
    /// Each tax, once a bill.
    #[default]
    Tax,
    /// The sum of all taxes, once a bill; the parts shown are made to add up.
    Invoice,
}

/// How taxes are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TaxRules {
    /// From what.
    pub base: TaxBase,
    /// Where they are rounded.
    pub at: TaxRounding,
    /// How they are rounded; as the book says elsewhere if `None`.
    pub mode: Option<RoundingMode>,
}

pub(in crate::catalog) const TREATMENTS: [(&str, Treatment); 4] = [
    ("exclusive", Treatment::Exclusive),
    ("inclusive", Treatment::Inclusive),
    ("exempt", Treatment::Exempt),
    ("reverse_charge", Treatment::ReverseCharge),
];
pub(in crate::catalog) const BASES: [(&str, TaxBase); 3] =
    [("line", TaxBase::Line), ("group", TaxBase::Group), ("invoice", TaxBase::Invoice)];
pub(in crate::catalog) const ROUNDINGS: [(&str, TaxRounding); 3] =
    [("line", TaxRounding::Line), ("tax", TaxRounding::Tax), ("invoice", TaxRounding::Invoice)];

/// `[tax]` or `[[taxes]]`, not both.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(in crate::catalog) fn read_taxes(reader: &mut Reader, root: &Table<'_>, path: &Path) -> Option<Vec<Tax>> {
    if root.get("tax").is_some() && root.get("taxes").is_some() {
        return reader.report_at(root, "tax", path, ProblemKind::NotBoth { key: "tax", other: "taxes" });
    }
    let single = reader.optional(root, "tax", path, read_single);
    let several = reader.optional(root, "taxes", path, |reader, node, path| {
        let nodes = reader.array(node, path)?;
        let mut taxes: Vec<Tax> = Vec::new();
        let mut complete = Some(());
        for (index, node) in nodes.iter().enumerate() {
            match read_tax(reader, node, &path.index(index), &taxes) {
                Some(tax) => taxes.push(tax),
                None => complete = None,
            }
        }
        complete.map(|()| taxes)
    });
    match (single?, several?) {
        (Some(tax), _) => Some(vec![tax]),
        (None, several) => Some(several.unwrap_or_default()),
    }
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_single(reader: &mut Reader, node: &Node, path: &Path) -> Option<Tax> {
    let table = reader.table(node, path, &["name", "percent"])?;
    let name = reader.required(&table, "name", path, Reader::names);
    let percent = reader.required(&table, "percent", path, percent);
    let (treatment, on) = (Treatment::Exclusive, Vec::new());
    Some(Tax { id: TaxId::single(), name: name?, percent: percent?, treatment, on, by_default: true })
}

fn percent(reader: &mut Reader, node: &Node, path: &Path) -> Option<Percent> {
    read_percent(reader, node, path, |percent| ProblemKind::PercentTooHigh { percent })
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_tax(reader: &mut Reader, node: &Node, path: &Path, earlier: &[Tax]) -> Option<Tax> {
    let table = reader.table(node, path, &["id", "name", "percent", "treatment", "on", "default"])?;
    let id = reader.required(&table, "id", path, |reader, node, path| reader.id_text(node, path, TaxId::new));
    let name = reader.required(&table, "name", path, Reader::names);
    let treatment =
        reader.optional(&table, "treatment", path, |reader, node, path| reader.option(node, path, &TREATMENTS));
    let percent = reader.required(&table, "percent", path, percent);
    let on = reader.optional(&table, "on", path, |reader, node, path| read_ids(reader, node, path, TaxId::new));
    let by_default = reader.optional(&table, "default", path, Reader::boolean);
    let tax = Tax {
        id: id?,
        name: name?,
        percent: percent?,
        treatment: treatment?.unwrap_or_default(),
        on: on?.unwrap_or_default(),
        by_default: by_default?.unwrap_or(true),
    };
    if earlier.iter().any(|other| other.id == tax.id) {
        return reader.report(node, path, ProblemKind::DuplicateId { id: tax.id.to_string() });
    }
    for id in &tax.on {
        let Some(other) = earlier.iter().find(|other| other.id == *id) else {
            let known = earlier.iter().map(|tax| tax.id.to_string()).collect();
            return reader.report_at(&table, "on", path, ProblemKind::UnknownTax { id: id.to_string(), known });
        };
        // A price cannot contain a tax that is taken from something outside the price.
        if tax.treatment == Treatment::Inclusive && other.treatment == Treatment::Exclusive {
            let kind = ProblemKind::InclusiveOnExclusive { id: id.to_string() };
            return reader.report_at(&table, "on", path, kind);
        }
    }
    Some(tax)
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(in crate::catalog) fn read_tax_rules(reader: &mut Reader, node: &Node, path: &Path) -> Option<TaxRules> {
    let table = reader.table(node, path, &["base", "at", "mode"])?;
    let base = reader.optional(&table, "base", path, |reader, node, path| reader.option(node, path, &BASES));
    let at = reader.optional(&table, "at", path, |reader, node, path| reader.option(node, path, &ROUNDINGS));
    let mode = reader.optional(&table, "mode", path, |reader, node, path| reader.option(node, path, &MODES));
    let rules = TaxRules { base: base?.unwrap_or_default(), at: at?.unwrap_or_default(), mode: mode? };
    if rules.at == TaxRounding::Line && rules.base != TaxBase::Line {
        let kind = ProblemKind::Needs { key: "at = \"line\"", other: "base = \"line\"" };
        return reader.report_at(&table, "at", path, kind);
    }
    Some(rules)
}

/// A single plain tax is written as `[tax]`, so that books from before there could be several keep their digest.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(in crate::catalog) fn write_taxes(root: &mut Map<String, Value>, taxes: &[Tax]) {
    match taxes {
        [] => {}
        [tax] if is_single(tax) => {
            let fields = object([("name", names(&tax.name)), ("percent", text(tax.percent))]);
            insert(root, "tax", Some(Value::Object(fields)));
        }
        several => insert(root, "taxes", Some(several.iter().map(write_tax).collect())),
    }
}

fn is_single(tax: &Tax) -> bool {
    let plain = tax.treatment == Treatment::Exclusive && tax.on.is_empty() && tax.by_default;
    plain && tax.id == TaxId::single()
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn write_tax(tax: &Tax) -> Value {
    let mut fields = object([("id", text(&tax.id)), ("name", names(&tax.name)), ("percent", text(tax.percent))]);
    let treatment = (tax.treatment != Treatment::Exclusive).then(|| text(word(&TREATMENTS, tax.treatment)));
    insert(&mut fields, "treatment", treatment);
    insert(&mut fields, "on", (!tax.on.is_empty()).then(|| tax.on.iter().map(text).collect()));
    insert(&mut fields, "default", (!tax.by_default).then_some(Value::Bool(false)));
    Value::Object(fields)
}

/// Nothing where all is as usual.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(in crate::catalog) fn write_tax_rules(rules: TaxRules) -> Option<Value> {
    let mut fields = Map::new();
    insert(&mut fields, "base", (rules.base != TaxBase::Group).then(|| text(word(&BASES, rules.base))));
    insert(&mut fields, "at", (rules.at != TaxRounding::Tax).then(|| text(word(&ROUNDINGS, rules.at))));
    insert(&mut fields, "mode", rules.mode.map(|mode| text(word(&MODES, mode))));
    (!fields.is_empty()).then_some(Value::Object(fields))
}
