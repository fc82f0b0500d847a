//! Holds a day's books against what is stored, and both against what the day was closed with.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate, NaiveTime};
use engine::period::Instant;
use engine::proof::sha256;
use ledger::{DayCount, DayTotals, LedgerError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::store::{self, ClosedDay, RefusedDay};
use crate::db::{Db, DbError, day_number, valid};

/// Why a day is not audited or closed.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// Events keep arriving while it is read.
    #[error("events of {0} keep arriving while it is audited; audit the day when it is over (00:00 UTC)")]
    Moving(NaiveDate),
    /// It is not over.
    #[error("{day} is not over; it can be closed from {from} on")]
    NotOver {
        /// The day.
        day: NaiveDate,
        /// The first instant after it.
        from: String,
    },
    /// Books and store differ.
    #[error("{0} is not closed: its books do not equal what is stored. The audit names the sources")]
    NotEqual(NaiveDate),
    /// No such day in the calendar.
    #[error("{0} has no day after it")]
    Calendar(NaiveDate),
    /// The database refused.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// What of a source differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Difference {
    /// Count or checksum of its stored events are not those of the books, less what was dropped.
    Stored,
    /// Its refused events are not all in quarantine, as far as they were not thrown away.
    Refused,
    /// Its figures are not those that the day was closed with.
    Closed,
    /// Its stored events cannot be counted, for something that is stored cannot be read.
    Unread,
}

/// Figures of a source that do not change any more when the day is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// The source; empty for events whose source could not be read.
    pub source: String,
    /// New events.
    pub accepted: i64,
    /// The digests of these, added up.
    pub checksum: i64,
    /// Events that were there already.
    pub duplicates: i64,
    /// Events that contradict another, and changes that could not be made.
    pub conflicts: i64,
    /// Events that were put aside, conflicts among them.
    pub refused: i64,
}

/// A source's day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuditLine {
    /// What the books say.
    #[serde(flatten)]
    pub books: Figures,
    /// How many of its events were dropped since, month by month, after they were exported.
    pub dropped: i64,
    /// How many events are stored; left out where that cannot be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored: Option<i64>,
    /// The digests of these, added up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored_checksum: Option<i64>,
    /// How many of its refused events are in quarantine.
    pub quarantined: i64,
    /// How many were there, were settled and thrown away to make room.
    pub removed: i64,
    /// What does not agree.
    pub differences: Vec<Difference>,
}

/// A day's audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// The day (UTC) on which events were received.
    pub day: NaiveDate,
    /// By source.
    pub lines: Vec<AuditLine>,
    /// What is stored and cannot be read.
    pub unreadable: Option<String>,
    /// When it was closed, if it was.
    pub closed: Option<ClosedDay>,
    /// Whether the closed figures are those that were written.
    pub closed_intact: bool,
}

impl Audit {
    /// Whether everything agrees.
    pub fn is_equal(&self) -> bool {
        self.unreadable.is_none() && self.closed_intact && self.lines.iter().all(|line| line.differences.is_empty())
    }
}

/// What books and store say at one time.
struct Seen {
    days: BTreeMap<String, DayCount>,
    refused: BTreeMap<String, RefusedDay>,
    kept: BTreeMap<String, i64>,
    stored: Result<BTreeMap<String, DayTotals>, String>,
}

/// How often a day that moves is read.
const ATTEMPTS: usize = 3;

/// Audits a day. Reads every stored event.
pub async fn audit(db: &Db, day: NaiveDate) -> Result<Audit, AuditError> {
    let seen = seen(db, day).await?;
    let closed = store::closed(db, day_number(day)).await?;
    let figures: Vec<Figures> = match &closed {
        Some(closed) => valid("closed day", &closed.body, |body| serde_json::from_str(body).ok())?,
        None => Vec::new(),
    };
    let closed_intact = closed.as_ref().is_none_or(|closed| closed.digest == digest(day, &closed.body));
    let figures: BTreeMap<&str, &Figures> = figures.iter().map(|figures| (figures.source.as_str(), figures)).collect();
    let sources = seen.days.keys().chain(seen.refused.keys()).chain(seen.kept.keys()).map(String::as_str);
    let stored = seen.stored.iter().flat_map(|stored| stored.keys()).map(String::as_str);
    let sources: BTreeSet<&str> = sources.chain(stored).chain(figures.keys().copied()).collect();
    let line = |source: &&str| line(&seen, source, closed.is_some().then(|| figures.get(source).copied()));
    let lines = sources.iter().map(line).collect();
    Ok(Audit { day, lines, unreadable: seen.stored.err(), closed, closed_intact })
}

