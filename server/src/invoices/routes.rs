//! `GET /v1/invoices`, and one invoice or correction as JSON or as PDF.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use engine::period::{Instant, Month};
use engine::text::Lang;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::flow::{self, InvoiceError, read_number};
use super::pdf::{PdfError, said_pdf};
use super::store::{self, Filter, InvoiceRow};
use crate::app::App;
use crate::error::Problem;
use crate::request::{Asked, Named, Operator, customer_id};

/// An invoice, or a correction of one, in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InvoiceAnswer {
    /// Its number.
    number: u64,
    /// Its number as it is printed.
    #[schema(example = "INV-00000042")]
    name: String,
    /// Who is billed.
    customer: String,
    /// For which month.
    #[schema(value_type = String)]
    month: Month,
    /// `invoice`, or what a correction asks for: `supplement`, `credit_note` or `restatement`.
    kind: &'static str,
    /// The number of the invoice that it corrects, if it is a correction.
    #[serde(skip_serializing_if = "Option::is_none")]
    corrects: Option<u64>,
    /// The currency of the total.
    currency: String,
    /// The total, a decimal; by how much it differs, if it is a correction, so that totals of a month add up.
    total: String,
    /// How many events it was made from.
    events: i64,
    /// When it was issued.
    #[schema(value_type = String, format = DateTime)]
    issued_at: Instant,
}

impl From<InvoiceRow> for InvoiceAnswer {
    fn from(row: InvoiceRow) -> Self {
        Self {
            number: row.number.0,
            name: row.number.to_string(),
            customer: row.customer.into(),
            month: row.month,
            kind: row.kind.word(),
            corrects: row.corrects.map(|number| number.0),
            currency: row.currency,
            total: row.total,
            events: row.events,
            issued_at: row.issued_at,
        }
    }
}

/// Which invoices are wanted.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InvoicesQuery {
    /// Of this customer.
    customer: Option<String>,
    /// Of this month, `YYYY-MM`.
    #[param(value_type = Option<String>)]
    month: Option<Month>,
    /// With a number above this one.
    after: Option<u64>,
    /// At most so many, 1 to 1000; 100 where nothing is said.
    limit: Option<u32>,
}

/// Lists invoices and corrections by number.
#[utoipa::path(
    get, path = "/v1/invoices", tag = "invoices",
    params(InvoicesQuery),
    responses(
        (status = 200, description = "A page of invoices; ask for those after the last one", body = Vec<InvoiceAnswer>),
        (status = 400, description = "The query cannot be read", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No operator's token", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []))
)]
pub async fn list(
    State(app): State<App>,
    _: Operator,
    Asked(query): Asked<InvoicesQuery>,
) -> Result<Json<Vec<InvoiceAnswer>>, Problem> {
    let filter = Filter {
        customer: query.customer.as_deref().map(customer_id).transpose()?,
        month: query.month,
        after: query.after.unwrap_or(0),
        limit: query.limit.unwrap_or(100).clamp(1, 1000),
    };
    let rows = store::list(&app.db, &filter).await?;
    Ok(Json(rows.into_iter().map(InvoiceAnswer::from).collect()))
}

/// Gives an invoice or a correction exactly as it was issued; its digest is in the header `Digest-Of-Issue`.
#[utoipa::path(
    get, path = "/v1/invoices/{number}", tag = "invoices",
    params(("number" = String, Path, description = "42 or INV-00000042")),
    responses(
        (status = 200, description = "The bytes of the day it was issued", body = crate::openapi::shapes::DocumentShape),
        (status = 400, description = "Not a number", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No operator's token", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such invoice", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []))
)]
pub async fn one(State(app): State<App>, _: Operator, Named(number): Named) -> Result<Response, Problem> {
    let document = flow::document(&app.db, read_number(&number)?).await?;
    let mut response = ([(header::CONTENT_TYPE, "application/json")], document.json).into_response();
    if let Ok(digest) = HeaderValue::from_str(&document.sha256) {
        response.headers_mut().insert("digest-of-issue", digest);
    }
    Ok(response)
}

/// In which language an invoice is wanted.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PdfQuery {
    /// `zh` or `en`; `zh` where nothing is said.
    #[param(value_type = Option<String>)]
    lang: Option<Lang>,
}

/// Gives an invoice or a correction as PDF.
#[utoipa::path(
    get, path = "/v1/invoices/{number}/pdf", tag = "invoices",
    params(("number" = String, Path, description = "42 or INV-00000042"), PdfQuery),
    responses(
        (status = 200, description = "The PDF", body = Vec<u8>, content_type = "application/pdf"),
        (status = 400, description = "Not a number, or not a language", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No operator's token", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such invoice", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 501, description = "The server has no font with Chinese glyphs", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []))
)]
pub async fn print(
    State(app): State<App>,
    _: Operator,
    Named(number): Named,
    Asked(query): Asked<PdfQuery>,
) -> Result<Response, Problem> {
    let number = read_number(&number)?;
    let said = flow::said(&app.db, number).await?;
    let seller = flow::seller(&app.db, number).await?;
    let name = number.to_string();
    let lang = query.lang.unwrap_or(Lang::Zh);
    let parts = app.clone();
    let printed = tokio::task::spawn_blocking(move || said_pdf(&said, (&seller, &parts.fonts), lang)).await;
    let bytes = printed.map_err(|error| Problem::internal(&error))??;
    let disposition = format!("inline; filename=\"{name}.pdf\"");
    Ok(([(header::CONTENT_TYPE, "application/pdf".to_owned()), (header::CONTENT_DISPOSITION, disposition)], bytes)
        .into_response())
}

impl From<InvoiceError> for Problem {
    fn from(error: InvoiceError) -> Self {
        let detail = error.to_string();
        match error {
            InvoiceError::Unknown(_) => Self::not_found(detail),
            InvoiceError::BadNumber(_) => Self::bad_request(detail),
            InvoiceError::Damaged(_) => Self::internal(&error),
            InvoiceError::Db(error) => error.into(),
        }
    }
}

impl From<PdfError> for Problem {
    fn from(error: PdfError) -> Self {
        match &error {
            PdfError::Fonts(_) => {
                Self::new(axum::http::StatusCode::NOT_IMPLEMENTED, "no-fonts", "A font is missing on the server")
                    .detail(error.to_string())
            }
            PdfError::Template(_) | PdfError::Data(_) => Self::internal(&error),
        }
    }
}
