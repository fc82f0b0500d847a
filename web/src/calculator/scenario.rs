//! What a prospect assumes, and what it costs: every change goes through [`Scenario::apply`], which asks the engine.
//!
//! Pure: no clock, no browser. Never computes a price itself.

use std::rc::Rc;

use engine::catalog::{Book, BookView, Plan};
use engine::estimate::{Curve, Estimate, PlanEstimate, curve, estimate};
use engine::ids::{MeterId, PlanId};
use engine::quantity::Quantity;
use engine::rating::RateError;
use engine::text::group_digits;
use engine::usage::{Meter, MeterUsage, Usage};

use super::link::{Link, LinkProblem, LinkProblemKind};
use super::quantity_text::{QuantityProblem, read_quantity};
use super::scale::{Preset, Scale, preset, stepped};

/// The assumed use of one meter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The meter.
    pub meter: MeterId,
    /// What its slider's positions stand for.
    pub scale: Scale,
    /// What stands in the field.
    pub text: String,
    /// The last good figure.
    pub quantity: Quantity,
    /// Why the text is not a quantity, if it is none; then `quantity` is the last good one.
    pub problem: Option<QuantityProblem>,
}

/// Something a prospect does. Meters go by their place in [`Scenario::entries`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Msg {
    /// Types into a meter's field.
    Typed(usize, String),
    /// Leaves a meter's field: a good figure is written out.
    Left(usize),
    /// Moves a meter's slider.
    Slid(usize, u32),
    /// One step more or less of a meter.
    Stepped(usize, bool),
    /// Takes a guided amount for all meters.
    Preset(Preset),
    /// Looks at a plan in detail.
    Choose(PlanId),
    /// Takes a plan into the comparison or out of it.
    Compare(PlanId, bool),
    /// Puts a meter on the curve's axis.
    Over(usize),
    /// Opens or closes the steps of a line.
    Toggle(String),
    /// Opens or closes the steps of all lines.
    ToggleAll,
}

/// Assumptions and their price.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The public book.
    pub view: Rc<BookView>,
    /// The plans that are compared, in the book's order; at least one.
    pub compared: Vec<PlanId>,
    /// The plan that is shown in detail; one of `compared`.
    pub plan: PlanId,
    /// One for each meter of the book.
    pub entries: Vec<Entry>,
    /// The place of the meter on the curve's axis.
    pub over: usize,
    /// The lines whose steps are shown.
    pub open: Vec<String>,
    /// What the engine says.
    pub estimate: Result<Estimate, RateError>,
}

/// The curve of the plans that price everything that is used, with the meter on its axis.
#[derive(Debug, Clone, PartialEq)]
pub struct CostCurve {
    /// The meter on the axis.
    pub meter: MeterId,
    /// The plans, in the order of the totals.
    pub plans: Vec<PlanId>,
    /// What the engine says.
    pub curve: Curve,
}

impl Scenario {
    /// Begins with a sensible example: a start-up's use on the plan that is cheapest for it. `None` without plans.
    pub fn example(view: Rc<BookView>) -> Option<Self> {
        let book = &view.book;
        let entries = book.meters.iter().map(|meter| Entry {
            meter: meter.id.clone(),
            scale: Scale::of(book, &meter.id),
            text: String::new(),
            quantity: Quantity::ZERO,
            problem: None,
        });
        let mut scenario = Self {
            compared: book.plans.iter().map(|plan| plan.id.clone()).collect(),
            plan: book.plans.first()?.id.clone(),
            entries: entries.collect(),
            over: 0,
            open: Vec::new(),
            estimate: Ok(Estimate { plans: Vec::new(), cheapest: None }),
            view,
        };
        scenario.apply(Msg::Preset(Preset::StartUp));
        scenario.choose_cheapest();
        Some(scenario)
    }

    /// The example, changed by what a link wishes. What the link does not name counts as not used.
    pub fn from_link(view: Rc<BookView>, link: &Link) -> Option<(Self, Vec<LinkProblem>)> {
        let mut scenario = Self::example(view)?;
        let mut problems = Vec::new();
        scenario.take_quantities(link, &mut problems);
        scenario.take_plans(link, &mut problems);
        if let Some(over) = &link.over {
            match scenario.entries.iter().position(|entry| entry.meter.as_str() == over) {
                Some(index) => scenario.over = index,
                None => problems.push(problem("over", over, LinkProblemKind::Meter)),
            }
        }
        scenario.recalculate();
        if link.plan.is_none() {
            scenario.choose_cheapest();
        }
        Some((scenario, problems))
    }

