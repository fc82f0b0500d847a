//! The layer around every write that does a request with an Idempotency-Key once
//! (draft-ietf-httpapi-idempotency-key-header-07).
//!
//! The same request again gets the stored answer; another one under the same key is refused. Answers are kept by sender,
//! so that nobody sees another's. Streams pass: their events count once by their own identity.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use axum::body::Body;
use axum::body::HttpBody;
use axum::extract::{Request as HttpRequest, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use engine::proof::sha256;
use http_body_util::BodyExt;

use super::store::{self, Answer, Entry, Request};
use crate::app::App;
use crate::auth::gate::Holder;
use crate::db::from_us;
use crate::error::{Problem, RequestId, settle};
use crate::ingest::formats::Format;
use crate::request::{bearer, whole_body};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The longest key.
const KEY_LENGTH_MAX: usize = 255;

/// The longest answer that is kept. A request with a longer one is done again, which changes nothing for events.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;

/// After this time a run that has not answered is believed lost, for instance with its process.
const LOST_AFTER: TimeDelta = TimeDelta::minutes(5);

/// How often expired answers are thrown away.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// When expired answers were last thrown away.
#[derive(Debug, Default)]
pub struct Sweep(Mutex<Option<Duration>>);

impl Sweep {
    /// Whether it is time again.
    fn is_due(&self, elapsed: Duration) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|last| elapsed.saturating_sub(last) >= SWEEP_EVERY);
        if is_due {
            *last = Some(elapsed);
        }
        is_due
    }
}

/// Does a write with a key once; lets everything else through.
pub async fn once(State(app): State<App>, request: HttpRequest, next: Next) -> Response {
    match prepare(&app, request).await {
        Prepared::Pass(request) => next.run(request).await,
        Prepared::Refused(problem) => problem.into_response(),
        Prepared::Once(work) => {
            // On its own, so that the work is finished and its answer kept when the client has gone away.
            match tokio::spawn(work.run(app, next)).await {
                Ok(response) => response,
                Err(lost) => Problem::internal(&lost).into_response(),
            }
        }
    }
}

/// A request with a key, all of it.
struct Work {
    sender: String,
    key: String,
    digest: String,
    claim: String,
    request: HttpRequest,
}

/// What is to be done with a request.
enum Prepared {
    /// It has no key, or nobody who may have one.
    Pass(HttpRequest),
    /// Its key or body cannot be used.
    Refused(Problem),
    /// It is done once.
    Once(Box<Work>),
}

async fn prepare(app: &App, request: HttpRequest) -> Prepared {
    let is_write = matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH | Method::DELETE);
    let is_stream = matches!(Format::of(request.headers()), Ok(Format::Lines));
    let (Some(value), true, false) = (request.headers().get(IDEMPOTENCY_KEY).cloned(), is_write, is_stream) else {
        return Prepared::Pass(request);
    };
    // Who has no right is refused by the route; nothing is kept for them.
    let Some(sender) = sender(app, &request) else { return Prepared::Pass(request) };
    let key = match read_key(&value) {
        Ok(key) => key,
        Err(problem) => return Prepared::Refused(problem),
    };
    let claim = request.extensions().get::<RequestId>().map(|RequestId(id)| id.clone()).unwrap_or_default();
    let (parts, body) = request.into_parts();
    let bytes = match whole_body(&parts.headers, body, app.config.body_limit_bytes).await {
        Ok(bytes) => bytes,
        Err(problem) => return Prepared::Refused(problem),
    };
    let path = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let coding = parts.headers.get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes).unwrap_or_default();
    let head = format!("{} {path}\n{}\n", parts.method, String::from_utf8_lossy(coding));
    let digest = sha256(&[head.as_bytes(), &bytes].concat());
    let request = HttpRequest::from_parts(parts, Body::from(bytes));
    Prepared::Once(Box::new(Work { sender, key, digest, claim, request }))
}

/// Who sends: the operator, or a key by its id.
fn sender(app: &App, request: &HttpRequest) -> Option<String> {
    if let Some(holder) = request.extensions().get::<Holder>() {
        return Some(holder.key().id.clone());
    }
    bearer(request.headers()).filter(|token| app.operator.is(token)).map(|_| "operator".to_owned())
}

/// The key: a string of structured fields (`"…"`), or the same without quotes.
fn read_key(value: &HeaderValue) -> Result<String, Problem> {
    let bad = || {
        Problem::new(StatusCode::BAD_REQUEST, "bad-idempotency-key", "The Idempotency-Key cannot be used").detail(
            "write 1 to 255 visible ASCII characters without quotes inside, for instance \
             \"8e03978e-40d5-43dd-bc93-6894a57f9324\"",
        )
    };
    let text = value.to_str().map_err(|_| bad())?.trim();
    let key = match text.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').ok_or_else(bad)?,
        None => text,
    };
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    if key.is_empty() || key.len() > KEY_LENGTH_MAX || !key.bytes().all(is_plain) {
        return Err(bad());
    }
    Ok(key.to_owned())
}

