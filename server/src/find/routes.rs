//! Events over HTTP: those of a customer, those behind the line of an invoice, and how many there were when. As a page of
//! JSON, or all of them as NDJSON or CSV in a stream.

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use engine::Book;
use engine::ids::{CustomerId, PlanId};
use engine::period::Instant;
use futures_util::stream::try_unfold;
use ledger::Place;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::flow::{Choice, FindError, of_customer, page, profile};
use super::line::of_line;
use super::question::{Format, PAGE_MAX, Question, QuestionError, Step, cursor};
use super::sheet::{Csv, EventRow, lines};
use crate::app::App;
use crate::db::{DbError, from_us};
use crate::error::Problem;
use crate::invoices::flow::read_number;
use crate::request::{Asked, Named, Operator, Reader, Viewer, customer_id};

/// Which events are wanted, and how.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventsParams {
    /// From this time on, RFC 3339.
    #[param(format = DateTime)]
    pub from: Option<String>,
    /// To before this time.
    #[param(format = DateTime)]
    pub to: Option<String>,
    /// The second that this time is in, instead of from and to.
    #[param(example = "2026-11-02T10:00:03Z")]
    pub at: Option<String>,
    /// Only what this meter of the customer's book counts.
    pub meter: Option<String>,
    /// Only of this type.
    #[param(rename = "type")]
    pub kind: Option<String>,
    /// Only of this source.
    pub source: Option<String>,
    /// Only with this value in this field of the data, for instance where.status=500. Named twice: one value or the other.
    #[param(rename = "where.{field}")]
    pub fields: Option<String>,
    /// At most so many; a page as JSON has 100 where nothing is said, and 1000 at most.
    pub limit: Option<u64>,
    /// Only what comes after the `next` of an earlier page.
    pub after: Option<String>,
    /// `json` (a page), `ndjson` or `csv` (all); what the header Accept names where nothing is said.
    pub format: Option<String>,
    /// The fields that get a column of their own in CSV, with commas between; those of the first events where nothing is said.
    pub columns: Option<String>,
}

/// Of the groups of a line only one.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct GroupParams {
    /// Only the events of this group of the line's meter; one value for each thing that the meter is grouped by, in order.
    pub group: Option<Vec<String>>,
}

/// Which events are counted, and in which steps.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ProfileParams {
    /// `second`, `minute`, `hour` (where nothing is said) or `day` of 24 hours; steps begin at `from`.
    pub per: Option<String>,
    /// From this time on, RFC 3339.
    #[param(format = DateTime)]
    pub from: Option<String>,
    /// To before this time.
    #[param(format = DateTime)]
    pub to: Option<String>,
    /// The second that this time is in, instead of from and to.
    pub at: Option<String>,
    /// Only what this meter of the customer's book counts.
    pub meter: Option<String>,
    /// Only of this type.
    #[param(rename = "type")]
    pub kind: Option<String>,
    /// Only of this source.
    pub source: Option<String>,
    /// Only with this value in this field of the data.
    #[param(rename = "where.{field}")]
    pub fields: Option<String>,
}

/// A page of events in the order of time, source and id.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventsAnswer {
    /// The events.
    events: Vec<EventRow>,
    /// Asks for the next page as `after`; null where there is none.
    next: Option<String>,
}

/// How many events there were when.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProfileAnswer {
    /// How long a step is: `second`, `minute`, `hour` or `day`.
    per: String,
    /// The beginning of the first step.
    #[schema(value_type = String, format = DateTime)]
    from: Instant,
    /// Where the last one ends at the latest.
    #[schema(value_type = String, format = DateTime)]
    to: Instant,
    /// In all.
    events: u64,
    /// The steps that have events.
    steps: Vec<StepAnswer>,
}

/// A step of time.
#[derive(Debug, Serialize, ToSchema)]
pub struct StepAnswer {
    /// When it begins.
    #[schema(value_type = String, format = DateTime)]
    start: Instant,
    /// How many events there were in it.
    events: u64,
}

type Pairs = Asked<Vec<(String, String)>>;
type Line = Result<Path<(String, String)>, PathRejection>;

fn read(Asked(pairs): &Pairs) -> Result<Question, FindError> {
    Ok(Question::read(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))?)
}

