//! The steps that lead to an amount, as data. Their text is made in `text/sentence.rs`.
//!
//! Law: replaying the steps gives the amount, and the priced steps of a line add up to what is rounded.

use serde::{Deserialize, Serialize};

use crate::catalog::{Percent, UnitPrice};
use crate::exact::{Exact, Overflow};
use crate::money::Money;
use crate::quantity::Quantity;
use crate::rounding::RoundingMode;
use crate::usage::aggregate::Aggregate;
use crate::usage::{Group, Meter, MeterUsage};

/// One step of a calculation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// Events became a quantity.
    Counted {
        /// How.
        aggregate: Aggregate,
        /// From how many events; `None` where the quantity was assumed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        events: Option<u64>,
        /// The quantity.
        quantity: Quantity,
        /// Its parts, if the meter groups.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        groups: Vec<Group>,
    },
    /// Included units were taken off.
    Allowance {
        /// Units included in the period.
        included: Quantity,
        /// Units of those that were used.
        used: Quantity,
        /// Units left to be priced.
        billable: Quantity,
    },
    /// A fixed amount is due.
    Flat {
        /// The amount.
        amount: Exact,
    },
    /// Every unit at one price.
    PerUnit {
        /// Units.
        quantity: Quantity,
        /// Their price.
        price: UnitPrice,
        /// quantity × price ÷ per.
        amount: Exact,
    },
    /// The units that fell into one tier, at its price.
    GraduatedTier {
        /// The tier begins after this quantity.
        from: Quantity,
        /// The last quantity of the tier; `None` in the open one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        up_to: Option<Quantity>,
        /// Units in the tier.
        quantity: Quantity,
        /// Their price.
        price: UnitPrice,
        /// quantity × price ÷ per.
        amount: Exact,
    },
    /// The tier that the whole quantity reached; all units at its price.
    VolumeTier {
        /// The tier begins after this quantity.
        from: Quantity,
        /// The last quantity of the tier; `None` in the open one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        up_to: Option<Quantity>,
        /// All units.
        quantity: Quantity,
        /// Their price.
        price: UnitPrice,
        /// quantity × price ÷ per.
        amount: Exact,
    },
    /// Whole packages.
    Packages {
        /// Units.
        quantity: Quantity,
        /// Units in a package.
        size: Quantity,
        /// Packages begun.
        packages: Quantity,
        /// The price of a package.
        price: Money,
        /// packages × price.
        amount: Exact,
    },
    /// A share of an amount, for tax.
    Percent {
        /// Of what.
        base: Money,
        /// How many hundredths.
        percent: Percent,
        /// base × percent ÷ 100.
        amount: Exact,
    },
    /// The exact amount was rounded to the currency's minor unit.
    Round {
        /// By which rule.
        mode: RoundingMode,
        /// To how many decimal places.
        digits: u32,
        /// The amount before.
        exact: Exact,
        /// What was taken away; negative where rounding added.
        cut: Exact,
        /// The amount after.
        amount: Money,
    },
}

impl Step {
    pub(crate) fn counted(meter: &Meter, usage: Option<&MeterUsage>) -> Self {
        Self::Counted {
            aggregate: meter.aggregate.clone(),
            events: usage.and_then(|usage| usage.events),
            quantity: usage.map_or(Quantity::ZERO, |usage| usage.quantity),
            groups: usage.map(|usage| usage.groups.clone()).unwrap_or_default(),
        }
    }

    /// The exact amount that this step adds to its line, for the steps that price something.
    pub fn priced(&self) -> Option<Exact> {
        match self {
            Self::Flat { amount }
            | Self::PerUnit { amount, .. }
            | Self::GraduatedTier { amount, .. }
            | Self::VolumeTier { amount, .. }
            | Self::Packages { amount, .. }
            | Self::Percent { amount, .. } => Some(*amount),
            Self::Counted { .. } | Self::Allowance { .. } | Self::Round { .. } => None,
        }
    }
}

/// Where a calculation writes its steps.
pub trait Recorder {
    /// Takes a step that is made only if it is wanted, and may fail to be made.
    fn try_record(&mut self, step: impl FnOnce() -> Result<Step, Overflow>) -> Result<(), Overflow>;

    /// Takes a step that is made only if it is wanted.
    fn record(&mut self, step: impl FnOnce() -> Step);
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
}

/// Keeps nothing, for when only the amount is wanted.
#[derive(Debug)]
pub struct TotalOnly;

impl Recorder for TotalOnly {
    fn try_record(&mut self, _: impl FnOnce() -> Result<Step, Overflow>) -> Result<(), Overflow> {
        Ok(())
    }

    fn record(&mut self, _: impl FnOnce() -> Step) {}
}
