//! Accepted events that bring no money are reported with their reason.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::api::{Api, BOOK, event};
use super::world::World;

crate::on_both! {
    events_without_a_meter_or_a_price_leak
}

const TIME: &str = "2026-12-10T00:00:00Z";

fn of_kind(id: &str, customer: &str, kind: &str) -> Value {
    let mut event = event(id, customer, TIME);
    event["type"] = json!(kind);
    event
}

async fn leaks(api: &Api) -> Value {
    api.get("/v1/leaks?month=2026-12").await.json()
}

async fn events_without_a_meter_or_a_price_leak(World { api, .. }: World) {
    let put = json!({ "assignment": { "book": "shop", "plan": "secret", "since": "2026-12" } });
    assert!(api.put("/v1/customers/flat", put).await.status.is_success());
    let mut late = of_kind("4", "acme", "unknown");
    late["time"] = json!("2026-12-12T00:00:00Z");
    let mut voided = of_kind("5", "acme", "unknown");
    voided["time"] = json!("2026-12-13T00:00:00Z");
    let mut voids = voided.clone();
    (voids["id"], voids["voids"]) = (json!("6"), json!("5"));
    let all = json!([
        event("1", "acme", TIME),
        of_kind("3", "acme", "unknown"),
        late,
        voided,
        event("2", "flat", TIME),
        // November and January in Shanghai.
        event("7", "flat", "2026-11-30T15:59:59Z"),
        // December in Shanghai.
        event("8", "flat", "2026-11-30T16:00:00Z"),
    ]);
    assert_eq!(api.events(&all).await.status, StatusCode::OK);
    assert_eq!(api.events(&voids).await.status, StatusCode::OK);
    let expected = json!({
        "month": "2026-12",
        "events": 5,
        "left_out": 0,
        "leaks": [
            {
                "customer": "acme", "type": "unknown", "reason": "no_meter", "events": 2,
                "first": "2026-12-10T00:00:00Z", "last": "2026-12-12T00:00:00Z",
                "example_source": "/test", "example_id": "3",
            },
            {
                "customer": "flat", "type": "api.call", "reason": "not_priced", "events": 2,
                "first": "2026-11-30T16:00:00Z", "last": "2026-12-10T00:00:00Z",
                "example_source": "/test", "example_id": "8",
            },
        ],
    });
    assert_eq!(leaks(&api).await, expected);
    assert_eq!(api.get("/v1/leaks").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_filter_decides_event_by_event() {
    let api = Api::empty().await;
    let book = BOOK.replace("event = \"api.call\"", "event = \"api.call\"\nwhere = { api = \"maps\" }");
    assert_eq!(api.post("/v1/books", book).await.status, StatusCode::CREATED);
    let mut other = event("2", "acme", TIME);
    other["data"]["api"] = json!("search");
    api.events(&json!([event("1", "acme", TIME), other])).await;
    let found = leaks(&api).await;
    assert_eq!((&found["events"], found["leaks"].as_array().unwrap().len()), (&json!(2), 1), "{found}");
    assert_eq!((&found["leaks"][0]["reason"], &found["leaks"][0]["example_id"]), (&json!("no_meter"), &json!("2")));
}

#[tokio::test]
async fn a_customer_on_no_plan_leaks_everything() {
    let api = Api::empty().await;
    let book = BOOK.replace("default_plan = \"basic\"\n", "");
    assert_eq!(api.post("/v1/books", book).await.status, StatusCode::CREATED);
    api.events(&event("1", "acme", TIME)).await;
    let found = leaks(&api).await;
    assert_eq!((&found["leaks"][0]["reason"], &found["leaks"][0]["events"]), (&json!("no_plan"), &json!(1)), "{found}");
}
