//! The tables of accepted and of refused events. Rows are added and read, never changed.

use std::collections::{BTreeMap, BTreeSet};

use engine::ids::CustomerId;
use engine::period::Instant;
use engine::usage::Event;
use sqlx::Row;

use crate::db::{Connection, Db, DbError, from_us, placeholders, to_us};

/// An event with the digest of its content.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// The event.
    pub event: Event,
    /// SHA-256 of everything about it but its identity.
    pub digest: String,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is new and kept.
    New,
    /// The same event was there.
    Same,
    /// Another event of this identity was there; it stays, this one does not count.
    Conflict,
}

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

/// Rows in one statement; PostgreSQL takes at most 65,535 values, SQLite 32,766.
const ROWS_MAX: usize = 200;

/// Keeps events, each once. `events` are in the order of (source, id), so that two writers never wait in a ring; the
/// answer has the same order.
pub async fn insert(connection: &mut Connection, events: &[Incoming], now: Instant) -> Result<Vec<Kept>, DbError> {
    let mut kept = Vec::with_capacity(events.len());
    for chunk in events.chunks(ROWS_MAX) {
        let mut fresh = insert_chunk(connection, chunk, now).await?;
        let old: Vec<&Incoming> = chunk.iter().filter(|item| !fresh.contains(&identity(&item.event))).collect();
        // Where a request repeats an event, the first one is new and the others are compared with it.
        let repeated = fresh.len().saturating_add(old.len()) < chunk.len();
        let digests = if repeated {
            digests(connection, &chunk.iter().collect::<Vec<_>>()).await?
        } else {
            digests(connection, &old).await?
        };
        kept.extend(chunk.iter().map(|item| {
            let key = identity(&item.event);
            if fresh.remove(&key) {
                Kept::New
            } else if digests.get(&key).is_some_and(|digest| *digest == item.digest) {
                Kept::Same
            } else {
                Kept::Conflict
            }
        }));
    }
    Ok(kept)
}

type Identity = (String, String);

fn identity(event: &Event) -> Identity {
    (event.source.clone(), event.id.clone())
}

async fn insert_chunk(
    connection: &mut Connection,
    chunk: &[Incoming],
    now: Instant,
) -> Result<BTreeSet<Identity>, DbError> {
    let insert = format!(
        "INSERT INTO events (customer, time_us, source, id, kind, data, digest, received_us) VALUES {} \
         ON CONFLICT DO NOTHING RETURNING source, id",
        placeholders(chunk.len(), 8)
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(insert)).persistent(chunk.len() == ROWS_MAX || chunk.len() == 1);
    for Incoming { event, digest } in chunk {
        let data = serde_json::to_string(&event.data)
            .map_err(|_| DbError::Unreadable { what: "data of event", value: event.id.clone() })?;
        query = query
            .bind(event.customer.as_str())
            .bind(to_us(event.time))
            .bind(event.source.as_str())
            .bind(event.id.as_str())
            .bind(event.kind.as_str())
            .bind(data)
            .bind(digest.as_str())
            .bind(to_us(now));
    }
    let rows = query.fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

async fn digests(connection: &mut Connection, events: &[&Incoming]) -> Result<BTreeMap<Identity, String>, DbError> {
    let mut by_source: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for item in events {
        by_source.entry(&item.event.source).or_default().push(&item.event.id);
    }
    let mut found = BTreeMap::new();
    for (source, ids) in by_source {
        let marks: Vec<String> = (2..).take(ids.len()).map(|number: usize| format!("${number}")).collect();
        let select = format!("SELECT id, digest FROM events WHERE source = $1 AND id IN ({})", marks.join(", "));
        let mut query = sqlx::query(sqlx::AssertSqlSafe(select)).persistent(false).bind(source);
        for id in ids {
            query = query.bind(id);
        }
        for row in query.fetch_all(&mut *connection).await? {
            found.insert((source.to_owned(), row.try_get(0)?), row.try_get(1)?);
        }
    }
    Ok(found)
}

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
