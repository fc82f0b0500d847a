//! Writes runs of identities, makes one of many, and takes away what is no longer in place.

use std::sync::Arc;

use sqlx::{AnyConnection, Row as _};

use crate::error::LedgerError;
use crate::keys::{self, Key, bits_for};
use crate::ledger::Shared;
use crate::place::Flip;
use crate::runs::{Filter, Run, part_of};
use crate::state;

/// Writes the sorted keys of a new run, part by part.
pub(crate) struct RunWriter<'s> {
    shared: &'s Shared,
    number: i64,
    bits: u32,
    keys: u64,
    filter: Filter,
    part: usize,
    body: Vec<u8>,
    /// Parts that wait to be stored together.
    full: Vec<(usize, Vec<u8>)>,
}

/// Parts in one transaction: few, as commits wait for it.
const PARTS_PER_COMMIT: usize = 32;

impl<'s> RunWriter<'s> {
    /// Begins a run of about `expected` keys, not yet in place.
    pub(crate) async fn begin(
        shared: &'s Shared,
        connection: &mut AnyConnection,
        expected: u64,
    ) -> Result<Self, LedgerError> {
        let bits = bits_for(expected);
        let turn = shared.turn().await;
        let mut tx = sqlx::Connection::begin(connection).await?;
        let number = state::next(&mut tx, "segment").await?;
        let insert = "INSERT INTO event_key_runs (run, bits, keys, live) VALUES ($1, $2, 0, 0)";
        sqlx::query(insert).bind(number).bind(i64::from(bits)).execute(&mut *tx).await?;
        tx.commit().await?;
        drop(turn);
        let filter = Filter::empty(expected);
        Ok(Self { shared, number, bits, keys: 0, filter, part: 0, body: Vec::new(), full: Vec::new() })
    }

    /// Adds a key; they come in order.
    pub(crate) async fn put(&mut self, connection: &mut AnyConnection, key: &Key) -> Result<(), LedgerError> {
        let part = key.identity.part(self.bits);
        if part != self.part {
            self.close_part();
            self.part = part;
            if self.full.len() >= PARTS_PER_COMMIT {
                self.store(connection).await?;
            }
        }
        keys::put(&mut self.body, key);
        self.filter.insert(key.identity);
        self.keys += 1;
        Ok(())
    }

    fn close_part(&mut self) {
        if !self.body.is_empty() {
            self.full.push((self.part, std::mem::take(&mut self.body)));
        }
    }

