//! `archive`: months of events into files, out of the database, and back.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use engine::period::Month;

use super::CliError;
use super::screen::{Align, Screen, Work};
use crate::app::App;
use crate::archive::drop::{DropOrder, Export, drop, stored_months};
use crate::archive::error::ArchiveError;
use crate::archive::export::{Format, export};
use crate::archive::restore::restore;

pub(super) const ARCHIVE_EXAMPLES: &str = "\
Examples:
  ratecard archive list
  ratecard archive export --month 2026-01 --to /srv/archive
  ratecard archive drop --month 2026-01 --from /srv/archive
  ratecard archive import /srv/archive/events-2026-01.parquet
Months are those of UTC. Only a month is dropped that is over, older than retention_months, and followed by a billed one.";

#[derive(Debug, Subcommand)]
pub(super) enum ArchiveCommand {
    /// List the stored months
    List,
    /// Write the events of a month into a file
    Export(ExportArgs),
    /// Drop the events of a month from the database
    Drop(DropArgs),
    /// Bring the events of a file back; each counts once
    Import(ImportArgs),
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// The month (UTC)
    #[arg(long, value_name = "YYYY-MM")]
    month: String,
    /// Where to [default: archive_dir of the settings]
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
    /// How
    #[arg(long, value_enum, default_value = "parquet")]
    format: Format,
}

#[derive(Debug, Args)]
pub(super) struct DropArgs {
    /// The month (UTC)
    #[arg(long, value_name = "YYYY-MM")]
    month: String,
    /// Where its export is [default: archive_dir of the settings]
    #[arg(long, value_name = "FOLDER")]
    from: Option<PathBuf>,
    /// Drop it though there is no export: its events are gone for good
    #[arg(long, conflicts_with = "from")]
    without_export: bool,
    /// Drop it though no invoice covers some of its events
    #[arg(long)]
    though_unbilled: bool,
}

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// A file that `archive export` has written
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) async fn archive(app: &App, command: &ArchiveCommand, screen: &mut Screen) -> Result<(), CliError> {
    match command {
        ArchiveCommand::List => list(app, screen).await,
        ArchiveCommand::Export(args) => write(app, args, screen).await,
        ArchiveCommand::Drop(args) => drop_month(app, args, screen).await,
        ArchiveCommand::Import(args) => import(app, args, screen).await,
    }
}

async fn list(app: &App, screen: &mut Screen) -> Result<(), CliError> {
    app.db.ledger().sort_all(app.clock.now()).await.map_err(ArchiveError::from)?;
    let mut rows = vec![vec!["MONTH".to_owned(), "EVENTS".to_owned()]];
    rows.extend(stored_months(&app.db).into_iter().map(|(month, events)| vec![month.to_string(), events.to_string()]));
    screen.table(&[Align::Left, Align::Right], &rows)
}

async fn write(app: &App, args: &ExportArgs, screen: &mut Screen) -> Result<(), CliError> {
    let month = Month::parse(&args.month)?;
    let folder = args.to.as_deref().or(app.config.archive_dir.as_deref()).ok_or(CliError::NoArchive)?;
    let (path, manifest) = export(&app.db, month, (folder, args.format), app.clock.now()).await?;
    let (rows, bytes) = (manifest.rows, manifest.bytes);
    screen.line(&format!("{}: {rows} events of {month}, {bytes} bytes, {}", path.display(), manifest.sha256))
}

async fn drop_month(app: &App, args: &DropArgs, screen: &mut Screen) -> Result<(), CliError> {
    let month = Month::parse(&args.month)?;
    let folder = args.from.as_deref().or(app.config.archive_dir.as_deref());
    let export = match (args.without_export, folder) {
        (true, _) => Export::None,
        (false, Some(folder)) => Export::In(folder),
        (false, None) => return Err(ArchiveError::NoFolder.into()),
    };
    let (retention_months, though_unbilled) = (app.config.retention_months, args.though_unbilled);
    let order = DropOrder { month, export, retention_months, though_unbilled };
    let dropped = drop(&app.db, order, app.clock.now()).await?;
    screen.line(&format!("{} events of {month} dropped", dropped.accepted))
}

async fn import(app: &App, args: &ImportArgs, screen: &mut Screen) -> Result<(), CliError> {
    let mut work = Work::new("import");
    let restored = restore(&app.db, &args.file, app.clock.now(), |done, total| work.at(done, total)).await;
    work.done();
    let restored = restored?;
    let (events, new, known) = (restored.events, restored.new, restored.known);
    screen.line(&format!("{events} events: {new} new, {known} known before, {} conflicts", restored.conflicts))?;
    if restored.conflicts == 0 { Ok(()) } else { Err(CliError::Told) }
}
