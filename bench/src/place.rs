//! A ledger in a folder of its own, opened as the server opens it, and what the system says about this process.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use engine::period::Instant;
use ledger::{Backend, Ledger, Limits};
use sqlx::AnyPool;
use tempfile::TempDir;

pub(crate) struct Place {
    pub(crate) folder: TempDir,
    pub(crate) pool: AnyPool,
    pub(crate) ledger: Ledger,
}

impl Place {
    pub(crate) async fn new() -> Self {
        sqlx::any::install_default_drivers();
        let folder = tempfile::tempdir().unwrap();
        let options = sqlx::any::AnyPoolOptions::new().max_connections(8).test_before_acquire(false).after_connect(
            |connection, _| {
                Box::pin(async move {
                    sqlx::raw_sql("PRAGMA busy_timeout = 5000").execute(&mut *connection).await?;
                    sqlx::raw_sql(ledger::SQLITE_PRAGMAS).execute(connection).await?;
                    Ok(())
                })
            },
        );
        let pool = options.connect(&format!("sqlite://{}/events.db?mode=rwc", folder.path().display())).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(ledger::tables(Backend::Sqlite))).execute(&pool).await.unwrap();
        let ledger = Ledger::open(pool.clone(), Backend::Sqlite, Limits::default()).await.unwrap();
        Self { folder, pool, ledger }
    }

    /// Bytes of the database when everything is in it.
    pub(crate) async fn size_bytes(&self) -> u64 {
        sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.pool).await.unwrap();
        file_bytes(self.folder.path())
    }
}

/// Bytes of all files of a folder.
pub(crate) fn file_bytes(folder: &Path) -> u64 {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
}

/// When events are received, for all of them.
pub(crate) fn now() -> Instant {
    Instant::from_timestamp_micros(super::made_up::START_US + 1_000_000).unwrap()
}

/// Sorts in the background as the server does, until it is told to stop.
pub(crate) struct Sorter {
    stop: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<u64>,
}

/// The server begins to sort when so many events wait.
pub(crate) const SORT_AT: u64 = 200_000;

impl Sorter {
    pub(crate) fn start(ledger: &Ledger) -> Self {
        let (ledger, stop) = (ledger.clone(), Arc::new(AtomicBool::new(false)));
        let stopped = Arc::clone(&stop);
        let task = tokio::spawn(async move {
            let mut events = 0;
            loop {
                if ledger.waiting() >= SORT_AT {
                    events += ledger.sort(now()).await.unwrap().map_or(0, |sorted| sorted.events);
                } else if stopped.load(Ordering::Relaxed) {
                    return events;
                } else {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        });
        Self { stop, task }
    }

    /// Waits until no more waits than is usual.
    pub(crate) async fn end(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.unwrap()
    }
}

/// Seconds of both cores that this process has used.
pub(crate) fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |field: usize| fields.get(field).and_then(|text| text.parse::<f64>().ok()).unwrap_or(f64::NAN);
    (ticks(11) + ticks(12)) / 100.0
}

/// The most memory that this process has had, in kB.
pub(crate) fn peak_kilobytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok()).unwrap_or(f64::NAN)
}
