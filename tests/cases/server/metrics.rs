//! The numbers for Prometheus: who may read them, and that they follow what happens.

use axum::body::Body;
use axum::http::StatusCode;
use serde_json::{Value, json};
use server::Config;
use tempfile::TempDir;

use super::api::{Api, config, event};

/// The value of a line, by its name and labels.
fn value<'p>(page: &'p str, name: &str) -> Option<&'p str> {
    page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
}

async fn page(api: &Api) -> String {
    let reply = api.get("/metrics").await;
    assert_eq!(reply.status, StatusCode::OK);
    assert!(reply.headers["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    reply.text()
}

#[tokio::test]
async fn events_commits_and_requests_are_counted() {
    let api = Api::new().await;
    let time = "2026-12-01T00:00:00Z";
    let mut same_id = event("1", "acme", time);
    same_id["data"]["bytes"] = json!("9");
    let events: Value = json!([event("1", "acme", time), event("2", "acme", time), event("1", "acme", time), same_id,
        { "specversion": "1.0", "id": "x" }]);
    assert_eq!(api.events(&events).await.status, StatusCode::MULTI_STATUS);
    let page = page(&api).await;
    let test = |outcome: &str| format!("ratecard_events_total{{source=\"/test\",outcome=\"{outcome}\"}}");
    assert_eq!(value(&page, &test("accepted")), Some("2"));
    assert_eq!(value(&page, &test("duplicate")), Some("1"));
    assert_eq!(value(&page, &test("conflict")), Some("1"));
    assert_eq!(value(&page, "ratecard_events_refused_total{reason=\"missing_attribute\"}"), Some("1"));
    assert_eq!(value(&page, "ratecard_unsorted_events"), Some("2"));
    assert_eq!(value(&page, "ratecard_commit_duration_seconds_count"), Some("1"));
    assert_eq!(value(&page, "ratecard_commit_events_sum"), Some("4.0"));
    assert_eq!(value(&page, "ratecard_commit_events_bucket{le=\"1.0\"}"), Some("0"));
    assert_eq!(value(&page, "ratecard_commit_events_bucket{le=\"10.0\"}"), Some("1"));
    assert_eq!(value(&page, "ratecard_table_rows{table=\"customers\"}"), Some("1"));
    let requests = "ratecard_http_requests_total{route=\"/v1/events\",method=\"POST\",status=\"2xx\"}";
    assert_eq!(value(&page, requests), Some("1"));
    assert_eq!(value(&page, "ratecard_http_request_duration_seconds_count{route=\"/v1/events\"}"), Some("1"));
    // 2026-12-15T07:00:00Z.
    assert_eq!(value(&page, "ratecard_process_start_time_seconds"), Some("1797318000.0"));
    assert!(value(&page, "ratecard_database_bytes").unwrap().parse::<u64>().unwrap() > 0);
    assert!(page.ends_with("# EOF\n"));
    assert!(!page.contains("acme"), "a label names a customer");
}

#[tokio::test]
async fn sorted_months_have_sizes() {
    let api = Api::new().await;
    api.events(&json!([event("1", "acme", "2026-11-01T00:00:00Z"), event("2", "acme", "2026-12-01T00:00:00Z")])).await;
    api.running.app.db.ledger().sort_all(super::api::NOW.parse().unwrap()).await.unwrap();
    let page = page(&api).await;
    assert_eq!(value(&page, "ratecard_stored_events{month=\"2026-11\"}"), Some("1"));
    assert_eq!(value(&page, "ratecard_stored_events{month=\"2026-12\"}"), Some("1"));
    assert_eq!(value(&page, "ratecard_segments{month=\"2026-12\"}"), Some("1"));
    assert_eq!(value(&page, "ratecard_unsorted_events"), Some("0"));
    assert_eq!(value(&page, "ratecard_sorted_events_total"), Some("2"));
    assert_eq!(value(&page, "ratecard_keys"), Some("2"));
}

#[tokio::test]
async fn a_source_with_quotes_and_line_breaks_stays_one_label() {
    let api = Api::new().await;
    let mut odd = event("1", "acme", "2026-12-01T00:00:00Z");
    odd["source"] = json!("a\"} 1 \\ b");
    assert_eq!(api.events(&odd).await.status, StatusCode::OK);
    let page = page(&api).await;
    let name = "ratecard_events_total{source=\"a\\\"} 1 \\\\ b\",outcome=\"accepted\"}";
    assert_eq!(value(&page, name), Some("1"));
}

#[tokio::test]
async fn only_the_operator_reads_the_numbers_unless_this_machine_may() {
    let api = Api::new().await;
    let key = api.key(json!({ "name": "k", "customer": "acme" })).await;
    let anonymous = api.send("GET", "/metrics", &[], Body::empty()).await;
    assert_eq!(anonymous.problem(), (401, "unauthorized".to_owned()));
    assert_eq!(api.get_by(&key, "/metrics").await.problem(), (403, "operator-only".to_owned()));
    let folder = TempDir::new().unwrap();
    let open = Config { metrics_open: true, ..config(&folder) };
    let api = Api::with(folder, open).await;
    assert_eq!(api.send("GET", "/metrics", &[], Body::empty()).await.status, StatusCode::OK);
    // Nothing else is open by that.
    assert_eq!(api.send("GET", "/v1/invoices", &[], Body::empty()).await.status, StatusCode::UNAUTHORIZED);
}
