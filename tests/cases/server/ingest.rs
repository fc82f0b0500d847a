//! Usage over HTTP: what is accepted, what is there already, and why anything else is refused.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::api::{Api, TOKEN, event};

const TIME: &str = "2026-12-01T08:30:00+08:00";

fn with(name: &str, value: Value) -> Value {
    let mut event = event("x", "acme", TIME);
    event[name] = value;
    event
}

fn without(name: &str) -> Value {
    let mut event = event("x", "acme", TIME);
    event.as_object_mut().unwrap().remove(name);
    event
}

/// Sends one event and expects it to be refused with this code and place.
async fn refused(api: &Api, event: &Value, code: &str, pointer: &str) {
    let reply = api.events(event).await;
    let answer = reply.json();
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    assert_eq!(reply.headers["content-type"], "application/problem+json");
    assert_eq!(answer["type"], "urn:ratecard:problem:events-not-taken");
    assert_eq!((answer["refused"].as_u64(), answer["accepted"].as_u64()), (Some(1), Some(0)), "{answer}");
    let first = &answer["events"][0];
    assert_eq!((first["code"].as_str(), first["pointer"].as_str()), (Some(code), Some(pointer)), "{answer}");
    assert_eq!(answer["detail"], first["detail"]);
}

#[tokio::test]
async fn one_event_is_accepted_and_the_same_again_is_a_success() {
    let api = Api::new().await;
    let event = event("1", "acme", TIME);
    let first = api.events(&event).await;
    assert_eq!((first.status, first.json()["accepted"].as_u64()), (StatusCode::OK, Some(1)));
    let again = api.events(&event).await;
    assert_eq!((again.status, again.json()["events"][0]["status"].as_str()), (StatusCode::OK, Some("duplicate")));
    let usage = api.get("/v1/customers/acme/usage").await.json();
    assert_eq!((usage["events"].as_i64(), usage["usage"][0]["quantity"].as_str()), (Some(1), Some("1")));
}

#[tokio::test]
async fn order_of_keys_and_form_of_the_time_make_no_other_event() {
    let api = Api::new().await;
    api.events(&event("1", "acme", "2026-12-01T08:30:00+08:00")).await;
    let text = r#"{"data":{"bytes":"1000","api":"maps"},"time":"2026-12-01T00:30:00.000Z","subject":"acme",
        "type":"api.call","source":"/test","id":"1","specversion":"1.0"}"#;
    assert_eq!(api.post("/v1/events", text).await.json()["duplicates"], 1);
}

#[tokio::test]
async fn the_same_id_with_other_content_is_a_conflict_and_put_aside() {
    let api = Api::new().await;
    api.events(&event("1", "acme", TIME)).await;
    let mut other = event("1", "acme", TIME);
    other["data"]["bytes"] = json!("2000");
    let reply = api.events(&other).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(reply.json()["events"][0]["status"], "conflict");
    let aside = api.get("/v1/refused-events?customer=acme").await.json();
    assert_eq!((aside[0]["code"].as_str(), aside[1].is_null()), (Some("conflict"), true));
    assert!(aside[0]["body"].as_str().unwrap().contains("2000"));
    let usage = api.get("/v1/customers/acme/usage").await.json();
    assert_eq!(usage["usage"][1]["quantity"], "1000", "the first one stays");
}

