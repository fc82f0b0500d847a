//! Batches of 100 over HTTP: taken in by the server, against a handler that only parses them. The same client, the same
//! kind of server, all in one process on two threads.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant as Clock};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::post;
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::runtime::Runtime;

use crate::place::now;
use crate::{made_up, say};

const BATCH: u64 = 100;
/// Requests that are under way at any time, each on a connection that stays open.
const CONNECTIONS: usize = 64;
const TOKEN: &str = "a-token-for-measuring-only";

/// The server as it is, with a book that counts every event.
pub(crate) fn ours(runtime: &Runtime, events: u64) {
    with_server(runtime, async |address| say("http_ours", load(address, events).await));
}

fn with_server(runtime: &Runtime, measure: impl AsyncFnOnce(SocketAddr)) {
    let folder = tempfile::tempdir().unwrap();
    runtime.block_on(async {
        let config = server::Config { token: Some(TOKEN.to_owned()), ..server::Config::in_dir(folder.path()) };
        let running = server::start_at(config, server::Clock::Fixed(now() + chrono_month())).await.unwrap();
        let book = include_str!("book.toml");
        let reply = send(&client(), running.address, ("/v1/books", "application/toml"), book.into()).await;
        assert_eq!(reply, StatusCode::CREATED);
        measure(running.address).await;
        running.stop().await;
    });
}

/// The quota check of customers whose counts are in memory, one after the other on one connection: from the request to
/// the end of the answer, so that the client's time is in it.
pub(crate) fn quota(runtime: &Runtime, requests: u64) {
    with_server(runtime, async |address| {
        load(address, 2_000).await;
        let client = client();
        let mut times = Vec::new();
        // The first time each is asked for is not measured.
        for n in (0..QUOTA_CUSTOMERS).chain(0..requests) {
            let path = format!("/v1/customers/{}/quota?meter=calls", made_up::customer(n % QUOTA_CUSTOMERS));
            let begin = Clock::now();
            assert_eq!(get(&client, address, &path).await, StatusCode::OK);
            times.push(begin.elapsed().as_secs_f64() * 1e3);
        }
        let mut times = times.split_off(usize::try_from(QUOTA_CUSTOMERS).unwrap());
        times.sort_by(f64::total_cmp);
        say("http_quota_p50_ms", times[times.len() / 2]);
        say("http_quota_p99_ms", times[times.len() * 99 / 100]);
    });
}

const QUOTA_CUSTOMERS: u64 = 100;

/// From the answer that a batch was accepted to an answer about a customer's usage with all of it, at so many events a
/// second. Every tenth batch is followed by such a question.
pub(crate) fn visible(runtime: &Runtime, per_second: u64, seconds: u64) {
    with_server(runtime, async |address| {
        let bodies: Vec<String> = (0..per_second * seconds / BATCH).map(body).collect();
        let (client, begin) = (client(), Clock::now());
        let mut asked = Vec::new();
        for (batch, body) in (0..).zip(bodies) {
            let due = begin + Duration::from_secs_f64((batch * BATCH) as f64 / per_second as f64);
            tokio::time::sleep_until(due.into()).await;
            let client = client.clone();
            let task = tokio::spawn(async move {
                let kind = ("/v1/events", "application/json");
                assert_eq!(send(&client, address, kind, body.into()).await, StatusCode::OK);
                let accepted = Clock::now();
                if batch.is_multiple_of(10) {
                    let last = made_up::customer((batch + 1) * BATCH - 1);
                    let path = format!("/v1/customers/{last}/usage?month=2026-11");
                    assert_eq!(get(&client, address, &path).await, StatusCode::OK);
                }
                accepted.elapsed().as_secs_f64() * 1e3
            });
            asked.push((batch, task));
        }
        let mut times = Vec::new();
        for (batch, task) in asked {
            let time = task.await.unwrap();
            times.extend(batch.is_multiple_of(10).then_some(time));
        }
        times.sort_by(f64::total_cmp);
        say("http_visible_p50_ms", times[times.len() / 2]);
        say("http_visible_p99_ms", times[times.len() * 99 / 100]);
    });
}

/// The clock stands after all events.
fn chrono_month() -> std::time::Duration {
    std::time::Duration::from_secs(31 * 86_400)
}

pub(crate) fn parse_only(runtime: &Runtime, events: u64) {
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let parse = |body: axum::body::Bytes| async move {
            match serde_json::from_slice::<serde_json::Value>(&body) {
                Ok(serde_json::Value::Array(list)) => (StatusCode::OK, list.len().to_string()),
                Ok(_) | Err(_) => (StatusCode::BAD_REQUEST, String::new()),
            }
        };
        let router = Router::new().route("/v1/events", post(parse));
        let task = tokio::spawn(async move { axum::serve(listener, router).await });
        say("http_parse_only", load(address, events).await);
        task.abort();
    });
}

type HttpClient = Client<hyper_util::client::legacy::connect::HttpConnector, Body>;

fn client() -> HttpClient {
    Client::builder(TokioExecutor::new()).build_http()
}

async fn send(client: &HttpClient, address: SocketAddr, (path, kind): (&str, &str), body: Body) -> StatusCode {
    let request = Request::post(format!("http://{address}{path}"))
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("content-type", kind);
    let response = client.request(request.body(body).unwrap()).await.unwrap();
    let status = response.status();
    response.into_body().collect().await.unwrap();
    status
}

async fn get(client: &HttpClient, address: SocketAddr, path: &str) -> StatusCode {
    let request = Request::get(format!("http://{address}{path}")).header("authorization", format!("Bearer {TOKEN}"));
    let response = client.request(request.body(Body::empty()).unwrap()).await.unwrap();
    let status = response.status();
    response.into_body().collect().await.unwrap();
    status
}

/// Events a second.
async fn load(address: SocketAddr, events: u64) -> f64 {
    let bodies: Arc<Vec<String>> = Arc::new((0..events / BATCH).map(body).collect());
    let (next, client) = (Arc::new(AtomicUsize::new(0)), client());
    let begin = Clock::now();
    let tasks: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (bodies, next, client) = (Arc::clone(&bodies), Arc::clone(&next), client.clone());
            tokio::spawn(async move {
                while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let kind = ("/v1/events", "application/json");
                    assert_eq!(send(&client, address, kind, body.clone().into()).await, StatusCode::OK);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    events as f64 / begin.elapsed().as_secs_f64()
}

fn body(batch: u64) -> String {
    let event = |n: u64| {
        let event = made_up::event(n);
        serde_json::json!({
            "specversion": "1.0", "id": event.id, "source": event.source, "type": event.kind,
            "subject": event.customer.as_str(), "time": event.time.to_rfc3339(), "data": event.data,
        })
    };
    serde_json::Value::Array((batch * BATCH..(batch + 1) * BATCH).map(event).collect()).to_string()
}