/// Reads the books before and after the store, until they are the same.
async fn seen(db: &Db, day: NaiveDate) -> Result<Seen, AuditError> {
    let span = span(day)?;
    for _ in 0..ATTEMPTS {
        let days = db.ledger().day(day).await.map_err(DbError::from)?;
        let refused = store::refused_books(db, day_number(day)).await?;
        let stored = match db.ledger().stored_on(day).await {
            Ok(stored) => Ok(stored),
            Err(error @ LedgerError::Unreadable { .. }) => Err(error.to_string()),
            Err(
                error @ (LedgerError::Db(_)
                | LedgerError::Shared(_)
                | LedgerError::Closed
                | LedgerError::Crowded { .. }
                | LedgerError::Overtaken),
            ) => {
                return Err(DbError::from(error).into());
            }
        };
        let kept = store::refused_kept(db, span).await?;
        let later = db.ledger().day(day).await.map_err(DbError::from)?;
        if later == days && store::refused_books(db, day_number(day)).await? == refused {
            return Ok(Seen { days, refused, kept, stored });
        }
    }
    Err(AuditError::Moving(day))
}

fn span(day: NaiveDate) -> Result<(Instant, Instant), AuditError> {
    let next = day.checked_add_days(Days::new(1)).ok_or(AuditError::Calendar(day))?;
    Ok((day.and_time(NaiveTime::MIN).and_utc(), next.and_time(NaiveTime::MIN).and_utc()))
}

/// A source's line. `closed` is there if the day is closed, and then its figures, if it had any.
fn line(seen: &Seen, source: &str, closed: Option<Option<&Figures>>) -> AuditLine {
    let day = seen.days.get(source);
    let refused = seen.refused.get(source).copied().unwrap_or_default();
    // What must be stored; what came in less what was exported and dropped since.
    let totals = day.map(DayCount::totals).unwrap_or_default();
    let books = Figures {
        source: source.to_owned(),
        accepted: day.map_or(0, |day| day.accepted),
        checksum: day.map_or(0, |day| day.checksum),
        duplicates: day.map_or(0, |day| day.duplicates),
        conflicts: day.map_or(0, |day| day.conflicts),
        refused: refused.refused,
    };
    let stored = seen.stored.as_ref().ok().map(|stored| stored.get(source).copied().unwrap_or_default());
    let quarantined = seen.kept.get(source).copied().unwrap_or(0);
    let mut differences = Vec::new();
    match stored {
        Some(stored) if stored != totals => differences.push(Difference::Stored),
        Some(_) => {}
        None => differences.push(Difference::Unread),
    }
    if quarantined.saturating_add(refused.removed) != refused.refused {
        differences.push(Difference::Refused);
    }
    if closed.is_some_and(|closed| closed != Some(&books)) {
        differences.push(Difference::Closed);
    }
    AuditLine {
        books,
        dropped: day.map_or(0, |day| day.dropped.accepted),
        stored: stored.map(|stored| stored.accepted),
        stored_checksum: stored.map(|stored| stored.checksum),
        quarantined,
        removed: refused.removed,
        differences,
    }
}

fn digest(day: NaiveDate, body: &str) -> String {
    sha256(format!("{day}\n{body}").as_bytes())
}

/// Closes a day that is over and whose books equal what is stored. Closing it again changes nothing.
pub async fn close(db: &Db, day: NaiveDate, (by, now): (&str, Instant)) -> Result<Audit, AuditError> {
    let (_, end) = span(day)?;
    if now < end {
        return Err(AuditError::NotOver { day, from: end.to_rfc3339() });
    }
    let seen = audit(db, day).await?;
    if !seen.is_equal() {
        return Err(AuditError::NotEqual(day));
    }
    if seen.closed.is_none() {
        let figures: Vec<&Figures> = seen.lines.iter().map(|line| &line.books).collect();
        // Figures have no key that is not a text, so that they can always be written.
        let body = serde_json::to_string(&figures).unwrap_or_default();
        let closed = ClosedDay { at: now, by: by.to_owned(), digest: digest(day, &body), body };
        store::close(db, day_number(day), &closed).await?;
    }
    let closed = store::closed(db, day_number(day)).await?;
    Ok(Audit { closed, ..seen })
}
