//! `GET /v1/customers/{id}/usage`: what a customer used in a month, and what it would cost.

use axum::Json;
use axum::extract::State;
use engine::period::{Instant, Month, Period};
use engine::rating::{Rated, rate};
use engine::usage::Usage;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::flow::{MeteringError, Terms, current, terms, terms_now};
use crate::app::App;
use crate::customers::flow::remembered;
use crate::error::Problem;
use crate::request::{Asked, Named, Reader, customer_id};

/// Which month is wanted.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UsageQuery {
    /// The month as `YYYY-MM`; the current one in the book's zone where nothing is said.
    #[param(value_type = Option<String>)]
    month: Option<Month>,
}

/// What a customer used in a month, and what it would cost if the month ended now.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsageAnswer {
    /// The customer.
    customer: String,
    /// The month.
    #[schema(value_type = String)]
    month: Month,
    /// The month as a half-open stretch of time.
    #[schema(value_type = crate::openapi::shapes::PeriodShape)]
    period: Period,
    /// The instant this is true for.
    #[schema(value_type = String, format = DateTime)]
    as_of: Instant,
    /// The plan it is priced by.
    plan: String,
    /// How many events there are, also those that no meter selects.
    events: i64,
    /// The quantity of each meter.
    #[schema(value_type = Vec<crate::openapi::shapes::MeterUsageShape>)]
    usage: Usage,
    /// The bill so far, with every step.
    #[schema(value_type = crate::openapi::shapes::BillShape)]
    so_far: Rated,
}

/// Tells what a customer used in a month and what it costs so far.
#[utoipa::path(
    get, path = "/v1/customers/{id}/usage", tag = "usage",
    params(("id" = String, Path, description = "The customer"), UsageQuery),
    responses(
        (status = 200, description = "Counted now", body = UsageAnswer),
        (status = 400, description = "The query cannot be read", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No token, or a key that is unknown or has ended", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope usage:read, or belongs to another customer", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such customer", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "No plan applies, or the usage cannot be priced", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 429, description = "The key is used too fast; Retry-After says when to try again", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []), ("api_key" = []))
)]
pub async fn usage(
    State(app): State<App>,
    reader: Reader,
    Named(id): Named,
    Asked(query): Asked<UsageQuery>,
) -> Result<Json<UsageAnswer>, Problem> {
    let id = customer_id(&id)?;
    reader.may_read(&id)?;
    let versions = app.db.versions().await?;
    let customer = remembered(&app, versions, &id).await?;
    // Asked after the customer, who may have been put on a plan of a book that was published a moment ago.
    let books = app.shelf.books(&app.db).await?;
    let now = app.clock.now();
    let (terms, month) = match query.month {
        Some(month) => (terms(&books, &customer, month)?, month),
        None => terms_now(&books, &customer, now)?,
    };
    let counted = current(&app, &customer.id, &terms).await?;
    let Terms { book, plan, period, .. } = terms;
    let so_far = rate(&book, plan.as_str(), &counted.usage).map_err(MeteringError::Rate)?;
    Ok(Json(UsageAnswer {
        customer: id.into(),
        month,
        period,
        as_of: now,
        plan: plan.into(),
        events: counted.events,
        usage: counted.usage,
        so_far,
    }))
}

impl From<MeteringError> for Problem {
    fn from(error: MeteringError) -> Self {
        let detail = error.to_string();
        match error {
            MeteringError::Meter(_) => Self::unprocessable("events-not-countable", "The events cannot be counted"),
            MeteringError::Rate(_) => Self::unprocessable("not-priced", "The usage cannot be priced"),
            MeteringError::NoPlan { .. } | MeteringError::SeveralDefaults { .. } => {
                Self::unprocessable("no-plan", "No plan applies")
            }
            MeteringError::NotInForce { .. } => Self::unprocessable("no-book", "No price book was in force"),
            MeteringError::Dropped(_) => Self::unprocessable("month-dropped", "The events are no longer stored"),
            MeteringError::Month(_) => Self::unprocessable("bad-month", "Not a month"),
            MeteringError::Db(error) => return error.into(),
        }
        .detail(detail)
    }
}
