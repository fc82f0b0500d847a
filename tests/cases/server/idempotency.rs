//! Idempotency-Key: a write is done once and answered the same each time, and what else a key can meet.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Value, json};
use server::idempotency::store::{self, Request};

use super::api::{Api, NOW, Reply, TOKEN, event};

const TIME: &str = "2026-12-01T08:30:00+08:00";

async fn send(api: &Api, (method, path): (&str, &str), key: &str, body: &str) -> Reply {
    send_by(api, TOKEN, (method, path), (key, body)).await
}

async fn send_by(api: &Api, token: &str, (method, path): (&str, &str), (key, body): (&str, &str)) -> Reply {
    let token = format!("Bearer {token}");
    let headers = [("authorization", token.as_str()), ("content-type", "application/json"), ("idempotency-key", key)];
    api.send(method, path, &headers, body.to_owned()).await
}

const EVENTS: (&str, &str) = ("POST", "/v1/events");

fn is_replay(reply: &Reply) -> bool {
    reply.headers.contains_key("idempotency-replayed")
}

fn refusal(status: u16, kind: &str) -> (u16, String) {
    (status, kind.to_owned())
}

fn one(id: &str) -> String {
    event(id, "acme", TIME).to_string()
}

async fn same_answer(api: &Api) {
    let first = send(api, EVENTS, "\"a-1\"", &one("1")).await;
    // With and without quotes it is the same key.
    let again = send(api, EVENTS, "a-1", &one("1")).await;
    assert_eq!((first.status, again.status), (StatusCode::OK, StatusCode::OK));
    assert_eq!((first.json()["accepted"].as_u64(), first.text()), (Some(1), again.text()));
    assert_eq!(first.headers["content-type"], again.headers["content-type"]);
    assert_eq!((is_replay(&first), is_replay(&again)), (false, true));
    assert_ne!(first.headers["x-request-id"], again.headers["x-request-id"]);
    let reused = send(api, EVENTS, "a-1", &one("2")).await;
    assert_eq!(reused.problem(), refusal(422, "idempotency-key-reused"));
}

#[tokio::test]
async fn the_same_request_gets_the_same_answer_and_another_one_is_refused() {
    same_answer(&Api::new().await).await;
}

#[tokio::test]
async fn the_same_request_gets_the_same_answer_on_postgresql() {
    let (api, _cluster) = super::postgres::api().await;
    same_answer(&api).await;
}

#[tokio::test]
async fn every_write_takes_a_key_and_the_address_belongs_to_it() {
    let api = Api::new().await;
    let body = json!({ "name": "ACME" }).to_string();
    let first = send(&api, ("PUT", "/v1/customers/acme"), "k", &body).await;
    assert!(first.status.is_success(), "{}", first.text());
    assert!(is_replay(&send(&api, ("PUT", "/v1/customers/acme"), "k", &body).await));
    let other = send(&api, ("PUT", "/v1/customers/bcme"), "k", &body).await;
    assert_eq!(other.problem(), refusal(422, "idempotency-key-reused"));
    let run = json!({ "month": "2026-11" }).to_string();
    let first = send(&api, ("POST", "/v1/bill-runs"), "run", &run).await;
    let again = send(&api, ("POST", "/v1/bill-runs"), "run", &run).await;
    assert_eq!((first.status, first.text(), is_replay(&again)), (again.status, again.text(), true));
}

#[tokio::test]
async fn a_refusal_of_what_the_request_says_is_the_same_again_to_the_byte() {
    let api = Api::new().await;
    let first = send(&api, EVENTS, "k", "{\"specversion\":\"1.0\"}").await;
    let again = send(&api, EVENTS, "k", "{\"specversion\":\"1.0\"}").await;
    assert_eq!(first.problem(), refusal(422, "events-not-taken"));
    assert_eq!((first.text(), again.status, is_replay(&again)), (again.text(), first.status, true));
    assert_eq!(again.headers["content-type"], "application/problem+json");
    assert_eq!(api.get("/v1/refused-events").await.json().as_array().unwrap().len(), 1, "it was put aside once");
}

#[tokio::test]
async fn while_the_first_request_runs_the_second_waits_and_a_lost_one_is_taken_over() {
    let (api, hand) = Api::with_clock().await;
    // The digest of the request is only known inside: let it run once and put the row back to where it was running.
    let claim = "of-a-process-that-died";
    send(&api, EVENTS, "k", &one("1")).await;
    let request = Request { sender: "operator", key: "k", digest: "", claim };
    let entry = store::find(&api.running.app.db, request).await.unwrap().unwrap();
    let request = Request { digest: &entry.digest, ..request };
    assert!(store::take_over(&api.running.app.db, request, (&entry, NOW.parse().unwrap())).await.unwrap());
    let waits = send(&api, EVENTS, "k", &one("1")).await;
    assert_eq!(waits.problem(), refusal(409, "idempotency-key-in-use"));
    assert_eq!(waits.headers["retry-after"], "1");
    hand.forward(TimeDelta::minutes(5));
    let done = send(&api, EVENTS, "k", &one("1")).await;
    assert_eq!((done.status, done.json()["duplicates"].as_u64()), (StatusCode::OK, Some(1)));
    assert!(is_replay(&send(&api, EVENTS, "k", &one("1")).await));
}

