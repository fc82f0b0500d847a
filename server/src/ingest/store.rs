//! The table of refused events. Rows are added and read, never changed.

use engine::ids::CustomerId;
use engine::period::Instant;
use sqlx::Row;

use crate::db::{Connection, Db, DbError, from_us, to_us};

/// An event that is put aside.
#[derive(Debug, Clone)]
pub struct Aside {
    /// Its subject, as far as it could be read.
    pub customer: String,
    /// Its place in the request.
    pub position: usize,
    /// Why, as a word.
    pub code: &'static str,
    /// Why, in a sentence.
    pub detail: String,
    /// The event as it was sent, at most [`ASIDE_BYTES_MAX`] of it.
    pub body: String,
}

/// How much of a refused event is kept.
pub const ASIDE_BYTES_MAX: usize = 65_536;

/// Puts refused events aside.
pub async fn put_aside(
    connection: &mut Connection,
    (request, now): (&str, Instant),
    events: &[Aside],
) -> Result<(), DbError> {
    let insert = "INSERT INTO refused_events (customer, received_us, request, position, code, detail, body) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7)";
    for aside in events {
        sqlx::query(insert)
            .bind(aside.customer.as_str())
            .bind(to_us(now))
            .bind(request)
            .bind(i64::try_from(aside.position).unwrap_or(i64::MAX))
            .bind(aside.code)
            .bind(aside.detail.as_str())
            .bind(aside.body.as_str())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// A refused event as it was put aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRow {
    /// Its subject, as far as it could be read.
    pub customer: String,
    /// When it came.
    pub received_at: Instant,
    /// The request it came in.
    pub request: String,
    /// Its place in the request.
    pub position: i64,
    /// Why, as a word.
    pub code: String,
    /// Why, in a sentence.
    pub detail: String,
    /// The event as it was sent.
    pub body: String,
}

/// The latest refused events, of one customer or of all.
pub async fn refused(db: &Db, customer: Option<&CustomerId>, limit: u32) -> Result<Vec<RefusedRow>, DbError> {
    let select = "SELECT customer, received_us, request, position, code, detail, body FROM refused_events \
                  WHERE ($1 = '' OR customer = $1) ORDER BY received_us DESC, request, position LIMIT $2";
    let customer = customer.map(CustomerId::as_str).unwrap_or_default();
    let rows = sqlx::query(select).bind(customer).bind(i64::from(limit)).fetch_all(db.pool()).await?;
    let read = |row: &sqlx::any::AnyRow| {
        Ok(RefusedRow {
            customer: row.try_get(0)?,
            received_at: from_us(row.try_get(1)?)?,
            request: row.try_get(2)?,
            position: row.try_get(3)?,
            code: row.try_get(4)?,
            detail: row.try_get(5)?,
            body: row.try_get(6)?,
        })
    };
    rows.iter().map(read).collect()
}
