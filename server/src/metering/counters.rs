//! Counts kept at ingest: what each customer's meters have counted in a month, followed commit by commit.
//!
//! A memory, not a truth: whatever is missing or spoiled is counted again from the ledger, by the same meters.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::ids::CustomerId;
use engine::period::Instant;
use engine::usage::{Event, Metering, Meters, SavedCounts, Span};
use ledger::{Change, Committed, SavedCount};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::flow::{Counted, MeteringError};
use crate::db::to_us;

/// What is counted of a customer's month so far.
#[derive(Debug, Clone)]
pub struct Count {
    /// The meters.
    pub metering: Metering,
    /// All events of the month, also those that no meter selects.
    pub events: i64,
    /// The last commit that is in it.
    pub through: i64,
}

/// A count as it is stored.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    counts: SavedCounts,
    events: i64,
}

impl Count {
    /// Begins at nothing.
    pub fn new(meters: Arc<Meters>, span: Span) -> Self {
        Self { metering: Metering::of(meters, span), events: 0, through: 0 }
    }

    /// Goes on with a stored count; `None` where it was made by other rules.
    pub fn resume(meters: Arc<Meters>, span: Span, saved: &SavedCount) -> Option<Self> {
        let Stored { counts, events } = serde_json::from_slice(&saved.body).ok()?;
        let metering = Metering::resume(meters, span, counts).ok()?;
        Some(Self { metering, events, through: saved.through })
    }

    fn saved(&self, customer: &CustomerId, rules: &str) -> Option<SavedCount> {
        let span = self.metering.span();
        let body = serde_json::to_vec(&Stored { counts: self.metering.save(), events: self.events }).ok()?;
        Some(SavedCount {
            customer: customer.to_string(),
            start_us: to_us(span.period.start),
            end_us: to_us(span.period.end),
            rules: rules.to_owned(),
            through: self.through,
            body,
        })
    }

    /// Counts one more event.
    pub fn add(&mut self, event: &Event) -> Result<(), MeteringError> {
        self.metering.add(event).map_err(MeteringError::Meter)?;
        if self.metering.span().period.contains(event.time) {
            self.events = self.events.saturating_add(1);
        }
        Ok(())
    }

    /// What was counted.
    pub fn counted(&self) -> Result<Counted, MeteringError> {
        let usage = self.metering.usage().map_err(MeteringError::Meter)?;
        Ok(Counted { usage, events: self.events, through: self.through })
    }
}

/// A customer's month that is counted.
#[derive(Debug)]
enum Slot {
    /// Followed commit by commit.
    Ready(Box<Ready>),
    /// Being counted from the ledger; what is committed meanwhile waits here.
    Counting(Vec<Arc<Committed>>),
}

#[derive(Debug)]
struct Ready {
    count: Count,
    rules: Arc<Meters>,
    is_saved: bool,
}

/// All counts in memory.
#[derive(Debug)]
pub struct Counters {
    memory: Mutex<Memory>,
    followed: watch::Sender<i64>,
    /// When the database was asked last for what others have committed.
    heard: Mutex<Option<tokio::time::Instant>>,
}

/// After this long without an answer of the database, what is in memory may be old.
const FRESH_FOR: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
struct Memory {
    slots: BTreeMap<CustomerId, BTreeMap<i64, Slot>>,
    /// The last commit that was followed.
    through: i64,
}

/// Customers whose counts are in memory at most.
const CUSTOMERS_MAX: usize = 50_000;

impl Default for Counters {
    fn default() -> Self {
        Self { memory: Mutex::default(), followed: watch::Sender::new(0), heard: Mutex::default() }
    }
}

impl Counters {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to follow after this commit, with nothing in memory.
    pub fn begin(&self, through: i64) {
        *self.memory() = Memory { slots: BTreeMap::new(), through };
        self.followed.send_replace(through);
    }

