//! Included units as a book says them: every period anew, once, or carried over; for one charge or for several together.
//!
//! Only reads and writes; `rating/entitlement.rs` draws them.

use serde_json::{Value as Json, json};

use super::charge::{Charge, Each, Metered, Pricing};
use super::draft::Node;
use super::price::Model;
use super::problem::ProblemKind;
use super::reader::{Entry, Path, Reader, Table};
use super::time_problem::TimeProblem;
use super::write::{insert, object, text};
use crate::ids::AllowanceId;
use crate::quantity::Quantity;

/// When included units are there again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Renews {
    /// Every period; what is left of the one before is gone.
    #[default]
    Period,
    /// Never: they are there once, for as long as they last.
    Once,
    /// Every period, beside what earlier periods left.
    RollOver {
        /// At most so much is carried into the next period; without it everything.
        limit: Option<Quantity>,
        /// For so many further periods what is left stays; without it until it is used.
        periods: Option<u32>,
    },
}

/// What holds for included units beside their number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Allowance {
    /// When they are there again.
    pub renews: Renews,
    /// Whether a part of a period has only its share of them.
    pub prorated: bool,
    /// Where they come from, if not from the charge itself.
    pub pool: Option<AllowanceId>,
}

/// Units that several charges of a plan share, in the order of the charges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// Unique among the pools and charges of the plan.
    pub id: AllowanceId,
    /// How many.
    pub units: Quantity,
    /// When they are there again.
    pub renews: Renews,
    /// Whether a part of a period has only its share of them.
    pub prorated: bool,
}

impl Charge {
    /// Whether its included units come from a pool.
    pub fn shares_units(&self) -> bool {
        matches!(&self.pricing, Pricing::Metered(Metered { allowance, .. }) if allowance.pool.is_some())
    }

