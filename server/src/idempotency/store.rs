//! The table of Idempotency-Keys: who runs a request now, and the answers that were given.

use engine::period::Instant;
use sqlx::Row;

use crate::db::{Db, DbError, to_us};

/// A request under a key.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Who sends it.
    pub sender: &'a str,
    /// The key.
    pub key: &'a str,
    /// SHA-256 of method, path and body.
    pub digest: &'a str,
    /// Names this very run of it.
    pub claim: &'a str,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The digest of the first request.
    pub digest: String,
    /// The run that has it, or had it.
    pub claim: String,
    /// When that began, in microseconds.
    pub created_us: i64,
    /// Its answer, once there is one.
    pub answer: Option<Answer>,
}

/// An answer as it is given again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The content type; empty where there was none.
    pub content_type: String,
    /// The body.
    pub body: String,
}

/// Takes a key that is free. Whether it was free.
pub async fn claim(db: &Db, request: Request<'_>, now: Instant) -> Result<bool, DbError> {
    let insert = "INSERT INTO idempotency_keys (sender, idempotency_key, digest, claim, created_us) \
                  VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    let done = sqlx::query(insert)
        .bind(request.sender)
        .bind(request.key)
        .bind(request.digest)
        .bind(request.claim)
        .bind(to_us(now))
        .execute(db.pool())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// What is known of a key.
pub async fn find(db: &Db, request: Request<'_>) -> Result<Option<Entry>, DbError> {
    let select = "SELECT digest, claim, created_us, status, content_type, body FROM idempotency_keys \
                  WHERE sender = $1 AND idempotency_key = $2";
    let row = sqlx::query(select).bind(request.sender).bind(request.key).fetch_optional(db.pool()).await?;
    let Some(row) = row else { return Ok(None) };
    let status: Option<i64> = row.try_get(3)?;
    let answer = match status {
        None => None,
        Some(status) => {
            let unreadable = || DbError::Unreadable { what: "HTTP status", value: status.to_string() };
            let status = u16::try_from(status).map_err(|_| unreadable())?;
            Some(Answer { status, content_type: row.try_get(4)?, body: row.try_get(5)? })
        }
    };
    Ok(Some(Entry { digest: row.try_get(0)?, claim: row.try_get(1)?, created_us: row.try_get(2)?, answer }))
}

/// Takes a key over from a run that is over or lost. Whether it was still that run's.
pub async fn take_over(db: &Db, request: Request<'_>, (before, now): (&Entry, Instant)) -> Result<bool, DbError> {
    let update = "UPDATE idempotency_keys SET digest = $3, claim = $4, created_us = $5, status = NULL, \
                  content_type = NULL, body = NULL WHERE sender = $1 AND idempotency_key = $2 AND claim = $6";
    let done = sqlx::query(update)
        .bind(request.sender)
        .bind(request.key)
        .bind(request.digest)
        .bind(request.claim)
        .bind(to_us(now))
        .bind(before.claim.as_str())
        .execute(db.pool())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Keeps the answer, unless another run has taken the key over.
pub async fn finish(db: &Db, request: Request<'_>, answer: &Answer) -> Result<(), DbError> {
    let update = "UPDATE idempotency_keys SET status = $4, content_type = $5, body = $6 \
                  WHERE sender = $1 AND idempotency_key = $2 AND claim = $3";
    sqlx::query(update)
        .bind(request.sender)
        .bind(request.key)
        .bind(request.claim)
        .bind(i64::from(answer.status))
        .bind(answer.content_type.as_str())
        .bind(answer.body.as_str())
        .execute(db.pool())
        .await?;
    Ok(())
}

/// Gives a key free whose answer is not kept.
pub async fn release(db: &Db, request: Request<'_>) -> Result<(), DbError> {
    let delete = "DELETE FROM idempotency_keys WHERE sender = $1 AND idempotency_key = $2 AND claim = $3";
    sqlx::query(delete).bind(request.sender).bind(request.key).bind(request.claim).execute(db.pool()).await?;
    Ok(())
}

/// Forgets up to a thousand keys that began before an instant, and says how many there were.
pub async fn forget_before(db: &Db, instant: Instant) -> Result<u64, DbError> {
    let delete = "DELETE FROM idempotency_keys WHERE (sender, idempotency_key) IN \
                  (SELECT sender, idempotency_key FROM idempotency_keys WHERE created_us < $1 LIMIT 1000)";
    Ok(sqlx::query(delete).bind(to_us(instant)).execute(db.pool()).await?.rows_affected())
}
