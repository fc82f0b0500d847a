//! What handlers take from a request: the operator's or a customer's right, the body, the query. Refuses by problem.

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use engine::ids::CustomerId;
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use tokio::time::{Duration, timeout};

use crate::app::App;
use crate::auth;
use crate::auth::gate::Holder;
use crate::auth::keys::Scope;
use crate::error::Problem;

/// The right to do what only the operator does.
#[derive(Debug, Clone, Copy)]
pub struct Operator;

/// The right to see one customer's usage, from a viewing link.
#[derive(Debug, Clone)]
pub struct Viewer(pub CustomerId);

/// The token that a request carries.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Nobody is known to have sent this.
pub fn unauthorized(code: &'static str, detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, code, "A token is needed").detail(detail)
}

fn forbidden(code: &'static str, detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, code, "This key may not do that").detail(detail)
}

impl FromRequestParts<App> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if parts.extensions.get::<Holder>().is_some() {
            return Err(forbidden("operator-only", "only the operator's token does this; an API key does not"));
        }
        match bearer(&parts.headers) {
            Some(token) if app.operator.is(token) => Ok(Self),
            Some(_) => Err(unauthorized(
                "unauthorized",
                "this is not the operator's token; it is in the file operator-token of the data directory, or in RATECARD_TOKEN",
            )),
            None => Err(unauthorized(
                "unauthorized",
                "send the header Authorization: Bearer TOKEN with the operator's token or, for usage, an API key",
            )),
        }
    }
}

/// The right to send events: the operator's, or that of a key with the scope `events:write`.
#[derive(Debug, Clone)]
pub enum Sender {
    /// The operator.
    Operator,
    /// The holder of a key.
    Key(Holder),
}

impl FromRequestParts<App> for Sender {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match holder_with(parts, Scope::EventsWrite)? {
            Some(holder) => Ok(Self::Key(holder)),
            None => Operator::from_request_parts(parts, app).await.map(|Operator| Self::Operator),
        }
    }
}

/// The right to read usage: the operator's, or that of a key with the scope `usage:read`.
#[derive(Debug, Clone)]
pub enum Reader {
    /// The operator.
    Operator,
    /// The holder of a key.
    Key(Holder),
}

impl FromRequestParts<App> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match holder_with(parts, Scope::UsageRead)? {
            Some(holder) => Ok(Self::Key(holder)),
            None => Operator::from_request_parts(parts, app).await.map(|Operator| Self::Operator),
        }
    }
}

impl Reader {
    /// Whether this customer's usage may be read: a customer's key shows its own only.
    pub fn may_read(&self, customer: &CustomerId) -> Result<(), Problem> {
        match self {
            Self::Operator => Ok(()),
            Self::Key(holder) => match &holder.key().order.customer {
                Some(own) if own != customer => {
                    Err(forbidden("not-your-customer", format!("this key shows the usage of {own} only")))
                }
                Some(_) | None => Ok(()),
            },
        }
    }
}

fn holder_with(parts: &Parts, scope: Scope) -> Result<Option<Holder>, Problem> {
    let Some(holder) = parts.extensions.get::<Holder>() else { return Ok(None) };
    if holder.key().order.scopes.contains(&scope) {
        return Ok(Some(holder.clone()));
    }
    let (needed, id) = (scope.as_str(), &holder.key().id);
    Err(forbidden("missing-scope", format!("this needs the scope {needed}, which the key {id} does not have")))
}

impl FromRequestParts<App> for Viewer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let unknown = || unauthorized("unauthorized", "this link is unknown or has expired; ask for a new one");
        let token = bearer(&parts.headers).ok_or_else(unknown)?;
        auth::flow::customer(&app.db, token, app.clock.now()).await?.map(Self).ok_or_else(unknown)
    }
}

/// The query of the address.
#[derive(Debug, Clone, Copy)]
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let query = Query::<T>::from_request_parts(parts, app).await;
        query.map(|Query(value)| Self(value)).map_err(|error| Problem::bad_request(error.body_text()))
    }
}

/// A part of the path.
#[derive(Debug, Clone)]
pub struct Named(pub String);

impl FromRequestParts<App> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, app).await;
        path.map(|Path(value)| Self(value)).map_err(|error| Problem::bad_request(error.body_text()))
    }
}

/// The id of a customer in the path.
pub fn customer_id(text: &str) -> Result<CustomerId, Problem> {
    CustomerId::new(text).map_err(|error| Problem::bad_request(error.to_string()))
}

/// The whole body, at most as long as the settings allow.
#[derive(Debug, Clone)]
pub struct Body(pub Vec<u8>);

/// How much of a body that is too long is read on, so that the client comes to read the answer.
const DRAIN_BYTES_MAX: usize = 64 * 1024 * 1024;

/// How long a client may take to send a body.
pub const BODY_SECONDS_MAX: Duration = Duration::from_secs(30);

impl FromRequest<App> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        whole_body(&parts.headers, body, app.config.body_limit_bytes).await.map(Self)
    }
}

/// A whole body of at most `limit` bytes, as it came over the line.
pub async fn whole_body(headers: &HeaderMap, body: axum::body::Body, limit: usize) -> Result<Vec<u8>, Problem> {
    let waits = headers.contains_key(header::EXPECT);
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    // A client that asks before it sends is told at once.
    if waits && announced.is_some_and(|length: usize| length > limit) {
        return Err(body_too_large(limit));
    }
    let read = read_whole(body, limit);
    match timeout(BODY_SECONDS_MAX, read).await.map_err(|_| body_too_slow())? {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(body_too_large(limit)),
        Err(error) => Err(body_broke_off(&error)),
    }
}

/// A body with more bytes than may be.
pub fn body_too_large(limit: usize) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large").detail(format!(
        "a request body may have {limit} bytes, counted after decompression; send the events in several requests or as \
         a stream (application/x-ndjson)"
    ))
}

/// A body that takes too long.
pub fn body_too_slow() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "body-too-slow", "The body did not arrive in time")
        .detail("a body has 30 seconds to arrive; send smaller requests")
}

/// A body that ended before its end.
pub fn body_broke_off(error: &dyn std::error::Error) -> Problem {
    Problem::bad_request(format!("the body broke off: {error}"))
}

/// The body, or `None` if it is longer than `limit`; what is too much is read and dropped.
async fn read_whole(mut body: axum::body::Body, limit: usize) -> Result<Option<Vec<u8>>, axum::Error> {
    let mut bytes = Vec::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length <= limit {
            bytes.extend_from_slice(&data);
        } else if length > DRAIN_BYTES_MAX {
            break;
        }
    }
    Ok((length <= limit).then_some(bytes))
}

impl Body {
    /// The body as text.
    pub fn text(&self) -> Result<&str, Problem> {
        body_text(&self.0)
    }

    /// The body as JSON of a shape.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_str(self.text()?).map_err(|error| bad_json(&error))
    }
}

/// A body as text.
pub fn body_text(bytes: &[u8]) -> Result<&str, Problem> {
    std::str::from_utf8(bytes).map_err(|error| {
        let place = error.valid_up_to();
        Problem::bad_request(format!("the body is not UTF-8: the byte at {place} begins no character"))
    })
}

/// Broken JSON, with its place.
pub fn bad_json(error: &serde_json::Error) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad-json", "The body is not the JSON that is needed here")
        .detail(error.to_string())
        .with("line", error.line().into())
        .with("column", error.column().into())
}