#[tokio::test]
async fn a_mixed_list_takes_the_good_and_says_what_is_wrong_with_the_rest() {
    let api = Api::new().await;
    let list = json!([event("1", "acme", TIME), without("subject"), event("1", "acme", TIME), event("2", "b", TIME)]);
    let reply = api.events(&list).await;
    assert_eq!(reply.status, StatusCode::MULTI_STATUS);
    let answer = reply.json();
    let statuses: Vec<&str> = (0..4).map(|index| answer["events"][index]["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["accepted", "refused", "duplicate", "accepted"]);
    assert_eq!(answer["events"][1]["code"], "missing_attribute");
}

#[tokio::test]
async fn an_attribute_that_is_missing_is_named() {
    let api = Api::new().await;
    for name in ["specversion", "id", "source", "type", "subject", "time", "data"] {
        refused(&api, &without(name), "missing_attribute", &format!("/{name}")).await;
        refused(
            &api,
            &with(name, Value::Null),
            if name == "data" { "data_not_object" } else { "missing_attribute" },
            &format!("/{name}"),
        )
        .await;
    }
}

#[tokio::test]
async fn an_attribute_that_is_empty_too_long_or_no_text_is_named() {
    let api = Api::new().await;
    for name in ["id", "source", "type", "subject"] {
        let pointer = format!("/{name}");
        refused(&api, &with(name, json!("")), "empty_attribute", &pointer).await;
        refused(&api, &with(name, json!("x".repeat(256))), "attribute_too_long", &pointer).await;
        refused(&api, &with(name, json!(7)), "attribute_not_text", &pointer).await;
    }
    refused(&api, &with("subject", json!(" acme")), "bad_subject", "/subject").await;
    refused(&api, &with("specversion", json!("0.3")), "unsupported_specversion", "/specversion").await;
    refused(&api, &with("datacontenttype", json!("text/csv")), "unsupported_datacontenttype", "/datacontenttype").await;
}

#[tokio::test]
async fn control_characters_are_refused_by_name() {
    let api = Api::new().await;
    for name in ["id", "source", "type"] {
        for text in ["a\u{0}", "a\nb", "\u{7f}"] {
            refused(&api, &with(name, json!(text)), "control_character", &format!("/{name}")).await;
        }
    }
    for data in [json!({ "a": ["b\u{0}"] }), json!({ "a": { "\u{0}": 1 } })] {
        refused(&api, &with("data", data), "data_nul", "/data").await;
    }
}

#[tokio::test]
async fn a_time_without_offset_in_2099_or_before_2000_is_refused() {
    let api = Api::new().await;
    for text in ["2026-12-01T08:30:00", "2026-12-01", "yesterday", "2026-13-01T00:00:00Z"] {
        refused(&api, &with("time", json!(text)), "bad_time", "/time").await;
    }
    refused(&api, &with("time", json!("2099-01-01T00:00:00Z")), "time_in_future", "/time").await;
    refused(&api, &with("time", json!("1999-12-31T23:59:59Z")), "time_too_old", "/time").await;
    // The clock says 07:00:00; five minutes are tolerated.
    refused(&api, &with("time", json!("2026-12-15T07:05:01Z")), "time_in_future", "/time").await;
    assert_eq!(api.events(&with("time", json!("2026-12-15T07:05:00Z"))).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_metered_field_that_is_missing_or_no_exact_decimal_is_refused() {
    let api = Api::new().await;
    refused(&api, &with("data", json!({})), "field_missing", "/data/bytes").await;
    refused(&api, &with("data", json!([])), "data_not_object", "/data").await;
    for value in
        [json!(0.1), json!(1e40), json!("1e40"), json!("abc"), json!(""), json!(true), json!({}), json!("1".repeat(40))]
    {
        refused(&api, &with("data", json!({ "bytes": value })), "field_not_decimal", "/data/bytes").await;
    }
    for (id, value) in [("a", json!("0.1")), ("b", json!(7)), ("c", json!("-3"))] {
        let mut event = with("data", json!({ "bytes": value }));
        event["id"] = json!(id);
        assert_eq!(api.events(&event).await.status, StatusCode::OK, "{value}");
    }
}

#[tokio::test]
async fn a_key_that_stands_twice_is_refused() {
    let api = Api::new().await;
    let text = event("1", "acme", TIME).to_string().replace("\"id\":\"1\"", "\"id\":\"1\",\"id\":\"2\"");
    let answer = api.post("/v1/events", text).await.json();
    assert_eq!(answer["events"][0]["code"], "repeated_key", "{answer}");
}

#[tokio::test]
async fn an_event_that_no_meter_counts_is_kept() {
    let api = Api::new().await;
    assert_eq!(api.events(&with("type", json!("other.kind"))).await.status, StatusCode::OK);
    assert_eq!(api.get("/v1/customers/acme/usage").await.json()["events"], 1);
}

#[tokio::test]
async fn broken_json_is_answered_with_line_and_column() {
    let api = Api::new().await;
    let reply = api.post("/v1/events", "[\n  {\"id\": }\n]").await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    let problem = reply.json();
    assert_eq!((problem["type"].as_str(), problem["line"].as_u64()), (Some("urn:ratecard:problem:bad-json"), Some(2)));
    assert_eq!(api.post("/v1/events", vec![0xff_u8, 0xfe]).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(api.post("/v1/events", "").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_body_of_10_mb_is_answered_and_not_kept() {
    let api = Api::new().await;
    let reply = api.post("/v1/events", vec![b' '; 10_000_000]).await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(reply.json()["type"], "urn:ratecard:problem:body-too-large");
}

#[tokio::test]
async fn only_the_content_types_of_cloudevents_are_read() {
    let api = Api::new().await;
    let token = format!("Bearer {TOKEN}");
    let body = event("1", "acme", TIME).to_string();
    for (kind, body, status) in [
        ("application/cloudevents+json; charset=utf-8", body.clone(), StatusCode::OK),
        ("application/cloudevents-batch+json", format!("[{body}]"), StatusCode::OK),
        ("application/cloudevents-batch+json", "[]".to_owned(), StatusCode::OK),
        ("application/cloudevents-batch+json", body.clone(), StatusCode::BAD_REQUEST),
        ("text/plain", body.clone(), StatusCode::UNSUPPORTED_MEDIA_TYPE),
    ] {
        let headers = [("authorization", token.as_str()), ("content-type", kind)];
        assert_eq!(api.send("POST", "/v1/events", &headers, body).await.status, status, "{kind}");
    }
}

#[tokio::test]
async fn without_the_right_token_nothing_of_the_operator_answers() {
    let api = Api::new().await;
    for (method, path) in server::router::listed() {
        if !path.starts_with("/v1/") {
            continue;
        }
        for token in ["", "Bearer wrong-wrong-wrong-wrong", "Basic abc"] {
            let path = path.replace("{id}", "acme").replace("{number}", "1");
            let reply = api.send(method.as_str(), &path, &[("authorization", token)], "").await;
            assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{method} {path} {token}");
            assert_eq!(reply.headers["www-authenticate"], "Bearer");
        }
    }
}

#[tokio::test]
async fn every_refusal_names_its_request() {
    let api = Api::new().await;
    for path in ["/v1/nothing", "/v1/invoices/7", "/v1/invoices/x"] {
        let reply = api.get(path).await;
        assert_eq!(reply.headers["x-request-id"].to_str().unwrap(), reply.json()["request"].as_str().unwrap());
        assert_eq!(reply.headers["content-type"], "application/problem+json");
    }
}
