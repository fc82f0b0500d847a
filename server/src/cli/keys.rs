//! `key`: API keys for those who send and read usage.

use chrono::TimeDelta;
use clap::{Args, Subcommand};
use engine::ids::CustomerId;

use super::CliError;
use super::screen::{Align, Screen};
use crate::app::App;
use crate::auth::key_store;
use crate::auth::keys::{Key, KeyOrder, OwnRates, Scope, create, revoke};

pub(super) const KEY_EXAMPLES: &str = "\
Examples:
  ratecard key add acme-backend --customer acme --scope events:write --scope usage:read
  ratecard key add gateway-1 --source /gateways/shanghai-1 --days 365 --events-per-second 50000
  ratecard key list
  ratecard key revoke key_4f1d2a7b9c3e5d60
The token is told once, when the key is made. A running server knows of a new or revoked key within a second.";

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Make a key and tell its token
    Add(AddArgs),
    /// List the keys, also those that have ended
    List,
    /// End a key for good
    Revoke(RevokeArgs),
}

#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// What people call it
    name: String,
    /// The customer it belongs to; without one it is a collector's key, for every customer
    #[arg(long)]
    customer: Option<String>,
    /// A source it may send for, may be repeated [default: all; with --customer: /customers/ID]
    #[arg(long, value_name = "SOURCE")]
    source: Vec<String>,
    /// What it may do, may be repeated: events:write, usage:read
    #[arg(long, value_name = "SCOPE", default_value = "events:write", value_parser = scope)]
    scope: Vec<Scope>,
    /// After how many days it expires [default: never]
    #[arg(long)]
    days: Option<u32>,
    /// Requests a second, 0 for no limit [default: key_requests_per_second of the settings]
    #[arg(long, value_name = "NUMBER")]
    requests_per_second: Option<u32>,
    /// Requests at once [default: twice as many as in a second]
    #[arg(long, value_name = "NUMBER")]
    requests_burst: Option<u32>,
    /// Events a second, 0 for no limit [default: key_events_per_second of the settings]
    #[arg(long, value_name = "NUMBER")]
    events_per_second: Option<u32>,
    /// Events at once [default: twice as many as in a second]
    #[arg(long, value_name = "NUMBER")]
    events_burst: Option<u32>,
}

#[derive(Debug, Args)]
pub(super) struct RevokeArgs {
    /// The key's id, as `ratecard key list` shows it
    id: String,
}

/// A scope that is none of those there are.
#[derive(Debug, thiserror::Error)]
#[error("there are the scopes events:write and usage:read")]
struct NoSuchScope;

fn scope(text: &str) -> Result<Scope, NoSuchScope> {
    Scope::named(text).ok_or(NoSuchScope)
}

/// Keys that are read at once.
const PAGE: u32 = 1000;

pub(super) async fn key(app: &App, command: &KeyCommand, screen: &mut Screen) -> Result<(), CliError> {
    match command {
        KeyCommand::Add(args) => add(app, args, screen).await,
        KeyCommand::List => list(app, screen).await,
        KeyCommand::Revoke(args) => {
            let key = revoke(&app.db, &args.id, app.clock.now()).await?;
            screen.line(&format!("{} ({}) is ended", key.id, key.order.name))
        }
    }
}

async fn add(app: &App, args: &AddArgs, screen: &mut Screen) -> Result<(), CliError> {
    let now = app.clock.now();
    let mut scopes = args.scope.clone();
    scopes.sort();
    scopes.dedup();
    let order = KeyOrder {
        name: args.name.clone(),
        customer: args.customer.as_deref().map(CustomerId::new).transpose()?,
        sources: args.source.clone(),
        scopes,
        expires_at: args.days.and_then(|days| now.checked_add_signed(TimeDelta::days(i64::from(days)))),
        rates: OwnRates {
            requests: (args.requests_per_second, args.requests_burst),
            events: (args.events_per_second, args.events_burst),
        },
    };
    let made = create(&app.db, order, now).await?;
    screen.line(&made.token)?;
    screen.note(&format!("the token of {}; it is told only now", made.key.id));
    Ok(())
}

async fn list(app: &App, screen: &mut Screen) -> Result<(), CliError> {
    let head = ["KEY", "NAME", "CUSTOMER", "SOURCES", "SCOPES", "STATE", "LAST USED"].map(str::to_owned).to_vec();
    let mut rows = vec![head];
    let mut after = String::new();
    loop {
        let page = key_store::page(&app.db, &after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.id);
        rows.extend(page.iter().map(|key| row(app, key)));
    }
    screen.table(&[Align::Left; 7], &rows)
}

fn row(app: &App, key: &Key) -> Vec<String> {
    let or = |text: Option<String>, none: &str| text.unwrap_or_else(|| none.to_owned());
    let day = |at: engine::period::Instant| at.format("%Y-%m-%d").to_string();
    let scopes: Vec<&str> = key.order.scopes.iter().map(|scope| scope.as_str()).collect();
    let state = match (key.revoked_at, key.order.expires_at) {
        (Some(at), _) => format!("revoked {}", day(at)),
        (None, Some(at)) if at <= app.clock.now() => format!("expired {}", day(at)),
        (None, Some(at)) => format!("until {}", day(at)),
        (None, None) => "in force".to_owned(),
    };
    let sources = (!key.order.sources.is_empty()).then(|| key.order.sources.join(", "));
    vec![
        key.id.clone(),
        key.order.name.clone(),
        or(key.order.customer.as_ref().map(ToString::to_string), "every"),
        or(sources, "all"),
        scopes.join(" "),
        state,
        or(key.last_used_at.map(|at| at.format("%Y-%m-%d %H:%M").to_string()), "never"),
    ]
}