fn whole(book: &Book, _: &PlanId) -> Book {
    book.clone()
}

fn view(book: &Book, plan: &PlanId) -> Book {
    book.view_for(std::slice::from_ref(plan)).book
}

async fn line_choice(
    app: &App,
    line: Line,
    (question, viewer): (&Question, Option<&CustomerId>),
) -> Result<Choice, Problem> {
    let Path((number, line)) = line.map_err(|error| Problem::bad_request(error.body_text()))?;
    Ok(of_line(app, (read_number(&number)?, &line), (question, viewer)).await?)
}

/// Finds a customer's events by time to the second, type, source, meter and any field of their data.
///
/// Events that were voided or amended are shown, with the event that did it.
#[utoipa::path(
    get, path = "/v1/customers/{id}/events", tag = "usage",
    params(("id" = String, Path, description = "The customer"), EventsParams),
    responses(
        (status = 200, description = "A page as JSON, or all as a stream of NDJSON or CSV", content(
            (EventsAnswer = "application/json"), (EventRow = "application/x-ndjson"), (String = "text/csv"))),
        (status = 400, description = "The question cannot be read", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No token, or a key that is unknown or has ended", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope usage:read, or belongs to another customer", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such customer", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "No such meter", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 429, description = "The key is used too fast; Retry-After says when to try again", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []), ("api_key" = []))
)]
pub async fn events(
    State(app): State<App>,
    reader: Reader,
    Named(id): Named,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    let id = customer_id(&id)?;
    reader.may_read(&id)?;
    let question = read(&pairs)?;
    let choice = of_customer(&app, &id, (&question, whole)).await?;
    answer(app, choice, (question, &headers)).await
}

/// Counts a customer's events in steps of time. Counts all that came in, also what was voided or amended later.
#[utoipa::path(
    get, path = "/v1/customers/{id}/events/profile", tag = "usage",
    params(("id" = String, Path, description = "The customer"), ProfileParams),
    responses(
        (status = 200, description = "The steps that have events", body = ProfileAnswer),
        (status = 400, description = "The question cannot be read", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No token, or a key that is unknown or has ended", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope usage:read, or belongs to another customer", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such customer", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "More than 100,000 steps, or no such meter", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 429, description = "The key is used too fast; Retry-After says when to try again", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []), ("api_key" = []))
)]
pub async fn events_profile(
    State(app): State<App>,
    reader: Reader,
    Named(id): Named,
    pairs: Pairs,
) -> Result<Json<ProfileAnswer>, Problem> {
    let id = customer_id(&id)?;
    reader.may_read(&id)?;
    let question = read(&pairs)?;
    let choice = of_customer(&app, &id, (&question, whole)).await?;
    Ok(Json(profile_answer(&app, &choice, &question).await?))
}

/// Finds the events behind a line of an invoice or a correction: counting them gives the line's quantity.
#[utoipa::path(
    get, path = "/v1/invoices/{number}/lines/{line}/events", tag = "invoices",
    params(
        ("number" = String, Path, description = "42 or INV-00000042"),
        ("line" = String, Path, description = "Its place in the document's `lines`, from 0"), EventsParams, GroupParams
    ),
    responses(
        (status = 200, description = "A page as JSON, or all as a stream of NDJSON or CSV", content(
            (EventsAnswer = "application/json"), (EventRow = "application/x-ndjson"), (String = "text/csv"))),
        (status = 400, description = "The question cannot be read", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No operator's token", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such invoice or line", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "No such meter", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []))
)]
pub async fn line_events(
    State(app): State<App>,
    _: Operator,
    line: Line,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    let question = read(&pairs)?;
    let choice = line_choice(&app, line, (&question, None)).await?;
    answer(app, choice, (question, &headers)).await
}

