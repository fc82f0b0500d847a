//! `GET /v1/sources`: how every source of usage does.

use axum::Json;
use axum::extract::State;
use engine::period::Instant;
use serde::Serialize;
use utoipa::ToSchema;

use super::flow::{self, Source};
use crate::app::App;
use crate::db::{DbError, from_us};
use crate::error::Problem;
use crate::request::Operator;

/// Events of a source that came to something.
#[derive(Debug, Serialize, ToSchema)]
pub struct SourceCounts {
    /// New events.
    accepted: i64,
    /// Events that were there already.
    duplicates: i64,
    /// Events that contradict one that is there, and changes that could not be made.
    conflicts: i64,
    /// Events that were put aside, conflicts among them.
    refused: i64,
}

/// Whether a source is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Heartbeat {
    /// It was heard within the setting `source_silent_minutes`.
    Alive,
    /// It was not.
    Silent,
}

/// Batches that did not arrive.
#[derive(Debug, Serialize, ToSchema)]
pub struct Gap {
    /// The first one.
    first: i64,
    /// The last one.
    last: i64,
}

/// How far our clock is ahead of a source's clock when its requests arrive, in microseconds; the way of the request is in it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Skew {
    /// Of the last request.
    last_us: i64,
    /// The least so far.
    min_us: i64,
    /// The most so far.
    max_us: i64,
}

/// How a source does.
#[derive(Debug, Serialize, ToSchema)]
pub struct SourceAnswer {
    /// Its name; empty for events whose source could not be read.
    source: String,
    /// Whether it is heard.
    heartbeat: Heartbeat,
    /// When it was first heard; left out where nothing of it was ever taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    first_at: Option<Instant>,
    /// When it was last heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    last_at: Option<Instant>,
    /// Its events of today (UTC).
    today: SourceCounts,
    /// All of its events.
    total: SourceCounts,
    /// The furthest that the time of an event was ahead of our clock, in microseconds; negative where all were behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    furthest_ahead_us: Option<i64>,
    /// How its clock goes, if it sends the header `Ratecard-Sent-At`.
    #[serde(skip_serializing_if = "Option::is_none")]
    skew: Option<Skew>,
    /// The highest number of a batch that arrived, if it sends the header `Ratecard-Batch`.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_batch: Option<i64>,
    /// Batches that did not arrive; the first 100 gaps.
    gaps: Vec<Gap>,
    /// How many batches are missing in all.
    missing_batches: i64,
}

impl TryFrom<Source> for SourceAnswer {
    type Error = DbError;

    fn try_from(source: Source) -> Result<Self, DbError> {
        let totals = source.totals.as_ref();
        let (refused_today, refused) = source.refused;
        Ok(Self {
            heartbeat: if source.is_silent { Heartbeat::Silent } else { Heartbeat::Alive },
            first_at: source.first_us.map(from_us).transpose()?,
            last_at: source.last_us.map(from_us).transpose()?,
            today: SourceCounts {
                accepted: totals.map_or(0, |totals| totals.accepted_today),
                duplicates: totals.map_or(0, |totals| totals.duplicates_today),
                conflicts: totals.map_or(0, |totals| totals.conflicts_today),
                refused: refused_today,
            },
            total: SourceCounts {
                accepted: totals.map_or(0, |totals| totals.accepted),
                duplicates: totals.map_or(0, |totals| totals.duplicates),
                conflicts: totals.map_or(0, |totals| totals.conflicts),
                refused,
            },
            furthest_ahead_us: totals.and_then(|totals| totals.skew_us),
            skew: source.report.and_then(|report| report.skew_us).map(|(last_us, min_us, max_us)| Skew {
                last_us,
                min_us,
                max_us,
            }),
            last_batch: source.last_batch,
            gaps: source.gaps.into_iter().map(|(first, last)| Gap { first, last }).collect(),
            missing_batches: source.missing,
            source: source.source,
        })
    }
}

/// Tells how every source does: heartbeat, counts, clock, missing batches.
#[utoipa::path(
    get, path = "/v1/sources", tag = "sources",
    responses(
        (status = 200, description = "By name", body = Vec<SourceAnswer>),
        (status = 401, description = "No operator's token", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []))
)]
pub async fn list(State(app): State<App>, _: Operator) -> Result<Json<Vec<SourceAnswer>>, Problem> {
    let sources = flow::sources(&app.db, (app.clock.now(), app.config.source_silent)).await?;
    Ok(Json(sources.into_iter().map(SourceAnswer::try_from).collect::<Result<_, _>>()?))
}
