//! `quarantine`: what was refused is looked at, repaired, replayed or dismissed.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use engine::period::Instant;

use super::screen::{Align, Screen};
use super::{CliError, read_file};
use crate::app::App;
use crate::db::from_us;
use crate::quarantine::flow::{self, Hand};
use crate::quarantine::store::{self, Entry, Filter, State};

pub(super) const EXAMPLES: &str = "\
Examples:
  ratecard quarantine list --state open --code bad_time
  ratecard quarantine show 42
  ratecard quarantine repair 42 mended.json --note \"zone was missing\"
  ratecard quarantine replay 42
  ratecard quarantine replay --code field_missing --note \"meter mended in version 2\"
  ratecard quarantine dismiss 42 --reason \"test traffic\"
What is repaired or replayed goes the way of every event and counts once; the entry stays as it came.";

#[derive(Debug, Subcommand)]
pub(super) enum QuarantineCommand {
    /// List entries, latest first, and count them by reason and state
    List(ListArgs),
    /// Show one entry, its event and the stored event that it contradicts
    Show(ShowArgs),
    /// Take an open entry in as it came, or all open ones of a filter
    Replay(ReplayArgs),
    /// Take a mended event in for an open entry
    Repair(RepairArgs),
    /// Settle an open entry as not needed
    Dismiss(DismissArgs),
}

#[derive(Debug, Args)]
pub(super) struct FilterArgs {
    /// Only of this customer
    #[arg(long, value_name = "ID")]
    customer: Option<String>,
    /// Only of this source
    #[arg(long)]
    source: Option<String>,
    /// Only refused for this reason, for instance bad_time or conflict
    #[arg(long)]
    code: Option<String>,
    /// Only what came then or later, for instance 2026-12-01T00:00:00+08:00
    #[arg(long, value_name = "TIME")]
    since: Option<Instant>,
}

impl FilterArgs {
    fn filter(&self, state: Option<State>) -> Filter {
        let Self { customer, source, code, since } = self;
        Filter { customer: customer.clone(), source: source.clone(), code: code.clone(), state, since: *since }
    }
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// Only in this state: open, replayed or dismissed
    #[arg(long, value_parser = state)]
    state: Option<State>,
    /// At most so many
    #[arg(long, default_value_t = 100)]
    limit: u32,
}

/// A state that is none of those there are.
#[derive(Debug, thiserror::Error)]
#[error("there are the states open, replayed and dismissed")]
struct NoSuchState;

fn state(text: &str) -> Result<State, NoSuchState> {
    State::named(text).ok_or(NoSuchState)
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The entry
    number: i64,
}

#[derive(Debug, Args)]
pub(super) struct HandArgs {
    /// Who does it
    #[arg(long, value_name = "NAME", default_value = "operator")]
    by: String,
    /// Why now, or what was mended
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

impl HandArgs {
    fn hand(&self) -> Hand<'_> {
        Hand { by: &self.by, note: self.note.as_deref(), request: REQUEST }
    }
}

/// What the log calls requests of the command line.
const REQUEST: &str = "command-line";

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// The entry; without one all open entries of the filter
    #[arg(conflicts_with_all = ["customer", "source", "code", "since"])]
    number: Option<i64>,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    hand: HandArgs,
}

#[derive(Debug, Args)]
pub(super) struct RepairArgs {
    /// The entry
    number: i64,
    /// The whole event as it should have come, as JSON
    #[arg(value_name = "FILE")]
    event: PathBuf,
    #[command(flatten)]
    hand: HandArgs,
}

#[derive(Debug, Args)]
pub(super) struct DismissArgs {
    /// The entry
    number: i64,
    /// Why it is not needed
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who does it
    #[arg(long, value_name = "NAME", default_value = "operator")]
    by: String,
}

pub(super) async fn quarantine(app: &App, command: &QuarantineCommand, screen: &mut Screen) -> Result<(), CliError> {
    match command {
        QuarantineCommand::List(args) => list(app, args, screen).await,
        QuarantineCommand::Show(args) => show(app, args.number, screen).await,
        QuarantineCommand::Replay(args) => match args.number {
            Some(number) => told(&flow::replay(app, number, args.hand.hand()).await?, screen),
            None => replay_all(app, args, screen).await,
        },
        QuarantineCommand::Repair(args) => {
            let event = read_file(&args.event)?;
            told(&flow::repair(app, args.number, &event, args.hand.hand()).await?, screen)
        }
        QuarantineCommand::Dismiss(args) => {
            let hand = Hand { by: &args.by, note: Some(&args.reason), request: REQUEST };
            told(&flow::dismiss(app, args.number, hand).await?, screen)
        }
    }
}

