//! `POST /v1/books` publishes a price book, `GET /v1/books` lists what is published.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use engine::period::Instant;
use serde::Serialize;
use utoipa::ToSchema;

use super::flow::{Published, publish};
use super::store::{self, BookRow};
use crate::app::App;
use crate::error::Problem;
use crate::request::{Body, Operator};

/// A published version of a book.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BookAnswer {
    /// The book.
    id: String,
    /// Its version.
    version: String,
    /// The digest of its canonical form.
    digest: String,
    /// The first day it is in force.
    #[schema(value_type = String, format = Date)]
    effective: chrono::NaiveDate,
    /// When it was published.
    #[schema(value_type = String, format = DateTime)]
    published_at: Instant,
}

impl From<BookRow> for BookAnswer {
    fn from(row: BookRow) -> Self {
        let BookRow { id, version, digest, effective, published_at } = row;
        Self { id, version, digest, effective, published_at }
    }
}

/// Publishes a price book. Publishing the same book again changes nothing.
#[utoipa::path(
    post, path = "/v1/books", tag = "books",
    request_body(content = String, content_type = "application/toml", description = "The book as TOML"),
    responses(
        (status = 200, description = "The same book was published before", body = BookAnswer),
        (status = 201, description = "It is published", body = BookAnswer),
        (status = 400, description = "The body is not UTF-8", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No operator's token", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The version or its first day is taken, its zone is another one, or a month it would price is billed", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The book has mistakes; `problems` lists all of them with line and column", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []))
)]
pub async fn add(State(app): State<App>, _: Operator, body: Body) -> Result<Response, Problem> {
    match publish(&app.db, body.text()?, app.clock.now()).await? {
        Published::New(row) => Ok((StatusCode::CREATED, Json(BookAnswer::from(row))).into_response()),
        Published::Before(row) => Ok(Json(BookAnswer::from(row)).into_response()),
    }
}

/// Lists every published version of every book.
#[utoipa::path(
    get, path = "/v1/books", tag = "books",
    responses(
        (status = 200, description = "By id and first day", body = Vec<BookAnswer>),
        (status = 401, description = "No operator's token", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []))
)]
pub async fn list(State(app): State<App>, _: Operator) -> Result<Json<Vec<BookAnswer>>, Problem> {
    let rows = store::list(&app.db).await?;
    Ok(Json(rows.into_iter().map(BookAnswer::from).collect()))
}
