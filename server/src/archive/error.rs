//! What can go wrong with archives.

use std::path::PathBuf;

use engine::period::Month;
use ledger::{DropError, LedgerError};

use crate::db::DbError;

/// Why a month was not exported, dropped or restored.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// A file or folder cannot be used.
    #[error("{}: {source}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Parquet that cannot be written or read.
    #[error("{}: {source}", .path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// Why.
        source: parquet::errors::ParquetError,
    },
    /// A file that was not written by an export.
    #[error("{}: {what} of event {row} is missing or cannot be read; only files of `ratecard archive export` can be imported", .path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// The event, from 1.
        row: u64,
        /// Which of its columns.
        what: &'static str,
    },
    /// Neither of the two formats.
    #[error("{}: the name must end in .parquet or .ndjson.zst", .0.display())]
    Format(PathBuf),
    /// The manifest cannot be read.
    #[error("{}: the manifest cannot be read: {source}", .path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// The file is not what its manifest says.
    #[error("{}: the file is not what its manifest says: {what} is {found}, {expected} was written", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: &'static str,
        /// What is there.
        found: String,
        /// What was written.
        expected: String,
    },
    /// The month is still going on.
    #[error("{0} is not over yet; only whole months are dropped")]
    NotOver(Month),
    /// The retention says to keep it.
    #[error("{month} is kept: retention_months is {months}, so {first_kept} is the first month to keep")]
    Kept {
        /// The month.
        month: Month,
        /// The setting.
        months: u32,
        /// The first month that is kept.
        first_kept: Month,
    },
    /// Bills may still need it.
    #[error(
        "{month} is not dropped: a later month must be billed first ({}), so that no bill still needs its events",
        .latest.map_or_else(|| "nothing is billed yet".to_owned(), |latest| format!("the latest billed is {latest}"))
    )]
    NotBilled {
        /// The month.
        month: Month,
        /// The latest month that is billed.
        latest: Option<Month>,
    },
    /// Some events are in no invoice.
    #[error(
        "{month} is not dropped: {customers} customers have events in it that no invoice covers, the first is {first}; \
         bill them first (`ratecard bill`), or add --though-unbilled"
    )]
    Unbilled {
        /// The month.
        month: Month,
        /// How many customers.
        customers: usize,
        /// One of them.
        first: String,
    },
    /// No export has what is stored.
    #[error(
        "{month} is not dropped: no export in {} has its {events} events with checksum {checksum}; \
         run `ratecard archive export --month {month}` first, or add --without-export",
        .folder.display()
    )]
    NotExported {
        /// The month.
        month: Month,
        /// Where exports were looked for.
        folder: PathBuf,
        /// Events that are stored.
        events: i64,
        /// Their checksum.
        checksum: i64,
    },
    /// Nobody said where exports are.
    #[error("say where the export is with --from FOLDER, set archive_dir, or add --without-export")]
    NoFolder,
    /// Nothing is stored.
    #[error("no events of {0} are stored")]
    Nothing(Month),
    /// Months are outside the calendar.
    #[error(transparent)]
    Month(#[from] engine::period::BadMonth),
    /// The ledger refused to drop it.
    #[error(transparent)]
    Drop(#[from] DropError),
    /// The database refused.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<LedgerError> for ArchiveError {
    fn from(error: LedgerError) -> Self {
        Self::Db(error.into())
    }
}

/// A file that cannot be used, for `map_err`.
pub(super) fn file_error(path: &std::path::Path) -> impl Fn(std::io::Error) -> ArchiveError + '_ {
    |source| ArchiveError::File { path: path.to_path_buf(), source }
}
