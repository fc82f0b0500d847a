//! The gate before every route of the API: knows whose key a request carries, counts it against the key's rate, and
//! writes the RateLimit fields (draft-ietf-httpapi-ratelimit-headers-11) on the answer.
//!
//! Lets everything through that carries no key; the routes themselves ask for the right they need.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::keyring::{Known, Refused};
use super::keys::{Key, TOKEN_PREFIX};
use super::limits::{Bucket, Rate, Spent};
use crate::app::App;
use crate::error::Problem;
use crate::request::{bearer, unauthorized};

/// Who holds the key that a request carries. Notes what was taken from the key's rates, for the fields of the answer.
#[derive(Debug, Clone)]
pub struct Holder {
    known: Known,
    standings: Arc<Mutex<Vec<(&'static str, Standing)>>>,
}

/// How a bucket stands after a request.
#[derive(Debug, Clone, Copy)]
struct Standing {
    left: u32,
    /// Until it is full again, or, if it was refused, until there is enough.
    seconds: u64,
}

/// The names of the two policies.
const REQUESTS: &str = "requests";
const EVENTS: &str = "events";

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Where keys are looked at: everywhere but on pages and public files.
fn is_guarded(path: &str) -> bool {
    path.starts_with("/v1/") || path == "/metrics"
}

/// Identifies the key and counts the request.
pub async fn gate(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let token = bearer(request.headers()).filter(|token| token.starts_with(TOKEN_PREFIX));
    let Some(token) = token.filter(|_| is_guarded(request.uri().path())) else {
        return next.run(request).await;
    };
    let known = match app.keyring.identify(&app.db, token).await {
        Ok(known) => known,
        Err(refused) => return Problem::from(refused).into_response(),
    };
    let holder = Holder { known, standings: Arc::default() };
    let mut response = match holder.take_request() {
        Ok(()) => {
            request.extensions_mut().insert(holder.clone());
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    };
    holder.write(&mut response);
    response
}

impl Holder {
    /// The key.
    pub fn key(&self) -> &Key {
        &self.known.key
    }

    /// Counts this request.
    fn take_request(&self) -> Result<(), Problem> {
        match &self.known.requests {
            Some(bucket) => self.take((REQUESTS, bucket), NonZeroU32::MIN),
            None => Ok(()),
        }
    }

    /// Counts events that came together; either all of them or none.
    pub fn take_events(&self, count: usize) -> Result<(), Problem> {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        match (&self.known.events, NonZeroU32::new(count)) {
            (Some(bucket), Some(count)) => self.take((EVENTS, bucket), count),
            (None, _) | (_, None) => Ok(()),
        }
    }

    /// How long to wait until so many events of a stream may be taken; counts them if they may be taken now.
    pub fn wait_for_events(&self, count: NonZeroU32) -> Option<Duration> {
        let bucket = self.known.events.as_ref()?;
        match bucket.take(count.min(bucket.rate.burst)) {
            Ok(_) => None,
            Err(Spent::Wait(wait)) => Some(wait),
            // Cannot be: no more than the burst is asked for.
            Err(Spent::Never) => None,
        }
    }

    /// How many events of a stream may be taken at once.
    pub fn events_burst(&self) -> usize {
        let burst = self.known.events.as_ref().map_or(u32::MAX, |bucket| bucket.rate.burst.get());
        usize::try_from(burst).unwrap_or(usize::MAX)
    }

    fn take(&self, (name, bucket): (&'static str, &Bucket), count: NonZeroU32) -> Result<(), Problem> {
        let Rate { per_second, burst } = bucket.rate;
        let (standing, outcome) = match bucket.take(count) {
            Ok(left) => {
                let spent = u64::from(burst.get().saturating_sub(left));
                (Standing { left, seconds: spent.div_ceil(u64::from(per_second.get())) }, Ok(()))
            }
            Err(Spent::Wait(wait)) => {
                let seconds = whole_seconds(wait);
                (Standing { left: 0, seconds }, Err(too_many((name, bucket.rate), seconds)))
            }
            Err(Spent::Never) => {
                let seconds = u64::from(bucket.rate.seconds_to_fill());
                (Standing { left: 0, seconds }, Err(too_many_at_once(count, bucket.rate)))
            }
        };
        self.standings.lock().unwrap_or_else(PoisonError::into_inner).push((name, standing));
        outcome
    }

    /// Writes policies and standings on the answer, as lists of structured fields (RFC 9651).
    fn write(&self, response: &mut Response) {
        let buckets = [(REQUESTS, &self.known.requests), (EVENTS, &self.known.events)];
        let limited = buckets.into_iter().filter_map(|(name, bucket)| Some((name, bucket.as_ref()?.rate)));
        let policies: Vec<String> =
            limited.map(|(name, rate)| format!("\"{name}\";q={};w={}", rate.burst, rate.seconds_to_fill())).collect();
        let standings = self.standings.lock().unwrap_or_else(PoisonError::into_inner);
        let standings: Vec<String> =
            standings.iter().map(|(name, at)| format!("\"{name}\";r={};t={}", at.left, at.seconds)).collect();
        for (name, items) in [(RATE_LIMIT_POLICY, policies), (RATE_LIMIT, standings)] {
            if !items.is_empty()
                && let Ok(value) = HeaderValue::from_str(&items.join(", "))
            {
                response.headers_mut().insert(name, value);
            }
        }
    }
}

/// Rounded up, and at least one: a client that waits so long is not refused again.
fn whole_seconds(wait: Duration) -> u64 {
    let part = u64::from(wait.subsec_nanos() > 0);
    wait.as_secs().saturating_add(part).max(1)
}

fn too_many((name, rate): (&'static str, Rate), seconds: u64) -> Problem {
    let Rate { per_second, burst } = rate;
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate-exceeded", "Too much in a short time")
        .detail(format!(
            "this key may send {per_second} {name} a second and {burst} at once; nothing of this request was taken. \
             Send it again in {seconds} s"
        ))
        .with("violated-policies", json!([name]))
        .retry_after(u32::try_from(seconds).unwrap_or(u32::MAX))
}

fn too_many_at_once(count: NonZeroU32, rate: Rate) -> Problem {
    let burst = rate.burst;
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "batch-above-rate", "More events than the key may send at once")
        .detail(format!("the request has {count} events, this key may send {burst} at once; send smaller batches"))
        .with("violated-policies", json!([EVENTS]))
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let detail = refused.to_string();
        match refused {
            Refused::Unknown => unauthorized("unknown-key", detail),
            Refused::Expired(_) => unauthorized("expired-key", detail),
            Refused::Revoked(_) => unauthorized("revoked-key", detail),
            Refused::Db(error) => error.into(),
        }
    }
}
