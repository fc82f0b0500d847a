//! Every event once, whatever is sent again, sorted, stopped or opened anew: held against a plain map.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use engine::usage::Event;
use ledger::{Change, Kept, Ledger, Limits, Query};
use proptest::prelude::*;
use support::{Place, at, event, october, read_all};

/// What is done to a ledger.
#[derive(Debug, Clone)]
enum Step {
    /// Events by number of id and of content; the customer follows from the id.
    Append(Vec<(u8, u8)>),
    Sort,
    /// Sort all, then drop October.
    Drop,
    Open,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop::collection::vec((any::<u8>(), 0..3_u8), 1..40).prop_map(Step::Append),
        2 => Just(Step::Sort),
        1 => Just(Step::Drop),
        1 => Just(Step::Open),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_appends_sorts_and_restarts_keeps_the_first_of_each_identity(
        steps in prop::collection::vec(step(), 1..30),
    ) {
        let place = Place::new();
        place.run(async |place| {
            let mut ledger = place.open(Limits { sort_events: 20, ..Limits::default() }).await;
            let mut model: BTreeMap<u8, u8> = BTreeMap::new();
            for step in steps {
                match step {
                    Step::Append(list) => {
                        let events = list.iter().map(|(id, content)| event(*id, *content).into()).collect();
                        let kept = ledger.append(events, at(1)).await.unwrap();
                        for ((id, content), kept) in list.into_iter().zip(kept) {
                            let expected = match model.get(&id) {
                                None => Kept::New,
                                Some(before) if *before == content => Kept::Same,
                                Some(_) => Kept::Conflict,
                            };
                            assert_eq!(kept, expected, "event {id} with content {content}");
                            model.entry(id).or_insert(content);
                        }
                    }
                    Step::Sort => {
                        ledger.sort(at(2)).await.unwrap();
                    }
                    Step::Drop => {
                        ledger.sort_all(at(2)).await.unwrap();
                        let dropped = ledger.drop_month(october(), None, at(2)).await.unwrap();
                        let before = model.len();
                        model.retain(|id, _| event(*id, 0).time >= at(0));
                        assert_eq!(usize::try_from(dropped.accepted).unwrap(), before - model.len());
                    }
                    Step::Open => ledger = place.open(Limits { sort_events: 20, ..Limits::default() }).await,
                }
                let all = read_all(&ledger).await;
                let expected: Vec<_> = model.iter().map(|(id, content)| event(*id, *content)).collect();
                assert_eq!(all, expected);
                let two = ["customer-1", "customer-4"];
                let of_two = all.into_iter().filter(|event| two.contains(&event.customer.as_str()));
                assert_eq!(read_of(&ledger, two).await, of_two.collect::<Vec<_>>());
                let months = ledger.stats().months;
                // Up to 40 events in a fold: sizes of two classes, at most seven of each; what is larger has over five.
                let most = |events: u64| 7 + 7 + events / 5;
                assert!(months.values().all(|size| size.segments <= most(size.events)), "{months:?}");
            }
        });
    }
}

/// The stored events of some customers, in the order of their ids.
async fn read_of(ledger: &Ledger, customers: [&str; 2]) -> Vec<Event> {
    let mut events = Vec::new();
    let all = Query { customer: None, start_us: i64::MIN, end_us: i64::MAX, after_seq: 0 };
    let take = |row: &ledger::Row<'_>, _: Option<&str>| {
        events.push(row.event().unwrap());
        ControlFlow::Continue(())
    };
    ledger.scan_of(all, &customers.into(), take).await.unwrap();
    events.sort_by_key(|event| event.id.parse::<u64>().unwrap());
    events
}

#[test]
fn an_event_of_another_process_is_a_duplicate_here() {
    Place::new().run(async |place| {
        let (one, other) = (place.open(Limits::default()).await, place.open(Limits::default()).await);
        let mut heard = other.listen();
        assert_eq!(one.append(vec![event(1, 0).into()], at(1)).await.unwrap(), [Kept::New]);
        assert_eq!(other.append(vec![event(1, 0).into()], at(1)).await.unwrap(), [Kept::Same]);
        assert_eq!(heard.recv().await.unwrap().events, [event(1, 0).into()]);
        one.sort_all(at(2)).await.unwrap();
        assert_eq!(
            other.append(vec![event(1, 1).into(), event(2, 0).into()], at(1)).await.unwrap(),
            [Kept::Conflict, Kept::New]
        );
        assert_eq!(read_all(&one).await, [event(1, 0), event(2, 0)]);
    });
}

#[test]
fn a_voided_event_stays_and_says_by_which() {
    Place::new().run(async |place| {
        let ledger = place.open(Limits::default()).await;
        let (first, second) = (event(1, 0), event(2, 0));
        ledger.append(vec![first.clone().into(), second.into()], at(1)).await.unwrap();
        ledger.sort_all(at(1)).await.unwrap();
        let by = |id: &str, change| ledger::Incoming {
            event: engine::usage::Event { id: id.into(), ..first.clone() },
            change,
        };
        let void = by("void", Change::Voids(first.id.clone()));
        assert_eq!(ledger.append(vec![void.clone()], at(3)).await.unwrap(), [Kept::New]);
        assert_eq!(ledger.append(vec![void], at(3)).await.unwrap(), [Kept::Same]);
        let again = by("again", Change::Amends(first.id.clone()));
        assert_eq!(ledger.append(vec![again], at(3)).await.unwrap(), [Kept::ChangedBefore]);
        let nothing = by("nothing", Change::Voids("who".to_owned()));
        assert_eq!(ledger.append(vec![nothing], at(3)).await.unwrap(), [Kept::NoTarget]);
        let mut changed = Vec::new();
        let all = Query { customer: None, start_us: i64::MIN, end_us: i64::MAX, after_seq: 0 };
        let look = |row: &ledger::Row<'_>, by: Option<&str>| {
            changed.push((row.id.to_owned(), by.map(str::to_owned), row.is_usage()));
            std::ops::ControlFlow::Continue(())
        };
        ledger.scan(all, look).await.unwrap();
        changed.sort();
        let expected = [("1", Some("void"), true), ("2", None, true), ("void", None, false)];
        assert_eq!(changed, expected.map(|(id, by, usage)| (id.to_owned(), by.map(str::to_owned), usage)));
    });
}

#[test]
fn what_a_day_took_in_is_what_is_stored() {
    Place::new().run(async |place| {
        let ledger = place.open(Limits::default()).await;
        for n in 0..30 {
            ledger.append(vec![event(n, 0).into(), event(n / 2, 1).into()], at(n.into())).await.unwrap();
            if n % 10 == 9 {
                ledger.sort_all(at(40)).await.unwrap();
            }
        }
        let day = at(0).date_naive();
        let books = ledger.day(day).await.unwrap();
        let stored = ledger.stored_on(day).await.unwrap();
        assert_eq!(books.values().map(|count| count.accepted).sum::<i64>(), 30);
        assert_eq!(books.values().map(|count| count.conflicts).sum::<i64>(), 30);
        let totals: BTreeMap<_, _> = books.into_iter().map(|(source, count)| (source, count.totals())).collect();
        assert_eq!(totals, stored);
    });
}
