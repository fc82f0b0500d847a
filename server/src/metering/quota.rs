//! `GET /v1/customers/{id}/quota`: may this customer go on? For gateways, which ask before they serve.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, header};
use engine::ids::MeterId;
use engine::period::Instant;
use engine::quantity::Quantity;
use engine::quota::quota;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::flow::{MeteringError, terms_now, warm};
use crate::app::App;
use crate::customers::flow::lately;
use crate::error::Problem;
use crate::request::{Asked, Named, Reader, customer_id};

/// Which meter is asked for.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct QuotaQuery {
    /// The meter that counts the calls which the gateway serves.
    #[param(value_type = String)]
    meter: MeterId,
}

/// Whether a customer may go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuotaAnswer {
    /// The customer.
    customer: String,
    /// The meter.
    meter: String,
    /// Whether more may be served: always on plans that bill what is beyond the quota, until it is used up on trial plans.
    allowed: bool,
    /// Why.
    reason: QuotaReason,
    /// Free units left in this period; absent where the plan includes none of this meter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    left: Option<Quantity>,
    /// Free units of the period.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    included: Option<Quantity>,
    /// When the quota begins anew: the end of the period.
    #[schema(value_type = String, format = DateTime)]
    resets_at: Instant,
    /// When this was answered.
    #[schema(value_type = String, format = DateTime)]
    as_of: Instant,
    /// Whether this server has not heard from its database for two seconds. The answer then rests on what it knew last.
    stale: bool,
}

/// Why a customer may go on, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuotaReason {
    /// Free units are left.
    WithinQuota,
    /// None are left, and what comes is billed.
    Billed,
    /// None are left, and the plan is a trial that never bills.
    UsedUp,
    /// The plan has no free units of this meter.
    NoQuota,
}

/// Tells a gateway whether a customer may go on. Answered from memory: under a millisecond once the customer was asked for.
///
/// All events accepted by this server are counted, and plans and books written through it hold; what another server on the
/// same database has accepted or written follows within half a second. Where the database does not answer, the last known figures are used and `stale` is true; the gateway
/// decides what that is worth.
#[utoipa::path(
    get, path = "/v1/customers/{id}/quota", tag = "usage",
    params(("id" = String, Path, description = "The customer"), QuotaQuery),
    responses(
        (status = 200, description = "Whether more may be served", body = QuotaAnswer),
        (status = 400, description = "The query cannot be read", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No token, or a key that is unknown or has ended", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope usage:read, or belongs to another customer", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such customer or meter", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "No plan applies", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 429, description = "The key is used too fast; Retry-After says when to try again", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []), ("api_key" = []))
)]
pub async fn check(
    State(app): State<App>,
    reader: Reader,
    Named(id): Named,
    Asked(QuotaQuery { meter }): Asked<QuotaQuery>,
) -> Result<([(HeaderName, &'static str); 1], Json<QuotaAnswer>), Problem> {
    let id = customer_id(&id)?;
    reader.may_read(&id)?;
    let customer = lately(&app.db, &app.customers, &id).await?;
    let books = app.shelf.books_lately(&app.db).await?;
    let now = app.clock.now();
    let (terms, _) = terms_now(&books, &customer, now)?;
    if terms.book.meter(&meter).is_none() {
        let known: Vec<&str> = terms.book.meters.iter().map(|meter| meter.id.as_str()).collect();
        let detail = format!("book {} has no meter {meter}; it has {}", terms.book.id, known.join(", "));
        return Err(Problem::not_found(detail));
    }
    let counted = warm(&app, &customer.id, &terms).await?;
    let quota =
        quota(&terms.book, terms.plan.as_str(), &counted.usage, (terms.period, now)).map_err(MeteringError::Rate)?;
    let is_trial = terms.book.plans.iter().any(|plan| plan.id == terms.plan && plan.trial);
    // Where several charges include units of a meter, the fewest that are left decide.
    let item = quota.items.iter().filter(|item| item.meter == meter).min_by_key(|item| item.left);
    let reason = match item {
        None => QuotaReason::NoQuota,
        Some(item) if item.left > Quantity::ZERO => QuotaReason::WithinQuota,
        Some(_) if is_trial => QuotaReason::UsedUp,
        Some(_) => QuotaReason::Billed,
    };
    let answer = QuotaAnswer {
        customer: id.into(),
        meter: meter.to_string(),
        allowed: reason != QuotaReason::UsedUp,
        reason,
        left: item.map(|item| item.left),
        included: item.map(|item| item.included),
        resets_at: terms.period.end,
        as_of: now,
        stale: !app.counters.is_fresh(),
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(answer)))
}
