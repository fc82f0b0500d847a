//! What an archive holds, written beside it once it was read back: the sign that the file is whole.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use engine::period::{Instant, Month};
use ledger::DayTotals;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::{ArchiveError, file_error};
use super::export::Format;

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The name of the file beside it.
    pub file: String,
    /// The month (UTC).
    pub month: Month,
    /// How it is written.
    pub format: Format,
    /// Events.
    pub rows: i64,
    /// The events' digests, added up, as in the books of each day.
    pub checksum: i64,
    /// Of the file.
    pub bytes: u64,
    /// Of the file, `sha256:` and 64 hexadecimal digits.
    pub sha256: String,
    /// When it was written.
    pub exported_at: Instant,
}

/// The ending of a manifest's name.
const ENDING: &str = ".manifest.json";

impl Manifest {
    /// Where the manifest of a file is.
    pub fn path_of(file: &Path) -> PathBuf {
        let mut name: OsString = file.as_os_str().to_owned();
        name.push(ENDING);
        PathBuf::from(name)
    }

    /// The manifest of a file, if there is one.
    pub fn of(file: &Path) -> Result<Option<Self>, ArchiveError> {
        let path = Self::path_of(file);
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|source| ArchiveError::Manifest { path: path.clone(), source }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(ArchiveError::File { path, source }),
        }
    }

    /// Every manifest of a month in a folder, with the path of its file.
    pub fn all_of(folder: &Path, month: Month) -> Result<Vec<(PathBuf, Self)>, ArchiveError> {
        let mut list = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(file_error(folder))? {
            let name = entry.map_err(file_error(folder))?.file_name();
            let Some(file) = name.to_str().and_then(|name| name.strip_suffix(ENDING)) else { continue };
            let path = folder.join(file);
            list.extend(Self::of(&path)?.filter(|manifest| manifest.month == month).map(|manifest| (path, manifest)));
        }
        list.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(list)
    }

    /// What the ledger must have of the month.
    pub fn totals(&self) -> DayTotals {
        DayTotals { accepted: self.rows, checksum: self.checksum }
    }

    /// Refuses a file that is not as it was written.
    pub fn check(&self, file: &Path) -> Result<(), ArchiveError> {
        let (found, _) = digest(file)?;
        if found == self.sha256 {
            return Ok(());
        }
        let (path, expected) = (file.to_path_buf(), self.sha256.clone());
        Err(ArchiveError::Damaged { path, what: "its digest", found, expected })
    }
}

/// The digest and the length of a file.
pub(super) fn digest(path: &Path) -> Result<(String, u64), ArchiveError> {
    let failed = file_error(path);
    let mut file = File::open(path).map_err(&failed)?;
    let (mut hash, mut buffer, mut length) = (Sha256::new(), vec![0_u8; 1 << 16], 0_u64);
    loop {
        let read = file.read(&mut buffer).map_err(&failed)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        hash.update(bytes);
        length = length.saturating_add(u64::try_from(read).unwrap_or(0));
    }
    let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((format!("sha256:{hex}"), length))
}
