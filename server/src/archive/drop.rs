//! Drops a month of events, if nobody needs it any more and an export holds all of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;

use chrono::Datelike;
use engine::period::{Instant, Month};
use ledger::{DayTotals, DropError, Query, month_span};
use sqlx::Row;

use super::error::ArchiveError;
use super::manifest::Manifest;
use crate::db::{Db, DbError, valid};

/// Where an export of the month must be.
#[derive(Debug, Clone, Copy)]
pub enum Export<'a> {
    /// In this folder.
    In(&'a Path),
    /// Nowhere: the events are gone for good.
    None,
}

/// How a month is to be dropped.
#[derive(Debug, Clone, Copy)]
pub struct DropOrder<'a> {
    /// The month (UTC).
    pub month: Month,
    /// Where its export must be.
    pub export: Export<'a>,
    /// How many whole months are kept beside the current one.
    pub retention_months: Option<u32>,
    /// Whether it is dropped even with events that no invoice covers.
    pub though_unbilled: bool,
}

/// Drops a month (UTC) that is over, older than the retention and billed. Returns what went.
pub async fn drop(db: &Db, order: DropOrder<'_>, now: Instant) -> Result<DayTotals, ArchiveError> {
    let DropOrder { month, export, retention_months, though_unbilled } = order;
    check_age(month, retention_months, now)?;
    let latest = latest_billed(db).await?;
    if latest.is_none_or(|latest| latest <= month) {
        return Err(ArchiveError::NotBilled { month, latest });
    }
    let ledger = db.ledger();
    ledger.sort_all(now).await?;
    let stored = stored_months(db).into_iter().find(|(stored, _)| *stored == month);
    let Some((_, events)) = stored else { return Err(ArchiveError::Nothing(month)) };
    if !though_unbilled {
        check_billed(db, month).await?;
    }
    let folder = match export {
        Export::In(folder) => folder,
        Export::None => return Ok(ledger.drop_month(month, None, now).await?),
    };
    let mut found = DayTotals { accepted: events, checksum: 0 };
    for (path, manifest) in Manifest::all_of(folder, month)? {
        if manifest.rows != events {
            continue;
        }
        manifest.check(&path)?;
        // Held against what is stored once more, at the instant of dropping.
        match ledger.drop_month(month, Some(manifest.totals()), now).await {
            Err(DropError::Differs { stored, .. }) => found = stored,
            done => return Ok(done?),
        }
    }
    let DayTotals { accepted: events, checksum } = found;
    Err(ArchiveError::NotExported { month, folder: folder.to_path_buf(), events, checksum })
}

/// The months of sorted events, and how many events each has.
pub fn stored_months(db: &Db) -> Vec<(Month, i64)> {
    let months = db.ledger().stats().months;
    let read = |(month, size): (i64, ledger::MonthSize)| {
        Some((month_of_number(month).ok()?, i64::try_from(size.events).unwrap_or(i64::MAX)))
    };
    months.into_iter().filter_map(read).collect()
}

/// The last month for which any invoice was issued.
pub(super) async fn latest_billed(db: &Db) -> Result<Option<Month>, DbError> {
    let row = sqlx::query("SELECT MAX(month) FROM invoices").fetch_one(db.pool()).await?;
    let latest: Option<String> = row.try_get(0)?;
    latest.map(|text| valid("month", &text, |text| Month::parse(text).ok())).transpose()
}

/// Refuses a month with an event that counts and lies in no invoice's period.
async fn check_billed(db: &Db, month: Month) -> Result<(), ArchiveError> {
    let (start_us, end_us) = month_span(month);
    let select = "SELECT customer, start_us, end_us FROM invoices WHERE start_us < $2 AND end_us > $1";
    let mut billed: BTreeMap<String, Vec<(i64, i64)>> = BTreeMap::new();
    for row in sqlx::query(select).bind(start_us).bind(end_us).fetch_all(db.pool()).await.map_err(DbError::from)? {
        let read = || Ok::<_, sqlx::Error>((row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?)));
        let (customer, period): (String, (i64, i64)) = read().map_err(DbError::from)?;
        billed.entry(customer).or_default().push(period);
    }
    let mut unbilled = BTreeSet::new();
    let look = |row: &ledger::Row<'_>, changed_by: Option<&str>| {
        let covers = |(start, end): &(i64, i64)| *start <= row.time_us && row.time_us < *end;
        let is_billed = billed.get(row.customer).is_some_and(|periods| periods.iter().any(covers));
        if !is_billed && changed_by.is_none() && row.is_usage() && !unbilled.contains(row.customer) {
            unbilled.insert(row.customer.to_owned());
        }
        ControlFlow::Continue(())
    };
    db.ledger().scan(Query { customer: None, start_us, end_us, after_seq: 0 }, look).await?;
    let customers = unbilled.len();
    match unbilled.into_iter().next() {
        Some(first) => Err(ArchiveError::Unbilled { month, customers, first }),
        None => Ok(()),
    }
}

fn check_age(month: Month, retention_months: Option<u32>, now: Instant) -> Result<(), ArchiveError> {
    if month >= first_kept(0, now)? {
        return Err(ArchiveError::NotOver(month));
    }
    let Some(months) = retention_months else { return Ok(()) };
    let first_kept = first_kept(months, now)?;
    if month >= first_kept { Err(ArchiveError::Kept { month, months, first_kept }) } else { Ok(()) }
}

/// The first month that is kept when so many whole months are kept beside the current one (UTC).
pub(super) fn first_kept(months: u32, now: Instant) -> Result<Month, ArchiveError> {
    let current = i64::from(now.year()) * 12 + i64::from(now.month0()) - 1970 * 12;
    // Nothing is stored of the time before 1970.
    month_of_number(current.saturating_sub(i64::from(months)).max(0))
}

/// The month of a number, counted from January 1970.
fn month_of_number(number: i64) -> Result<Month, ArchiveError> {
    Ok(Month::parse(&format!("{:04}-{:02}", 1970 + number / 12, number % 12 + 1))?)
}

#[cfg(test)]
mod tests {
    use engine::period::{Instant, Month};

    use super::{ArchiveError, check_age};

    fn check(month: &str, retention: Option<u32>) -> Result<(), ArchiveError> {
        let now: Instant = "2027-01-15T00:00:00Z".parse().unwrap();
        check_age(Month::parse(month).unwrap(), retention, now)
    }

    #[test]
    fn the_current_month_is_never_dropped() {
        assert!(matches!(check("2027-01", None), Err(ArchiveError::NotOver(_))));
        assert!(matches!(check("2027-01", Some(0)), Err(ArchiveError::NotOver(_))));
        assert!(check("2026-12", None).is_ok() && check("2026-12", Some(0)).is_ok());
    }

    #[test]
    fn two_months_beside_the_current_one_are_kept() {
        let refused = check("2026-11", Some(2)).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "2026-11 is kept: retention_months is 2, so 2026-11 is the first month to keep"
        );
        assert!(check("2026-10", Some(2)).is_ok());
    }
}
