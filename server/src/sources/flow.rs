//! Hears what a request says about its source, and tells how each source does.
//!
//! Headers that cannot be read are left aside: they are about the sender, not about the usage, which counts all the same.

use std::collections::BTreeSet;

use axum::http::HeaderMap;
use chrono::{DateTime, TimeDelta};
use engine::period::Instant;
use ledger::SourceTotals;

use super::store::{self, SourceReport};
use crate::db::{Db, DbError, day_number, to_us};
use crate::ingest::read::Allowed;

/// The header that names the source.
pub const SOURCE: &str = "ratecard-source";

/// The header with the number of a source's batch: 1, 2, 3 and so on; a repeated request repeats its number.
pub const BATCH: &str = "ratecard-batch";

/// The header that says when the request was sent, by the sender's clock (RFC 3339).
pub const SENT_AT: &str = "ratecard-sent-at";

/// The longest name of a source, as in events.
const SOURCE_CHARACTERS_MAX: usize = 255;

/// Sources that may name themselves; further ones are not followed.
const SOURCES_MAX: i64 = 100_000;

/// What a request says about its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    source: String,
    batch: Option<i64>,
    skew_us: Option<i64>,
    received: Instant,
}

impl Heard {
    /// Reads the headers. `None` where no source is named, or one that the sender may not send for.
    pub fn of(headers: &HeaderMap, allowed: Allowed<'_>, received: Instant) -> Option<Self> {
        let text = |name: &str| headers.get(name).and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
        let source = text(SOURCE).map(str::trim).filter(|source| {
            let length = source.chars().count();
            length > 0 && length <= SOURCE_CHARACTERS_MAX && !source.chars().any(char::is_control)
        })?;
        if !allowed.sources.is_empty() && !allowed.sources.iter().any(|own| own == source) {
            return None;
        }
        let batch = text(BATCH).and_then(|batch| batch.trim().parse().ok()).filter(|batch| *batch > 0_i64);
        let sent = text(SENT_AT).and_then(|sent| DateTime::parse_from_rfc3339(sent.trim()).ok());
        let skew_us = sent.map(|sent| to_us(received).saturating_sub(sent.timestamp_micros()));
        Some(Self { source: source.to_owned(), batch, skew_us, received })
    }
}

/// Notes what a request has said, after its events were taken.
pub async fn heard(db: &Db, heard: Option<&Heard>) -> Result<(), DbError> {
    let Some(Heard { source, batch, skew_us, received }) = heard else { return Ok(()) };
    let mut tx = db.begin().await?;
    store::note(&mut tx, (source, *received), *skew_us).await?;
    if store::count(&mut tx).await? > SOURCES_MAX {
        // Whoever invents names fills nothing.
        return Ok(tx.rollback().await?);
    }
    if let Some(batch) = batch {
        store::arrived(&mut tx, source, *batch).await?;
    }
    Ok(tx.commit().await?)
}

/// How a source does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name.
    pub source: String,
    /// When it was first heard, in microseconds, if it ever had anything accepted or named itself.
    pub first_us: Option<i64>,
    /// When it was last heard.
    pub last_us: Option<i64>,
    /// Whether that is too long ago.
    pub is_silent: bool,
    /// What of its events was taken.
    pub totals: Option<SourceTotals>,
    /// Events put aside: today and in all.
    pub refused: (i64, i64),
    /// What it has said about itself.
    pub report: Option<SourceReport>,
    /// The highest number of a batch that arrived.
    pub last_batch: Option<i64>,
    /// Batches that did not arrive: first and last of each gap, the earliest ones.
    pub gaps: Vec<(i64, i64)>,
    /// How many batches are missing in all.
    pub missing: i64,
}

/// Gaps that are told of a source.
const GAPS_MAX: usize = 100;

/// Every source, by name.
pub async fn sources(db: &Db, (now, silent): (Instant, TimeDelta)) -> Result<Vec<Source>, DbError> {
    let today = now.date_naive();
    let mut totals = db.ledger().sources(today).await.map_err(DbError::from)?;
    let mut refused = store::refused(db, day_number(today)).await?;
    let mut reports = store::reports(db).await?;
    let mut ranges = store::ranges(db).await?;
    let names: BTreeSet<String> = totals.keys().chain(refused.keys()).chain(reports.keys()).cloned().collect();
    let earliest = to_us(now.checked_sub_signed(silent).unwrap_or(now));
    let source = |source: String| {
        let (totals, report) = (totals.remove(&source), reports.remove(&source));
        let first = [totals.as_ref().map(|totals| totals.first_us), report.as_ref().map(|report| report.first_us)];
        let last = [totals.as_ref().map(|totals| totals.last_us), report.as_ref().map(|report| report.last_us)];
        let last_us = last.into_iter().flatten().max();
        let ranges = ranges.remove(&source).unwrap_or_default();
        let (gaps, missing) = gaps(&ranges);
        Source {
            first_us: first.into_iter().flatten().min(),
            last_us,
            is_silent: last_us.is_none_or(|last| last < earliest),
            totals,
            refused: refused.remove(&source).unwrap_or_default(),
            report,
            last_batch: ranges.iter().map(|(_, last)| *last).max(),
            gaps,
            missing,
            source,
        }
    };
    Ok(names.into_iter().map(source).collect())
}

/// What is missing between ranges in their order, beginning with 1: the first gaps, and how many batches in all.
fn gaps(ranges: &[(i64, i64)]) -> (Vec<(i64, i64)>, i64) {
    let (mut gaps, mut missing, mut seen) = (Vec::new(), 0_i64, 0_i64);
    for (first, last) in ranges {
        let expected = seen.saturating_add(1);
        if *first > expected {
            missing = missing.saturating_add(first.saturating_sub(expected));
            if gaps.len() < GAPS_MAX {
                gaps.push((expected, first.saturating_sub(1)));
            }
        }
        seen = seen.max(*last);
    }
    (gaps, missing)
}

#[cfg(test)]
mod tests {
    use super::gaps;

    #[test]
    fn gaps_begin_at_one_and_touching_ranges_have_none() {
        assert_eq!(gaps(&[]), (vec![], 0));
        assert_eq!(gaps(&[(1, 4), (5, 9)]), (vec![], 0));
        // Missing are 1, 2 and 6, 7, 8: five batches.
        assert_eq!(gaps(&[(3, 5), (9, 9)]), (vec![(1, 2), (6, 8)], 5));
        assert_eq!(gaps(&[(1, 9), (4, 4), (11, 11)]), (vec![(10, 10)], 1));
    }
}
