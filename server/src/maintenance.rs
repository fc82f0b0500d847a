//! What the server does by itself while it runs: notices what others commit, stores counts, sorts events into blocks.
//!
//! Nothing here decides about money; what fails is logged and tried again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::app::App;
use crate::archive::due::{self, Done};
use crate::db::DbError;

/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How often counts are stored.
const SAVE_EVERY: Duration = Duration::from_secs(10);

/// Commits that are sorted at once when so many wait, however few events they have.
const SORT_AT_COMMITS: usize = 5_000;

/// Fewer are sorted after this long.
const SORT_AFTER: Duration = Duration::from_secs(600);

/// How often it looks for runs of identities that others have sorted.
const COVER_EVERY: Duration = Duration::from_secs(60);

/// How often it looks for months whose time of keeping is over.
const ARCHIVE_EVERY: Duration = Duration::from_secs(3600);

/// Counts that are stored in one transaction.
const COUNTS_PER_COMMIT: usize = 200;

/// The running task.
#[derive(Debug)]
pub struct Maintenance {
    stop: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Maintenance {
    /// Starts it.
    pub fn start(app: App) -> Self {
        let stop = Arc::new(Notify::new());
        let stopped = Arc::clone(&stop);
        let task = tokio::spawn(async move {
            let mut state = State {
                saved: Instant::now(),
                sorted: Instant::now(),
                sorting: None,
                covering: None,
                covered: None,
                archived: None,
                archiving: None,
            };
            let mut ticks = interval(LOOK_EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    _ = ticks.tick() => {}
                    () = stopped.notified() => break,
                }
                if let Err(error) = state.look(&app).await {
                    tracing::warn!(%error, "maintenance failed and will be tried again");
                }
            }
            if let Some(covering) = state.covering.take() {
                covering.abort();
            }
            if let Some(sorting) = state.sorting.take() {
                // Half a pass would do no harm, but a whole one saves the next start the work.
                let _ = sorting.await;
            }
            if let Err(error) = save_counts(&app).await {
                tracing::warn!(%error, "counts were not stored; they will be counted again");
            }
        });
        Self { stop, task }
    }

    /// Ends it after what it is doing, and stores the counts.
    pub async fn stop(self) {
        self.stop.notify_one();
        if self.task.await.is_err() {
            tracing::warn!("maintenance ended badly");
        }
    }
}

struct State {
    saved: Instant,
    sorted: Instant,
    /// A pass of sorting; it may take some seconds, in which others are still listened to.
    sorting: Option<JoinHandle<()>>,
    /// Identities of old events are being read into memory.
    covering: Option<JoinHandle<()>>,
    covered: Option<Instant>,
    archived: Option<Instant>,
    /// Months are being exported and dropped.
    archiving: Option<JoinHandle<()>>,
}

impl State {
    async fn look(&mut self, app: &App) -> Result<(), DbError> {
        let ledger = app.db.ledger();
        ledger.catch_up().await?;
        // What others have written of books and customers.
        app.db.versions().await?;
        app.counters.heard();
        let (events, commits) = (ledger.waiting(), ledger.waiting_commits());
        let is_sorting = self.sorting.as_ref().is_some_and(|sorting| !sorting.is_finished());
        let is_enough = events >= app.config.sort_at_events
            || commits >= SORT_AT_COMMITS
            || (events > 0 && self.sorted.elapsed() >= SORT_AFTER);
        let sorts = is_enough && !is_sorting;
        if sorts || self.saved.elapsed() >= SAVE_EVERY {
            // Before sorting: a count that reaches past what is sorted is gone on with from a few commits.
            save_counts(app).await?;
            self.saved = Instant::now();
        }
        if sorts {
            self.sorted = Instant::now();
            self.sorting = Some(tokio::spawn(sort(Arc::clone(app))));
        }
        let is_covering = self.covering.as_ref().is_some_and(|covering| !covering.is_finished());
        if !is_covering && self.covered.is_none_or(|at| at.elapsed() >= COVER_EVERY) {
            self.covered = Some(Instant::now());
            self.covering = Some(tokio::spawn(cover(Arc::clone(app))));
        }
        let is_archiving = self.archiving.as_ref().is_some_and(|archiving| !archiving.is_finished());
        let is_time = self.archived.is_none_or(|at| at.elapsed() >= ARCHIVE_EVERY);
        if app.config.retention_months.is_some() && is_time && !is_archiving {
            self.archived = Some(Instant::now());
            self.archiving = Some(tokio::spawn(archive(Arc::clone(app))));
        }
        Ok(())
    }
}

async fn archive(app: App) {
    match due::run(&app).await {
        Ok(done) => {
            for done in done {
                match done {
                    Done::Dropped(month, totals) => {
                        tracing::info!(%month, events = totals.accepted, "a month of events was exported and dropped");
                    }
                    Done::Told(month) => {
                        tracing::info!(%month, "a month of events is kept longer than retention_months; set archive_dir");
                    }
                }
            }
        }
        Err(error) => tracing::warn!(%error, "months were not archived; it will be tried again"),
    }
}

async fn cover(app: App) {
    loop {
        match app.db.ledger().cover_a_run().await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                tracing::warn!(%error, "identities of old events were not read into memory; each is looked up in the database");
                return;
            }
        }
    }
}

async fn sort(app: App) {
    match app.db.ledger().sort(app.clock.now()).await {
        Ok(None) => {}
        Ok(Some(sorted)) => tracing::info!(events = sorted.events, through = sorted.through, "events sorted"),
        Err(error) => tracing::warn!(%error, "events were not sorted; it will be tried again"),
    }
}

async fn save_counts(app: &App) -> Result<(), DbError> {
    loop {
        let counts = app.counters.take_unsaved(COUNTS_PER_COMMIT);
        if counts.is_empty() {
            break;
        }
        app.db.ledger().save_counts(&counts).await?;
    }
    // Once in a while nothing comes for a customer. Of what waits to be sorted it is known whose it is, of blocks it is not.
    let sorted = app.db.ledger().sorted_through();
    loop {
        let (held, through) = app.counters.take_held(sorted, COUNTS_PER_COMMIT);
        if held.is_empty() {
            return Ok(());
        }
        app.db.ledger().hold_counts(&held, through).await?;
    }
}
