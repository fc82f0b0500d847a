//! Writes a month of events into a file, reads it back, and only then gives it its name and a manifest.
//!
//! A file that is there stays: what is different gets a name with a number.

use std::fs::File;
use std::io::BufWriter;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use engine::period::{Instant, Month};
use ledger::{DayTotals, Query, Row, month_span};
use serde::{Deserialize, Serialize};

use super::error::{ArchiveError, file_error};
use super::lines;
use super::manifest::{Manifest, digest};
use super::parquet;
use super::parquet::ReadError;
use super::row::ArchivedEvent;
use crate::db::Db;

/// How an archive is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Columns, as DuckDB, pandas or Spark read them
    Parquet,
    /// One CloudEvent a line, compressed with zstd
    Ndjson,
}

impl Format {
    fn ending(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Ndjson => "ndjson.zst",
        }
    }

    fn of(path: &Path) -> Result<Self, ArchiveError> {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let found = [Self::Parquet, Self::Ndjson].into_iter().find(|format| name.ends_with(format.ending()));
        found.ok_or_else(|| ArchiveError::Format(path.to_path_buf()))
    }
}

/// Exports a month (UTC) into a folder. Where the same was exported before and is whole, that file is the answer.
pub async fn export(
    db: &Db,
    month: Month,
    (folder, format): (&Path, Format),
    now: Instant,
) -> Result<(PathBuf, Manifest), ArchiveError> {
    std::fs::create_dir_all(folder).map_err(file_error(folder))?;
    // Taken away again however this ends; only a whole file gets a lasting name.
    let temporary = tempfile(folder, month)?;
    let written = write(db, month, (&temporary.0, format)).await?;
    if written.accepted == 0 {
        return Err(ArchiveError::Nothing(month));
    }
    let mut back = DayTotals::default();
    each(&temporary.0, format, |events| {
        events.iter().for_each(|event| event.count(&mut back));
        Ok(())
    })?;
    if back != written {
        let (found, expected) = (back.checksum.to_string(), written.checksum.to_string());
        return Err(ArchiveError::Damaged {
            path: temporary.0.clone(),
            what: "the checksum read back",
            found,
            expected,
        });
    }
    for (path, manifest) in Manifest::all_of(folder, month)? {
        if manifest.totals() == written && manifest.format == format && manifest.check(&path).is_ok() {
            return Ok((path, manifest));
        }
    }
    let path = free_name(folder, month, format);
    let (sha256, bytes) = digest(&temporary.0)?;
    std::fs::rename(&temporary.0, &path).map_err(file_error(&path))?;
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (rows, checksum) = (written.accepted, written.checksum);
    let manifest = Manifest { file, month, format, rows, checksum, bytes, sha256, exported_at: now };
    write_manifest(folder, &path, &manifest)?;
    Ok((path, manifest))
}

/// A file that goes with the value.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // Gone already where it got its name.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn tempfile(folder: &Path, month: Month) -> Result<Temporary, ArchiveError> {
    let random = crate::random::random_hex::<8>().unwrap_or_else(|_| "0".to_owned());
    let path = folder.join(format!(".events-{month}-{random}.tmp"));
    File::create_new(&path).map_err(file_error(&path))?;
    Ok(Temporary(path))
}

fn free_name(folder: &Path, month: Month, format: Format) -> PathBuf {
    let names = (1_u32..).map(|number| match number {
        1 => folder.join(format!("events-{month}.{}", format.ending())),
        _ => folder.join(format!("events-{month}-{number}.{}", format.ending())),
    });
    let mut free = names.filter(|path| !path.exists() && !Manifest::path_of(path).exists());
    free.next().unwrap_or_else(|| folder.join("events"))
}

fn write_manifest(folder: &Path, file: &Path, manifest: &Manifest) -> Result<(), ArchiveError> {
    let path = Manifest::path_of(file);
    let failed = file_error(&path);
    let text = serde_json::to_vec_pretty(manifest).map_err(|error| failed(error.into()))?;
    let temporary = Temporary(path.with_extension("tmp"));
    std::fs::write(&temporary.0, text).map_err(&failed)?;
    File::open(&temporary.0).and_then(|file| file.sync_all()).map_err(&failed)?;
    std::fs::rename(&temporary.0, &path).map_err(&failed)?;
    // The names are on disk only when the folder is.
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(file_error(folder))
}

