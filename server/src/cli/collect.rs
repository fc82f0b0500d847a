//! `collect`: follows live logs and sends their events to a server; needs no database.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use intake::collect::{Backoff, BatchLimits, CollectError, Collector, Destination, Orders, Stop, Totals};
use intake::files::LINE_BYTES_MAX;

use super::import::MappingArgs;
use super::screen::Screen;
use super::{CliError, SettingFlags, read_file, serve};
use crate::clock::Clock;
use crate::config::Settings;

pub(super) const COLLECT_EXAMPLES: &str = "\
Examples:
  ratecard collect --format nginx_json --source /gateways/a --to https://ratecard.example.com/v1/events \\
    --key-file /etc/ratecard/key --rejects /var/lib/ratecard/rejects.ndjson /var/log/nginx/usage.json
  ratecard collect --mapping calls.toml --to http://127.0.0.1:8080/v1/events --key-file key --once calls.log
  ratecard collect --print-mapping nginx_json > mapping.toml
It follows the logs through rotation, remembers its place when the server has answered, and goes on after a restart of
either. Stop it with Ctrl-C or SIGTERM. What a mapping is, and how to run it: docs/collecting.md";

#[derive(Debug, Args)]
pub(super) struct CollectArgs {
    /// The logs, by the names under which they are written
    #[arg(value_name = "LOG", required_unless_present = "print_mapping")]
    logs: Vec<PathBuf>,
    #[command(flatten)]
    mapping: MappingArgs,
    /// Where the events go
    #[arg(long, value_name = "URL", required_unless_present = "print_mapping")]
    to: Option<String>,
    /// File with the API key, and nothing else
    #[arg(long, value_name = "FILE", required_unless_present = "print_mapping")]
    key_file: Option<PathBuf>,
    /// Where the places in the logs are kept [default: beside the first log, its name with .ratecard]
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Where lines are kept that are no events, as JSON lines
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Certificates of authorities of one's own, in PEM form
    #[arg(long, value_name = "FILE")]
    authorities: Option<PathBuf>,
    /// Events in a batch
    #[arg(long, value_name = "COUNT", default_value_t = 500, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    batch: u16,
    /// Read all that is there, send it, and end
    #[arg(long)]
    once: bool,
}

pub(super) async fn collect(settings: &SettingFlags, args: &CollectArgs, screen: &mut Screen) -> Result<(), CliError> {
    if let Some(text) = args.mapping.printed() {
        return screen.line(text.trim_end());
    }
    let orders = orders(args, screen)?;
    serve::start_log(&settings.load(Settings::default())?)?;
    screen.note(&format!("collecting {} as {}, Ctrl-C stops", names(&args.logs), orders.source));
    let (stop, once) = (Stop::default(), args.once);
    let asked = stop.clone();
    let mut collecting = tokio::task::spawn_blocking(move || work(orders, stop, once));
    let done = tokio::select! {
        done = &mut collecting => done,
        () = crate::start::asked_to_stop() => {
            screen.note("stopping after the batch in flight");
            asked.stop();
            collecting.await
        }
    };
    let totals = done.map_err(|lost| CliError::Output(std::io::Error::other(lost)))??;
    screen.line(&summary(&totals))
}

fn work(orders: Orders, stop: Stop, once: bool) -> Result<Totals, CollectError> {
    let mut collector = Collector::open(orders, stop)?;
    if once {
        collector.run_once()?
    } else {
        collector.run()?
    }
    Ok(collector.totals().clone())
}

fn orders(args: &CollectArgs, screen: &mut Screen) -> Result<Orders, CliError> {
    let mapping = args.mapping.mapping(screen)?;
    // Two gateways without names would share the ids of identical lines.
    let source = args.mapping.source(&mapping).ok_or(CliError::NoSource)?;
    let key = args.key_file.as_deref().map(read_file).transpose()?.unwrap_or_default();
    let authorities = args.authorities.as_deref().map(read_file).transpose()?;
    let to = args.to.as_deref().unwrap_or_default();
    let to = Destination::new(to, &key, authorities.as_ref().map(String::as_bytes))?;
    let beside = args.logs.first().map(|log| {
        let mut name = log.clone().into_os_string();
        name.push(".ratecard");
        PathBuf::from(name)
    });
    Ok(Orders {
        logs: args.logs.clone(),
        mapping,
        source,
        to,
        state: args.state.clone().or(beside).unwrap_or_default(),
        rejects: args.rejects.clone(),
        batch: BatchLimits { events: args.batch.into(), ..BatchLimits::default() },
        backoff: Backoff::default(),
        look_every: Duration::from_millis(250),
        line_bytes_max: LINE_BYTES_MAX,
        now: || Clock::System.now(),
    })
}

fn names(logs: &[PathBuf]) -> String {
    logs.iter().map(|log| log.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn summary(totals: &Totals) -> String {
    let Totals { lines, passed_over, rejected, batches, accepted, duplicates, conflicts, refused } = totals;
    format!(
        "{lines} lines: {accepted} new events, {duplicates} known before, {conflicts} in conflict, {refused} refused by \
         the server, {rejected} unreadable, {passed_over} passed over; {batches} batches"
    )
}
