//! Plain numbers about the ledger for who watches it: what came in, how long commits took, what is stored.
//!
//! Counted since the process began, never by customer, and by source only for as many as fit.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::days::DayCount;
use crate::ledger::Ledger;
use crate::sort::Sorted;

/// Sources that are counted apart; all others are counted together.
pub const SOURCES_MAX: usize = 100;

/// What became of events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// New ones.
    pub accepted: u64,
    /// Those that were there already.
    pub duplicates: u64,
    /// Those that contradict one that is there, and changes that could not be made.
    pub conflicts: u64,
}

/// How values are spread: how many were at most as large as each bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spread {
    /// Upper bounds, ascending, and how many values lie between the bound before and this one. What is above the last
    /// bound is only in `count`.
    pub buckets: Vec<(u64, u64)>,
    /// All values, added up.
    pub sum: u64,
    /// How many values.
    pub count: u64,
}

/// What is stored of a month.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MonthSize {
    /// Runs of blocks.
    pub segments: u64,
    /// Events in them.
    pub events: u64,
    /// Their bytes, compressed.
    pub bytes: u64,
}

/// How the ledger is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    /// What became of events since the process began, by source; the sources that are not counted apart are `None`.
    pub by_source: BTreeMap<Option<String>, Outcomes>,
    /// How long commits took, in microseconds, until they were on disk.
    pub commit_us: Spread,
    /// How many events a commit had, duplicates too.
    pub commit_events: Spread,
    /// How long the last commit took.
    pub last_commit_us: u64,
    /// How many passes of sorting have put something in place, and events in them.
    pub sorts: u64,
    /// Events that were sorted.
    pub sorted_events: u64,
    /// How long the last pass took.
    pub last_sort_us: u64,
    /// Requests that wait for the next commit.
    pub queue: u64,
    /// Commits that are not sorted yet.
    pub waiting_commits: u64,
    /// Events in them.
    pub waiting_events: u64,
    /// What is stored, by month (UTC) counted from January 1970.
    pub months: BTreeMap<i64, MonthSize>,
    /// Runs of identities.
    pub runs: u64,
    /// Identities in them.
    pub keys: u64,
    /// Memory of their filters, and of the front before them.
    pub filter_bytes: u64,
    /// Identities that are in memory until they are sorted.
    pub recent_keys: u64,
}

impl Stats {
    /// Of all sources together.
    pub fn outcomes(&self) -> Outcomes {
        self.by_source.values().fold(Outcomes::default(), |sum, one| sum.and(*one))
    }
}

impl Outcomes {
    fn and(self, other: Self) -> Self {
        Self {
            accepted: self.accepted.saturating_add(other.accepted),
            duplicates: self.duplicates.saturating_add(other.duplicates),
            conflicts: self.conflicts.saturating_add(other.conflicts),
        }
    }
}

impl Spread {
    fn new(bounds: &[u64]) -> Self {
        Self { buckets: bounds.iter().map(|bound| (*bound, 0)).collect(), sum: 0, count: 0 }
    }

    fn add(&mut self, value: u64) {
        self.sum = self.sum.saturating_add(value);
        self.count = self.count.saturating_add(1);
        if let Some((_, count)) = self.buckets.iter_mut().find(|(bound, _)| value <= *bound) {
            *count = count.saturating_add(1);
        }
    }
}

/// Counts while the ledger runs.
#[derive(Debug)]
pub(crate) struct Meter(Mutex<Counted>);

#[derive(Debug)]
struct Counted {
    by_source: BTreeMap<Option<String>, Outcomes>,
    commit_us: Spread,
    commit_events: Spread,
    last_commit_us: u64,
    sorts: u64,
    sorted_events: u64,
    last_sort_us: u64,
}

const COMMIT_US: [u64; 10] = [500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 2_500_000];
const COMMIT_EVENTS: [u64; 6] = [1, 10, 100, 1_000, 10_000, 100_000];

