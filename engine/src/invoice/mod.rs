//! The bill: from lines over discounts, taxes and credits to what is due; a draft for a customer and a month, and the
//! issued document, which never changes.

mod account;
mod allowance;
#[cfg(feature = "zones")]
pub mod billed_cycles;
mod cap;
mod correction;
mod credit;
mod credit_note;
mod discount;
mod draft;
#[cfg(feature = "zones")]
mod grant;
mod issued;
mod item;
mod minimum;
pub mod plan_change;
#[cfg(feature = "zones")]
pub mod price_versions;
pub mod proration;
mod settle;
mod share;
pub mod sub_lines;
#[cfg(feature = "zones")]
pub mod subscription;
mod tax;
pub mod termination;
mod units;

pub use account::{Account, AccountProblem, Override};
pub use allowance::{SplitAllowance, split_allowance};
pub use correction::{
    Change, Correction, CorrectionDraft, CorrectionError, CorrectionKind, Differences, LineChange, NamedChange,
    Reference, correct,
};
pub use credit::{CreditLine, Payable, Wallet, draw_credits};
pub use credit_note::{Credited, Unused, credit_unused};
pub use discount::{DiscountHow, DiscountLine, Share, discount_amount, take_discounts};
pub use draft::{Draft, DraftInput, draft_invoice, draft_invoice_for};
#[cfg(feature = "zones")]
pub use grant::{Burned, Drawn, Grant, GrantError, Reset, TopUp, Use, draw, drawing_order, reset};
pub use issued::{InvoiceNumber, Issued};
pub use item::{Item, ItemKind};
pub use minimum::missing_to_minimum;
pub use settle::{Conditions, Settled, settle};
pub use share::share_out;
pub use tax::{TaxHow, TaxLine, TaxStatus, Taxed, tax_items};
pub use units::{AllowanceLeft, Carried, Lot, Pack, pack_order};
