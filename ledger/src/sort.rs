//! Puts commits in their place: events into compressed blocks by month, customer and time; identities into runs.
//!
//! Written in small transactions that nobody waits for long; a last one puts everything in place at once. What a stop
//! leaves half-done is not in place and is taken away by the next pass.

use std::sync::atomic::Ordering;

use chrono::{DateTime, Datelike};
use engine::period::Instant;
use sqlx::AnyConnection;

use crate::block::{self, BLOCK_ROWS};
use crate::error::LedgerError;
use crate::identity::{Content, Identity};
use crate::keys::Key;
use crate::ledger::{Ledger, Shared};
use crate::load::{self, StoredBatch};
use crate::merge::{self, RunWriter};
use crate::row::Row;
use crate::state;

/// What a pass did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sorted {
    /// Events that were put into blocks.
    pub events: u64,
    /// All commits through this one are in blocks now.
    pub through: i64,
}

/// A block that is ready to be stored.
#[derive(Debug)]
pub(crate) struct NewBlock {
    customer: String,
    last_customer: String,
    start_us: i64,
    end_us: i64,
    events: i64,
    body: Vec<u8>,
}

/// The blocks of a month.
#[derive(Debug)]
pub(crate) struct NewSegment {
    month: i64,
    blocks: Vec<NewBlock>,
}

/// How long a pass may take before another process may begin one.
const LEASE_MINUTES: i64 = 30;

/// Bytes of a block before compression, about.
const BLOCK_BYTES: usize = 4 << 20;

impl Ledger {
    /// Sorts what waits, up to the limit. `None` where nothing waits, or where another process is at it.
    pub async fn sort(&self, now: Instant) -> Result<Option<Sorted>, LedgerError> {
        self.catch_up().await?;
        if !self.shared.take_lease(now).await? {
            return Ok(None);
        }
        let sorted = self.shared.sort_once().await;
        self.shared.give_lease_back().await;
        self.shared.sorted.notify_waiters();
        sorted
    }

    /// Sorts until nothing waits that was there when it began.
    pub async fn sort_all(&self, now: Instant) -> Result<u64, LedgerError> {
        let (goal, mut events) = (self.catch_up().await?, 0_u64);
        while let Some(sorted) = self.sort(now).await? {
            events = events.saturating_add(sorted.events);
            if sorted.through >= goal {
                break;
            }
        }
        Ok(events)
    }
}

impl Ledger {
    /// Ends the lease of a pass that was stopped half-way. Only for who knows that nobody else is sorting.
    pub async fn break_lease(&self) -> Result<(), LedgerError> {
        sqlx::query("UPDATE ledger_state SET value = 0 WHERE name = 'sorter'").execute(&self.shared.pool).await?;
        Ok(())
    }
}

impl Shared {
    async fn take_lease(&self, now: Instant) -> Result<bool, LedgerError> {
        let now_us = now.timestamp_micros();
        let until_us = now_us.saturating_add(LEASE_MINUTES * 60_000_000);
        // A lease that ends later than any lease could is from a clock that was wrong. One that this process could not
        // give back is still its own.
        let take =
            "UPDATE ledger_state SET value = $1 WHERE name = 'sorter' AND (value < $2 OR value > $1 OR value = $3)";
        let left = self.lease.left.load(Ordering::Relaxed);
        let done = sqlx::query(take).bind(until_us).bind(now_us).bind(left).execute(&self.pool).await?;
        let is_taken = done.rows_affected() == 1;
        if is_taken {
            self.lease.held.store(until_us, Ordering::Relaxed);
            self.lease.left.store(0, Ordering::Relaxed);
        }
        Ok(is_taken)
    }

    /// Gives the lease back, unless somebody else has it by now. What fails is made good when the lease is taken next.
    async fn give_lease_back(&self) {
        let held = self.lease.held.swap(0, Ordering::Relaxed);
        let give = "UPDATE ledger_state SET value = 0 WHERE name = 'sorter' AND value = $1";
        if sqlx::query(give).bind(held).execute(&self.pool).await.is_err() {
            self.lease.left.store(held, Ordering::Relaxed);
        }
    }

