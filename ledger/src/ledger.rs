//! The ledger as its users hold it: open it, append, scan, listen.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::period::Instant;
use engine::usage::Event;
use sqlx::AnyPool;
use tokio::sync::{Notify, broadcast, mpsc, oneshot, watch};
use tokio::time::{Instant as Moment, sleep_until};

use crate::checkpoint;
use crate::error::LedgerError;
use crate::front::Front;
use crate::identity::{Content, Identity};
use crate::index::{Index, TailBatch};
use crate::row::Row;
use crate::scan::Query;
use crate::state;
use crate::stats::Meter;
use crate::tables::Backend;
use crate::writer::{self, Incoming, Kept, Prepared, Submission};

/// How much the ledger takes on.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Requests that may wait for the next commit; who comes later waits to be let in.
    pub queue: usize,
    /// Events in one commit, about.
    pub commit_events: usize,
    /// Events that may wait to be sorted; while there are more, nothing is accepted.
    pub unsorted_events: u64,
    /// Events that are sorted at once; that many are in memory then.
    pub sort_events: u64,
    /// How long a request waits for room while too many events wait to be sorted; then it is refused.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            queue: 256,
            commit_events: 10_000,
            unsorted_events: 4_000_000,
            sort_events: 500_000,
            patience: Duration::from_secs(20),
        }
    }
}

/// What a commit has accepted, in the order it was accepted.
#[derive(Debug)]
pub struct Committed {
    /// The commit before it, as far as this process knows: where it is not the one a listener has seen last, some were
    /// missed and the listener has to count anew.
    pub previous: i64,
    /// The number of the commit.
    pub seq: i64,
    /// When it was accepted.
    pub received_us: i64,
    /// The new events.
    pub events: Vec<Incoming>,
}

/// Usage events, each kept once.
#[derive(Debug, Clone)]
pub struct Ledger {
    pub(crate) shared: Arc<Shared>,
    pub(crate) submissions: mpsc::Sender<Submission>,
    stop: Arc<watch::Sender<bool>>,
    /// Ends with the task that commits.
    committing: watch::Receiver<()>,
}

/// Nobody else of this process writes to the ledger.
pub type Turn<'t> = tokio::sync::MutexGuard<'t, ()>;

/// What the ledger's tasks share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) pool: AnyPool,
    pub(crate) backend: Backend,
    pub(crate) limits: Limits,
    index: Mutex<Index>,
    listeners: broadcast::Sender<Arc<Committed>>,
    /// The number of the commit that this process is making; 0 while it makes none.
    pub(crate) committing: watch::Sender<i64>,
    /// Told whenever something was sorted, so that who waits for room looks again.
    pub(crate) sorted: Notify,
    pub(crate) lease: Lease,
    pub(crate) meter: Meter,
    /// Held by who writes. SQLite lets one write at a time and has the others ask again and again; here they queue.
    writing: tokio::sync::Mutex<()>,
    turns: AtomicU64,
    /// Told when enough was written for a checkpoint.
    pub(crate) written: Notify,
}

/// The right to sort, as far as this process has it. Each lease is named by its end, in microseconds.
#[derive(Debug, Default)]
pub(crate) struct Lease {
    /// The one that is held; 0 for none.
    pub(crate) held: AtomicI64,
    /// One that could not be given back when the work was over; 0 for none.
    pub(crate) left: AtomicI64,
}

/// A commit that was made is followed within microseconds.
const FOLLOWED_WITHIN: Duration = Duration::from_secs(1);

/// Commits that a slow listener may be behind before it has to count anew.
const LISTENER_COMMITS: usize = 1024;

