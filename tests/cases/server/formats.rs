//! The forms in which usage may come: lists, streams, binary form, packed; and bodies that are not what they say.

use async_compression::Level;
use async_compression::tokio::write::{GzipEncoder, ZstdEncoder};
use async_compression::zstd::CParameter;
use axum::body::Body;
use axum::http::StatusCode;
use serde_json::{Value, json};
use server::Config;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::api::{Api, BOOK, Reply, TOKEN, config, event};

const TIME: &str = "2026-12-01T08:30:00+08:00";
const LINES: &str = "application/x-ndjson";

fn refusal(status: u16, kind: &str) -> (u16, String) {
    (status, kind.to_owned())
}

async fn send(api: &Api, headers: &[(&str, &str)], body: impl Into<Body>) -> Reply {
    let token = format!("Bearer {TOKEN}");
    let all = [&[("authorization", token.as_str())], headers].concat();
    api.send("POST", "/v1/events", &all, body).await
}

fn lines(events: impl IntoIterator<Item = Value>) -> String {
    events.into_iter().map(|event| format!("{event}\n")).collect()
}

fn some(ids: std::ops::Range<u32>) -> impl Iterator<Item = Value> {
    ids.map(|id| event(&id.to_string(), "acme", TIME))
}

async fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzipEncoder::new(Vec::new());
    encoder.write_all(bytes).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

async fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZstdEncoder::new(Vec::new());
    encoder.write_all(bytes).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

async fn kept(api: &Api) -> i64 {
    api.get("/v1/customers/acme/usage").await.json()["events"].as_i64().unwrap()
}

#[tokio::test]
async fn a_stream_is_taken_in_and_again_it_is_there_already() {
    let api = Api::new().await;
    for kind in [LINES, "application/ndjson", "application/jsonl; charset=utf-8", "application/cloudevents+ndjson"] {
        let reply = send(&api, &[("content-type", kind)], lines(some(0..2500))).await;
        assert_eq!(reply.status, StatusCode::OK, "{kind}");
        let answer = reply.json();
        let is_first = kind == LINES;
        let (accepted, duplicates) = if is_first { (2500, 0) } else { (0, 2500) };
        let expected = json!({
            "accepted": accepted, "duplicates": duplicates, "conflicts": 0, "refused": 0, "last_line": 2500,
            "problems": [], "problems_left_out": 0,
        });
        assert_eq!(answer, expected, "{kind}");
    }
    assert_eq!(kept(&api).await, 2500);
}

#[tokio::test]
async fn broken_lines_are_named_by_their_number_and_the_rest_goes_on() {
    let api = Api::new().await;
    let good = event("1", "acme", TIME).to_string();
    let mut body = Vec::new();
    let long = format!("{{\"id\":\"{}\"}}", "x".repeat(1024 * 1024));
    for line in [good.as_str(), "", "nothing", "{\"id\":\"\u{0}", "[1]", &long, "{\"a\":NaN}", "{\"data\":1e400}"] {
        body.extend_from_slice(line.as_bytes());
        body.push(b'\n');
    }
    body.extend_from_slice(b"{\"id\":\"\xff\"}\r\n");
    body.extend_from_slice(event("2", "acme", TIME).to_string().as_bytes());
    let reply = send(&api, &[("content-type", LINES)], body).await;
    let answer = reply.json();
    assert_eq!(reply.status, StatusCode::MULTI_STATUS);
    assert_eq!((answer["accepted"].as_u64(), answer["refused"].as_u64()), (Some(2), Some(7)), "{answer}");
    let problems = answer["problems"].as_array().unwrap().iter();
    let named: Vec<_> = problems.map(|one| (one["line"].as_u64().unwrap(), one["code"].as_str().unwrap())).collect();
    let expected = [
        (3, "not_readable"),
        (4, "not_readable"),
        (5, "not_an_object"),
        (6, "line_too_long"),
        (7, "not_readable"),
        (8, "not_readable"),
        (9, "not_utf8"),
    ];
    assert_eq!(named, expected);
    let aside = api.get("/v1/refused-events").await.json();
    let aside = aside.as_array().unwrap();
    assert_eq!(aside.len(), 7);
    let long = aside.iter().find(|one| one["code"] == "line_too_long").unwrap();
    assert_eq!((long["index"].as_i64(), long["body"].as_str().unwrap().len()), (Some(6), 65_536));
}

