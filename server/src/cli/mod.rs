//! The command line: reads arguments, runs one command, says what happened. Figures come from the same flows as over HTTP.
//!
//! Results go to standard output, troubles and progress to standard error; 0 is success, 1 failure, 2 wrong arguments.

mod archive;
mod bills;
mod books;
mod check;
mod collect;
mod events;
mod import;
mod keys;
mod quarantine;
mod rate;
mod rate_file;
mod screen;
mod serve;
mod usage;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use engine::text::Lang;

use crate::app::{self, App, AppError};
use crate::clock::Clock;
use crate::config::{Config, ConfigError, Settings};
use screen::Screen;

/// Prices API usage: from usage events to invoices that anybody can recompute.
#[derive(Debug, Parser)]
#[command(name = "ratecard", version, propagate_version = true, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    settings: SettingFlags,
}

const EXAMPLES: &str = "\
Examples:
  ratecard demo                                       a server with made-up customers, to look around
  ratecard check examples/acme-api.toml               is this price book sound?
  ratecard rate examples/acme-api.toml --plan starter --usage calls=1200000
  ratecard import --format combined access.log && ratecard bill --period 2015-05
Every command has its own --help with examples.";

/// Settings that every command shares; each can also stand in ratecard.toml or in the environment.
#[derive(Debug, Args)]
struct SettingFlags {
    /// Folder of the database, the lock and the operator's token [default: ratecard-data]
    #[arg(long, global = true, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// sqlite:FILE or postgres://USER@HOST/NAME [default: ratecard.db in the data folder]
    #[arg(long, global = true, value_name = "URL")]
    database: Option<String>,
    /// Settings file [default: ratecard.toml here, if there is one]
    #[arg(long, global = true, value_name = "FILE", env = "RATECARD_CONFIG")]
    config: Option<PathBuf>,
    /// What to log, for instance info or server=debug
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the server
    #[command(after_help = serve::SERVE_EXAMPLES)]
    Serve(serve::ServeArgs),
    /// Start the server with made-up customers, usage and invoices
    #[command(after_help = serve::DEMO_EXAMPLES)]
    Demo(serve::ServeArgs),
    /// Check price books and report every mistake with its place
    #[command(after_help = check::CHECK_EXAMPLES)]
    Check(check::CheckArgs),
    /// Say in words what changed between two price books, and for whom it gets cheaper or dearer
    #[command(after_help = check::DIFF_EXAMPLES)]
    Diff(check::DiffArgs),
    /// Price a month of assumed usage, or of everybody in a file of usage
    #[command(after_help = rate::EXAMPLES)]
    Rate(rate::RateArgs),
    /// Write the public view of price books as files for static hosting
    #[command(after_help = books::PUBLIC_EXAMPLES)]
    Public(books::PublicArgs),
    /// Publish price books and list them
    #[command(subcommand, after_help = books::BOOK_EXAMPLES)]
    Book(books::BookCommand),
    /// Turn logs and files into usage events
    #[command(after_help = import::IMPORT_EXAMPLES)]
    Import(import::ImportArgs),
    /// Follow live logs and send their events to a server
    #[command(after_help = collect::COLLECT_EXAMPLES)]
    Collect(collect::CollectArgs),
    /// Keep months of events as files, and the database small
    #[command(subcommand, after_help = archive::ARCHIVE_EXAMPLES)]
    Archive(archive::ArchiveCommand),
    /// Find events again: by time to the second, by any field, behind the line of an invoice
    #[command(after_help = events::EVENTS_EXAMPLES)]
    Events(events::EventsArgs),
    /// Bill a month; repeating it corrects what got late events and changes nothing else
    #[command(after_help = bills::BILL_EXAMPLES)]
    Bill(bills::BillArgs),
    /// List invoices, or print one as PDF or JSON
    #[command(after_help = bills::INVOICES_EXAMPLES)]
    Invoices(bills::InvoicesArgs),
    /// List customers
    #[command(after_help = usage::CUSTOMERS_EXAMPLES)]
    Customers(usage::CustomersArgs),
    /// Put a customer on a plan
    #[command(after_help = usage::ASSIGN_EXAMPLES)]
    Assign(usage::AssignArgs),
    /// Make a link through which a customer sees their own usage
    #[command(after_help = usage::LINK_EXAMPLES)]
    Link(usage::LinkArgs),
    /// Make, list and revoke API keys, by which others send and read usage
    #[command(subcommand, after_help = keys::KEY_EXAMPLES)]
    Key(keys::KeyCommand),
    /// Look at what was refused; repair, replay or dismiss it
    #[command(subcommand, after_help = quarantine::EXAMPLES)]
    Quarantine(quarantine::QuarantineCommand),
    /// Show how every source of usage does: heartbeat, counts, clock, missing batches
    #[command(after_help = watch::SOURCES_EXAMPLES)]
    Sources,
    /// Report accepted events of a month that bring no money
    #[command(after_help = watch::LEAKS_EXAMPLES)]
    Leaks(watch::LeaksArgs),
    /// Hold a day's books of intake against what is stored, and close the day
    #[command(after_help = watch::AUDIT_EXAMPLES)]
    Audit(watch::AuditArgs),
    /// Print the API's OpenAPI 3.1 document
    #[command(after_help = "Examples:\n  ratecard openapi > openapi.json")]
    Openapi,
    /// Print the JSON Schema of price books, by which editors complete and check them
    #[command(after_help = "Examples:\n  ratecard schema > price-book.schema.json")]
    Schema,
}

