//! The table of invoices and the row of their numbers. Invoices are added and read, never changed.

use engine::ids::CustomerId;
use engine::invoice::{InvoiceNumber, Issued};
use engine::period::{Instant, Month, Period};
use engine::proof::sha256;
use ledger::Query;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::config::Seller;
use crate::db::{Connection, Db, DbError, from_us, to_us, valid};
use crate::metering::store as events;

/// An invoice without its document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceRow {
    /// Its number.
    pub number: InvoiceNumber,
    /// Who is billed.
    pub customer: CustomerId,
    /// For which month.
    pub month: Month,
    /// The currency of the total.
    pub currency: String,
    /// What is to be paid.
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
    Ok(InvoiceNumber(u64::try_from(value).map_err(|_| unreadable_number(value))?))
}

fn unreadable_number(value: i64) -> DbError {
    DbError::Unreadable { what: "invoice number", value: value.to_string() }
}

fn stored_number(number: InvoiceNumber) -> Result<i64, DbError> {
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

const COLUMNS: &str =
    "SELECT number, customer, month, currency, total, start_us, end_us, events, issued_us FROM invoices";

fn read(row: &AnyRow) -> Result<InvoiceRow, DbError> {
    let number: i64 = row.try_get(0)?;
    let customer: String = row.try_get(1)?;
    let month: String = row.try_get(2)?;
    Ok(InvoiceRow {
        number: InvoiceNumber(u64::try_from(number).map_err(|_| unreadable_number(number))?),
        customer: valid("customer id", &customer, |text| CustomerId::new(text).ok())?,
        month: valid("month", &month, |text| Month::parse(text).ok())?,
        currency: row.try_get(3)?,
        total: row.try_get(4)?,
        period: Period { start: from_us(row.try_get(5)?)?, end: from_us(row.try_get(6)?)? },
        events: row.try_get(7)?,
        issued_at: from_us(row.try_get(8)?)?,
    })
}

/// The invoice of a customer's month, if it is issued.
pub async fn of_month(
    connection: &mut Connection,
    customer: &CustomerId,
    month: Month,
) -> Result<Option<InvoiceRow>, DbError> {
    let select = sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE customer = $1 AND month = $2"));
    let row = sqlx::query(select).bind(customer.as_str()).bind(month.to_string()).fetch_optional(connection).await?;
    row.as_ref().map(read).transpose()
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

/// An invoice whose month has got more events since it was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Late {
    /// Who.
    pub customer: CustomerId,
    /// Their invoice.
    pub number: InvoiceNumber,
    /// Events that came after it was issued.
    pub events: i64,
}

/// The invoices of a month that are short of events, by number.
pub async fn late(db: &Db, month: Month) -> Result<Vec<Late>, DbError> {
    let select = "SELECT number, customer, start_us, end_us, through FROM invoices WHERE month = $1 ORDER BY number";
    let rows = sqlx::query(select).bind(month.to_string()).fetch_all(db.pool()).await?;
    let mut late = Vec::new();
    for row in rows {
        let (number, customer): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
        let customer = valid("customer id", &customer, |text| CustomerId::new(text).ok())?;
        let query = Query {
            customer: Some(customer.as_str()),
            start_us: row.try_get(2)?,
            end_us: row.try_get(3)?,
            after_seq: row.try_get(4)?,
        };
        let events = events::count(db, query).await?;
        if events > 0 {
            let number = InvoiceNumber(u64::try_from(number).map_err(|_| unreadable_number(number))?);
            late.push(Late { customer, number, events });
        }
    }
    Ok(late)
}

/// Which invoices are wanted; `None` means all.
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

/// Invoices by number.
pub async fn list(db: &Db, filter: &Filter) -> Result<Vec<InvoiceRow>, DbError> {
    let select = sqlx::AssertSqlSafe(format!(
        "{COLUMNS} WHERE ($1 = '' OR customer = $1) AND ($2 = '' OR month = $2) AND number > $3 ORDER BY number LIMIT $4"
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

/// An invoice's bytes as they were issued, and their digest from that day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The JSON.
    pub json: String,
    /// `sha256:` and 64 hexadecimal digits.
    pub sha256: String,
}

/// The document of this number.
pub async fn document(db: &Db, number: InvoiceNumber) -> Result<Option<Document>, DbError> {
    let select = "SELECT document, sha256 FROM invoices WHERE number = $1";
    let row = sqlx::query(select).bind(stored_number(number)?).fetch_optional(db.pool()).await?;
    row.map(|row| Ok(Document { json: row.try_get(0)?, sha256: row.try_get(1)? })).transpose()
}

/// Who issued the invoice of this number, as the settings said on that day.
pub async fn seller(db: &Db, number: InvoiceNumber) -> Result<Option<Seller>, DbError> {
    let select = "SELECT seller FROM invoices WHERE number = $1";
    let row = sqlx::query(select).bind(stored_number(number)?).fetch_optional(db.pool()).await?;
    let read = |row: AnyRow| {
        let seller: String = row.try_get(0)?;
        valid("seller", &seller, |text| serde_json::from_str(text).ok())
    };
    row.map(read).transpose()
}