#[tokio::test]
async fn a_stream_of_which_nothing_is_taken_is_refused_and_lists_a_thousand_problems() {
    let api = Api::new().await;
    let reply = send(&api, &[("content-type", LINES)], "7\n".repeat(1001)).await;
    assert_eq!(reply.problem(), refusal(422, "events-not-taken"));
    let answer = reply.json();
    assert_eq!(answer["problems"].as_array().unwrap().len(), 1000);
    assert_eq!((answer["refused"].as_u64(), answer["problems_left_out"].as_u64()), (Some(1001), Some(1)));
    let empty = send(&api, &[("content-type", LINES)], "\n\n").await;
    assert_eq!((empty.status, empty.json()["accepted"].as_u64()), (StatusCode::OK, Some(0)));
}

#[tokio::test]
async fn who_accepts_lines_gets_a_result_for_each_and_a_summary() {
    let api = Api::new().await;
    let body = lines(some(0..1500)) + "nothing\n" + &lines(some(0..1));
    let headers = [("content-type", LINES), ("accept", "application/json;q=0.1, application/x-ndjson")];
    let reply = send(&api, &headers, body).await;
    assert_eq!((reply.status, &reply.headers["content-type"]), (StatusCode::OK, &LINES.parse().unwrap()));
    let text = reply.text();
    let answers: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), 1503);
    assert_eq!(answers[0], json!({ "index": 0, "line": 1, "id": "0", "status": "accepted" }));
    assert_eq!((&answers[1500]["line"], &answers[1500]["code"]), (&json!(1501), &json!("not_readable")));
    assert_eq!(answers[1501]["status"], "duplicate");
    let summary = json!({ "accepted": 1500, "duplicates": 1, "conflicts": 0, "refused": 1, "last_line": 1502 });
    assert_eq!(answers[1502], json!({ "summary": summary }));
}

#[tokio::test]
async fn results_come_while_the_stream_is_still_open() {
    let api = Api::new().await;
    let mut socket = open_stream(&api, "accept: application/x-ndjson\r\naccept-encoding: gzip\r\n").await;
    for id in ["1", "2"] {
        write_chunk(&mut socket, &lines([event(id, "acme", TIME)])).await;
        read_until(&mut socket, &format!("\"id\":\"{id}\",\"status\":\"accepted\"")).await;
    }
    socket.write_all(b"0\r\n\r\n").await.unwrap();
    read_until(&mut socket, "\"summary\":{\"accepted\":2").await;
}

async fn open_stream(api: &Api, more: &str) -> TcpStream {
    let mut socket = TcpStream::connect(api.running.address).await.unwrap();
    let head = format!(
        "POST /v1/events HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {TOKEN}\r\ncontent-type: {LINES}\r\n\
         transfer-encoding: chunked\r\n{more}\r\n"
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket
}

async fn write_chunk(socket: &mut TcpStream, text: &str) {
    socket.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes()).await.unwrap();
}

