//! The table of invoices and the row of numbers that they share with corrections. Both are listed and read here; what was
//! issued is added and never changed.

use engine::ids::CustomerId;
use engine::invoice::{CorrectionKind, InvoiceNumber, Issued};
use engine::period::{Instant, Month, Period};
use engine::proof::sha256;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::config::Seller;
use crate::db::{Connection, Db, DbError, from_us, to_us, valid};

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An invoice.
    Invoice,
    /// A correction of one.
    Correction(CorrectionKind),
}

impl From<CorrectionKind> for Kind {
    fn from(kind: CorrectionKind) -> Self {
        Self::Correction(kind)
    }
}

impl Kind {
    const ALL: [Self; 4] = [
        Self::Invoice,
        Self::Correction(CorrectionKind::Supplement),
        Self::Correction(CorrectionKind::CreditNote),
        Self::Correction(CorrectionKind::Restatement),
    ];

    /// The kind in a word, as it is stored and told.
    pub fn word(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::Correction(CorrectionKind::Supplement) => "supplement",
            Self::Correction(CorrectionKind::CreditNote) => "credit_note",
            Self::Correction(CorrectionKind::Restatement) => "restatement",
        }
    }

    fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// An invoice, or a correction of one, without its document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceRow {
    /// Its number.
    pub number: InvoiceNumber,
    /// Who is billed.
    pub customer: CustomerId,
    /// For which month.
    pub month: Month,
    /// What it is.
    pub kind: Kind,
    /// The invoice that it corrects, if it is a correction.
    pub corrects: Option<InvoiceNumber>,
    /// The currency of the total.
    pub currency: String,
    /// The total; by how much it differs, if it is a correction.
    pub total: String,
    /// The month, half-open.
    pub period: Period,
    /// How many events it was made from.
    pub events: i64,
    /// When it was issued.
    pub issued_at: Instant,
}

/// Takes the next number. Until the transaction ends nobody else gets one; if it is undone the number is not used up.
pub async fn take_number(connection: &mut Connection) -> Result<InvoiceNumber, DbError> {
    let update = "UPDATE counters SET value = value + 1 WHERE name = 'invoice' RETURNING value";
    let value: i64 = sqlx::query(update).fetch_one(connection).await?.try_get(0)?;
    number_of(value)
}

/// A number from the database.
pub fn number_of(value: i64) -> Result<InvoiceNumber, DbError> {
    Ok(InvoiceNumber(u64::try_from(value).map_err(|_| unreadable_number(value))?))
}

fn unreadable_number(value: i64) -> DbError {
    DbError::Unreadable { what: "invoice number", value: value.to_string() }
}

/// A number as the database keeps it.
pub fn stored_number(number: InvoiceNumber) -> Result<i64, DbError> {
    i64::try_from(number.0).map_err(|_| DbError::Unreadable { what: "invoice number", value: number.to_string() })
}

/// Adds an invoice that `seller` issued and that was made from `events` events, of all commits of the ledger through
/// `through`.
pub async fn insert(
    connection: &mut Connection,
    (issued, seller): (&Issued, &Seller),
    (events, through): (i64, i64),
) -> Result<(), DbError> {
    let unwritable = |_| DbError::Unreadable { what: "invoice", value: issued.number.to_string() };
    let document = serde_json::to_string(issued).map_err(unwritable)?;
    let seller = serde_json::to_string(seller).map_err(unwritable)?;
    let insert = "INSERT INTO invoices (customer, month, number, book, version, currency, total, start_us, end_us, events, \
                  document, sha256, issued_us, seller, through) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    let bill = &issued.invoice.bill;
    sqlx::query(insert)
        .bind(issued.invoice.customer.as_str())
        .bind(issued.invoice.month.to_string())
        .bind(stored_number(issued.number)?)
        .bind(bill.book.id.as_str())
        .bind(bill.book.version.as_str())
        .bind(bill.currency.code())
        .bind(bill.total.to_string())
        .bind(to_us(issued.invoice.period.start))
        .bind(to_us(issued.invoice.period.end))
        .bind(events)
        .bind(document.as_str())
        .bind(sha256(document.as_bytes()))
        .bind(to_us(issued.issued_at))
        .bind(seller)
        .bind(through)
        .execute(connection)
        .await?;
    Ok(())
}

/// Invoices and corrections as one table.
const DOCUMENTS: &str = "SELECT number, customer, month, currency, total, start_us, end_us, events, issued_us, kind, corrects \
    FROM (SELECT number, customer, month, currency, total, start_us, end_us, events, issued_us, 'invoice' AS kind, \
    CAST(0 AS BIGINT) AS corrects FROM invoices \
    UNION ALL SELECT number, customer, month, currency, total, start_us, end_us, events, issued_us, kind, corrects \
    FROM corrections) AS documents";

