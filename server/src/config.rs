//! Every setting, read once: defaults, then ratecard.toml, then the environment, then flags.
//!
//! `Settings` is what a person may say; `Config` is what has been checked. Nothing else reads the environment.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::TimeDelta;
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};

use crate::auth::limits::{BadRate, Rate, Rates};

/// What may be set; every name is also an environment variable, for instance `RATECARD_LISTEN`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The directory of the database, the operator's token and the lock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<PathBuf>,
    /// `sqlite:FILE` or `postgres://…`; by default `ratecard.db` in the data directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Address and port to listen on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    /// Whether that may be an address that other machines reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_remote: Option<bool>,
    /// The operator's token; by default a file in the data directory holds one.
    #[serde(default, deserialize_with = "secret", skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The built pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web: Option<PathBuf>,
    /// The largest request body, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_limit_bytes: Option<usize>,
    /// How far ahead of our clock an event's time may be, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub future_tolerance_seconds: Option<u32>,
    /// How many days back an event's time may be; without it, back to 2000-01-01.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_days: Option<u32>,
    /// The largest stream of events (NDJSON), in bytes after decompression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream_limit_bytes: Option<u64>,
    /// How many requests a second an API key may make where the key says nothing; 0 is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_requests_per_second: Option<u32>,
    /// How many of them at once; twice as many as in a second where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_requests_burst: Option<u32>,
    /// How many events a second an API key may send where the key says nothing; 0 is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_events_per_second: Option<u32>,
    /// How many of them at once; twice as many as in a second where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_events_burst: Option<u32>,
    /// How long the answer to a request with an Idempotency-Key is kept, in hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency_hours: Option<u32>,
    /// For how many hours after its end a month waits for late events before it is billed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grace_hours: Option<u32>,
    /// What a bill run does about events that came after an invoice was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrections: Option<Corrections>,
    /// How many refused events are kept for repair; above it the oldest settled ones go, then requests are refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quarantine_max_entries: Option<u32>,
    /// After how many minutes without a request a source is called silent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_silent_minutes: Option<u32>,
    /// How long to wait for a lock on the database, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub busy_timeout_ms: Option<u32>,
    /// The largest SQLite file, in MiB; unlimited by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_database_mib: Option<u32>,
    /// How many accepted events wait before they are sorted into blocks; fewer are sorted after ten minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort_at_events: Option<u64>,
    /// Whether this machine may read `/metrics` without the operator's token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics_open: Option<bool>,
    /// How many whole months of events are kept beside the current one; all where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_months: Option<u32>,
    /// Where months are exported to before they are dropped; without it, months that are due are only reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive_dir: Option<PathBuf>,
    /// What to log, for instance `info` or `server=debug`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// More directories to look for fonts in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fonts: Option<Vec<PathBuf>>,
    /// Who issues the invoices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seller: Option<Seller>,
}

/// Who issues the invoices, as it stands on them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seller {
    /// The name, for instance of the company.
    pub name: String,
    /// Further lines below it: address, tax number, contact.
    #[serde(default)]
    pub lines: Vec<String>,
}

/// What a bill run does about events that came after an invoice was issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Corrections {
    /// It issues a correction of the invoice.
    #[default]
    Issue,
    /// It only reports them.
    Report,
}

/// Where the data is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabasePlace {
    /// In this file.
    Sqlite(PathBuf),
    /// Behind this URL.
    Postgres(String),
}