#[tokio::test]
async fn after_a_day_the_key_is_free_again_and_the_answer_forgotten() {
    let (api, hand) = Api::with_clock().await;
    send(&api, EVENTS, "k", &one("1")).await;
    hand.forward(TimeDelta::hours(24) - TimeDelta::seconds(1));
    assert!(is_replay(&send(&api, EVENTS, "k", &one("1")).await));
    hand.forward(TimeDelta::seconds(1));
    let other = send(&api, EVENTS, "k", &one("2")).await;
    assert_eq!((other.status, is_replay(&other)), (StatusCode::OK, false));
    hand.forward(TimeDelta::hours(24) + TimeDelta::seconds(1));
    send(&api, EVENTS, "another", &one("3")).await;
    let request = Request { sender: "operator", key: "k", digest: "", claim: "" };
    assert_eq!(store::find(&api.running.app.db, request).await.unwrap(), None, "swept");
}

#[tokio::test]
async fn keys_of_two_senders_never_meet() {
    let api = Api::new().await;
    let token = api.key(json!({ "name": "k" })).await;
    send(&api, EVENTS, "k", &one("1")).await;
    let mine = send_by(&api, &token, EVENTS, ("k", &one("2"))).await;
    assert_eq!((mine.status, is_replay(&mine)), (StatusCode::OK, false));
}

#[tokio::test]
async fn who_has_no_right_leaves_nothing_behind() {
    let api = Api::new().await;
    for token in ["wrong-wrong-wrong-wrong", "rk_wrong"] {
        assert_eq!(send_by(&api, token, EVENTS, ("k", &one("1"))).await.status, StatusCode::UNAUTHORIZED);
    }
    let reader = api.key(json!({ "name": "reader", "scopes": ["usage:read"] })).await;
    for _ in 0..2 {
        let reply = send_by(&api, &reader, EVENTS, ("k", &one("1"))).await;
        assert_eq!((reply.problem(), is_replay(&reply)), (refusal(403, "missing-scope"), false));
    }
    assert!(!is_replay(&send(&api, EVENTS, "k", &one("1")).await));
}

#[tokio::test]
async fn an_answer_with_a_secret_is_not_kept_and_the_work_not_done_twice() {
    let api = Api::new().await;
    let order = json!({ "name": "k" }).to_string();
    assert_eq!(send(&api, ("POST", "/v1/keys"), "k", &order).await.status, StatusCode::CREATED);
    let again = send(&api, ("POST", "/v1/keys"), "k", &order).await;
    assert_eq!(again.problem(), refusal(409, "answer-told-once"));
    assert_eq!(api.get("/v1/keys").await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused_by_name() {
    let api = Api::new().await;
    for key in ["", "\"", "\"a", "a b", "a\"b", "\"a\\b\"", &"x".repeat(256)] {
        let reply = send(&api, EVENTS, key, &one("1")).await;
        assert_eq!(reply.problem(), refusal(400, "bad-idempotency-key"), "{key}");
    }
    assert_eq!(send(&api, EVENTS, &"x".repeat(255), &one("1")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_long_answer_is_not_kept_and_the_request_done_again() {
    let api = Api::new().await;
    // 13,000 answers of more than 82 bytes are more than a mebibyte.
    let events: Value = (0..13_000).map(|number| event(&format!("{number:040}"), "acme", TIME)).collect();
    let body = events.to_string();
    let first = send(&api, EVENTS, "k", &body).await;
    assert!(first.bytes.len() > 1024 * 1024, "{}", first.bytes.len());
    let again = send(&api, EVENTS, "k", &body).await;
    assert_eq!((again.json()["duplicates"].as_u64(), is_replay(&again)), (Some(13_000), false));
}

#[tokio::test]
async fn a_stream_needs_no_key_and_is_done_again() {
    let api = Api::new().await;
    let token = format!("Bearer {TOKEN}");
    let headers =
        [("authorization", token.as_str()), ("content-type", "application/x-ndjson"), ("idempotency-key", "k")];
    for (kind, _) in [("accepted", 0), ("duplicates", 1)] {
        let reply = api.send("POST", "/v1/events", &headers, one("1")).await;
        assert_eq!((reply.json()[kind].as_u64(), is_replay(&reply)), (Some(1), false));
    }
}
