//! The one task that commits: whoever waits is taken along, so that a hundred writers share one flush to disk.
//!
//! An answer is given after the commit. What fails fails for the whole commit, and memory stays as it was.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use engine::period::Instant;
use engine::usage::Event;
use hashbrown::hash_map::Entry;
use hashbrown::{HashMap, HashSet};
use rustc_hash::FxBuildHasher;
use sqlx::AnyConnection;
use tokio::sync::{mpsc, oneshot, watch};

use crate::batch;
use crate::changes::{self, Change};
use crate::days::{self, DayCount};
use crate::error::LedgerError;
use crate::identity::{Content, Identity};
use crate::index::{TailBatch, customer_hash};
use crate::ledger::Shared;
use crate::row::Row;
use crate::runs;
use crate::state;
use crate::{bytes, checkpoint, counts};

/// An event to keep.
#[derive(Debug, Clone, PartialEq)]
pub struct Incoming {
    /// The event.
    pub event: Event,
    /// What it does to an earlier one.
    pub change: Change,
}

impl From<Event> for Incoming {
    fn from(event: Event) -> Self {
        Self { event, change: Change::None }
    }
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is new and kept.
    New,
    /// The same event was there.
    Same,
    /// Another event of this identity was there; it stays, this one is not kept.
    Conflict,
    /// It voids or amends an event that is not there; it is not kept.
    NoTarget,
    /// It voids or amends an event that another one has voided or amended before; it is not kept.
    ChangedBefore,
}

/// Events that wait for the next commit.
#[derive(Debug)]
pub(crate) struct Submission {
    pub(crate) prepared: Prepared,
    pub(crate) reply: oneshot::Sender<Result<Vec<Kept>, LedgerError>>,
}

/// Events with all that can be worked out before it is their turn.
#[derive(Debug)]
pub(crate) struct Prepared {
    events: Vec<Incoming>,
    facts: Vec<Facts>,
    bytes: Vec<u8>,
    now: Instant,
}

#[derive(Debug)]
struct Facts {
    identity: Identity,
    content: Content,
    customer: u64,
    /// Where its bytes are.
    bytes: Range<usize>,
    /// Whether the event that it changes is there; so where it changes none.
    has_target: bool,
}

impl Facts {
    /// What becomes of it where its identity is there with this content.
    fn again(&self, content: Content) -> Kept {
        if content == self.content { Kept::Same } else { Kept::Conflict }
    }
}

impl Prepared {
    pub(crate) fn new(events: Vec<Incoming>, targets: Vec<bool>, now: Instant) -> Self {
        let mut bytes = Vec::with_capacity(events.len().saturating_mul(192));
        let mut facts = Vec::with_capacity(events.len());
        let mut targets = targets.into_iter();
        let mut json = Vec::new();
        for incoming in &events {
            let begin = bytes.len();
            let Event { source, id, customer, data, .. } = &incoming.event;
            json.clear();
            // A map of JSON values is always JSON, and JSON is always UTF-8.
            let _ = serde_json::to_writer(&mut json, data);
            row(incoming, (0, 0), std::str::from_utf8(&json).unwrap_or_default()).put(&mut bytes);
            facts.push(Facts {
                identity: Identity::of(source, id),
                content: Content::of_bytes(bytes.get(begin..).unwrap_or_default()),
                customer: customer_hash(customer.as_str()),
                bytes: begin..bytes.len(),
                has_target: targets.next().unwrap_or(true),
            });
        }
        Self { events, facts, bytes, now }
    }

    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }
}

fn row<'r>(incoming: &'r Incoming, (seq, received_us): (i64, i64), data: &'r str) -> Row<'r> {
    let Event { source, id, customer, kind, time, .. } = &incoming.event;
    Row {
        time_us: time.timestamp_micros(),
        received_us,
        seq,
        customer: customer.as_str(),
        source,
        id,
        kind,
        data: data.into(),
        change: incoming.change.clone(),
    }
}

/// Commits until it is told to stop or the last sender is gone; what was submitted before that is still committed.
pub(crate) async fn run(
    shared: Arc<Shared>,
    mut receiver: mpsc::Receiver<Submission>,
    mut stop: watch::Receiver<bool>,
) {
    let mut kept_connection = None;
    let checkpoints = checkpoint::start(&shared);
    loop {
        let first = tokio::select! {
            biased;
            first = receiver.recv() => first,
            _ = stop.wait_for(|stopped| *stopped) => {
                // Nobody is let in any more; who is in is still served.
                receiver.close();
                continue;
            }
        };
        let Some(first) = first else { break };
        if let Err(error) = shared.wait_for_room(&mut stop).await {
            // Everybody who waits has waited long enough.
            let mut replies = vec![first.reply];
            replies.extend(std::iter::from_fn(|| receiver.try_recv().ok()).map(|submission| submission.reply));
            answer(Err(error), Vec::new(), replies);
            continue;
        }
        let group = gather(&mut receiver, first, shared.limits.commit_events).await;
        let (prepared, replies): (Vec<_>, Vec<_>) = group.into_iter().map(|one| (one.prepared, one.reply)).unzip();
        let sizes: Vec<usize> = prepared.iter().map(Prepared::len).collect();
        let mut prepared = prepared;
        let outcome = commit_with(&shared, &mut kept_connection, &mut prepared).await;
        answer(outcome, sizes, replies);
        // Thousands of small things to give back: after the answer, which nobody should wait for longer.
        drop(prepared);
    }
    checkpoint::stop(checkpoints).await;
}

