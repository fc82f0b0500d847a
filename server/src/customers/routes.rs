//! `GET /v1/customers` and `PUT /v1/customers/{id}`.

use axum::Json;
use axum::extract::State;
use engine::ids::{BookId, PlanId};
use engine::period::{Instant, Month};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::flow::{self, Details};
use super::store::{self, Customer};
use crate::app::App;
use crate::error::Problem;
use crate::request::{Asked, Body, Named, Operator, customer_id};

/// A customer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CustomerAnswer {
    /// The id that events name as their subject.
    id: String,
    /// What bills call them.
    name: String,
    /// The book they are billed by, if they were given a plan.
    book: Option<String>,
    /// Their plan in that book.
    plan: Option<String>,
    /// The first month that is billed even without usage.
    since: Option<String>,
    /// When we first heard of them.
    #[schema(value_type = String, format = DateTime)]
    created_at: Instant,
}

impl From<Customer> for CustomerAnswer {
    fn from(customer: Customer) -> Self {
        let assignment = customer.assignment.as_ref();
        Self {
            name: customer.display_name().to_owned(),
            book: assignment.map(|assignment| assignment.book.to_string()),
            plan: assignment.map(|assignment| assignment.plan.to_string()),
            since: assignment.map(|assignment| assignment.since.to_string()),
            created_at: customer.created_at,
            id: customer.id.into(),
        }
    }
}

/// Which customers are wanted.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CustomersQuery {
    /// Those after this id; from the first one where nothing is said.
    after: Option<String>,
    /// At most so many, 1 to 1000; 100 where nothing is said.
    limit: Option<u32>,
}

/// Lists customers by id.
#[utoipa::path(
    get, path = "/v1/customers", tag = "customers",
    params(CustomersQuery),
    responses(
        (status = 200, description = "A page of customers; ask for those after the last one", body = Vec<CustomerAnswer>),
        (status = 400, description = "The query cannot be read", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No operator's token", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []))
)]
pub async fn list(
    State(app): State<App>,
    _: Operator,
    Asked(query): Asked<CustomersQuery>,
) -> Result<Json<Vec<CustomerAnswer>>, Problem> {
    let after = query.after.unwrap_or_default();
    let page = store::page(&app.db, &after, query.limit.unwrap_or(100).clamp(1, 1000)).await?;
    Ok(Json(page.into_iter().map(CustomerAnswer::from).collect()))
}

/// What is said about a customer. What is left out is taken away.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerBody {
    /// What bills call them; the id where nothing is said.
    #[schema(example = "上海示例科技有限公司")]
    name: Option<String>,
    /// The book and the plan they are on; without it, books with a default plan apply.
    assignment: Option<AssignmentBody>,
}

/// A plan for a customer.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignmentBody {
    /// A published book; the version is always the one in force.
    #[schema(value_type = String, example = "acme-api")]
    book: BookId,
    /// A plan of that book.
    #[schema(value_type = String, example = "starter")]
    plan: PlanId,
    /// The first month that is billed even without usage; the current one where nothing is said.
    #[schema(value_type = Option<String>, example = "2026-12")]
    since: Option<Month>,
}

/// Names a customer and puts them on a plan.
#[utoipa::path(
    put, path = "/v1/customers/{id}", tag = "customers",
    params(("id" = String, Path, description = "The customer")),
    request_body = CustomerBody,
    responses(
        (status = 200, description = "As it is now", body = CustomerAnswer),
        (status = 400, description = "The body or the id cannot be read", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No operator's token", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "Another plan from a month on that has not begun", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "No such book or plan", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []))
)]
pub async fn put(
    State(app): State<App>,
    _: Operator,
    Named(id): Named,
    body: Body,
) -> Result<Json<CustomerAnswer>, Problem> {
    let id = customer_id(&id)?;
    let body: CustomerBody = body.json()?;
    let since = body.assignment.as_ref().and_then(|assignment| assignment.since);
    let plan = body.assignment.map(|assignment| (assignment.book, assignment.plan));
    let details = Details { name: body.name, plan, since };
    let books = app.shelf.books(&app.db).await?;
    let customer = flow::put(&app.db, &books, (&id, &details), app.clock.now()).await?;
    Ok(Json(customer.into()))
}
