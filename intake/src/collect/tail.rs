//! One log file that is read to its present end, again and again, line by line.
//!
//! Knows its place and nothing of rotation; the file stays the same under whatever name.

use std::fs::File;
use std::io::{self, BufReader, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use engine::usage::Event;

use super::fingerprint::Fingerprint;
use super::rejects;
use super::state::Place;
use crate::files::{Line, Lines, read_line, too_long};
use crate::line_problem::LineProblem;
use crate::mapping::Mapping;
use crate::occurrences::Occurrences;

/// What every line is read by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'m> {
    pub(super) mapping: &'m Mapping,
    pub(super) source: &'m str,
    pub(super) line_bytes_max: usize,
}

/// What became of a line.
#[derive(Debug)]
pub(super) enum Taken {
    Event(Box<Event>),
    PassedOver,
    Refused { line: u64, at: u64, problem: LineProblem, text: String },
}

#[derive(Debug)]
pub(super) struct Tail {
    log: PathBuf,
    lines: Lines<BufReader<File>>,
    fingerprint: Fingerprint,
    occurrences: Occurrences,
    /// Where the next line begins, and how many came before.
    at: u64,
    count: u64,
}

impl Tail {
    /// A file from its beginning.
    pub(super) fn new(log: &Path, file: File, reading: Reading<'_>) -> io::Result<Self> {
        let fingerprint = Fingerprint::of(&file)?;
        let mut file = file;
        file.seek(SeekFrom::Start(0))?;
        Ok(Self {
            log: log.to_path_buf(),
            lines: Lines::new(BufReader::with_capacity(128 * 1024, file), reading.line_bytes_max),
            fingerprint,
            occurrences: Occurrences::default(),
            at: 0,
            count: 0,
        })
    }

    /// A file from a place. Lines shortly before it are read again, only to number those to come.
    pub(super) fn resume(place: &Place, file: File, reading: Reading<'_>) -> io::Result<Self> {
        let mut occurrences = Occurrences::resumed(&place.marks);
        let mut file = file;
        if let Some(from) = occurrences.replay_from().filter(|from| *from < place.at) {
            file.seek(SeekFrom::Start(from))?;
            let reader = BufReader::with_capacity(128 * 1024, file);
            let mut lines = Lines::from_place(reader, reading.line_bytes_max, (from, 0));
            while let Some(Line { at, content, .. }) = lines.read()? {
                if at >= place.at {
                    break;
                }
                if let Ok(bytes) = content {
                    // Whatever else becomes of the line was said before.
                    let _ = read_line(reading.mapping, reading.source, bytes, |time| {
                        occurrences.replay(bytes, at, time);
                        String::new()
                    });
                }
            }
            file = lines.into_reader().into_inner();
        }
        file.seek(SeekFrom::Start(place.at))?;
        let reader = BufReader::with_capacity(128 * 1024, file);
        Ok(Self {
            log: place.log.clone(),
            lines: Lines::from_place(reader, reading.line_bytes_max, (place.at, place.lines)),
            fingerprint: place.fingerprint.clone(),
            occurrences,
            at: place.at,
            count: place.lines,
        })
    }

    /// The next line that has an end, if there is one by now.
    pub(super) fn next(&mut self, reading: Reading<'_>) -> io::Result<Option<Taken>> {
        let occurrences = &mut self.occurrences;
        let Some(line) = self.lines.read()? else { return Ok(None) };
        (self.at, self.count) = (line.next_at, line.number);
        Ok(Some(taken(occurrences, &line, reading)))
    }

    /// What stands after the last end of a line, in a file that nobody writes to any more.
    pub(super) fn rest(&mut self, reading: Reading<'_>) -> Option<Taken> {
        let line = self.lines.rest()?;
        let taken = taken(&mut self.occurrences, &line, reading);
        (self.at, self.count) = (line.next_at, line.number);
        self.lines.finish();
        Some(taken)
    }

    /// Whether this is the file under a name, by its device and number.
    pub(super) fn is_file(&self, metadata: &std::fs::Metadata) -> io::Result<bool> {
        let own = self.file().metadata()?;
        Ok((own.dev(), own.ino()) == (metadata.dev(), metadata.ino()))
    }

    /// Whether the file was cut off or written anew under us.
    pub(super) fn is_truncated(&self) -> io::Result<bool> {
        let length = self.file().metadata()?.len();
        Ok(length < self.at || (!self.fingerprint.is_empty() && !self.fingerprint.fits(self.file())?))
    }

    /// Learns more of how the file begins while it is still short. To be called before what it has is read.
    pub(super) fn learn(&mut self) -> io::Result<()> {
        if self.fingerprint.is_short() && (self.fingerprint.is_empty() || self.fingerprint.fits(self.file())?) {
            self.fingerprint = Fingerprint::of(self.file())?;
        }
        Ok(())
    }

    /// The place to go on from.
    pub(super) fn place(&self) -> Place {
        Place {
            log: self.log.clone(),
            fingerprint: self.fingerprint.clone(),
            at: self.at,
            lines: self.count,
            marks: self.occurrences.marks(),
        }
    }

    fn file(&self) -> &File {
        self.lines.get_ref().get_ref()
    }
}

fn taken(occurrences: &mut Occurrences, line: &Line<'_>, reading: Reading<'_>) -> Taken {
    let refused =
        |problem, bytes| Taken::Refused { line: line.number, at: line.at, problem, text: rejects::text(bytes) };
    let bytes = match line.content {
        Ok(bytes) => bytes,
        Err(length) => return refused(too_long(length, reading.line_bytes_max), b""),
    };
    match read_line(reading.mapping, reading.source, bytes, |time| occurrences.id(bytes, line.at, time)) {
        Ok(Some(event)) => Taken::Event(Box::new(event)),
        Ok(None) => Taken::PassedOver,
        Err(problem) => refused(problem, bytes),
    }
}
