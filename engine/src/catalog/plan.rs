//! Plans and their charges.

use super::allowance::{Pool, check_allowances, read_pools};
use super::charge::{Charge, Pricing, read_charge};
use super::commitment::{IN_PROGRESS, InProgress, PLAN_TERM_KEYS, PlanTerms, read_plan_terms};
use super::composites::check_composites;
use super::cycle::read_cycle;
use super::draft::Node;
use super::meter::KnownMeters;
use super::problem::ProblemKind;
use super::proration::{check_basis, read_proration, usual_proration};
use super::reader::{Path, Reader, Table};
use super::terms::{Credit, Discount, Off, read_credits, read_discounts};
use super::time_problem::TimeProblem;
use super::write::word;
use crate::ids::{ChargeId, MeterId, PlanId};
use crate::invoice::proration::Proration;
use crate::period::Cycle;
use crate::text::Names;

/// What a customer subscribes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Unique in the book.
    pub id: PlanId,
    /// What customers read.
    pub name: Names,
    /// One or two sentences for whom the plan is.
    pub description: Option<Names>,
    /// Whether prospects see the plan; plans are private unless the book says otherwise.
    pub public: bool,
    /// Whether the plan is a trial: the book promises that it never bills anything, and the check proves it.
    pub trial: bool,
    /// How often it is billed.
    pub cycle: Cycle,
    /// What a part of a period costs of amounts that are due for whole ones.
    pub proration: Proration,
    /// Units that its charges share.
    pub pools: Vec<Pool>,
    /// What is charged, in the order of the bill.
    pub charges: Vec<Charge>,
    /// What holds beside the charges.
    pub terms: PlanTerms,
    /// What is taken off its bills.
    pub discounts: Vec<Discount>,
    /// Money that it gives each period.
    pub credits: Vec<Credit>,
}

impl Plan {
    /// The charge of this id.
    pub fn charge(&self, id: &ChargeId) -> Option<&Charge> {
        self.charges.iter().find(|charge| charge.id == *id)
    }

    /// Whether some charge prices this meter.
    pub fn prices(&self, meter: &MeterId) -> bool {
        self.charges.iter().any(|charge| charge.meters().contains(&meter))
    }
}

const PLAN_KEYS: [&str; 11] =
    ["id", "name", "description", "public", "trial", "cycle", "proration", "pools", "charges", "discounts", "credits"];

pub(super) fn read_plan(reader: &mut Reader, entry: &super::reader::Entry<'_>, meters: &KnownMeters) -> Option<Plan> {
    let path = &entry.path;
    let allowed: Vec<&str> = PLAN_KEYS.into_iter().chain(PLAN_TERM_KEYS).collect();
    let table = reader.table(entry.node, path, &allowed)?;
    let id = reader.id(entry, PlanId::new);
    let name = reader.required(&table, "name", path, Reader::names);
    let description = reader.optional(&table, "description", path, Reader::names);
    let public = reader.optional(&table, "public", path, Reader::boolean);
    let trial = reader.optional(&table, "trial", path, Reader::boolean);
    let cycle = reader.optional(&table, "cycle", path, read_cycle);
    let proration = reader.optional(&table, "proration", path, read_proration);
    let pools = reader.optional(&table, "pools", path, read_pools);
    let charges =
        reader.required(&table, "charges", path, |reader, node, path| read_charges(reader, node, path, meters));
    let terms = read_plan_terms(reader, &table, path, charges.as_deref());
    let known = charges.as_deref();
    let discounts = reader.optional(&table, "discounts", path, |reader, node, path| {
        // Where the charges are broken, nobody can say which of them a discount names.
        known.and_then(|charges| read_discounts(reader, node, path, charges))
    });
    let credits = reader.optional(&table, "credits", path, read_credits);
    let cycle = cycle?.unwrap_or_else(Cycle::calendar_months);
    let plan = Plan {
        id: id?,
        name: name?,
        description: description?,
        public: public?.unwrap_or(false),
        trial: trial?.unwrap_or(false),
        proration: proration?.unwrap_or_else(|| usual_proration(&cycle)),
        cycle,
        pools: pools?.unwrap_or_default(),
        terms: terms?,
        discounts: discounts?.unwrap_or_default(),
        credits: credits?.unwrap_or_default(),
        charges: charges?,
    };
    if let Err(problem) = check_basis(&plan.proration, &plan.cycle) {
        return reader.report_at(&table, "proration", path, ProblemKind::Time(problem));
    }
    check_allowances(reader, entry, (&plan.charges, &plan.pools))?;
    check_rhythms(reader, entry, &plan)?;
    check_parts(reader, &table, path, &plan)?;
    Some(plan)
}

/// A sum is for a period. A period that is billed in parts has several bills, of which none knows what the others took.
fn check_parts(reader: &mut Reader, table: &Table<'_>, path: &Path, plan: &Plan) -> Option<()> {
    let is_sum = |discount: &Discount| match discount.off {
        Off::Amount(_) => true,
        Off::Percent(_) => false,
    };
    let sums = [("discounts", plan.discounts.iter().any(is_sum)), ("credits", !plan.credits.is_empty())];
    let mut outcome = Some(());
    if plan.terms.in_progress != InProgress::Final {
        for (key, _) in sums.into_iter().filter(|(_, there)| *there) {
            outcome = reader.report_at(
                table,
                key,
                path,
                ProblemKind::RestartsInParts { in_progress: word(&IN_PROGRESS, plan.terms.in_progress).to_string() },
            );
        }
    }
    outcome
}

/// A charge with a rhythm of its own fills the plan's periods, and nothing looks at it together with the others.
fn check_rhythms(reader: &mut Reader, entry: &super::reader::Entry<'_>, plan: &Plan) -> Option<()> {
    let mut outcome = Some(());
    for (index, charge) in plan.charges.iter().enumerate() {
        let Some(every) = charge.terms.every else { continue };
        let of_all = [
            ("commitment", plan.terms.commitment.is_some()),
            ("maximum", plan.terms.maximum.is_some()),
            ("composite", plan.charges.iter().any(|other| matches!(other.pricing, Pricing::Composite(_)))),
        ];
        let other = of_all.into_iter().find_map(|(other, there)| there.then_some(other));
        let problem = match other {
            Some(other) => TimeProblem::EveryBeside { other },
            None if every.fills(plan.cycle.every) => continue,
            None => TimeProblem::DoesNotFill { every, cycle: plan.cycle.every },
        };
        let (node, path) = (entry.charge(index).unwrap_or(entry.node), entry.path.key("charges").index(index));
        outcome = reader.report(node, &path.key("every"), ProblemKind::Time(problem));
    }
    outcome
}

fn read_charges(reader: &mut Reader, node: &Node, path: &Path, meters: &KnownMeters) -> Option<Vec<Charge>> {
    let nodes = reader.array(node, path)?;
    if nodes.is_empty() {
        return reader.report(node, path, ProblemKind::NoCharges);
    }
    let mut charges: Vec<Option<Charge>> = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let path = path.index(index);
        let mut charge = read_charge(reader, node, &path, meters);
        if let Some(twin) = &charge
            && charges.iter().flatten().any(|earlier| earlier.id == twin.id)
        {
            let kind = ProblemKind::DuplicateId { id: twin.id.to_string() };
            charge = reader.report(node, &path, kind);
        }
        charges.push(charge);
    }
    let charges = charges.into_iter().collect::<Option<Vec<Charge>>>()?;
    check_composites(reader, nodes, path, &charges)?;
    Some(charges)
}
