//! The machine's clock is set while the server runs: back by an hour or a year, or forward by a year and back again.

use std::sync::atomic::{AtomicI64, Ordering};

use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use ledger::Kept;
use serde_json::json;
use server::{Clock, Config};
use tempfile::TempDir;

use super::client::{Client, TOKEN, event_at};

/// A server in this process whose clock can be set while it runs.
struct Set {
    running: server::Running,
    off: &'static AtomicI64,
    client: Client,
    _folder: TempDir,
}

impl Set {
    async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let config = Config { token: Some(TOKEN.to_owned()), ..Config::in_dir(folder.path()) };
        // A server may outlive its test by a little; eight bytes are lost.
        let off: &'static AtomicI64 = Box::leak(Box::new(AtomicI64::new(0)));
        let running = server::start_at(config, Clock::Off(off)).await.unwrap();
        let client = Client::new(running.address);
        client.publish().await;
        Self { running, off, client, _folder: folder }
    }

    /// Sets the clock to so much before or after the machine's.
    fn set(&self, off: TimeDelta) {
        self.off.store(off.num_microseconds().unwrap(), Ordering::Relaxed);
    }

    fn now(&self) -> DateTime<Utc> {
        self.running.app.clock.now()
    }

    /// Sends an event that happens now and sends it again.
    async fn send(&self, id: &str) {
        let event = event_at(id, "acme", &self.now().to_rfc3339());
        assert_eq!(self.client.events(&event).await.counts(), (1, 0, 0), "{id}");
        assert_eq!(self.client.events(&event).await.counts(), (0, 1, 0), "{id}");
    }

    /// The books of every day equal what is stored, and the events of them are so many.
    async fn books_are_whole(&self, days: &[DateTime<Utc>], events: i64) {
        let ledger = self.running.app.db.ledger();
        let mut days: Vec<_> = days.iter().map(|day| day.date_naive()).collect();
        days.sort();
        days.dedup();
        let mut total = 0;
        for day in days {
            let books = ledger.day(day).await.unwrap();
            let totals = books.iter().map(|(source, count)| (source.clone(), count.totals())).collect();
            assert_eq!(ledger.stored_on(day).await.unwrap(), totals, "{day}");
            assert!(books.values().all(|count| count.first_us <= count.last_us), "{day}: {books:?}");
            total += books.values().map(|count| count.accepted).sum::<i64>();
        }
        assert_eq!(total, events);
    }
}

const HOUR: TimeDelta = TimeDelta::hours(1);
const YEAR: TimeDelta = TimeDelta::days(365);

#[tokio::test]
async fn events_and_the_books_of_days_are_right_while_the_clock_is_set_back_and_forward() {
    let set = Set::start().await;
    let mut days = Vec::new();
    for (number, off) in
        [TimeDelta::zero(), -HOUR, -YEAR, TimeDelta::zero(), YEAR, TimeDelta::zero()].into_iter().enumerate()
    {
        set.set(off);
        days.push(set.now());
        set.send(&number.to_string()).await;
        let sorted = set.running.app.db.ledger().sort(set.now()).await.unwrap();
        assert_eq!(sorted.map(|sorted| sorted.events), Some(1), "sorting goes on at {off}");
    }
    set.books_are_whole(&days, 6).await;
    // What happened in the year ahead is there, and an hour ago of today may be yesterday's month.
    let mut counted = 0;
    let mut months: Vec<String> = days.iter().map(|day| day.format("%Y-%m").to_string()).collect();
    months.sort();
    months.dedup();
    for month in &months {
        counted += set.client.usage("acme", month).await.1;
    }
    assert_eq!(counted, 6);
}

#[tokio::test]
async fn a_lease_taken_while_the_clock_was_a_year_ahead_does_not_stop_sorting() {
    let set = Set::start().await;
    let event = |id: &str| -> engine::usage::Event {
        serde_json::from_value(json!({
            "source": "/test", "id": id, "customer": "acme", "type": "api.call", "time": "2026-10-05T08:30:00Z",
            "data": { "bytes": "1" },
        }))
        .unwrap()
    };
    set.set(YEAR);
    let ledger = set.running.app.db.ledger();
    assert_eq!(ledger.append(vec![event("1").into()], set.now()).await.unwrap(), [Kept::New]);
    ledger.sort(set.now()).await.unwrap().unwrap();
    set.set(TimeDelta::zero());
    assert_eq!(
        ledger.append(vec![event("2").into(), event("1").into()], set.now()).await.unwrap(),
        [Kept::New, Kept::Same]
    );
    assert_eq!(ledger.sort(set.now()).await.unwrap().unwrap().events, 1);
}

#[tokio::test]
async fn rates_and_idempotency_keys_and_the_quota_hold_when_the_clock_is_set_back() {
    let set = Set::start().await;
    let order = json!({ "name": "k", "sources": ["/test"], "events_per_second": 1, "events_burst": 3 });
    let made = set.client.send("POST", "/v1/keys", "application/json", order.to_string()).await.unwrap();
    let token = made.json()["token"].as_str().unwrap().to_owned();
    let time = (set.now() - TimeDelta::minutes(1)).to_rfc3339();
    let three = json!([event_at("1", "acme", &time), event_at("2", "acme", &time), event_at("3", "acme", &time)]);
    let headers = [("content-type", "application/json"), ("idempotency-key", "\"once\"")];
    let send = async || set.client.send_by(&token, ("POST", "/v1/events"), &headers, three.to_string()).await.unwrap();
    let first = send().await;
    assert_eq!(first.counts(), (3, 0, 0));
    for off in [-HOUR, -YEAR, YEAR, TimeDelta::zero()] {
        set.set(off);
        // The bucket is empty whatever the date: neither refilled by a year ahead, nor shut for a year.
        let more = json!([event_at("4", "acme", &time), event_at("5", "acme", &time), event_at("6", "acme", &time)]);
        let reply = set
            .client
            .send_by(&token, ("POST", "/v1/events"), &[("content-type", "application/json")], more.to_string())
            .await
            .unwrap();
        assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS);
        let wait: u32 = reply.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=3).contains(&wait), "{wait}");
    }
    set.set(-HOUR);
    let again = send().await;
    assert_eq!((again.status, again.bytes), (StatusCode::OK, first.bytes), "the stored answer");
    set.set(TimeDelta::zero());
    assert_eq!(set.client.calls_left("acme").await, 997);
    set.set(-YEAR);
    assert_eq!(set.client.calls_left("acme").await, 1000, "nothing was used in that month");
    set.set(TimeDelta::zero());
    assert_eq!(set.client.calls_left("acme").await, 997);
}
