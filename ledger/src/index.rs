//! What the ledger keeps in memory: recent identities, filters of older ones, and where events are.
//!
//! All of it can be read from the database again. It follows commits one by one, in their order.

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::front::Front;
use crate::identity::{Content, Identity};
use crate::runs::Run;
use crate::state::Stand;

/// The ledger's memory.
#[derive(Debug)]
pub(crate) struct Index {
    /// What it has followed.
    pub(crate) stand: Stand,
    /// Identities that are in no run yet, oldest first; each generation is dropped as a whole.
    pub(crate) recent: Vec<Generation>,
    pub(crate) runs: Arc<Vec<Arc<Run>>>,
    /// Is asked before they are.
    pub(crate) front: Arc<Front>,
    pub(crate) segments: Arc<Vec<Arc<Segment>>>,
    /// Months that were dropped and have not come back.
    pub(crate) dropped: Vec<i64>,
    /// Commits that are not sorted into blocks yet.
    pub(crate) tail: BTreeMap<i64, TailBatch>,
}

/// Identities of some commits.
#[derive(Debug, Default)]
pub(crate) struct Generation {
    /// The last of them.
    pub(crate) through: i64,
    pub(crate) contents: HashMap<Identity, Recent, FxBuildHasher>,
}

/// What is remembered of a recent event. The number takes no room: identities are aligned to 16 bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recent {
    content: Content,
    /// The commit that accepted it.
    seq: i64,
}

/// A commit that is not sorted yet.
#[derive(Debug, Clone)]
pub(crate) struct TailBatch {
    pub(crate) received_us: i64,
    pub(crate) start_us: i64,
    pub(crate) end_us: i64,
    pub(crate) events: u64,
    /// Hashes of the customers, sorted.
    pub(crate) customers: Box<[u64]>,
}

/// A run of blocks.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) number: i64,
    pub(crate) month: i64,
    pub(crate) events: u64,
    /// Of its blocks, compressed.
    pub(crate) bytes: u64,
    /// The last commit of which it has events.
    pub(crate) last_seq: i64,
    pub(crate) blocks: Vec<BlockHead>,
}

/// Where a block's events are, without reading it.
#[derive(Debug, Clone)]
pub(crate) struct BlockHead {
    pub(crate) part: i64,
    pub(crate) customer: Box<str>,
    pub(crate) last_customer: Box<str>,
    pub(crate) start_us: i64,
    /// The last event's time, inclusive.
    pub(crate) end_us: i64,
    pub(crate) events: u64,
}

/// A customer as a number.
pub(crate) fn customer_hash(customer: &str) -> u64 {
    FxBuildHasher.hash_one(customer)
}

impl Index {
    pub(crate) fn empty() -> Self {
        Self {
            stand: Stand { batch: 0, sorted: 0, layout: -1 },
            recent: vec![Generation::default()],
            runs: Arc::default(),
            front: Arc::default(),
            segments: Arc::default(),
            dropped: Vec::new(),
            tail: BTreeMap::new(),
        }
    }

    /// The content of a recent event of this identity. Of events that are sorted, the runs know better: their month may
    /// have been dropped.
    pub(crate) fn recent(&self, identity: Identity) -> Option<Content> {
        let mut newest_first = self.recent.iter().rev();
        let found = newest_first.find_map(|generation| generation.contents.get(&identity));
        found.filter(|recent| recent.seq > self.stand.sorted).map(|recent| recent.content)
    }

    /// Follows a commit, unless it was followed before. Returns the commit that was the last one until then.
    pub(crate) fn follow(&mut self, seq: i64, batch: Option<TailBatch>, keys: &[(Identity, Content)]) -> Option<i64> {
        if seq <= self.stand.batch {
            return None;
        }
        let previous = std::mem::replace(&mut self.stand.batch, seq);
        if let Some(generation) = self.recent.last_mut() {
            let recent = |(identity, content): &(Identity, Content)| (*identity, Recent { content: *content, seq });
            generation.contents.extend(keys.iter().map(recent));
            generation.through = seq;
        }
        if let Some(batch) = batch {
            self.tail.insert(seq, batch);
        }
        Some(previous)
    }

    /// From now on, recent identities go into a new generation, so that those until now can be dropped as a whole.
    pub(crate) fn begin_generation(&mut self) {
        if self.recent.last().is_some_and(|generation| !generation.contents.is_empty()) {
            self.recent.push(Generation::default());
        }
    }

    /// Everything through `sorted` is in blocks and runs.
    pub(crate) fn placed(&mut self, stand: Stand, runs: Vec<Arc<Run>>, segments: Vec<Arc<Segment>>) {
        self.stand.sorted = stand.sorted;
        self.stand.layout = stand.layout;
        self.runs = Arc::new(runs);
        self.segments = Arc::new(segments);
        self.tail = self.tail.split_off(&stand.sorted.saturating_add(1));
        self.recent.retain(|generation| generation.through > stand.sorted);
        if self.recent.is_empty() {
            self.recent.push(Generation::default());
        }
    }

    /// How many events wait to be sorted.
    pub(crate) fn waiting(&self) -> u64 {
        self.tail.values().map(|batch| batch.events).sum()
    }
}

impl TailBatch {
    /// Whether it may have events of the customer.
    pub(crate) fn may_have(&self, customer: &str) -> bool {
        self.customers.binary_search(&customer_hash(customer)).is_ok()
    }

    /// Whether it may have events of any of those whose hashes these are, sorted.
    pub(crate) fn may_have_any(&self, hashes: &[u64]) -> bool {
        let (few, many) =
            if hashes.len() < self.customers.len() { (hashes, &*self.customers) } else { (&*self.customers, hashes) };
        few.iter().any(|hash| many.binary_search(hash).is_ok())
    }
}

impl BlockHead {
    /// Whether it may have events of the customer (of anybody where none is named) in the half-open time.
    pub(crate) fn may_have(&self, customer: Option<&str>, (start_us, end_us): (i64, i64)) -> bool {
        let named = customer.is_none_or(|name| *self.customer <= *name && name <= &*self.last_customer);
        named && self.start_us < end_us && self.end_us >= start_us
    }
}
