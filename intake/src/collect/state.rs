//! What a collector must remember: how far each log was brought, and the number of the next batch.
//!
//! The file is replaced as a whole, so that it is the old or the new one at any instant.

use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::CollectError;
use super::fingerprint::Fingerprint;
use crate::occurrences::Mark;

/// How far a log was brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// The name it is followed under; it may have been renamed since.
    pub(super) log: PathBuf,
    /// Which file it is.
    pub(super) fingerprint: Fingerprint,
    /// Where the next line begins, in bytes.
    pub(super) at: u64,
    /// Lines before it.
    pub(super) lines: u64,
    /// Which lines before it are needed to number the next ones.
    pub(super) marks: Vec<Mark>,
}

/// The content of the state file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) source: String,
    pub(super) next_batch: u64,
    pub(super) places: Vec<Place>,
}

/// The state file, of which nobody else makes use meanwhile.
#[derive(Debug)]
pub(super) struct StateFile {
    path: PathBuf,
    _lock: File,
}

impl StateFile {
    /// Takes the file for itself and reads it; a new source begins with batch 1.
    pub(super) fn open(path: &Path, source: &str) -> Result<(Self, State), CollectError> {
        let in_file = |source| CollectError::State { path: path.to_path_buf(), source };
        let lock = File::create(beside(path, "lock")).map_err(in_file)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(CollectError::InUse(path.to_path_buf())),
            Err(TryLockError::Error(error)) => return Err(in_file(error)),
        }
        let state = match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice::<State>(&bytes)
                .map_err(|source| CollectError::BadState { path: path.to_path_buf(), source })?,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                State { source: source.to_owned(), next_batch: 1, places: Vec::new() }
            }
            Err(error) => return Err(in_file(error)),
        };
        if state.source != source {
            return Err(CollectError::OtherSource {
                path: path.to_path_buf(),
                found: state.source,
                wanted: source.to_owned(),
            });
        }
        Ok((Self { path: path.to_path_buf(), _lock: lock }, state))
    }

    /// Keeps a state: it is on disk when this returns.
    pub(super) fn save(&self, state: &State) -> Result<(), CollectError> {
        self.replace(state).map_err(|source| CollectError::State { path: self.path.clone(), source })
    }

    fn replace(&self, state: &State) -> std::io::Result<()> {
        let new = beside(&self.path, "new");
        let mut file = File::create(&new)?;
        serde_json::to_writer(&mut file, state)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        std::fs::rename(&new, &self.path)?;
        // A rename is on disk when its folder is.
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}
