//! A draft invoice: a customer's month, priced, not yet numbered.

use serde::{Deserialize, Serialize};

use super::account::Account;
use crate::catalog::Book;
use crate::ids::CustomerId;
use crate::period::{Instant, Month, Period, Zone};
use crate::rating::{RateError, Rated, rate_for};
use crate::usage::Usage;

/// What a draft is made from.
#[derive(Debug, Clone)]
pub struct DraftInput<'a> {
    /// Who is billed.
    pub customer: &'a CustomerId,
    /// What the bill calls them; the id where nothing better is known.
    pub customer_name: &'a str,
    /// The plan they are on.
    pub plan: &'a str,
    /// The month.
    pub month: Month,
    /// That month in the book's zone.
    pub period: Period,
    /// What was counted in it.
    pub usage: &'a Usage,
}

/// A bill before it is issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Who is billed.
    pub customer: CustomerId,
    /// What the bill calls them.
    pub customer_name: String,
    /// The month.
    pub month: Month,
    /// That month, half-open.
    pub period: Period,
    /// The zone the month is in.
    pub zone: Zone,
    /// The bill itself.
    pub bill: Rated,
}

impl Draft {
    /// Gives the draft a number; from here on it does not change.
    pub fn issue(self, number: super::InvoiceNumber, issued_at: Instant) -> super::Issued {
        super::Issued { number, issued_at, invoice: self }
    }
}

/// Prices the month of a customer without terms of their own.
pub fn draft_invoice(book: &Book, input: &DraftInput<'_>) -> Result<Draft, RateError> {
    draft_invoice_for(book, input, &Account::default())
}

/// Prices a customer's month; the account's month is that of the input.
pub fn draft_invoice_for(book: &Book, input: &DraftInput<'_>, account: &Account) -> Result<Draft, RateError> {
    let account = Account { month: Some(input.month), ..account.clone() };
    Ok(Draft {
        customer: input.customer.clone(),
        customer_name: input.customer_name.to_owned(),
        month: input.month,
        period: input.period,
        zone: book.zone,
        bill: rate_for(book, input.plan, input.usage, &account)?,
    })
}