/// Everybody who is about to wait: those who have just been answered come with their next events in the moment in which
/// they are let run. One by one they would each have a flush of their own.
async fn gather(receiver: &mut mpsc::Receiver<Submission>, first: Submission, enough: usize) -> Vec<Submission> {
    let mut events = first.prepared.len();
    let mut group = vec![first];
    let mut rests = 0;
    while events < enough && rests < RESTS {
        match receiver.try_recv() {
            Ok(next) => {
                events = events.saturating_add(next.prepared.len());
                group.push(next);
                rests = 0;
            }
            Err(_) => {
                rests += 1;
                tokio::task::yield_now().await;
            }
        }
    }
    group
}

/// How often others are let run without anybody coming.
const RESTS: u32 = 3;

type Reply = oneshot::Sender<Result<Vec<Kept>, LedgerError>>;

fn answer(outcome: Result<Vec<Kept>, LedgerError>, sizes: Vec<usize>, replies: Vec<Reply>) {
    // Who has gone meanwhile needs no answer.
    match outcome {
        Ok(kept) => {
            let mut kept = kept.into_iter();
            for (size, reply) in sizes.into_iter().zip(replies) {
                let _ = reply.send(Ok(kept.by_ref().take(size).collect()));
            }
        }
        Err(error) => {
            let error = Arc::new(error);
            for reply in replies {
                let _ = reply.send(Err(LedgerError::Shared(Arc::clone(&error))));
            }
        }
    }
}

type Connection = sqlx::pool::PoolConnection<sqlx::Any>;

/// Commits on a connection that is kept from one commit to the next; after trouble another one is taken.
async fn commit_with(
    shared: &Shared,
    kept_connection: &mut Option<Connection>,
    group: &mut Vec<Prepared>,
) -> Result<Vec<Kept>, LedgerError> {
    let mut connection = match kept_connection.take() {
        Some(connection) => connection,
        None => shared.pool.acquire().await?,
    };
    let outcome = commit(shared, &mut connection, group).await;
    shared.committing.send_replace(0);
    if outcome.is_ok() {
        *kept_connection = Some(connection);
    } else {
        // SQLite may have undone the transaction by itself, as on a full disk. The driver then believes that it still
        // runs, and what is committed next would only be a savepoint of a transaction that is never committed.
        connection.close_on_drop();
    }
    outcome
}

async fn commit(
    shared: &Shared,
    connection: &mut Connection,
    group: &mut Vec<Prepared>,
) -> Result<Vec<Kept>, LedgerError> {
    let began = std::time::Instant::now();
    let turn = shared.turn().await;
    let mut tx = sqlx::Connection::begin(&mut **connection).await?;
    let seq = state::next(&mut tx, "batch").await?;
    shared.committing.send_replace(seq);
    let stand = state::stand(&mut tx).await?;
    let behind = {
        let index = shared.index();
        index.stand.batch != seq - 1 || index.stand.layout != stand.layout
    };
    if behind {
        shared.refresh(&mut tx, state::Stand { batch: seq - 1, ..stand }).await?;
    }
    let mut kept = classify(shared, &mut tx, group).await?;
    let received_us = group.iter().map(|prepared| prepared.now.timestamp_micros()).max().unwrap_or(0);
    note_changes(&mut tx, group, (&mut kept, (seq, received_us))).await?;
    let accepted = Accepted::of(group, &kept);
    if accepted.tail.events > 0 {
        insert(&mut tx, (seq, received_us), &accepted).await?;
    }
    let by_source = day_counts(group, (&kept, received_us));
    days::add(&mut tx, &by_source).await?;
    tx.commit().await?;
    drop(turn);
    shared.meter.committed(&by_source, began.elapsed());
    let Accepted { keys, mut tail, .. } = accepted;
    tail.received_us = received_us;
    let tail = (tail.events > 0).then_some(tail);
    shared.follow((seq, received_us), (tail, &keys), || {
        let events = std::mem::take(group).into_iter().flat_map(|prepared| prepared.events);
        events.zip(&kept).filter(|(_, kept)| **kept == Kept::New).map(|(event, _)| event).collect()
    });
    Ok(kept)
}

