//! The database: opens SQLite or PostgreSQL, brings its shape up to date and names what can go wrong with it.
//!
//! One set of statements serves both; no other file knows which of the two is there.

use std::borrow::Cow;
use std::sync::Arc;

use chrono::Datelike;
use engine::ids::CustomerId;
use engine::period::Instant;
use engine::usage::Event;
use ledger::{Backend, Ledger, LedgerError, Limits};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{Any, AnyConnection, AnyPool, ConnectOptions, Connection as _, Executor, Row};

use crate::config::{Config, DatabasePlace};
use crate::versions::{Asked, Versions};

/// A transaction. Each one that writes begins with a write, so that SQLite takes its lock at once.
pub type Tx = sqlx::Transaction<'static, Any>;

/// What the database or its driver said.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// What the database has refused.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// No room is left; the transaction was undone.
    #[error("the disk or the database file is full; nothing of this was stored")]
    Full(#[source] Cause),
    /// Somebody else holds it for longer than we wait.
    #[error("the database is busy; nothing of this was stored, so try again")]
    Busy(#[source] Cause),
    /// It was made by a later version of Ratecard.
    #[error("the database has shape {found}, this ratecard knows up to {known}; use a newer ratecard")]
    TooNew {
        /// The shape it has.
        found: i64,
        /// The latest shape this program knows.
        known: i64,
    },
    /// A stored value is not what was put there.
    #[error("the database holds an unreadable {what}: {value}")]
    Unreadable {
        /// Which value.
        what: &'static str,
        /// What stands there.
        value: String,
    },
    /// The quarantine has no room for what would be refused, and nothing in it is settled.
    #[error(
        "the quarantine is full: its {max} entries (setting quarantine_max_entries) are all open, and nothing is refused \
         without being kept. Send the request again after entries were repaired, replayed or dismissed; what was \
         accepted meanwhile counts once"
    )]
    QuarantineFull {
        /// How many entries it may have.
        max: i64,
    },
    /// Anything else.
    #[error("the database failed: {0}")]
    Failed(#[source] Cause),
}

/// What a refusal is about.
enum Trouble {
    Full,
    Busy,
    Other,
}

fn trouble(error: &sqlx::Error) -> Trouble {
    let code = error.as_database_error().and_then(|error| error.code().map(Cow::into_owned));
    match code.as_deref() {
        // SQLITE_FULL and its I/O errors for writing and syncing; PostgreSQL's disk_full.
        Some("13" | "778" | "1034" | "1290" | "4874" | "53100") => Trouble::Full,
        // SQLITE_BUSY and SQLITE_LOCKED with their kin; PostgreSQL's lock_not_available, deadlock, serialization.
        Some("5" | "6" | "261" | "262" | "517" | "773" | "55P03" | "40P01" | "40001") => Trouble::Busy,
        Some(_) => Trouble::Other,
        None if matches!(error, sqlx::Error::PoolTimedOut) => Trouble::Busy,
        None => Trouble::Other,
    }
}

impl DbError {
    fn of(trouble: &Trouble, cause: Cause) -> Self {
        match trouble {
            Trouble::Full => Self::Full(cause),
            Trouble::Busy => Self::Busy(cause),
            Trouble::Other => Self::Failed(cause),
        }
    }
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        Self::of(&trouble(&error), error.into())
    }
}

impl From<LedgerError> for DbError {
    fn from(error: LedgerError) -> Self {
        fn of(error: &LedgerError) -> Trouble {
            match error {
                LedgerError::Db(error) => trouble(error),
                LedgerError::Shared(error) => of(error),
                LedgerError::Closed | LedgerError::Crowded { .. } | LedgerError::Overtaken => Trouble::Busy,
                LedgerError::Unreadable { .. } => Trouble::Other,
            }
        }
        Self::of(&of(&error), error.into())
    }
}

/// The shapes of the database, oldest first. One that was released never changes.
const SHAPES: [(i64, &str); 5] = [
    (1, include_str!("schema/0001_first.sql")),
    (2, include_str!("schema/0002_keys.sql")),
    (3, include_str!("schema/0003_ledger.sql")),
    (4, include_str!("schema/0004_quarantine.sql")),
    (5, include_str!("schema/0005_corrections.sql")),
];

/// The mark in a shape where the ledger's own tables belong.
const LEDGER_TABLES: &str = "-- @ledger";

