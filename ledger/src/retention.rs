//! Takes a whole month out of the ledger: its events, their identities, their changes. Nothing else is ever deleted.
//!
//! All of it goes at once or not at all. The books of the days in which the events came in note what is gone.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::period::{Instant, Month};
use sqlx::{AnyConnection, Row as _};

use crate::block::Unpacked;
use crate::days::{self, DayTotals};
use crate::error::LedgerError;
use crate::index::Segment;
use crate::ledger::{Ledger, Shared};
use crate::place::Flip;
use crate::scan::block_body;
use crate::sort::month_of;
use crate::state;
use crate::{changes, counts, merge};

/// Why a month is not dropped; it stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum DropError {
    /// Events of the month, or others, wait to be sorted.
    #[error("{0} is not dropped: some of its events wait to be sorted into blocks; sort first, then drop it")]
    Unsorted(Month),
    /// A pass of sorting is going on.
    #[error("{0} is not dropped: events are being sorted just now; try again in a moment")]
    Busy(Month),
    /// What is stored is not what was expected.
    #[error(
        "{month} is not dropped: {} events with checksum {} are stored, {} with checksum {} were expected; \
         export the month again",
        .stored.accepted, .stored.checksum, .expected.accepted, .expected.checksum
    )]
    Differs {
        /// The month.
        month: Month,
        /// What is there.
        stored: DayTotals,
        /// What was said to be there.
        expected: DayTotals,
    },
    /// The ledger could not do it.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl From<sqlx::Error> for DropError {
    fn from(error: sqlx::Error) -> Self {
        Self::Ledger(error.into())
    }
}

/// By source and by the day of receipt (as YYYYMMDD), what goes.
pub(crate) type Gone = BTreeMap<(i64, String), DayTotals>;

/// A month (UTC) as microseconds, start and end, the end not included.
pub fn month_span(month: Month) -> (i64, i64) {
    let start = |day: chrono::NaiveDate| day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros();
    (start(month.first_day()), start(month.next_first_day()))
}

impl Ledger {
    /// Takes away everything of a month (UTC), if what is stored is what is expected. Afterwards the same events are new
    /// if they come again. Returns what went.
    pub async fn drop_month(
        &self,
        month: Month,
        expected: Option<DayTotals>,
        now: Instant,
    ) -> Result<DayTotals, DropError> {
        if !self.shared.take_lease(now).await? {
            return Err(DropError::Busy(month));
        }
        let dropped = self.shared.drop_month(month, expected).await;
        self.shared.give_lease_back().await;
        dropped
    }
}

impl Ledger {
    /// The first month that was dropped, has not come back, and lies in this time: what is counted over it is too little.
    pub fn dropped_in(&self, (start_us, end_us): (i64, i64)) -> Option<Month> {
        let (first, last) = (month_of(start_us), month_of(end_us.saturating_sub(1)));
        let dropped = self.shared.index().dropped.iter().copied().find(|month| first <= *month && *month <= last)?;
        Month::parse(&format!("{:04}-{:02}", 1970 + dropped / 12, dropped % 12 + 1)).ok()
    }

    /// Notes that all that went with a month at once has come back. `false` if no such thing was dropped.
    pub async fn note_restored(&self, month: Month, came: DayTotals) -> Result<bool, LedgerError> {
        let mut tx = crate::begin(&self.shared.pool).await?;
        state::hold_commits(&mut tx).await?;
        let delete = "DELETE FROM event_drops WHERE month = $1 AND checksum = $2 AND events = $3";
        let done = sqlx::query(delete)
            .bind(month_of(month_span(month).0))
            .bind(came.checksum)
            .bind(came.accepted)
            .execute(&mut *tx)
            .await?;
        // Makes every process look at it again.
        state::next(&mut tx, "layout").await?;
        tx.commit().await?;
        self.catch_up().await?;
        Ok(done.rows_affected() > 0)
    }
}