async fn list(app: &App, args: &ListArgs, screen: &mut Screen) -> Result<(), CliError> {
    let filter = args.filter.filter(args.state);
    let head = ["ENTRY", "RECEIVED", "STATE", "CODE", "CUSTOMER", "SOURCE", "ID"].map(str::to_owned).to_vec();
    let entries = store::latest(&app.db, &filter, (i64::MAX, args.limit)).await?;
    let rows = entries.iter().map(|entry| {
        let received = entry.received_at.format("%Y-%m-%d %H:%M:%S").to_string();
        let (state, code) = (entry.state.as_str().to_owned(), entry.code.clone());
        let [customer, source, id] = [&entry.customer, &entry.source, &entry.event_id].map(|text| shown(text));
        vec![entry.number.to_string(), received, state, code, customer, source, id]
    });
    let mut aligns = [Align::Left; 7];
    aligns[0] = Align::Right;
    screen.table(&aligns, &std::iter::once(head).chain(rows).collect::<Vec<_>>())?;
    for count in store::counts(&app.db, &filter).await? {
        screen.note(&format!("{} {} {}", count.entries, count.state.as_str(), count.code));
    }
    Ok(())
}

/// A text of an event, which may be empty where it could not be read.
fn shown(text: &str) -> String {
    if text.is_empty() { "–".to_owned() } else { text.to_owned() }
}

async fn show(app: &App, number: i64, screen: &mut Screen) -> Result<(), CliError> {
    let entry = flow::entry(&app.db, number).await?;
    told(&entry, screen)?;
    screen.line(&format!("received {} in request {}", entry.received_at.to_rfc3339(), entry.request))?;
    screen.line(&format!("{}: {}", entry.code, entry.detail))?;
    screen.line(&entry.body)?;
    if !entry.whole {
        screen.line("(not all of it was kept; it can be repaired or dismissed, not replayed)")?;
    }
    if let Some(stored) = flow::contradicted(&app.db, &entry).await? {
        let (id, source, kind, customer) = (&stored.id, &stored.source, &stored.kind, &stored.customer);
        let (time, received) = (from_us(stored.time_us)?.to_rfc3339(), from_us(stored.received_us)?.to_rfc3339());
        screen.line(&format!("stored is {id} of {source}: {kind} of {customer} at {time}, accepted {received}"))?;
        screen.line(&stored.data.to_string())?;
        if let Some(by) = &stored.changed_by {
            screen.line(&format!("it was voided or amended by {by}"))?;
        }
    }
    Ok(())
}

/// Says what became of an entry.
fn told(entry: &Entry, screen: &mut Screen) -> Result<(), CliError> {
    let mut text = format!("entry {} is {}", entry.number, entry.state.as_str());
    if let Some(settled) = &entry.settled {
        text.push_str(&format!(" since {} by {}", settled.at.to_rfc3339(), settled.by));
        if let Some((source, id)) = &settled.accepted {
            text.push_str(&format!("; accepted for it: {id} of {source}"));
        }
        if let Some(note) = &settled.note {
            text.push_str(&format!("; {note}"));
        }
    }
    screen.line(&text)
}

/// Entries that are replayed in one go.
const REPLAY_PAGE: u32 = 10_000;

async fn replay_all(app: &App, args: &ReplayArgs, screen: &mut Screen) -> Result<(), CliError> {
    let filter = args.filter.filter(None);
    let (mut after, mut replayed, mut open) = (0, 0_usize, 0_usize);
    loop {
        let done = flow::replay_all(app, &filter, (after, REPLAY_PAGE), args.hand.hand()).await?;
        replayed = replayed.saturating_add(done.replayed);
        open = open.saturating_add(done.still_open.len());
        for (number, code, detail) in &done.still_open {
            screen.note(&format!("entry {number} stays open: {code}: {detail}"));
        }
        let Some(next) = done.next else { break };
        after = next;
    }
    screen.line(&format!("{replayed} replayed, {open} stay open"))?;
    if open == 0 { Ok(()) } else { Err(CliError::Told) }
}
