//! How long it takes from handing an event over until everybody who follows the ledger has heard of it.

use std::collections::HashMap;
use std::time::{Duration, Instant as Clock};

use ledger::Incoming;
use tokio::sync::broadcast::error::RecvError;

use crate::place::{Place, Sorter, now};
use crate::{made_up, say};

/// Events that are handed over together.
const BATCH: u64 = 100;

/// At so many events a second, for so long.
pub(crate) async fn accepted_to_heard(per_second: u64, seconds: u64) {
    let place = Place::new().await;
    let sorter = Sorter::start(&place.ledger);
    let mut heard = place.ledger.listen();
    let total = per_second * seconds / BATCH * BATCH;
    let listener = tokio::spawn(async move {
        let (mut at, mut count) = (HashMap::new(), 0);
        while count < total {
            match heard.recv().await {
                Ok(committed) => {
                    let now = Clock::now();
                    count += u64::try_from(committed.events.len()).unwrap();
                    for incoming in &committed.events {
                        at.insert(incoming.event.id.clone(), now);
                    }
                }
                Err(RecvError::Lagged(missed)) => panic!("{missed} commits missed"),
                Err(RecvError::Closed) => break,
            }
        }
        at
    });
    let begin = Clock::now();
    let mut sent = Vec::new();
    for batch in 0..total / BATCH {
        let due = begin + Duration::from_secs_f64((batch * BATCH) as f64 / per_second as f64);
        tokio::time::sleep_until(due.into()).await;
        let events: Vec<Incoming> = (batch * BATCH..(batch + 1) * BATCH).map(|n| made_up::event(n).into()).collect();
        let (ledger, last) = (place.ledger.clone(), events.last().unwrap().event.id.clone());
        // Since it was due: who comes late because the machine is busy has waited too.
        sent.push((last, due));
        tokio::spawn(async move { ledger.append(events, now()).await.unwrap() });
    }
    let heard = listener.await.unwrap();
    sorter.end().await;
    let mut times: Vec<f64> = sent.iter().map(|(id, due)| (heard[id] - *due).as_secs_f64() * 1e3).collect();
    times.sort_by(f64::total_cmp);
    say("heard_p50_ms", times[times.len() / 2]);
    say("heard_p99_ms", times[times.len() * 99 / 100]);
    say("heard_most_ms", times[times.len() - 1]);
}
