//! What the ledger does when it cannot: no room, nobody who sorts, somebody else who sorts, a clock that was set back.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests need more of it")]
mod support;

use std::time::Duration;

use ledger::{Kept, LedgerError, Limits};
use support::{Place, at, event, read_all};

/// Room for three events, and hardly any patience.
const NARROW: Limits =
    Limits { queue: 2, commit_events: 2, unsorted_events: 3, sort_events: 10, patience: Duration::from_millis(20) };

async fn sql(place: &Place, statements: &'static str) {
    let pool = sqlx::AnyPool::connect(&place.url()).await.unwrap();
    sqlx::raw_sql(statements).execute(&pool).await.unwrap();
    pool.close().await;
}

#[test]
fn while_too_many_events_wait_to_be_sorted_all_are_refused_and_afterwards_taken() {
    Place::new().run(async |place| {
        let ledger = place.open(NARROW).await;
        for id in 0..3 {
            assert_eq!(ledger.append(vec![event(id, 0).into()], at(1)).await.unwrap(), [Kept::New]);
        }
        let many = (3..9).map(|id| ledger.append(vec![event(id, 0).into()], at(1)));
        for refused in at_once(many).await {
            let error = refused.unwrap_err().to_string();
            assert_eq!(
                error,
                "3 events wait to be sorted, more than there may be; nothing of this was stored, so send it again"
            );
        }
        ledger.sort(at(2)).await.unwrap();
        assert_eq!(ledger.append(vec![event(3, 0).into()], at(3)).await.unwrap(), [Kept::New]);
        assert_eq!(read_all(&ledger).await.len(), 4);
    });
}

/// Runs all of them at once and gives their results in order.
async fn at_once<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut pending: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        for (future, output) in &mut pending {
            if output.is_none()
                && let std::task::Poll::Ready(ready) = future.as_mut().poll(context)
            {
                *output = Some(ready);
            }
        }
        if pending.iter().all(|(_, output)| output.is_some()) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    pending.into_iter().filter_map(|(_, output)| output).collect()
}

#[test]
fn closing_ends_those_who_wait_for_room_and_tells_them() {
    Place::new().run(async |place| {
        let ledger = place.open(Limits { patience: Duration::from_secs(3600), ..NARROW }).await;
        for id in 0..3 {
            ledger.append(vec![event(id, 0).into()], at(1)).await.unwrap();
        }
        let waiting = ledger.clone();
        let waiting = tokio::spawn(async move { waiting.append(vec![event(3, 0).into()], at(1)).await });
        tokio::task::yield_now().await;
        ledger.close().await;
        let refused = waiting.await.unwrap().unwrap_err().to_string();
        assert_eq!(refused, LedgerError::Closed.to_string());
        assert!(matches!(ledger.append(vec![event(4, 0).into()], at(1)).await, Err(LedgerError::Closed)));
        assert_eq!(read_all(&ledger).await.len(), 3);
    });
}

#[test]
fn a_pass_that_was_overtaken_puts_nothing_in_place_and_loses_nothing() {
    Place::new().run(async |place| {
        let ledger = place.open(Limits::default()).await;
        let events: Vec<_> = (0..50).map(|id| event(id, 0)).collect();
        ledger.append(events.iter().cloned().map(Into::into).collect(), at(1)).await.unwrap();
        // Somebody else takes the lease while this pass writes.
        sql(
            place,
            "CREATE TRIGGER overtake AFTER INSERT ON event_segments BEGIN \
             UPDATE ledger_state SET value = value + 1 WHERE name = 'sorter'; END",
        )
        .await;
        assert!(matches!(ledger.sort(at(2)).await, Err(LedgerError::Overtaken)));
        assert_eq!(ledger.waiting(), 50);
        assert_eq!(read_all(&ledger).await.len(), 50);
        assert_eq!(ledger.sort(at(3)).await.unwrap(), None, "the lease is the other one's");
        sql(place, "DROP TRIGGER overtake").await;
        ledger.break_lease().await.unwrap();
        assert_eq!(ledger.sort(at(4)).await.unwrap().unwrap().events, 50);
        assert_eq!((ledger.waiting(), read_all(&ledger).await.len()), (0, 50));
    });
}