/// An open database.
#[derive(Debug, Clone)]
pub struct Db {
    pool: AnyPool,
    ledger: Ledger,
    quarantine_max: i64,
    versions: Arc<Asked>,
}

impl Db {
    /// Opens the database of `config`, creating it if it is a file that is not there.
    pub async fn open(config: &Config, now: Instant) -> Result<Self, DbError> {
        sqlx::any::install_default_drivers();
        let options = connect_options(&config.database)?;
        let pragmas = pragmas(config);
        let pool = AnyPoolOptions::new()
            .max_connections(8)
            .acquire_timeout(config.busy_timeout.saturating_mul(2))
            // A file does not go away; a server may have closed a connection.
            .test_before_acquire(match config.database {
                DatabasePlace::Sqlite(_) => false,
                DatabasePlace::Postgres(_) => true,
            })
            .after_connect(move |connection, _| {
                let pragmas = pragmas.clone();
                Box::pin(async move {
                    for pragma in pragmas {
                        connection.execute(sqlx::AssertSqlSafe(pragma)).await?;
                    }
                    Ok(())
                })
            })
            .after_release(|connection, _| {
                Box::pin(async move {
                    connection.ping().await?;
                    // A transaction that SQLite has undone by itself, as on a full disk, still runs for the driver: what is
                    // committed next on this connection would not be.
                    Ok(!connection.is_in_transaction())
                })
            })
            .connect_with(options)
            .await?;
        let backend = match config.database {
            DatabasePlace::Sqlite(_) => Backend::Sqlite,
            DatabasePlace::Postgres(_) => Backend::Postgres,
        };
        bring_up_to_date(&pool, backend, now).await?;
        let ledger = Ledger::open(pool.clone(), backend, Limits::default()).await?;
        carry_over(&pool, &ledger).await?;
        let quarantine_max = i64::from(config.quarantine_max_entries);
        Ok(Self { pool, ledger, quarantine_max, versions: Arc::default() })
    }

    /// The usage events.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// How many entries the quarantine may have.
    pub fn quarantine_max(&self) -> i64 {
        self.quarantine_max
    }

    /// How often books and customers were written until now, by anybody.
    pub async fn versions(&self) -> Result<Versions, DbError> {
        self.versions.ask(&self.pool).await
    }

    /// The same as it was heard last, without asking.
    pub fn known_versions(&self) -> Option<Versions> {
        self.versions.known()
    }

    /// Begins a transaction, which is undone if whoever asked goes away.
    pub async fn begin(&self) -> Result<Tx, DbError> {
        Ok(ledger::begin(&self.pool).await?)
    }

    /// For single statements.
    pub fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// Keeps what is being accepted, waits for running statements and closes every connection.
    pub async fn close(&self) {
        self.ledger.close().await;
        self.pool.close().await;
    }
}

async fn bring_up_to_date(pool: &AnyPool, backend: Backend, now: Instant) -> Result<(), DbError> {
    let known = SHAPES.iter().map(|(version, _)| *version).max().unwrap_or(0);
    if shape(pool).await == Some(known) {
        return Ok(());
    }
    let create = "CREATE TABLE IF NOT EXISTS shapes (version BIGINT NOT NULL PRIMARY KEY, applied_us BIGINT NOT NULL)";
    pool.execute(create).await?;
    for (version, statements) in SHAPES {
        let mut tx = ledger::begin(pool).await?;
        let insert = "INSERT INTO shapes (version, applied_us) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        let mine = sqlx::query(insert).bind(version).bind(to_us(now)).execute(&mut *tx).await?;
        // Nobody else has applied it or is about to.
        if mine.rows_affected() == 1 {
            let statements = statements.replace(LEDGER_TABLES, &ledger::tables(backend));
            sqlx::raw_sql(sqlx::AssertSqlSafe(statements)).execute(&mut *tx).await?;
            tx.commit().await?;
        }
    }
    match shape(pool).await {
        Some(found) if found > known => Err(DbError::TooNew { found, known }),
        Some(_) | None => Ok(()),
    }
}

/// The shape it has; `None` while there is no table that says so.
async fn shape(pool: &AnyPool) -> Option<i64> {
    let row = sqlx::query("SELECT MAX(version) FROM shapes").fetch_one(pool).await.ok()?;
    row.try_get::<Option<i64>, _>(0).ok().flatten()
}

