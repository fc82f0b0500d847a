//! The bill: a draft for a customer and a month, and the issued document, which never changes.

mod allowance;
#[cfg(feature = "zones")]
pub mod billed_cycles;
mod draft;
#[cfg(feature = "zones")]
mod grant;
mod issued;
pub mod plan_change;
#[cfg(feature = "zones")]
pub mod price_versions;
pub mod proration;
pub mod sub_lines;
pub mod termination;

pub use allowance::{SplitAllowance, split_allowance};
pub use draft::{Draft, DraftInput, draft_invoice};
#[cfg(feature = "zones")]
pub use grant::{Burned, Drawn, Grant, GrantError, Reset, TopUp, Use, draw, drawing_order, reset};
pub use issued::{InvoiceNumber, Issued};
