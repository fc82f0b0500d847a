//! The tables of what sources say about themselves: requests, clocks, numbered batches.
//!
//! Batches are kept as ranges, so that a source without gaps is one row however long it runs.

use std::collections::BTreeMap;

use engine::period::Instant;
use sqlx::Row;

use crate::db::{Connection, Db, DbError, to_us};

/// What a source has said about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceReport {
    /// Requests in which it named itself.
    pub requests: i64,
    /// When the first one arrived, in microseconds.
    pub first_us: i64,
    /// When the last one arrived.
    pub last_us: i64,
    /// How far our clock was ahead of its clock, if it says when it sends: last, least and most.
    pub skew_us: Option<(i64, i64, i64)>,
}

/// Notes a request. The first write of its transaction: those of one source wait for each other here.
pub async fn note(
    connection: &mut Connection,
    (source, received): (&str, Instant),
    skew_us: Option<i64>,
) -> Result<(), DbError> {
    let upsert = "INSERT INTO source_reports (source, requests, first_us, last_us, last_skew_us, min_skew_us, max_skew_us) \
                  VALUES ($1, 1, $2, $2, $3, $3, $3) ON CONFLICT (source) DO UPDATE SET \
                  requests = source_reports.requests + 1, last_us = excluded.last_us, \
                  last_skew_us = COALESCE(excluded.last_skew_us, source_reports.last_skew_us), \
                  min_skew_us = CASE WHEN source_reports.min_skew_us < excluded.min_skew_us \
                  THEN source_reports.min_skew_us ELSE COALESCE(excluded.min_skew_us, source_reports.min_skew_us) END, \
                  max_skew_us = CASE WHEN source_reports.max_skew_us > excluded.max_skew_us \
                  THEN source_reports.max_skew_us ELSE COALESCE(excluded.max_skew_us, source_reports.max_skew_us) END";
    sqlx::query(upsert).bind(source).bind(to_us(received)).bind(skew_us).execute(connection).await?;
    Ok(())
}

/// Ranges that a source may have; with more gaps than that, later batches are not followed.
const RANGES_MAX: i64 = 10_000;

/// Notes that a batch arrived. One that arrived before changes nothing.
pub async fn arrived(connection: &mut Connection, source: &str, batch: i64) -> Result<(), DbError> {
    let select = "SELECT 1 FROM source_batches WHERE source = $1 AND first_batch <= $2 AND last_batch >= $2";
    if sqlx::query(select).bind(source).bind(batch).fetch_optional(&mut *connection).await?.is_some() {
        return Ok(());
    }
    // The range that begins right after it, if there is one, is joined to what ends with this batch.
    let delete = "DELETE FROM source_batches WHERE source = $1 AND first_batch = $2 RETURNING last_batch";
    let after = sqlx::query(delete).bind(source).bind(batch.saturating_add(1)).fetch_optional(&mut *connection).await?;
    let last: i64 = match after {
        Some(row) => row.try_get(0)?,
        None => batch,
    };
    let extend = "UPDATE source_batches SET last_batch = $1 WHERE source = $2 AND last_batch = $3";
    let extended =
        sqlx::query(extend).bind(last).bind(source).bind(batch.saturating_sub(1)).execute(&mut *connection).await?;
    if extended.rows_affected() > 0 {
        return Ok(());
    }
    let insert = "INSERT INTO source_batches (source, first_batch, last_batch) SELECT $1, CAST($2 AS BIGINT), CAST($3 AS BIGINT) \
                  WHERE (SELECT COUNT(*) FROM source_batches WHERE source = $1) < $4 ON CONFLICT DO NOTHING";
    sqlx::query(insert).bind(source).bind(batch).bind(last).bind(RANGES_MAX).execute(connection).await?;
    Ok(())
}

/// How many sources have named themselves.
pub async fn count(connection: &mut Connection) -> Result<i64, DbError> {
    Ok(sqlx::query("SELECT COUNT(*) FROM source_reports").fetch_one(connection).await?.try_get(0)?)
}

/// What every source has said about itself.
pub async fn reports(db: &Db) -> Result<BTreeMap<String, SourceReport>, DbError> {
    let select =
        "SELECT source, requests, first_us, last_us, last_skew_us, min_skew_us, max_skew_us FROM source_reports";
    let rows = sqlx::query(select).fetch_all(db.pool()).await?;
    let read = |row: &sqlx::any::AnyRow| {
        let skew = |column: usize| row.try_get::<Option<i64>, _>(column);
        let skew_us = match (skew(4)?, skew(5)?, skew(6)?) {
            (Some(last), Some(least), Some(most)) => Some((last, least, most)),
            (_, _, _) => None,
        };
        let (requests, first_us, last_us) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        Ok((row.try_get(0)?, SourceReport { requests, first_us, last_us, skew_us }))
    };
    rows.iter().map(read).collect()
}

/// The ranges of batches that arrived, by source, in their order.
pub async fn ranges(db: &Db) -> Result<BTreeMap<String, Vec<(i64, i64)>>, DbError> {
    let select = "SELECT source, first_batch, last_batch FROM source_batches ORDER BY source, first_batch";
    let mut by_source: BTreeMap<String, Vec<(i64, i64)>> = BTreeMap::new();
    for row in sqlx::query(select).fetch_all(db.pool()).await? {
        by_source.entry(row.try_get(0)?).or_default().push((row.try_get(1)?, row.try_get(2)?));
    }
    Ok(by_source)
}

/// How many events of each source were put aside: today and in all.
pub async fn refused(db: &Db, today: i64) -> Result<BTreeMap<String, (i64, i64)>, DbError> {
    let select = "SELECT source, CAST(SUM(CASE WHEN day = $1 THEN refused ELSE 0 END) AS BIGINT), \
                  CAST(SUM(refused) AS BIGINT) FROM refused_days GROUP BY source";
    let rows = sqlx::query(select).bind(today).fetch_all(db.pool()).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?)))).collect()
}
