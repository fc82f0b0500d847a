//! Finding an invoice and making sure that it is still what was issued.

use engine::invoice::{Correction, Draft, InvoiceNumber, Issued};
use engine::proof::sha256;

use super::store::{self, Document, Kind};
use crate::config::Seller;
use crate::db::{Db, DbError};

/// Why there is no invoice to show.
#[derive(Debug, thiserror::Error)]
pub enum InvoiceError {
    /// No such number.
    #[error("there is no invoice {0}")]
    Unknown(InvoiceNumber),
    /// Not a number.
    #[error("\"{0}\" is no invoice number; write 42 or INV-00000042")]
    BadNumber(String),
    /// The stored bytes are not those that were issued.
    #[error("invoice {0} is damaged: its bytes do not have the digest of the day it was issued")]
    Damaged(InvoiceNumber),
    /// The database refused.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Reads `42` or `INV-00000042`.
pub fn read_number(text: &str) -> Result<InvoiceNumber, InvoiceError> {
    let digits = text.strip_prefix("INV-").unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = if plain { digits.parse().ok() } else { None };
    number.map(InvoiceNumber).ok_or_else(|| InvoiceError::BadNumber(text.to_owned()))
}

/// The bytes of an invoice as they were issued.
pub async fn document(db: &Db, number: InvoiceNumber) -> Result<Document, InvoiceError> {
    let document = store::document(db, number).await?.ok_or(InvoiceError::Unknown(number))?;
    if sha256(document.json.as_bytes()) == document.sha256 { Ok(document) } else { Err(InvoiceError::Damaged(number)) }
}

/// A document, read back from its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// An invoice.
    Invoice(Box<Issued>),
    /// A correction of one.
    Correction(Box<Correction>),
}

impl Said {
    /// Reads the bytes of a document of this number.
    pub fn read(number: InvoiceNumber, document: &Document) -> Result<Self, InvoiceError> {
        let read = match document.kind {
            Kind::Invoice => serde_json::from_str(&document.json).map(Self::Invoice),
            Kind::Correction(_) => serde_json::from_str(&document.json).map(Self::Correction),
        };
        read.map_err(|_| InvoiceError::Damaged(number))
    }

    /// The bill: as it was issued, or as it should have been.
    pub fn into_draft(self) -> Draft {
        match self {
            Self::Invoice(issued) => issued.invoice,
            Self::Correction(correction) => correction.invoice,
        }
    }
}

/// An invoice or a correction, read back from its bytes.
pub async fn said(db: &Db, number: InvoiceNumber) -> Result<Said, InvoiceError> {
    Said::read(number, &document(db, number).await?)
}

/// Who issued an invoice, as the settings said on that day.
pub async fn seller(db: &Db, number: InvoiceNumber) -> Result<Seller, InvoiceError> {
    store::seller(db, number).await?.ok_or(InvoiceError::Unknown(number))
}
