//! Months that are dropped, segments that are folded, and the numbers about it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use engine::usage::Event;
use ledger::{Change, DropError, HeldCount, Incoming, Kept, Ledger, Limits, Outcomes, Query, SavedCount};
use support::{Place, at, event, october, read_all};

/// Events 1 to 23 are in October, those from 24 on in November.
async fn append(ledger: &Ledger, ids: std::ops::Range<u8>) -> Vec<Kept> {
    ledger.append(ids.map(|id| event(id, 0).into()).collect(), at(1)).await.unwrap()
}

async fn events_in_october(ledger: &Ledger) -> usize {
    read_all(ledger).await.iter().filter(|event| event.time < at(0)).count()
}

fn voiding(id: u8) -> Incoming {
    Incoming { event: Event { id: format!("9{id:03}"), ..event(id, 0) }, change: Change::Voids(id.to_string()) }
}

#[test]
fn a_dropped_month_can_come_again_and_the_other_stays() {
    Place::new().run(async |place| {
        let ledger = place.open(Limits::default()).await;
        append(&ledger, 10..40).await;
        ledger.sort_all(at(2)).await.unwrap();
        let dropped = ledger.drop_month(october(), None, at(3)).await.unwrap();
        assert_eq!(dropped.accepted, 14);
        let span = ledger::month_span(october());
        assert_eq!(ledger.dropped_in(span), Some(october()));
        assert_eq!(ledger.dropped_in((span.0 - 10, span.0)), None);
        assert_eq!(ledger.dropped_in((span.1, span.1 + 10)), None);
        assert_eq!(read_all(&ledger).await, (24..40).map(|id| event(id, 0)).collect::<Vec<_>>());
        let again = append(&ledger, 10..40).await;
        assert_eq!(again, [[Kept::New; 14].as_slice(), &[Kept::Same; 16]].concat());
        assert_eq!(read_all(&ledger).await.len(), 30);
        assert!(!ledger.note_restored(october(), ledger::DayTotals::default()).await.unwrap());
        assert_eq!(ledger.dropped_in(span), Some(october()));
        assert!(ledger.note_restored(october(), dropped).await.unwrap());
        assert_eq!(ledger.dropped_in(span), None);
        // The same by another process, and after all is sorted.
        ledger.sort_all(at(4)).await.unwrap();
        let other = place.open(Limits::default()).await;
        assert_eq!(append(&other, 10..40).await, [Kept::Same; 30]);
    });
}

#[test]
fn an_identity_in_memory_beside_unsorted_ones_is_dropped_too() {
    Place::new().run(async |place| {
        // Five events are sorted at once, so that the pass ends in the middle of what is in memory.
        let ledger = place.open(Limits { sort_events: 5, ..Limits::default() }).await;
        append(&ledger, 10..15).await;
        append(&ledger, 30..35).await;
        ledger.sort(at(2)).await.unwrap();
        assert_eq!(ledger.waiting(), 5);
        assert_eq!(ledger.drop_month(october(), None, at(3)).await.unwrap().accepted, 5);
        assert_eq!(append(&ledger, 10..15).await, [Kept::New; 5]);
        assert_eq!(append(&ledger, 10..15).await, [Kept::Same; 5]);
        assert_eq!(append(&ledger, 30..35).await, [Kept::Same; 5]);
    });
}

#[test]
fn a_month_with_unsorted_events_is_not_dropped() {
    Place::new().run(async |place| {
        let ledger = place.open(Limits::default()).await;
        append(&ledger, 10..15).await;
        ledger.sort_all(at(2)).await.unwrap();
        append(&ledger, 15..16).await;
        let refused = ledger.drop_month(october(), None, at(3)).await.unwrap_err();
        assert!(matches!(refused, DropError::Unsorted(month) if month == october()), "{refused}");
        assert_eq!(events_in_october(&ledger).await, 6);
    });
}

#[test]
fn a_month_that_is_not_what_was_exported_is_not_dropped() {
    Place::new().run(async |place| {
        let ledger = place.open(Limits::default()).await;
        append(&ledger, 10..15).await;
        ledger.sort_all(at(2)).await.unwrap();
        let mut exported = ledger::DayTotals::default();
        let count = |row: &ledger::Row<'_>, _: Option<&str>| {
            exported.add(row);
            std::ops::ControlFlow::Continue(())
        };
        let all = Query { customer: None, start_us: i64::MIN, end_us: i64::MAX, after_seq: 0 };
        ledger.scan(all, count).await.unwrap();
        append(&ledger, 15..16).await;
        ledger.sort_all(at(2)).await.unwrap();
        let refused = ledger.drop_month(october(), Some(exported), at(3)).await.unwrap_err();
        let DropError::Differs { stored, expected, .. } = refused else { panic!("{refused}") };
        assert_eq!((stored.accepted, expected.accepted), (6, 5));
        assert_eq!(events_in_october(&ledger).await, 6);
        assert_eq!(ledger.drop_month(october(), Some(stored), at(3)).await.unwrap(), stored);
    });
}

#[test]
fn a_month_is_not_dropped_while_somebody_sorts() {
    Place::new().run(async |place| {
        let ledger = place.open(Limits::default()).await;
        let pool = place.pool().await;
        let lease = "UPDATE ledger_state SET value = $1 WHERE name = 'sorter'";
        sqlx::query(lease).bind(at(600).timestamp_micros()).execute(&pool).await.unwrap();
        let refused = ledger.drop_month(october(), None, at(3)).await.unwrap_err();
        assert!(matches!(refused, DropError::Busy(_)), "{refused}");
    });
}

