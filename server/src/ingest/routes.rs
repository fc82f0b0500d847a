//! `POST /v1/events` and `GET /v1/refused-events`: CloudEvents in, an answer for each of them out.

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::flow::{Answered, CONFLICT_DETAIL, Outcome, Surroundings, ingest};
use super::read::TimeWindow;
use super::store;
use crate::app::App;
use crate::error::{Problem, RequestId};
use crate::request::{Asked, Body, Operator, bad_json, customer_id};

/// What became of one event.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventAnswer {
    /// Its place in the request, from 0.
    pub index: usize,
    /// Its id, as far as it could be read.
    pub id: Option<String>,
    /// What became of it.
    pub status: EventStatus,
    /// Why it was not taken, as a stable word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// Where in the event, as a JSON pointer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// Why it was not taken and what to do, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EventStatus {
    /// It is new and on disk.
    Accepted,
    /// The same event was there; that is a success.
    Duplicate,
    /// Another event has this source and id; it stays, this one is put aside.
    Conflict,
    /// It cannot be counted and is put aside.
    Refused,
}

/// What became of the events of a request.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IngestAnswer {
    /// How many are new.
    pub accepted: usize,
    /// How many were there.
    pub duplicates: usize,
    /// How many contradict one that is there.
    pub conflicts: usize,
    /// How many cannot be counted.
    pub refused: usize,
    /// Each of them, in the order of the request.
    pub events: Vec<EventAnswer>,
}

/// Takes usage in as CloudEvents 1.0: one event, or a list.
///
/// The customer is the event's `subject`. Decimals in `data` are strings, or whole JSON numbers. Sending an event again
/// is a success and counts nothing. All that is accepted is on disk when the answer comes.
#[utoipa::path(
    post, path = "/v1/events", tag = "usage",
    request_body(content(
        (CloudEvent = "application/cloudevents+json"),
        (Vec<CloudEvent> = "application/cloudevents-batch+json"),
        (CloudEvent = "application/json"),
    ), description = "One CloudEvent, or a list of them"),
    responses(
        (status = 200, description = "All were accepted or there already", body = IngestAnswer),
        (status = 207, description = "Some were taken, others not", body = IngestAnswer),
        (status = 400, description = "The body is not JSON", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No operator's token", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 415, description = "The content type is not one of the three", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "None was taken; the problem has the members of the answer", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "The database is busy; send it again", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 507, description = "No room is left; nothing was stored", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []))
)]
pub async fn accept(
    State(app): State<App>,
    _: Operator,
    Extension(RequestId(request)): Extension<RequestId>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let events = read_events(&headers, body.text()?)?;
    let books = app.shelf.books(&app.db).await?;
    let window = TimeWindow { now: app.clock.now(), future_tolerance: app.config.future_tolerance };
    let surroundings = Surroundings { books: &books, customers: &app.customers, window, request: &request };
    let answered = ingest(&app.db, surroundings, &events).await?;
    let answer = answer(answered);
    let taken = answer.accepted.saturating_add(answer.duplicates);
    let left = answer.conflicts.saturating_add(answer.refused);
    tracing::info!(%request, taken, left, "events");
    if left == 0 {
        Ok(Json(answer).into_response())
    } else if taken == 0 {
        Err(none_taken(&answer))
    } else {
        Ok((StatusCode::MULTI_STATUS, Json(answer)).into_response())
    }
}

/// One event or a list, as the content type says; plain JSON may be either.
fn read_events(headers: &HeaderMap, body: &str) -> Result<Vec<Box<RawValue>>, Problem> {
    let full = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("application/json");
    let kind = full.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_list = match kind.as_str() {
        "application/cloudevents+json" => false,
        "application/cloudevents-batch+json" => true,
        "application/json" => body.trim_start().starts_with('['),
        _ => {
            let allowed = "application/cloudevents+json, application/cloudevents-batch+json or application/json";
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-content-type",
                "Not a CloudEvent",
            )
            .detail(format!("the content type is {kind}; send {allowed}")));
        }
    };
    if is_list {
        serde_json::from_str(body).map_err(|error| bad_json(&error))
    } else {
        serde_json::from_str(body).map(|event| vec![event]).map_err(|error| bad_json(&error))
    }
}

fn answer(answered: Vec<Answered>) -> IngestAnswer {
    let count = |status| move |event: &&EventAnswer| event.status == status;
    let events: Vec<EventAnswer> = answered.into_iter().enumerate().map(event_answer).collect();
    IngestAnswer {
        accepted: events.iter().filter(count(EventStatus::Accepted)).count(),
        duplicates: events.iter().filter(count(EventStatus::Duplicate)).count(),
        conflicts: events.iter().filter(count(EventStatus::Conflict)).count(),
        refused: events.iter().filter(count(EventStatus::Refused)).count(),
        events,
    }
}