    /// The database has just told what others have committed.
    pub fn heard(&self) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(tokio::time::Instant::now());
    }

    /// Whether the database was heard from lately.
    pub fn is_fresh(&self) -> bool {
        let heard = *self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.is_some_and(|at| at.elapsed() < FRESH_FOR)
    }

    /// The last commit that was followed.
    pub fn through(&self) -> i64 {
        *self.followed.borrow()
    }

    /// Waits until a commit was followed.
    pub async fn wait_for(&self, through: i64) {
        // The sender lives as long as this does.
        let _ = self.followed.subscribe().wait_for(|followed| *followed >= through).await;
    }

    /// Hears whenever a commit was followed.
    pub fn listen(&self) -> watch::Receiver<i64> {
        self.followed.subscribe()
    }

    /// Follows a commit. Returns customers of whom nothing is in memory, with the time of an event of theirs.
    pub fn follow(&self, commit: &Arc<Committed>) -> Vec<(CustomerId, Instant)> {
        let mut memory = self.memory();
        if commit.seq <= memory.through {
            return Vec::new();
        }
        if commit.previous != memory.through {
            // Some were missed: what is in memory lacks them.
            memory.slots.clear();
        }
        for incoming in &commit.events {
            if incoming.change != Change::None {
                // An event that was counted no longer counts; that cannot be taken out of a maximum.
                memory.slots.remove(&incoming.event.customer);
            }
        }
        let mut absent: BTreeMap<&CustomerId, Instant> = BTreeMap::new();
        for incoming in &commit.events {
            let Event { customer, time, .. } = &incoming.event;
            match memory.slots.get_mut(customer) {
                Some(slots) => slots.retain(|_, slot| slot.follow(commit, &incoming.event)),
                None => {
                    absent.insert(customer, *time);
                }
            }
        }
        memory.through = commit.seq;
        drop(memory);
        self.followed.send_replace(commit.seq);
        absent.into_iter().map(|(customer, time)| (customer.clone(), time)).collect()
    }

    /// What is in memory for a customer's month by these meters, through the last commit that was followed.
    pub fn counted(
        &self,
        customer: &CustomerId,
        (meters, span): (&Arc<Meters>, Span),
    ) -> Option<Result<Counted, MeteringError>> {
        let memory = self.memory();
        let Slot::Ready(ready) = memory.slots.get(customer)?.get(&to_us(span.period.start))? else { return None };
        if ready.count.metering.span() != span || ready.rules.fingerprint() != meters.fingerprint() {
            return None;
        }
        let through = memory.through.max(ready.count.through);
        Some(ready.count.counted().map(|counted| Counted { through, ..counted }))
    }

    /// Says that a customer's month is being counted from the ledger. `false` where somebody is at it already, or where
    /// there is no room.
    pub fn begin_counting(&self, customer: &CustomerId, span: Span) -> bool {
        let mut memory = self.memory();
        if memory.slots.len() >= CUSTOMERS_MAX && !memory.slots.contains_key(customer) {
            memory.make_room();
        }
        let slots = memory.slots.entry(customer.clone()).or_default();
        let start_us = to_us(span.period.start);
        if matches!(slots.get(&start_us), Some(Slot::Counting(_))) {
            return false;
        }
        slots.insert(start_us, Slot::Counting(Vec::new()));
        true
    }

    /// Puts a count in place that was made since [`Self::begin_counting`], with what was committed meanwhile. Dropped
    /// where it was spoiled meanwhile.
    pub fn end_counting(&self, customer: &CustomerId, rules: &Arc<Meters>, count: Option<Count>) {
        let mut memory = self.memory();
        let Some(slots) = memory.slots.get_mut(customer) else { return };
        let Some(mut count) = count else {
            slots.retain(|_, slot| matches!(slot, Slot::Ready(_)));
            return;
        };
        let start_us = to_us(count.metering.span().period.start);
        let Some(Slot::Counting(waiting)) = slots.remove(&start_us) else { return };
        let through = count.through;
        for commit in waiting.iter().filter(|commit| commit.seq > through) {
            let own = commit.events.iter().filter(|incoming| incoming.event.customer == *customer);
            for incoming in own {
                if count.add(&incoming.event).is_err() {
                    return;
                }
            }
        }
        let ready = Ready { count, rules: Arc::clone(rules), is_saved: false };
        slots.insert(start_us, Slot::Ready(Box::new(ready)));
    }

    /// Up to `limit` counts that have changed since they were taken last, as they are to be stored.
    pub fn take_unsaved(&self, limit: usize) -> Vec<SavedCount> {
        let mut memory = self.memory();
        let through = memory.through;
        let mut saved = Vec::new();
        for (customer, slots) in &mut memory.slots {
            for slot in slots.values_mut() {
                if saved.len() >= limit {
                    return saved;
                }
                if let Slot::Ready(ready) = slot
                    && !ready.is_saved
                {
                    // Nothing of this customer came after what is in it, or it would be in it.
                    ready.count.through = ready.count.through.max(through);
                    ready.is_saved = true;
                    saved.extend(ready.count.saved(customer, ready.rules.fingerprint()));
                }
            }
        }
        saved
    }
}

