//! How sources do: heartbeat, counts, clock, numbered batches.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::api::{Api, TOKEN, event};
use super::world::World;

crate::on_both! {
    a_source_is_counted_and_falls_silent
    missing_batches_are_shown_until_they_arrive
    the_skew_of_a_clock_is_measured
}

const TIME: &str = "2026-12-15T06:59:00Z";

async fn sent(api: &Api, headers: &[(&str, &str)], body: &Value) -> StatusCode {
    let token = format!("Bearer {TOKEN}");
    let mut all = vec![("authorization", token.as_str()), ("content-type", "application/json")];
    all.extend(headers);
    api.send("POST", "/v1/events", &all, body.to_string()).await.status
}

async fn source(api: &Api, name: &str) -> Value {
    let list = api.get("/v1/sources").await.json();
    list.as_array().unwrap().iter().find(|source| source["source"] == name).cloned().unwrap_or(Value::Null)
}

async fn a_source_is_counted_and_falls_silent(World { api, clock, .. }: World) {
    api.events(&json!([event("1", "acme", TIME), event("2", "acme", TIME)])).await;
    clock.forward(TimeDelta::days(1));
    let mut conflict = event("1", "acme", TIME);
    conflict["type"] = json!("other");
    api.events(&json!([event("1", "acme", TIME), conflict, event("3", "acme", TIME), event("4", "acme", "?")])).await;
    let seen = source(&api, "/test").await;
    assert_eq!((&seen["first_at"], &seen["last_at"]), (&json!("2026-12-15T07:00:00Z"), &json!("2026-12-16T07:00:00Z")));
    assert_eq!(seen["today"], json!({ "accepted": 1, "duplicates": 1, "conflicts": 1, "refused": 2 }), "{seen}");
    assert_eq!(seen["total"], json!({ "accepted": 3, "duplicates": 1, "conflicts": 1, "refused": 2 }));
    // The first events happened a minute before they came.
    assert_eq!((&seen["furthest_ahead_us"], &seen["heartbeat"]), (&json!(-60_000_000), &json!("alive")));
    clock.forward(TimeDelta::minutes(60));
    assert_eq!(source(&api, "/test").await["heartbeat"], "alive", "60 minutes are not too long");
    clock.forward(TimeDelta::microseconds(1));
    assert_eq!(source(&api, "/test").await["heartbeat"], "silent");
}

async fn missing_batches_are_shown_until_they_arrive(World { api, .. }: World) {
    let mut id = 0;
    let mut batch = async |number: &str| {
        id += 1;
        let event = event(&id.to_string(), "acme", TIME);
        assert_eq!(sent(&api, &[("ratecard-source", "log"), ("ratecard-batch", number)], &event).await, StatusCode::OK);
        let seen = source(&api, "log").await;
        (seen["gaps"].clone(), seen["missing_batches"].as_i64().unwrap(), seen["last_batch"].as_i64().unwrap())
    };
    assert_eq!(batch("2").await, (json!([{ "first": 1, "last": 1 }]), 1, 2));
    assert_eq!(batch("1").await, (json!([]), 0, 2));
    assert_eq!(batch("2").await, (json!([]), 0, 2), "a repeated batch changes nothing");
    batch("4").await;
    let expected = json!([{ "first": 3, "last": 3 }, { "first": 5, "last": 6 }]);
    assert_eq!(batch("7").await, (expected, 3, 7));
    assert_eq!(batch("3").await, (json!([{ "first": 5, "last": 6 }]), 2, 7));
    batch("6").await;
    assert_eq!(batch("5").await, (json!([]), 0, 7));
    for nonsense in ["0", "-1", "x", "99999999999999999999"] {
        assert_eq!(batch(nonsense).await, (json!([]), 0, 7), "{nonsense}");
    }
}

async fn the_skew_of_a_clock_is_measured(World { api, .. }: World) {
    let event = event("1", "acme", TIME);
    // It is 07:00:00 here: 2 s behind us, 3 s ahead of us, the same time in another zone.
    for at in ["2026-12-15T06:59:58Z", "2026-12-15T07:00:03Z", "2026-12-15T15:00:00+08:00", "yesterday"] {
        sent(&api, &[("ratecard-source", "/test"), ("ratecard-sent-at", at)], &event).await;
    }
    let skew = json!({ "last_us": 0, "min_us": -3_000_000, "max_us": 2_000_000 });
    assert_eq!(source(&api, "/test").await["skew"], skew);
}

#[tokio::test]
async fn a_stream_is_a_batch_too_when_all_of_it_was_taken() {
    let World { api, .. } = World::sqlite().await;
    let token = format!("Bearer {TOKEN}");
    let lines = format!("{}\n{}\n", event("1", "acme", TIME), event("2", "acme", TIME));
    for (number, accept) in [("1", "application/json"), ("2", "application/x-ndjson")] {
        let headers = [
            ("authorization", token.as_str()),
            ("content-type", "application/x-ndjson"),
            ("accept", accept),
            ("ratecard-source", "/test"),
            ("ratecard-batch", number),
        ];
        assert_eq!(api.send("POST", "/v1/events", &headers, lines.clone()).await.status, StatusCode::OK);
        assert_eq!(source(&api, "/test").await["last_batch"].to_string(), number);
    }
}

#[tokio::test]
async fn a_key_speaks_for_its_own_sources_only() {
    let World { api, .. } = World::sqlite().await;
    let token = api.key(json!({ "name": "gateway", "sources": ["/test"] })).await;
    let token = format!("Bearer {token}");
    for name in ["/test", "/foreign"] {
        let headers = [
            ("authorization", token.as_str()),
            ("content-type", "application/json"),
            ("ratecard-source", name),
            ("ratecard-batch", "1"),
        ];
        api.send("POST", "/v1/events", &headers, event("1", "acme", TIME).to_string()).await;
    }
    assert_eq!(source(&api, "/test").await["last_batch"], 1);
    assert_eq!(source(&api, "/foreign").await, Value::Null);
}