async fn read_until(socket: &mut TcpStream, wanted: &str) {
    let (mut text, mut buffer) = (String::new(), [0; 4096]);
    while !text.contains(wanted) {
        let read = socket.read(&mut buffer).await.unwrap();
        assert!(read > 0, "ended before {wanted}: {text}");
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
}

#[tokio::test]
async fn a_connection_cut_in_the_middle_keeps_what_came_and_the_resend_is_a_success() {
    let api = Api::new().await;
    let mut socket = open_stream(&api, "accept: application/x-ndjson\r\n").await;
    let all = lines(some(0..1500));
    let (start, _) = all.split_at(all.len() / 2);
    write_chunk(&mut socket, start).await;
    // All the whole lines of the first half: 749 or 750, by the lengths of the ids.
    let whole = start.matches('\n').count();
    read_until(&mut socket, &format!("\"line\":{whole},")).await;
    drop(socket);
    assert_eq!(kept(&api).await, i64::try_from(whole).unwrap());
    let answer = send(&api, &[("content-type", LINES)], all).await.json();
    assert_eq!(answer["duplicates"].as_u64(), u64::try_from(whole).ok());
    assert_eq!(kept(&api).await, 1500);
}

#[tokio::test]
async fn packed_bodies_are_unpacked() {
    let api = Api::new().await;
    let list = json!(some(0..100).collect::<Vec<_>>()).to_string();
    let stream = lines(some(0..1200));
    for (kind, text, events) in [("application/json", list, 100), (LINES, stream, 1200)] {
        for (coding, bytes) in [
            ("gzip", gzip(text.as_bytes()).await),
            ("x-gzip", gzip(text.as_bytes()).await),
            ("zstd", zstd(text.as_bytes()).await),
        ] {
            assert!(bytes.len() * 5 < text.len(), "it is packed");
            let answer = send(&api, &[("content-type", kind), ("content-encoding", coding)], bytes).await.json();
            let taken = answer["accepted"].as_u64().unwrap() + answer["duplicates"].as_u64().unwrap();
            assert_eq!(taken, events, "{kind} {coding}");
        }
    }
    // Two files packed one after the other are one stream, as `cat a.gz b.gz` makes it.
    let two = [gzip(lines(some(2000..2001)).as_bytes()).await, gzip(lines(some(2001..2002)).as_bytes()).await].concat();
    let answer = send(&api, &[("content-type", LINES), ("content-encoding", "gzip")], two).await.json();
    assert_eq!(answer["accepted"], 2, "{answer}");
}

#[tokio::test]
async fn a_small_body_that_unpacks_to_a_large_one_is_refused_while_it_unpacks() {
    let folder = TempDir::new().unwrap();
    let config = Config { stream_limit_bytes: 2_000_000, ..config(&folder) };
    let api = Api::with(folder, config).await;
    api.post("/v1/books", BOOK).await;
    let spaces = vec![b' '; 64 * 1024 * 1024];
    for (coding, bytes) in [("gzip", gzip(&spaces).await), ("zstd", zstd(&spaces).await)] {
        assert!(bytes.len() < 100_000);
        let headers = [("content-type", "application/json"), ("content-encoding", coding)];
        let reply = send(&api, &headers, bytes.clone()).await;
        assert_eq!(reply.problem(), refusal(413, "body-too-large"), "{coding}");
        let reply = send(&api, &[("content-type", LINES), ("content-encoding", coding)], bytes).await;
        assert_eq!(reply.problem(), refusal(413, "stream-too-large"), "{coding}");
        assert_eq!(reply.json()["last_line"], 0);
    }
    assert_eq!(api.events(&event("1", "acme", TIME)).await.status, StatusCode::OK, "the server goes on");
}

#[tokio::test]
async fn a_line_of_100_mb_is_refused_and_the_next_line_taken() {
    let api = Api::new().await;
    let mut text = vec![b'x'; 100_000_000];
    text.push(b'\n');
    text.extend_from_slice(event("1", "acme", TIME).to_string().as_bytes());
    let packed = gzip(&text).await;
    let reply = send(&api, &[("content-type", LINES), ("content-encoding", "gzip")], packed).await;
    let answer = reply.json();
    assert_eq!((answer["accepted"].as_u64(), answer["refused"].as_u64()), (Some(1), Some(1)), "{answer}");
    assert_eq!((&answer["problems"][0]["code"], &answer["problems"][0]["line"]), (&json!("line_too_long"), &json!(1)));
    assert!(answer["problems"][0]["detail"].as_str().unwrap().contains("100000000 bytes"));
}

#[tokio::test]
async fn a_stream_longer_than_its_limit_says_where_it_was_ended() {
    let folder = TempDir::new().unwrap();
    // Three events of the same length fit, the fourth does not.
    let length = u64::try_from(lines(some(1..2)).len()).unwrap();
    let config = Config { stream_limit_bytes: 3 * length + 1, ..config(&folder) };
    let api = Api::with(folder, config).await;
    api.post("/v1/books", BOOK).await;
    let reply = send(&api, &[("content-type", LINES)], lines(some(1..9))).await;
    assert_eq!(reply.problem(), refusal(413, "stream-too-large"));
    let answer = reply.json();
    assert_eq!((answer["accepted"].as_u64(), answer["last_line"].as_u64()), (Some(3), Some(3)), "{answer}");
    let with_results = [("content-type", LINES), ("accept", LINES)];
    let reply = send(&api, &with_results, lines(some(1..9))).await;
    let text = reply.text();
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!((&last["summary"]["duplicates"], &last["problem"]["status"]), (&json!(3), &json!(413)), "{last}");
}

#[tokio::test]
async fn a_body_that_is_not_packed_as_it_says_is_refused_by_name() {
    let api = Api::new().await;
    let body = event("1", "acme", TIME).to_string();
    let mut cut = gzip(body.as_bytes()).await;
    cut.truncate(cut.len() - 9);
    for (coding, bytes) in [("gzip", body.clone().into_bytes()), ("zstd", body.clone().into_bytes()), ("gzip", cut)] {
        for kind in ["application/json", LINES] {
            let reply = send(&api, &[("content-type", kind), ("content-encoding", coding)], bytes.clone()).await;
            assert_eq!(reply.problem(), refusal(400, "bad-encoding"), "{coding} {kind}");
        }
    }
    for coding in ["br", "deflate", "gzip, gzip"] {
        let reply = send(&api, &[("content-type", LINES), ("content-encoding", coding)], body.clone()).await;
        assert_eq!(reply.problem(), refusal(415, "unsupported-content-encoding"), "{coding}");
    }
}

#[tokio::test]
async fn a_zstd_window_above_8_mib_is_refused() {
    let api = Api::new().await;
    let wide = [CParameter::window_log(27), CParameter::content_size_flag(false)];
    let mut encoder = ZstdEncoder::with_quality_and_params(Vec::new(), Level::Fastest, &wide);
    let body = lines(some(0..100)).repeat(1000);
    encoder.write_all(body.as_bytes()).await.unwrap();
    encoder.shutdown().await.unwrap();
    let headers = [("content-type", LINES), ("content-encoding", "zstd")];
    let reply = send(&api, &headers, encoder.into_inner()).await;
    assert_eq!(reply.problem(), refusal(400, "bad-encoding"));
}

#[tokio::test]
async fn binary_form_is_the_same_event_as_structured_form() {
    let api = Api::new().await;
    let headers = [
        ("content-type", "application/json"),
        ("ce-specversion", "1.0"),
        ("ce-id", "%C3%A9t%C3%A9 1"),
        ("ce-source", "/test"),
        ("ce-type", "api.call"),
        ("ce-subject", "acme"),
        ("ce-time", TIME),
        ("ce-traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ];
    let reply = send(&api, &headers, "{\"api\":\"maps\",\"bytes\":\"1000\"}").await;
    assert_eq!(reply.json()["accepted"], 1, "{}", reply.text());
    assert_eq!(api.events(&event("été 1", "acme", TIME)).await.json()["duplicates"], 1);
    let twice = send(&api, &headers, "{\"api\":\"maps\",\"api\":\"maps\"}").await.json();
    assert_eq!(twice["events"][0]["code"], "repeated_key");
    let two_ids = [&headers[..], &[("ce-id", "2")]].concat();
    let twice = send(&api, &two_ids, "{}").await.json();
    assert_eq!(
        (&twice["events"][0]["code"], &twice["events"][0]["pointer"]),
        (&json!("attribute_not_text"), &json!("/id"))
    );
    assert_eq!(send(&api, &headers, "{").await.problem(), refusal(400, "bad-json"));
    let csv = [&[("content-type", "text/csv")], &headers[1..]].concat();
    let refused = send(&api, &csv, "1,2").await.json();
    assert_eq!(refused["events"][0]["code"], "unsupported_datacontenttype");
    let aside = api.get("/v1/refused-events").await.json();
    let bodies: Vec<&str> = aside.as_array().unwrap().iter().filter_map(|event| event["body"].as_str()).collect();
    assert!(bodies.iter().any(|body| body.contains("\"data\":\"1,2\"")), "{aside}");
}

#[tokio::test]
async fn a_key_may_send_a_stream_as_fast_as_its_rate_lets_it() {
    let folder = TempDir::new().unwrap();
    let config = config(&folder);
    // The real clock: the stream is slowed down, not refused.
    let api = Api::by_clock(folder, config, server::Clock::System).await;
    api.post("/v1/books", BOOK).await;
    let order = json!({ "name": "k", "events_per_second": 1000, "events_burst": 100 });
    let token = format!("Bearer {}", api.key(order).await);
    let begun = std::time::Instant::now();
    let headers = [("authorization", token.as_str()), ("content-type", LINES)];
    let past = (0..300).map(|id| event(&id.to_string(), "acme", "2020-01-01T00:00:00Z"));
    let reply = api.send("POST", "/v1/events", &headers, lines(past)).await;
    assert_eq!((reply.status, reply.json()["accepted"].as_u64()), (StatusCode::OK, Some(300)), "{}", reply.text());
    // 100 at once, 200 more at 1,000 a second.
    assert!(begun.elapsed().as_millis() >= 200, "{:?}", begun.elapsed());
    assert_eq!(reply.headers["ratelimit-policy"], "\"requests\";q=200;w=2, \"events\";q=100;w=1");
}