/// A language on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LangArg {
    /// 中文
    Zh,
    /// English
    En,
}

impl From<LangArg> for Lang {
    fn from(lang: LangArg) -> Self {
        match lang {
            LangArg::Zh => Self::Zh,
            LangArg::En => Self::En,
        }
    }
}

/// Why a command failed. The message is for people.
#[derive(Debug, thiserror::Error)]
enum CliError {
    /// The trouble has been told on the way.
    #[error("")]
    Told,
    #[error("{path} cannot be read: {source}", path = .path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path} cannot be written: {source}", path = .path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("the output cannot be written: {0}")]
    Output(#[from] std::io::Error),
    #[error("the output cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the log filter cannot be read: {0}")]
    LogFilter(#[from] tracing_subscriber::filter::ParseError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    App(#[from] AppError),
    #[error(transparent)]
    Start(#[from] crate::start::StartError),
    #[error(transparent)]
    Db(#[from] crate::db::DbError),
    #[error(transparent)]
    Publish(#[from] crate::books::flow::PublishError),
    #[error(transparent)]
    Import(#[from] crate::import::flow::ImportError),
    #[error(transparent)]
    Count(#[from] intake::count::CountError),
    #[error("customer {customer} cannot be priced: {error}")]
    Unpriced { customer: String, error: engine::rating::RateError },
    #[error("the sum of all bills has more than 28 digits")]
    Sum,
    #[error(transparent)]
    Find(#[from] crate::find::flow::FindError),
    #[error(transparent)]
    Collect(#[from] intake::collect::CollectError),
    #[error(transparent)]
    Destination(#[from] intake::collect::DestinationProblem),
    #[error(
        "say who reports with --source NAME (or source = \"…\" in the mapping): each gateway needs a name of its own"
    )]
    NoSource,
    #[error(transparent)]
    Archive(#[from] crate::archive::error::ArchiveError),
    #[error("say where to with --to FOLDER, or set archive_dir")]
    NoArchive,
    #[error(transparent)]
    Bill(#[from] crate::billing::flow::BillError),
    #[error(transparent)]
    Invoice(#[from] crate::invoices::flow::InvoiceError),
    #[error(transparent)]
    Pdf(#[from] crate::invoices::pdf::PdfError),
    #[error(transparent)]
    Customer(#[from] crate::customers::flow::CustomerError),
    #[error(transparent)]
    Link(#[from] crate::auth::flow::LinkError),
    #[error(transparent)]
    Key(#[from] crate::auth::keys::KeyError),
    #[error(transparent)]
    Quarantine(#[from] crate::quarantine::flow::QuarantineError),
    #[error(transparent)]
    Audit(#[from] crate::audit::flow::AuditError),
    #[error(transparent)]
    NoDay(#[from] watch::NoDay),
    #[error(transparent)]
    Demo(#[from] crate::demo::DemoError),
    #[error(transparent)]
    Id(#[from] engine::ids::BadId),
    #[error(transparent)]
    Month(#[from] engine::period::BadMonth),
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut screen = Screen::new();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return screen.failed(&CliError::Output(error)),
    };
    match runtime.block_on(run(cli, &mut screen)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => screen.failed(&error),
    }
}

async fn run(cli: Cli, screen: &mut Screen) -> Result<(), CliError> {
    let settings = &cli.settings;
    match cli.command {
        Command::Serve(args) => serve::serve(settings, &args, screen).await,
        Command::Demo(args) => serve::demo(settings, &args, screen).await,
        Command::Check(args) => check::check(&args, screen),
        Command::Diff(args) => check::compare(&args, screen),
        Command::Rate(args) => rate::rate(&args, screen),
        Command::Public(args) => books::public(&args, screen),
        Command::Book(command) => books::book(&open(settings).await?, &command, screen).await,
        Command::Import(args) => import::import(&open(settings).await?, &args, screen).await,
        Command::Collect(args) => collect::collect(settings, &args, screen).await,
        Command::Archive(command) => archive::archive(&open(settings).await?, &command, screen).await,
        Command::Events(args) => events::events(&open(settings).await?, &args, screen).await,
        Command::Bill(args) => bills::bill(&open(settings).await?, &args, screen).await,
        Command::Invoices(args) => bills::invoices(&open(settings).await?, &args, screen).await,
        Command::Customers(args) => usage::customers(&open(settings).await?, &args, screen).await,
        Command::Assign(args) => usage::assign(&open(settings).await?, &args, screen).await,
        Command::Link(args) => usage::link(&open(settings).await?, &args, screen).await,
        Command::Key(command) => keys::key(&open(settings).await?, &command, screen).await,
        Command::Quarantine(command) => quarantine::quarantine(&open(settings).await?, &command, screen).await,
        Command::Sources => watch::sources(&open(settings).await?, screen).await,
        Command::Leaks(args) => watch::leaks(&open(settings).await?, &args, screen).await,
        Command::Audit(args) => watch::audit(&open(settings).await?, &args, screen).await,
        Command::Openapi => screen.line(&crate::openapi::json()?),
        Command::Schema => screen.line(&serde_json::to_string_pretty(&engine::catalog::schema())?),
    }
}

impl SettingFlags {
    fn load(&self, more: Settings) -> Result<Config, CliError> {
        let flags =
            Settings { data: self.data.clone(), database: self.database.clone(), log: self.log.clone(), ..more };
        Ok(Config::load(self.config.as_deref(), &flags)?)
    }
}

/// Opens the database for a command that works beside a server.
async fn open(settings: &SettingFlags) -> Result<App, CliError> {
    let config = settings.load(Settings::default())?;
    Ok(app::open(config, Clock::System).await?)
}

fn read_file(path: &std::path::Path) -> Result<String, CliError> {
    std::fs::read_to_string(path).map_err(|source| CliError::Read { path: path.to_path_buf(), source })
}

fn write_file(path: &std::path::Path, bytes: &[u8]) -> Result<(), CliError> {
    std::fs::write(path, bytes).map_err(|source| CliError::Write { path: path.to_path_buf(), source })
}
