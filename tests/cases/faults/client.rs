//! A client of a server that may vanish at any time, and made-up events.

use std::net::SocketAddr;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client as Http;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

pub const TOKEN: &str = "a-token-for-tests-only";

/// A book whose default plan has 1,000 free calls and then bills.
pub const BOOK: &str = r#"
[book]
id = "shop"
version = "1"
effective = "2020-01-01"
currency = "CNY"
zone = "UTC"
rounding = { at = "line", mode = "half_up" }
name = { zh = "商店", en = "Shop" }
default_plan = "basic"

[meters.calls]
name = { zh = "调用", en = "Calls" }
event = "api.call"
aggregate = "count"

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
included = "1000"
per_unit = { price = "0.50" }
[[plans.basic.charges]]
meter = "bytes"
per_unit = { price = "1", per = "1000" }
"#;

#[derive(Clone)]
pub struct Client {
    http: Http<HttpConnector, Body>,
    pub address: SocketAddr,
}

#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&self.bytes)))
    }

    /// How many were accepted, were there already, and were neither.
    pub fn counts(&self) -> (u64, u64, u64) {
        let json = self.json();
        let number = |name: &str| json[name].as_u64().unwrap_or_else(|| panic!("{} {json}", self.status));
        (number("accepted"), number("duplicates"), number("conflicts") + number("refused"))
    }

    /// The kind of problem.
    pub fn kind(&self) -> String {
        let json = self.json();
        json["type"].as_str().unwrap_or_default().trim_start_matches("urn:ratecard:problem:").to_owned()
    }
}

/// The connection has gone.
#[derive(Debug)]
pub struct Gone;

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        Self { http: Http::builder(TokioExecutor::new()).build_http(), address }
    }

    pub async fn send(&self, method: &str, path: &str, kind: &str, body: String) -> Result<Reply, Gone> {
        self.send_by(TOKEN, (method, path), &[("content-type", kind)], body).await
    }

    pub async fn send_by(
        &self,
        token: &str,
        (method, path): (&str, &str),
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<Reply, Gone> {
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        request = request.header("authorization", format!("Bearer {token}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.http.request(request.body(Body::from(body)).unwrap()).await.map_err(|_| Gone)?;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.map_err(|_| Gone)?.to_bytes().to_vec();
        Ok(Reply { status: parts.status, headers: parts.headers, bytes })
    }

    pub async fn publish(&self) {
        let reply = self.send("POST", "/v1/books", "application/json", BOOK.to_owned()).await.unwrap();
        assert!(reply.status.is_success(), "{}", reply.json());
    }

    pub async fn get(&self, path: &str) -> Value {
        let reply = self.send("GET", path, "", String::new()).await.unwrap();
        assert_eq!(reply.status, StatusCode::OK, "{path}: {}", reply.json());
        reply.json()
    }

    pub async fn events(&self, events: &Value) -> Reply {
        self.try_events(events).await.unwrap()
    }

    pub async fn try_events(&self, events: &Value) -> Result<Reply, Gone> {
        self.send("POST", "/v1/events", "application/json", events.to_string()).await
    }

    pub async fn try_lines(&self, events: &[Value]) -> Result<Reply, Gone> {
        let text: String = events.iter().map(|event| format!("{event}\n")).collect();
        self.send("POST", "/v1/events", "application/x-ndjson", text).await
    }

    /// All events of a customer's month, and what the meter of calls has counted.
    pub async fn usage(&self, customer: &str, month: &str) -> (u64, u64) {
        let usage = self.get(&format!("/v1/customers/{customer}/usage?month={month}")).await;
        let calls = usage["usage"].as_array().unwrap().iter().find(|item| item["meter"] == "calls").unwrap();
        (usage["events"].as_u64().unwrap(), calls["quantity"].as_str().unwrap().parse().unwrap())
    }

    /// What is left of the free calls of this month.
    pub async fn calls_left(&self, customer: &str) -> u64 {
        let quota = self.get(&format!("/v1/customers/{customer}/quota?meter=calls")).await;
        quota["left"].as_str().unwrap().parse().unwrap()
    }
}

/// The time of events where nothing depends on it, and its month.
pub const TIME: &str = "2026-10-05T08:30:00Z";
pub const MONTH: &str = "2026-10";

/// An event that is fine; tests change what they are about.
pub fn event(id: &str, customer: &str) -> Value {
    event_at(id, customer, TIME)
}

pub fn event_at(id: &str, customer: &str, time: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "/test", "type": "api.call", "subject": customer, "time": time,
        "data": { "bytes": "1000" },
    })
}
