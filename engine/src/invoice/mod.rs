//! The bill: a draft for a customer and a month, and the issued document, which never changes.

#[cfg(feature = "zones")]
pub mod billed_cycles;
mod draft;
mod issued;
pub mod plan_change;
pub mod proration;
pub mod sub_lines;
pub mod termination;

pub use draft::{Draft, DraftInput, draft_invoice};
pub use issued::{InvoiceNumber, Issued};