    fn take_quantities(&mut self, link: &Link, problems: &mut Vec<LinkProblem>) {
        // A link that names none of our meters leaves the example; otherwise what it does not name is not used.
        let named = |entry: &Entry| link.quantities.iter().any(|(meter, _)| meter == entry.meter.as_str());
        if self.entries.iter().any(named) {
            self.entries.iter_mut().for_each(|entry| set(entry, Quantity::ZERO));
        }
        for (meter, text) in &link.quantities {
            let Some(entry) = self.entries.iter_mut().find(|entry| entry.meter.as_str() == meter) else {
                problems.push(problem(meter, text, LinkProblemKind::Meter));
                continue;
            };
            match read_quantity(text) {
                Ok(quantity) => set(entry, quantity),
                Err(_) => problems.push(problem(meter, text, LinkProblemKind::Quantity)),
            }
        }
    }

    fn take_plans(&mut self, link: &Link, problems: &mut Vec<LinkProblem>) {
        let known = |wanted: &String| self.view.book.plans.iter().find(|plan| plan.id.as_str() == wanted);
        if let Some(wanted) = &link.plans {
            let missing = wanted.iter().filter(|id| known(id).is_none());
            problems.extend(missing.map(|id| problem("plans", id, LinkProblemKind::Plan)));
            let plans = self.view.book.plans.iter().filter(|plan| wanted.iter().any(|id| plan.id.as_str() == id));
            let plans: Vec<PlanId> = plans.map(|plan| plan.id.clone()).collect();
            if !plans.is_empty() {
                self.compared = plans;
            }
        }
        let wanted = link.plan.as_ref().map(|id| (id, known(id).map(|plan| plan.id.clone())));
        match wanted {
            Some((_, Some(plan))) => self.choose(plan),
            Some((id, None)) => problems.push(problem("plan", id, LinkProblemKind::Plan)),
            None => {}
        }
        if !self.compared.contains(&self.plan) {
            self.plan = self.compared.first().unwrap_or(&self.plan).clone();
        }
    }

    /// The link that brings back this scenario.
    pub fn link(&self) -> Link {
        let book = &self.view.book;
        let is_all = self.compared.len() == book.plans.len();
        let over = self.entries.get(self.over).filter(|_| self.over > 0);
        Link {
            book: Some(book.id.to_string()),
            plan: Some(self.plan.to_string()),
            plans: (!is_all).then(|| self.compared.iter().map(PlanId::to_string).collect()),
            over: over.map(|entry| entry.meter.to_string()),
            lang: None,
            quantities: self.entries.iter().map(|e| (e.meter.to_string(), e.quantity.to_string())).collect(),
        }
    }

    /// Changes the scenario and its price.
    pub fn apply(&mut self, msg: Msg) {
        match msg {
            Msg::Typed(index, text) => self.change(index, |entry| type_into(entry, text)),
            Msg::Left(index) => self.change(index, |entry| {
                if entry.problem.is_none() {
                    set(entry, entry.quantity);
                }
            }),
            Msg::Slid(index, position) => self.change(index, |entry| set(entry, entry.scale.at(position))),
            Msg::Stepped(index, up) => self.change(index, |entry| set(entry, stepped(entry.quantity, up))),
            Msg::Preset(amount) => {
                for index in 0..self.entries.len() {
                    let quantity = self.preset_of(index, amount);
                    self.change(index, |entry| set(entry, quantity));
                }
            }
            Msg::Choose(plan) => self.choose(plan),
            Msg::Compare(plan, wanted) => self.compare(&plan, wanted),
            Msg::Over(index) => self.over = index.min(self.entries.len().saturating_sub(1)),
            Msg::Toggle(line) => {
                toggle(&mut self.open, line);
                return;
            }
            Msg::ToggleAll => {
                self.toggle_all();
                return;
            }
        }
        self.recalculate();
    }

    fn change(&mut self, index: usize, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.entries.get_mut(index) {
            change(entry);
        }
    }

    fn choose(&mut self, plan: PlanId) {
        self.compare(&plan, true);
        self.plan = plan;
    }

    fn choose_cheapest(&mut self) {
        if let Ok(Estimate { cheapest: Some(plan), .. }) = &self.estimate {
            self.plan = plan.clone();
        }
    }

