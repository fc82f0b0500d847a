//! The bill: a draft for a customer and a month, and the issued document, which never changes.

mod allowance;
mod draft;
mod grant;
mod issued;

pub use allowance::{SplitAllowance, split_allowance};
pub use draft::{Draft, DraftInput, draft_invoice};
pub use grant::{Burned, Drawn, Grant, GrantError, Reset, TopUp, Use, draw, drawing_order, reset};
pub use issued::{InvoiceNumber, Issued};
