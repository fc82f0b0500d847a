//! What a customer commits to spend or use in a period, and what a plan costs at most.
//!
//! Holds what the book says and checks that it can be kept; `rating/commitment.rs` applies it.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::charge::Charge;
use super::charge_terms::{COMPARES, Compare, Term};
use super::draft::Node;
use super::problem::ProblemKind;
use super::reader::{Path, Reader, Table};
use super::write::{insert, names, object, text, word};
use crate::exact::Exact;
use crate::ids::ChargeId;
use crate::money::Money;
use crate::quantity::Quantity;
use crate::rounding::RoundingPlace;
use crate::text::Names;

/// A promise on whatever a charge prices by itself: the period, or each group or window alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commitment {
    /// How much is promised.
    pub of: Promised,
    /// What becomes of less and of more.
    pub settle: Settle,
}

/// How much is promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promised {
    /// A sum.
    Amount(Money),
    /// What so much of the meter costs by the charge's own prices.
    Quantity(Quantity),
}

/// What becomes of usage below and above a commitment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settle {
    /// Whether what is missing is due.
    pub true_up: bool,
    /// What lies above costs so many times its price; 1 or more.
    pub overage_factor: OverageFactor,
}

/// A factor on the price of what lies above a commitment, 1 or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OverageFactor(Quantity);

impl OverageFactor {
    /// The list price.
    pub fn one() -> Self {
        Self(Quantity::from(1))
    }

    /// The number.
    pub fn exact(self) -> Exact {
        self.0.exact()
    }

    /// The number as it is written.
    pub fn decimal(self) -> Decimal {
        self.0.decimal()
    }
}

/// What a plan's customer commits to spend in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanCommitment {
    /// The line that settles it.
    pub line: PlanLine,
    /// The sum for a whole period.
    pub amount: Money,
    /// Which charges count towards it; all where empty.
    pub counts: Vec<ChargeId>,
    /// What becomes of less and of more.
    pub settle: Settle,
    /// Whether a part of a period owes only its share.
    pub prorated: bool,
    /// Whether both sides are rounded before they are compared.
    pub compare: Option<Compare>,
}

impl PlanCommitment {
    /// Whether fees of this charge count towards the commitment.
    pub fn counts(&self, charge: &ChargeId) -> bool {
        self.counts.is_empty() || self.counts.contains(charge)
    }

    /// Whether both sides of the comparison are rounded, in a book that rounds there.
    pub fn rounds_sides(&self, place: RoundingPlace) -> bool {
        Compare::or_by_place(self.compare, place)
    }
}

/// What a plan costs at most in a period, before tax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpendingCap {
    /// The line that takes off what is too much.
    pub line: PlanLine,
    /// The sum.
    pub amount: Money,
}

/// A line that belongs to the plan and to no charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanLine {
    /// Its id, unlike that of any charge.
    pub id: ChargeId,
    /// What the bill calls it.
    pub name: Names,
}

/// How a period that is still running is billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InProgress {
    /// Not before it is complete.
    Final,
    /// Each part by itself: the prices of its own units, at their place in the period.
    Split,
    /// The rounded price of everything so far, less what was billed before; may be negative.
    Deltas,
}

/// What holds for a plan beside its charges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanTerms {
    /// What is promised.
    pub commitment: Option<PlanCommitment>,
    /// What the plan costs at most.
    pub maximum: Option<SpendingCap>,
    /// How a period that is still running is billed.
    pub in_progress: InProgress,
}

impl PlanTerms {
    /// Whether nothing holds beside the charges.
    pub fn is_default(&self) -> bool {
        self.commitment.is_none() && self.maximum.is_none() && self.in_progress == InProgress::Final
    }
}

pub(super) const IN_PROGRESS: [(&str, InProgress); 3] =
    [("final", InProgress::Final), ("split", InProgress::Split), ("deltas", InProgress::Deltas)];

/// The keys of a plan that are read here.
pub(super) const PLAN_TERM_KEYS: [&str; 3] = ["commitment", "maximum", "in_progress"];

/// `{ amount = "10", overage_factor = "2", true_up = false }`, with `quantity` instead of `amount` for units.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn read_commitment(reader: &mut Reader, node: &Node, path: &Path) -> Option<Commitment> {
    let table = reader.table(node, path, &["amount", "quantity", "true_up", "overage_factor"])?;
    let amount = reader.optional(&table, "amount", path, Reader::not_negative);
    let quantity = reader.optional(&table, "quantity", path, Reader::not_negative);
    let settle = read_settle(reader, &table, path);
    let of = match (amount?, quantity?) {
        (Some(amount), None) => Promised::Amount(Money::new(amount)),
        (None, Some(quantity)) => Promised::Quantity(Quantity::new(quantity)),
        (Some(_), Some(_)) => {
            return reader.report_at(
                &table,
                "quantity",
                path,
                ProblemKind::NotBoth { key: "quantity", other: "amount" },
            );
        }
        (None, None) => return reader.report(node, path, ProblemKind::MissingKey { key: "amount" }),
    };
    let settle = settle?;
    let nothing = match of {
        Promised::Amount(amount) => amount == Money::ZERO,
        Promised::Quantity(quantity) => quantity.is_zero(),
    };
    check_effect(reader, node, path, (nothing, settle))?;
    Some(Commitment { of, settle })
}

