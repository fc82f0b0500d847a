//! An issued invoice. Corrections are new documents; this one stays as it is.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::draft::Draft;
use crate::period::Instant;

/// An invoice's place in the row of numbers, which has no gap and begins at 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InvoiceNumber(pub u64);

impl InvoiceNumber {
    /// The number so many places on.
    #[must_use]
    pub fn plus(self, count: u64) -> Self {
        Self(self.0.saturating_add(count))
    }
}

/// Written with at least eight digits, `INV-00000042`.
impl fmt::Display for InvoiceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "INV-{:08}", self.0)
    }
}

/// A bill as it was issued. What it says is a draft, or something that is written like one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issued<D = Draft> {
    /// Its number.
    pub number: InvoiceNumber,
    /// When it was issued.
    pub issued_at: Instant,
    /// What it says.
    pub invoice: D,
}
