//! The books of each day's intake, by source: counts and a checksum that must equal what is stored.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use chrono::{DateTime, Datelike, NaiveDate};
use sqlx::{AnyConnection, Row as _};

use crate::error::LedgerError;
use crate::identity::Content;
use crate::ledger::Ledger;
use crate::retention::Gone;
use crate::row::Row;
use crate::scan::Query;

/// What a source has sent on a day, by when it was received (UTC).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayCount {
    day: i64,
    /// New events.
    pub accepted: i64,
    /// The digests of the new events, added up: tells whether what is stored is what came.
    pub checksum: i64,
    /// Events that were there already.
    pub duplicates: i64,
    /// Events that contradict one that is there, and changes that could not be made.
    pub conflicts: i64,
    /// When the first commit of the day was made, in microseconds.
    pub first_us: i64,
    /// When the last one was made: the source's heartbeat.
    pub last_us: i64,
    /// The furthest that an event's time was ahead of our clock; negative where all were behind.
    pub skew_us: i64,
    /// Of the new events, those whose month was dropped since.
    pub dropped: DayTotals,
}

/// Count and checksum of the events that are stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DayTotals {
    /// How many.
    pub accepted: i64,
    /// Their digests, added up.
    pub checksum: i64,
}

/// What a source has sent so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceTotals {
    /// New events.
    pub accepted: i64,
    /// Events that were there already.
    pub duplicates: i64,
    /// Events that contradict one that is there, and changes that could not be made.
    pub conflicts: i64,
    /// New events of today.
    pub accepted_today: i64,
    /// Events of today that were there already.
    pub duplicates_today: i64,
    /// Conflicts of today.
    pub conflicts_today: i64,
    /// When its first commit was made, in microseconds.
    pub first_us: i64,
    /// When its last one was made.
    pub last_us: i64,
    /// The furthest that an event's time was ahead of our clock; negative where all were behind, `None` without events.
    pub skew_us: Option<i64>,
}

impl DayCount {
    pub(crate) fn at(received_us: i64) -> Self {
        Self {
            day: day_of(received_us),
            accepted: 0,
            checksum: 0,
            duplicates: 0,
            conflicts: 0,
            first_us: received_us,
            last_us: received_us,
            skew_us: i64::MIN,
            dropped: DayTotals::default(),
        }
    }

    /// What must be stored: what came in, without what was dropped.
    pub fn totals(&self) -> DayTotals {
        DayTotals {
            accepted: self.accepted.saturating_sub(self.dropped.accepted),
            checksum: self.checksum.saturating_sub(self.dropped.checksum),
        }
    }
}

impl DayTotals {
    /// Counts one more event.
    pub fn add(&mut self, row: &Row<'_>) {
        self.accepted = self.accepted.saturating_add(1);
        self.checksum = self.checksum.saturating_add(Content::of(row).sum_part());
    }

    /// Of several.
    pub fn sum<'t>(all: impl IntoIterator<Item = &'t Self>) -> Self {
        all.into_iter().fold(Self::default(), |sum, one| Self {
            accepted: sum.accepted.saturating_add(one.accepted),
            checksum: sum.checksum.saturating_add(one.checksum),
        })
    }
}

/// The day (UTC) as the number YYYYMMDD.
pub(crate) fn day_of(us: i64) -> i64 {
    DateTime::from_timestamp_micros(us).map_or(0, |time| day_number(time.date_naive()))
}

fn day_number(day: NaiveDate) -> i64 {
    i64::from(day.year()) * 10_000 + i64::from(day.month()) * 100 + i64::from(day.day())
}

/// Sources in one statement.
const ROWS_MAX: usize = 500;

