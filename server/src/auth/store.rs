//! The table of viewing links. Only the digest of a link's token is kept.

use engine::ids::CustomerId;
use engine::period::Instant;
use sqlx::Row;

use crate::db::{Connection, Db, DbError, to_us, valid};

/// A link as it is kept.
#[derive(Debug, Clone)]
pub struct Link<'a> {
    /// Whose usage it shows.
    pub customer: &'a CustomerId,
    /// The digest of its token.
    pub token_sha256: &'a str,
    /// When it was made.
    pub created_at: Instant,
    /// From when on it shows nothing.
    pub expires_at: Instant,
}

/// Adds a link.
pub async fn insert(connection: &mut Connection, link: &Link<'_>) -> Result<(), DbError> {
    sqlx::query("INSERT INTO links (customer, created_us, token_sha256, expires_us) VALUES ($1, $2, $3, $4)")
        .bind(link.customer.as_str())
        .bind(to_us(link.created_at))
        .bind(link.token_sha256)
        .bind(to_us(link.expires_at))
        .execute(connection)
        .await?;
    Ok(())
}

/// Whose link this is, if it has not expired at `now`.
pub async fn customer(db: &Db, token_sha256: &str, now: Instant) -> Result<Option<CustomerId>, DbError> {
    let select = "SELECT customer FROM links WHERE token_sha256 = $1 AND expires_us > $2";
    let row = sqlx::query(select).bind(token_sha256).bind(to_us(now)).fetch_optional(db.pool()).await?;
    let Some(row) = row else { return Ok(None) };
    let id: String = row.try_get(0)?;
    valid("customer id", &id, |text| CustomerId::new(text).ok()).map(Some)
}
