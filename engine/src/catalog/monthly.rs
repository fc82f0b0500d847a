//! Whether bills of calendar months, each made for itself, can say what a plan says.
//!
//! A run that bills whole months and keeps nothing from one to the next would bill other cycles wrongly, a fee that is
//! due once every month, and give anew what is there once; it has to refuse such plans.

use std::fmt;

use super::allowance::Renews;
use super::charge::{Metered, Pricing};
use super::charge_terms::Due;
use super::plan::Plan;
use crate::period::Cycle;

/// What bills of calendar months cannot say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotMonthly {
    /// Another cycle.
    Cycle(Cycle),
    /// A fee that is due once.
    Once {
        /// The charge.
        charge: String,
    },
    /// Included units that are kept.
    Kept {
        /// The charge or pool.
        allowance: String,
    },
}

impl fmt::Display for NotMonthly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cycle(cycle) => write!(f, "its cycle is {cycle}"),
            Self::Once { charge } => write!(f, "its charge {charge} is due once"),
            Self::Kept { allowance } => write!(f, "the included units of {allowance} are kept from period to period"),
        }
    }
}

impl Plan {
    /// Fails with the first thing that bills of calendar months, each for itself, cannot say.
    pub fn check_monthly(&self) -> Result<(), NotMonthly> {
        if self.cycle != Cycle::calendar_months() {
            return Err(NotMonthly::Cycle(self.cycle));
        }
        if let Some(pool) = self.pools.iter().find(|pool| pool.renews != Renews::Period) {
            return Err(NotMonthly::Kept { allowance: pool.id.to_string() });
        }
        for charge in &self.charges {
            if charge.terms.due == Due::Once {
                return Err(NotMonthly::Once { charge: charge.id.to_string() });
            }
            if let Pricing::Metered(Metered { allowance, .. }) = &charge.pricing
                && allowance.renews != Renews::Period
            {
                return Err(NotMonthly::Kept { allowance: charge.id.to_string() });
            }
        }
        Ok(())
    }
}
