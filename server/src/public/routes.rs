//! `GET /books/index.json`, `GET /books/{id}.json`, `GET /healthz`, `GET /openapi.json`: no token needed.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use engine::Book;
use serde::Serialize;
use utoipa::ToSchema;

use super::flow::{Index, entry, view_json};
use crate::app::App;
use crate::db::DbError;
use crate::error::Problem;
use crate::request::Named;

/// The public books that are in force.
async fn current(app: &App) -> Result<Vec<Arc<Book>>, DbError> {
    let books = app.shelf.books(&app.db).await?;
    let now = app.clock.now();
    Ok(books.ids().iter().filter_map(|id| books.in_force_now(id, now)).cloned().collect())
}

/// Lists the books that have public plans, in the version that is in force.
#[utoipa::path(
    get, path = "/books/index.json", tag = "public",
    responses((status = 200, description = "The books", body = Index)),
    security(())
)]
pub async fn index(State(app): State<App>) -> Result<Response, Problem> {
    let books = current(&app).await?.iter().filter_map(|book| entry(book)).collect();
    Ok(([(header::CACHE_CONTROL, "no-cache")], Json(Index { books })).into_response())
}

/// Gives the public view of a book.
#[utoipa::path(
    get, path = "/books/{file}", tag = "public",
    params(("file" = String, Path, description = "A file of the index, for instance acme-api.json")),
    responses(
        (status = 200, description = "Its public plans and what they need", body = crate::openapi::shapes::BookViewShape),
        (status = 404, description = "No such book", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(())
)]
pub async fn book(State(app): State<App>, Named(file): Named) -> Result<Response, Problem> {
    let books = current(&app).await?;
    let wanted = |book: &&Arc<Book>| entry(book).is_some_and(|entry| entry.file == file);
    let missing = || Problem::not_found(format!("there is no public book {file}; /books/index.json lists them"));
    let book = books.iter().find(wanted).ok_or_else(missing)?;
    let view = view_json(book).map_err(|error| Problem::internal(&error))?;
    Ok(([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")], view).into_response())
}

/// How the server is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Health {
    /// Always `ok`; otherwise the answer is a problem.
    #[schema(example = "ok")]
    status: &'static str,
    /// The version of Ratecard.
    version: &'static str,
}

/// Says whether the server and its database answer.
#[utoipa::path(
    get, path = "/healthz", tag = "public",
    responses(
        (status = 200, description = "They do", body = Health),
        (status = 503, description = "The database is busy", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(())
)]
pub async fn health(State(app): State<App>) -> Result<Json<Health>, Problem> {
    crate::books::store::list(&app.db).await?;
    Ok(Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") }))
}

/// Gives this document.
#[utoipa::path(
    get, path = "/openapi.json", tag = "public",
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value)),
    security(())
)]
pub async fn openapi() -> Result<Response, Problem> {
    let document = crate::openapi::json().map_err(|error| Problem::internal(&error))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], document).into_response())
}