impl Ledger {
    /// Opens the ledger in a database that has its tables.
    pub async fn open(pool: AnyPool, backend: Backend, limits: Limits) -> Result<Self, LedgerError> {
        let (listeners, _) = broadcast::channel(LISTENER_COMMITS);
        let index = Mutex::new(Index::empty());
        let shared = Arc::new(Shared {
            pool,
            backend,
            limits,
            index,
            listeners,
            committing: watch::Sender::new(0),
            sorted: Notify::new(),
            lease: Lease::default(),
            meter: Meter::new(),
            writing: tokio::sync::Mutex::default(),
            turns: AtomicU64::new(0),
            written: Notify::new(),
        });
        let ledger_is = Arc::clone(&shared);
        let mut tx = shared.begin_read().await?;
        let stand = state::stand(&mut tx).await?;
        shared.refresh(&mut tx, stand).await?;
        tx.rollback().await?;
        let (submissions, receiver) = mpsc::channel(limits.queue.max(1));
        let (stop, stopped) = watch::channel(false);
        let (ended, committing) = watch::channel(());
        tokio::spawn(async move {
            writer::run(ledger_is, receiver, stopped).await;
            drop(ended);
        });
        Ok(Self { shared, submissions, stop: Arc::new(stop), committing })
    }

    /// Keeps events, each once; answers when they are on disk, in their order. Many callers share a commit.
    ///
    /// Of events with the same identity, the first one stays: another content is [`Kept::Conflict`].
    pub async fn append(&self, events: Vec<Incoming>, now: Instant) -> Result<Vec<Kept>, LedgerError> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let targets = self.targets(&events).await?;
        let prepared = Prepared::new(events, targets, now);
        let (reply, answer) = oneshot::channel();
        self.submissions.send(Submission { prepared, reply }).await.map_err(|_| LedgerError::Closed)?;
        answer.await.map_err(|_| LedgerError::Closed)?
    }

    /// For each event, whether the one that it voids or amends is there: stored, or earlier in the same list. Also `true`
    /// for events that change none.
    async fn targets(&self, events: &[Incoming]) -> Result<Vec<bool>, LedgerError> {
        let mut found = Vec::with_capacity(events.len());
        for (place, incoming) in events.iter().enumerate() {
            let Some(id) = incoming.change.target() else {
                found.push(true);
                continue;
            };
            let wanted = &incoming.event;
            let here = events.iter().take(place).any(|earlier| {
                let earlier = &earlier.event;
                earlier.id == id
                    && (&earlier.source, &earlier.customer, earlier.time)
                        == (&wanted.source, &wanted.customer, wanted.time)
            });
            found.push(here || self.is_stored(wanted, id).await?);
        }
        Ok(found)
    }

    async fn is_stored(&self, like: &Event, id: &str) -> Result<bool, LedgerError> {
        let time_us = like.time.timestamp_micros();
        let query =
            Query { customer: Some(like.customer.as_str()), start_us: time_us, end_us: time_us + 1, after_seq: 0 };
        let mut is_stored = false;
        let look = |row: &Row<'_>, _: Option<&str>| {
            is_stored = row.id == id && row.source == like.source;
            if is_stored { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        self.scan(query, look).await?;
        Ok(is_stored)
    }

    /// Hears of every commit from now on, also of those by other processes once they are noticed.
    pub fn listen(&self) -> broadcast::Receiver<Arc<Committed>> {
        self.shared.listeners.subscribe()
    }

    /// Notices what other processes have committed. Returns the number of the last commit.
    pub async fn catch_up(&self) -> Result<i64, LedgerError> {
        let stand = state::stand(&mut *self.shared.pool.acquire().await?).await?;
        self.shared.wait_for_own(stand.batch).await;
        let mine = self.shared.index().stand;
        if mine.batch >= stand.batch && mine.layout >= stand.layout {
            return Ok(stand.batch);
        }
        let mut tx = self.shared.begin_read().await?;
        let stand = state::stand(&mut tx).await?;
        if self.shared.index().stand != stand {
            self.shared.refresh(&mut tx, stand).await?;
        }
        tx.rollback().await?;
        Ok(stand.batch)
    }

    /// Commits what was submitted, accepts nothing more, and gives its connection back.
    pub async fn close(&self) {
        self.stop.send_replace(true);
        let mut committing = self.committing.clone();
        // Nothing is ever sent: it ends when the task has ended.
        while committing.changed().await.is_ok() {}
    }

    /// The number of the last commit that this process knows of.
    pub fn through(&self) -> i64 {
        self.shared.index().stand.batch
    }

    /// Waits for a turn to write something else into the ledger's database, where that lets only one write at a time: in
    /// the queue nobody has to ask again and again. Begin the transaction when you have it, and keep it short: until the
    /// guard is dropped, nothing is accepted.
    pub async fn turn(&self) -> Option<Turn<'_>> {
        match self.shared.backend {
            Backend::Sqlite => Some(self.shared.turn().await),
            Backend::Postgres => None,
        }
    }

    /// The last commit that is sorted into blocks, as far as this process knows.
    pub fn sorted_through(&self) -> i64 {
        self.shared.index().stand.sorted
    }

    /// How many commits wait to be sorted into blocks.
    pub fn waiting_commits(&self) -> usize {
        self.shared.index().tail.len()
    }

    /// How many events wait to be sorted into blocks.
    pub fn waiting(&self) -> u64 {
        self.shared.index().waiting()
    }
}