/// Counts the events behind a line of an invoice in steps of time; the whole period where no time is named.
#[utoipa::path(
    get, path = "/v1/invoices/{number}/lines/{line}/profile", tag = "invoices",
    params(
        ("number" = String, Path, description = "42 or INV-00000042"),
        ("line" = String, Path, description = "Its place in the document's `lines`, from 0"), ProfileParams, GroupParams
    ),
    responses(
        (status = 200, description = "The steps that have events", body = ProfileAnswer),
        (status = 400, description = "The question cannot be read", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No operator's token", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such invoice or line", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "More than 100,000 steps, or no such meter", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []))
)]
pub async fn line_profile(
    State(app): State<App>,
    _: Operator,
    line: Line,
    pairs: Pairs,
) -> Result<Json<ProfileAnswer>, Problem> {
    let question = read(&pairs)?;
    let choice = line_choice(&app, line, (&question, None)).await?;
    Ok(Json(profile_answer(&app, &choice, &question).await?))
}

/// Finds the customer's own events, as `GET /v1/customers/{id}/events` does.
#[utoipa::path(
    get, path = "/v1/trial/events", tag = "trial",
    params(EventsParams),
    responses(
        (status = 200, description = "A page as JSON, or all as a stream of NDJSON or CSV", content(
            (EventsAnswer = "application/json"), (EventRow = "application/x-ndjson"), (String = "text/csv"))),
        (status = 400, description = "The question cannot be read", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "The link is unknown or has expired", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "No such meter", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("viewing_link" = []))
)]
pub async fn own_events(
    State(app): State<App>,
    Viewer(id): Viewer,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    let question = read(&pairs)?;
    let choice = of_customer(&app, &id, (&question, view)).await?;
    answer(app, choice, (question, &headers)).await
}

/// Counts the customer's own events in steps of time.
#[utoipa::path(
    get, path = "/v1/trial/events/profile", tag = "trial",
    params(ProfileParams),
    responses(
        (status = 200, description = "The steps that have events", body = ProfileAnswer),
        (status = 400, description = "The question cannot be read", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "The link is unknown or has expired", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "More than 100,000 steps, or no such meter", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("viewing_link" = []))
)]
pub async fn own_profile(
    State(app): State<App>,
    Viewer(id): Viewer,
    pairs: Pairs,
) -> Result<Json<ProfileAnswer>, Problem> {
    let question = read(&pairs)?;
    let choice = of_customer(&app, &id, (&question, view)).await?;
    Ok(Json(profile_answer(&app, &choice, &question).await?))
}

/// Finds the events behind a line of one of the customer's own invoices.
#[utoipa::path(
    get, path = "/v1/trial/invoices/{number}/lines/{line}/events", tag = "trial",
    params(
        ("number" = String, Path, description = "42 or INV-00000042"),
        ("line" = String, Path, description = "Its place in the document's `lines`, from 0"), EventsParams, GroupParams
    ),
    responses(
        (status = 200, description = "A page as JSON, or all as a stream of NDJSON or CSV", content(
            (EventsAnswer = "application/json"), (EventRow = "application/x-ndjson"), (String = "text/csv"))),
        (status = 400, description = "The question cannot be read", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "The link is unknown or has expired", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such invoice of this customer, or no such line", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "No such meter", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("viewing_link" = []))
)]
pub async fn own_line_events(
    State(app): State<App>,
    Viewer(id): Viewer,
    line: Line,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    let question = read(&pairs)?;
    let choice = line_choice(&app, line, (&question, Some(&id))).await?;
    answer(app, choice, (question, &headers)).await
}

/// Counts the events behind a line of one of the customer's own invoices in steps of time.
#[utoipa::path(
    get, path = "/v1/trial/invoices/{number}/lines/{line}/profile", tag = "trial",
    params(
        ("number" = String, Path, description = "42 or INV-00000042"),
        ("line" = String, Path, description = "Its place in the document's `lines`, from 0"), ProfileParams, GroupParams
    ),
    responses(
        (status = 200, description = "The steps that have events", body = ProfileAnswer),
        (status = 400, description = "The question cannot be read", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "The link is unknown or has expired", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such invoice of this customer, or no such line", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "More than 100,000 steps, or no such meter", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("viewing_link" = []))
)]
pub async fn own_line_profile(
    State(app): State<App>,
    Viewer(id): Viewer,
    line: Line,
    pairs: Pairs,
) -> Result<Json<ProfileAnswer>, Problem> {
    let question = read(&pairs)?;
    let choice = line_choice(&app, line, (&question, Some(&id))).await?;
    Ok(Json(profile_answer(&app, &choice, &question).await?))
}

