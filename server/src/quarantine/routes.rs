//! `/v1/quarantine`: the operator looks at what was refused, and repairs, replays or dismisses it.

use axum::extract::State as AppState;
use axum::http::StatusCode;
use axum::{Extension, Json};
use engine::period::Instant;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::flow::{self, Hand, QuarantineError};
use super::store::{self, CodeCount, Entry, Filter, State};
use crate::app::App;
use crate::db::{DbError, from_us};
use crate::error::{Problem, RequestId};
use crate::request::{Asked, Body, Named, Operator};

/// Which entries are wanted.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct QuarantineQuery {
    /// Of this customer.
    customer: Option<String>,
    /// Of this source.
    source: Option<String>,
    /// Refused for this reason, for instance `bad_time` or `conflict`.
    code: Option<String>,
    /// In this state; all where nothing is said.
    #[param(inline)]
    state: Option<State>,
    /// That came then or later.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Instant>,
    /// Only entries with smaller numbers: `next` of the page before.
    before: Option<i64>,
    /// At most so many, 1 to 1000; 100 where nothing is said.
    limit: Option<u32>,
}

/// An entry of the quarantine.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct QuarantineEntry {
    /// Names the entry for good.
    number: i64,
    /// The subject of the event, or who sent it with a customer's key; empty where it could not be read.
    customer: String,
    /// The source of the event; empty where it could not be read.
    source: String,
    /// The id of the event; empty where it could not be read.
    event_id: String,
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    received_at: Instant,
    /// The request it came in.
    request: String,
    /// Its place in the request.
    index: i64,
    /// Why it was refused, as a stable word.
    code: String,
    /// Why, in a sentence.
    detail: String,
    /// Whether all of it was kept. What was cut can be repaired or dismissed, not replayed.
    whole: bool,
    /// What became of it.
    state: State,
    /// Who settled it, when and why; left out while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    settled: Option<SettledAnswer>,
}

/// How an entry was settled.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SettledAnswer {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Instant,
    /// Who.
    by: String,
    /// Why, or what was mended.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// The event that was accepted for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted: Option<AcceptedEvent>,
}

/// Names an event.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AcceptedEvent {
    /// Its source.
    source: String,
    /// Its id.
    id: String,
}

/// A page of entries, and how many there are in all.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct QuarantineList {
    /// Latest first.
    entries: Vec<QuarantineEntry>,
    /// How many entries the filter has, on all pages, by reason and state.
    counts: Vec<CodeCount>,
    /// To be asked for as `before` for the next page; left out on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

/// An entry with its event.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct QuarantineDetail {
    /// The entry.
    #[serde(flatten)]
    entry: QuarantineEntry,
    /// The event as it was sent, at most 65,536 bytes of it.
    body: String,
    /// The stored event that it contradicts, or that was changed before; left out where there is none or it was not
    /// found.
    #[serde(skip_serializing_if = "Option::is_none")]
    contradicts: Option<StoredEvent>,
}

/// A stored event.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StoredEvent {
    /// Its customer.
    subject: String,
    /// Its source.
    source: String,
    /// Its id.
    id: String,
    /// Its type.
    #[serde(rename = "type")]
    kind: String,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    time: Instant,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    received_at: Instant,
    /// Its fields.
    #[schema(value_type = Object)]
    data: Value,
    /// The id of the event that voided or amended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_by: Option<String>,
}

/// A mended event for an entry.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RepairBody {
    /// The whole event as it should have come.
    #[schema(value_type = crate::ingest::routes::CloudEvent)]
    event: Box<RawValue>,
    /// What was mended.
    note: Option<String>,
    /// Who did it; `operator` where nothing is said.
    by: Option<String>,
}

/// Who replays, and why.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayBody {
    /// Why now, for instance what was mended.
    note: Option<String>,
    /// Who did it; `operator` where nothing is said.
    by: Option<String>,
}

/// Which open entries are replayed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayAllBody {
    /// Of this customer.
    customer: Option<String>,
    /// Of this source.
    source: Option<String>,
    /// Refused for this reason.
    code: Option<String>,
    /// That came then or later.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Instant>,
    /// Only entries with greater numbers: `next` of the answer before.
    after: Option<i64>,
    /// At most so many, 1 to 10,000; 10,000 where nothing is said.
    limit: Option<u32>,
    /// Why now, for instance what was mended.
    note: Option<String>,
    /// Who did it; `operator` where nothing is said.
    by: Option<String>,
}

/// What became of entries that were replayed.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReplayAnswer {
    /// How many were accepted, or were there already.
    replayed: usize,
    /// Those that stay open, and why.
    still_open: Vec<StillOpen>,
    /// To be sent as `after` to go on; left out when all were looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

/// An entry that was not taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct StillOpen {
    /// Its number.
    number: i64,
    /// Why, as a stable word: of a refusal, or `cut` or `busy`.
    code: String,
    /// Why, in a sentence.
    detail: String,
}

