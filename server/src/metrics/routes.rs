//! `GET /metrics`: the numbers as text, for the operator, or for this machine where the settings say so.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;
use sqlx::Row;

use super::snapshot::Snapshot;
use crate::app::App;
use crate::config::DatabasePlace;
use crate::db::{Db, DbError, to_us};
use crate::error::Problem;
use crate::request::Operator;

/// The right to read the numbers.
#[derive(Debug, Clone, Copy)]
pub struct Watcher;

impl FromRequestParts<App> for Watcher {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        if app.config.metrics_open && peer.is_some_and(|ConnectInfo(peer)| peer.ip().is_loopback()) {
            return Ok(Self);
        }
        Operator::from_request_parts(parts, app).await.map(|Operator| Self)
    }
}

/// Gives numbers about the server as OpenMetrics text, which Prometheus reads.
#[utoipa::path(
    get, path = "/metrics", tag = "public",
    responses(
        (status = 200, description = "The numbers", body = String, content_type = "application/openmetrics-text"),
        (status = 401, description = "No operator's token", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []))
)]
pub async fn metrics(State(app): State<App>, _: Watcher) -> Result<Response, Problem> {
    let snapshot = Snapshot {
        ledger: app.db.ledger().stats(),
        rows: rows(&app.db).await?,
        database_bytes: database_bytes(&app).await?,
        started_us: to_us(app.metrics.started_at),
    };
    let mut now = Registry::with_prefix("ratecard");
    now.register_collector(Box::new(snapshot));
    let mut page = String::new();
    let written = text::encode_registry(&mut page, &app.metrics.registry).and_then(|()| text::encode(&mut page, &now));
    written.map_err(|error| Problem::internal(&error))?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")], page).into_response())
}

async fn rows(db: &Db) -> Result<BTreeMap<&'static str, i64>, DbError> {
    let tables = [
        ("customers", "SELECT COUNT(*) FROM customers"),
        ("invoices", "SELECT COUNT(*) FROM invoices"),
        ("refused_events", "SELECT COUNT(*) FROM refused_events"),
    ];
    let mut rows = BTreeMap::new();
    for (table, select) in tables {
        rows.insert(table, sqlx::query(select).fetch_one(db.pool()).await?.try_get(0)?);
    }
    Ok(rows)
}

async fn database_bytes(app: &App) -> Result<i64, DbError> {
    let select = match app.config.database {
        DatabasePlace::Sqlite(_) => "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
        DatabasePlace::Postgres(_) => "SELECT pg_database_size(current_database())",
    };
    Ok(sqlx::query(select).fetch_one(app.db.pool()).await?.try_get(0)?)
}
