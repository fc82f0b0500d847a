//! `POST /v1/bill-runs`: bills a month; repeating it corrects what got late events and changes nothing else.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine::period::Month;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::flow::{BillError, BillRun, bill};
use crate::app::App;
use crate::corrections::flow::Corrected;
use crate::error::Problem;
use crate::invoices::store::Kind;
use crate::request::{Body, Operator};

/// Which month is to be billed.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BillBody {
    /// The month.
    #[schema(value_type = String, example = "2026-11")]
    month: Month,
}

/// What a bill run did.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BillAnswer {
    /// The month.
    #[schema(value_type = String)]
    month: Month,
    /// Invoices issued by this run.
    issued: u64,
    /// Invoices that were there before; they stay as they are.
    already_issued: u64,
    /// Customers without an assigned plan and without usage.
    nothing_to_bill: u64,
    /// Customers that could not be billed, and why.
    unbilled: Vec<UnbilledAnswer>,
    /// Corrections issued by this run, for events that came after their month's invoice.
    corrections: Vec<CorrectedAnswer>,
    /// Events that came after their month's invoice and are on no correction either.
    late: Vec<LateAnswer>,
}

/// A customer that could not be billed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UnbilledAnswer {
    /// Who.
    customer: String,
    /// Why, and what to do.
    reason: String,
}

/// A correction.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CorrectedAnswer {
    /// Whose.
    customer: String,
    /// Its number, in the row of the invoices.
    number: u64,
    /// The number as people write it.
    #[schema(example = "INV-00000043")]
    name: String,
    /// The number of the invoice that it corrects.
    corrects: u64,
    /// `supplement`, `credit_note` or `restatement`.
    kind: &'static str,
    /// By how much what is to be paid differs, a decimal; below zero where something is given back.
    difference: String,
    /// The currency of the difference.
    currency: &'static str,
}

/// Events that came too late.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LateAnswer {
    /// Whose.
    customer: String,
    /// The invoice they are not on.
    #[schema(example = "INV-00000042")]
    invoice: String,
    /// How many: events, and those that void or amend one.
    events: i64,
    /// Why there is no correction, and what to do.
    reason: String,
}

impl From<Corrected> for CorrectedAnswer {
    fn from(corrected: Corrected) -> Self {
        let Corrected { customer, number, corrects, kind, due, currency } = corrected;
        Self {
            customer: customer.into(),
            number: number.0,
            name: number.to_string(),
            corrects: corrects.0,
            kind: Kind::from(kind).word(),
            difference: due.difference.to_string(),
            currency: currency.code(),
        }
    }
}

impl From<BillRun> for BillAnswer {
    fn from(run: BillRun) -> Self {
        let unbilled = run.unbilled.into_iter();
        let late = run.corrections.late.into_iter();
        Self {
            month: run.month,
            issued: run.issued,
            already_issued: run.already,
            nothing_to_bill: run.nothing,
            unbilled: unbilled
                .map(|unbilled| UnbilledAnswer {
                    customer: unbilled.customer.into(),
                    reason: unbilled.reason.to_string(),
                })
                .collect(),
            corrections: run.corrections.corrected.into_iter().map(CorrectedAnswer::from).collect(),
            late: late
                .map(|late| LateAnswer {
                    customer: late.customer.into(),
                    invoice: late.number.to_string(),
                    events: late.events,
                    reason: late.reason.to_string(),
                })
                .collect(),
        }
    }
}

/// Bills a month. Customers that have their invoice keep it; repeat it after a stop, for those that could not be billed, and
/// for events that came late: these become corrections.
#[utoipa::path(
    post, path = "/v1/bill-runs", tag = "invoices",
    request_body = BillBody,
    responses(
        (status = 200, description = "What the run did", body = BillAnswer),
        (status = 400, description = "The body cannot be read", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No operator's token", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The month has not ended, or it still waits for late events", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "No book is published", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "The database is busy; run it again", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 507, description = "No room is left; run it again when there is", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []))
)]
pub async fn run(State(app): State<App>, _: Operator, body: Body) -> Result<(StatusCode, Json<BillAnswer>), Problem> {
    let BillBody { month } = body.json()?;
    // Its own task: a client that goes away does not stop it.
    let task = tokio::spawn(async move {
        let by = (&app.shelf, app.clock, &app.config);
        bill(&app.db, by, month, |_| {}).await
    });
    let run = task.await.map_err(|error| Problem::internal(&error))??;
    Ok((StatusCode::OK, Json(run.into())))
}

impl From<BillError> for Problem {
    fn from(error: BillError) -> Self {
        let detail = error.to_string();
        match error {
            BillError::NoBooks => Self::unprocessable("no-book", "No price book is published").detail(detail),
            BillError::NotEnded { .. } => {
                Self::new(StatusCode::CONFLICT, "month-not-ended", "The month has not ended").detail(detail)
            }
            BillError::InGrace { until, .. } => {
                Self::new(StatusCode::CONFLICT, "month-in-grace", "The month still waits for late events")
                    .detail(detail)
                    .with("until", until.to_rfc3339().into())
            }
            BillError::Month(_) => Self::unprocessable("bad-month", "Not a month").detail(detail),
            BillError::Db(error) => error.into(),
        }
    }
}
