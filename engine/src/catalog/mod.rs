//! Price books: what a person types (`BookDraft`) and what is always valid (`Book`).
//!
//! The only way to a `Book` is a check that reports every problem at once, each with its place.

mod aggregate;
mod allowance;
mod book;
mod calendar;
mod canonical;
mod charge;
mod charge_terms;
mod commitment;
mod composites;
mod conversion;
mod cycle;
pub mod diff;
mod dimension;
mod draft;
mod exact_lines;
mod meter;
mod monthly;
mod own_price;
mod plan;
mod price;
mod problem;
mod proration;
mod reader;
pub mod review;
#[cfg(feature = "zones")]
mod schema;
mod selection;
mod terms;
mod time_problem;
mod view;
mod write;

pub use allowance::{Allowance, Pool, Renews};
pub use book::{Book, BookRef};
#[cfg(feature = "zones")]
pub(crate) use canonical::counting_rules;
pub use charge::{Charge, Each, Metered, Pricing};
pub use charge_terms::{ChargeTerms, Compare, Due, Minimum, Term};
pub use commitment::{
    Commitment, InProgress, OverageFactor, PlanCommitment, PlanLine, PlanTerms, Promised, Settle, SpendingCap,
};
pub use conversion::{Conversion, Factor, round_quantity};
pub use draft::{BookDraft, Place};
pub use monthly::NotMonthly;
pub use plan::Plan;
pub use price::{
    ATTRIBUTES_MAX, Attribute, Bound, ByAttributes, Capacity, CapacityTier, CellPrice, Committed, Composite, Dynamic,
    Effect, Flat, Found, Lookup, Matrix, MatrixProblem, Model, MoneyUnit, NegativeTotal, Overage, Package,
    PackageRounding, Percentage, ProratedGraduated, Rule, Rules, Share, Test, Tier, TierCount, TierRules, Tiers,
    UnitPrice, ZeroUsage,
};
pub use problem::{Problem, ProblemKind};
#[cfg(feature = "zones")]
pub use schema::schema;
pub use selection::Condition;
pub use terms::{
    Credit, CreditPlace, CreditRules, Discount, DiscountOrder, DiscountRounding, DiscountRules, DiscountTerm, Eligible,
    Off, Percent, ShareRule, Target, Tax, TaxBase, TaxRounding, TaxRules, Terms, Treatment,
};
pub use time_problem::TimeProblem;
pub use view::{BadView, BookView};