async fn profile_answer(app: &App, choice: &Choice, question: &Question) -> Result<ProfileAnswer, FindError> {
    let per = question.per.unwrap_or(Step::Hour);
    let counts = profile(&app.db, choice, per).await?;
    Ok(ProfileAnswer {
        per: per.to_string(),
        from: from_us(choice.start_us)?,
        to: from_us(choice.end_us)?,
        events: counts.values().fold(0_u64, |sum, events| sum.saturating_add(*events)),
        steps: counts.into_iter().map(|(start, events)| StepAnswer { start, events }).collect(),
    })
}

/// How events are written: as the address says, or else as the header Accept does.
fn wanted(question: &Question, headers: &HeaderMap) -> Format {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match question.format {
        Some(format) => format,
        None if accept.contains("text/csv") => Format::Csv,
        None if accept.contains("application/x-ndjson") => Format::Ndjson,
        None => Format::Json,
    }
}

async fn answer(app: App, choice: Choice, (question, headers): (Question, &HeaderMap)) -> Result<Response, Problem> {
    let (content_type, sheet) = match wanted(&question, headers) {
        Format::Json => {
            let limit = question.limit.unwrap_or(100);
            let found = page(&app.db, &choice, (question.after.as_ref(), limit)).await?;
            let events = found.events.into_iter().map(EventRow::from).collect();
            return Ok(Json(EventsAnswer { events, next: found.next.as_ref().map(cursor) }).into_response());
        }
        Format::Ndjson => ("application/x-ndjson", None),
        Format::Csv => ("text/csv; charset=utf-8", Some(Csv::new(question.columns))),
    };
    let left = question.limit.unwrap_or(usize::MAX);
    let mut export = Export { app, choice, sheet, next: Some(question.after), left };
    // The first part is there before the answer begins, so that a refusal is still a refusal.
    let first = export.part().await?.unwrap_or_default();
    let rest =
        try_unfold(
            export,
            |mut export| async move { Ok::<_, FindError>(export.part().await?.map(|part| (part, export))) },
        );
    let first = futures_util::stream::once(async move { Ok(first) });
    let body = Body::from_stream(futures_util::StreamExt::chain(first, rest));
    Ok(([(header::CONTENT_TYPE, content_type)], body).into_response())
}

/// All events of a choice on their way out, a page at a time.
struct Export {
    app: App,
    choice: Choice,
    /// CSV; one JSON object a line where there is none.
    sheet: Option<Csv>,
    /// After which place to go on; `None` where everything was written.
    next: Option<Option<Place>>,
    left: usize,
}

impl Export {
    async fn part(&mut self) -> Result<Option<Bytes>, FindError> {
        let Some(after) = self.next.take().filter(|_| self.left > 0) else { return Ok(None) };
        let found = page(&self.app.db, &self.choice, (after.as_ref(), self.left.min(PAGE_MAX))).await?;
        self.left = self.left.saturating_sub(found.events.len());
        self.next = found.next.map(Some);
        let rows: Vec<EventRow> = found.events.into_iter().map(EventRow::from).collect();
        let bytes = match &mut self.sheet {
            Some(sheet) => sheet.rows(&rows),
            None => lines(&rows),
        };
        Ok::<_, DbError>(Some(bytes?.into())).map_err(FindError::from)
    }
}

impl From<FindError> for Problem {
    fn from(error: FindError) -> Self {
        let detail = error.to_string();
        match error {
            FindError::Question(QuestionError::TooManySteps { .. }) => {
                Self::unprocessable("too-many-steps", "The profile has too many steps")
            }
            FindError::Question(_) => Self::new(StatusCode::BAD_REQUEST, "bad-question", "The question cannot be read"),
            FindError::UnknownMeter { .. } => Self::unprocessable("unknown-meter", "No such meter"),
            FindError::NoLine { .. } => return Self::not_found(detail),
            FindError::NoBook { .. } => Self::unprocessable("no-book", "The price book is not there"),
            FindError::Meter(_) => Self::unprocessable("events-not-countable", "The events cannot be counted"),
            FindError::Customer(error) => return error.into(),
            FindError::Metering(error) => return error.into(),
            FindError::Invoice(error) => return error.into(),
            FindError::Db(error) => return error.into(),
        }
        .detail(detail)
    }
}
