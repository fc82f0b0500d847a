//! The tables of corrections, and which document of a billed month stands. Corrections are added and read, never changed.

use engine::ids::{BookId, CustomerId, Version};
use engine::invoice::{Correction, InvoiceNumber};
use engine::period::{Month, Period};
use engine::proof::sha256;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::config::Seller;
use crate::db::{Connection, Db, DbError, from_us, to_us, valid};
use crate::invoices::store::{Kind, number_of, stored_number};

/// A billed month as it stands: its invoice, and what was issued last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Who was billed.
    pub customer: CustomerId,
    /// For which month.
    pub month: Month,
    /// The month, half-open.
    pub period: Period,
    /// The book that priced it.
    pub book: BookId,
    /// Its version.
    pub version: Version,
    /// The invoice.
    pub invoice: InvoiceNumber,
    /// The document that was issued last: the invoice or a correction.
    pub last: InvoiceNumber,
    /// How many corrections there are.
    pub parts: u32,
    /// Through which commit of the ledger all is accounted for.
    pub through: i64,
}

const STANDING: &str = "SELECT i.customer, i.month, i.start_us, i.end_us, i.book, i.version, i.number, i.through, \
    c.number, c.part, c.through, s.through FROM invoices i \
    LEFT JOIN corrections c ON c.customer = i.customer AND c.month = i.month AND c.part = \
    (SELECT MAX(l.part) FROM corrections l WHERE l.customer = i.customer AND l.month = i.month) \
    LEFT JOIN corrections_seen s ON s.customer = i.customer AND s.month = i.month \
    AND s.number = COALESCE(c.number, i.number)";

fn read(row: &AnyRow) -> Result<Standing, DbError> {
    let (customer, month): (String, String) = (row.try_get(0)?, row.try_get(1)?);
    let (book, version): (String, String) = (row.try_get(4)?, row.try_get(5)?);
    let (invoice, counted): (i64, i64) = (row.try_get(6)?, row.try_get(7)?);
    let optional = |index: usize| row.try_get::<Option<i64>, _>(index);
    let part = optional(9)?.unwrap_or(0);
    let through = optional(10)?.unwrap_or(counted);
    Ok(Standing {
        customer: valid("customer id", &customer, |text| CustomerId::new(text).ok())?,
        month: valid("month", &month, |text| Month::parse(text).ok())?,
        period: Period { start: from_us(row.try_get(2)?)?, end: from_us(row.try_get(3)?)? },
        book: valid("book id", &book, |text| BookId::new(text).ok())?,
        version: valid("version", &version, |text| Version::new(text).ok())?,
        invoice: number_of(invoice)?,
        last: number_of(optional(8)?.unwrap_or(invoice))?,
        parts: u32::try_from(part)
            .map_err(|_| DbError::Unreadable { what: "part of a correction", value: part.to_string() })?,
        through: through.max(optional(11)?.unwrap_or(through)),
    })
}

/// Up to `limit` billed customers of a month, in the order of their invoices' numbers, after `after`.
pub async fn page(
    db: &Db,
    month: Month,
    (after, limit): (Option<InvoiceNumber>, u32),
) -> Result<Vec<Standing>, DbError> {
    let select = format!("{STANDING} WHERE i.month = $1 AND i.number > $2 ORDER BY i.number LIMIT $3");
    let rows = sqlx::query(sqlx::AssertSqlSafe(select))
        .bind(month.to_string())
        .bind(after.map_or(Ok(0), stored_number)?)
        .bind(i64::from(limit))
        .fetch_all(db.pool())
        .await?;
    rows.iter().map(read).collect()
}

/// How a customer's month stands, if it was billed.
pub async fn standing(
    connection: &mut Connection,
    customer: &CustomerId,
    month: Month,
) -> Result<Option<Standing>, DbError> {
    let select = sqlx::AssertSqlSafe(format!("{STANDING} WHERE i.customer = $1 AND i.month = $2"));
    let row = sqlx::query(select).bind(customer.as_str()).bind(month.to_string()).fetch_optional(connection).await?;
    row.as_ref().map(read).transpose()
}

/// Adds a correction that `seller` issued, and that was made from `events` events of all commits through `through`.
pub async fn insert(
    connection: &mut Connection,
    (correction, seller): (&Correction, &Seller),
    (events, through): (i64, i64),
) -> Result<(), DbError> {
    let unwritable = |_| DbError::Unreadable { what: "correction", value: correction.number.to_string() };
    let document = serde_json::to_string(correction).map_err(unwritable)?;
    let seller = serde_json::to_string(seller).map_err(unwritable)?;
    let insert = "INSERT INTO corrections (customer, month, part, number, corrects, kind, currency, total, start_us, \
                  end_us, events, document, sha256, issued_us, seller, through) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
    let invoice = &correction.invoice;
    sqlx::query(insert)
        .bind(invoice.customer.as_str())
        .bind(invoice.month.to_string())
        .bind(i64::from(correction.part))
        .bind(stored_number(correction.number)?)
        .bind(stored_number(correction.corrects)?)
        .bind(Kind::from(correction.kind).word())
        .bind(invoice.bill.currency.code())
        .bind(correction.differences.total.difference.to_string())
        .bind(to_us(invoice.period.start))
        .bind(to_us(invoice.period.end))
        .bind(events)
        .bind(document.as_str())
        .bind(sha256(document.as_bytes()))
        .bind(to_us(correction.issued_at))
        .bind(seller)
        .bind(through)
        .execute(connection)
        .await?;
    Ok(())
}

/// Remembers that nothing differs in money through this commit while the same document stands.
pub async fn seen(db: &Db, standing: &Standing, through: i64) -> Result<(), DbError> {
    let upsert = "INSERT INTO corrections_seen (customer, month, number, through) VALUES ($1, $2, $3, $4) \
                  ON CONFLICT (customer, month, number) DO UPDATE SET through = \
                  CASE WHEN excluded.through > corrections_seen.through THEN excluded.through \
                  ELSE corrections_seen.through END";
    sqlx::query(upsert)
        .bind(standing.customer.as_str())
        .bind(standing.month.to_string())
        .bind(stored_number(standing.last)?)
        .bind(through)
        .execute(db.pool())
        .await?;
    Ok(())
}
