//! What a step says of amounts and of the steps inside it. Reads steps; never computes an amount.

use std::sync::Arc;

use super::Step;
use crate::exact::Exact;
use crate::ids::ChargeId;
use crate::quantity::Quantity;
use crate::usage::{Meter, MeterUsage};

impl Step {
    pub(crate) fn counted(meter: &Meter, usage: Option<&MeterUsage>, apart: bool) -> Self {
        Self::Counted {
            aggregate: Arc::clone(&meter.aggregate),
            only: meter.only.clone(),
            convert_each: meter.convert_each,
            full: usage.and_then(|usage| usage.full),
            events: usage.and_then(|usage| usage.events),
            quantity: usage.map_or(Quantity::ZERO, |usage| usage.quantity),
            groups: usage.map(|usage| usage.groups.clone()).unwrap_or_default(),
            apart,
        }
    }

    /// The exact tax that this step, or one inside it, takes from the line of `charge`.
    pub(crate) fn tax_of(&self, charge: &ChargeId) -> Option<Exact> {
        if let Self::Part { steps, .. } = self {
            return steps.iter().find_map(|step| step.tax_of(charge));
        }
        let (Self::Tax { charge: Some(own), amount, .. } | Self::TaxIncluded { charge: Some(own), amount, .. }) = self
        else {
            return None;
        };
        (own == charge).then_some(*amount)
    }

    /// The steps that lead to this one, where it is priced by itself.
    pub fn inner(&self) -> &[Self] {
        if let Self::Part { steps, .. } = self { steps } else { &[] }
    }

    /// The exact amount that this step adds to its line, for the steps that price something.
    pub fn priced(&self) -> Option<Exact> {
        match self {
            Self::Flat { amount }
            | Self::PerUnit { amount, .. }
            | Self::GraduatedTier { amount, .. }
            | Self::VolumeTier { amount, .. }
            | Self::StairStep { amount, .. }
            | Self::Cap { amount, .. }
            | Self::Part { amount, .. }
            | Self::Packages { amount, .. }
            | Self::PercentOff { amount, .. }
            | Self::Prorated { amount, .. }
            | Self::TrueUp { amount, .. }
            | Self::AboveCommitment { amount, .. }
            | Self::Earlier { amount }
            | Self::Percent { amount, .. }
            | Self::InvoiceDiscount { amount, .. }
            | Self::Tax { amount, .. }
            | Self::TaxIncluded { amount, .. }
            | Self::Drawn { amount, .. }
            | Self::Capacity { amount, .. }
            | Self::EventFee { amount, .. }
            | Self::EventLimits { amount, .. }
            | Self::Carried { amount, .. }
            | Self::Overage { amount, .. }
            | Self::ProratedTier { amount, .. }
            | Self::NothingBelowZero { amount, .. }
            | Self::RuleGroup { amount, .. }
            | Self::QuantityReached { amount, .. } => Some(*amount),
            Self::Counted { .. }
            | Self::MatrixRow { .. }
            | Self::RoundedQuantity { .. }
            | Self::Selected { .. }
            | Self::SumOfCharges { .. }
            | Self::EventAllowance { .. }
            | Self::Converted { .. }
            | Self::Allowance { .. }
            | Self::Entitled { .. }
            | Self::OwnPrice
            | Self::ShareOf { .. }
            | Self::RoundedTogether { .. }
            | Self::Round { .. } => None,
        }
    }
}