    async fn store(&mut self, connection: &mut AnyConnection) -> Result<(), LedgerError> {
        let _turn = self.shared.turn().await;
        let mut tx = sqlx::Connection::begin(connection).await?;
        for (part, body) in self.full.drain(..) {
            sqlx::query("INSERT INTO event_keys (run, part, body) VALUES ($1, $2, $3)")
                .bind(self.number)
                .bind(i64::try_from(part).unwrap_or(i64::MAX))
                .bind(body)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Stores the rest and the filter. The run still has to be put in place.
    pub(crate) async fn end(mut self, connection: &mut AnyConnection) -> Result<i64, LedgerError> {
        self.close_part();
        self.store(connection).await?;
        for (shard, body) in self.filter.pieces().into_iter().enumerate() {
            let _turn = self.shared.turn().await;
            sqlx::query("INSERT INTO event_filters (run, shard, body) VALUES ($1, $2, $3)")
                .bind(self.number)
                .bind(i64::try_from(shard).unwrap_or(i64::MAX))
                .bind(body)
                .execute(&mut *connection)
                .await?;
        }
        let _turn = self.shared.turn().await;
        let keys = i64::try_from(self.keys).unwrap_or(i64::MAX);
        let update = "UPDATE event_key_runs SET keys = $2 WHERE run = $1";
        sqlx::query(update).bind(self.number).bind(keys).execute(connection).await?;
        Ok(self.number)
    }
}

/// So many runs of about one size become one.
pub(crate) const FAN_IN: usize = 8;

/// A size class of runs and segments: eight times as many keys or events, one class up.
pub(crate) fn class(keys: u64) -> u32 {
    keys.max(1).ilog2() / 3
}

impl Shared {
    /// Makes one run of many that have about the same size, so that few have to be asked.
    pub(crate) async fn merge_runs(&self, connection: &mut AnyConnection) -> Result<(), LedgerError> {
        loop {
            let runs = Arc::clone(&self.index().runs);
            let mut classes: Vec<u32> = runs.iter().map(|run| class(run.keys)).collect();
            classes.sort_unstable();
            let crowded = classes.chunk_by(|a, b| a == b).find(|same| same.len() >= FAN_IN);
            let Some(crowded) = crowded.and_then(|same| same.first().copied()) else { return Ok(()) };
            let these: Vec<Arc<Run>> = runs.iter().filter(|run| class(run.keys) == crowded).cloned().collect();
            let merged = self.merge(connection, &these, |_| true).await?;
            let old: Vec<i64> = these.iter().map(|run| run.number).collect();
            self.put_in_place(connection, Flip { runs_in: &[merged], runs_out: &old, ..Flip::default() }).await?;
        }
    }

    /// Makes one run of these, of the keys whose month is to be kept. It still has to be put in place of them.
    pub(crate) async fn merge(
        &self,
        connection: &mut AnyConnection,
        these: &[Arc<Run>],
        keep: impl Fn(u16) -> bool + Send,
    ) -> Result<i64, LedgerError> {
        let total = these.iter().map(|run| run.keys).sum();
        let mut writer = RunWriter::begin(self, &mut *connection, total).await?;
        let coarse = these.iter().map(|run| run.bits).min().unwrap_or(0);
        for slice in 0..1_usize << coarse {
            let mut keys: Vec<Key> = Vec::new();
            for run in these {
                let finer = run.bits - coarse;
                for part in slice << finer..(slice + 1) << finer {
                    let body = part_of(connection, run.number, part).await?;
                    keys.extend(keys::read(&body).filter(|key| keep(key.month)));
                }
            }
            keys.sort_unstable_by_key(|key| key.identity);
            for key in &keys {
                writer.put(connection, key).await?;
            }
        }
        let merged = writer.end(connection).await?;
        let old: Vec<i64> = these.iter().map(|run| run.number).collect();
        self.front().inherit(merged, &old);
        Ok(merged)
    }
}

/// Takes away batches whose events are in blocks, few at a time.
pub(crate) async fn remove_sorted(
    shared: &Shared,
    connection: &mut AnyConnection,
    through: i64,
) -> Result<(), LedgerError> {
    loop {
        let delete = "DELETE FROM event_batches WHERE seq IN \
                      (SELECT seq FROM event_batches WHERE seq <= $1 ORDER BY seq LIMIT 25)";
        let _turn = shared.turn().await;
        let done = sqlx::query(delete).bind(through).execute(&mut *connection).await?;
        if done.rows_affected() == 0 {
            return Ok(());
        }
    }
}

/// Takes away segments and runs that are not in place: replaced, dropped, or half-written when somebody stopped.
/// Whoever calls it holds the lease, so nothing of it is being written.
pub(crate) async fn clear_leftovers(shared: &Shared, connection: &mut AnyConnection) -> Result<(), LedgerError> {
    for row in sqlx::query("SELECT segment FROM event_segments WHERE live = 0").fetch_all(&mut *connection).await? {
        let number: i64 = row.try_get(0)?;
        let pieces = "DELETE FROM event_blocks WHERE segment = $1 AND part IN \
                      (SELECT part FROM event_blocks WHERE segment = $1 ORDER BY part LIMIT 64)";
        delete_all(shared, connection, (pieces, number)).await?;
        let _turn = shared.turn().await;
        sqlx::query("DELETE FROM event_segments WHERE segment = $1").bind(number).execute(&mut *connection).await?;
    }
    for row in sqlx::query("SELECT run FROM event_key_runs WHERE live = 0").fetch_all(&mut *connection).await? {
        let number: i64 = row.try_get(0)?;
        let pieces = "DELETE FROM event_keys WHERE run = $1 AND part IN \
                      (SELECT part FROM event_keys WHERE run = $1 ORDER BY part LIMIT 256)";
        delete_all(shared, connection, (pieces, number)).await?;
        let _turn = shared.turn().await;
        sqlx::query("DELETE FROM event_filters WHERE run = $1").bind(number).execute(&mut *connection).await?;
        sqlx::query("DELETE FROM event_key_runs WHERE run = $1").bind(number).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn delete_all(
    shared: &Shared,
    connection: &mut AnyConnection,
    (pieces, number): (&'static str, i64),
) -> Result<(), LedgerError> {
    loop {
        let _turn = shared.turn().await;
        if sqlx::query(pieces).bind(number).execute(&mut *connection).await?.rows_affected() == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::class;

    #[test]
    fn a_run_of_eight_times_the_keys_is_one_class_up() {
        assert_eq!(class(500_000) + 1, class(4_000_000));
        assert_eq!(class(500_000), class(520_000));
        assert_eq!(class(0), 0);
    }
}
