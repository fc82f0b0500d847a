//! The bill: a draft for a customer and a month, and the issued document, which never changes.

mod draft;
mod issued;

pub use draft::{Draft, DraftInput, draft_invoice};
pub use issued::{InvoiceNumber, Issued};
