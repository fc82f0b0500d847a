//! What a subscription owes at an instant: fees in advance for the period that begins, fees in arrears and usage for the
//! one that is over, and what a change or an end in the middle of a period gives back.
//!
//! A bill looks at what was in force at its instant, never at what comes later: what changes later is corrected when it
//! does. So it does not matter when a change was written down.

mod bill;
mod error;
mod fixed;
mod run;
mod shares;

use serde::{Deserialize, Serialize};

use super::account::Account;
use super::price_versions::EffectiveFrom;
use crate::catalog::Book;
use crate::ids::PlanId;
use crate::period::Instant;
use crate::usage::{MeterError, Span, Usage};

pub use bill::bill_subscription;
pub use error::SubscriptionError;

/// What a customer has subscribed to, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// Its first instant.
    pub start: Instant,
    /// The first instant after it, if it ends: a cancellation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Instant>,
    /// Its plans one after the other: changes, trials, ramps. The first is in force from the start.
    pub phases: Vec<Phase>,
}

/// A plan from an instant on, until the next phase or the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// The first instant with this plan.
    pub from: Instant,
    /// The plan.
    pub plan: PlanId,
}

/// A version of the price book and when subscriptions get it.
#[derive(Debug, Clone, Copy)]
pub struct BookVersion<'b> {
    /// The book.
    pub book: &'b Book,
    /// From when, and who keeps the one before for how long.
    pub effective: EffectiveFrom,
}

/// How usage is counted: what the meters of a book counted in a span.
pub type Count<'a> = dyn Fn(&Book, Span) -> Result<Usage, MeterError> + 'a;

/// What a subscription is billed from.
#[derive(Clone, Copy)]
pub struct SubscriptionBill<'a> {
    /// The versions of the book, in the order in which they come into force.
    pub versions: &'a [BookVersion<'a>],
    /// What is billed.
    pub subscription: &'a Subscription,
    /// Everything after this instant is billed, up to and including `at`; only what is due at `at` where it is `None`.
    pub after: Option<Instant>,
    /// The instant of the bill.
    pub at: Instant,
    /// What the customer has of their own.
    pub account: &'a Account,
    /// How their usage is counted.
    pub count: &'a Count<'a>,
}

#[cfg(test)]
mod tests;
