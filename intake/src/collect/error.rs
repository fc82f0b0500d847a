//! Why a collector stops by itself. What a server or a single line does never stops it.

use std::path::PathBuf;

/// Why a collector cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The state file cannot be read or written.
    #[error("the state file {} cannot be kept: {source}", .path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The state file is not one.
    #[error("{} is not a state file of ratecard collect: {source}. Move it away to begin anew", .path.display())]
    BadState {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// It belongs to another source, whose batch numbers would be mixed up.
    #[error("the state file {} is of the source \"{found}\", not \"{wanted}\"; give each source its own with --state", .path.display())]
    OtherSource {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        found: String,
        /// Who wanted it.
        wanted: String,
    },
    /// Another collector works with it.
    #[error("another ratecard collect is using the state file {}", .0.display())]
    InUse(PathBuf),
    /// A log cannot be read at all.
    #[error("{} cannot be read: {source}", .path.display())]
    Log {
        /// The log.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The rejects file cannot be written.
    #[error("the rejects file {} cannot be written: {source}", .path.display())]
    Rejects {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// An event that cannot be written as JSON.
    #[error("an event cannot be written as JSON: {0}")]
    Json(serde_json::Error),
    /// A format whose lines have no meaning by themselves.
    #[error(
        "only formats of single lines can be followed (combined, json, regex, cloudevents); import a table with ratecard import"
    )]
    NotLines,
}
