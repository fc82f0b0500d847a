//! Reads the lines of all logs, sends their events in batches, and keeps the places when the server has them.
//!
//! One thing after the other: nothing is read while a batch is on its way, so that memory stays bounded by one batch.

use std::path::PathBuf;
use std::time::{Duration, Instant as Elapsed};

use engine::period::Instant;

use super::answer::{Answer, Counts};
use super::backoff::Backoff;
use super::batch::{Batch, BatchLimits, key};
use super::error::CollectError;
use super::follower::Follower;
use super::rejects::{Reject, Rejects};
use super::sender::{Destination, Request, Sender};
use super::state::{State, StateFile};
use super::stop::Stop;
use super::tail::{Reading, Taken};
use crate::mapping::{Content, Format, Mapping};

/// What a collector is to do.
#[derive(Debug, Clone)]
pub struct Orders {
    /// The logs, by the names under which they are written.
    pub logs: Vec<PathBuf>,
    /// What their lines mean.
    pub mapping: Mapping,
    /// The source of the events.
    pub source: String,
    /// Where they go.
    pub to: Destination,
    /// Where the places are kept.
    pub state: PathBuf,
    /// Where lines are kept that are no events.
    pub rejects: Option<PathBuf>,
    /// When a batch is sent.
    pub batch: BatchLimits,
    /// How long to wait before sending again.
    pub backoff: Backoff,
    /// How often logs that brought nothing are looked at. Looking costs a system call a log and works on every file
    /// system, also over the network, where notifications do not.
    pub look_every: Duration,
    /// The longest line, in bytes.
    pub line_bytes_max: usize,
    /// The clock.
    pub now: fn() -> Instant,
}

/// What a collector did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Lines read.
    pub lines: u64,
    /// Of these, lines that the mapping passes over, and empty ones.
    pub passed_over: u64,
    /// Of these, lines that are no events.
    pub rejected: u64,
    /// Batches that the server took.
    pub batches: u64,
    /// Events that were new to the server.
    pub accepted: u64,
    /// Events that it had.
    pub duplicates: u64,
    /// Events that contradict one that it had.
    pub conflicts: u64,
    /// Events that it put aside.
    pub refused: u64,
}

/// How many refusals of a batch are written to the log.
const REFUSALS_TOLD: usize = 3;

/// Follows logs.
#[derive(Debug)]
pub struct Collector {
    orders: Orders,
    stop: Stop,
    sender: Sender,
    state_file: StateFile,
    state: State,
    rejects: Rejects,
    followers: Vec<Follower>,
    batch: Batch,
    /// When the first line was read that is not in the state yet.
    pending_since: Option<Elapsed>,
    is_packed: bool,
    totals: Totals,
}

impl Collector {
    /// Opens the state and goes to the places in it.
    pub fn open(orders: Orders, stop: Stop) -> Result<Self, CollectError> {
        if let Content::Mapped { format: Format::Csv { .. } | Format::Parquet, .. } = orders.mapping.content {
            return Err(CollectError::NotLines);
        }
        let (state_file, state) = StateFile::open(&orders.state, &orders.source)?;
        let rejects = Rejects::open(orders.rejects.as_deref())?;
        let sender = Sender::new(orders.to.clone());
        let mut collector = Self {
            sender,
            stop,
            state_file,
            state,
            rejects,
            followers: Vec::new(),
            batch: Batch::default(),
            pending_since: None,
            is_packed: true,
            totals: Totals::default(),
            orders,
        };
        let reading = collector.reading();
        let resume = |log: &PathBuf| {
            Follower::resume(log, &collector.state.places, reading)
                .map_err(|source| CollectError::Log { path: log.clone(), source })
        };
        let followers: Result<Vec<Follower>, CollectError> = collector.orders.logs.iter().map(resume).collect();
        collector.followers = followers?;
        Ok(collector)
    }

    /// What was done so far.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Follows the logs until it is asked to stop. What was read and not sent is read again the next time.
    pub fn run(&mut self) -> Result<(), CollectError> {
        while !self.stop.is_asked() {
            let has_read = self.turn()?;
            if !has_read {
                self.stop.wait(self.orders.look_every);
            }
        }
        Ok(())
    }

