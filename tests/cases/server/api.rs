//! A server in this process on a free port, and a client for it.

use std::sync::atomic::{AtomicI64, Ordering};

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use server::{Clock, Config, Running};
use tempfile::TempDir;

pub const TOKEN: &str = "a-token-for-tests-only";

/// The time in every test: a Tuesday in December, 15:00 in Shanghai.
pub const NOW: &str = "2026-12-15T07:00:00Z";

pub const BOOK: &str = r#"
[book]
id = "shop"
version = "1"
effective = "2026-01-01"
currency = "CNY"
zone = "Asia/Shanghai"
rounding = { at = "line", mode = "half_up" }
name = { zh = "商店", en = "Shop" }
default_plan = "basic"

[meters.calls]
name = { zh = "调用", en = "Calls" }
unit = { zh = "次", en = "calls" }
event = "api.call"
aggregate = "count"
group_by = ["api"]

[meters.bytes]
name = { zh = "流量", en = "Traffic" }
event = "api.call"
aggregate = "sum"
field = "bytes"

[plans.basic]
name = { zh = "基础版", en = "Basic" }
public = true
[[plans.basic.charges]]
meter = "calls"
included = "1"
per_unit = { price = "0.50" }
[[plans.basic.charges]]
meter = "bytes"
per_unit = { price = "1", per = "1000" }

[plans.secret]
name = { zh = "内部版", en = "Internal" }
[[plans.secret.charges]]
id = "base"
name = { zh = "月费", en = "Base fee" }
flat = "7.00"
"#;

pub struct Api {
    pub running: Running,
    pub folder: TempDir,
    client: Client<HttpConnector, Body>,
}

/// Sets the clock of a server.
pub struct Hand(&'static AtomicI64);

impl Hand {
    pub fn new() -> Self {
        let now: chrono::DateTime<chrono::Utc> = NOW.parse().unwrap();
        // A server of the test may outlive the test by a little; eight bytes are lost.
        Self(Box::leak(Box::new(AtomicI64::new(now.timestamp_micros()))))
    }

    pub fn clock(&self) -> Clock {
        Clock::Set(self.0)
    }

    pub fn forward(&self, time: chrono::TimeDelta) {
        self.0.fetch_add(time.num_microseconds().unwrap(), Ordering::Relaxed);
    }
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&self.bytes)))
    }

    /// The status and the kind of problem.
    pub fn problem(&self) -> (u16, String) {
        let kind = self.json()["type"].as_str().unwrap_or_default().to_owned();
        (self.status.as_u16(), kind.strip_prefix("urn:ratecard:problem:").unwrap_or_default().to_owned())
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.bytes.clone()).unwrap()
    }
}

pub fn config(folder: &TempDir) -> Config {
    Config { token: Some(TOKEN.to_owned()), ..Config::in_dir(folder.path()) }
}

impl Api {
    /// An empty server.
    pub async fn empty() -> Self {
        let folder = TempDir::new().unwrap();
        let config = config(&folder);
        Self::with(folder, config).await
    }

    /// A server with the book of these tests.
    pub async fn new() -> Self {
        let api = Self::empty().await;
        assert_eq!(api.post("/v1/books", BOOK).await.status, StatusCode::CREATED);
        api
    }

    pub async fn with(folder: TempDir, config: Config) -> Self {
        Self::by_clock(folder, config, Clock::Fixed(NOW.parse().unwrap())).await
    }

    pub async fn by_clock(folder: TempDir, config: Config, clock: Clock) -> Self {
        let running = server::start_at(config, clock).await.unwrap();
        Self { running, folder, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    /// A server with the book of these tests, and its clock, which begins at [`NOW`].
    pub async fn with_clock() -> (Self, Hand) {
        let folder = TempDir::new().unwrap();
        let config = config(&folder);
        let hand = Hand::new();
        let api = Self::by_clock(folder, config, hand.clock()).await;
        assert_eq!(api.post("/v1/books", BOOK).await.status, StatusCode::CREATED);
        (api, hand)
    }

    /// Makes a key and gives its token.
    pub async fn key(&self, order: Value) -> String {
        let reply = self.post("/v1/keys", order.to_string()).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text());
        reply.json()["token"].as_str().unwrap().to_owned()
    }

    /// Sends JSON with a token.
    pub async fn send_by(&self, token: &str, events: &Value) -> Reply {
        let token = format!("Bearer {token}");
        let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
        self.send("POST", "/v1/events", &headers, events.to_string()).await
    }

    /// Reads with a token.
    pub async fn get_by(&self, token: &str, path: &str) -> Reply {
        self.send("GET", path, &[("authorization", &format!("Bearer {token}"))], Body::empty()).await
    }

    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Reply {
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.running.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.client.request(request.body(body.into()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes().to_vec();
        Reply { status: parts.status, headers: parts.headers, bytes }
    }

    async fn as_operator(&self, method: &str, path: &str, body: impl Into<Body>) -> Reply {
        let token = format!("Bearer {TOKEN}");
        let headers = [(header::AUTHORIZATION.as_str(), token.as_str()), ("content-type", "application/json")];
        self.send(method, path, &headers, body).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.as_operator("GET", path, Body::empty()).await
    }

    pub async fn post(&self, path: &str, body: impl Into<Body>) -> Reply {
        self.as_operator("POST", path, body).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.as_operator("PUT", path, body.to_string()).await
    }

    pub async fn events(&self, events: &Value) -> Reply {
        self.post("/v1/events", events.to_string()).await
    }
}

/// An event that is fine; tests change what they are about.
pub fn event(id: &str, customer: &str, time: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "/test", "type": "api.call", "subject": customer, "time": time,
        "data": { "api": "maps", "bytes": "1000" },
    })
}