enum Writer {
    Parquet(Box<parquet::Writer<BufWriter<File>>>),
    Ndjson(Box<lines::Writer<BufWriter<File>>>),
}

async fn write(db: &Db, month: Month, (path, format): (&Path, Format)) -> Result<DayTotals, ArchiveError> {
    let bad = |source| ArchiveError::Parquet { path: path.to_path_buf(), source };
    let failed = file_error(path);
    let out = BufWriter::new(File::create(path).map_err(&failed)?);
    let mut writer = match format {
        Format::Parquet => Writer::Parquet(Box::new(parquet::Writer::new(out).map_err(bad)?)),
        Format::Ndjson => Writer::Ndjson(Box::new(lines::Writer::new(out).map_err(&failed)?)),
    };
    let (mut totals, mut trouble) = (DayTotals::default(), None);
    let (start_us, end_us) = month_span(month);
    let query = Query { customer: None, start_us, end_us, after_seq: 0 };
    let put = |row: &Row<'_>, changed_by: Option<&str>| {
        totals.add(row);
        let event = ArchivedEvent::of(row, changed_by);
        let put = match &mut writer {
            Writer::Parquet(writer) => writer.put(event).map_err(bad),
            Writer::Ndjson(writer) => writer.put(event).map_err(&failed),
        };
        match put {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                trouble = Some(error);
                ControlFlow::Break(())
            }
        }
    };
    db.ledger().scan(query, put).await?;
    if let Some(trouble) = trouble {
        return Err(trouble);
    }
    let out = match writer {
        Writer::Parquet(writer) => writer.end().map_err(bad)?,
        Writer::Ndjson(writer) => writer.end().map_err(&failed)?,
    };
    let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
    file.sync_all().map_err(&failed)?;
    Ok(totals)
}

/// Shows the events of an archive, some at a time.
pub(super) fn each(
    path: &Path,
    format: Format,
    mut visit: impl FnMut(Vec<ArchivedEvent>) -> Result<(), ArchiveError>,
) -> Result<(), ArchiveError> {
    let mut events = Events::open(path, format)?;
    while let Some(some) = events.next()? {
        visit(some)?;
    }
    Ok(())
}

/// The events of an archive.
pub(super) struct Events {
    path: PathBuf,
    reader: Reader,
}

enum Reader {
    Parquet(Box<parquet::Reader>),
    Ndjson(Box<lines::Reader>),
}

impl Events {
    /// Opens an archive whose name says its format.
    pub(super) fn named(path: &Path) -> Result<Self, ArchiveError> {
        Self::open(path, Format::of(path)?)
    }

    fn open(path: &Path, format: Format) -> Result<Self, ArchiveError> {
        let failed = file_error(path);
        let file = File::open(path).map_err(&failed)?;
        let bad = |source| ArchiveError::Parquet { path: path.to_path_buf(), source };
        let reader = match format {
            Format::Parquet => Reader::Parquet(Box::new(parquet::Reader::open(file).map_err(bad)?)),
            Format::Ndjson => Reader::Ndjson(Box::new(lines::Reader::open(file).map_err(&failed)?)),
        };
        Ok(Self { path: path.to_path_buf(), reader })
    }

    /// Some more events; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Vec<ArchivedEvent>>, ArchiveError> {
        let path = || self.path.clone();
        match &mut self.reader {
            Reader::Parquet(reader) => reader.next().map_err(|error| match error {
                ReadError::Parquet(source) => ArchiveError::Parquet { path: path(), source },
                ReadError::Row(row, what) => ArchiveError::Row { path: path(), row, what },
            }),
            Reader::Ndjson(reader) => match reader.next().map_err(file_error(&self.path))? {
                None => Ok(None),
                Some(Ok(events)) => Ok(Some(events)),
                Some(Err((row, what))) => Err(ArchiveError::Row { path: path(), row, what }),
            },
        }
    }
}