impl Work {
    async fn run(self: Box<Self>, app: App, next: Next) -> Response {
        let Self { sender, key, digest, claim, request } = *self;
        let entry = Request { sender: &sender, key: &key, digest: &digest, claim: &claim };
        match begin(&app, entry).await {
            Ok(None) => {}
            Ok(Some(answer)) => return replay(&answer),
            Err(problem) => return problem.into_response(),
        }
        let response = next.run(request).await;
        let (response, answer) = keepable(response, &claim).await;
        let kept = match &answer {
            Some(answer) => store::finish(&app.db, entry, answer).await,
            None => store::release(&app.db, entry).await,
        };
        if let Err(error) = kept {
            // The work is done; until the run is believed lost, the same key is answered 409.
            tracing::warn!(request = %claim, "the answer for an Idempotency-Key was not kept: {error}");
        }
        response
    }
}

/// Takes the key, or finds the answer that was given.
async fn begin(app: &App, request: Request<'_>) -> Result<Option<Answer>, Problem> {
    let now = app.clock.now();
    if app.sweep.is_due(app.clock.elapsed())
        && let Some(expired) = now.checked_sub_signed(app.config.idempotency)
    {
        store::forget_before(&app.db, expired).await?;
    }
    if store::claim(&app.db, request, now).await? {
        return Ok(None);
    }
    let Some(entry) = store::find(&app.db, request).await? else { return Err(still_running()) };
    let age = now.signed_duration_since(from_us(entry.created_us)?);
    let Entry { digest: first, claim: _, created_us: _, answer } = &entry;
    let is_lost = answer.is_none() && age >= LOST_AFTER;
    if age >= app.config.idempotency || (is_lost && first == request.digest) {
        let mine = store::take_over(&app.db, request, (&entry, now)).await?;
        return if mine { Ok(None) } else { Err(still_running()) };
    }
    if first != request.digest {
        return Err(reused(entry.created_us));
    }
    entry.answer.map(Some).ok_or_else(still_running)
}

fn still_running() -> Problem {
    Problem::new(StatusCode::CONFLICT, "idempotency-key-in-use", "The first request still runs")
        .detail("a request with this Idempotency-Key is being worked on; send it again in a moment to get its answer")
        .retry_after(1)
}

fn reused(created_us: i64) -> Problem {
    let since = from_us(created_us).map(|at| at.to_rfc3339()).unwrap_or_default();
    Problem::unprocessable("idempotency-key-reused", "The Idempotency-Key belongs to another request").detail(format!(
        "this key was used at {since} for another method, address or body; give each request a key of its own"
    ))
}

fn replay(answer: &Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(&answer.content_type)
        && !answer.content_type.is_empty()
    {
        headers.insert(header::CONTENT_TYPE, value);
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    (status, headers, answer.body.clone()).into_response()
}

/// The answer as it is kept, if it would be the same again: what was done, and refusals for what the request says. Not
/// those that another try may change: rights, rates, slowness, and whatever failed on our side.
async fn keepable(response: Response, request: &str) -> (Response, Option<Answer>) {
    let status = response.status();
    let passing = matches!(
        status,
        StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::REQUEST_TIMEOUT
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::TOO_MANY_REQUESTS
    );
    if passing || !(status.is_success() || status.is_client_error()) {
        return (response, None);
    }
    let response = settle(response, request);
    if response.headers().get(header::CACHE_CONTROL).is_some_and(|value| value == "no-store") {
        return (response, Some(told_once(request)));
    }
    if response.body().size_hint().exact().is_none_or(|bytes| bytes > ANSWER_BYTES_MAX) {
        return (response, None);
    }
    let (parts, body) = response.into_parts();
    match body.collect().await {
        Ok(whole) => {
            let bytes = whole.to_bytes();
            let text = String::from_utf8(bytes.to_vec()).ok().filter(|text| !text.contains('\0'));
            let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
            let content_type = content_type.unwrap_or_default().to_owned();
            let answer = text.map(|body| Answer { status: status.as_u16(), content_type, body });
            (Response::from_parts(parts, Body::from(bytes)), answer)
        }
        Err(error) => (Problem::internal(&error).into_response(), None),
    }
}

/// What is kept instead of an answer with a secret in it.
fn told_once(request: &str) -> Answer {
    let problem = Problem::new(StatusCode::CONFLICT, "answer-told-once", "The request was done already").detail(
        "its answer held a secret, which is told once and kept nowhere. If it was lost, end what was made and make another \
         one under another Idempotency-Key",
    );
    let body = problem.body(request).to_string();
    Answer { status: StatusCode::CONFLICT.as_u16(), content_type: "application/problem+json".to_owned(), body }
}
