//! The only map from errors to HTTP: problem+json (RFC 9457) with a stable `type`, what to do, and a request id.
//!
//! A 4xx says what to do; a 5xx says only the request id, and the log says the rest. Bodies and tokens are never logged.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::books::flow::PublishError;
use crate::customers::flow::CustomerError;
use crate::db::DbError;
use crate::random::random_hex;

/// Names the request in answers and in the log.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// A refusal on its way to the client.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: Option<String>,
    members: Map<String, Value>,
    retry_after_seconds: Option<u32>,
    /// For the log only.
    cause: Option<String>,
}

impl Problem {
    /// A problem with a stable code and a title that is the same every time.
    pub fn new(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        let members = Map::new();
        Self { status, code, title, detail: None, members, retry_after_seconds: None, cause: None }
    }

    /// What was wrong this time, and what to do.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// One more member for programs.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.members.insert(name.to_owned(), value);
        self
    }

    /// When to try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// What the log says about it, if there is more than the client is told.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// Something that the reader can do nothing about; `cause` goes to the log.
    pub fn internal(cause: &dyn std::error::Error) -> Self {
        let problem = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something failed on our side");
        Self { cause: Some(cause.to_string()), ..problem }
    }

    /// No such thing.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is nothing here").detail(detail)
    }

    /// A request that cannot be understood.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", "The request cannot be read").detail(detail)
    }

    /// A request that can be read but not be done.
    pub fn unprocessable(code: &'static str, title: &'static str) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, title)
    }

    /// The document that clients read.
    pub fn body(&self, request: &str) -> Value {
        let mut body = self.members.clone();
        body.insert("type".to_owned(), json!(format!("urn:ratecard:problem:{}", self.code)));
        body.insert("title".to_owned(), json!(self.title));
        body.insert("status".to_owned(), json!(self.status.as_u16()));
        if let Some(detail) = &self.detail {
            body.insert("detail".to_owned(), json!(detail));
        }
        body.insert("request".to_owned(), json!(request));
        Value::Object(body)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        // The body is written by `finish`, which knows the request id.
        response.extensions_mut().insert(self);
        response
    }
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives every request an id and writes every problem, in one place.
pub async fn finish(mut request: Request, next: Next) -> Response {
    let id = new_request_id();
    request.extensions_mut().insert(RequestId(id.clone()));
    let (method, path) = (request.method().clone(), log_path(request.uri().path()));
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = write(&problem, (&id, std::mem::take(response.headers_mut())));
        if let Some(cause) = &problem.cause {
            tracing::error!(request = %id, %method, %path, status = problem.status.as_u16(), "{cause}");
        }
    }
    tracing::debug!(request = %id, %method, %path, status = response.status().as_u16(), "answered");
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// The problem of an answer as it is sent, if the answer is a refusal that is the same whenever it is given.
pub fn settle(mut response: Response, request: &str) -> Response {
    match response.extensions_mut().remove::<Problem>() {
        Some(problem) => write(&problem, (request, std::mem::take(response.headers_mut()))),
        None => response,
    }
}

/// Writes a problem; `headers` are what others have put on the answer.
fn write(problem: &Problem, (request, headers): (&str, axum::http::HeaderMap)) -> Response {
    let mut response = (problem.status, Body::from(problem.body(request).to_string())).into_response();
    response.headers_mut().extend(headers);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Some(seconds) = problem.retry_after_seconds {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if problem.status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn new_request_id() -> String {
    // Without random numbers the id is merely not unique; a request need not fail for that.
    random_hex::<8>().unwrap_or_else(|_| "0".to_owned())
}

/// The path without the names of customers, which may be personal.
fn log_path(path: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    if let Some(position) = parts.iter().position(|part| *part == "customers")
        && let Some(id) = parts.get_mut(position.saturating_add(1))
    {
        *id = "…";
    }
    parts.join("/")
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        match &error {
            DbError::Full(cause) => Self {
                cause: Some(cause.to_string()),
                ..Self::new(StatusCode::INSUFFICIENT_STORAGE, "storage-full", "The server has no room left")
                    .detail("nothing of this request was stored; send it again when the operator has made room")
            },
            DbError::Busy(cause) => Self {
                cause: Some(cause.to_string()),
                ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "The database is busy")
                    .detail("nothing of this request was stored; send it again in a moment")
                    .retry_after(1)
            },
            DbError::QuarantineFull { .. } => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "quarantine-full", "The quarantine has no room left")
                    .detail(error.to_string())
            }
            DbError::TooNew { .. } | DbError::Unreadable { .. } | DbError::Failed(_) => Self::internal(&error),
        }
    }
}

impl From<PublishError> for Problem {
    fn from(error: PublishError) -> Self {
        let detail = error.to_string();
        match error {
            PublishError::Invalid(problems) => Self::unprocessable("invalid-book", "The price book has mistakes")
                .detail(detail)
                .with("problems", json!(problems)),
            PublishError::NotMonthly { .. } => {
                Self::unprocessable("plan-not-monthly", "The bill run bills calendar months only").detail(detail)
            }
            PublishError::OtherDigest { .. } => {
                Self::new(StatusCode::CONFLICT, "book-version-taken", "Published versions never change").detail(detail)
            }
            PublishError::EffectiveTaken { .. } => {
                Self::new(StatusCode::CONFLICT, "effective-day-taken", "Another version begins that day").detail(detail)
            }
            PublishError::OtherZone { .. } => {
                Self::new(StatusCode::CONFLICT, "zone-changed", "A book keeps its zone").detail(detail)
            }
            PublishError::MonthBilled { .. } => {
                Self::new(StatusCode::CONFLICT, "month-billed", "The month is billed already").detail(detail)
            }
            PublishError::Db(error) => error.into(),
        }
    }
}

impl From<CustomerError> for Problem {
    fn from(error: CustomerError) -> Self {
        let detail = error.to_string();
        match error {
            CustomerError::UnknownBook { .. } => Self::unprocessable("unknown-book", "No such book").detail(detail),
            CustomerError::UnknownPlan { .. } => Self::unprocessable("unknown-plan", "No such plan").detail(detail),
            CustomerError::NameLength(_) => Self::unprocessable("bad-name", "The name cannot be used").detail(detail),
            CustomerError::NotBegun { .. } => {
                Self::new(StatusCode::CONFLICT, "plan-not-begun", "The month of the plan has not begun").detail(detail)
            }
            CustomerError::Unknown(_) => Self::not_found(detail),
            CustomerError::Db(error) => error.into(),
        }
    }
}

/// A problem as clients read it (RFC 9457). Some have further members.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
pub struct ProblemDocument {
    /// What kind of problem it is; stable.
    #[serde(rename = "type")]
    #[schema(example = "urn:ratecard:problem:bad-json")]
    kind: String,
    /// The kind in words; the same every time.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What was wrong this time, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The id of the request; the server's log has it too.
    request: String,
}
