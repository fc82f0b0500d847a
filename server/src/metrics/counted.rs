//! What is counted while requests are answered: requests, their time, and refused events by reason.

use std::sync::atomic::AtomicU64;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use engine::period::Instant;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::app::App;

/// Counters of this process.
#[derive(Debug)]
pub struct Metrics {
    pub(super) registry: Registry,
    /// When the process began.
    pub(super) started_at: Instant,
    requests: Family<Answered, Counter<u64, AtomicU64>>,
    seconds: Family<Route, Histogram, fn() -> Histogram>,
    refused: Family<Reason, Counter<u64, AtomicU64>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    route: String,
    method: &'static str,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

/// Upper bounds of the time that a request takes, in seconds.
const SECONDS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

impl Metrics {
    /// Nothing is counted yet.
    pub fn new(started_at: Instant) -> Self {
        let mut registry = Registry::with_prefix("ratecard");
        let requests = Family::default();
        registry.register("http_requests", "Requests by route, method and class of status", requests.clone());
        let seconds: Family<Route, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(SECONDS));
        let help = "Time until the head of the answer";
        registry.register("http_request_duration_seconds", help, seconds.clone());
        let refused = Family::default();
        registry.register("events_refused", "Events that could not be taken, by reason", refused.clone());
        Self { registry, started_at, requests, seconds, refused }
    }

    /// Counts an event that was refused; `reason` is one of the codes of [`crate::ingest::read::EventProblem`].
    pub fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&Reason { reason }).inc();
    }
}

/// Counts every request and how long it takes.
pub async fn measure(State(app): State<App>, request: Request, next: Next) -> Response {
    let began = std::time::Instant::now();
    let route = request.extensions().get::<MatchedPath>().map_or("pages", MatchedPath::as_str).to_owned();
    let method = method(request.method());
    let response = next.run(request).await;
    let answered = Answered { route: route.clone(), method, status: class(response.status()) };
    app.metrics.requests.get_or_create(&answered).inc();
    app.metrics.seconds.get_or_create(&Route { route }).observe(began.elapsed().as_secs_f64());
    response
}

/// A method may be any word; only those that mean something here are told apart.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}
