//! A few looks instead of one for each run: most identities that are asked for are new, and in no run at all.
//!
//! A cache in memory. Runs whose identities are not in it yet, as after a start, are asked one by one.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::error::LedgerError;
use crate::identity::Identity;
use crate::keys;
use crate::ledger::{Ledger, Shared};
use crate::runs::{Run, part_of};

/// Knows nearly all identities that are in none of the runs which it covers.
#[derive(Debug, Default)]
pub(crate) struct Front(RwLock<View>);

/// The front as it stands at one moment. What is put in later may be seen, too.
#[derive(Debug, Default, Clone)]
pub(crate) struct View {
    /// Each identity that was put in is in one of them.
    sieves: Vec<Arc<Sieve>>,
    /// The numbers of runs that it covers.
    covered: HashSet<i64>,
}

/// A filter with room for so many identities. The bits of one lie in one line of the processor's cache.
#[derive(Debug)]
struct Sieve {
    lines: Box<[Line]>,
    room: u64,
    keys: AtomicU64,
}

/// One bit of each word for each identity.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Line([AtomicU64; 8]);

const LINE_BITS: u64 = 512;
/// Bits for each identity: of a hundred strangers each sieve lets about one pass.
const BITS: u64 = 10;
/// The first sieve has room for so many identities. Each further one has three times the room of those before it, up to
/// the second figure, and from there on as much as they have: few have to be asked, and none takes much more than is needed.
const ROOM_FIRST: u64 = 1 << 20;
const ROOM_THREEFOLD: u64 = 1 << 24;

impl Front {
    pub(crate) fn view(&self) -> View {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes identities in. Quick if they come in order.
    pub(crate) fn put(&self, identities: impl Iterator<Item = Identity>) {
        let mut sieve = self.newest();
        for identity in identities {
            if sieve.keys.load(Ordering::Relaxed) >= sieve.room {
                sieve = self.newest();
            }
            sieve.put(identity);
        }
    }

    /// From now on the run is covered: its identities were put in.
    pub(crate) fn cover(&self, run: i64) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).covered.insert(run);
    }

    /// A run that has no identities but those of others is covered if they are.
    pub(crate) fn inherit(&self, run: i64, from: &[i64]) {
        let mut view = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if from.iter().all(|old| view.covered.contains(old)) {
            view.covered.insert(run);
        }
    }

    /// Forgets that it covers runs other than these.
    fn forget_others(&self, runs: &[Arc<Run>]) {
        let mut view = self.0.write().unwrap_or_else(PoisonError::into_inner);
        view.covered.retain(|covered| runs.iter().any(|run| run.number == *covered));
    }

    /// A sieve with room.
    fn newest(&self) -> Arc<Sieve> {
        let view = self.view();
        if let Some(sieve) = view.sieves.last().filter(|sieve| sieve.keys.load(Ordering::Relaxed) < sieve.room) {
            return Arc::clone(sieve);
        }
        // Made before anybody has to wait for it.
        let keys = view.keys();
        let room = keys.saturating_mul(3).min(ROOM_THREEFOLD).max(keys).max(ROOM_FIRST);
        let sieve = Arc::new(Sieve::with_room(room));
        self.0.write().unwrap_or_else(PoisonError::into_inner).sieves.push(Arc::clone(&sieve));
        sieve
    }
}

impl Ledger {
    /// Lets the front take in the smallest run that it does not cover yet: after a start that is every one, later those that
    /// another process has sorted. Until then they are asked one by one. Large ones take seconds. `false` where none is left.
    pub async fn cover_a_run(&self) -> Result<bool, LedgerError> {
        let Some((run, front)) = self.shared.uncovered() else { return Ok(false) };
        let mut connection = self.shared.pool.acquire().await?;
        for part in 0..1_usize << run.bits {
            let body = part_of(&mut connection, run.number, part).await?;
            let identities: Vec<Identity> = keys::read(&body).map(|key| key.identity).collect();
            // What another process has merged may be there already.
            let known = front.view().may_have(&identities);
            front.put(identities.into_iter().zip(known).filter(|(_, known)| !known).map(|(identity, _)| identity));
        }
        // A run that was taken away meanwhile is not asked any more: every commit looks first which ones there are.
        front.cover(run.number);
        Ok(true)
    }
}

