//! Finds a log that was renamed or copied: among the files beside it.
//!
//! Only plain files are looked at; one that was compressed at once cannot be found again.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::fingerprint::Fingerprint;

/// A file beside a log.
#[derive(Debug)]
pub(super) struct Sibling {
    pub(super) path: PathBuf,
    pub(super) file: File,
    modified: SystemTime,
}

/// The files beside a log whose names begin with its name, the one that was written to longest ago first.
pub(super) fn siblings(log: &Path) -> io::Result<Vec<Sibling>> {
    let Some(name) = log.file_name().and_then(|name| name.to_str()) else { return Ok(Vec::new()) };
    let folder = log.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let beside = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let ending = beside.strip_prefix(name).unwrap_or_default();
        let rotated = ending.starts_with(['.', '-', '_']);
        let packed = [".gz", ".zst", ".bz2", ".xz", ".lock", ".new"].iter().any(|packed| ending.ends_with(packed));
        if !rotated || packed || !path.is_file() {
            continue;
        }
        // One that vanishes or must not be read is none of ours.
        let Ok(file) = File::open(&path) else { continue };
        let modified = file.metadata()?.modified()?;
        found.push(Sibling { path, file, modified });
    }
    found.sort_by(|a, b| (a.modified, &a.path).cmp(&(b.modified, &b.path)));
    Ok(found)
}

/// Where in the list the file with these first bytes is that has at least `length` bytes.
pub(super) fn position(siblings: &[Sibling], fingerprint: &Fingerprint, length: u64) -> Option<usize> {
    let fits = |sibling: &Sibling| {
        let long_enough = sibling.file.metadata().is_ok_and(|metadata| metadata.len() >= length);
        long_enough && fingerprint.fits(&sibling.file).unwrap_or(false)
    };
    siblings.iter().position(fits)
}
