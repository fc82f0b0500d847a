//! `/v1/audit/{day}`: a day's books against what is stored, and closing the day.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::NaiveDate;
use engine::period::{Instant, parse_date};
use serde::Serialize;
use utoipa::ToSchema;

use super::flow::{Audit, AuditError, AuditLine, audit, close};
use crate::app::App;
use crate::error::Problem;
use crate::request::{Named, Operator};

/// A day's audit.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditAnswer {
    /// The day (UTC) on which events were received.
    #[schema(value_type = String, format = Date)]
    day: NaiveDate,
    /// Whether books, store, quarantine and, if the day is closed, its closed figures agree.
    equal: bool,
    /// By source.
    sources: Vec<AuditLine>,
    /// What is stored and cannot be read; then nothing can be said about what is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable: Option<String>,
    /// How the day was closed; left out while it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<ClosedAnswer>,
}

/// How a day was closed.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClosedAnswer {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Instant,
    /// By whom.
    by: String,
    /// SHA-256 of the day and its figures.
    #[schema(example = "sha256:…")]
    digest: String,
    /// Whether the figures still have this digest.
    intact: bool,
}

impl From<Audit> for AuditAnswer {
    fn from(audit: Audit) -> Self {
        let equal = audit.is_equal();
        let intact = audit.closed_intact;
        let closed =
            audit.closed.map(|closed| ClosedAnswer { at: closed.at, by: closed.by, digest: closed.digest, intact });
        Self { day: audit.day, equal, sources: audit.lines, unreadable: audit.unreadable, closed }
    }
}

/// Holds a day's books against what is stored, source by source. Reads every stored event.
#[utoipa::path(
    get, path = "/v1/audit/{day}", tag = "sources",
    params(("day" = String, Path, description = "The day (UTC) on which events were received, YYYY-MM-DD", example = "2026-12-15")),
    responses(
        (status = 200, description = "The audit; `equal` says whether all agrees", body = AuditAnswer),
        (status = 400, description = "Not a day", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No operator's token", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "Events of that day keep arriving", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []))
)]
pub async fn show(State(app): State<App>, _: Operator, Named(day): Named) -> Result<Json<AuditAnswer>, Problem> {
    Ok(Json(audit(&app.db, day_of(&day)?).await?.into()))
}

/// Closes a day that is over and whose books equal what is stored. Closing it again changes nothing.
#[utoipa::path(
    post, path = "/v1/audit/{day}/close", tag = "sources",
    params(("day" = String, Path, description = "The day (UTC), YYYY-MM-DD", example = "2026-12-15")),
    responses(
        (status = 200, description = "The day is closed", body = AuditAnswer),
        (status = 400, description = "Not a day", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No operator's token", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The day is not over, or its books do not equal what is stored", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []))
)]
pub async fn shut(State(app): State<App>, _: Operator, Named(day): Named) -> Result<Json<AuditAnswer>, Problem> {
    let day = day_of(&day)?;
    Ok(Json(close(&app.db, day, ("operator", app.clock.now())).await?.into()))
}

fn day_of(text: &str) -> Result<NaiveDate, Problem> {
    parse_date(text).ok_or_else(|| Problem::bad_request(format!("\"{text}\" is no day; write YYYY-MM-DD")))
}

impl From<AuditError> for Problem {
    fn from(error: AuditError) -> Self {
        let detail = error.to_string();
        match error {
            AuditError::Moving(_) => {
                Self::new(StatusCode::CONFLICT, "day-moving", "The day is not still").detail(detail)
            }
            AuditError::NotOver { .. } => {
                Self::new(StatusCode::CONFLICT, "day-not-over", "The day is not over").detail(detail)
            }
            AuditError::NotEqual(_) => {
                Self::new(StatusCode::CONFLICT, "day-not-equal", "Books and store differ").detail(detail)
            }
            AuditError::Calendar(_) => Self::bad_request(detail),
            AuditError::Db(error) => error.into(),
        }
    }
}
