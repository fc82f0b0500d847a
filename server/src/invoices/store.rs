//! The table of invoices and the row of numbers that they share with corrections. Both are listed and read here; what was
//! issued is added and never changed.

use std::collections::BTreeSet;
use std::sync::Arc;

use engine::ids::CustomerId;
use engine::invoice::{CorrectionKind, Draft, InvoiceNumber, Issued};
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

/// Waits until nobody else is issuing anything. Nobody else is until the transaction ends. Returns the number that comes
/// next.
pub async fn hold_numbers(connection: &mut Connection) -> Result<InvoiceNumber, DbError> {
    Ok(number_of(take(connection, 0).await?)?.plus(1))
}

/// The number that comes next unless somebody issues something meanwhile.
pub async fn next_number(db: &Db) -> Result<InvoiceNumber, DbError> {
    let row = sqlx::query("SELECT value FROM counters WHERE name = 'invoice'").fetch_one(db.pool()).await?;
    Ok(number_of(row.try_get(0)?)?.plus(1))
}

/// Takes the next number. Until the transaction ends nobody else gets one; if it is undone the number is not used up.
pub async fn take_number(connection: &mut Connection) -> Result<InvoiceNumber, DbError> {
    number_of(take(connection, 1).await?)
}

/// Takes the next `count` numbers in the same way; returns the first of them.
pub async fn take_numbers(connection: &mut Connection, count: u64) -> Result<InvoiceNumber, DbError> {
    let taken = i64::try_from(count).map_err(|_| too_many(count))?;
    let last = number_of(take(connection, taken).await?)?;
    last.0.checked_sub(count).and_then(|before| before.checked_add(1)).map(InvoiceNumber).ok_or_else(|| too_many(count))
}

async fn take(connection: &mut Connection, count: i64) -> Result<i64, DbError> {
    let update = "UPDATE counters SET value = value + $1 WHERE name = 'invoice' RETURNING value";
    Ok(sqlx::query(update).bind(count).fetch_one(connection).await?.try_get(0)?)
}

fn too_many(count: u64) -> DbError {
    DbError::Unreadable { what: "count of invoice numbers", value: count.to_string() }
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

/// An invoice that lacks nothing but its number.
#[derive(Debug)]
pub struct Drafted {
    /// What it says.
    pub draft: Draft,
    /// How many events it was made from.
    pub events: i64,
    /// All commits of the ledger through this one are in it.
    pub through: i64,
}

impl Drafted {
    /// Its document under this number, issued at this moment.
    pub fn written(&self, number: InvoiceNumber, issued_at: Instant) -> Result<Written, DbError> {
        let unwritable = |_| DbError::Unreadable { what: "invoice", value: number.to_string() };
        let json = serde_json::to_string(&Issued { number, issued_at, invoice: &self.draft }).map_err(unwritable)?;
        let sha256 = sha256(json.as_bytes());
        Ok(Written { number, json, sha256 })
    }
}

/// An invoice's document.
#[derive(Debug)]
pub struct Written {
    /// The number that it says.
    pub number: InvoiceNumber,
    /// The JSON.
    pub json: String,
    /// Its digest.
    pub sha256: String,
}

/// Invoices that are issued together, each with its document.
#[derive(Debug)]
pub struct Issuing {
    /// For which month.
    pub month: Month,
    /// When.
    pub at: Instant,
    /// In the order of their numbers.
    pub invoices: Vec<(Drafted, Written)>,
}

/// Invoices in one statement: SQLite looks for the place of each parameter among all of them.
const ROWS_PER_INSERT: usize = 16;

/// What is the same in all rows of a statement comes first: month, time and seller.
const SHARED: usize = 3;
const COLUMNS: [&str; 12] = [
    "customer", "number", "book", "version", "currency", "total", "start_us", "end_us", "events", "document", "sha256",
    "through",
];

fn insert_statement(rows: usize) -> String {
    let row = |row: usize| {
        let before = row.saturating_mul(COLUMNS.len()).saturating_add(SHARED);
        let cells: Vec<String> =
            (1..=COLUMNS.len()).map(|column| format!("${}", before.saturating_add(column))).collect();
        format!("($1, $2, $3, {})", cells.join(", "))
    };
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!("INSERT INTO invoices (month, issued_us, seller, {}) VALUES {}", COLUMNS.join(", "), rows.join(", "))
}

/// Adds invoices, by this seller, as JSON.
pub async fn insert_all(connection: &mut Connection, issuing: &Issuing, seller: &str) -> Result<(), DbError> {
    let month = issuing.month.to_string();
    let whole: Arc<str> = insert_statement(ROWS_PER_INSERT).into();
    for chunk in issuing.invoices.chunks(ROWS_PER_INSERT) {
        let is_whole = chunk.len() == ROWS_PER_INSERT;
        let statement = if is_whole { Arc::clone(&whole) } else { insert_statement(chunk.len()).into() };
        // Another number of rows is another statement, which nobody needs again.
        let query = sqlx::query(sqlx::AssertSqlSafe(statement)).persistent(is_whole);
        let mut query = query.bind(month.as_str()).bind(to_us(issuing.at)).bind(seller);
        for (drafted, written) in chunk {
            let Drafted { draft: Draft { customer, period, bill, .. }, events, through } = drafted;
            query = query
                .bind(customer.as_str())
                .bind(stored_number(written.number)?)
                .bind(bill.book.id.as_str())
                .bind(bill.book.version.as_str())
                .bind(bill.currency.code())
                .bind(bill.total.to_string())
                .bind(to_us(period.start))
                .bind(to_us(period.end))
                .bind(*events)
                .bind(written.json.as_str())
                .bind(written.sha256.as_str())
                .bind(*through);
        }
        query.execute(&mut *connection).await?;
    }
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

/// Which customers from the first to the last, in the database's own order, have their invoice of the month.
pub async fn billed(
    connection: &mut Connection,
    (first, last): (&CustomerId, &CustomerId),
    month: Month,
) -> Result<BTreeSet<String>, DbError> {
    let select = "SELECT id FROM customers WHERE id >= $1 AND id <= $2 AND EXISTS \
                  (SELECT 1 FROM invoices WHERE invoices.customer = customers.id AND invoices.month = $3)";
    let query = sqlx::query(select).bind(first.as_str()).bind(last.as_str()).bind(month.to_string());
    let rows = query.fetch_all(connection).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
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
