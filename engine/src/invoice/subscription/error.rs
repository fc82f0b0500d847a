//! Why a subscription cannot be billed.
//!
//! Each message says what was asked and what is allowed.

use std::fmt;

use crate::exact::Overflow;
use crate::ids::PlanId;
use crate::invoice::price_versions::VersionError;
use crate::invoice::proration::ProrationError;
use crate::period::{Instant, TimeError};
use crate::rating::RateError;
use crate::usage::MeterError;

/// Why a subscription cannot be billed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubscriptionError {
    /// It has no plan.
    NoPhase,
    /// Its first plan does not begin when the subscription does.
    FirstPhase {
        /// When the plan begins.
        from: Instant,
        /// When the subscription does.
        start: Instant,
    },
    /// A phase does not begin after the one before.
    NotInOrder {
        /// Its place, from 0.
        index: usize,
    },
    /// Nothing is billed at this instant.
    NothingDue {
        /// What was asked for.
        at: Instant,
        /// The next instant at which something is.
        next: Option<Instant>,
    },
    /// A new version of the book changes how often a plan is billed.
    CycleChanges {
        /// The plan.
        plan: PlanId,
    },
    /// Versions of the book differ in currency or zone.
    VersionsDiffer,
    /// More than 100,000 instants are to be billed at once.
    TooMany,
    /// A version of the book gives none.
    Version(VersionError),
    /// The dates give none.
    Time(TimeError),
    /// A share of a period gives none.
    Proration(ProrationError),
    /// The events cannot be counted.
    Events(MeterError),
    /// What is due cannot be priced.
    Rate(RateError),
}

impl fmt::Display for SubscriptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPhase => f.write_str("the subscription has no plan; give at least one phase, from its start"),
            Self::FirstPhase { from, start } => write!(
                f,
                "the first phase begins at {}, the subscription at {}; both must be the same instant",
                from.to_rfc3339(),
                start.to_rfc3339()
            ),
            Self::NotInOrder { index } => {
                write!(
                    f,
                    "phase {index} (from 0) does not begin after the one before; give phases in the order of time"
                )
            }
            Self::NothingDue { at, next: Some(next) } => write!(
                f,
                "nothing of this subscription is billed at {}; the next bill is due at {}",
                at.to_rfc3339(),
                next.to_rfc3339()
            ),
            Self::NothingDue { at, next: None } => {
                write!(f, "nothing of this subscription is billed at {} or later", at.to_rfc3339())
            }
            Self::CycleChanges { plan } => write!(
                f,
                "a new version of the book changes the cycle of plan {plan} for who has it; give the new cycle a plan of its own"
            ),
            Self::VersionsDiffer => {
                f.write_str("the versions of the book differ in their currency or zone; they must be the same")
            }
            Self::TooMany => f.write_str("more than 100000 bills would be due at once; ask for a shorter time"),
            Self::Version(error) => error.fmt(f),
            Self::Time(error) => error.fmt(f),
            Self::Proration(error) => error.fmt(f),
            Self::Events(error) => error.fmt(f),
            Self::Rate(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SubscriptionError {}

impl From<VersionError> for SubscriptionError {
    fn from(error: VersionError) -> Self {
        Self::Version(error)
    }
}

impl From<TimeError> for SubscriptionError {
    fn from(error: TimeError) -> Self {
        Self::Time(error)
    }
}

impl From<ProrationError> for SubscriptionError {
    fn from(error: ProrationError) -> Self {
        Self::Proration(error)
    }
}

impl From<MeterError> for SubscriptionError {
    fn from(error: MeterError) -> Self {
        Self::Events(error)
    }
}

impl From<RateError> for SubscriptionError {
    fn from(error: RateError) -> Self {
        Self::Rate(error)
    }
}

impl From<Overflow> for SubscriptionError {
    fn from(error: Overflow) -> Self {
        Self::Rate(error.into())
    }
}
