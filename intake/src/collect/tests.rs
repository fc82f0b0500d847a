//! A collector on made-up logs and a server on loopback: rotation, restarts, refusals. Each event is there once.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, rename};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use engine::period::Instant;
use serde_json::Value;
use tempfile::TempDir;

use super::fake_server::{Reply, Server};
use super::{Backoff, BatchLimits, CollectError, Collector, Destination, Orders, Stop, Totals};
use crate::Mapping;
use crate::mapping::built_in;

fn now() -> Instant {
    "2026-12-01T00:00:00Z".parse().unwrap()
}

/// A folder with a log in it, and orders to follow it.
struct Site {
    folder: TempDir,
    server: Server,
    stop: Stop,
}

impl Site {
    fn new() -> Self {
        Self::with(Server::start())
    }

    fn with(server: Server) -> Self {
        Self { folder: TempDir::new().unwrap(), server, stop: Stop::default() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn append(&self, name: &str, text: impl AsRef<[u8]>) {
        let mut file = OpenOptions::new().create(true).append(true).open(self.path(name)).unwrap();
        file.write_all(text.as_ref()).unwrap();
    }

    fn orders(&self) -> Orders {
        Orders {
            logs: vec![self.path("access.log")],
            mapping: Mapping::from_toml(built_in("combined").unwrap().toml).unwrap(),
            source: "/test".to_owned(),
            to: Destination::new(&self.server.url, "key", None).unwrap(),
            state: self.path("state"),
            rejects: Some(self.path("rejects")),
            batch: BatchLimits { events: 5, bytes: 100_000, wait: Duration::ZERO },
            backoff: Backoff { first: Duration::from_millis(1), longest: Duration::from_millis(2) },
            look_every: Duration::from_millis(1),
            line_bytes_max: 1000,
            now,
        }
    }

    fn collector(&self) -> Collector {
        Collector::open(self.orders(), self.stop.clone()).unwrap()
    }

    /// The clients of all events that the server keeps, one for each event.
    fn clients(&self) -> Vec<String> {
        let client = |event: &Value| event["subject"].as_str().unwrap().to_owned();
        let mut clients: Vec<String> = self.server.seen(|seen| seen.events.values().map(client).collect());
        clients.sort();
        clients
    }

    fn rejects(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.path("rejects")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The numbers and keys that the batches went under.
    fn headers(&self, name: &str) -> Vec<String> {
        self.server.seen(|seen| seen.headers.iter().map(|headers| headers[name].clone()).collect())
    }
}

fn line(client: &str) -> String {
    format!("{client} - - [01/Dec/2026:08:30:00 +0800] \"GET /a HTTP/1.1\" 200 10 \"-\" \"M\"\n")
}

fn lines(clients: &[&str]) -> String {
    clients.iter().map(|client| line(client)).collect()
}

/// Turns until nothing is left to read.
fn drain(collector: &mut Collector) {
    while collector.turn().unwrap() {}
}

#[test]
fn a_line_is_sent_when_it_has_its_end() {
    let site = Site::new();
    site.append("access.log", lines(&["a", "b"]));
    let mut collector = site.collector();
    drain(&mut collector);
    assert_eq!(site.clients(), ["a", "b"]);
    let (half, rest) = ("c - - [01/Dec/2026:08:30", ":00 +0800] \"GET /a HTTP/1.1\" 200 10 \"-\" \"M\"\n");
    site.append("access.log", half);
    drain(&mut collector);
    assert_eq!(site.clients(), ["a", "b"]);
    site.append("access.log", rest);
    drain(&mut collector);
    assert_eq!(site.clients(), ["a", "b", "c"]);
    let expected = Totals { lines: 3, batches: 2, accepted: 3, ..Totals::default() };
    assert_eq!(collector.totals(), &expected);
    assert_eq!(site.headers("ratecard-batch"), ["1", "2"]);
    assert_eq!(site.headers("ratecard-source"), ["/test", "/test"]);
    assert_eq!(site.headers("ratecard-sent-at"), ["2026-12-01T00:00:00Z", "2026-12-01T00:00:00Z"]);
    assert_eq!(site.headers("authorization"), ["Bearer key", "Bearer key"]);
    assert_eq!(site.headers("content-type").first().unwrap(), "application/cloudevents-batch+json");
}

#[test]
fn a_log_that_is_not_there_yet_is_waited_for() {
    let site = Site::new();
    let mut collector = site.collector();
    drain(&mut collector);
    site.append("access.log", line("a"));
    drain(&mut collector);
    assert_eq!(site.clients(), ["a"]);
}

#[test]
fn what_is_left_in_a_renamed_log_is_read_and_so_is_what_still_comes_into_it() {
    let site = Site::new();
    site.append("access.log", lines(&["a", "b"]));
    let mut collector = site.collector();
    drain(&mut collector);
    site.append("access.log", line("left"));
    rename(site.path("access.log"), site.path("access.log.1")).unwrap();
    // The server has not been told yet: it writes on, while the new log is there.
    site.append("access.log", line("new"));
    site.append("access.log.1", line("late"));
    drain(&mut collector);
    site.append("access.log.1", line("later"));
    site.append("access.log", line("newer"));
    drain(&mut collector);
    assert_eq!(site.clients(), ["a", "b", "late", "later", "left", "new", "newer"]);
    assert_eq!(collector.totals().duplicates, 0);
}

#[test]
fn a_rotated_log_that_stays_quiet_is_closed_and_its_last_line_needs_no_end() {
    let site = Site::new();
    site.append("access.log", line("a"));
    let mut collector = site.collector();
    drain(&mut collector);
    site.append("access.log", line("last").trim_end());
    rename(site.path("access.log"), site.path("access.log.1")).unwrap();
    site.append("access.log", line("new"));
    for _ in 0..300 {
        collector.turn().unwrap();
    }
    drain(&mut collector);
    assert_eq!(site.clients(), ["a", "last", "new"]);
    site.append("access.log.1", line("after"));
    drain(&mut collector);
    assert_eq!(site.clients(), ["a", "last", "new"]);
}

#[test]
fn what_is_left_in_a_log_that_was_copied_and_cut_off_is_read_from_the_copy() {
    let site = Site::new();
    site.append("access.log", lines(&["a", "b"]));
    let mut collector = site.collector();
    drain(&mut collector);
    site.append("access.log", lines(&["left", "behind"]));
    std::fs::copy(site.path("access.log"), site.path("access.log.1")).unwrap();
    File::options().write(true).open(site.path("access.log")).unwrap().set_len(0).unwrap();
    site.append("access.log", line("new"));
    drain(&mut collector);
    assert_eq!(site.clients(), ["a", "b", "behind", "left", "new"]);
}

#[test]
fn a_log_that_was_cut_off_and_is_longer_again_is_told_by_its_beginning() {
    let site = Site::new();
    site.append("access.log", line("a"));
    let mut collector = site.collector();
    drain(&mut collector);
    let file = File::options().write(true).open(site.path("access.log")).unwrap();
    file.set_len(0).unwrap();
    site.append("access.log", lines(&["x", "y", "z"]));
    drain(&mut collector);
    assert_eq!(site.clients(), ["a", "x", "y", "z"]);
}

#[test]
fn a_collector_that_was_stopped_goes_on_where_it_was() {
    let site = Site::new();
    // The same line three times in one second is three requests.
    site.append("access.log", lines(&["a", "b", "a"]));
    drain(&mut site.collector());
    site.append("access.log", lines(&["a", "c"]));
    let mut second = site.collector();
    drain(&mut second);
    assert_eq!(site.clients(), ["a", "a", "a", "b", "c"]);
    let expected = Totals { lines: 2, batches: 1, accepted: 2, ..Totals::default() };
    assert_eq!(second.totals(), &expected);
    assert_eq!(site.headers("ratecard-batch"), ["1", "2"]);
}

#[test]
fn a_log_that_was_rotated_twice_while_nobody_looked_is_read_whole() {
    let site = Site::new();
    site.append("access.log", lines(&["a", "b"]));
    drain(&mut site.collector());
    site.append("access.log", line("c"));
    rename(site.path("access.log"), site.path("access.log.2")).unwrap();
    site.append("access.log.1", line("d"));
    let later = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000);
    File::options().write(true).open(site.path("access.log.1")).unwrap().set_modified(later).unwrap();
    site.append("access.log", line("e"));
    let mut collector = site.collector();
    drain(&mut collector);
    assert_eq!(site.clients(), ["a", "b", "c", "d", "e"]);
    assert_eq!(collector.totals().lines, 3);
}

#[test]
fn a_log_that_was_copied_and_cut_off_while_nobody_looked_is_read_whole() {
    let site = Site::new();
    site.append("access.log", lines(&["a", "b"]));
    drain(&mut site.collector());
    site.append("access.log", line("c"));
    std::fs::copy(site.path("access.log"), site.path("access.log-20261201")).unwrap();
    std::fs::write(site.path("access.log"), line("d")).unwrap();
    drain(&mut site.collector());
    assert_eq!(site.clients(), ["a", "b", "c", "d"]);
}

#[test]
fn an_answer_that_is_lost_makes_the_same_request_again() {
    let site = Site::new();
    site.server.will([Reply::TakeAndCut]);
    site.append("access.log", lines(&["a", "b"]));
    let mut collector = site.collector();
    drain(&mut collector);
    assert_eq!((site.clients(), collector.totals().duplicates), (vec!["a".to_owned(), "b".to_owned()], 2));
    let keys: BTreeSet<String> = site.headers("idempotency-key").into_iter().collect();
    assert_eq!((keys.len(), site.headers("ratecard-batch")), (1, vec!["1".to_owned(), "1".to_owned()]));
}

#[test]
fn a_crash_after_the_server_took_a_batch_counts_nothing_twice() {
    let site = Site::new();
    site.append("access.log", lines(&["a", "b", "a"]));
    let state_before = {
        let mut collector = site.collector();
        collector.turn().unwrap();
        std::fs::read(site.path("state")).unwrap()
    };
    site.append("access.log", lines(&["a", "c", "a", "b"]));
    drain(&mut site.collector());
    // As if the second collector had died before it kept its place.
    std::fs::write(site.path("state"), state_before).unwrap();
    site.append("access.log", line("d"));
    let mut third = site.collector();
    drain(&mut third);
    assert_eq!(site.clients(), ["a", "a", "a", "a", "b", "b", "c", "d"]);
    assert_eq!((third.totals().duplicates, third.totals().accepted), (4, 1));
}

#[test]
fn a_server_that_is_away_gets_the_batch_when_it_is_back() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let site = Site::new();
    site.append("access.log", lines(&["a", "b"]));
    let to = Destination::new(&format!("http://{address}/v1/events"), "key", None).unwrap();
    let mut collector = Collector::open(Orders { to, ..site.orders() }, site.stop.clone()).unwrap();
    let collecting = std::thread::spawn(move || {
        drain(&mut collector);
        collector.totals().clone()
    });
    let back = Server::on(TcpListener::bind(address).unwrap());
    assert_eq!(collecting.join().unwrap().accepted, 2);
    assert_eq!(back.seen(|seen| seen.events.len()), 2);
}

#[test]
fn busy_answers_are_waited_for_and_the_batch_keeps_its_key_and_number() {
    let site = Site::new();
    site.server.will([
        Reply::Say(503, "", ""),
        Reply::Say(429, "retry-after: 0\r\n", ""),
        Reply::Say(500, "", "{\"detail\":\"x\"}"),
        Reply::Say(401, "", ""),
        Reply::Say(403, "", ""),
    ]);
    site.append("access.log", line("a"));
    let mut collector = site.collector();
    drain(&mut collector);
    assert_eq!(site.clients(), ["a"]);
    assert_eq!(site.headers("ratecard-batch"), ["1"; 6]);
    assert_eq!(site.headers("idempotency-key").into_iter().collect::<BTreeSet<_>>().len(), 1);
}

#[test]
fn a_server_that_does_not_unpack_is_sent_plain_batches() {
    let site = Site::new();
    site.server.will([Reply::Say(415, "", "")]);
    site.append("access.log", line("a"));
    drain(&mut site.collector());
    assert_eq!(site.clients(), ["a"]);
    let packed: Vec<bool> =
        site.server.seen(|seen| seen.headers.iter().map(|headers| headers.contains_key("content-encoding")).collect());
    assert_eq!(packed, [true, false]);
}

#[test]
fn a_batch_that_is_too_large_goes_in_halves_and_an_event_that_never_goes_is_kept_aside() {
    let site = Site::new();
    site.server.will([
        Reply::Say(413, "", ""),
        Reply::Take,
        Reply::Say(413, "", ""),
        Reply::Say(400, "", "{\"detail\":\"poison\"}"),
    ]);
    site.append("access.log", lines(&["a", "b", "c", "d"]));
    let mut collector = site.collector();
    drain(&mut collector);
    assert_eq!(site.server.seen(|seen| seen.batches.iter().map(Vec::len).collect::<Vec<_>>()), [4, 2, 2, 1, 1]);
    assert_eq!(site.clients(), ["a", "b", "d"]);
    assert_eq!(site.headers("ratecard-batch"), ["1", "1", "2", "2", "2"]);
    let rejects = site.rejects();
    assert_eq!((rejects.len(), rejects[0]["problem"].as_str()), (1, Some("not_taken")));
    assert!(rejects[0]["text"].as_str().unwrap().contains("\"subject\":\"c\""), "{rejects:?}");
}

#[test]
fn events_that_the_server_put_aside_do_not_hold_up_the_others() {
    let site = Site::new();
    let aside = r#"{"refused":1,"events":[{"id":"x","status":"refused","code":"time_in_future","detail":"d"}]}"#;
    site.server.will([Reply::Say(422, "", aside), Reply::Say(207, "", r#"{"accepted":1,"conflicts":1}"#)]);
    site.append("access.log", line("a"));
    let mut collector = site.collector();
    drain(&mut collector);
    site.append("access.log", lines(&["b", "c"]));
    drain(&mut collector);
    let expected = Totals { lines: 3, batches: 2, accepted: 1, conflicts: 1, refused: 1, ..Totals::default() };
    assert_eq!(collector.totals(), &expected);
}

#[test]
fn lines_that_are_no_events_are_kept_with_place_and_reason() {
    let site = Site::new();
    site.append("access.log", line("a"));
    site.append("access.log", b"bad \xff\n");
    site.append("access.log", format!("{}\n", "x".repeat(2000)));
    site.append("access.log", line(" b").trim_start().replace("2026:08", "2026:99"));
    site.append("access.log", line("c"));
    let mut collector = site.collector();
    drain(&mut collector);
    assert_eq!(site.clients(), ["a", "c"]);
    let rejects = site.rejects();
    let first = u64::try_from(line("a").len()).unwrap();
    let told: Vec<_> = rejects
        .iter()
        .map(|reject| (reject["line"].as_u64(), reject["offset"].as_u64(), reject["problem"].as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (Some(2), Some(first), Some("not_utf8")),
            (Some(3), Some(first + 6), Some("line_too_long")),
            (Some(4), Some(first + 2007), Some("bad_time")),
        ]
    );
    assert!(rejects[2]["text"].as_str().unwrap().starts_with("b - -"));
    assert_eq!(collector.totals().rejected, 3);
}

#[test]
fn a_log_of_nothing_but_passed_over_lines_moves_its_place_and_sends_nothing() {
    let site = Site::new();
    site.append("access.log", "\n\n\n");
    drain(&mut site.collector());
    let mut second = site.collector();
    drain(&mut second);
    assert_eq!((second.totals().lines, site.server.seen(|seen| seen.headers.len())), (0, 0));
}

#[test]
fn stopping_while_the_server_is_busy_loses_and_keeps_nothing() {
    let site = Site::new();
    site.server.will((0..10_000).map(|_| Reply::Say(503, "", "")));
    site.append("access.log", line("a"));
    let mut collector = site.collector();
    let collecting = std::thread::spawn(move || collector.run().map_err(|error| error.to_string()));
    site.server.wait_for_requests(3);
    site.stop.stop();
    collecting.join().unwrap().unwrap();
    assert_eq!(site.clients(), Vec::<String>::new());
    site.server.seen(|seen| seen.script.clear());
    let mut collector = Collector::open(site.orders(), Stop::default()).unwrap();
    collector.run_once().unwrap();
    assert_eq!(site.clients(), ["a"]);
}

#[test]
fn a_state_file_serves_one_collector_and_one_source() {
    let site = Site::new();
    let first = site.collector();
    assert!(matches!(Collector::open(site.orders(), Stop::default()), Err(CollectError::InUse(_))));
    drop(first);
    site.append("access.log", line("a"));
    drain(&mut site.collector());
    let other = Orders { source: "/other".to_owned(), ..site.orders() };
    assert!(matches!(Collector::open(other, Stop::default()), Err(CollectError::OtherSource { .. })));
    std::fs::write(site.path("state"), "{").unwrap();
    assert!(matches!(Collector::open(site.orders(), Stop::default()), Err(CollectError::BadState { .. })));
}

#[test]
fn tables_cannot_be_followed() {
    let site = Site::new();
    let text = "format = \"csv\"\n[event]\ntype = \"x\"\ncustomer = \"c\"\ntime = \"t\"";
    let orders = Orders { mapping: Mapping::from_toml(text).unwrap(), ..site.orders() };
    assert!(matches!(Collector::open(orders, Stop::default()), Err(CollectError::NotLines)));
}

#[test]
fn a_body_is_the_same_bytes_every_time() {
    let event = crate::cloud_event::read(
        r#"{"specversion":"1.0","id":"1","source":"s","type":"t","subject":"c","time":"2026-12-01T00:00:00Z","data":{}}"#,
    );
    let mut batch = super::batch::Batch::default();
    batch.add(&event.unwrap()).unwrap();
    let (first, second) = (batch.body(true).unwrap(), batch.body(true).unwrap());
    assert_eq!(first, second);
    let mut json = String::new();
    flate2::read::GzDecoder::new(first.as_slice()).read_to_string(&mut json).unwrap();
    assert_eq!(json.as_bytes(), batch.body(false).unwrap());
}