fn event_answer((index, Answered { id, outcome }): (usize, Answered)) -> EventAnswer {
    let plain = |status| EventAnswer { index, id: id.clone(), status, code: None, pointer: None, detail: None };
    match outcome {
        Outcome::Accepted => plain(EventStatus::Accepted),
        Outcome::Duplicate => plain(EventStatus::Duplicate),
        Outcome::Conflict => EventAnswer {
            code: Some("conflict"),
            pointer: Some("/id".to_owned()),
            detail: Some(CONFLICT_DETAIL.to_owned()),
            ..plain(EventStatus::Conflict)
        },
        Outcome::Refused(problem) => EventAnswer {
            code: Some(problem.code()),
            pointer: Some(problem.pointer()),
            detail: Some(problem.to_string()),
            ..plain(EventStatus::Refused)
        },
    }
}

fn none_taken(answer: &IngestAnswer) -> Problem {
    let detail = match answer.events.as_slice() {
        [only] => only.detail.clone().unwrap_or_default(),
        _ => "no event of the request was taken; each says why".to_owned(),
    };
    Problem::unprocessable("events-not-taken", "No event was taken")
        .detail(detail)
        .with("accepted", json!(answer.accepted))
        .with("duplicates", json!(answer.duplicates))
        .with("conflicts", json!(answer.conflicts))
        .with("refused", json!(answer.refused))
        .with("events", json!(answer.events))
}

/// A CloudEvent 1.0 in structured form, as it is needed here.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[expect(dead_code, reason = "it describes the request in the API's document; events are read one by one")]
pub struct CloudEvent {
    /// Always `1.0`.
    #[schema(example = "1.0")]
    specversion: String,
    /// Unique within the source; with it the event's identity.
    #[schema(min_length = 1, max_length = 255, example = "7f3a-1")]
    id: String,
    /// Who reports it.
    #[schema(min_length = 1, max_length = 255, example = "/gateways/shanghai-1")]
    source: String,
    /// What kind of event it is; meters select by it.
    #[serde(rename = "type")]
    #[schema(min_length = 1, max_length = 255, example = "api.call")]
    kind: String,
    /// The customer.
    #[schema(min_length = 1, max_length = 200, example = "acme")]
    subject: String,
    /// When it happened, with an offset.
    #[schema(format = DateTime, example = "2026-12-01T08:30:00+08:00")]
    time: String,
    /// Its fields. Decimals are strings.
    #[schema(example = json!({"api": "maps", "bytes": "2048"}))]
    data: std::collections::BTreeMap<String, serde_json::Value>,
}

/// Which refused events are wanted.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RefusedQuery {
    /// Of this customer; of all where none is named.
    customer: Option<String>,
    /// At most so many, 1 to 1000; 100 where nothing is said.
    limit: Option<u32>,
}

/// An event that was put aside.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RefusedEvent {
    /// Its subject, as far as it could be read.
    customer: String,
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    received_at: engine::period::Instant,
    /// The request it came in.
    request: String,
    /// Its place in the request.
    index: i64,
    /// Why, as a stable word.
    code: String,
    /// Why, in a sentence.
    detail: String,
    /// The event as it was sent.
    body: String,
}

/// Lists events that were put aside, latest first, for repair.
#[utoipa::path(
    get, path = "/v1/refused-events", tag = "usage",
    params(RefusedQuery),
    responses(
        (status = 200, description = "The events", body = Vec<RefusedEvent>),
        (status = 400, description = "The query cannot be read", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No operator's token", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []))
)]
pub async fn refused(
    State(app): State<App>,
    _: Operator,
    Asked(query): Asked<RefusedQuery>,
) -> Result<Json<Vec<RefusedEvent>>, Problem> {
    let customer = query.customer.as_deref().map(customer_id).transpose()?;
    let limit = query.limit.unwrap_or(100).clamp(1, 1000);
    let rows = store::refused(&app.db, customer.as_ref(), limit).await?;
    Ok(Json(rows.into_iter().map(RefusedEvent::from).collect()))
}

impl From<store::RefusedRow> for RefusedEvent {
    fn from(row: store::RefusedRow) -> Self {
        let store::RefusedRow { customer, received_at, request, position, code, detail, body } = row;
        Self { customer, received_at, request, index: position, code, detail, body }
    }
}
