//! Why a whole file cannot be read. What is wrong with one line of it is a `LineProblem`.

use std::path::PathBuf;

/// Why a file cannot be read, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file system, the compression or a line without end.
    #[error("{} cannot be read: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A table without its first row, or one that cannot be read.
    #[error("{} has no first row that names its columns", .path.display())]
    NoHeader {
        /// The file.
        path: PathBuf,
    },
    /// A column that the mapping reads is not there.
    #[error("{} has no column \"{column}\", which the mapping reads; it has {}", .path.display(), .columns.join(", "))]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// Those that it has.
        columns: Vec<String>,
    },
    /// Two columns of one name.
    #[error("{} has two columns \"{column}\"; give each a name of its own", .path.display())]
    RepeatedColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
    },
    /// Not a Parquet file, or a broken one.
    #[error("{} cannot be read as Parquet: {source}", .path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// Why.
        source: parquet::errors::ParquetError,
    },
    /// A column of a kind that holds no single value.
    #[error("column \"{column}\" of {} is {kind}; the mapping can read texts, whole numbers, decimals, floats, booleans, dates and timestamps", .path.display())]
    ColumnKind {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// What it is.
        kind: String,
    },
}
