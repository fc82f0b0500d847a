//! Puts commits in their place: events into compressed blocks by month, customer and time; identities into runs.
//!
//! Written in small transactions that nobody waits for long; a last one puts everything in place at once. What a stop
//! leaves half-done is not in place and is taken away by the next pass.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use chrono::{DateTime, Datelike};
use engine::period::Instant;
use sqlx::AnyConnection;

use crate::arrange::{Arranged, arrange};
use crate::error::LedgerError;
use crate::keys::Key;
use crate::ledger::{Ledger, Shared};
use crate::load;
use crate::merge::{self, RunWriter};
use crate::place::Flip;
use crate::segment::write_segment;

/// What a pass did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sorted {
    /// Events that were put into blocks.
    pub events: u64,
    /// All commits through this one are in blocks now.
    pub through: i64,
}

/// How long a pass may take before another process may begin one.
const LEASE_MINUTES: i64 = 30;

impl Ledger {
    /// Sorts what waits, up to the limit. `None` where nothing waits, or where another process is at it.
    pub async fn sort(&self, now: Instant) -> Result<Option<Sorted>, LedgerError> {
        self.catch_up().await?;
        if !self.shared.take_lease(now).await? {
            return Ok(None);
        }
        let began = std::time::Instant::now();
        let sorted = self.sort_with_lease().await;
        if let Ok(Some(sorted)) = &sorted {
            self.shared.meter.sorted(*sorted, began.elapsed());
        }
        self.shared.give_lease_back().await;
        self.shared.sorted.notify_waiters();
        sorted
    }

    async fn sort_with_lease(&self) -> Result<Option<Sorted>, LedgerError> {
        // Whoever had the lease until now may have sorted what seemed to wait.
        self.catch_up().await?;
        self.shared.sort_once().await
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
    pub(crate) async fn take_lease(&self, now: Instant) -> Result<bool, LedgerError> {
        let now_us = now.timestamp_micros();
        let until_us = now_us.saturating_add(LEASE_MINUTES * 60_000_000);
        // A lease that ends later than any lease could is from a clock that was wrong. One that this process could not
        // give back is still its own.
        let take =
            "UPDATE ledger_state SET value = $1 WHERE name = 'sorter' AND (value < $2 OR value > $1 OR value = $3)";
        let left = self.lease.left.load(Ordering::Relaxed);
        let _turn = self.turn().await;
        let done = sqlx::query(take).bind(until_us).bind(now_us).bind(left).execute(&self.pool).await?;
        let is_taken = done.rows_affected() == 1;
        if is_taken {
            self.lease.held.store(until_us, Ordering::Relaxed);
            self.lease.left.store(0, Ordering::Relaxed);
        }
        Ok(is_taken)
    }

    /// Gives the lease back, unless somebody else has it by now. What fails is made good when the lease is taken next.
    pub(crate) async fn give_lease_back(&self) {
        let _turn = self.turn().await;
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
        merge::clear_leftovers(self, &mut connection).await?;
        let stand = {
            let mut index = self.index();
            index.begin_generation();
            index.stand
        };
        let batches = load::batches(&mut connection, (stand.sorted, stand.batch), self.limits.sort_events).await?;
        let Some(last) = batches.last().map(|batch| batch.seq) else {
            merge::remove_sorted(self, &mut connection, stand.sorted).await?;
            return Ok(None);
        };
        let arranged = tokio::task::spawn_blocking(move || arrange(&batches));
        let Arranged { segments, keys } = arranged.await.map_err(|_| LedgerError::Closed)??;
        let mut placed = Vec::new();
        for segment in &segments {
            placed.push(write_segment(self, &mut connection, segment, last).await?);
        }
        let run = write_run(self, &mut connection, &keys).await?;
        let (front, events) = (self.front(), crate::bytes::length(keys.len()));
        let filled = Arc::clone(&front);
        let fill = tokio::task::spawn_blocking(move || filled.put(keys.into_iter().map(|key| key.identity)));
        fill.await.map_err(|_| LedgerError::Closed)?;
        front.cover(run);
        let flip =
            Flip { segments_in: &placed, runs_in: &[run], sorted: Some((stand.sorted, last)), ..Flip::default() };
        self.put_in_place(&mut connection, flip).await?;
        merge::remove_sorted(self, &mut connection, last).await?;
        self.merge_runs(&mut connection).await?;
        self.fold_segments(&mut connection).await?;
        Ok(Some(Sorted { events, through: last }))
    }
}

/// Months since 1970 (UTC) of an instant in microseconds; events are refused that are outside.
pub(crate) fn month_of(us: i64) -> i64 {
    DateTime::from_timestamp_micros(us)
        .map_or(0, |time| (i64::from(time.year()) - 1970) * 12 + i64::from(time.month0()))
        .clamp(0, i64::from(u16::MAX))
}

async fn write_run(shared: &Shared, connection: &mut AnyConnection, keys: &[Key]) -> Result<i64, LedgerError> {
    let mut run = RunWriter::begin(shared, connection, crate::bytes::length(keys.len())).await?;
    for key in keys {
        run.put(connection, key).await?;
    }
    run.end(connection).await
}
