//! Price books: what a person types (`BookDraft`) and what is always valid (`Book`).
//!
//! The only way to a `Book` is a check that reports every problem at once, each with its place.

mod aggregate;
mod book;
mod calendar;
mod canonical;
mod charge;
mod composites;
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
    Bound, Capacity, CapacityTier, Committed, Composite, Dynamic, Flat, Lookup, Model, MoneyUnit, NegativeTotal,
    Overage, Package, PackageRounding, Percentage, ProratedGraduated, Share, Tier, TierRules, Tiers, UnitPrice,
    ZeroUsage,
};
pub use problem::{Problem, ProblemKind};
pub use selection::Condition;
pub use terms::{Percent, Tax};
pub use view::{BadView, BookView};
