//! Which months the retention lets go, and letting them go. Called by maintenance; drops nothing without an export.

use engine::period::Month;
use ledger::DayTotals;

use super::drop::{self, DropOrder, Export, first_kept, latest_billed, stored_months};
use super::error::ArchiveError;
use super::export::{Format, export};
use crate::app::App;

/// The stored months that are older than the retention, and of which every bill is issued.
pub async fn months(app: &App) -> Result<Vec<Month>, ArchiveError> {
    let Some(kept) = app.config.retention_months else { return Ok(Vec::new()) };
    let first_kept = first_kept(kept, app.clock.now())?;
    let latest = latest_billed(&app.db).await?;
    let is_due = |month: &Month| *month < first_kept && latest.is_some_and(|latest| *month < latest);
    Ok(stored_months(&app.db).into_iter().map(|(month, _)| month).filter(is_due).collect())
}

/// What became of a month that was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// It was exported and dropped.
    Dropped(Month, DayTotals),
    /// There is no `archive_dir`, so it is only told.
    Told(Month),
}

/// Exports and drops what is due, oldest first, or tells it where there is no `archive_dir`.
pub async fn run(app: &App) -> Result<Vec<Done>, ArchiveError> {
    let mut done = Vec::new();
    for month in months(app).await? {
        let Some(folder) = app.config.archive_dir.as_deref() else {
            done.push(Done::Told(month));
            continue;
        };
        let now = app.clock.now();
        // Sorted first, so that what is exported is what is dropped.
        app.db.ledger().sort_all(now).await?;
        export(&app.db, month, (folder, Format::Parquet), now).await?;
        let export = Export::In(folder);
        let retention_months = app.config.retention_months;
        let order = DropOrder { month, export, retention_months, though_unbilled: false };
        let dropped = drop::drop(&app.db, order, now).await?;
        done.push(Done::Dropped(month, dropped));
    }
    Ok(done)
}