#[test]
fn a_lease_that_could_not_be_given_back_is_taken_again_by_the_same_process() {
    Place::new().run(async |place| {
        let ledger = place.open(Limits::default()).await;
        ledger.append(vec![event(1, 0).into()], at(1)).await.unwrap();
        sql(
            place,
            "CREATE TRIGGER keep BEFORE UPDATE ON ledger_state WHEN NEW.name = 'sorter' AND NEW.value = 0 BEGIN \
             SELECT RAISE(ABORT, 'the disk is full'); END",
        )
        .await;
        assert_eq!(ledger.sort(at(2)).await.unwrap().unwrap().events, 1);
        ledger.append(vec![event(2, 0).into()], at(3)).await.unwrap();
        assert_eq!(ledger.sort(at(4)).await.unwrap().unwrap().events, 1, "not after half an hour only");
        let other = place.open(Limits::default()).await;
        other.append(vec![event(3, 0).into()], at(5)).await.unwrap();
        assert_eq!(other.sort(at(6)).await.unwrap(), None, "for others it is held");
        sql(place, "DROP TRIGGER keep").await;
        assert_eq!(ledger.sort(at(7)).await.unwrap().unwrap().events, 1);
        ledger.append(vec![event(4, 0).into()], at(8)).await.unwrap();
        assert_eq!(other.sort(at(9)).await.unwrap().unwrap().events, 1, "now it was given back");
    });
}

#[test]
fn a_clock_set_back_does_not_set_a_heartbeat_back() {
    Place::new().run(async |place| {
        let ledger = place.open(Limits::default()).await;
        for (id, seconds) in [(0, 500), (3, 100), (6, 300)] {
            ledger.append(vec![event(id, 0).into()], at(seconds)).await.unwrap();
        }
        let beats = ledger.heartbeats().await.unwrap();
        let beat = &beats["/gateway/0"];
        let us = |seconds| at(seconds).timestamp_micros();
        assert_eq!((beat.accepted, beat.first_us, beat.last_us), (3, us(100), us(500)));
    });
}

#[test]
fn a_commit_that_fails_is_told_to_all_and_can_be_sent_again() {
    Place::new().run(async |place| {
        let ledger = place.open(Limits::default()).await;
        sql(
            place,
            "CREATE TRIGGER full BEFORE INSERT ON intake_days BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
        )
        .await;
        let many = (0..6).map(|id| ledger.append(vec![event(id, 0).into()], at(1)));
        for refused in at_once(many).await {
            assert!(refused.unwrap_err().to_string().contains("the disk is full"));
        }
        assert_eq!((ledger.waiting(), read_all(&ledger).await.len()), (0, 0));
        sql(place, "DROP TRIGGER full").await;
        for id in 0..6 {
            assert_eq!(ledger.append(vec![event(id, 0).into()], at(1)).await.unwrap(), [Kept::New]);
        }
        assert_eq!(read_all(&ledger).await.len(), 6);
    });
}

#[test]
fn after_a_commit_that_the_database_undid_by_itself_the_next_ones_are_on_disk() {
    Place::new().run(async |place| {
        let ledger = place.open(Limits::default()).await;
        // As SQLite does it where there is no room.
        sql(
            place,
            "CREATE TRIGGER full BEFORE INSERT ON intake_days WHEN NEW.source = '/gateway/1' BEGIN \
             SELECT RAISE(ROLLBACK, 'the disk is full'); END",
        )
        .await;
        for _ in 0..5 {
            assert!(ledger.append(vec![event(1, 0).into()], at(1)).await.is_err());
            assert!(ledger.append(vec![event(4, 0).into()], at(1)).await.is_err());
        }
        for id in [0, 3, 6] {
            assert_eq!(ledger.append(vec![event(id, 0).into()], at(2)).await.unwrap(), [Kept::New]);
            // Seen by somebody else: it is committed.
            let other = place.open(Limits::default()).await;
            assert!(read_all(&other).await.contains(&event(id, 0)), "{id}");
            other.close().await;
        }
    });
}