/// A commitment to nothing has an effect only where what lies above, which is everything, is dearer.
fn check_effect(reader: &mut Reader, node: &Node, path: &Path, (nothing, settle): (bool, Settle)) -> Option<()> {
    if nothing && settle.overage_factor == OverageFactor::one() {
        return reader.report(node, path, ProblemKind::CommitmentWithoutEffect);
    }
    Some(())
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_settle(reader: &mut Reader, table: &Table<'_>, path: &Path) -> Option<Settle> {
    let true_up = reader.optional(table, "true_up", path, Reader::boolean);
    let factor = reader.optional(table, "overage_factor", path, |reader, node, path| {
        let factor = reader.not_negative(node, path)?;
        if factor < Decimal::ONE {
            return reader.report(node, path, ProblemKind::FactorBelowOne { value: factor.to_string() });
        }
        Some(OverageFactor(Quantity::new(factor)))
    });
    let settle =
        Settle { true_up: true_up?.unwrap_or(true), overage_factor: factor?.unwrap_or_else(OverageFactor::one) };
    if !settle.true_up && settle.overage_factor == OverageFactor::one() {
        return reader.report(table.node, path, ProblemKind::CommitmentWithoutEffect);
    }
    Some(settle)
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn write_commitment(commitment: &Commitment) -> Value {
    let mut fields = match commitment.of {
        Promised::Amount(amount) => object([("amount", text(amount))]),
        Promised::Quantity(quantity) => object([("quantity", text(quantity))]),
    };
    write_settle(commitment.settle, &mut fields);
    Value::Object(fields)
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn write_settle(settle: Settle, fields: &mut Map<String, Value>) {
    insert(fields, "true_up", (!settle.true_up).then_some(Value::Bool(false)));
    let factor = settle.overage_factor;
    insert(fields, "overage_factor", (factor != OverageFactor::one()).then(|| text(factor.decimal())));
}

/// The terms of a plan with these charges; `None` for those if one of them is broken.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn read_plan_terms(
    reader: &mut Reader,
    table: &Table<'_>,
    path: &Path,
    charges: Option<&[Charge]>,
) -> Option<PlanTerms> {
    let charges = charges.unwrap_or_default();
    let commitment = reader
        .optional(table, "commitment", path, |reader, node, path| read_plan_commitment(reader, node, path, charges));
    let maximum = reader.optional(table, "maximum", path, read_maximum);
    let in_progress =
        reader.optional(table, "in_progress", path, |reader, node, path| reader.option(node, path, &IN_PROGRESS));
    let terms = PlanTerms {
        commitment: commitment?,
        maximum: maximum?,
        in_progress: in_progress?.unwrap_or(InProgress::Final),
    };
    check_plan_terms(reader, table, path, (&terms, charges))?;
    Some(terms)
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn check_plan_terms(
    reader: &mut Reader,
    table: &Table<'_>,
    path: &Path,
    (terms, charges): (&PlanTerms, &[Charge]),
) -> Option<()> {
    if let (Some(commitment), Some(maximum)) = (&terms.commitment, &terms.maximum)
        && commitment.amount > maximum.amount
    {
        let (minimum, maximum) = (commitment.amount.to_string(), maximum.amount.to_string());
        return reader.report_at(table, "maximum", path, ProblemKind::MinimumAboveMaximum { minimum, maximum });
    }
    if let Some(twin) = twin_line(terms, charges) {
        return reader.report(table.node, path, ProblemKind::DuplicateId { id: twin.to_string() });
    }
    if terms.in_progress == InProgress::Split && charges.iter().any(|charge| !usual_order(charge)) {
        return reader.report_at(table, "in_progress", path, ProblemKind::OrderNotForSplit);
    }
    Some(())
}

/// What earlier parts of a period paid is known, not what they would have paid by another order.
fn usual_order(charge: &Charge) -> bool {
    let present =
        |order: [Term; 3]| -> Vec<Term> { order.into_iter().filter(|term| charge.terms.has(*term)).collect() };
    present(charge.terms.order) == present(Term::USUAL_ORDER)
}

/// An id that two lines of the bill would share.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn twin_line<'p>(terms: &'p PlanTerms, charges: &'p [Charge]) -> Option<&'p ChargeId> {
    let minima = charges.iter().filter_map(|charge| charge.terms.minimum.as_ref()?.line.as_ref());
    let commitment = terms.commitment.as_ref().map(|commitment| &commitment.line.id);
    let maximum = terms.maximum.as_ref().map(|maximum| &maximum.line.id);
    let mut ids: Vec<&ChargeId> = charges.iter().map(|charge| &charge.id).collect();
    for id in minima.chain(commitment).chain(maximum) {
        if ids.contains(&id) {
            return Some(id);
        }
        ids.push(id);
    }
    None
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_plan_commitment(reader: &mut Reader, node: &Node, path: &Path, charges: &[Charge]) -> Option<PlanCommitment> {
    let allowed = ["id", "name", "amount", "counts", "true_up", "overage_factor", "prorated", "compare"];
    let table = reader.table(node, path, &allowed)?;
    let line = read_line(reader, &table, path, usual_commitment_line()?);
    let amount = reader.required(&table, "amount", path, Reader::not_negative);
    let counts = reader.optional(&table, "counts", path, |reader, node, path| read_counts(reader, node, path, charges));
    let settle = read_settle(reader, &table, path);
    let prorated = reader.optional(&table, "prorated", path, Reader::boolean);
    let compare = reader.optional(&table, "compare", path, |reader, node, path| reader.option(node, path, &COMPARES));
    let (amount, settle) = (Money::new(amount?), settle?);
    check_effect(reader, node, path, (amount == Money::ZERO, settle))?;
    Some(PlanCommitment {
        line: line?,
        amount,
        counts: counts?.unwrap_or_default(),
        settle,
        prorated: prorated?.unwrap_or(true),
        compare: compare?,
    })
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_counts(reader: &mut Reader, node: &Node, path: &Path, charges: &[Charge]) -> Option<Vec<ChargeId>> {
    let nodes = reader.array(node, path)?;
    let mut counts = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let path = path.index(index);
        let id = reader.id_text(node, &path, ChargeId::new)?;
        // Broken charges are reported by themselves; nothing is said about those that could not be read.
        if !charges.is_empty() && charges.iter().all(|charge| charge.id != id) {
            let known = charges.iter().map(|charge| charge.id.to_string()).collect();
            return reader.report(node, &path, ProblemKind::UnknownCharge { id: id.to_string(), known });
        }
        counts.push(id);
    }
    Some(counts)
}

/// An amount, or `{ amount = "500", id = "cap", name = { … } }`.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_maximum(reader: &mut Reader, node: &Node, path: &Path) -> Option<SpendingCap> {
    let usual = usual_cap_line()?;
    if !node.is_table() {
        return Some(SpendingCap { line: usual, amount: Money::new(reader.not_negative(node, path)?) });
    }
    let table = reader.table(node, path, &["id", "name", "amount"])?;
    let line = read_line(reader, &table, path, usual);
    let amount = reader.required(&table, "amount", path, Reader::not_negative);
    Some(SpendingCap { line: line?, amount: Money::new(amount?) })
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_line(reader: &mut Reader, table: &Table<'_>, path: &Path, usual: PlanLine) -> Option<PlanLine> {
    let id = reader.optional(table, "id", path, |reader, node, path| reader.id_text(node, path, ChargeId::new));
    let name = reader.optional(table, "name", path, Reader::names);
    Some(PlanLine { id: id?.unwrap_or(usual.id), name: name?.unwrap_or(usual.name) })
}

fn usual_commitment_line() -> Option<PlanLine> {
    let name = Names { zh: "承诺消费".into(), en: "Commitment".into() };
    Some(PlanLine { id: ChargeId::new("commitment").ok()?, name })
}

fn usual_cap_line() -> Option<PlanLine> {
    let name = Names { zh: "消费封顶".into(), en: "Spending cap".into() };
    Some(PlanLine { id: ChargeId::new("maximum").ok()?, name })
}

/// Writes what is not as usual, so that books from before these terms keep their digest.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn write_plan_terms(terms: &PlanTerms, fields: &mut Map<String, Value>) {
    insert(fields, "commitment", terms.commitment.as_ref().map(write_plan_commitment));
    insert(fields, "maximum", terms.maximum.as_ref().map(write_maximum));
    let in_progress = terms.in_progress;
    insert(fields, "in_progress", (in_progress != InProgress::Final).then(|| text(word(&IN_PROGRESS, in_progress))));
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn write_plan_commitment(commitment: &PlanCommitment) -> Value {
    let mut fields = object([("amount", text(commitment.amount))]);
    write_line(&commitment.line, usual_commitment_line(), &mut fields);
    let counts = || commitment.counts.iter().map(text).collect::<Value>();
    insert(&mut fields, "counts", (!commitment.counts.is_empty()).then(counts));
    write_settle(commitment.settle, &mut fields);
    insert(&mut fields, "prorated", (!commitment.prorated).then_some(Value::Bool(false)));
    insert(&mut fields, "compare", commitment.compare.map(|compare| text(word(&COMPARES, compare))));
    Value::Object(fields)
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn write_maximum(maximum: &SpendingCap) -> Value {
    let mut fields = object([("amount", text(maximum.amount))]);
    write_line(&maximum.line, usual_cap_line(), &mut fields);
    if fields.len() == 1 {
        return text(maximum.amount);
    }
    Value::Object(fields)
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn write_line(line: &PlanLine, usual: Option<PlanLine>, fields: &mut Map<String, Value>) {
    let (usual_id, usual_name) = usual.map(|usual| (usual.id, usual.name)).unzip();
    insert(fields, "id", (usual_id.as_ref() != Some(&line.id)).then(|| text(&line.id)));
    insert(fields, "name", (usual_name.as_ref() != Some(&line.name)).then(|| names(&line.name)));
}
