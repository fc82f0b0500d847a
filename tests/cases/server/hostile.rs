//! Input that somebody made to break things: odd numbers, times, names and keys. Each is refused by name or kept as it is.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Value, json};
use server::Config;
use tempfile::TempDir;

use super::api::{Api, BOOK, config, event};

const TIME: &str = "2026-12-01T08:30:00+08:00";

/// The code of the refusal of the event's text, in a list of one.
async fn code(api: &Api, text: &str) -> String {
    let answer = api.post("/v1/events", format!("[{text}]")).await.json();
    answer["events"][0]["code"].as_str().unwrap_or_else(|| panic!("{text}: {answer}")).to_owned()
}

fn with_time(time: &str) -> String {
    event("t", "acme", TIME).to_string().replace(&format!("\"{TIME}\""), time)
}

#[tokio::test]
async fn times_that_are_no_instant_are_refused() {
    let api = Api::new().await;
    for time in ["1764549000", "1764549000000", "1764549000.5", "null", "true", "{}"] {
        let expected = if time == "null" { "missing_attribute" } else { "attribute_not_text" };
        assert_eq!(code(&api, &with_time(time)).await, expected, "{time}");
    }
    for time in [
        "1764549000",
        "2026-12-01T08:30:00",
        "2026-12-01T08:30:00 Asia/Shanghai",
        "2026-12-01T08:30:00+25:00",
        "2026-12-01T08:30:00+0800",
        "2026-12-01T24:00:00Z",
        "2026-12-01T08:60:00Z",
        "2026-12-01T08:30:61Z",
        "2026-02-29T00:00:00Z",
        "2026-12-01T08:30:00,5Z",
        "02026-12-01T08:30:00Z",
        "2026-12-01",
        "now",
    ] {
        assert_eq!(code(&api, &with_time(&format!("\"{time}\""))).await, "bad_time", "{time}");
    }
}

#[tokio::test]
async fn a_leap_second_belongs_to_the_minute_that_it_ends() {
    let api = Api::new().await;
    // The last second of November in UTC; in Shanghai it is December already.
    let accepted = api.post("/v1/events", with_time("\"2026-11-30T23:59:60Z\"")).await;
    assert_eq!(accepted.status, StatusCode::OK, "{}", accepted.text());
    let same = api.post("/v1/events", with_time("\"2026-11-30T23:59:59.999999Z\"")).await;
    assert_eq!(same.json()["duplicates"], 1, "{}", same.text());
}

#[tokio::test]
async fn numbers_that_are_no_decimals_are_refused() {
    let api = Api::new().await;
    let with = |bytes: &str| event("n", "acme", TIME).to_string().replace("\"1000\"", bytes);
    for (bytes, expected) in [
        ("\"NaN\"", "field_not_decimal"),
        ("\"Infinity\"", "field_not_decimal"),
        ("\"1e400\"", "field_not_decimal"),
        ("1e5", "field_not_decimal"),
        ("1.5", "field_not_decimal"),
        ("\"0x10\"", "field_not_decimal"),
        ("\"1,000\"", "field_not_decimal"),
        ("\" 1\"", "field_not_decimal"),
        ("\"１\"", "field_not_decimal"),
        ("null", "field_missing"),
        ("1e400", "not_readable"),
    ] {
        let found = code(&api, &with(bytes)).await;
        // Whether null is missing or no decimal is the engine's word; it is never counted.
        let is_null = bytes == "null" && found == "field_not_decimal";
        assert!(found == expected || is_null, "{bytes}: {found}");
    }
    assert_eq!(api.post("/v1/events", with("NaN")).await.status, StatusCode::BAD_REQUEST, "it is no JSON");
}

