//! `GET /v1/leaks`: accepted events of a month that nothing prices.

use axum::Json;
use axum::extract::State;
use engine::period::{Instant, Month};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::flow::{Leak, Leaks, Reason, find};
use crate::app::App;
use crate::error::Problem;
use crate::request::{Asked, Operator};

/// Which month is wanted.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LeaksQuery {
    /// The month as `YYYY-MM`, in the zone of each customer's book.
    #[param(value_type = String, example = "2026-12")]
    month: Month,
}

/// What a month leaks.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeaksAnswer {
    /// The month.
    #[schema(value_type = String)]
    month: Month,
    /// How many events of the month were looked at.
    events: u64,
    /// By customer, type and reason; 10,000 at most.
    leaks: Vec<LeakAnswer>,
    /// How many leaking events found no place in the list.
    left_out: u64,
}

/// Events of a customer and a type that nothing prices, for one reason.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeakAnswer {
    /// The customer.
    customer: String,
    /// The type of the events.
    #[serde(rename = "type")]
    kind: String,
    /// Why nothing prices them.
    reason: Reason,
    /// How many there are.
    events: u64,
    /// When the earliest one happened.
    #[schema(value_type = String, format = DateTime)]
    first: Instant,
    /// When the latest one happened.
    #[schema(value_type = String, format = DateTime)]
    last: Instant,
    /// The source of the earliest one.
    example_source: String,
    /// The id of the earliest one.
    example_id: String,
}

impl From<Leak> for LeakAnswer {
    fn from(leak: Leak) -> Self {
        let Leak { customer, kind, reason, events, first, last, example: (example_source, example_id) } = leak;
        Self { customer, kind, reason, events, first, last, example_source, example_id }
    }
}

/// Reports accepted events of a month that no plan, no meter or no charge turns into money. Reads the month once.
#[utoipa::path(
    get, path = "/v1/leaks", tag = "sources",
    params(LeaksQuery),
    responses(
        (status = 200, description = "The report", body = LeaksAnswer),
        (status = 400, description = "The query cannot be read", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No operator's token", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []))
)]
pub async fn report(
    State(app): State<App>,
    _: Operator,
    Asked(LeaksQuery { month }): Asked<LeaksQuery>,
) -> Result<Json<LeaksAnswer>, Problem> {
    let books = app.shelf.books(&app.db).await?;
    let Leaks { leaks, events, left_out } = find(&app.db, &books, month).await?;
    Ok(Json(LeaksAnswer { month, events, leaks: leaks.into_iter().map(Into::into).collect(), left_out }))
}
