//! The tables of refused events by day and of closed days. A closed day is written once.

use std::collections::BTreeMap;

use engine::period::Instant;
use sqlx::Row;

use crate::db::{Db, DbError, from_us, to_us};

/// What the books say of a source's refused events of a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RefusedDay {
    /// How many were put aside.
    pub refused: i64,
    /// How many of these entries were thrown away since, to make room.
    pub removed: i64,
}

/// The books of refused events of a day, by source.
pub async fn refused_books(db: &Db, day: i64) -> Result<BTreeMap<String, RefusedDay>, DbError> {
    let select = "SELECT source, refused, removed FROM refused_days WHERE day = $1";
    let rows = sqlx::query(select).bind(day).fetch_all(db.pool()).await?;
    let read = |row: &sqlx::any::AnyRow| {
        Ok((row.try_get(0)?, RefusedDay { refused: row.try_get(1)?, removed: row.try_get(2)? }))
    };
    rows.iter().map(read).collect()
}

/// How many entries of a day are kept, by source.
pub async fn refused_kept(db: &Db, (start, end): (Instant, Instant)) -> Result<BTreeMap<String, i64>, DbError> {
    let select = "SELECT source, COUNT(*) FROM quarantine WHERE received_us >= $1 AND received_us < $2 GROUP BY source";
    let rows = sqlx::query(select).bind(to_us(start)).bind(to_us(end)).fetch_all(db.pool()).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// A day that was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedDay {
    /// When.
    pub at: Instant,
    /// By whom.
    pub by: String,
    /// SHA-256 of its day and figures.
    pub digest: String,
    /// Its figures as JSON.
    pub body: String,
}

/// The closed day, if it was closed.
pub async fn closed(db: &Db, day: i64) -> Result<Option<ClosedDay>, DbError> {
    let select = "SELECT closed_us, closed_by, digest, body FROM audited_days WHERE day = $1";
    let Some(row) = sqlx::query(select).bind(day).fetch_optional(db.pool()).await? else { return Ok(None) };
    Ok(Some(ClosedDay {
        at: from_us(row.try_get(0)?)?,
        by: row.try_get(1)?,
        digest: row.try_get(2)?,
        body: row.try_get(3)?,
    }))
}

/// Closes a day, unless it is closed already.
pub async fn close(db: &Db, day: i64, closed: &ClosedDay) -> Result<(), DbError> {
    let insert = "INSERT INTO audited_days (day, closed_us, closed_by, digest, body) VALUES ($1, $2, $3, $4, $5) \
                  ON CONFLICT DO NOTHING";
    sqlx::query(insert)
        .bind(day)
        .bind(to_us(closed.at))
        .bind(closed.by.as_str())
        .bind(closed.digest.as_str())
        .bind(closed.body.as_str())
        .execute(db.pool())
        .await?;
    Ok(())
}
