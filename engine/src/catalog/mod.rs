//! Price books: what a person types (`BookDraft`) and what is always valid (`Book`).
//!
//! The only way to a `Book` is a check that reports every problem at once, each with its place.

mod book;
mod canonical;
mod draft;
mod plan;
mod price;
mod problem;
mod reader;
mod terms;
mod view;

pub use book::{Book, BookRef};
pub use draft::{BookDraft, Place};
pub use plan::{Charge, Plan, Pricing};
pub use price::{Flat, Model, Package, Tier, Tiers, UnitPrice};
pub use problem::{Problem, ProblemKind};
pub use terms::{Percent, Tax};
pub use view::{BadView, BookView};
