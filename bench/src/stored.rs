//! What depends on how much is stored: cost of an event, size, the time of looks at it.

use std::ops::ControlFlow;
use std::time::Instant as Clock;

use ledger::{Incoming, Kept, Query};

use crate::library::BATCH;
use crate::made_up::{self, MONTH_US, START_US};
use crate::place::{Place, Sorter, cpu_seconds, now, peak_kilobytes};
use crate::say;

/// The first window begins here, and each is so long.
const WINDOW: u64 = 1_000_000;

/// Fills up to so many events and measures on the way and at the end.
pub(crate) async fn grow(events: u64) {
    let place = Place::new().await;
    let windows = [("first", WINDOW), ("last", events - WINDOW)];
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); windows.len()];
    let (mut waited, mut cpu) = ([0.0; 2], [0.0; 2]);
    let sorter = Sorter::start(&place.ledger);
    let mut n = 0;
    while n < events {
        let batch: Vec<Incoming> = (n..n + BATCH).map(|n| made_up::event(n).into()).collect();
        let (begin, cpu_before) = (Clock::now(), cpu_seconds());
        let kept = place.ledger.append(batch, now()).await.unwrap();
        let (seconds, cpu_seconds) = (begin.elapsed().as_secs_f64(), cpu_seconds() - cpu_before);
        assert!(kept.iter().all(|kept| *kept == Kept::New));
        for (place, (_, start)) in windows.iter().enumerate() {
            if (*start..start + WINDOW).contains(&n) {
                times[place].push(seconds);
                waited[place] += seconds;
                cpu[place] += cpu_seconds;
            }
        }
        n += BATCH;
        if n % 5_000_000 == 0 {
            eprintln!("{n} events, {} wait", place.ledger.waiting());
        }
    }
    sorter.end().await;
    for (place, (name, _)) in windows.iter().enumerate() {
        let times = &mut times[place];
        times.sort_by(f64::total_cmp);
        say(&format!("append_us_{name}"), times[times.len() / 2] * 1e6 / BATCH as f64);
        say(&format!("append_mean_us_{name}"), waited[place] * 1e6 / WINDOW as f64);
        say(&format!("append_p99_ms_{name}"), times[times.len() * 99 / 100] * 1e3);
        say(&format!("append_cpu_us_{name}"), cpu[place] * 1e6 / WINDOW as f64);
    }
    say("peak_kilobytes", peak_kilobytes());
    place.ledger.sort_all(now()).await.unwrap();
    say("stored_bytes_per_event", place.size_bytes().await as f64 / events as f64);
    look(&place, events).await;
    duplicates(&place, events).await;
    say("peak_kilobytes_end", peak_kilobytes());
}

/// A customer's second, where there is one to find, and a month by the hour.
async fn look(place: &Place, events: u64) {
    for n in [events / 3, events / 2, events - 7] {
        let customer = made_up::customer(n);
        let start_us = made_up::time_us(n) / 1_000_000 * 1_000_000;
        let begin = Clock::now();
        let mut found = 0;
        let query = Query { customer: Some(&customer), start_us, end_us: start_us + 1_000_000, after_seq: 0 };
        let look = |_: &ledger::Row<'_>, _: Option<&str>| {
            found += 1;
            ControlFlow::Continue(())
        };
        place.ledger.scan(query, look).await.unwrap();
        assert!(found > 0);
        say("second_ms", begin.elapsed().as_secs_f64() * 1e3);
        let begin = Clock::now();
        let query = Query { customer: Some(&customer), start_us: START_US, end_us: START_US + MONTH_US, after_seq: 0 };
        let profile = place.ledger.profile(query, 3_600_000_000).await.unwrap();
        assert!(!profile.is_empty());
        say("month_by_hour_ms", begin.elapsed().as_secs_f64() * 1e3);
    }
}

/// Old events that come again.
async fn duplicates(place: &Place, events: u64) {
    let batch: Vec<Incoming> = (0..10_000).map(|n| made_up::event(n * (events / 10_000)).into()).collect();
    let begin = Clock::now();
    let kept = place.ledger.append(batch, now()).await.unwrap();
    assert!(kept.iter().all(|kept| *kept == Kept::Same));
    say("duplicates_10000_ms", begin.elapsed().as_secs_f64() * 1e3);
}