#[tokio::test]
async fn keys_that_stand_twice_are_refused_at_any_depth_and_in_any_spelling() {
    let api = Api::new().await;
    let text = event("1", "acme", TIME).to_string();
    for (from, to) in [
        ("\"id\":\"1\"", "\"id\":\"1\",\"id\":\"1\""),
        ("\"id\":\"1\"", "\"id\":\"1\",\"\\u0069d\":\"2\""),
        ("\"api\":\"maps\"", "\"api\":\"maps\",\"api\":\"maps\""),
        ("\"api\":\"maps\"", "\"a\":[{\"b\":1,\"b\":2}],\"api\":\"maps\""),
        ("\"id\":\"1\"", "\"ext\":1,\"ext\":1,\"id\":\"1\""),
    ] {
        assert_eq!(code(&api, &text.replace(from, to)).await, "repeated_key", "{to}");
    }
    assert_eq!(api.get("/v1/customers").await.json(), json!([]), "nobody was made up for them");
}

#[tokio::test]
async fn names_with_quotes_and_sql_are_kept_as_they_are() {
    let api = Api::new().await;
    let nasty =
        ["'; DROP TABLE events; --", "\"quoted\"", "$1", "%s", "\\", "${jndi:x}", "<script>", "日本", "a\u{202e}b"];
    for (number, name) in nasty.iter().enumerate() {
        let mut event = event(&format!("{number} {name}"), "acme", TIME);
        event["source"] = json!(name);
        event["data"][name] = json!(name);
        event["data"]["api"] = json!(name);
        let reply = api.events(&event).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
        assert_eq!(api.events(&event).await.json()["duplicates"], 1);
    }
    let usage = api.get("/v1/customers/acme/usage").await.json();
    let groups = usage["usage"][0]["groups"].as_array().unwrap();
    let found: std::collections::BTreeSet<&str> = groups.iter().map(|one| one["key"][0].as_str().unwrap()).collect();
    assert_eq!(found, nasty.into_iter().collect());
}

#[tokio::test]
async fn ten_thousand_values_and_names_are_counted_each() {
    let api = Api::new().await;
    let named = |number: u32| {
        let mut event = event(&number.to_string(), "acme", TIME);
        event["data"]["api"] = json!(format!("value-{number}"));
        event["data"][format!("name-{number}")] = json!("1");
        event
    };
    for start in [0, 5000] {
        let batch: Value = (start..start + 5000).map(named).collect();
        assert_eq!(api.events(&batch).await.json()["accepted"], 5000);
    }
    let usage = api.get("/v1/customers/acme/usage").await.json();
    assert_eq!(usage["usage"][0]["groups"].as_array().unwrap().len(), 10_000);
    assert_eq!(usage["usage"][1]["quantity"], "10000000");
}

#[tokio::test]
async fn an_event_of_10_000_attributes_or_of_endless_depth_is_refused() {
    let api = Api::new().await;
    let mut wide = event("1", "acme", TIME);
    for number in 0..10_000 {
        wide[format!("x{number}")] = json!(1);
    }
    assert_eq!(code(&api, &wide.to_string()).await, "not_readable");
    let deep =
        event("1", "acme", TIME).to_string().replace("\"maps\"", &format!("{}1{}", "[".repeat(200), "]".repeat(200)));
    // Whether the list or the event in it is refused, it is by name.
    let reply = api.post("/v1/events", deep).await;
    assert!(reply.status.is_client_error(), "{}", reply.text());
}

#[tokio::test]
async fn the_operator_says_how_old_an_event_may_be() {
    let folder = TempDir::new().unwrap();
    let config = Config { oldest: Some(TimeDelta::days(14)), ..config(&folder) };
    let api = Api::with(folder, config).await;
    api.post("/v1/books", BOOK).await;
    // The clock says 2026-12-15T07:00:00Z.
    let at = api.post("/v1/events", with_time("\"2026-12-01T07:00:00Z\"")).await;
    assert_eq!(at.status, StatusCode::OK, "{}", at.text());
    let before = api.post("/v1/events", with_time("\"2026-12-01T06:59:59.999999Z\"")).await.json();
    assert_eq!(before["events"][0]["code"], "time_too_old");
    assert!(before["detail"].as_str().unwrap().contains("2026-12-01T07:00:00+00:00"), "{before}");
}
