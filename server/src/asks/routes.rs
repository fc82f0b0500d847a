//! `POST /v1/engine`: hands the body to the engine and its answer back, byte for byte.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::wire::answer_json;

use crate::error::Problem;
use crate::request::{Body, Operator};

/// How a refusal of the engine begins; `refused` is always its first member.
const REFUSAL: &str = "{\"refused\":";

/// Asks the engine: check a book, rate, estimate, curve, quota or draft.
///
/// The answer is what `engine::wire` gives natively and in WebAssembly for the same body, to the byte. A refusal is not
/// wrapped into problem+json, so that it is the same everywhere too.
#[utoipa::path(
    post, path = "/v1/engine", tag = "engine",
    request_body(content = crate::openapi::shapes::AskShape, content_type = "application/json"),
    responses(
        (status = 200, description = "The engine's answer", body = serde_json::Value),
        (status = 400, description = "The body is not UTF-8", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No operator's token", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The engine's refusal, as it gives it", body = crate::openapi::shapes::RefusalShape),
    ),
    security(("operator" = []))
)]
pub async fn ask(_: Operator, body: Body) -> Result<Response, Problem> {
    let question = body.text()?.to_owned();
    let answered = tokio::task::spawn_blocking(move || answer_json(&question)).await;
    let answer = answered.map_err(|error| Problem::internal(&error))?;
    let status = if answer.starts_with(REFUSAL) { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok((status, [(header::CONTENT_TYPE, "application/json")], answer).into_response())
}
