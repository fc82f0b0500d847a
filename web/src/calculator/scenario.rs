//! What a prospect assumes, and what it costs: every change goes through [`Scenario::apply`], which asks the engine.
//!
//! Pure: no clock, no browser. Never computes a price itself.

use std::rc::Rc;

use engine::catalog::{Book, BookView, Plan};
use engine::estimate::{Curve, Estimate, PlanEstimate, curve, estimate, needs};
use engine::ids::{MeterId, PlanId};
use engine::quantity::Quantity;
use engine::rating::RateError;
use engine::usage::{Meter, MeterUsage, Usage};

use super::commit::{self, Commit};
use super::link::{Link, LinkProblem, LinkProblemKind};
use super::quantity_text::read_quantity;
use super::rows::{self, Cell, Rows};
use super::scale::{Preset, Scale, preset, stepped};

/// The assumed use of one meter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The meter.
    pub meter: MeterId,
    /// What its slider's positions stand for.
    pub scale: Scale,
    /// What stands in the field; with rows their sum.
    pub cell: Cell,
    /// Its parts, where a quantity alone has no price.
    pub rows: Option<Box<Rows>>,
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
    /// Changes the parts of a meter.
    Rows(usize, rows::Msg),
    /// Asks for the price with another commitment.
    Commit(commit::Msg),
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
    /// The commitment of the plan that is shown in detail, if it has one.
    pub commit: Option<Box<Commit>>,
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
        let entries = book.meters.iter().map(|meter| {
            let needs = needs(book, meter);
            Entry {
                meter: meter.id.clone(),
                scale: Scale::of(book, &meter.id),
                cell: Cell::default(),
                rows: (!needs.is_plain()).then(|| Box::new(Rows::new(needs))),
            }
        });
        let mut scenario = Self {
            compared: book.plans.iter().map(|plan| plan.id.clone()).collect(),
            plan: book.plans.first()?.id.clone(),
            entries: entries.collect(),
            over: 0,
            commit: None,
            open: Vec::new(),
            estimate: Ok(Estimate { plans: Vec::new(), cheapest: None }),
            view,
        };
        scenario.over = scenario.entries.iter().position(|entry| entry.rows.is_none()).unwrap_or(0);
        scenario.apply(Msg::Preset(Preset::StartUp));
        scenario.choose_cheapest();
        scenario.look_at_commitment();
        Some(scenario)
    }

    /// The example, changed by what a link wishes. What the link does not name counts as not used.
    pub fn from_link(view: Rc<BookView>, link: &Link) -> Option<(Self, Vec<LinkProblem>)> {
        let mut scenario = Self::example(view)?;
        let mut problems = Vec::new();
        if !link.quantities.is_empty() || !link.parts.is_empty() {
            scenario.take_quantities(link, &mut problems);
        }
        if link.plan.is_some() || link.plans.is_some() {
            scenario.take_plans(link, &mut problems);
        }
        if let Some(over) = &link.over {
            match scenario.entries.iter().position(|entry| entry.meter.as_str() == over) {
                Some(index) => scenario.put_on_axis(index),
                None => problems.push(problem("over", over, LinkProblemKind::Meter)),
            }
        }
        scenario.recalculate();
        if link.plan.is_none() {
            scenario.choose_cheapest();
        }
        scenario.look_at_commitment();
        if let Some(commit) = &link.commit {
            scenario.take_commitment(commit, &mut problems);
        }
        Some((scenario, problems))
    }

    #[inline(never)] // Not in the first part of the program.
    fn take_quantities(&mut self, link: &Link, problems: &mut Vec<LinkProblem>) {
        // A link that names none of our meters leaves the example; otherwise what it does not name is not used.
        let is_named = |id: &str| {
            link.quantities.iter().any(|(meter, _)| meter == id) || link.parts.iter().any(|(meter, ..)| meter == id)
        };
        if self.entries.iter().any(|entry| is_named(entry.meter.as_str())) {
            for entry in &mut self.entries {
                entry.cell.set(Quantity::ZERO);
                if let Some(rows) = &mut entry.rows {
                    rows.clear();
                }
            }
        }
        for (meter, text) in &link.quantities {
            let plain = |entry: &&mut Entry| entry.meter.as_str() == meter && entry.rows.is_none();
            let Some(entry) = self.entries.iter_mut().find(plain) else {
                problems.push(problem(meter, text, LinkProblemKind::Meter));
                continue;
            };
            match read_quantity(text) {
                Ok(quantity) => entry.cell.set(quantity),
                Err(_) => problems.push(problem(meter, text, LinkProblemKind::Quantity)),
            }
        }
        if !link.parts.is_empty() {
            self.take_parts(link, problems);
        }
    }

    #[inline(never)] // Not in the first part of the program.
    fn take_parts(&mut self, link: &Link, problems: &mut Vec<LinkProblem>) {
        let mut begun: Vec<&str> = Vec::new();
        for (meter, values, text) in &link.parts {
            let entry = self.entries.iter_mut().find(|entry| entry.meter.as_str() == meter);
            let is_first = !begun.contains(&meter.as_str());
            let rows = entry.and_then(|entry| entry.rows.as_mut());
            let taken = rows.and_then(|rows| rows.take((values, text), is_first));
            let key = [meter.as_str(), "[", &values.join(","), "]"].concat();
            match taken {
                Some(Ok(())) => begun.push(meter),
                Some(Err(_)) => problems.push(problem(&key, text, LinkProblemKind::Quantity)),
                None => problems.push(problem(&key, text, LinkProblemKind::Meter)),
            }
        }
    }

    #[inline(never)] // Not in the first part of the program.
    fn take_commitment(&mut self, text: &str, problems: &mut Vec<LinkProblem>) {
        match (&mut self.commit, read_quantity(text)) {
            (Some(commit), Ok(amount)) => {
                commit.cell.set(amount);
                self.recalculate();
            }
            (Some(_) | None, _) => problems.push(problem("commit", text, LinkProblemKind::Quantity)),
        }
    }

    #[inline(never)] // Not in the first part of the program.
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
        let first = self.entries.iter().position(|entry| entry.rows.is_none()).unwrap_or(0);
        let over = self.entries.get(self.over).filter(|_| self.over != first);
        let plain = self.entries.iter().filter(|entry| entry.rows.is_none());
        let has_rows = self.entries.iter().any(|entry| entry.rows.is_some());
        let commit = self.commit.as_ref().filter(|commit| commit.cell.quantity != commit.own());
        Link {
            book: Some(book.id.to_string()),
            plan: Some(self.plan.to_string()),
            plans: (!is_all).then(|| self.compared.iter().map(PlanId::to_string).collect()),
            over: over.map(|entry| entry.meter.to_string()),
            lang: None,
            quantities: plain.map(|e| (e.meter.to_string(), e.cell.quantity.to_string())).collect(),
            parts: if has_rows { self.parts() } else { Vec::new() },
            commit: commit.map(|commit| commit.cell.quantity.to_string()),
        }
    }

    #[inline(never)] // Not in the first part of the program.
    fn parts(&self) -> Vec<(String, Vec<String>, String)> {
        let rows = self.entries.iter().filter_map(|entry| Some((&entry.meter, entry.rows.as_ref()?)));
        rows.flat_map(|(meter, rows)| {
            rows.for_link().into_iter().map(|(values, text)| (meter.to_string(), values, text))
        })
        .collect()
    }

    /// Changes the scenario and its price.
    pub fn apply(&mut self, msg: Msg) {
        match msg {
            Msg::Typed(index, text) => self.change(index, |entry| entry.cell.type_into(text)),
            Msg::Left(index) => self.change(index, |entry| entry.cell.leave()),
            Msg::Slid(index, position) => self.change(index, |entry| entry.cell.set(entry.scale.at(position))),
            Msg::Stepped(index, up) => self.change(index, |entry| entry.cell.set(stepped(entry.cell.quantity, up))),
            Msg::Rows(index, msg) => self.change_rows(index, msg),
            Msg::Commit(msg) => {
                if let Some(commit) = &mut self.commit {
                    commit.apply(msg);
                }
            }
            Msg::Preset(amount) => {
                for index in 0..self.entries.len() {
                    let quantity = self.preset_of(index, amount);
                    self.change(index, |entry| take_preset(entry, amount, quantity));
                }
            }
            Msg::Choose(plan) => self.choose(plan),
            Msg::Compare(plan, wanted) => self.compare(&plan, wanted),
            Msg::Over(index) => self.put_on_axis(index),
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

    #[inline(never)] // Not in the first part of the program.
    fn change_rows(&mut self, index: usize, msg: rows::Msg) {
        let book = &self.view.book;
        let Some(entry) = self.entries.get_mut(index) else { return };
        if let (Some(rows), Some(meter)) = (&mut entry.rows, book.meter(&entry.meter)) {
            rows.apply(msg, (book, meter));
        }
    }

    /// Only a meter whose quantity is all that matters can vary on the axis.
    fn put_on_axis(&mut self, index: usize) {
        if self.entries.get(index).is_some_and(|entry| entry.rows.is_none()) {
            self.over = index;
        }
    }

    /// Another plan has another commitment.
    fn look_at_commitment(&mut self) {
        let plan = self.view.book.plans.iter().find(|plan| plan.id == self.plan);
        self.commit = plan.and_then(Commit::of).map(Box::new);
    }

    fn change(&mut self, index: usize, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.entries.get_mut(index) {
            change(entry);
        }
    }

    fn choose(&mut self, plan: PlanId) {
        self.compare(&plan, true);
        self.plan = plan;
        self.look_at_commitment();
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
            self.look_at_commitment();
        }
        self.compared = next;
    }

    fn toggle_all(&mut self) {
        let lines = self.chosen().map(|plan| crate::bill::line_keys(&plan.month)).unwrap_or_default();
        self.open = if lines.iter().all(|line| self.open.contains(line)) { Vec::new() } else { lines };
    }

    fn recalculate(&mut self) {
        let usage = match self.usage() {
            Ok(usage) => usage,
            Err(error) => {
                self.estimate = Err(error);
                return;
            }
        };
        self.estimate = estimate(&self.view.book, &self.compared, &usage);
        if let Some(commit) = &mut self.commit {
            commit.recalculate(&self.view.book, self.plan.as_str(), &usage);
        }
        for (entry, item) in self.entries.iter_mut().zip(&usage.0).filter(|(entry, _)| entry.rows.is_some()) {
            entry.cell.quantity = item.quantity;
        }
    }

    /// What is assumed, for the engine: in the order of the entries.
    pub fn usage(&self) -> Result<Usage, RateError> {
        let usage = |entry: &Entry| match (&entry.rows, self.book().meter(&entry.meter)) {
            (Some(rows), Some(meter)) => Ok(rows.usage(meter)?),
            (Some(_), None) | (None, _) => Ok(MeterUsage::assumed(entry.meter.clone(), entry.cell.quantity)),
        };
        self.entries.iter().map(usage).collect::<Result<_, RateError>>().map(Usage)
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
        entries.all(|(index, entry)| {
            let wanted = self.preset_of(index, amount);
            match &entry.rows {
                None => entry.cell.quantity == wanted,
                Some(rows) => is_preset(entry, rows, amount, wanted),
            }
        })
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

    /// The meter on the curve's axis; `None` where every meter is assumed in parts.
    pub fn axis(&self) -> Option<&Entry> {
        self.entries.get(self.over).filter(|entry| entry.rows.is_none())
    }

    /// An entry with its meter.
    pub fn meter(&self, index: usize) -> Option<(&Entry, &Meter)> {
        let entry = self.entries.get(index)?;
        Some((entry, self.book().meter(&entry.meter)?))
    }

    /// The cost of the compared plans over the meter on the axis; of those that price that meter and all that is used.
    #[inline(never)] // Not in the first part of the program.
    pub fn curve(&self) -> Result<CostCurve, RateError> {
        let Some(axis) = self.axis() else {
            return Err(RateError::Overflow { charge: None });
        };
        let used = |entry: &&Entry| !entry.cell.quantity.is_zero() || entry.meter == axis.meter;
        let covers = |plan: &&Plan| self.entries.iter().filter(used).all(|entry| plan.prices(&entry.meter));
        let compared = self.book().plans.iter().filter(|plan| self.compared.contains(&plan.id));
        let plans: Vec<PlanId> = compared.filter(covers).map(|plan| plan.id.clone()).collect();
        let curve = curve(self.book(), &plans, &self.usage()?, (&axis.meter, &axis.scale.curve_quantities()))?;
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

fn take_preset(entry: &mut Entry, amount: Preset, quantity: Quantity) {
    match &mut entry.rows {
        None => entry.cell.set(quantity),
        Some(rows) => share_preset(rows, entry.scale, amount, quantity),
    }
}

#[inline(never)] // Not in the first part of the program.
fn share_preset(rows: &mut Rows, scale: Scale, amount: Preset, quantity: Quantity) {
    rows.preset(amount, (quantity, &|share| scale.at(scale.position_of(Quantity::from(share)).max(1))));
}

#[inline(never)] // Not in the first part of the program.
fn is_preset(entry: &Entry, rows: &Rows, amount: Preset, quantity: Quantity) -> bool {
    let mut wanted = rows.clone();
    share_preset(&mut wanted, entry.scale, amount, quantity);
    let figures = |row: &rows::Row| (row.values.clone(), row.quantity.quantity, row.count.as_ref().map(|c| c.quantity));
    wanted.list.iter().map(figures).eq(rows.list.iter().map(figures))
}

fn problem(key: &str, value: &str, kind: LinkProblemKind) -> LinkProblem {
    LinkProblem { part: [key, "=", value].concat(), kind }
}