    /// Reads all that is there now, sends it, and is done.
    pub fn run_once(&mut self) -> Result<(), CollectError> {
        while self.turn()? && !self.stop.is_asked() {}
        self.send_pending()
    }

    /// Looks at the logs once, reads at most a batch, and sends it if it is due. Says whether anything was read.
    pub fn turn(&mut self) -> Result<bool, CollectError> {
        let before = self.totals.lines;
        self.fill()?;
        let is_due = self.pending_since.is_some_and(|since| since.elapsed() >= self.orders.batch.wait);
        if is_due || self.batch.is_full(&self.orders.batch) {
            self.send_pending()?;
        }
        Ok(self.totals.lines > before)
    }

    fn reading(&self) -> Reading<'_> {
        let Orders { mapping, source, line_bytes_max, .. } = &self.orders;
        Reading { mapping, source, line_bytes_max: *line_bytes_max }
    }

    /// Reads until the batch is full or no line is left. A log that cannot be read just now is read later.
    fn fill(&mut self) -> Result<(), CollectError> {
        let mut followers = std::mem::take(&mut self.followers);
        let filled = followers.iter_mut().try_for_each(|follower| self.fill_from(follower));
        self.followers = followers;
        filled
    }

    fn fill_from(&mut self, follower: &mut Follower) -> Result<(), CollectError> {
        if let Err(error) = follower.look(self.reading()) {
            tracing::warn!(log = %follower.log().display(), "the log cannot be looked at, trying again: {error}");
            return Ok(());
        }
        // A log without events must not keep the others, or the saving of places, waiting.
        for _ in 0..LINES_AT_ONCE {
            if self.batch.is_full(&self.orders.batch) {
                return Ok(());
            }
            match follower.next(self.reading()) {
                Ok(Some(taken)) => self.take(follower, taken)?,
                Ok(None) => {
                    for taken in follower.rest(self.reading()) {
                        self.take(follower, taken)?;
                    }
                    return Ok(());
                }
                Err(error) => {
                    tracing::warn!(log = %follower.log().display(), "the log cannot be read, trying again: {error}");
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, follower: &Follower, taken: Taken) -> Result<(), CollectError> {
        self.totals.lines = self.totals.lines.saturating_add(1);
        self.pending_since.get_or_insert_with(Elapsed::now);
        match taken {
            Taken::Event(event) => self.batch.add(&event),
            Taken::PassedOver => {
                self.totals.passed_over = self.totals.passed_over.saturating_add(1);
                Ok(())
            }
            Taken::Refused { line, at, problem, text } => {
                self.totals.rejected = self.totals.rejected.saturating_add(1);
                if self.totals.rejected <= FIRST_REJECTS_TOLD {
                    tracing::warn!(log = %follower.log().display(), line, "no event: {problem}");
                }
                let file = follower.log().display().to_string();
                let (problem, detail) = (problem.code(), problem.to_string());
                self.rejects.keep(&Reject { file: &file, line, offset: at, problem, detail, text })
            }
        }
    }

    /// Sends what was read and keeps the places; nothing is kept if it was asked to stop before the server took it.
    fn send_pending(&mut self) -> Result<(), CollectError> {
        if self.pending_since.is_none() {
            return Ok(());
        }
        let batch = std::mem::take(&mut self.batch);
        if !batch.is_empty() && !self.deliver(batch)? {
            // A half of it may have been taken; its number is used up, its events will be sent again.
            return self.state_file.save(&self.state);
        }
        self.rejects.sync()?;
        self.state.places = self.followers.iter().flat_map(Follower::places).collect();
        self.state_file.save(&self.state)?;
        self.pending_since = None;
        Ok(())
    }

    /// Sends a batch until the server has taken it, in halves if it must be; `false` if asked to stop before.
    fn deliver(&mut self, batch: Batch) -> Result<bool, CollectError> {
        let mut waiting = vec![batch];
        while let Some(batch) = waiting.pop() {
            match self.sent(&batch) {
                Sent::Taken => {}
                Sent::Stopped => return Ok(false),
                Sent::TooLarge(why) if batch.len() > 1 => {
                    tracing::warn!(
                        events = batch.len(),
                        "the server did not take the batch, sending it in halves: {why}"
                    );
                    let (first, rest) = batch.halves();
                    waiting.extend([rest, first]);
                }
                Sent::TooLarge(why) => self.reject_event(&batch, why)?,
            }
        }
        Ok(true)
    }

    /// An event that the server cannot read even alone must not hold up all others.
    fn reject_event(&mut self, batch: &Batch, why: String) -> Result<(), CollectError> {
        self.totals.rejected = self.totals.rejected.saturating_add(1);
        tracing::error!("the server did not take this event, it is kept in the rejects: {why}");
        let text = batch.events().concat();
        let reject = Reject { file: "", line: 0, offset: 0, problem: "not_taken", detail: why, text };
        self.rejects.keep(&reject)
    }

    fn sent(&mut self, batch: &Batch) -> Sent {
        let mut tries = 0_u32;
        loop {
            let body = match batch.body(self.is_packed) {
                Ok(body) => body,
                Err(error) => return Sent::TooLarge(error.to_string()),
            };
            let key = key(&body);
            let answer = self.sender.send(Request {
                source: &self.orders.source,
                batch: self.state.next_batch,
                key: &key,
                body: &body,
                is_packed: self.is_packed,
                now: (self.orders.now)(),
            });
            tries = tries.saturating_add(1);
            let wait = match answer {
                Answer::Taken(counts) => {
                    self.count(&counts);
                    return Sent::Taken;
                }
                Answer::Smaller { why } => return Sent::TooLarge(why),
                Answer::NotPacked => {
                    tracing::info!("the server does not unpack gzip; sending plain from now on");
                    self.is_packed = false;
                    continue;
                }
                Answer::Later { why, not_before } => {
                    let wait = self.orders.backoff.wait(tries, &key).max(not_before.unwrap_or_default());
                    tracing::warn!(batch = self.state.next_batch, tries, ?wait, "not sent yet: {why}");
                    wait
                }
                Answer::Denied { why } => {
                    let wait = self.orders.backoff.longest;
                    tracing::error!(
                        batch = self.state.next_batch,
                        tries,
                        ?wait,
                        "the server denies it; nothing is lost, but somebody must mend the key, the address or the \
                         server: {why}"
                    );
                    wait
                }
            };
            if self.stop.wait(wait.min(WAIT_MAX)) {
                return Sent::Stopped;
            }
        }
    }

    fn count(&mut self, counts: &Counts) {
        let totals = &mut self.totals;
        for (total, more) in [
            (&mut totals.batches, 1),
            (&mut totals.accepted, counts.accepted),
            (&mut totals.duplicates, counts.duplicates),
            (&mut totals.conflicts, counts.conflicts),
            (&mut totals.refused, counts.refused),
        ] {
            *total = total.saturating_add(more);
        }
        self.state.next_batch = self.state.next_batch.saturating_add(1);
        let refused = counts.events.iter().filter(|event| matches!(event.status.as_str(), "refused" | "conflict"));
        for event in refused.take(REFUSALS_TOLD) {
            let (id, code) = (event.id.as_deref().unwrap_or("?"), event.code.as_deref().unwrap_or("?"));
            let detail = event.detail.as_deref().unwrap_or_default();
            tracing::warn!(id, code, "the server put the event aside: {detail}");
        }
    }
}

/// How a try to send ended.
enum Sent {
    Taken,
    TooLarge(String),
    Stopped,
}

/// Lines of a log that are read before the next log has its turn.
const LINES_AT_ONCE: usize = 10_000;

/// How many lines that are no events are told; the rejects file has all.
const FIRST_REJECTS_TOLD: u64 = 10;

/// However long a server asks to wait, it is asked again after an hour.
const WAIT_MAX: Duration = Duration::from_secs(3600);
