//! Several ledgers on one database, as several processes have them: none is fooled by what another one has done.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use ledger::{Committed, Incoming, Kept, Ledger, Limits, Sorted};
use proptest::prelude::*;
use support::{Place, at, event, october, read_all};
use tokio::sync::broadcast::{Receiver, error::TryRecvError};

/// Few events are sorted at once, so that there are many runs.
async fn open(place: &Place) -> Ledger {
    place.open(Limits { sort_events: 20, ..Limits::default() }).await
}

/// Events by number of id and of content.
type Events = Vec<(u8, u8)>;

fn incoming(events: impl IntoIterator<Item = (u8, u8)>) -> Vec<Incoming> {
    events.into_iter().map(|(id, content)| event(id, content).into()).collect()
}

/// What is done to one of the ledgers.
#[derive(Debug, Clone)]
enum Step {
    Append(Events),
    /// While another one, of this number, sorts.
    AppendBeside(Events, usize),
    Sort,
    SortAll,
    Cover,
    CoverAll,
    /// Sort all, then drop October.
    Drop,
    /// Close, then open again.
    Open,
}

fn step() -> impl Strategy<Value = Step> {
    let events = || prop::collection::vec((any::<u8>(), 0..3_u8), 1..10);
    prop_oneof![
        9 => events().prop_map(Step::Append),
        3 => (events(), 0..3_usize).prop_map(|(events, by)| Step::AppendBeside(events, by)),
        5 => Just(Step::Sort),
        5 => Just(Step::SortAll),
        4 => Just(Step::Cover),
        2 => Just(Step::CoverAll),
        1 => Just(Step::Drop),
        1 => Just(Step::Open),
    ]
}

/// The content of each identity that is kept.
#[derive(Debug, Default)]
struct Model(BTreeMap<u8, u8>);

impl Model {
    /// What a ledger has to answer.
    fn append(&mut self, events: Events) -> Vec<Kept> {
        let keep = |(id, content)| match self.0.entry(id) {
            Entry::Vacant(free) => {
                free.insert(content);
                Kept::New
            }
            Entry::Occupied(there) if *there.get() == content => Kept::Same,
            Entry::Occupied(_) => Kept::Conflict,
        };
        events.into_iter().map(keep).collect()
    }
}

async fn cover_all(ledger: &Ledger) {
    while ledger.cover_a_run().await.unwrap() {}
}

async fn take(step: Step, (place, ledgers, by): (&Place, &mut [Ledger], usize), model: &mut Model) {
    let by = by % ledgers.len();
    let ledger = &ledgers[by];
    match step {
        Step::Append(events) => {
            let kept = ledger.append(incoming(events.clone()), at(1)).await.unwrap();
            assert_eq!(kept, model.append(events));
        }
        Step::AppendBeside(events, other) => {
            let sort = ledgers[other % ledgers.len()].sort(at(2));
            let (kept, sorted) = tokio::join!(ledger.append(incoming(events.clone()), at(1)), sort);
            sorted.unwrap();
            assert_eq!(kept.unwrap(), model.append(events));
        }
        Step::Sort => drop(ledger.sort(at(2)).await.unwrap()),
        Step::SortAll => drop(ledger.sort_all(at(2)).await.unwrap()),
        Step::Cover => drop(ledger.cover_a_run().await.unwrap()),
        Step::CoverAll => cover_all(ledger).await,
        Step::Drop => {
            ledger.sort_all(at(2)).await.unwrap();
            let dropped = ledger.drop_month(october(), None, at(2)).await.unwrap();
            let before = model.0.len();
            model.0.retain(|id, _| event(*id, 0).time >= at(0));
            assert_eq!(usize::try_from(dropped.accepted).unwrap(), before - model.0.len());
        }
        Step::Open => {
            ledger.close().await;
            ledgers[by] = open(place).await;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, ..ProptestConfig::default() })]

    #[test]
    fn whatever_several_do_in_any_order_the_first_of_each_identity_is_kept(
        count in 2..=3_usize,
        steps in prop::collection::vec((step(), 0..3_usize), 1..100),
    ) {
        Place::new().run(async |place| {
            let mut ledgers = Vec::new();
            for _ in 0..count {
                ledgers.push(open(place).await);
            }
            let mut model = Model::default();
            for (step, by) in steps {
                take(step, (place, &mut ledgers, by), &mut model).await;
            }
            ledgers.push(open(place).await);
            let stored: Vec<_> = model.0.iter().map(|(id, content)| event(*id, *content)).collect();
            for ledger in ledgers {
                assert_eq!(read_all(&ledger).await, stored);
                cover_all(&ledger).await;
                let again = ledger.append(incoming(model.0.clone()), at(3)).await.unwrap();
                assert_eq!(again, vec![Kept::Same; stored.len()]);
            }
        });
    }
}

