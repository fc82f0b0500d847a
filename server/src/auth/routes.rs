//! `POST /v1/customers/{id}/links`: a link through which a customer sees their own usage.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::period::Instant;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::flow::{LINK_DAYS, LinkError, create};
use crate::app::App;
use crate::error::Problem;
use crate::request::{Body, Named, Operator, customer_id};

/// How long a link is to last.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkBody {
    /// Days, 1 to 366; 90 where nothing is said.
    days: Option<u32>,
}

/// A new link. Its token is told once.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LinkAnswer {
    /// To be sent as `Authorization: Bearer TOKEN`.
    token: String,
    /// The page that uses it, on this server.
    #[schema(example = "/trial.html#TOKEN")]
    page: String,
    /// From when on it shows nothing.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Instant,
}

/// Makes a link through which a customer sees their own usage.
#[utoipa::path(
    post, path = "/v1/customers/{id}/links", tag = "customers",
    params(("id" = String, Path, description = "The customer")),
    request_body(content = LinkBody, description = "May be left out"),
    responses(
        (status = 201, description = "The link; its token is told only now", body = LinkAnswer),
        (status = 400, description = "The body cannot be read", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No operator's token", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such customer", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Not a possible number of days", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []))
)]
pub async fn add_link(State(app): State<App>, _: Operator, Named(id): Named, body: Body) -> Result<Response, Problem> {
    let id = customer_id(&id)?;
    let body = if body.0.is_empty() { LinkBody::default() } else { body.json()? };
    let link = create(&app.db, &id, body.days.unwrap_or(LINK_DAYS), app.clock.now()).await?;
    let page = format!("/trial.html#{}", link.token);
    let answer = LinkAnswer { token: link.token, page, expires_at: link.expires_at };
    // No cache on the way may keep the token.
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}

impl From<LinkError> for Problem {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Days(_) => Self::unprocessable("bad-days", "Not a possible duration").detail(error.to_string()),
            LinkError::Customer(error) => error.into(),
            LinkError::Random(error) => Self::internal(&error),
            LinkError::Db(error) => error.into(),
        }
    }
}
