//! Credits: a plan's free allowance in money, and how it and prepaid wallets are used. Applied by `invoice/credit.rs`.

use serde_json::{Map, Value};

use super::read_count;
use crate::catalog::draft::Node;
use crate::catalog::problem::ProblemKind;
use crate::catalog::reader::{Path, Reader};
use crate::catalog::write::{insert, names, object, text, word};
use crate::ids::CreditId;
use crate::money::Money;
use crate::text::Names;

/// Money that a plan gives each period; what is left of it at the end is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    /// Unique in the plan.
    pub id: CreditId,
    /// What the bill calls it.
    pub name: Names,
    /// How much.
    pub amount: Money,
    /// Smaller ones are used first.
    pub priority: u32,
}

/// Which lines credits pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Eligible {
    /// All of them.
    #[default]
    All,
    /// Those of charges that price a meter.
    Usage,
}

/// When credits are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CreditPlace {
    /// From the net amounts, so that no tax is due on what they pay.
    BeforeTax,
    /// From the total with its taxes.
    #[default]
    AfterTax,
}

/// How credits are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CreditRules {
    /// For which lines.
    pub eligible: Eligible,
    /// When.
    pub place: CreditPlace,
    /// Less than this is not drawn; the currency's minor unit if `None`.
    pub minimum: Option<Money>,
}

pub(in crate::catalog) const ELIGIBLES: [(&str, Eligible); 2] = [("all", Eligible::All), ("usage", Eligible::Usage)];
pub(in crate::catalog) const PLACES: [(&str, CreditPlace); 2] =
    [("before_tax", CreditPlace::BeforeTax), ("after_tax", CreditPlace::AfterTax)];

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(in crate::catalog) fn read_credits(reader: &mut Reader, node: &Node, path: &Path) -> Option<Vec<Credit>> {
    let nodes = reader.array(node, path)?;
    let mut credits: Vec<Credit> = Vec::new();
    let mut complete = Some(());
    for (index, node) in nodes.iter().enumerate() {
        let path = path.index(index);
        match read_credit(reader, node, &path) {
            Some(credit) if credits.iter().any(|earlier| earlier.id == credit.id) => {
                complete = reader.report(node, &path, ProblemKind::DuplicateId { id: credit.id.to_string() });
            }
            Some(credit) => credits.push(credit),
            None => complete = None,
        }
    }
    complete.map(|()| credits)
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_credit(reader: &mut Reader, node: &Node, path: &Path) -> Option<Credit> {
    let table = reader.table(node, path, &["id", "name", "amount", "priority"])?;
    let id = reader.required(&table, "id", path, |reader, node, path| reader.id_text(node, path, CreditId::new));
    let name = reader.required(&table, "name", path, Reader::names);
    let amount = reader.required(&table, "amount", path, Reader::not_negative);
    let priority = reader.optional(&table, "priority", path, read_count);
    Some(Credit { id: id?, name: name?, amount: Money::new(amount?), priority: priority?.unwrap_or(0) })
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(in crate::catalog) fn read_credit_rules(reader: &mut Reader, node: &Node, path: &Path) -> Option<CreditRules> {
    let table = reader.table(node, path, &["eligible", "place", "minimum"])?;
    let eligible =
        reader.optional(&table, "eligible", path, |reader, node, path| reader.option(node, path, &ELIGIBLES));
    let place = reader.optional(&table, "place", path, |reader, node, path| reader.option(node, path, &PLACES));
    let minimum = reader.optional(&table, "minimum", path, Reader::positive);
    Some(CreditRules {
        eligible: eligible?.unwrap_or_default(),
        place: place?.unwrap_or_default(),
        minimum: minimum?.map(Money::new),
    })
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(in crate::catalog) fn write_credit(credit: &Credit) -> Value {
    let mut fields = object([("id", text(&credit.id)), ("name", names(&credit.name)), ("amount", text(credit.amount))]);
    insert(&mut fields, "priority", (credit.priority != 0).then(|| text(credit.priority)));
    Value::Object(fields)
}

/// Nothing where all is as usual.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(in crate::catalog) fn write_credit_rules(rules: CreditRules) -> Option<Value> {
    let mut fields = Map::new();
    insert(&mut fields, "eligible", (rules.eligible != Eligible::All).then(|| text(word(&ELIGIBLES, rules.eligible))));
    insert(&mut fields, "place", (rules.place != CreditPlace::AfterTax).then(|| text(word(&PLACES, rules.place))));
    insert(&mut fields, "minimum", rules.minimum.map(text));
    (!fields.is_empty()).then_some(Value::Object(fields))
}