#[test]
fn the_books_of_the_day_know_what_was_dropped() {
    Place::new().run(async |place| {
        let ledger = place.open(Limits::default()).await;
        append(&ledger, 10..40).await;
        ledger.sort_all(at(2)).await.unwrap();
        ledger.drop_month(october(), None, at(3)).await.unwrap();
        let day = at(1).date_naive();
        let books = ledger.day(day).await.unwrap();
        assert_eq!(books.values().map(|count| count.accepted).sum::<i64>(), 30);
        assert_eq!(books.values().map(|count| count.dropped.accepted).sum::<i64>(), 14);
        let totals: std::collections::BTreeMap<_, _> =
            books.into_iter().map(|(source, count)| (source, count.totals())).collect();
        assert_eq!(totals, ledger.stored_on(day).await.unwrap());
    });
}

#[test]
fn what_voided_an_event_of_a_dropped_month_goes_with_it() {
    Place::new().run(async |place| {
        let ledger = place.open(Limits::default()).await;
        append(&ledger, 10..12).await;
        append(&ledger, 30..32).await;
        assert_eq!(ledger.append(vec![voiding(10), voiding(30)], at(2)).await.unwrap(), [Kept::New; 2]);
        ledger.sort_all(at(2)).await.unwrap();
        ledger.drop_month(october(), None, at(3)).await.unwrap();
        assert_eq!(append(&ledger, 10..12).await, [Kept::New; 2]);
        let mut voided = Vec::new();
        let look = |row: &ledger::Row<'_>, by: Option<&str>| {
            voided.extend(by.map(|_| row.id.to_owned()));
            std::ops::ControlFlow::Continue(())
        };
        let all = Query { customer: None, start_us: i64::MIN, end_us: i64::MAX, after_seq: 0 };
        ledger.scan(all, look).await.unwrap();
        assert_eq!(voided, ["30"]);
        // It can be voided again, by the same event as before.
        assert_eq!(ledger.append(vec![voiding(10), voiding(30)], at(4)).await.unwrap(), [Kept::New, Kept::Same]);
    });
}

#[test]
fn a_trickle_of_events_leaves_few_segments() {
    Place::new().run(async |place| {
        let ledger = place.open(Limits { sort_events: 100, ..Limits::default() }).await;
        for id in 24..152 {
            append(&ledger, id..id + 1).await;
            ledger.sort_all(at(2)).await.unwrap();
        }
        // 128 passes of one event: sixteen folds of eight, of which eight and eight make 64 each.
        let months = ledger.stats().months;
        let sizes: Vec<_> = months.values().map(|size| (size.segments, size.events)).collect();
        assert_eq!(sizes, [(2, 128)]);
        assert_eq!(read_all(&ledger).await.len(), 128);
    });
}

#[test]
fn the_numbers_say_what_came_in_and_what_waits() {
    Place::new().run(async |place| {
        let ledger = place.open(Limits::default()).await;
        append(&ledger, 24..30).await;
        append(&ledger, 24..30).await;
        ledger.append(vec![event(24, 1).into()], at(1)).await.unwrap();
        let stats = ledger.stats();
        assert_eq!(stats.outcomes(), Outcomes { accepted: 6, duplicates: 6, conflicts: 1 });
        assert_eq!(stats.by_source.len(), 3);
        assert_eq!((stats.waiting_events, stats.waiting_commits, stats.recent_keys, stats.queue), (6, 1, 6, 0));
        assert_eq!((stats.commit_us.count, stats.commit_events.count, stats.commit_events.sum), (3, 3, 13));
        ledger.sort_all(at(2)).await.unwrap();
        let stats = ledger.stats();
        assert_eq!((stats.waiting_events, stats.sorts, stats.sorted_events, stats.runs, stats.keys), (0, 1, 6, 1, 6));
        // November 2026 is the 682nd month after January 1970.
        let november = stats.months.get(&682).copied().unwrap();
        assert_eq!((november.segments, november.events), (1, 6));
        assert!(november.bytes > 0 && stats.filter_bytes > 0);
    });
}

#[test]
fn a_stored_count_is_said_to_reach_further_only_where_it_is_the_one_that_was_meant() {
    Place::new().run(async |place| {
        let ledger = place.open(Limits::default()).await;
        let saved = |customer: &str, through| SavedCount {
            customer: customer.to_owned(),
            start_us: 0,
            end_us: 10,
            rules: "r".to_owned(),
            through,
            body: vec![1],
        };
        ledger.save_counts(&[saved("a", 5), saved("b", 7), saved("c", 20)]).await.unwrap();
        let held = |customer: &str, rules: &str, stored_through| HeldCount {
            customer: customer.to_owned(),
            start_us: 0,
            end_us: 10,
            rules: rules.to_owned(),
            stored_through,
        };
        // b is an older count than the one that was stored by whoever says so; c reaches further already.
        let all = [held("a", "r", 5), held("b", "r", 8), held("c", "r", 5), held("a", "other", 5), held("d", "r", 5)];
        ledger.hold_counts(&all, 9).await.unwrap();
        let stored = ledger.counts_of(&["a", "b", "c", "d"], (0, 10), "r").await.unwrap();
        let mut through: Vec<_> = stored.iter().map(|count| (count.customer.as_str(), count.through)).collect();
        through.sort_unstable();
        assert_eq!(through, [("a", 9), ("b", 7), ("c", 20)]);
    });
}
