//! Keeps the lines that are no events, as JSON lines with their place and what is wrong with them.
//!
//! After a crash a line may stand there twice; it is never missing.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::error::CollectError;

/// How much of a line is kept; its place tells where the rest is.
const TEXT_BYTES_MAX: usize = 8 * 1024;

/// A line that is no event.
#[derive(Debug, Serialize)]
pub(super) struct Reject<'r> {
    pub(super) file: &'r str,
    pub(super) line: u64,
    pub(super) offset: u64,
    pub(super) problem: &'static str,
    pub(super) detail: String,
    pub(super) text: String,
}

/// The file of rejects; without one they are only counted.
#[derive(Debug)]
pub(super) struct Rejects {
    path: PathBuf,
    file: Option<BufWriter<File>>,
}

impl Rejects {
    pub(super) fn open(path: Option<&Path>) -> Result<Self, CollectError> {
        let Some(path) = path else { return Ok(Self { path: PathBuf::new(), file: None }) };
        let file = OpenOptions::new().create(true).append(true).open(path);
        let file = file.map_err(|source| CollectError::Rejects { path: path.to_path_buf(), source })?;
        Ok(Self { path: path.to_path_buf(), file: Some(BufWriter::new(file)) })
    }

    pub(super) fn keep(&mut self, reject: &Reject<'_>) -> Result<(), CollectError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let written = serde_json::to_writer(&mut *file, reject).map_err(std::io::Error::from);
        let written = written.and_then(|()| file.write_all(b"\n"));
        written.map_err(|source| CollectError::Rejects { path: self.path.clone(), source })
    }

    /// All that was kept is on disk when this returns.
    pub(super) fn sync(&mut self) -> Result<(), CollectError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let synced = file.flush().and_then(|()| file.get_ref().sync_data());
        synced.map_err(|source| CollectError::Rejects { path: self.path.clone(), source })
    }
}

/// As much of a line as is kept, as text.
pub(super) fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line.get(..TEXT_BYTES_MAX).unwrap_or(line)).into_owned()
}