/// Why an entry is dismissed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DismissBody {
    /// Why it is not needed, 1 to 1,000 characters.
    reason: String,
    /// Who did it; `operator` where nothing is said.
    by: Option<String>,
}

const OPERATOR: &str = "operator";

/// The longest name of who did it; what is longer is cut.
const BY_CHARACTERS_MAX: usize = 100;

fn by(name: Option<String>) -> String {
    let name: String = name.unwrap_or_default().trim().chars().take(BY_CHARACTERS_MAX).collect();
    if name.is_empty() { OPERATOR.to_owned() } else { name }
}

impl From<Entry> for QuarantineEntry {
    fn from(entry: Entry) -> Self {
        let settled = entry.settled.map(|settled| SettledAnswer {
            at: settled.at,
            by: settled.by,
            note: settled.note,
            accepted: settled.accepted.map(|(source, id)| AcceptedEvent { source, id }),
        });
        Self {
            number: entry.number,
            customer: entry.customer,
            source: entry.source,
            event_id: entry.event_id,
            received_at: entry.received_at,
            request: entry.request,
            index: entry.position,
            code: entry.code,
            detail: entry.detail,
            whole: entry.whole,
            state: entry.state,
            settled,
        }
    }
}

/// Lists what was refused, latest first, and counts it by reason and state.
#[utoipa::path(
    get, path = "/v1/quarantine", tag = "quarantine",
    params(QuarantineQuery),
    responses(
        (status = 200, description = "A page of entries", body = QuarantineList),
        (status = 400, description = "The query cannot be read", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No operator's token", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []))
)]
pub async fn list(
    AppState(app): AppState<App>,
    _: Operator,
    Asked(query): Asked<QuarantineQuery>,
) -> Result<Json<QuarantineList>, Problem> {
    let QuarantineQuery { customer, source, code, state, since, before, limit } = query;
    let filter = Filter { customer, source, code, state, since };
    let limit = limit.unwrap_or(100).clamp(1, 1000);
    let entries = store::latest(&app.db, &filter, (before.unwrap_or(i64::MAX), limit)).await?;
    let is_full = u32::try_from(entries.len()).is_ok_and(|length| length == limit);
    let next = entries.last().map(|entry| entry.number).filter(|_| is_full);
    let counts = store::counts(&app.db, &filter).await?;
    Ok(Json(QuarantineList { entries: entries.into_iter().map(Into::into).collect(), counts, next }))
}

/// Shows an entry with its event and the stored event that it contradicts.
#[utoipa::path(
    get, path = "/v1/quarantine/{number}", tag = "quarantine",
    params(("number" = i64, Path, description = "The entry")),
    responses(
        (status = 200, description = "The entry", body = QuarantineDetail),
        (status = 400, description = "Not a number", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No operator's token", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such entry", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []))
)]
pub async fn show(
    AppState(app): AppState<App>,
    _: Operator,
    Named(number): Named,
) -> Result<Json<QuarantineDetail>, Problem> {
    let entry = flow::entry(&app.db, entry_number(&number)?).await?;
    Ok(Json(detail(&app, entry).await?))
}

async fn detail(app: &App, entry: Entry) -> Result<QuarantineDetail, Problem> {
    let contradicts = flow::contradicted(&app.db, &entry).await?.map(stored).transpose()?;
    let body = entry.body.clone();
    Ok(QuarantineDetail { entry: entry.into(), body, contradicts })
}

fn stored(event: flow::Stored) -> Result<StoredEvent, DbError> {
    let flow::Stored { customer, source, id, kind, time_us, received_us, data, changed_by } = event;
    let (time, received_at) = (from_us(time_us)?, from_us(received_us)?);
    Ok(StoredEvent { subject: customer, source, id, kind, time, received_at, data, changed_by })
}

fn entry_number(text: &str) -> Result<i64, Problem> {
    text.parse().map_err(|_| Problem::bad_request(format!("\"{text}\" is no number of an entry; write digits")))
}

/// Takes a mended event in for an open entry.
///
/// It goes the way of every event. The entry stays as it came, and names what was accepted for it.
#[utoipa::path(
    post, path = "/v1/quarantine/{number}/repair", tag = "quarantine",
    params(("number" = i64, Path, description = "The entry")),
    request_body = RepairBody,
    responses(
        (status = 200, description = "The event was accepted or there already; the entry is replayed", body = QuarantineEntry),
        (status = 400, description = "The body cannot be read", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No operator's token", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such entry", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The entry is not open, or somebody is at it", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The event was not taken; `code` and `pointer` say why and where", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []))
)]
pub async fn repair(
    AppState(app): AppState<App>,
    _: Operator,
    Named(number): Named,
    Extension(RequestId(request)): Extension<RequestId>,
    body: Body,
) -> Result<Json<QuarantineEntry>, Problem> {
    let RepairBody { event, note, by: name } = body.json()?;
    let hand = Hand { by: &by(name), note: note.as_deref(), request: &request };
    let entry = flow::repair(&app, entry_number(&number)?, event.get(), hand).await?;
    Ok(Json(entry.into()))
}

