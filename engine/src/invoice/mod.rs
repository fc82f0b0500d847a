//! The bill: from lines over discounts, taxes and credits to what is due; a draft for a customer and a month, and the
//! issued document, which never changes.

mod account;
mod credit;
mod credit_note;
mod discount;
mod draft;
mod issued;
mod item;
mod minimum;
mod settle;
mod share;
mod tax;

pub use account::{Account, AccountProblem};
pub use credit::{CreditLine, Payable, Wallet, draw_credits};
pub use credit_note::{Credited, Unused, credit_unused};
pub use discount::{DiscountHow, DiscountLine, Share, discount_amount, take_discounts};
pub use draft::{Draft, DraftInput, draft_invoice, draft_invoice_for};
pub use issued::{InvoiceNumber, Issued};
pub use item::{Item, ItemKind};
pub use minimum::missing_to_minimum;
pub use settle::{Conditions, Settled, settle};
pub use share::share_out;
pub use tax::{TaxHow, TaxLine, TaxStatus, Taxed, tax_items};
