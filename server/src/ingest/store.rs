//! Puts refused events aside, as entries of the quarantine, while there is room for them.
//!
//! Adds entries and throws the oldest settled ones away; what is open is never touched here.

use std::collections::BTreeMap;

use engine::ids::CustomerId;
use engine::period::Instant;
use sqlx::Row;

use super::flow::Surroundings;
use crate::db::{Connection, Db, DbError, day_number, from_us, to_us};

/// An event that is put aside. What is a text here is empty where it could not be read.
#[derive(Debug, Clone)]
pub struct Aside {
    /// Its subject, as far as it could be read.
    pub customer: String,
    /// Its source.
    pub source: String,
    /// Its id.
    pub event_id: String,
    /// Its place in the request.
    pub position: usize,
    /// Why, as a word.
    pub code: &'static str,
    /// Why, in a sentence.
    pub detail: String,
    /// Whether the body is all that was sent, letter by letter.
    pub whole: bool,
    /// The event as it was sent, at most [`ASIDE_BYTES_MAX`] of it.
    pub body: String,
}

/// How much of a refused event is kept.
pub const ASIDE_BYTES_MAX: usize = 65_536;

/// Whether so many more entries find room; settled ones may go for them.
pub async fn check_room(db: &Db, more: usize) -> Result<(), DbError> {
    if more == 0 {
        return Ok(());
    }
    let select = "SELECT value FROM counters WHERE name = 'quarantine_entries'";
    let entries: i64 = sqlx::query(select).fetch_one(db.pool()).await?.try_get(0)?;
    let missing = missing(db, entries.saturating_add(number(more)));
    if missing == 0 {
        return Ok(());
    }
    let select =
        "SELECT COUNT(*) FROM (SELECT 1 FROM quarantine WHERE state IN ('replayed', 'dismissed') LIMIT $1) AS s";
    let settled: i64 = sqlx::query(select).bind(missing).fetch_one(db.pool()).await?.try_get(0)?;
    if settled < missing { Err(DbError::QuarantineFull { max: db.quarantine_max() }) } else { Ok(()) }
}

/// How many entries must go if there were so many.
fn missing(db: &Db, entries: i64) -> i64 {
    entries.saturating_sub(db.quarantine_max()).max(0)
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Puts refused events aside, all or none.
pub async fn put_aside(db: &Db, surroundings: Surroundings<'_>, events: &[Aside]) -> Result<(), DbError> {
    if events.is_empty() {
        return Ok(());
    }
    let now = surroundings.window.now;
    let mut tx = db.begin().await?;
    let last = add_to(&mut tx, "quarantine_number", number(events.len())).await?;
    let entries = add_to(&mut tx, "quarantine_entries", number(events.len())).await?;
    let missing = missing(db, entries);
    if missing > 0 {
        let removed = remove_settled(&mut tx, missing).await?;
        add_to(&mut tx, "quarantine_entries", removed.saturating_neg()).await?;
        if removed < missing {
            return Err(DbError::QuarantineFull { max: db.quarantine_max() });
        }
    }
    let sources = surroundings.allowed.sources;
    let sources = (!sources.is_empty()).then(|| serde_json::json!(sources).to_string());
    let mut entry = last.saturating_sub(number(events.len()));
    let mut by_source: BTreeMap<&str, i64> = BTreeMap::new();
    for aside in events {
        entry = entry.saturating_add(1);
        insert(&mut tx, (entry, surroundings.request, now), (aside, sources.as_deref())).await?;
        let count = by_source.entry(&aside.source).or_default();
        *count = count.saturating_add(1);
    }
    for (source, count) in by_source {
        count_day(&mut tx, (day_number(now.date_naive()), source), (count, 0)).await?;
    }
    Ok(tx.commit().await?)
}

async fn add_to(connection: &mut Connection, name: &str, more: i64) -> Result<i64, DbError> {
    let update = "UPDATE counters SET value = value + $1 WHERE name = $2 RETURNING value";
    Ok(sqlx::query(update).bind(more).bind(name).fetch_one(connection).await?.try_get(0)?)
}

async fn insert(
    connection: &mut Connection,
    (entry, request, now): (i64, &str, Instant),
    (aside, sources): (&Aside, Option<&str>),
) -> Result<(), DbError> {
    let insert = "INSERT INTO quarantine (customer, received_us, number, source, event_id, request, position, code, \
                  detail, whole, allowed_sources, state, body) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'open', $12)";
    sqlx::query(insert)
        .bind(aside.customer.as_str())
        .bind(to_us(now))
        .bind(entry)
        .bind(aside.source.as_str())
        .bind(aside.event_id.as_str())
        .bind(request)
        .bind(number(aside.position))
        .bind(aside.code)
        .bind(aside.detail.as_str())
        .bind(i64::from(aside.whole))
        .bind(sources)
        .bind(aside.body.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

/// Throws the oldest settled entries away, `most` at most. Returns how many there were.
async fn remove_settled(connection: &mut Connection, most: i64) -> Result<i64, DbError> {
    let delete = "DELETE FROM quarantine WHERE number IN (SELECT number FROM quarantine \
                  WHERE state IN ('replayed', 'dismissed') ORDER BY number LIMIT $1) RETURNING received_us, source";
    let rows = sqlx::query(delete).bind(most).fetch_all(&mut *connection).await?;
    let mut by_day: BTreeMap<(i64, String), i64> = BTreeMap::new();
    for row in &rows {
        let received = from_us(row.try_get(0)?)?;
        let count = by_day.entry((day_number(received.date_naive()), row.try_get(1)?)).or_default();
        *count = count.saturating_add(1);
    }
    for ((day, source), count) in &by_day {
        count_day(connection, (*day, source), (0, *count)).await?;
    }
    Ok(number(rows.len()))
}

/// Counts entries of a day that were added and that were thrown away.
async fn count_day(
    connection: &mut Connection,
    (day, source): (i64, &str),
    (added, removed): (i64, i64),
) -> Result<(), DbError> {
    let upsert = "INSERT INTO refused_days (day, source, refused, removed) VALUES ($1, $2, $3, $4) \
                  ON CONFLICT (day, source) DO UPDATE SET refused = refused_days.refused + excluded.refused, \
                  removed = refused_days.removed + excluded.removed";
    sqlx::query(upsert).bind(day).bind(source).bind(added).bind(removed).execute(connection).await?;
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
    let select = "SELECT customer, received_us, request, position, code, detail, body FROM quarantine \
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
