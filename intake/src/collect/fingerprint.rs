//! Tells one log from another by its first bytes, whatever its name and wherever it was copied.
//!
//! Inode numbers are used again and are lost in copies; the first kibibyte of a log, with its times, is not.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How many bytes are looked at.
const BYTES_MAX: u64 = 1024;

/// The first bytes of a log, digested.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Fingerprint {
    bytes: u64,
    sha256: String,
}

impl Fingerprint {
    /// Of what the file has by now.
    pub(super) fn of(file: &File) -> io::Result<Self> {
        let bytes = file.metadata()?.len().min(BYTES_MAX);
        Ok(Self { bytes, sha256: digest(file, bytes)?.unwrap_or_default() })
    }

    /// Whether the file begins like this. Nothing is like an empty file.
    pub(super) fn fits(&self, file: &File) -> io::Result<bool> {
        Ok(self.bytes > 0 && digest(file, self.bytes)?.as_deref() == Some(&self.sha256))
    }

    /// Whether more of the file could be looked at.
    pub(super) fn is_short(&self) -> bool {
        self.bytes < BYTES_MAX
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes == 0
    }
}

/// The digest of the first bytes, if there are so many.
fn digest(file: &File, bytes: u64) -> io::Result<Option<String>> {
    let mut buffer = vec![0; usize::try_from(bytes).unwrap_or(0)];
    match file.read_exact_at(&mut buffer, 0) {
        Ok(()) => Ok(Some(Sha256::digest(&buffer).iter().take(16).map(|byte| format!("{byte:02x}")).collect())),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}
