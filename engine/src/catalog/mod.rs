//! Price books: what a person types (`BookDraft`) and what is always valid (`Book`).
//!
//! The only way to a `Book` is a check that reports every problem at once, each with its place.

mod aggregate;
mod book;
mod calendar;
mod canonical;
mod charge;
mod conversion;
mod dimension;
mod draft;
mod exact_lines;
mod meter;
mod plan;
mod price;
mod problem;
mod reader;
mod selection;
mod terms;
mod view;
mod write;

pub use book::{Book, BookRef};
pub use charge::{Charge, Each, Metered, Pricing};
pub use conversion::{Conversion, Factor, round_quantity};
pub use draft::{BookDraft, Place};
pub use plan::Plan;
pub use price::{
    ATTRIBUTES_MAX, Attribute, Bound, CellPrice, Effect, Flat, Found, Lookup, Matrix, MatrixProblem, Model, Package,
    PackageRounding, Rule, Rules, Test, Tier, TierCount, TierRules, Tiers, UnitPrice, ZeroUsage,
};
pub use problem::{Problem, ProblemKind};
pub use selection::Condition;
pub use terms::{Percent, Tax};
pub use view::{BadView, BookView};
