//! Floods: the same events over and over, one customer with nearly all of the traffic, more writers than fit.

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::child::Server;
use super::client::{Client, MONTH, event, event_at};
use super::kept::stored;

fn batch(name: &str, count: u32) -> Value {
    (0..count).map(|number| event(&format!("{name}-{number}"), "acme")).collect()
}

/// A million in a release build would take a minute: here a thousand events 60 times, and after sorting all of them again.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seventy_thousand_duplicates_recent_and_sorted_change_nothing_and_need_no_memory() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), &[("RATECARD_SORT_AT_EVENTS", "5000")]);
    let client = server.client();
    client.publish().await;
    for part in 0..10 {
        assert_eq!(client.events(&batch(&part.to_string(), 1000)).await.counts(), (1000, 0, 0));
    }
    let before = server.most_memory_mib();
    let mut senders = JoinSet::new();
    for _ in 0..4 {
        let client = client.clone();
        senders.spawn(async move {
            let same = batch("9", 1000);
            for _ in 0..15 {
                assert_eq!(client.events(&same).await.counts(), (0, 1000, 0));
            }
        });
    }
    while let Some(ended) = senders.join_next().await {
        ended.unwrap();
    }
    for part in 0..10 {
        assert_eq!(client.events(&batch(&part.to_string(), 1000)).await.counts(), (0, 1000, 0));
    }
    assert_eq!(client.usage("acme", MONTH).await, (10_000, 10_000));
    let most = server.most_memory_mib();
    assert!(most < before + 64, "{before} MiB before, {most} MiB after");
    server.stop();
    // Stored by now in blocks, and known from the runs of keys only.
    assert_eq!(stored(folder.path()).await.len(), 10_000);
    let server = Server::start(folder.path(), &[]);
    for part in 0..10 {
        assert_eq!(server.client().events(&batch(&part.to_string(), 1000)).await.counts(), (0, 1000, 0));
    }
    assert_eq!(server.client().usage("acme", MONTH).await, (10_000, 10_000));
    server.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_a_customer_with_nine_tenths_of_the_traffic_the_others_usage_and_quota_are_right() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), &[("RATECARD_SORT_AT_EVENTS", "1000")]);
    let client = server.client();
    client.publish().await;
    let now = server::Clock::System.now();
    let (time, month) = (now.to_rfc3339(), now.format("%Y-%m").to_string());
    let mut senders = JoinSet::new();
    for sender in 0..4_u64 {
        let (client, time) = (client.clone(), time.clone());
        senders.spawn(async move {
            let own = format!("small-{sender}");
            for round in 0..20_u64 {
                let who = |number: u64| if number.is_multiple_of(10) { own.as_str() } else { "hot" };
                let events: Value = (0..100)
                    .map(|number| event_at(&format!("{sender}-{round}-{number}"), who(number), &time))
                    .collect();
                assert_eq!(client.events(&events).await.counts(), (100, 0, 0));
                assert_eq!(client.calls_left(&own).await, 1000 - 10 * (round + 1), "seen at once");
            }
        });
    }
    while let Some(ended) = senders.join_next().await {
        ended.unwrap();
    }
    assert_eq!((client.calls_left("hot").await, client.usage("hot", &month).await), (0, (7200, 7200)));
    let counted = usages(&client, &month).await;
    assert_eq!(counted, [(200, 200); 4]);
    server.stop();
    // Counted anew by a server that has nothing in memory.
    let server = Server::start(folder.path(), &[]);
    assert_eq!(usages(&server.client(), &month).await, counted);
    assert_eq!(server.client().usage("hot", &month).await, (7200, 7200));
    server.stop();
    assert_eq!(stored(folder.path()).await.len(), 8000);
}

async fn usages(client: &Client, month: &str) -> Vec<(u64, u64)> {
    let mut usages = Vec::new();
    for sender in 0..4 {
        usages.push(client.usage(&format!("small-{sender}"), month).await);
    }
    usages
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_writers_than_fit_wait_their_turn_and_memory_stays_bounded() {
    const WRITERS: u32 = 64;
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), &[]);
    let client = server.client();
    client.publish().await;
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let client = client.clone();
        writers.spawn(async move {
            for round in 0..2 {
                let events = batch(&format!("{writer}-{round}"), 500);
                assert_eq!(client.events(&events).await.counts(), (500, 0, 0));
                assert_eq!(client.events(&json!(events[0])).await.counts(), (0, 1, 0));
            }
        });
    }
    while let Some(ended) = writers.join_next().await {
        ended.unwrap();
    }
    let all = u64::from(WRITERS) * 1000;
    assert_eq!(client.usage("acme", MONTH).await, (all, all));
    let most = server.most_memory_mib();
    assert!(most < 400, "{most} MiB");
    server.stop();
}