    /// Whether what it prices is one quantity of which units can be taken off, so that units which are kept from
    /// period to period can be drawn.
    pub fn takes_units(&self) -> bool {
        let Pricing::Metered(metered) = &self.pricing else { return false };
        if metered.each == Each::Group || self.terms.commitment.is_some() {
            return false;
        }
        match &metered.model {
            Model::PerUnit(_)
            | Model::Graduated(_)
            | Model::Volume(_)
            | Model::StairStep(_)
            | Model::Package(_)
            | Model::GraduatedPercentage(_)
            | Model::Dynamic(_) => true,
            Model::Percentage(_)
            | Model::Committed(_)
            | Model::ProratedGraduated(_)
            | Model::Matrix(_)
            | Model::Rules(_) => false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Period,
    Once,
    RollOver,
}

pub(super) const RENEWS: [(&str, Word); 3] =
    [("period", Word::Period), ("once", Word::Once), ("roll_over", Word::RollOver)];

/// `"1000"`, `{ units = "1000", renews = "roll_over", limit = "500", periods = "3", prorated = true }`, or
/// `{ pool = "shared" }`.
pub(super) fn read_included(reader: &mut Reader, node: &Node, path: &Path) -> Option<(Quantity, Allowance)> {
    if !node.is_table() {
        return Some((Quantity::new(reader.not_negative(node, path)?), Allowance::default()));
    }
    let table = reader.table(node, path, &["units", "renews", "limit", "periods", "prorated", "pool"])?;
    if table.get("pool").is_some() {
        let pool =
            reader.required(&table, "pool", path, |reader, node, path| reader.id_text(node, path, AllowanceId::new));
        for key in ["units", "renews", "limit", "periods", "prorated"] {
            if table.get(key).is_some() {
                return reader.report_at(&table, key, path, ProblemKind::NotBoth { key, other: "pool" });
            }
        }
        return Some((Quantity::ZERO, Allowance { pool: Some(pool?), ..Allowance::default() }));
    }
    let (units, renews, prorated) = read_units(reader, &table, path)?;
    Some((units, Allowance { renews, prorated, pool: None }))
}

fn read_units(reader: &mut Reader, table: &Table<'_>, path: &Path) -> Option<(Quantity, Renews, bool)> {
    let units = reader.required(table, "units", path, Reader::not_negative);
    let word = reader.optional(table, "renews", path, |reader, node, path| reader.option(node, path, &RENEWS));
    let limit = reader.optional(table, "limit", path, Reader::not_negative);
    let periods = reader.optional(table, "periods", path, |reader, node, path| {
        let periods = reader.whole(node, path)?;
        match u32::try_from(periods) {
            Ok(periods) => Some(periods),
            Err(_) => reader.report(node, path, ProblemKind::TooLarge { value: periods.to_string() }),
        }
    });
    let prorated = reader.optional(table, "prorated", path, Reader::boolean);
    let word = word?.unwrap_or(Word::Period);
    for key in ["limit", "periods"] {
        if word != Word::RollOver && table.get(key).is_some() {
            return reader.report_at(table, key, path, ProblemKind::Needs { key, other: "renews = \"roll_over\"" });
        }
    }
    if word == Word::Once && table.get("prorated").is_some() {
        let kind = ProblemKind::NotBoth { key: "prorated", other: "renews = \"once\"" };
        return reader.report_at(table, "prorated", path, kind);
    }
    let renews = match word {
        Word::Period => Renews::Period,
        Word::Once => Renews::Once,
        Word::RollOver => Renews::RollOver { limit: limit?.map(Quantity::new), periods: periods? },
    };
    Some((Quantity::new(units?), renews, prorated?.unwrap_or(false)))
}

/// `[plans.x.pools.shared]` with `units`, `renews`, `limit`, `periods`, `prorated`.
pub(super) fn read_pools(reader: &mut Reader, node: &Node, path: &Path) -> Option<Vec<Pool>> {
    let entries = reader.entries(node, path);
    let mut pools = Vec::new();
    for entry in &entries {
        let allowed = ["id", "units", "renews", "limit", "periods", "prorated"];
        let table = reader.table(entry.node, &entry.path, &allowed)?;
        let id = reader.id(entry, AllowanceId::new);
        let (units, renews, prorated) = read_units(reader, &table, &entry.path)?;
        pools.push(Pool { id: id?, units, renews, prorated });
    }
    super::book::report_twins(reader, &entries);
    Some(pools)
}

/// Pools are there and have ids of their own, and units that are kept can be drawn by whoever has them.
pub(super) fn check_allowances(
    reader: &mut Reader,
    entry: &Entry<'_>,
    (charges, pools): (&[Charge], &[Pool]),
) -> Option<()> {
    let mut outcome = Some(());
    for pool in pools.iter().filter(|pool| charges.iter().any(|charge| charge.id.as_str() == pool.id.as_str())) {
        let kind = ProblemKind::DuplicateId { id: pool.id.to_string() };
        outcome = reader.report(entry.node, &entry.path.key("pools").key(pool.id.as_str()), kind);
    }
    for (index, charge) in charges.iter().enumerate() {
        let Pricing::Metered(Metered { allowance, .. }) = &charge.pricing else { continue };
        if **allowance == Allowance::default() {
            continue;
        }
        let node = entry.charge(index).unwrap_or(entry.node);
        let path = entry.path.key("charges").index(index).key("included");
        let unknown = allowance.pool.as_ref().filter(|id| pools.iter().all(|pool| pool.id != **id));
        if let Some(id) = unknown {
            let known = pools.iter().map(|pool| pool.id.to_string()).collect();
            let problem = TimeProblem::UnknownPool { id: id.to_string(), known };
            outcome = reader.report(node, &path, ProblemKind::Time(problem));
        } else if !charge.takes_units() {
            outcome = reader.report(node, &path, ProblemKind::Time(TimeProblem::UnitsNotKept));
        }
    }
    outcome
}

/// The short form where there is nothing beside the number, so that older books keep their digest.
pub(super) fn write_included(included: Quantity, allowance: &Allowance) -> Option<Json> {
    if let Some(pool) = &allowance.pool {
        return Some(json!({ "pool": pool.as_str() }));
    }
    if *allowance == Allowance::default() {
        return (included != Quantity::ZERO).then(|| text(included));
    }
    Some(write_units(included, allowance.renews, allowance.prorated))
}

fn write_units(units: Quantity, renews: Renews, prorated: bool) -> Json {
    let mut fields = object([("units", text(units))]);
    match renews {
        Renews::Period => {}
        Renews::Once => insert(&mut fields, "renews", Some(text("once"))),
        Renews::RollOver { limit, periods } => {
            insert(&mut fields, "renews", Some(text("roll_over")));
            insert(&mut fields, "limit", limit.map(text));
            insert(&mut fields, "periods", periods.map(text));
        }
    }
    insert(&mut fields, "prorated", prorated.then_some(Json::Bool(true)));
    Json::Object(fields)
}

pub(super) fn write_pools(pools: &[Pool]) -> Option<Json> {
    let one = |pool: &Pool| {
        let mut fields = write_units(pool.units, pool.renews, pool.prorated);
        if let Json::Object(fields) = &mut fields {
            insert(fields, "id", Some(text(&pool.id)));
        }
        fields
    };
    (!pools.is_empty()).then(|| pools.iter().map(one).collect())
}
