//! Counts kept at ingest: what each customer's meters have counted in a month, followed commit by commit.
//!
//! A memory, not a truth: whatever is missing or spoiled is counted again from the ledger, by the same meters.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::ids::CustomerId;
use engine::period::Instant;
use engine::usage::{Event, Meters, Span};
use ledger::{Change, Committed, HeldCount, SavedCount};
use tokio::sync::watch;

pub use super::count::Count;
use super::flow::{Counted, MeteringError};
use crate::db::to_us;

/// A customer's month that is counted.
#[derive(Debug)]
enum Slot {
    /// Followed commit by commit.
    Ready(Box<Ready>),
    /// Being counted from the ledger.
    Counting(Waiting),
}

/// What was committed while a customer is being counted.
#[derive(Debug)]
struct Waiting {
    /// By whom: after an event was voided the next one begins, whose count is another.
    turn: u64,
    commits: Vec<Arc<Committed>>,
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
    /// Customers of whom nothing is in memory, with the time of their last event.
    absent: BTreeMap<CustomerId, Instant>,
    /// The last commit that was followed.
    through: i64,
    /// How often counting was begun.
    turns: u64,
    /// The last commit at which room was made.
    roomy_at: i64,
}

/// Customers whose counts are in memory at most.
const CUSTOMERS_MAX: usize = 50_000;

/// Customers that may wait to be counted; who finds no place is counted when somebody asks.
const ABSENT_MAX: usize = 10_000;

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
        let mut memory = self.memory();
        let turns = memory.turns;
        *memory = Memory { through, turns, ..Memory::default() };
        drop(memory);
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

    /// Follows a commit. `true` where it has events of customers of whom nothing is in memory.
    pub fn follow(&self, commit: &Arc<Committed>) -> bool {
        let mut guard = self.memory();
        let Memory { slots, absent, through, .. } = &mut *guard;
        if commit.seq <= *through {
            return false;
        }
        if commit.previous != *through {
            // Some were missed: what is in memory lacks them.
            slots.clear();
        }
        for incoming in &commit.events {
            if incoming.change != Change::None {
                // An event that was counted no longer counts; that cannot be taken out of a maximum.
                slots.remove(&incoming.event.customer);
            }
        }
        for incoming in &commit.events {
            let Event { customer, time, .. } = &incoming.event;
            if let Some(slots) = slots.get_mut(customer) {
                slots.retain(|_, slot| slot.follow(commit, &incoming.event));
            } else if let Some(last) = absent.get_mut(customer) {
                *last = *time;
            } else if absent.len() < ABSENT_MAX {
                absent.insert(customer.clone(), *time);
            }
        }
        *through = commit.seq;
        let has_absent = !absent.is_empty();
        drop(guard);
        self.followed.send_replace(commit.seq);
        has_absent
    }

    /// Takes customers, `most` at most, of whom nothing was in memory when an event of theirs was followed, each with the
    /// time of the last one.
    pub fn take_absent(&self, most: usize) -> Vec<(CustomerId, Instant)> {
        let mut memory = self.memory();
        std::iter::from_fn(|| memory.absent.pop_first()).take(most).collect()
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

    /// Says that a month of these customers is being counted from the ledger. Not of those at whom somebody is already, or
    /// for whom there is no room.
    pub fn begin_counting(&self, customers: impl IntoIterator<Item = CustomerId>, span: Span) -> Counting<'_> {
        let start_us = to_us(span.period.start);
        let mut memory = self.memory();
        memory.turns = memory.turns.wrapping_add(1);
        let turn = memory.turns;
        let mut begun = Vec::new();
        for customer in customers {
            if !memory.slots.contains_key(&customer) && !memory.has_room() {
                continue;
            }
            let slots = memory.slots.entry(customer.clone()).or_default();
            if !matches!(slots.get(&start_us), Some(Slot::Counting(_))) {
                slots.insert(start_us, Slot::Counting(Waiting { turn, commits: Vec::new() }));
                begun.push(customer);
            }
        }
        Counting { counters: self, turn, start_us, customers: begun }
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

    /// Up to `limit` counts that are stored, have not changed since, and reach less far than `sorted`; with the commit
    /// through which they lack nothing.
    pub fn take_held(&self, sorted: i64, limit: usize) -> (Vec<HeldCount>, i64) {
        let mut memory = self.memory();
        let through = memory.through;
        let slots =
            memory.slots.iter_mut().flat_map(|(customer, slots)| slots.values_mut().map(move |slot| (customer, slot)));
        let held = slots.filter_map(|(customer, slot)| match slot {
            Slot::Ready(ready) if ready.is_saved && ready.count.through < sorted.min(through) => {
                let stored_through = std::mem::replace(&mut ready.count.through, through);
                Some(ready.held(customer, stored_through))
            }
            Slot::Ready(_) | Slot::Counting(_) => None,
        });
        (held.take(limit).collect(), through)
    }
}

