//! One log by its name, through rotation: by renaming and creating anew, and by copying and cutting off.
//!
//! What was left in a rotated file is read before the new one; a rotated file is watched until it has been quiet long
//! enough, because servers write to it until they are told to open the new one.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::siblings::{Sibling, position, siblings};
use super::state::Place;
use super::tail::{Reading, Tail, Taken};

/// How many looks in a row a rotated file must bring nothing until it is closed: a minute, at four looks a second.
const QUIET_LOOKS: u32 = 240;

#[derive(Debug)]
pub(super) struct Follower {
    log: PathBuf,
    current: Option<Tail>,
    /// Rotated files, the oldest first.
    old: Vec<Old>,
    is_missing_told: bool,
}

#[derive(Debug)]
struct Old {
    tail: Tail,
    quiet_looks: u32,
}

impl Follower {
    /// Goes on from where a log was left, wherever it is now.
    pub(super) fn resume(log: &Path, places: &[Place], reading: Reading<'_>) -> io::Result<Self> {
        let mut follower = Self { log: log.to_path_buf(), current: None, old: Vec::new(), is_missing_told: false };
        let places: Vec<&Place> =
            places.iter().filter(|place| place.log == log && !place.fingerprint.is_empty()).collect();
        let beside = if places.is_empty() { Vec::new() } else { siblings(log)? };
        let mut unseen = None;
        for place in places {
            let file = open(log)?.filter(|file| is_at(place, file));
            if let Some(file) = file {
                follower.current = Some(Tail::resume(place, file, reading)?);
                continue;
            }
            match position(&beside, &place.fingerprint, place.at) {
                Some(index) => {
                    let file = reopen(&beside, index)?;
                    follower.push_old(Tail::resume(place, file, reading)?);
                    unseen = Some(index.saturating_add(1));
                }
                None => tell_lost(log, place),
            }
        }
        // Rotated more than once meanwhile: what lies between was never seen.
        if let (Some(from), None) = (unseen, &follower.current) {
            for index in from..beside.len() {
                follower.push_old(Tail::new(log, reopen(&beside, index)?, reading)?);
            }
        }
        Ok(follower)
    }

    /// Looks whether the log was rotated, and opens what is new.
    pub(super) fn look(&mut self, reading: Reading<'_>) -> io::Result<()> {
        let there = match std::fs::metadata(&self.log) {
            Ok(metadata) => Some(metadata),
            // Between renaming and creating there is no file of the name.
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let Some(there) = there else {
            if self.current.is_none() && !std::mem::replace(&mut self.is_missing_told, true) {
                tracing::warn!(log = %self.log.display(), "the log is not there yet; waiting for it");
            }
            return Ok(());
        };
        if let Some(current) = &mut self.current {
            if !current.is_file(&there)? {
                tracing::info!(log = %self.log.display(), "the log was renamed; reading the rest of it, then the new one");
                if let Some(tail) = self.current.take() {
                    self.push_old(tail);
                }
            } else if current.is_truncated()? {
                let place = current.place();
                self.current = None;
                self.rest_of_copy(&place, reading)?;
            } else {
                current.learn()?;
            }
        }
        if self.current.is_none()
            && let Some(file) = open(&self.log)?
        {
            self.current = Some(Tail::new(&self.log, file, reading)?);
        }
        Ok(())
    }

    /// The file was cut off after it was copied: what was not read yet is in the copy.
    fn rest_of_copy(&mut self, place: &Place, reading: Reading<'_>) -> io::Result<()> {
        let beside = siblings(&self.log)?;
        match position(&beside, &place.fingerprint, place.at) {
            Some(index) => {
                let copy = beside.get(index).map(|sibling| sibling.path.display().to_string()).unwrap_or_default();
                tracing::info!(log = %self.log.display(), %copy, "the log was copied and cut off; reading the rest of the copy");
                let file = reopen(&beside, index)?;
                self.push_old(Tail::resume(place, file, reading)?);
            }
            None => tell_lost(&self.log, place),
        }
        Ok(())
    }

    /// The next line, of rotated files first.
    pub(super) fn next(&mut self, reading: Reading<'_>) -> io::Result<Option<Taken>> {
        for old in &mut self.old {
            if let Some(taken) = old.tail.next(reading)? {
                old.quiet_looks = 0;
                return Ok(Some(taken));
            }
        }
        match &mut self.current {
            Some(current) => current.next(reading),
            None => Ok(None),
        }
    }

    /// To be called when there was no line left: counts the looks, and closes rotated files that stay quiet. What such a
    /// file has after its last end of a line is its last line.
    pub(super) fn rest(&mut self, reading: Reading<'_>) -> Vec<Taken> {
        let mut rest = Vec::new();
        self.old.retain_mut(|old| {
            old.quiet_looks = old.quiet_looks.saturating_add(1);
            let stays = old.quiet_looks < QUIET_LOOKS;
            if !stays {
                rest.extend(old.tail.rest(reading));
            }
            stays
        });
        rest
    }

    /// Where to go on, of each file.
    pub(super) fn places(&self) -> impl Iterator<Item = Place> {
        self.old.iter().map(|old| &old.tail).chain(&self.current).map(Tail::place)
    }

    pub(super) fn log(&self) -> &Path {
        &self.log
    }

    fn push_old(&mut self, tail: Tail) {
        self.old.push(Old { tail, quiet_looks: 0 });
    }
}

fn open(log: &Path) -> io::Result<Option<File>> {
    match File::open(log) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_at(place: &Place, file: &File) -> bool {
    let long_enough = file.metadata().is_ok_and(|metadata| metadata.len() >= place.at);
    long_enough && place.fingerprint.fits(file).unwrap_or(false)
}

fn reopen(beside: &[Sibling], index: usize) -> io::Result<File> {
    match beside.get(index) {
        Some(sibling) => sibling.file.try_clone(),
        None => Err(io::Error::from(ErrorKind::NotFound)),
    }
}

fn tell_lost(log: &Path, place: &Place) {
    tracing::warn!(
        log = %log.display(),
        byte = place.at,
        "the file that was read up to this byte is not to be found any more, neither under its name nor beside it; what \
         it had after that was not read. Bring it in with ratecard import (an event counts once), and let the rotation \
         leave the last file uncompressed (delaycompress)"
    );
}
