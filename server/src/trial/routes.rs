//! `GET /v1/trial`, opened by a viewing link.

use axum::Json;
use axum::extract::State;
use engine::catalog::BookView;
use engine::ids::CustomerId;
use engine::period::{Instant, Month, Period};
use engine::usage::Usage;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::customers::flow::existing;
use crate::error::Problem;
use crate::metering::flow::{Terms, current, terms_now};
use crate::request::Viewer;

/// A customer's own figures, live.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrialAnswer {
    /// The customer.
    customer: String,
    /// What bills call them.
    name: String,
    /// The public plans of their book and their own.
    #[schema(value_type = crate::openapi::shapes::BookViewShape)]
    book: BookView,
    /// Their plan.
    pub(super) plan: String,
    /// The quantity of each meter this month.
    #[schema(value_type = Vec<crate::openapi::shapes::MeterUsageShape>)]
    pub(super) usage: Usage,
    /// This month, in the book's zone.
    #[schema(value_type = String)]
    pub(super) month: Month,
    /// The same as a half-open stretch of time.
    #[schema(value_type = crate::openapi::shapes::PeriodShape)]
    period: Period,
    /// The instant this is true for.
    #[schema(value_type = String, format = DateTime)]
    as_of: Instant,
}

/// Gives a customer their live figures, and the prices that apply to them.
#[utoipa::path(
    get, path = "/v1/trial", tag = "trial",
    responses(
        (status = 200, description = "Counted now", body = TrialAnswer),
        (status = 401, description = "The link is unknown or has expired", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "No plan applies", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("viewing_link" = []))
)]
pub async fn trial(State(app): State<App>, Viewer(id): Viewer) -> Result<Json<TrialAnswer>, Problem> {
    answer(&app, &id).await.map(Json)
}

/// A customer's figures now.
pub(super) async fn answer(app: &App, id: &CustomerId) -> Result<TrialAnswer, Problem> {
    let customer = existing(&app.db, id).await?;
    let books = app.shelf.books(&app.db).await?;
    let now = app.clock.now();
    let (terms, month) = terms_now(&books, &customer, now)?;
    let counted = current(app, &customer.id, &terms).await?;
    let Terms { book, plan, period, .. } = terms;
    let view = book.view_for(std::slice::from_ref(&plan));
    // What the view has no meter for is not the reader's to see.
    let shown: Vec<_> = counted.usage.0.into_iter().filter(|usage| view.book.meter(&usage.meter).is_some()).collect();
    Ok(TrialAnswer {
        customer: customer.id.to_string(),
        name: customer.display_name().to_owned(),
        book: view,
        plan: plan.into(),
        usage: Usage(shown),
        month,
        period,
        as_of: now,
    })
}
