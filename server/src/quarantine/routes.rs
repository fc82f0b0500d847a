//! `/v1/quarantine`: the operator looks at what was refused, and repairs, replays or dismisses it.

use axum::extract::State as AppState;
use axum::http::StatusCode;
use axum::{Extension, Json};

use super::flow::{self, Hand, QuarantineError};
use super::shapes::{
    DismissBody, QuarantineDetail, QuarantineEntry, QuarantineList, QuarantineQuery, RepairBody, ReplayAllBody,
    ReplayAnswer, ReplayBody, StillOpen, StoredEvent,
};
use super::store::{self, Entry, Filter};
use crate::app::App;
use crate::db::{DbError, from_us};
use crate::error::{Problem, RequestId};
use crate::request::{Asked, Body, Named, Operator};

const OPERATOR: &str = "operator";

/// The longest name of who did it; what is longer is cut.
const BY_CHARACTERS_MAX: usize = 100;

fn by(name: Option<String>) -> String {
    let name: String = name.unwrap_or_default().trim().chars().take(BY_CHARACTERS_MAX).collect();
    if name.is_empty() { OPERATOR.to_owned() } else { name }
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
