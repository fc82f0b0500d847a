//! Where a calculation writes its steps, or that it writes none. Whether steps are kept never changes an amount.

use super::{Part, Step};
use crate::exact::{Exact, Overflow};

/// Where a calculation writes its steps.
pub trait Recorder {
    /// Takes a step that is made only if it is wanted, and may fail to be made.
    fn try_record(&mut self, step: impl FnOnce() -> Result<Step, Overflow>) -> Result<(), Overflow>;

    /// Takes a step that is made only if it is wanted.
    fn record(&mut self, step: impl FnOnce() -> Step);

    /// Takes the steps of something that is priced by itself under one roof.
    fn part(
        &mut self,
        part: impl FnOnce() -> Part,
        price: impl FnOnce(&mut Self) -> Result<Exact, Overflow>,
    ) -> Result<Exact, Overflow>;
}

/// Keeps every step.
#[derive(Debug, Default)]
pub struct Steps(Vec<Step>);

impl Steps {
    /// None yet, with room for what most lines have: counted, allowance, four tiers, rounding. Growing copies them.
    pub fn with_room() -> Self {
        Self(Vec::with_capacity(7))
    }

    /// The steps, first one first.
    pub fn into_vec(self) -> Vec<Step> {
        self.0
    }
}

impl Recorder for Steps {
    fn try_record(&mut self, step: impl FnOnce() -> Result<Step, Overflow>) -> Result<(), Overflow> {
        self.0.push(step()?);
        Ok(())
    }

    fn record(&mut self, step: impl FnOnce() -> Step) {
        self.0.push(step());
    }

    fn part(
        &mut self,
        part: impl FnOnce() -> Part,
        price: impl FnOnce(&mut Self) -> Result<Exact, Overflow>,
    ) -> Result<Exact, Overflow> {
        let mut inner = Self::default();
        let amount = price(&mut inner)?;
        self.0.push(Step::Part { part: part(), steps: inner.0, amount });
        Ok(amount)
    }
}

/// Keeps nothing, for when only the amount is wanted.
#[derive(Debug)]
pub struct TotalOnly;

impl Recorder for TotalOnly {
    fn try_record(&mut self, _: impl FnOnce() -> Result<Step, Overflow>) -> Result<(), Overflow> {
        Ok(())
    }

    fn record(&mut self, _: impl FnOnce() -> Step) {}

    fn part(
        &mut self,
        _: impl FnOnce() -> Part,
        price: impl FnOnce(&mut Self) -> Result<Exact, Overflow>,
    ) -> Result<Exact, Overflow> {
        price(self)
    }
}