/// Adds a commit to the day's books.
pub(crate) async fn add(connection: &mut AnyConnection, counts: &BTreeMap<&str, DayCount>) -> Result<(), LedgerError> {
    let all: Vec<(&str, &DayCount)> = counts.iter().map(|(source, count)| (*source, count)).collect();
    for rows in all.chunks(ROWS_MAX) {
        let marks: Vec<String> = (0..rows.len())
            .map(|row| {
                let marks: Vec<String> = (1..=9).map(|column| format!("${}", row * 9 + column)).collect();
                format!("({})", marks.join(", "))
            })
            .collect();
        let upsert = format!(
            "INSERT INTO intake_days \
             (day, source, accepted, checksum, duplicates, conflicts, first_us, last_us, skew_us) VALUES {} \
             ON CONFLICT (day, source) DO UPDATE SET accepted = intake_days.accepted + excluded.accepted, \
             checksum = intake_days.checksum + excluded.checksum, \
             duplicates = intake_days.duplicates + excluded.duplicates, \
             conflicts = intake_days.conflicts + excluded.conflicts, \
             first_us = CASE WHEN excluded.first_us < intake_days.first_us THEN excluded.first_us \
             ELSE intake_days.first_us END, \
             last_us = CASE WHEN excluded.last_us > intake_days.last_us THEN excluded.last_us \
             ELSE intake_days.last_us END, \
             skew_us = CASE WHEN excluded.skew_us > intake_days.skew_us THEN excluded.skew_us \
             ELSE intake_days.skew_us END",
            marks.join(", ")
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(upsert)).persistent(rows.len() == 1);
        for (source, count) in rows {
            query = query
                .bind(count.day)
                .bind(*source)
                .bind(count.accepted)
                .bind(count.checksum)
                .bind(count.duplicates)
                .bind(count.conflicts)
                .bind(count.first_us)
                .bind(count.last_us)
                .bind(count.skew_us);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Notes in the books of their days that events are gone.
pub(crate) async fn note_gone(connection: &mut AnyConnection, gone: &Gone) -> Result<(), LedgerError> {
    for ((day, source), totals) in gone {
        let update = "UPDATE intake_days SET dropped = dropped + $3, dropped_checksum = dropped_checksum + $4 \
                      WHERE day = $1 AND source = $2";
        sqlx::query(update)
            .bind(*day)
            .bind(source.as_str())
            .bind(totals.accepted)
            .bind(totals.checksum)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

impl Ledger {
    /// The books of a day (UTC, by when events were received), by source.
    pub async fn day(&self, day: NaiveDate) -> Result<BTreeMap<String, DayCount>, LedgerError> {
        self.day_counts(day_number(day), day_number(day)).await.map(|list| list.into_iter().collect())
    }

    /// The latest day's books of every source: when it was last heard of.
    pub async fn heartbeats(&self) -> Result<BTreeMap<String, DayCount>, LedgerError> {
        // In the order of days, so that the last one stays.
        self.day_counts(0, i64::MAX).await.map(|list| list.into_iter().collect())
    }

    /// What every source has sent so far, and on the day `today` (UTC).
    pub async fn sources(&self, today: NaiveDate) -> Result<BTreeMap<String, SourceTotals>, LedgerError> {
        // PostgreSQL adds whole numbers up to decimals, which have to be made whole again.
        let select = "SELECT source, CAST(SUM(accepted) AS BIGINT), CAST(SUM(duplicates) AS BIGINT), \
                      CAST(SUM(conflicts) AS BIGINT), \
                      CAST(SUM(CASE WHEN day = $1 THEN accepted ELSE 0 END) AS BIGINT), \
                      CAST(SUM(CASE WHEN day = $1 THEN duplicates ELSE 0 END) AS BIGINT), \
                      CAST(SUM(CASE WHEN day = $1 THEN conflicts ELSE 0 END) AS BIGINT), \
                      MIN(first_us), MAX(last_us), MAX(skew_us) FROM intake_days GROUP BY source";
        let rows = sqlx::query(select).bind(day_number(today)).fetch_all(&self.shared.pool).await?;
        let read = |row: &sqlx::any::AnyRow| {
            let skew: i64 = row.try_get(9)?;
            let totals = SourceTotals {
                accepted: row.try_get(1)?,
                duplicates: row.try_get(2)?,
                conflicts: row.try_get(3)?,
                accepted_today: row.try_get(4)?,
                duplicates_today: row.try_get(5)?,
                conflicts_today: row.try_get(6)?,
                first_us: row.try_get(7)?,
                last_us: row.try_get(8)?,
                skew_us: (skew > i64::MIN).then_some(skew),
            };
            Ok((row.try_get(0)?, totals))
        };
        rows.iter().map(read).collect()
    }

    async fn day_counts(&self, first: i64, last: i64) -> Result<Vec<(String, DayCount)>, LedgerError> {
        let select = "SELECT source, day, accepted, checksum, duplicates, conflicts, first_us, last_us, skew_us, \
                      dropped, dropped_checksum FROM intake_days WHERE day >= $1 AND day <= $2 ORDER BY day, source";
        let rows = sqlx::query(select).bind(first).bind(last).fetch_all(&self.shared.pool).await?;
        let read = |row: &sqlx::any::AnyRow| {
            Ok((
                row.try_get(0)?,
                DayCount {
                    day: row.try_get(1)?,
                    accepted: row.try_get(2)?,
                    checksum: row.try_get(3)?,
                    duplicates: row.try_get(4)?,
                    conflicts: row.try_get(5)?,
                    first_us: row.try_get(6)?,
                    last_us: row.try_get(7)?,
                    skew_us: row.try_get(8)?,
                    dropped: DayTotals { accepted: row.try_get(9)?, checksum: row.try_get(10)? },
                },
            ))
        };
        rows.iter().map(read).collect()
    }

    /// Counts what is stored of the events that were received on a day (UTC), by source. Reads every stored event.
    pub async fn stored_on(&self, day: NaiveDate) -> Result<BTreeMap<String, DayTotals>, LedgerError> {
        let (mut totals, wanted) = (BTreeMap::<String, DayTotals>::new(), day_number(day));
        let all = Query { customer: None, start_us: i64::MIN, end_us: i64::MAX, after_seq: 0 };
        let count = |row: &Row<'_>, _: Option<&str>| {
            if day_of(row.received_us) == wanted {
                if !totals.contains_key(row.source) {
                    totals.insert(row.source.to_owned(), DayTotals::default());
                }
                if let Some(sum) = totals.get_mut(row.source) {
                    sum.add(row);
                }
            }
            ControlFlow::Continue(())
        };
        self.scan(all, count).await?;
        Ok(totals)
    }
}