fn read(row: &AnyRow) -> Result<InvoiceRow, DbError> {
    let (customer, month, kind): (String, String, String) = (row.try_get(1)?, row.try_get(2)?, row.try_get(9)?);
    let kind = valid("kind of invoice", &kind, Kind::read)?;
    let corrects = match kind {
        Kind::Invoice => None,
        Kind::Correction(_) => Some(number_of(row.try_get(10)?)?),
    };
    Ok(InvoiceRow {
        number: number_of(row.try_get(0)?)?,
        customer: valid("customer id", &customer, |text| CustomerId::new(text).ok())?,
        month: valid("month", &month, |text| Month::parse(text).ok())?,
        kind,
        corrects,
        currency: row.try_get(3)?,
        total: row.try_get(4)?,
        period: Period { start: from_us(row.try_get(5)?)?, end: from_us(row.try_get(6)?)? },
        events: row.try_get(7)?,
        issued_at: from_us(row.try_get(8)?)?,
    })
}

/// Whether the invoice of a customer's month is issued.
pub async fn is_billed(connection: &mut Connection, customer: &CustomerId, month: Month) -> Result<bool, DbError> {
    let select = "SELECT COUNT(*) FROM invoices WHERE customer = $1 AND month = $2";
    let row = sqlx::query(select).bind(customer.as_str()).bind(month.to_string()).fetch_one(connection).await?;
    Ok(row.try_get::<i64, _>(0)? > 0)
}

/// The last month for which an invoice by any version of this book exists.
pub async fn last_month(connection: &mut Connection, book: &str) -> Result<Option<Month>, DbError> {
    let select = "SELECT month FROM invoices WHERE book = $1 ORDER BY month DESC LIMIT 1";
    let row = sqlx::query(select).bind(book).fetch_optional(connection).await?;
    let read = |row: AnyRow| {
        let month: String = row.try_get(0)?;
        valid("month", &month, |text| Month::parse(text).ok())
    };
    row.map(read).transpose()
}

/// Which invoices and corrections are wanted; `None` means all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this customer.
    pub customer: Option<CustomerId>,
    /// Of this month.
    pub month: Option<Month>,
    /// With a number above this one.
    pub after: u64,
    /// At most so many.
    pub limit: u32,
}

/// Invoices and corrections by number.
pub async fn list(db: &Db, filter: &Filter) -> Result<Vec<InvoiceRow>, DbError> {
    let select = sqlx::AssertSqlSafe(format!(
        "{DOCUMENTS} WHERE ($1 = '' OR customer = $1) AND ($2 = '' OR month = $2) AND number > $3 ORDER BY number LIMIT $4"
    ));
    let rows = sqlx::query(select)
        .bind(filter.customer.as_ref().map(CustomerId::as_str).unwrap_or_default())
        .bind(filter.month.map(|month| month.to_string()).unwrap_or_default())
        .bind(i64::try_from(filter.after).unwrap_or(i64::MAX))
        .bind(i64::from(filter.limit))
        .fetch_all(db.pool())
        .await?;
    rows.iter().map(read).collect()
}

/// The bytes of an invoice or a correction as they were issued, and their digest from that day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The JSON.
    pub json: String,
    /// `sha256:` and 64 hexadecimal digits.
    pub sha256: String,
    /// What it is.
    pub kind: Kind,
    /// The last commit of the ledger that it has counted.
    pub through: i64,
}

/// The document of this number.
pub async fn document(db: &Db, number: InvoiceNumber) -> Result<Option<Document>, DbError> {
    let select = "SELECT document, sha256, 'invoice' AS kind, through FROM invoices WHERE number = $1 \
                  UNION ALL SELECT document, sha256, kind, through FROM corrections WHERE number = $1";
    let row = sqlx::query(select).bind(stored_number(number)?).fetch_optional(db.pool()).await?;
    let read = |row: AnyRow| {
        let kind: String = row.try_get(2)?;
        let kind = valid("kind of invoice", &kind, Kind::read)?;
        Ok(Document { json: row.try_get(0)?, sha256: row.try_get(1)?, kind, through: row.try_get(3)? })
    };
    row.map(read).transpose()
}

/// Who issued the document of this number, as the settings said on that day.
pub async fn seller(db: &Db, number: InvoiceNumber) -> Result<Option<Seller>, DbError> {
    let select = "SELECT seller FROM invoices WHERE number = $1 \
                  UNION ALL SELECT seller FROM corrections WHERE number = $1";
    let row = sqlx::query(select).bind(stored_number(number)?).fetch_optional(db.pool()).await?;
    let read = |row: AnyRow| {
        let seller: String = row.try_get(0)?;
        valid("seller", &seller, |text| serde_json::from_str(text).ok())
    };
    row.map(read).transpose()
}