impl Meter {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Counted {
            by_source: BTreeMap::new(),
            commit_us: Spread::new(&COMMIT_US),
            commit_events: Spread::new(&COMMIT_EVENTS),
            last_commit_us: 0,
            sorts: 0,
            sorted_events: 0,
            last_sort_us: 0,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a commit.
    pub(crate) fn committed(&self, by_source: &BTreeMap<&str, DayCount>, took: Duration) {
        let mut counted = self.lock();
        let mut events = 0_u64;
        for (source, count) in by_source {
            let size = |count: i64| u64::try_from(count).unwrap_or(0);
            let (accepted, duplicates) = (size(count.accepted), size(count.duplicates));
            let new = Outcomes { accepted, duplicates, conflicts: size(count.conflicts) };
            events = events.saturating_add(accepted).saturating_add(duplicates).saturating_add(new.conflicts);
            let name = Some((*source).to_owned());
            let apart = counted.by_source.len() < SOURCES_MAX || counted.by_source.contains_key(&name);
            let sum = counted.by_source.entry(if apart { name } else { None }).or_default();
            *sum = sum.and(new);
        }
        counted.last_commit_us = micros(took);
        counted.commit_us.add(micros(took));
        counted.commit_events.add(events);
    }

    /// Counts a pass of sorting.
    pub(crate) fn sorted(&self, sorted: Sorted, took: Duration) {
        let mut counted = self.lock();
        counted.sorts = counted.sorts.saturating_add(1);
        counted.sorted_events = counted.sorted_events.saturating_add(sorted.events);
        counted.last_sort_us = micros(took);
    }
}

fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}

impl Ledger {
    /// How the ledger is. Reads memory only.
    pub fn stats(&self) -> Stats {
        let queue = self.submissions.max_capacity().saturating_sub(self.submissions.capacity());
        let counted = self.shared.meter.lock();
        let index = self.shared.index();
        let mut months: BTreeMap<i64, MonthSize> = BTreeMap::new();
        for segment in index.segments.iter() {
            let size = months.entry(segment.month).or_default();
            size.segments = size.segments.saturating_add(1);
            size.events = size.events.saturating_add(segment.events);
            size.bytes = size.bytes.saturating_add(segment.bytes);
        }
        let recent = index.recent.iter().map(|generation| generation.contents.len()).sum();
        let filters: usize = index.runs.iter().map(|run| run.filter.bytes()).sum();
        Stats {
            by_source: counted.by_source.clone(),
            commit_us: counted.commit_us.clone(),
            commit_events: counted.commit_events.clone(),
            last_commit_us: counted.last_commit_us,
            sorts: counted.sorts,
            sorted_events: counted.sorted_events,
            last_sort_us: counted.last_sort_us,
            queue: crate::bytes::length(queue),
            waiting_commits: crate::bytes::length(index.tail.len()),
            waiting_events: index.waiting(),
            months,
            runs: crate::bytes::length(index.runs.len()),
            keys: index.runs.iter().map(|run| run.keys).sum(),
            filter_bytes: crate::bytes::length(filters.saturating_add(index.front.view().bytes())),
            recent_keys: crate::bytes::length(recent),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::{Meter, SOURCES_MAX, Spread};
    use crate::days::DayCount;

    #[test]
    fn the_hundred_and_first_source_is_counted_with_the_others() {
        let meter = Meter::new();
        let names: Vec<String> = (0..SOURCES_MAX + 3).map(|n| format!("{n:04}")).collect();
        let mut two = DayCount::at(0);
        two.accepted = 2;
        let counts: BTreeMap<&str, DayCount> = names.iter().map(|name| (name.as_str(), two.clone())).collect();
        meter.committed(&counts, Duration::from_micros(7));
        let counted = meter.lock();
        assert_eq!(counted.by_source.len(), SOURCES_MAX + 1);
        assert_eq!(counted.by_source.get(&None).map(|sum| sum.accepted), Some(6));
        assert_eq!((counted.commit_events.sum, counted.last_commit_us), (206, 7));
    }

    #[test]
    fn a_value_on_a_bound_is_below_it_and_one_above_the_last_is_only_counted() {
        let mut spread = Spread::new(&[10, 20]);
        [10, 11, 20, 21].into_iter().for_each(|value| spread.add(value));
        assert_eq!(spread, Spread { buckets: vec![(10, 1), (20, 2)], sum: 62, count: 4 });
    }
}
