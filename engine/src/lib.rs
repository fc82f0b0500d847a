//! Ratecard's pricing rules: one crate, compiled natively for the bill and to WebAssembly for the browser.
//!
//! The flow: a [`BookDraft`] is checked into a [`Book`]; events are counted into [`Usage`]; [`rate`] prices the usage
//! of a plan into lines with a trace. [`estimate()`], [`quota()`] and [`draft_invoice`] are doors onto that one function.
//! Nothing here reads a clock, a disk or a network, and nothing uses a binary float.

#![deny(clippy::arithmetic_side_effects, clippy::float_arithmetic, missing_docs)]

pub mod catalog;
pub mod estimate;
pub mod exact;
pub mod ids;
pub mod invoice;
pub mod money;
pub mod period;
pub mod proof;
pub mod quantity;
#[cfg(feature = "zones")]
pub mod quota;
pub mod rating;
pub mod rounding;
pub mod text;
pub mod usage;
#[cfg(feature = "zones")]
pub mod wire;

pub use catalog::{Book, BookDraft};
pub use estimate::estimate;
pub use invoice::{draft_invoice, draft_invoice_for};
#[cfg(feature = "zones")]
pub use quota::quota;
pub use rating::{rate, rate_for};
pub use usage::Usage;
#[cfg(feature = "zones")]
pub use wire::answer;