impl Ready {
    fn held(&self, customer: &CustomerId, stored_through: i64) -> HeldCount {
        let period = self.count.metering.span().period;
        let (start_us, end_us) = (to_us(period.start), to_us(period.end));
        let rules = self.rules.fingerprint().to_owned();
        HeldCount { customer: customer.to_string(), start_us, end_us, rules, stored_through }
    }
}

/// Customers that are being counted from the ledger. When it is dropped, those without a count are nobody's again.
#[derive(Debug)]
pub struct Counting<'c> {
    counters: &'c Counters,
    turn: u64,
    start_us: i64,
    customers: Vec<CustomerId>,
}

impl Counting<'_> {
    /// Who is being counted.
    pub fn customers(&self) -> &[CustomerId] {
        &self.customers
    }

    /// Puts counts in place, with what was committed meanwhile; all of them reach through the same commit. Those that were
    /// spoiled meanwhile are dropped.
    pub fn end(mut self, rules: &Arc<Meters>, mut counts: BTreeMap<CustomerId, Count>) {
        let mut memory = self.counters.memory();
        let mut missed: BTreeMap<i64, Arc<Committed>> = BTreeMap::new();
        for customer in std::mem::take(&mut self.customers) {
            match memory.take_waiting(&customer, (self.turn, self.start_us)) {
                Some(commits) => missed.extend(commits.into_iter().map(|commit| (commit.seq, commit))),
                None => drop(counts.remove(&customer)),
            }
        }
        for commit in missed.into_values() {
            for incoming in &commit.events {
                let customer = &incoming.event.customer;
                let Some(count) = counts.get_mut(customer).filter(|count| commit.seq > count.through) else { continue };
                if count.add(&incoming.event).is_err() {
                    // Whoever asks is told why.
                    counts.remove(customer);
                }
            }
        }
        for (customer, count) in counts {
            let ready = Ready { count, rules: Arc::clone(rules), is_saved: false };
            memory.slots.entry(customer).or_default().insert(self.start_us, Slot::Ready(Box::new(ready)));
        }
    }
}

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        if self.customers.is_empty() {
            return;
        }
        let mut memory = self.counters.memory();
        for customer in &self.customers {
            // What has waited for them is counted when they are asked for.
            let _ = memory.take_waiting(customer, (self.turn, self.start_us));
        }
    }
}

impl Memory {
    /// What was committed while a customer was being counted in this turn; nothing where that was spoiled.
    fn take_waiting(&mut self, customer: &CustomerId, (turn, start_us): (u64, i64)) -> Option<Vec<Arc<Committed>>> {
        let slots = self.slots.get_mut(customer)?;
        match slots.remove(&start_us)? {
            Slot::Counting(waiting) if waiting.turn == turn => Some(waiting.commits),
            other => {
                slots.insert(start_us, other);
                None
            }
        }
    }

    /// Whether there is room for one more; counts that are stored are let go for it, and read again when they are asked
    /// for.
    fn has_room(&mut self) -> bool {
        if self.slots.len() >= CUSTOMERS_MAX && self.roomy_at != self.through {
            // Once in a commit: looking through all of them takes a while.
            self.roomy_at = self.through;
            for slots in self.slots.values_mut() {
                slots.retain(|_, slot| !matches!(slot, Slot::Ready(ready) if ready.is_saved));
            }
            self.slots.retain(|_, slots| !slots.is_empty());
        }
        self.slots.len() < CUSTOMERS_MAX
    }
}

