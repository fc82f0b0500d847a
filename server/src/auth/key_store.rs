//! The table of API keys. Only the digest of a key's token is kept; a key is never deleted, only revoked.

use engine::ids::CustomerId;
use engine::period::Instant;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::keys::{Key, KeyOrder, OwnRates, Scope};
use crate::db::{Db, DbError, from_us, to_us, valid};

const COLUMNS: &str = "SELECT id, name, customer, sources, scopes, requests_per_second, requests_burst, \
                       events_per_second, events_burst, created_us, expires_us, revoked_us, last_used_us FROM api_keys";

/// Adds a key.
pub async fn insert(db: &Db, key: &Key, token_sha256: &str) -> Result<(), DbError> {
    let insert = "INSERT INTO api_keys (id, token_sha256, name, customer, sources, scopes, requests_per_second, \
                  requests_burst, events_per_second, events_burst, created_us, expires_us) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let Key { id, order, created_at, revoked_at: _, last_used_at: _ } = key;
    let KeyOrder { name, customer, sources, scopes, expires_at, rates: OwnRates { requests, events } } = order;
    let sources = (!sources.is_empty()).then(|| serde_json::json!(sources).to_string());
    let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
    sqlx::query(insert)
        .bind(id.as_str())
        .bind(token_sha256)
        .bind(name.as_str())
        .bind(customer.as_ref().map(CustomerId::as_str))
        .bind(sources)
        .bind(scopes.join(" "))
        .bind(requests.0.map(i64::from))
        .bind(requests.1.map(i64::from))
        .bind(events.0.map(i64::from))
        .bind(events.1.map(i64::from))
        .bind(to_us(*created_at))
        .bind(expires_at.map(to_us))
        .execute(db.pool())
        .await?;
    Ok(())
}

/// The key of this token.
pub async fn by_token(db: &Db, token_sha256: &str) -> Result<Option<Key>, DbError> {
    let select = sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE token_sha256 = $1"));
    let row = sqlx::query(select).bind(token_sha256).fetch_optional(db.pool()).await?;
    row.as_ref().map(read).transpose()
}

/// The key of this id.
pub async fn by_id(db: &Db, id: &str) -> Result<Option<Key>, DbError> {
    let select = sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE id = $1"));
    let row = sqlx::query(select).bind(id).fetch_optional(db.pool()).await?;
    row.as_ref().map(read).transpose()
}

/// Up to `limit` keys whose id comes after `after` in the database's own order.
pub async fn page(db: &Db, after: &str, limit: u32) -> Result<Vec<Key>, DbError> {
    let select = sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE id > $1 ORDER BY id LIMIT $2"));
    let rows = sqlx::query(select).bind(after).bind(i64::from(limit)).fetch_all(db.pool()).await?;
    rows.iter().map(read).collect()
}

/// Notes that a key was revoked, if it was not before.
pub async fn revoke(db: &Db, id: &str, now: Instant) -> Result<(), DbError> {
    let update = "UPDATE api_keys SET revoked_us = $2 WHERE id = $1 AND revoked_us IS NULL";
    sqlx::query(update).bind(id).bind(to_us(now)).execute(db.pool()).await?;
    Ok(())
}

/// Notes that a key was used.
pub async fn used(db: &Db, id: &str, now: Instant) -> Result<(), DbError> {
    let update = "UPDATE api_keys SET last_used_us = $2 WHERE id = $1";
    sqlx::query(update).bind(id).bind(to_us(now)).execute(db.pool()).await?;
    Ok(())
}

fn read(row: &AnyRow) -> Result<Key, DbError> {
    let customer: Option<String> = row.try_get(2)?;
    let sources: Option<String> = row.try_get(3)?;
    let scopes: String = row.try_get(4)?;
    let instant = |index: usize| row.try_get::<Option<i64>, _>(index)?.map(from_us).transpose();
    let number = |index: usize| {
        let number: Option<i64> = row.try_get(index)?;
        number.map(|number| valid("rate of a key", &number.to_string(), |text| text.parse().ok())).transpose()
    };
    let customer = customer.map(|id| valid("customer id", &id, |text| CustomerId::new(text).ok())).transpose()?;
    let sources = sources.map(|list| valid("list of sources", &list, |text| serde_json::from_str(text).ok()));
    let order = KeyOrder {
        name: row.try_get(1)?,
        customer,
        sources: sources.transpose()?.unwrap_or_default(),
        scopes: scopes.split(' ').map(|name| valid("scope", name, Scope::named)).collect::<Result<_, _>>()?,
        expires_at: instant(10)?,
        rates: OwnRates { requests: (number(5)?, number(6)?), events: (number(7)?, number(8)?) },
    };
    let created_at = from_us(row.try_get(9)?)?;
    Ok(Key { id: row.try_get(0)?, order, created_at, revoked_at: instant(11)?, last_used_at: instant(12)? })
}