    /// Makes sure that nobody else sorts, until the transaction ends: who does has cleared away what is not in place.
    pub(crate) async fn hold_lease(&self, connection: &mut AnyConnection) -> Result<(), LedgerError> {
        let hold = "UPDATE ledger_state SET value = value WHERE name = 'sorter' AND value = $1";
        let held = self.lease.held.load(Ordering::Relaxed);
        let done = sqlx::query(hold).bind(held).execute(connection).await?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(LedgerError::Overtaken) }
    }

    async fn sort_once(&self) -> Result<Option<Sorted>, LedgerError> {
        let mut connection = self.pool.acquire().await?;
        merge::clear_leftovers(&mut connection).await?;
        let stand = {
            let mut index = self.index();
            index.begin_generation();
            index.stand
        };
        let batches = load::batches(&mut connection, (stand.sorted, stand.batch), self.limits.sort_events).await?;
        let Some(last) = batches.last().map(|batch| batch.seq) else {
            merge::remove_sorted(&mut connection, stand.sorted).await?;
            return Ok(None);
        };
        let sorted =
            tokio::task::spawn_blocking(move || arrange(&batches)).await.map_err(|_| LedgerError::Closed)??;
        let (segments, keys) = sorted;
        let events = crate::bytes::length(keys.len());
        let mut placed = Vec::new();
        for segment in &segments {
            placed.push(write_segment(&mut connection, segment, last).await?);
        }
        let run = write_run(&mut connection, &keys).await?;
        self.place(&mut connection, (&placed, run), last).await?;
        merge::remove_sorted(&mut connection, last).await?;
        self.merge_runs(&mut connection).await?;
        Ok(Some(Sorted { events, through: last }))
    }

    /// Puts new blocks and a new run in place, at once.
    async fn place(
        &self,
        connection: &mut AnyConnection,
        (segments, run): (&[i64], i64),
        through: i64,
    ) -> Result<(), LedgerError> {
        let mut tx = sqlx::Connection::begin(connection).await?;
        self.hold_lease(&mut tx).await?;
        state::next(&mut tx, "layout").await?;
        for segment in segments {
            let update = "UPDATE event_segments SET live = 1 WHERE segment = $1";
            sqlx::query(update).bind(*segment).execute(&mut *tx).await?;
        }
        sqlx::query("UPDATE event_key_runs SET live = 1 WHERE run = $1").bind(run).execute(&mut *tx).await?;
        state::set(&mut tx, "sorted", through).await?;
        tx.commit().await?;
        self.look_again(connection).await
    }

    /// Brings the memory to what is in place now.
    pub(crate) async fn look_again(&self, connection: &mut AnyConnection) -> Result<(), LedgerError> {
        let mut tx = sqlx::Connection::begin(connection).await?;
        let stand = state::stand(&mut tx).await?;
        self.refresh(&mut tx, stand).await?;
        tx.rollback().await?;
        Ok(())
    }
}

type Arranged = (Vec<NewSegment>, Vec<Key>);