#[test]
fn what_another_process_has_merged_is_known_before_and_after_the_front_has_it() {
    Place::new().run(async |place| {
        let (sorter, other) = (open(place).await, open(place).await);
        for id in 0..8 {
            assert_eq!(other.stats().runs, u64::from(id));
            sorter.append(incoming([(id, 0)]), at(1)).await.unwrap();
            sorter.sort_all(at(2)).await.unwrap();
            assert!(!sorter.cover_a_run().await.unwrap(), "what it has sorted itself is in its front at once");
            other.catch_up().await.unwrap();
            assert!(other.cover_a_run().await.unwrap());
            assert!(!other.cover_a_run().await.unwrap());
        }
        // The eighth one made one of all.
        assert_eq!((sorter.stats().runs, other.stats().runs), (1, 1));
        let fresh = open(place).await;
        for _ in 0..2 {
            for ledger in [&sorter, &other, &fresh] {
                let kept = ledger.append(incoming([(0, 0), (7, 1), (3, 0)]), at(3)).await.unwrap();
                assert_eq!(kept, [Kept::Same, Kept::Conflict, Kept::Same]);
                cover_all(ledger).await;
            }
        }
    });
}

/// A ledger that has seen commit 1 only, its listener, and another one that has made commit 2 and sorted it.
async fn missed_commit(place: &Place) -> (Ledger, Receiver<Arc<Committed>>, Ledger) {
    let (one, other) = (open(place).await, open(place).await);
    let mut heard = one.listen();
    one.append(incoming([(1, 0)]), at(1)).await.unwrap();
    assert_eq!(heard.try_recv().unwrap().seq, 1);
    other.append(incoming([(2, 0)]), at(1)).await.unwrap();
    other.sort_all(at(2)).await.unwrap();
    assert_eq!(heard.try_recv().unwrap_err(), TryRecvError::Empty, "it has not looked yet");
    (one, heard, other)
}

#[test]
fn a_listener_hears_of_a_gap_where_another_process_has_sorted_before_this_one_looked() {
    Place::new().run(async |place| {
        let (one, mut heard, other) = missed_commit(place).await;
        assert_eq!(one.catch_up().await.unwrap(), 2);
        let gap = heard.try_recv().unwrap();
        assert_eq!((gap.seq, gap.events.len()), (2, 0));
        assert_ne!(gap.previous, 1, "a listener would believe that it has missed nothing");
        // From there on it follows commit by commit.
        other.append(incoming([(3, 0)]), at(3)).await.unwrap();
        one.catch_up().await.unwrap();
        let next = heard.try_recv().unwrap();
        assert_eq!((next.previous, next.seq, &next.events), (2, 3, &incoming([(3, 0)])));
        assert_eq!(heard.try_recv().unwrap_err(), TryRecvError::Empty);
    });
}

#[test]
fn a_listener_hears_of_a_gap_before_the_own_commit_that_notices_it() {
    Place::new().run(async |place| {
        let (one, mut heard, _) = missed_commit(place).await;
        one.append(incoming([(2, 0), (3, 0)]), at(3)).await.unwrap();
        let gap = heard.try_recv().unwrap();
        assert_eq!((gap.seq, gap.events.len()), (2, 0));
        assert_ne!(gap.previous, 1, "a listener would believe that it has missed nothing");
        let own = heard.try_recv().unwrap();
        assert_eq!((own.previous, own.seq, &own.events), (2, 3, &incoming([(3, 0)])));
    });
}

#[test]
fn who_has_not_noticed_what_another_has_sorted_sorts_only_the_rest() {
    Place::new().run(async |place| {
        let (one, other) = (open(place).await, open(place).await);
        one.append(incoming((0..30).map(|id| (id, 0))), at(1)).await.unwrap();
        assert_eq!(other.sort_all(at(2)).await.unwrap(), 30);
        other.append(incoming((25..40).map(|id| (id, 0))), at(3)).await.unwrap();
        assert_eq!(one.waiting(), 30, "it has not noticed anything");
        assert_eq!(one.sort(at(4)).await.unwrap(), Some(Sorted { events: 10, through: 2 }));
        for ledger in [one, other] {
            assert_eq!(read_all(&ledger).await, (0..40).map(|id| event(id, 0)).collect::<Vec<_>>());
            let stats = ledger.stats();
            assert_eq!((stats.waiting_events, stats.runs, stats.keys), (0, 2, 40));
        }
    });
}

#[test]
fn who_waits_to_sort_while_another_sorts_the_same_sorts_only_the_rest() {
    Place::new().run(async |place| {
        let (one, other) = (open(place).await, open(place).await);
        // As many as are sorted at once, then some more.
        other.append(incoming((0..20).map(|id| (id, 0))), at(1)).await.unwrap();
        other.append(incoming((20..25).map(|id| (id, 0))), at(1)).await.unwrap();
        let mut heard = one.listen();
        let turn = one.turn().await.unwrap();
        let sorter = one.clone();
        let waiting = tokio::spawn(async move { sorter.sort(at(2)).await });
        // Then it has looked what there is to sort, and waits for its turn to begin.
        assert_eq!([heard.recv().await.unwrap().seq, heard.recv().await.unwrap().seq], [1, 2]);
        assert_eq!(other.sort(at(2)).await.unwrap(), Some(Sorted { events: 20, through: 1 }));
        drop(turn);
        assert_eq!(waiting.await.unwrap().unwrap(), Some(Sorted { events: 5, through: 2 }));
        for ledger in [one, other] {
            assert_eq!(read_all(&ledger).await, (0..25).map(|id| event(id, 0)).collect::<Vec<_>>());
        }
    });
}
