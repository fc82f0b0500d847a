//! Reads into memory what other processes have committed or put in place, and everything when the ledger is opened.

use std::sync::Arc;

use sqlx::{AnyConnection, Row as _};

use crate::batch;
use crate::error::LedgerError;
use crate::identity::{Content, Identity};
use crate::index::{BlockHead, Segment, TailBatch, customer_hash};
use crate::ledger::Shared;
use crate::retention;
use crate::row::Row;
use crate::runs::{self, Run};
use crate::state::Stand;
use crate::writer::Incoming;

/// A stored batch, taken out of its compression.
#[derive(Debug)]
pub(crate) struct StoredBatch {
    pub(crate) seq: i64,
    pub(crate) received_us: i64,
    pub(crate) bytes: Vec<u8>,
}

impl StoredBatch {
    pub(crate) fn rows(&self) -> Result<Vec<Row<'_>>, LedgerError> {
        batch::rows(&self.bytes, (self.seq, self.received_us)).ok_or_else(|| self.unreadable())
    }

    pub(crate) fn unreadable(&self) -> LedgerError {
        LedgerError::Unreadable { what: "batch of events", place: self.seq }
    }
}

/// The batches after one commit up to another, at most about `events` events of them.
pub(crate) async fn batches(
    connection: &mut AnyConnection,
    (after, through): (i64, i64),
    events: u64,
) -> Result<Vec<StoredBatch>, LedgerError> {
    let heads = sqlx::query("SELECT seq, events FROM event_batches WHERE seq > $1 AND seq <= $2 ORDER BY seq");
    let heads = heads.bind(after).bind(through).fetch_all(&mut *connection).await?;
    let (mut list, mut total) = (Vec::new(), 0_u64);
    for head in heads {
        if total >= events {
            break;
        }
        list.extend(one(connection, head.try_get(0)?).await?);
        total = total.saturating_add(u64::try_from(head.try_get::<i64, _>(1)?).unwrap_or(0));
    }
    Ok(list)
}

/// One batch, if it is there.
pub(crate) async fn one(connection: &mut AnyConnection, seq: i64) -> Result<Option<StoredBatch>, LedgerError> {
    let select = "SELECT received_us, body FROM event_batches WHERE seq = $1";
    let Some(row) = sqlx::query(select).bind(seq).fetch_optional(connection).await? else { return Ok(None) };
    let body: Vec<u8> = row.try_get(1)?;
    let bytes = batch::unpack(&body).ok_or(LedgerError::Unreadable { what: "batch of events", place: seq })?;
    Ok(Some(StoredBatch { seq, received_us: row.try_get(0)?, bytes }))
}

/// All segments that are in place.
async fn segments(connection: &mut AnyConnection, known: &[Arc<Segment>]) -> Result<Vec<Arc<Segment>>, LedgerError> {
    let select = "SELECT segment, month, events, bytes, last_seq FROM event_segments \
                  WHERE live = 1 ORDER BY month, segment";
    let mut list = Vec::new();
    for row in sqlx::query(select).fetch_all(&mut *connection).await? {
        let number: i64 = row.try_get(0)?;
        if let Some(segment) = known.iter().find(|segment| segment.number == number) {
            list.push(Arc::clone(segment));
            continue;
        }
        let size = |column: usize| Ok::<_, LedgerError>(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0));
        let (month, events, bytes, last_seq) = (row.try_get(1)?, size(2)?, size(3)?, row.try_get(4)?);
        let blocks = blocks(connection, number).await?;
        list.push(Arc::new(Segment { number, month, events, bytes, last_seq, blocks }));
    }
    Ok(list)
}

async fn blocks(connection: &mut AnyConnection, segment: i64) -> Result<Vec<BlockHead>, LedgerError> {
    let select = "SELECT part, customer, last_customer, start_us, end_us, events FROM event_blocks \
                  WHERE segment = $1 ORDER BY part";
    let rows = sqlx::query(select).bind(segment).fetch_all(connection).await?;
    let head = |row: &sqlx::any::AnyRow| {
        Ok(BlockHead {
            part: row.try_get(0)?,
            customer: row.try_get::<String, _>(1)?.into(),
            last_customer: row.try_get::<String, _>(2)?.into(),
            start_us: row.try_get(3)?,
            end_us: row.try_get(4)?,
            events: u64::try_from(row.try_get::<i64, _>(5)?).unwrap_or(0),
        })
    };
    rows.iter().map(head).collect()
}

impl Shared {
    /// Brings the memory up to `stand`, as the connection's transaction sees it.
    pub(crate) async fn refresh(&self, connection: &mut AnyConnection, stand: Stand) -> Result<(), LedgerError> {
        let (mine, known_runs, known_segments) = {
            let index = self.index();
            (index.stand, Arc::clone(&index.runs), Arc::clone(&index.segments))
        };
        if mine.layout != stand.layout {
            let runs: Vec<Arc<Run>> = runs::load(connection, &known_runs).await?;
            let segments = segments(connection, &known_segments).await?;
            let dropped = retention::dropped(connection).await?;
            let mut index = self.index();
            if index.stand.layout < stand.layout {
                // What was sorted while nobody looked needs not be followed commit by commit; whoever counts begins anew.
                if index.stand.batch < stand.sorted {
                    index.stand.batch = stand.sorted;
                    self.tell_of_gap(stand.sorted);
                }
                index.placed(stand, runs, segments);
                index.dropped = dropped;
            }
        }
        let after = mine.batch.max(stand.sorted);
        let mut seq = after;
        while seq < stand.batch {
            let read = batches(connection, (seq, stand.batch), CATCH_UP_EVENTS).await?;
            for stored in &read {
                self.follow_stored(stored)?;
            }
            seq = read.last().map_or(stand.batch, |stored| stored.seq);
        }
        // The last commits may have had duplicates only, and left no batch.
        self.follow((stand.batch, 0), (None, &[]), Vec::new);
        Ok(())
    }

    fn follow_stored(&self, stored: &StoredBatch) -> Result<(), LedgerError> {
        let rows = stored.rows()?;
        let keys: Vec<(Identity, Content)> =
            rows.iter().map(|row| (Identity::of(row.source, row.id), Content::of(row))).collect();
        let incoming = |row: &Row<'_>| Some(Incoming { event: row.event()?, change: row.change.clone() });
        let tail = tail_batch(stored.received_us, &rows);
        self.follow((stored.seq, stored.received_us), (Some(tail), &keys), || {
            rows.iter().filter_map(incoming).collect()
        });
        Ok(())
    }
}

/// Events that are read in one go while catching up.
const CATCH_UP_EVENTS: u64 = 50_000;

/// What is remembered of a batch.
pub(crate) fn tail_batch(received_us: i64, rows: &[Row<'_>]) -> TailBatch {
    let mut customers: Vec<u64> = rows.iter().map(|row| customer_hash(row.customer)).collect();
    customers.sort_unstable();
    customers.dedup();
    TailBatch {
        received_us,
        start_us: rows.iter().map(|row| row.time_us).min().unwrap_or(0),
        end_us: rows.iter().map(|row| row.time_us).max().unwrap_or(0),
        events: crate::bytes::length(rows.len()),
        customers: customers.into(),
    }
}