/// Tells new events from those that are there, in memory or in a run, and from earlier ones of the same commit.
async fn classify(
    shared: &Shared,
    connection: &mut AnyConnection,
    group: &[Prepared],
) -> Result<Vec<Kept>, LedgerError> {
    let facts = || group.iter().flat_map(|prepared| &prepared.facts);
    let (recent, runs, front): (Vec<Option<Content>>, _, _) = {
        let index = shared.index();
        let recent = facts().map(|fact| index.recent(fact.identity)).collect();
        (recent, Arc::clone(&index.runs), Arc::clone(&index.front))
    };
    let unknown = facts().zip(&recent).filter(|(_, recent)| recent.is_none()).map(|(fact, _)| fact.identity);
    let unknown: Vec<Identity> = unknown.collect();
    let mut older = runs::find(connection, (&runs, &front.view()), &unknown).await?;
    older.reserve(unknown.len());
    let tell = |(fact, recent): (&Facts, Option<Content>)| match recent {
        Some(content) => fact.again(content),
        None => match older.entry(fact.identity) {
            Entry::Occupied(there) => fact.again(*there.get()),
            Entry::Vacant(_) if !fact.has_target => Kept::NoTarget,
            Entry::Vacant(free) => {
                free.insert(fact.content);
                Kept::New
            }
        },
    };
    Ok(facts().zip(recent).map(tell).collect())
}

/// Notes what new events void or amend, and takes the counts back that were made with it.
async fn note_changes(
    connection: &mut AnyConnection,
    group: &[Prepared],
    (kept, commit): (&mut [Kept], (i64, i64)),
) -> Result<(), LedgerError> {
    let events = group.iter().flat_map(|prepared| &prepared.events);
    for (incoming, kept) in events.zip(kept) {
        if incoming.change == Change::None || *kept != Kept::New {
            continue;
        }
        if changes::note(connection, &row(incoming, commit, "")).await? {
            counts::forget(connection, (incoming.event.customer.as_str(), commit.0)).await?;
        } else {
            *kept = Kept::ChangedBefore;
        }
    }
    Ok(())
}

/// The new events of a commit.
struct Accepted {
    body: Vec<u8>,
    keys: Vec<(Identity, Content)>,
    tail: TailBatch,
}

impl Accepted {
    fn of(group: &[Prepared], kept: &[Kept]) -> Self {
        let mut kept = kept.iter();
        let (mut body, mut keys) = (Vec::new(), Vec::new());
        let mut customers: HashSet<u64, FxBuildHasher> = HashSet::default();
        let (mut start_us, mut end_us) = (i64::MAX, i64::MIN);
        for prepared in group {
            for (fact, incoming) in prepared.facts.iter().zip(&prepared.events) {
                if kept.next() != Some(&Kept::New) {
                    continue;
                }
                body.extend_from_slice(prepared.bytes.get(fact.bytes.clone()).unwrap_or_default());
                keys.push((fact.identity, fact.content));
                customers.insert(fact.customer);
                let time_us = incoming.event.time.timestamp_micros();
                (start_us, end_us) = (start_us.min(time_us), end_us.max(time_us));
            }
        }
        let mut customers: Vec<u64> = customers.into_iter().collect();
        customers.sort_unstable();
        let events = bytes::length(keys.len());
        let tail = TailBatch { received_us: 0, start_us, end_us, events, customers: customers.into() };
        Self { body, keys, tail }
    }
}

async fn insert(
    connection: &mut AnyConnection,
    (seq, received_us): (i64, i64),
    accepted: &Accepted,
) -> Result<(), LedgerError> {
    let insert = "INSERT INTO event_batches (seq, received_us, events, body) VALUES ($1, $2, $3, $4)";
    sqlx::query(insert)
        .bind(seq)
        .bind(received_us)
        .bind(i64::try_from(accepted.tail.events).unwrap_or(i64::MAX))
        .bind(batch::pack(&accepted.body))
        .execute(connection)
        .await?;
    Ok(())
}

fn day_counts<'g>(group: &'g [Prepared], (kept, received_us): (&[Kept], i64)) -> BTreeMap<&'g str, DayCount> {
    let mut by_source: HashMap<&'g str, DayCount, FxBuildHasher> = HashMap::default();
    let items = group.iter().flat_map(|prepared| prepared.events.iter().zip(&prepared.facts));
    for ((incoming, fact), kept) in items.zip(kept) {
        let count = by_source.entry(&incoming.event.source).or_insert_with(|| DayCount::at(received_us));
        match kept {
            Kept::New => {
                count.accepted = count.accepted.saturating_add(1);
                count.checksum = count.checksum.saturating_add(fact.content.sum_part());
                let ahead_us = incoming.event.time.timestamp_micros().saturating_sub(received_us);
                count.skew_us = count.skew_us.max(ahead_us);
            }
            Kept::Same => count.duplicates = count.duplicates.saturating_add(1),
            Kept::Conflict | Kept::NoTarget | Kept::ChangedBefore => {
                count.conflicts = count.conflicts.saturating_add(1);
            }
        }
    }
    by_source.into_iter().collect()
}