    /// The last plan stays: there is always something to see.
    fn compare(&mut self, plan: &PlanId, wanted: bool) {
        let keep = |id: &PlanId| if id == plan { wanted } else { self.compared.contains(id) };
        let plans = self.view.book.plans.iter().map(|plan| plan.id.clone());
        let next: Vec<PlanId> = plans.filter(keep).collect();
        let Some(first) = next.first() else { return };
        if !next.contains(&self.plan) {
            self.plan = first.clone();
        }
        self.compared = next;
    }

    fn toggle_all(&mut self) {
        let lines = self.chosen().map(|plan| crate::bill::line_keys(&plan.month)).unwrap_or_default();
        self.open = if lines.iter().all(|line| self.open.contains(line)) { Vec::new() } else { lines };
    }

    fn recalculate(&mut self) {
        self.estimate = estimate(&self.view.book, &self.compared, &self.usage());
    }

    /// What is assumed, for the engine.
    pub fn usage(&self) -> Usage {
        Usage(self.entries.iter().map(|entry| MeterUsage::assumed(entry.meter.clone(), entry.quantity)).collect())
    }

    /// The price on the plan that is shown in detail.
    pub fn chosen(&self) -> Option<&PlanEstimate> {
        let estimate = self.estimate.as_ref().ok()?;
        estimate.plans.iter().find(|plan| plan.month.plan == self.plan)
    }

    /// The price on the cheapest plan that prices all of the usage.
    pub fn cheapest(&self) -> Option<&PlanEstimate> {
        let estimate = self.estimate.as_ref().ok()?;
        let cheapest = estimate.cheapest.as_ref()?;
        estimate.plans.iter().find(|plan| plan.month.plan == *cheapest)
    }

    /// Whether everything is as this preset has it.
    pub fn is_at(&self, amount: Preset) -> bool {
        let mut entries = self.entries.iter().enumerate();
        entries.all(|(index, entry)| entry.quantity == self.preset_of(index, amount))
    }

    /// A preset uses what the chosen plan prices, and nothing else.
    fn preset_of(&self, index: usize, amount: Preset) -> Quantity {
        let plan = self.book().plans.iter().find(|plan| plan.id == self.plan);
        let meter = self.entries.get(index).map(|entry| &entry.meter);
        let priced = meter.filter(|meter| plan.is_some_and(|plan| plan.prices(meter)));
        priced.map_or(Quantity::ZERO, |meter| preset(self.book(), meter, amount))
    }

    /// The book that prices.
    pub fn book(&self) -> &Book {
        &self.view.book
    }

    /// An entry with its meter.
    pub fn meter(&self, index: usize) -> Option<(&Entry, &Meter)> {
        let entry = self.entries.get(index)?;
        Some((entry, self.book().meter(&entry.meter)?))
    }

    /// The cost of the compared plans over the meter on the axis; of those that price that meter and all that is used.
    #[inline(never)] // Not in the first part of the program.
    pub fn curve(&self) -> Result<CostCurve, RateError> {
        let Some(axis) = self.entries.get(self.over) else {
            return Err(RateError::Overflow { charge: None });
        };
        let used = |entry: &&Entry| !entry.quantity.is_zero() || entry.meter == axis.meter;
        let covers = |plan: &&Plan| self.entries.iter().filter(used).all(|entry| plan.prices(&entry.meter));
        let compared = self.book().plans.iter().filter(|plan| self.compared.contains(&plan.id));
        let plans: Vec<PlanId> = compared.filter(covers).map(|plan| plan.id.clone()).collect();
        let curve = curve(self.book(), &plans, &self.usage(), (&axis.meter, &axis.scale.curve_quantities()))?;
        Ok(CostCurve { meter: axis.meter.clone(), plans, curve })
    }
}

/// Opens a line that is closed and closes one that is open.
pub fn toggle(open: &mut Vec<String>, line: String) {
    match open.iter().position(|other| *other == line) {
        Some(index) => {
            open.remove(index);
        }
        None => open.push(line),
    }
}

fn set(entry: &mut Entry, quantity: Quantity) {
    entry.text = group_digits(&quantity.to_string());
    entry.quantity = quantity;
    entry.problem = None;
}

fn type_into(entry: &mut Entry, text: String) {
    match read_quantity(&text) {
        Ok(quantity) => {
            entry.quantity = quantity;
            entry.problem = None;
        }
        Err(problem) => entry.problem = Some(problem),
    }
    entry.text = text;
}

fn problem(key: &str, value: &str, kind: LinkProblemKind) -> LinkProblem {
    LinkProblem { part: [key, "=", value].concat(), kind }
}