impl Slot {
    /// Takes in an event of a commit. `false` where it cannot be counted: whoever asks is then told why.
    fn follow(&mut self, commit: &Arc<Committed>, event: &Event) -> bool {
        match self {
            Self::Counting(Waiting { commits, .. }) => {
                if commits.last().is_none_or(|last| last.seq != commit.seq) {
                    commits.push(Arc::clone(commit));
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
    use ledger::{Change, Committed, Incoming};

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
        let counting = counters.begin_counting([customer.clone()], span);
        assert_eq!(counting.customers(), std::slice::from_ref(&customer));
        // The ledger has commits 8 and 9 already when it is read; the news of them comes after that.
        let mut count = Count::new(Arc::clone(&meters), span);
        count.add(&event("8")).unwrap();
        count.add(&event("9")).unwrap();
        count.through = 9;
        counting.end(&meters, [(customer.clone(), count)].into());
        counters.follow(&commit(8));
        let saved = counters.take_unsaved(10);
        assert_eq!(saved.iter().map(|count| count.through).collect::<Vec<_>>(), [9], "9 is in it");
        for seq in 9..=10 {
            counters.follow(&commit(seq));
        }
        let counted = counters.counted(&customer, (&meters, span)).unwrap().unwrap();
        assert_eq!((counted.events, counted.through), (3, 10));
    }

    #[test]
    fn a_stored_count_of_a_customer_of_whom_nothing_came_reaches_as_far_as_was_followed() {
        let counters = Counters::default();
        counters.begin(7);
        let period = Period { start: Instant::UNIX_EPOCH, end: Instant::UNIX_EPOCH + TimeDelta::days(31) };
        let book = BookDraft::from_toml(BOOK).check().unwrap();
        let (span, meters) = (Span::new(book.zone, period), Meters::of(&book));
        let quiet = CustomerId::new("zeta").unwrap();
        for customer in [quiet.clone(), event("8").customer] {
            let counting = counters.begin_counting([customer.clone()], span);
            let count = Count { through: 7, ..Count::new(Arc::clone(&meters), span) };
            counting.end(&meters, [(customer, count)].into());
        }
        assert_eq!(counters.take_unsaved(10).len(), 2);
        counters.follow(&commit(8));
        assert!(counters.take_held(7, 10).0.is_empty(), "commit 8 waits to be sorted, and whose it is is known");
        let (held, through) = counters.take_held(8, 10);
        let told: Vec<_> = held.iter().map(|held| (held.customer.as_str(), held.stored_through)).collect();
        assert_eq!((told, through), (vec![("zeta", 7)], 8));
        assert!(counters.take_held(8, 10).0.is_empty(), "once is enough");
        assert_eq!(counters.take_unsaved(10).iter().map(|count| count.customer.as_str()).collect::<Vec<_>>(), ["acme"]);
    }

    #[test]
    fn who_is_no_longer_being_counted_is_free_for_the_next_and_a_voided_event_spoils_a_count() {
        let counters = Counters::default();
        counters.begin(7);
        let period = Period { start: Instant::UNIX_EPOCH, end: Instant::UNIX_EPOCH + TimeDelta::days(31) };
        let book = BookDraft::from_toml(BOOK).check().unwrap();
        let (span, meters) = (Span::new(book.zone, period), Meters::of(&book));
        let customer = event("8").customer;
        let count = |through| Count { through, ..Count::new(Arc::clone(&meters), span) };
        let first = counters.begin_counting([customer.clone()], span);
        assert!(counters.begin_counting([customer.clone()], span).customers().is_empty(), "somebody is at it");
        drop(first);
        let second = counters.begin_counting([customer.clone()], span);
        assert_eq!(second.customers(), std::slice::from_ref(&customer));
        let void = Incoming { event: event("void"), change: Change::Voids("1".to_owned()) };
        counters.follow(&Arc::new(Committed { previous: 7, seq: 8, received_us: 0, events: vec![void] }));
        let third = counters.begin_counting([customer.clone()], span);
        second.end(&meters, [(customer.clone(), count(7))].into());
        assert!(counters.counted(&customer, (&meters, span)).is_none(), "it may have the voided event");
        counters.follow(&commit(9));
        third.end(&meters, [(customer.clone(), count(8))].into());
        let counted = counters.counted(&customer, (&meters, span)).unwrap().unwrap();
        assert_eq!((counted.events, counted.through), (1, 9));
    }
}