impl Memory {
    /// Lets go of counts that are stored; they are read again when they are asked for.
    fn make_room(&mut self) {
        for slots in self.slots.values_mut() {
            slots.retain(|_, slot| matches!(slot, Slot::Ready(ready) if !ready.is_saved));
        }
        self.slots.retain(|_, slots| !slots.is_empty());
        if self.slots.len() >= CUSTOMERS_MAX {
            self.slots.clear();
        }
    }
}

impl Slot {
    /// Takes in an event of a commit. `false` where it cannot be counted: whoever asks is then told why.
    fn follow(&mut self, commit: &Arc<Committed>, event: &Event) -> bool {
        match self {
            Self::Counting(waiting) => {
                if waiting.last().is_none_or(|last| last.seq != commit.seq) {
                    waiting.push(Arc::clone(commit));
                }
                true
            }
            // Counted from the ledger before the news of it came here.
            Self::Ready(ready) if commit.seq <= ready.count.through => true,
            Self::Ready(ready) => {
                ready.is_saved = false;
                ready.count.add(event).is_ok()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::TimeDelta;
    use engine::BookDraft;
    use engine::ids::CustomerId;
    use engine::period::{Instant, Period};
    use engine::usage::{Event, Meters, Span};
    use ledger::{Committed, Incoming};

    use super::{Count, Counters};

    const BOOK: &str = r#"
[book]
id = "b"
version = "1"
effective = "1970-01-01"
currency = "CNY"
zone = "UTC"
rounding = { at = "line", mode = "half_up" }
name = { zh = "书", en = "Book" }
[meters.calls]
name = { zh = "调用", en = "Calls" }
event = "api.call"
aggregate = "count"
[plans.p]
name = { zh = "版", en = "Plan" }
[[plans.p.charges]]
meter = "calls"
per_unit = { price = "1" }
"#;

    fn event(id: &str) -> Event {
        let customer = CustomerId::new("acme").unwrap();
        let (source, kind) = ("/test".to_owned(), "api.call".to_owned());
        Event { source, id: id.to_owned(), customer, kind, time: Instant::UNIX_EPOCH, data: [].into() }
    }

    fn commit(seq: i64) -> Arc<Committed> {
        let events = vec![Incoming::from(event(&seq.to_string()))];
        Arc::new(Committed { previous: seq - 1, seq, received_us: 0, events })
    }

    #[test]
    fn a_commit_counted_from_the_ledger_before_it_was_heard_of_is_counted_once() {
        let counters = Counters::default();
        counters.begin(7);
        let period = Period { start: Instant::UNIX_EPOCH, end: Instant::UNIX_EPOCH + TimeDelta::days(31) };
        let book = BookDraft::from_toml(BOOK).check().unwrap();
        let (span, meters) = (Span::new(book.zone, period), Meters::of(&book));
        let customer = event("8").customer;
        assert!(counters.begin_counting(&customer, span));
        // The ledger has commits 8 and 9 already when it is read; the news of them comes after that.
        let mut count = Count::new(Arc::clone(&meters), span);
        count.add(&event("8")).unwrap();
        count.add(&event("9")).unwrap();
        count.through = 9;
        counters.end_counting(&customer, &meters, Some(count));
        counters.follow(&commit(8));
        let saved = counters.take_unsaved(10);
        assert_eq!(saved.iter().map(|count| count.through).collect::<Vec<_>>(), [9], "9 is in it");
        for seq in 9..=10 {
            counters.follow(&commit(seq));
        }
        let counted = counters.counted(&customer, (&meters, span)).unwrap().unwrap();
        assert_eq!((counted.events, counted.through), (3, 10));
    }
}