/// Moves events of the first shape, one row each, into the ledger. A stop in the middle does no harm: what was moved is
/// there already when it is moved again.
async fn carry_over(pool: &AnyPool, ledger: &Ledger) -> Result<(), DbError> {
    let select = "SELECT customer, time_us, source, id, kind, data, received_us FROM events \
                  WHERE received_us = (SELECT MIN(received_us) FROM events) LIMIT 1000";
    loop {
        let rows = sqlx::query(select).fetch_all(pool).await?;
        let Some(first) = rows.first() else { return Ok(()) };
        let received = from_us(first.try_get(6)?)?;
        let events = rows.iter().map(old_event).collect::<Result<Vec<_>, DbError>>()?;
        ledger.append(events.iter().cloned().map(Into::into).collect(), received).await?;
        let mut tx = ledger::begin(pool).await?;
        for event in &events {
            let delete = "DELETE FROM events WHERE source = $1 AND id = $2";
            sqlx::query(delete).bind(event.source.as_str()).bind(event.id.as_str()).execute(&mut *tx).await?;
        }
        tx.commit().await?;
    }
}

fn old_event(row: &sqlx::any::AnyRow) -> Result<Event, DbError> {
    let (customer, data): (String, String) = (row.try_get(0)?, row.try_get(5)?);
    Ok(Event {
        source: row.try_get(2)?,
        id: row.try_get(3)?,
        customer: valid("customer id", &customer, |text| CustomerId::new(text).ok())?,
        kind: row.try_get(4)?,
        time: from_us(row.try_get(1)?)?,
        data: valid("data of event", &data, |text| serde_json::from_str(text).ok())?,
    })
}

fn connect_options(place: &DatabasePlace) -> Result<AnyConnectOptions, DbError> {
    /// What may stand in the path of a URL as it is.
    const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.');
    let url = match place {
        DatabasePlace::Sqlite(file) => {
            format!("sqlite://{}?mode=rwc", utf8_percent_encode(&file.to_string_lossy(), PATH))
        }
        DatabasePlace::Postgres(url) => url.clone(),
    };
    let options: AnyConnectOptions = url.parse()?;
    // Statements are not logged: they carry customers' data.
    Ok(options.disable_statement_logging())
}

fn pragmas(config: &Config) -> Vec<String> {
    let DatabasePlace::Sqlite(_) = config.database else { return Vec::new() };
    let mut pragmas = vec![
        format!("PRAGMA busy_timeout = {}", config.busy_timeout.as_millis()),
        "PRAGMA foreign_keys = ON".to_owned(),
    ];
    pragmas.extend(ledger::SQLITE_PRAGMAS.split(';').map(str::to_owned));
    if let Some(mib) = config.max_database_mib {
        // Pages have 4 KiB unless somebody made the file otherwise.
        pragmas.push(format!("PRAGMA max_page_count = {}", u64::from(mib).saturating_mul(256)));
    }
    pragmas
}

/// An instant as the database keeps it.
pub fn to_us(instant: Instant) -> i64 {
    instant.timestamp_micros()
}

/// An instant from the database.
pub fn from_us(us: i64) -> Result<Instant, DbError> {
    Instant::from_timestamp_micros(us).ok_or_else(|| DbError::Unreadable { what: "instant", value: us.to_string() })
}

/// A day as the number YYYYMMDD, as the database keeps it.
pub fn day_number(day: chrono::NaiveDate) -> i64 {
    let year = i64::from(day.year()).saturating_mul(10_000);
    year.saturating_add(i64::from(day.month()).saturating_mul(100)).saturating_add(i64::from(day.day()))
}

/// A stored text as the valid thing it was.
pub fn valid<T>(what: &'static str, text: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, DbError> {
    read(text).ok_or_else(|| DbError::Unreadable { what, value: text.to_owned() })
}

/// `($1, $2), ($3, $4)` for two rows of two columns.
pub fn placeholders(rows: usize, columns: usize) -> String {
    let row = |row: usize| {
        let cells: Vec<String> =
            (1..=columns).map(|column| format!("${}", row.saturating_mul(columns).saturating_add(column))).collect();
        format!("({})", cells.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// The connection under a transaction, as the store functions take it.
pub type Connection = AnyConnection;
