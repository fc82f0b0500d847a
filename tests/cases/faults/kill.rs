//! The server is killed a hundred times while it takes events in, sorts them and stores counts.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::child::Server;
use super::client::{Client, Gone, MONTH, Reply, event};
use super::kept::stored;

const KILLS: u64 = 100;

/// The longest that a server lives, in microseconds: long enough for two rounds of maintenance.
const LIFE_US: u64 = 650_000;

const CUSTOMERS: u64 = 7;

/// SplitMix64: the same numbers for the same seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// Which server runs: its number and where it is.
type Place = (u64, SocketAddr);

#[derive(Debug, Clone, Copy)]
enum Way {
    Single,
    Batch,
    Lines,
}

impl Way {
    fn events(self) -> u64 {
        match self {
            Self::Single => 1,
            Self::Batch => 10,
            Self::Lines => 40,
        }
    }

    async fn send(self, client: &Client, events: &[Value]) -> Result<Reply, Gone> {
        match self {
            Self::Single => client.try_events(&events[0]).await,
            Self::Batch => client.try_events(&json!(events)).await,
            Self::Lines => client.try_lines(events).await,
        }
    }
}

/// What a writer has to do with.
#[derive(Clone)]
struct Writer {
    number: u64,
    way: Way,
    place: watch::Receiver<Place>,
    stop: watch::Receiver<bool>,
}

impl Writer {
    /// Sends one request after the other, each until it is acknowledged. Returns how many there were, and how often one had
    /// to be sent again.
    async fn write(mut self) -> (u64, u64) {
        let (mut request, mut repeated) = (0, 0);
        while !*self.stop.borrow() {
            let events: Vec<Value> =
                (0..self.way.events()).map(|number| numbered(self.number, request, number)).collect();
            let tries = self.acknowledged(&events).await;
            repeated += tries - 1;
            request += 1;
        }
        (request, repeated)
    }

    /// Sends until it is acknowledged. Returns how often it was sent.
    async fn acknowledged(&mut self, events: &[Value]) -> u64 {
        let all = self.way.events();
        let mut tries = 1;
        loop {
            let (server, address) = *self.place.borrow_and_update();
            let client = Client::new(address);
            if let Ok(reply) = self.way.send(&client, events).await {
                assert_eq!(reply.status, StatusCode::OK, "{}", reply.json());
                let (accepted, duplicates, others) = reply.counts();
                assert_eq!((accepted + duplicates, others), (all, 0));
                assert!(tries > 1 || duplicates == 0, "what is sent for the first time is new");
                if let Ok(again) = self.way.send(&client, events).await {
                    assert_eq!(again.counts(), (0, all, 0), "what was acknowledged is there");
                }
                return tries;
            }
            // It was killed; the next one gets all of it again.
            self.place.wait_for(|(next, _)| *next > server).await.unwrap();
            tries += 1;
        }
    }
}

fn numbered(writer: u64, request: u64, number: u64) -> Value {
    let mut event = event(&format!("{request}-{number}"), &customer(request + number));
    event["source"] = json!(format!("/writers/{writer}"));
    event
}

fn customer(number: u64) -> String {
    format!("customer-{}", number % CUSTOMERS)
}

const WRITERS: [Way; 6] = [Way::Single, Way::Single, Way::Single, Way::Batch, Way::Batch, Way::Lines];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_hundred_kills_every_acknowledged_event_is_there_once() {
    let seed = std::env::var("TEST_FAULTS_SEED").map_or(20_261_122, |text| text.parse().unwrap());
    eprintln!("TEST_FAULTS_SEED={seed}");
    let mut numbers = Numbers(seed);
    let folder = TempDir::new().unwrap();
    // So few that each pass of maintenance finds enough to sort, and runs of keys become enough to be merged.
    let settings = [("RATECARD_SORT_AT_EVENTS", "20"), ("RATECARD_LOG", "warn,server::maintenance=info")];
    let mut server = Server::start(folder.path(), &settings);
    server.client().publish().await;
    let (place, watching) = watch::channel((0, server.address));
    let (stop, stopping) = watch::channel(false);
    let mut writers = JoinSet::new();
    for (number, way) in (0..).zip(WRITERS) {
        let writer = Writer { number, way, place: watching.clone(), stop: stopping.clone() };
        writers.spawn(async move { (number, way, writer.write().await) });
    }
    let mut sorted = 0;
    for kill in 1..=KILLS {
        let delay = Duration::from_micros(numbers.below(LIFE_US));
        sleep(delay).await;
        sorted += server.said().matches("events sorted").count();
        server.kill();
        server = Server::start(folder.path(), &settings);
        place.send_replace((kill, server.address));
        if let Some(ended) = writers.try_join_next() {
            panic!("a writer ended after kill {kill}, {delay:?} after the start: {ended:?}");
        }
    }
    stop.send_replace(true);
    let (mut expected, mut by_customer) = (BTreeMap::new(), BTreeMap::<String, u64>::new());
    let mut all_repeated = 0;
    while let Some(ended) = writers.join_next().await {
        let (writer, way, (requests, repeated)) = ended.unwrap();
        all_repeated += repeated;
        for (request, number) in
            (0..requests).flat_map(|request| (0..way.events()).map(move |number| (request, number)))
        {
            expected.insert((format!("/writers/{writer}"), format!("{request}-{number}")), 1);
            *by_customer.entry(customer(request + number)).or_default() += 1;
        }
    }
    eprintln!("{} events, {all_repeated} requests sent again, {sorted} passes of sorting", expected.len());
    assert!(sorted > 20, "events were sorted between the kills {sorted} times");
    assert!(all_repeated >= KILLS, "kills hit requests: {all_repeated} were sent again");
    for (customer, events) in &by_customer {
        assert_eq!(server.client().usage(customer, MONTH).await, (*events, *events), "{customer}");
    }
    server.stop();
    assert_eq!(stored(folder.path()).await, expected);
}