impl Shared {
    /// The memory. Whoever panicked while holding it has left it whole: it is changed last and at once.
    pub(crate) fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn front(&self) -> Arc<Front> {
        Arc::clone(&self.index().front)
    }

    /// Waits until a commit of this process is followed, if it is the one that was made last: nothing has to be read back
    /// for it.
    pub(crate) async fn wait_for_own(&self, last: i64) {
        let is_followed = |seq: &i64| *seq == 0 || *seq > last;
        // Whoever has waited in vain, because a connection does not answer, reads it back like that of another process.
        let mut committing = self.committing.subscribe();
        let _ = tokio::time::timeout(FOLLOWED_WITHIN, committing.wait_for(is_followed)).await;
    }

    /// Follows a commit and tells those who listen, in the order of commits.
    pub(crate) fn follow(
        &self,
        (seq, received_us): (i64, i64),
        (batch, keys): (Option<TailBatch>, &[(Identity, Content)]),
        events: impl FnOnce() -> Vec<Incoming>,
    ) {
        let mut index = self.index();
        let Some(previous) = index.follow(seq, batch, keys) else { return };
        if self.listeners.receiver_count() > 0 {
            // Nobody listening any more is fine. Told under the lock, so that nobody overtakes.
            let _ = self.listeners.send(Arc::new(Committed { previous, seq, received_us, events: events() }));
        }
    }

    /// Tells those who listen that they have missed commits through this one. Under the lock of the memory, so that nobody
    /// overtakes.
    pub(crate) fn tell_of_gap(&self, seq: i64) {
        let _ = self.listeners.send(Arc::new(Committed { previous: seq, seq, received_us: 0, events: Vec::new() }));
    }

    /// Waits for its turn to write, which is over when the guard is dropped.
    pub(crate) async fn turn(&self) -> Turn<'_> {
        let turn = self.writing.lock().await;
        if self.turns.fetch_add(1, Ordering::Relaxed).is_multiple_of(checkpoint::EVERY_TURNS) {
            self.written.notify_one();
        }
        turn
    }

    /// Waits while too many events wait to be sorted: not for ever, and not when the ledger is being closed.
    pub(crate) async fn wait_for_room(&self, stop: &mut watch::Receiver<bool>) -> Result<(), LedgerError> {
        let mut until = None;
        loop {
            let sorted = self.sorted.notified();
            let waiting = self.index().waiting();
            if waiting < self.limits.unsorted_events {
                return Ok(());
            }
            let now = Moment::now();
            let until = *until.get_or_insert(now.checked_add(self.limits.patience).unwrap_or(now));
            tokio::select! {
                () = sorted => {}
                () = sleep_until(until) => return Err(LedgerError::Crowded { waiting }),
                _ = stop.wait_for(|stopped| *stopped) => return Err(LedgerError::Closed),
            }
        }
    }

    /// A transaction that sees one state of the database from its first statement to its end.
    pub(crate) async fn begin_read(&self) -> Result<sqlx::Transaction<'static, sqlx::Any>, LedgerError> {
        let mut tx = crate::begin(&self.pool).await?;
        match self.backend {
            Backend::Sqlite => {}
            Backend::Postgres => {
                let set = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";
                sqlx::raw_sql(set).execute(&mut *tx).await?;
            }
        }
        Ok(tx)
    }
}