/// Sorts the rows of batches into blocks by month, and their identities. Takes a while: not for a thread that answers.
fn arrange(batches: &[StoredBatch]) -> Result<Arranged, LedgerError> {
    let mut rows: Vec<(i64, Row<'_>)> = Vec::new();
    let mut keys = Vec::new();
    for batch in batches {
        for row in batch.rows()? {
            let month = month_of(row.time_us);
            keys.push(Key {
                identity: Identity::of(row.source, row.id),
                content: Content::of(&row),
                month: u16::try_from(month).unwrap_or(0),
            });
            rows.push((month, row));
        }
    }
    keys.sort_unstable_by_key(|key| key.identity);
    rows.sort_unstable_by(|(a_month, a), (b_month, b)| {
        (a_month, a.customer, a.time_us, a.source, a.id).cmp(&(b_month, b.customer, b.time_us, b.source, b.id))
    });
    let mut segments = Vec::new();
    let mut months = Vec::new();
    let rows: Vec<Row<'_>> = rows
        .into_iter()
        .map(|(month, row)| {
            months.push(month);
            row
        })
        .collect();
    let mut rest = rows.as_slice();
    for run in months.chunk_by(|a, b| a == b) {
        let (of_month, later) = rest.split_at_checked(run.len()).unwrap_or((rest, &[]));
        rest = later;
        let blocks = pieces(of_month).into_iter().map(new_block).collect::<Result<Vec<_>, _>>()?;
        segments.push(NewSegment { month: run.first().copied().unwrap_or(0), blocks });
    }
    Ok((segments, keys))
}

/// Months since 1970 (UTC) of an instant in microseconds; events are refused that are outside.
pub(crate) fn month_of(us: i64) -> i64 {
    DateTime::from_timestamp_micros(us)
        .map_or(0, |time| (i64::from(time.year()) - 1970) * 12 + i64::from(time.month0()))
        .clamp(0, i64::from(u16::MAX))
}

/// Cuts sorted rows so that no block has too many rows or bytes, and a customer with many has blocks of their own.
fn pieces<'r, 'a>(rows: &'r [Row<'a>]) -> Vec<&'r [Row<'a>]> {
    let mut pieces = Vec::new();
    let (mut begin, mut bytes) = (0, 0_usize);
    let mut place = 0;
    for customer in rows.chunk_by(|a, b| a.customer == b.customer) {
        // A customer who fills half a block does not share it.
        if customer.len() * 2 >= BLOCK_ROWS && place > begin {
            pieces.push((begin, place));
            (begin, bytes) = (place, 0);
        }
        for row in customer {
            if place - begin >= BLOCK_ROWS || bytes >= BLOCK_BYTES {
                pieces.push((begin, place));
                (begin, bytes) = (place, 0);
            }
            bytes = bytes.saturating_add(row.id.len() + row.data.len() + 16);
            place += 1;
        }
        if customer.len() * 2 >= BLOCK_ROWS {
            pieces.push((begin, place));
            (begin, bytes) = (place, 0);
        }
    }
    if place > begin {
        pieces.push((begin, place));
    }
    pieces.into_iter().filter_map(|(begin, end)| rows.get(begin..end)).collect()
}

fn new_block(rows: &[Row<'_>]) -> Result<NewBlock, LedgerError> {
    let failed = |_| LedgerError::Unreadable { what: "block of events", place: 0 };
    Ok(NewBlock {
        customer: rows.first().map_or("", |row| row.customer).to_owned(),
        last_customer: rows.last().map_or("", |row| row.customer).to_owned(),
        start_us: rows.iter().map(|row| row.time_us).min().unwrap_or(0),
        end_us: rows.iter().map(|row| row.time_us).max().unwrap_or(0),
        events: i64::try_from(rows.len()).unwrap_or(i64::MAX),
        body: block::pack(rows).map_err(failed)?,
    })
}

/// Blocks in one transaction.
const BLOCKS_PER_COMMIT: usize = 16;

/// Stores a segment's blocks, not yet in place. Returns its number.
async fn write_segment(
    connection: &mut AnyConnection,
    segment: &NewSegment,
    last_seq: i64,
) -> Result<i64, LedgerError> {
    let mut tx = sqlx::Connection::begin(&mut *connection).await?;
    let number = state::next(&mut tx, "segment").await?;
    let events: i64 = segment.blocks.iter().map(|block| block.events).sum();
    let insert = "INSERT INTO event_segments (segment, month, events, last_seq, live) VALUES ($1, $2, $3, $4, 0)";
    sqlx::query(insert).bind(number).bind(segment.month).bind(events).bind(last_seq).execute(&mut *tx).await?;
    tx.commit().await?;
    let mut part = 0_i64;
    for blocks in segment.blocks.chunks(BLOCKS_PER_COMMIT) {
        let mut tx = sqlx::Connection::begin(&mut *connection).await?;
        for block in blocks {
            let insert = "INSERT INTO event_blocks \
                          (segment, part, customer, last_customer, start_us, end_us, events, body) \
                          VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
            sqlx::query(insert)
                .bind(number)
                .bind(part)
                .bind(block.customer.as_str())
                .bind(block.last_customer.as_str())
                .bind(block.start_us)
                .bind(block.end_us)
                .bind(block.events)
                .bind(block.body.as_slice())
                .execute(&mut *tx)
                .await?;
            part += 1;
        }
        tx.commit().await?;
    }
    Ok(number)
}

async fn write_run(connection: &mut AnyConnection, keys: &[Key]) -> Result<i64, LedgerError> {
    let mut run = RunWriter::begin(connection, crate::bytes::length(keys.len())).await?;
    for key in keys {
        run.put(connection, key).await?;
    }
    run.end(connection).await
}
