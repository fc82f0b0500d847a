//! Archives as compressed lines: one CloudEvent a line, as it could be sent again, and what the ledger knows besides.

use std::fs::File;
use std::io::{BufRead, BufReader, Result, Write};

use ledger::Change;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::row::{ArchivedEvent, Broken, read_change};
use crate::db::{from_us, to_us};

/// A line. `received`, `sequence` and `changedby` are extensions of the CloudEvent.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    specversion: String,
    id: String,
    source: String,
    #[serde(rename = "type")]
    kind: String,
    subject: String,
    time: engine::period::Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    voids: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amends: Option<String>,
    received: engine::period::Instant,
    sequence: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    changedby: Option<String>,
    data: Box<RawValue>,
}

/// Writes events.
pub(super) struct Writer<W: Write> {
    out: zstd::Encoder<'static, W>,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(out: W) -> Result<Self> {
        Ok(Self { out: zstd::Encoder::new(out, 3)? })
    }

    pub(super) fn put(&mut self, event: ArchivedEvent) -> Result<()> {
        let bad = |what: Broken| std::io::Error::other(format!("an event has no {what} that can be written"));
        let (voids, amends) = match event.change {
            Change::None => (None, None),
            Change::Voids(id) => (Some(id), None),
            Change::Amends(id) => (None, Some(id)),
        };
        let line = Line {
            specversion: "1.0".to_owned(),
            id: event.id,
            source: event.source,
            kind: event.kind,
            subject: event.customer,
            time: from_us(event.time_us).map_err(|_| bad("time"))?,
            voids,
            amends,
            received: from_us(event.received_us).map_err(|_| bad("received"))?,
            sequence: event.seq.to_string(),
            changedby: event.changed_by,
            data: RawValue::from_string(event.data)?,
        };
        serde_json::to_writer(&mut self.out, &line)?;
        self.out.write_all(b"\n")
    }

    /// Writes the end, and gives the output back.
    pub(super) fn end(self) -> Result<W> {
        self.out.finish()
    }
}

/// Events that are read at once.
const CHUNK_LINES: usize = 10_000;

/// An archive that is read some lines at a time.
pub(super) struct Reader {
    lines: BufReader<zstd::Decoder<'static, BufReader<File>>>,
    read: u64,
}

/// Some events, or the number of a broken one and what it lacks.
type Chunk = std::result::Result<Vec<ArchivedEvent>, (u64, Broken)>;

impl Reader {
    pub(super) fn open(file: File) -> Result<Self> {
        Ok(Self { lines: BufReader::new(zstd::Decoder::new(file)?), read: 0 })
    }

    /// The next events; `None` at the end. A broken event is told by its number, from 1.
    pub(super) fn next(&mut self) -> Result<Option<Chunk>> {
        let (mut rows, mut text) = (Vec::new(), String::new());
        while rows.len() < CHUNK_LINES {
            text.clear();
            if self.lines.read_line(&mut text)? == 0 {
                break;
            }
            self.read = self.read.saturating_add(1);
            match event(&text) {
                Ok(event) => rows.push(event),
                Err(what) => return Ok(Some(Err((self.read, what)))),
            }
        }
        Ok((!rows.is_empty()).then_some(Ok(rows)))
    }
}

fn event(text: &str) -> std::result::Result<ArchivedEvent, Broken> {
    let line: Line = serde_json::from_str(text).map_err(|_| "a member")?;
    let (word, target) = match (line.voids, line.amends) {
        (None, None) => (None, None),
        (Some(id), None) => (Some("voids"), Some(id)),
        (None, Some(id)) => (Some("amends"), Some(id)),
        (Some(_), Some(_)) => return Err("voids"),
    };
    Ok(ArchivedEvent {
        time_us: to_us(line.time),
        received_us: to_us(line.received),
        seq: line.sequence.parse().map_err(|_| "sequence")?,
        source: line.source,
        id: line.id,
        customer: line.subject,
        kind: line.kind,
        data: line.data.get().to_owned(),
        change: read_change(word, target)?,
        changed_by: line.changedby,
    })
}