/// Checked settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// The directory of the token and the lock.
    pub data: PathBuf,
    /// The database.
    pub database: DatabasePlace,
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// The operator's token, if it is set here rather than kept in a file.
    pub token: Option<String>,
    /// The built pages.
    pub web: Option<PathBuf>,
    /// The largest request body.
    pub body_limit_bytes: usize,
    /// How far ahead of our clock an event's time may be.
    pub future_tolerance: TimeDelta,
    /// How far back an event's time may be, if not to 2000-01-01.
    pub oldest: Option<TimeDelta>,
    /// The largest stream of events, after decompression.
    pub stream_limit_bytes: u64,
    /// How fast an API key may be used where it says nothing itself.
    pub key_rates: Rates,
    /// How long the answer to a request with an Idempotency-Key is kept.
    pub idempotency: TimeDelta,
    /// How long after its end a month waits for late events before it is billed.
    pub grace: TimeDelta,
    /// What a bill run does about events that came after an invoice was issued.
    pub corrections: Corrections,
    /// How many refused events are kept for repair.
    pub quarantine_max_entries: u32,
    /// After how long without a request a source is called silent.
    pub source_silent: TimeDelta,
    /// How long to wait for a lock on the database.
    pub busy_timeout: Duration,
    /// The largest SQLite file.
    pub max_database_mib: Option<u32>,
    /// How many accepted events wait before they are sorted into blocks.
    pub sort_at_events: u64,
    /// Whether this machine may read `/metrics` without the operator's token.
    pub metrics_open: bool,
    /// How many whole months of events are kept beside the current one; all where nothing is said.
    pub retention_months: Option<u32>,
    /// Where months are exported to before they are dropped.
    pub archive_dir: Option<PathBuf>,
    /// What to log.
    pub log: String,
    /// More directories to look for fonts in.
    pub fonts: Vec<PathBuf>,
    /// Who issues the invoices.
    pub seller: Seller,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A setting cannot be read; the message names it and where it came from.
    #[error("a setting cannot be read: {0}")]
    Unreadable(#[from] Box<figment::Error>),
    /// The address is open to other machines.
    #[error("{0} can be reached by other machines; add --allow-remote if that is meant (put TLS in front)")]
    Remote(SocketAddr),
    /// No database of this kind; only the scheme is told, for the rest may hold a password.
    #[error("the database ({0}) is none that can be used; write sqlite:FILE or postgres://USER@HOST/NAME")]
    Database(String),
    /// A rate that lets nothing through.
    #[error(transparent)]
    Rate(#[from] BadRate),
    /// Too short to be a secret.
    #[error("the operator's token has {0} characters; it needs at least 16")]
    ShortToken(usize),
}

/// The shortest token that an operator may choose.
const TOKEN_LENGTH_MIN: usize = 16;

/// More events must not wait: while four million do, nothing is accepted.
const SORT_AT_EVENTS_MAX: u64 = 2_000_000;

impl Config {
    /// Reads the settings: defaults, `ratecard.toml` (or the file given), `RATECARD_…`, then `flags`.
    pub fn load(file: Option<&Path>, flags: &Settings) -> Result<Self, ConfigError> {
        let here = Path::new("ratecard.toml");
        // A file that was asked for must be there; the one in this folder is read if it is there.
        let file = file.or_else(|| here.exists().then_some(here));
        // The token is read apart, as the text it is: figment would take digits for a number.
        // RATECARD_CONFIG and RATECARD_BIN are about the program, not settings of it.
        let env = Env::prefixed("RATECARD_").ignore(&["config", "bin", "token"]).split("__");
        let figment = match file {
            Some(path) => Figment::new().merge(Toml::file_exact(path)),
            None => Figment::new(),
        };
        let figment = match Env::var("RATECARD_TOKEN") {
            Some(token) => figment.merge(env).merge(Serialized::default("token", token)),
            None => figment.merge(env),
        };
        let figment = figment.merge(Serialized::defaults(flags));
        let settings: Settings = figment.extract().map_err(Box::new)?;
        Self::check(settings)
    }

    /// The defaults for a data directory, on a free port.
    pub fn in_dir(data: &Path) -> Self {
        Self {
            data: data.to_path_buf(),
            database: DatabasePlace::Sqlite(data.join("ratecard.db")),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            token: None,
            web: None,
            body_limit_bytes: 4 * 1024 * 1024,
            future_tolerance: TimeDelta::minutes(5),
            oldest: None,
            stream_limit_bytes: 1024 * 1024 * 1024,
            key_rates: Rates { requests: Rate::per_second(100), events: Rate::per_second(20_000) },
            idempotency: TimeDelta::hours(24),
            grace: TimeDelta::zero(),
            corrections: Corrections::default(),
            quarantine_max_entries: 1_000_000,
            source_silent: TimeDelta::minutes(60),
            busy_timeout: Duration::from_secs(5),
            max_database_mib: None,
            sort_at_events: 200_000,
            metrics_open: false,
            retention_months: None,
            archive_dir: None,
            log: "info".to_owned(),
            fonts: Vec::new(),
            seller: Seller { name: "Ratecard".to_owned(), lines: Vec::new() },
        }
    }

    fn check(settings: Settings) -> Result<Self, ConfigError> {
        let data = settings.data.unwrap_or_else(|| PathBuf::from("ratecard-data"));
        let defaults = Self::in_dir(&data);
        let listen = settings.listen.unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 8787)));
        if !listen.ip().is_loopback() && !settings.allow_remote.unwrap_or(false) {
            return Err(ConfigError::Remote(listen));
        }
        if let Some(length) = settings.token.as_ref().map(String::len).filter(|length| *length < TOKEN_LENGTH_MIN) {
            return Err(ConfigError::ShortToken(length));
        }
        let requests = (settings.key_requests_per_second, settings.key_requests_burst);
        let events = (settings.key_events_per_second, settings.key_events_burst);
        let key_rates = Rates {
            requests: Rate::chosen(requests, defaults.key_rates.requests)?,
            events: Rate::chosen(events, defaults.key_rates.events)?,
        };
        let tolerance = settings.future_tolerance_seconds.map(|seconds| TimeDelta::seconds(i64::from(seconds)));
        Ok(Self {
            database: settings.database.map_or(Ok(defaults.database), |text| database(&text))?,
            listen,
            token: settings.token,
            web: settings.web,
            body_limit_bytes: settings.body_limit_bytes.unwrap_or(defaults.body_limit_bytes),
            future_tolerance: tolerance.unwrap_or(defaults.future_tolerance),
            oldest: settings.oldest_days.map(|days| TimeDelta::days(i64::from(days))),
            stream_limit_bytes: settings.stream_limit_bytes.unwrap_or(defaults.stream_limit_bytes),
            key_rates,
            idempotency: settings
                .idempotency_hours
                .map_or(defaults.idempotency, |hours| TimeDelta::hours(i64::from(hours))),
            grace: settings.grace_hours.map_or(defaults.grace, |hours| TimeDelta::hours(i64::from(hours))),
            corrections: settings.corrections.unwrap_or(defaults.corrections),
            quarantine_max_entries: settings.quarantine_max_entries.unwrap_or(defaults.quarantine_max_entries),
            source_silent: settings
                .source_silent_minutes
                .map_or(defaults.source_silent, |minutes| TimeDelta::minutes(i64::from(minutes))),
            busy_timeout: settings
                .busy_timeout_ms
                .map_or(defaults.busy_timeout, |ms| Duration::from_millis(u64::from(ms))),
            max_database_mib: settings.max_database_mib,
            sort_at_events: settings.sort_at_events.unwrap_or(defaults.sort_at_events).clamp(1, SORT_AT_EVENTS_MAX),
            metrics_open: settings.metrics_open.unwrap_or(false),
            retention_months: settings.retention_months,
            archive_dir: settings.archive_dir,
            log: settings.log.unwrap_or(defaults.log),
            fonts: settings.fonts.unwrap_or_default(),
            seller: settings.seller.unwrap_or(defaults.seller),
            data,
        })
    }
}

fn database(text: &str) -> Result<DatabasePlace, ConfigError> {
    if let Some(file) = text.strip_prefix("sqlite:") {
        let file = file.strip_prefix("//").unwrap_or(file);
        if !file.is_empty() && file != ":memory:" {
            return Ok(DatabasePlace::Sqlite(PathBuf::from(file)));
        }
    } else if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Ok(DatabasePlace::Postgres(text.to_owned()));
    }
    Err(ConfigError::Database(scheme(text)))
}

/// The scheme of a URL and nothing else of it.
fn scheme(text: &str) -> String {
    let name = text.split_once(':').map(|(name, _)| name).filter(|name| name.len() <= 20);
    match name.filter(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+')) {
        Some(name) => format!("{name}:…"),
        None => "without a scheme".to_owned(),
    }
}

/// A text that no error message repeats.
fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::String(text) => Ok(Some(text)),
        serde_json::Value::Null => Ok(None),
        serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::Array(_)
        | serde_json::Value::Object(_) => Err(serde::de::Error::custom("the token must be a text in quotes")),
    }
}
