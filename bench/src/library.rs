//! Batches of 1,000, and single events from many writers, kept by the ledger.

use std::time::{Duration, Instant as Clock};

use engine::usage::Event;
use ledger::{Incoming, Kept, Ledger};

use crate::made_up;
use crate::place::{Place, SORT_AT, Sorter, cpu_seconds, now};
use crate::say;

pub(crate) const BATCH: u64 = 1_000;
/// Events are made up in pieces before they are timed, so that making them up is in nobody's time.
const PIECE: u64 = 500_000;

/// So many events in batches; each piece's time ends when no more waits to be sorted than usual.
pub(crate) async fn batches(events: u64) {
    let place = Place::new().await;
    let (mut spent, mut answered, mut cpu) = (Duration::ZERO, Duration::ZERO, 0.0);
    let mut done = 0;
    while done < events {
        let list: Vec<Vec<Incoming>> = batches_of(done, PIECE.min(events - done));
        let (begin, cpu_before) = (Clock::now(), cpu_seconds());
        let sorter = Sorter::start(&place.ledger);
        for batch in list {
            done += u64::try_from(batch.len()).unwrap();
            keep(&place.ledger, batch).await;
        }
        answered += begin.elapsed();
        sorter.end().await;
        spent += begin.elapsed();
        cpu += cpu_seconds() - cpu_before;
    }
    assert!(place.ledger.waiting() < SORT_AT);
    let count = done as f64;
    say("batches_ours", count / spent.as_secs_f64());
    say("batches_ours_answers", count / answered.as_secs_f64());
    say("batches_ours_cpu_us", cpu * 1e6 / count);
}

fn batches_of(first: u64, count: u64) -> Vec<Vec<Incoming>> {
    let starts = (first..first + count).step_by(usize::try_from(BATCH).unwrap());
    starts.map(|n| (n..n + BATCH).map(|n| made_up::event(n).into()).collect()).collect()
}

async fn keep(ledger: &Ledger, batch: Vec<Incoming>) {
    let kept = ledger.append(batch, now()).await.unwrap();
    assert!(kept.iter().all(|kept| *kept == Kept::New));
}

/// Single events, each answered before its writer sends the next.
pub(crate) async fn writers(writers: u64, events: u64) {
    let place = Place::new().await;
    keep(&place.ledger, vec![made_up::event(u64::MAX / 2_000_000_000).into()]).await;
    let each = events / writers;
    let mut tasks = Vec::new();
    for writer in 0..writers {
        let list: Vec<Event> = (writer * each..(writer + 1) * each).map(made_up::event).collect();
        tasks.push((place.ledger.clone(), list));
    }
    let begin = Clock::now();
    let tasks: Vec<_> = tasks
        .into_iter()
        .map(|(ledger, list)| {
            tokio::spawn(async move {
                for event in list {
                    keep(&ledger, vec![event.into()]).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    say(&format!("writers_{writers}"), (each * writers) as f64 / begin.elapsed().as_secs_f64());
}