impl Shared {
    fn uncovered(&self) -> Option<(Arc<Run>, Arc<Front>)> {
        let (runs, front) = {
            let mut index = self.index();
            let stored: u64 = index.runs.iter().map(|run| run.keys).sum();
            // Identities stay in it when their month is dropped: at some time it is better to begin anew.
            if index.front.view().keys() > stored.saturating_mul(2).saturating_add(ROOM_FIRST) {
                index.front = Arc::default();
            }
            (Arc::clone(&index.runs), Arc::clone(&index.front))
        };
        front.forget_others(&runs);
        let view = front.view();
        let run = runs.iter().filter(|run| !view.covers(run)).min_by_key(|run| run.keys)?;
        Some((Arc::clone(run), front))
    }
}

impl View {
    /// Whether the run's identities are known here.
    pub(crate) fn covers(&self, run: &Run) -> bool {
        self.covered.contains(&run.number)
    }

    /// For each of the identities whether it may be in one of the runs that are covered; certainly `true` if it is.
    pub(crate) fn may_have(&self, identities: &[Identity]) -> Vec<bool> {
        let mut found = vec![false; identities.len()];
        for sieve in &self.sieves {
            // The first word of all of them, so that the processor waits for many lines of memory at once.
            let first: Vec<bool> = identities.iter().map(|identity| sieve.may_begin(*identity)).collect();
            for ((found, identity), first) in found.iter_mut().zip(identities).zip(first) {
                *found |= first & sieve.may_have(*identity);
            }
        }
        found
    }

    /// How many identities were put in.
    pub(crate) fn keys(&self) -> u64 {
        self.sieves.iter().map(|sieve| sieve.keys.load(Ordering::Relaxed)).sum()
    }

    /// What it takes of memory.
    pub(crate) fn bytes(&self) -> usize {
        self.sieves.iter().map(|sieve| sieve.lines.len().saturating_mul(size_of::<Line>())).sum()
    }
}

impl Sieve {
    fn with_room(room: u64) -> Self {
        let lines = usize::try_from(room.saturating_mul(BITS).div_ceil(LINE_BITS)).unwrap_or(usize::MAX).max(1);
        Self { lines: (0..lines).map(|_| Line::default()).collect(), room, keys: AtomicU64::new(0) }
    }

    fn put(&self, identity: Identity) {
        self.keys.fetch_add(1, Ordering::Relaxed);
        if let Some(Line(words)) = self.line(identity) {
            let mut places = identity.low();
            for word in words {
                word.fetch_or(1 << (places & 63), Ordering::Relaxed);
                places >>= 6;
            }
        }
    }

    /// What the first word says.
    fn may_begin(&self, identity: Identity) -> bool {
        let word = self.line(identity).and_then(|Line(words)| words.first());
        word.is_none_or(|word| word.load(Ordering::Relaxed) >> (identity.low() & 63) & 1 == 1)
    }

    fn may_have(&self, identity: Identity) -> bool {
        // Without branches: whether a bit is set cannot be guessed.
        self.line(identity).is_none_or(|Line(words)| {
            let mut places = identity.low();
            let mut all = 1;
            for word in words {
                all &= word.load(Ordering::Relaxed) >> (places & 63);
                places >>= 6;
            }
            all == 1
        })
    }

    /// Lines are in the order of identities.
    fn line(&self, identity: Identity) -> Option<&Line> {
        let lines = u128::try_from(self.lines.len()).ok()?;
        let place = u128::from(identity.high()).checked_mul(lines)? >> 64;
        self.lines.get(usize::try_from(place).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::{Front, ROOM_FIRST};
    use crate::identity::Identity;

    fn identities(numbers: std::ops::Range<u64>) -> impl Iterator<Item = Identity> {
        numbers.map(|n| Identity::of("test", &n.to_string()))
    }

    #[test]
    fn what_was_put_in_is_never_told_to_be_absent() {
        let front = Front::default();
        // More than the first sieve has room for.
        let keys = ROOM_FIRST + 10_000;
        front.put(identities(0..keys));
        let view = front.view();
        assert_eq!((view.keys(), view.sieves.len()), (keys, 2));
        let known: Vec<Identity> = identities(0..keys).collect();
        assert!(
            view.may_have(&known).into_iter().all(|found| found),
            "an identity that was put in is told to be absent"
        );
        let strangers: Vec<Identity> = identities(keys..keys + 100_000).collect();
        let wrong = view.may_have(&strangers).into_iter().filter(|found| *found).count();
        assert!((1..2_000).contains(&wrong), "{wrong} of 100,000 strangers pass");
    }

    #[test]
    fn a_run_of_covered_runs_is_covered_and_of_others_is_not() {
        let front = Front::default();
        front.cover(1);
        front.cover(2);
        front.inherit(3, &[1, 2]);
        front.inherit(4, &[3, 9]);
        let view = front.view();
        assert_eq!([1, 2, 3, 4, 9].map(|run| view.covered.contains(&run)), [true, true, true, false, false]);
    }
}
