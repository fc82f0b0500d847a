//! `POST /v1/events` and `GET /v1/refused-events`: CloudEvents in, an answer for each of them out.

use axum::Extension;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answers::{IngestAnswer, StreamAnswer, answer, none_taken};
use super::flow::{Surroundings, ingest};
use super::formats::{Format, events, wants_lines};
use super::read::{Allowed, TimeWindow};
use super::stream::{Stream, StreamLine};
use super::{encoding, store, stream};
use crate::app::App;
use crate::error::{Problem, RequestId};
use crate::request::{Asked, Operator, Sender, body_text, customer_id};
use crate::sources::flow::{Heard, heard};

/// Takes usage in as CloudEvents 1.0: one event, a list, or a stream of one event a line.
///
/// The customer is the event's `subject`. Decimals in `data` are strings, or whole JSON numbers. Sending an event again
/// is a success and counts nothing. All that is accepted is on disk when the answer comes. A stream
/// (`application/x-ndjson`, also `application/jsonl` and `application/cloudevents+ndjson`) is taken in as it comes,
/// about 1,000 lines at a time; with `Accept: application/x-ndjson` the result of each line is answered while the stream
/// goes on, and after the last one a line with the member `summary` and, if something ended the stream, `problem`. One
/// event may also come in binary form, its attributes as headers `ce-…`.
#[utoipa::path(
    post, path = "/v1/events", tag = "usage",
    params(
        ("Content-Encoding" = Option<String>, Header, description = "`gzip` or `zstd`"),
        ("Ratecard-Source" = Option<String>, Header, description = "The source that sends the request; with it the next two are followed, see `/v1/sources`"),
        ("Ratecard-Batch" = Option<i64>, Header, description = "The number of the source's batch: 1, 2, 3 and so on; a repeated request repeats its number"),
        ("Ratecard-Sent-At" = Option<String>, Header, description = "When the request was sent, by the sender's clock (RFC 3339)"),
        ("Idempotency-Key" = Option<String>, Header, description = "Gives the same answer to the same request for a day; not for streams, whose events count once anyway"),
    ),
    request_body(content(
        (CloudEvent = "application/cloudevents+json"),
        (Vec<CloudEvent> = "application/cloudevents-batch+json"),
        (CloudEvent = "application/json"),
        (CloudEvent = "application/x-ndjson"),
    ), description = "One CloudEvent, a list of them, or one a line"),
    responses(
        (status = 200, description = "All were accepted or there already; a stream is answered by counts and problems", content(
            (IngestAnswer = "application/json"),
            (StreamLine = "application/x-ndjson"),
        )),
        (status = 207, description = "Some were taken, others not; for a stream the members of StreamAnswer", body = TakenInPart),
        (status = 400, description = "The body is not JSON, or not in the coding that it says", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No token, or a key that is unknown or has ended", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope events:write", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "A request with this Idempotency-Key still runs", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large, counted after decompression, or has more events than the key may send at once", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 415, description = "The content type or encoding is none of those", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "None was taken (the problem has the members of the answer), or the Idempotency-Key belongs to another request", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 429, description = "The key is used too fast; Retry-After says when to try again", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "The database is busy; send it again", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 507, description = "No room is left; of a request that is no stream nothing was stored", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []), ("api_key" = []))
)]
pub async fn accept(
    State(app): State<App>,
    sender: Sender,
    Extension(RequestId(id)): Extension<RequestId>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let format = Format::of(&parts.headers)?;
    if format == Format::Lines {
        let body = encoding::Decoded::new(&parts.headers, body)?;
        let heard = Heard::of(&parts.headers, allowed(&sender), app.clock.now());
        let stream = Stream::new(app, (sender, id, heard), body);
        return if wants_lines(&parts.headers) { Ok(stream::answer_lines(stream)) } else { stream.answer().await };
    }
    let bytes = encoding::whole(&parts.headers, body, app.config.body_limit_bytes).await?;
    let events = events(format, &parts.headers, body_text(&bytes)?)?;
    if let Sender::Key(holder) = &sender {
        holder.take_events(events.len())?;
    }
    let versions = app.db.versions().await?;
    let books = app.shelf.books_at(&app.db, versions).await?;
    let surroundings = Surroundings {
        versions,
        books: &books,
        customers: &app.customers,
        window: window(&app),
        allowed: allowed(&sender),
        metrics: &app.metrics,
        request: &id,
    };
    let answer = answer(ingest(&app.db, surroundings, &events).await?);
    heard(&app.db, Heard::of(&parts.headers, surroundings.allowed, surroundings.window.now).as_ref()).await?;
    let taken = answer.accepted.saturating_add(answer.duplicates);
    let left = answer.conflicts.saturating_add(answer.refused);
    tracing::info!(request = %id, taken, left, "events");
    if left == 0 {
        Ok(Json(answer).into_response())
    } else if taken == 0 {
        Err(none_taken(&answer))
    } else {
        Ok((StatusCode::MULTI_STATUS, Json(answer)).into_response())
    }
}

/// Now, and how far from it events may be.
pub fn window(app: &App) -> TimeWindow {
    TimeWindow { now: app.clock.now(), future_tolerance: app.config.future_tolerance, oldest: app.config.oldest }
}

/// Whose events a sender may send.
pub fn allowed(sender: &Sender) -> Allowed<'_> {
    match sender {
        Sender::Operator => Allowed::default(),
        Sender::Key(holder) => {
            let order = &holder.key().order;
            Allowed { customer: order.customer.as_ref(), sources: &order.sources }
        }
    }
}

/// What a partly taken request is answered: a list by its events, a stream by its problems.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum TakenInPart {
    /// To a list.
    List(IngestAnswer),
    /// To a stream.
    Stream(StreamAnswer),
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
    /// The id of an earlier event of the same source, subject and time that is not to count.
    #[schema(min_length = 1, max_length = 255)]
    voids: Option<String>,
    /// The id of an earlier event of the same source, subject and time that this one replaces.
    #[schema(min_length = 1, max_length = 255)]
    amends: Option<String>,
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