/// The months that were dropped and have not come back.
pub(crate) async fn dropped(connection: &mut AnyConnection) -> Result<Vec<i64>, LedgerError> {
    let rows = sqlx::query("SELECT DISTINCT month FROM event_drops ORDER BY month").fetch_all(connection).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

async fn note_drop(connection: &mut AnyConnection, month: Month, gone: DayTotals) -> Result<(), LedgerError> {
    let insert = "INSERT INTO event_drops (month, checksum, events) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    let number = month_of(month_span(month).0);
    sqlx::query(insert).bind(number).bind(gone.checksum).bind(gone.accepted).execute(connection).await?;
    Ok(())
}

impl Shared {
    /// Whoever calls it holds the lease.
    async fn drop_month(&self, month: Month, expected: Option<DayTotals>) -> Result<DayTotals, DropError> {
        let mut connection = self.pool.acquire().await?;
        merge::clear_leftovers(self, &mut connection).await?;
        self.look_again(&mut connection).await?;
        self.check_sorted(month)?;
        let number = month_of(month_span(month).0);
        let (segments, runs) = {
            let index = self.index();
            (Arc::clone(&index.segments), Arc::clone(&index.runs))
        };
        let segments: Vec<&Arc<Segment>> = segments.iter().filter(|segment| segment.month == number).collect();
        let gone = gone(&mut connection, &segments).await?;
        let stored = DayTotals::sum(gone.values());
        if let Some(expected) = expected.filter(|expected| *expected != stored) {
            return Err(DropError::Differs { month, stored, expected });
        }
        if segments.is_empty() {
            return Ok(stored);
        }
        let old_runs: Vec<i64> = runs.iter().map(|run| run.number).collect();
        let kept = self.merge(&mut connection, &runs, |of| i64::from(of) != number).await?;
        let old_segments: Vec<i64> = segments.iter().map(|segment| segment.number).collect();
        let flip = Flip { segments_out: &old_segments, runs_in: &[kept], runs_out: &old_runs, ..Flip::default() };
        self.drop_at_once(&mut connection, month, (flip, &gone)).await?;
        self.look_again(&mut connection).await?;
        merge::clear_leftovers(self, &mut connection).await?;
        Ok(stored)
    }

    async fn drop_at_once(
        &self,
        connection: &mut AnyConnection,
        month: Month,
        (flip, gone): (Flip<'_>, &Gone),
    ) -> Result<(), DropError> {
        let _turn = self.turn().await;
        let mut tx = sqlx::Connection::begin(connection).await?;
        state::hold_commits(&mut tx).await?;
        // From here on nothing comes in. What came in meanwhile must not lose its changes.
        let stand = state::stand(&mut tx).await?;
        self.refresh(&mut tx, stand).await?;
        self.check_sorted(month)?;
        self.hold_lease(&mut tx).await?;
        flip.apply(&mut tx).await?;
        changes::remove(&mut tx, month_span(month)).await?;
        counts::remove(&mut tx, month_span(month)).await?;
        days::note_gone(&mut tx, gone).await?;
        note_drop(&mut tx, month, DayTotals::sum(gone.values())).await?;
        tx.commit().await?;
        Ok(())
    }

    fn check_sorted(&self, month: Month) -> Result<(), DropError> {
        let (start_us, end_us) = month_span(month);
        let waits = self.index().tail.values().any(|batch| batch.start_us < end_us && batch.end_us >= start_us);
        if waits { Err(DropError::Unsorted(month)) } else { Ok(()) }
    }
}

async fn gone(connection: &mut AnyConnection, segments: &[&Arc<Segment>]) -> Result<Gone, LedgerError> {
    let mut gone = Gone::new();
    for segment in segments {
        let unreadable = || LedgerError::Unreadable { what: "block of events", place: segment.number };
        for head in &segment.blocks {
            let body = block_body(connection, segment.number, head.part).await?;
            let unpacked = Unpacked::whole(&body).ok_or_else(unreadable)?;
            for row in unpacked.rows().ok_or_else(unreadable)? {
                let totals = gone.entry((days::day_of(row.received_us), row.source.to_owned())).or_default();
                totals.add(&row);
            }
        }
    }
    Ok(gone)
}