/// Takes an open entry in as it came, for instance after the book was mended.
///
/// It is held against the rights of whoever sent it.
#[utoipa::path(
    post, path = "/v1/quarantine/{number}/replay", tag = "quarantine",
    params(("number" = i64, Path, description = "The entry")),
    request_body(content = ReplayBody, description = "May be left out"),
    responses(
        (status = 200, description = "The event was accepted or there already; the entry is replayed", body = QuarantineEntry),
        (status = 400, description = "The body cannot be read", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No operator's token", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such entry", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The entry is not open, or somebody is at it", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The event was not taken, or only a part of it was kept", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []))
)]
pub async fn replay(
    AppState(app): AppState<App>,
    _: Operator,
    Named(number): Named,
    Extension(RequestId(request)): Extension<RequestId>,
    body: Body,
) -> Result<Json<QuarantineEntry>, Problem> {
    let ReplayBody { note, by: name } = if body.0.is_empty() { ReplayBody::default() } else { body.json()? };
    let hand = Hand { by: &by(name), note: note.as_deref(), request: &request };
    let entry = flow::replay(&app, entry_number(&number)?, hand).await?;
    Ok(Json(entry.into()))
}

/// Takes all open entries of a filter in as they came, oldest first.
#[utoipa::path(
    post, path = "/v1/quarantine/replay", tag = "quarantine",
    request_body(content = ReplayAllBody, description = "May be left out: all open entries"),
    responses(
        (status = 200, description = "What became of them", body = ReplayAnswer),
        (status = 400, description = "The body cannot be read", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No operator's token", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The note is too long", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []))
)]
pub async fn replay_all(
    AppState(app): AppState<App>,
    _: Operator,
    Extension(RequestId(request)): Extension<RequestId>,
    body: Body,
) -> Result<Json<ReplayAnswer>, Problem> {
    let asked = if body.0.is_empty() { ReplayAllBody::default() } else { body.json()? };
    let ReplayAllBody { customer, source, code, since, after, limit, note, by: name } = asked;
    let filter = Filter { customer, source, code, state: None, since };
    let hand = Hand { by: &by(name), note: note.as_deref(), request: &request };
    let span = (after.unwrap_or(0), limit.unwrap_or(10_000).clamp(1, 10_000));
    let done = flow::replay_all(&app, &filter, span, hand).await?;
    let still_open = done.still_open.into_iter();
    let still_open = still_open.map(|(number, code, detail)| StillOpen { number, code: code.to_owned(), detail });
    Ok(Json(ReplayAnswer { replayed: done.replayed, still_open: still_open.collect(), next: done.next }))
}

/// Settles an open entry as not needed.
#[utoipa::path(
    post, path = "/v1/quarantine/{number}/dismiss", tag = "quarantine",
    params(("number" = i64, Path, description = "The entry")),
    request_body = DismissBody,
    responses(
        (status = 200, description = "The entry is dismissed", body = QuarantineEntry),
        (status = 400, description = "The body cannot be read", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No operator's token", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such entry", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The entry is not open, or somebody is at it", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "There is no reason, or it is too long", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []))
)]
pub async fn dismiss(
    AppState(app): AppState<App>,
    _: Operator,
    Named(number): Named,
    Extension(RequestId(request)): Extension<RequestId>,
    body: Body,
) -> Result<Json<QuarantineEntry>, Problem> {
    let DismissBody { reason, by: name } = body.json()?;
    let hand = Hand { by: &by(name), note: Some(&reason), request: &request };
    let entry = flow::dismiss(&app, entry_number(&number)?, hand).await?;
    Ok(Json(entry.into()))
}

impl From<QuarantineError> for Problem {
    fn from(error: QuarantineError) -> Self {
        let detail = error.to_string();
        match error {
            QuarantineError::Unknown(_) => Self::not_found(detail),
            QuarantineError::NotOpen { state, .. } => {
                Self::new(StatusCode::CONFLICT, "entry-not-open", "The entry is settled")
                    .detail(detail)
                    .with("state", state.as_str().into())
            }
            QuarantineError::Busy(_) => {
                Self::new(StatusCode::CONFLICT, "entry-busy", "Somebody else is at the entry").detail(detail)
            }
            QuarantineError::Cut(_) => {
                Self::unprocessable("entry-cut", "Only a part of the event was kept").detail(detail)
            }
            QuarantineError::Reason(_) => Self::unprocessable("bad-reason", "A reason is needed").detail(detail),
            QuarantineError::NotTaken { code, pointer, .. } => {
                Self::unprocessable("event-not-taken", "The event was not taken")
                    .detail(detail)
                    .with("code", code.into())
                    .with("pointer", pointer.into())
            }
            QuarantineError::Db(error) => error.into(),
        }
    }
}
