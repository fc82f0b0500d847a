//! "What if I committed to …": the chosen plan with another commitment, priced by the engine.

use engine::catalog::{Book, Plan, Promised};
use engine::estimate::{Promise, WhatIf, promises, what_if_committed};
use engine::quantity::Quantity;
use engine::rating::RateError;
use engine::usage::Usage;

use super::rows::Cell;
use super::scale::{Scale, stepped};

/// The commitment of the chosen plan, and the one to compare it with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// What the plan has.
    pub promise: Promise,
    /// What the slider's positions stand for.
    pub scale: Scale,
    /// The other amount: money or units, as the plan's own is.
    pub cell: Cell,
    /// What the engine says; nothing while the amount is the plan's own.
    pub answer: Option<Result<WhatIf, RateError>>,
}

/// Something that is done to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Msg {
    /// Types an amount.
    Typed(String),
    /// Leaves the field.
    Left,
    /// Moves the slider.
    Slid(u32),
    /// One step more or less.
    Stepped(bool),
}

impl Commit {
    /// The first commitment of a plan, unchanged; `None` without one.
    pub fn of(plan: &Plan) -> Option<Self> {
        if plan.terms.is_default() && plan.charges.iter().all(|charge| charge.terms.commitment.is_none()) {
            return None;
        }
        Self::begin(plan)
    }

    #[inline(never)] // Not in the first part of the program.
    fn begin(plan: &Plan) -> Option<Self> {
        let promise = promises(plan).into_iter().next()?;
        let own = how_much(&promise);
        Some(Self { promise, scale: Scale::around(own), cell: Cell::of(own), answer: None })
    }

    /// What the plan's customer commits to.
    pub fn own(&self) -> Quantity {
        how_much(&self.promise)
    }

    /// Changes the amount.
    #[inline(never)] // Not in the first part of the program.
    pub fn apply(&mut self, msg: Msg) {
        match msg {
            Msg::Typed(text) => self.cell.type_into(text),
            Msg::Left => self.cell.leave(),
            Msg::Slid(position) => self.cell.set(self.scale.at(position)),
            Msg::Stepped(up) => self.cell.set(stepped(self.cell.quantity, up)),
        }
    }

    /// Asks the engine.
    #[inline(never)] // Not in the first part of the program.
    pub fn recalculate(&mut self, book: &Book, plan: &str, usage: &Usage) {
        let other = self.cell.quantity;
        self.answer = None;
        if other != self.own() {
            let charge = self.promise.charge.as_ref();
            self.answer = what_if_committed(book, plan, usage, (charge, other)).transpose();
        }
    }
}

fn how_much(promise: &Promise) -> Quantity {
    match promise.of {
        Promised::Amount(amount) => Quantity::new(amount.decimal()),
        Promised::Quantity(quantity) => quantity,
    }
}
