//! API keys: who may send and read what, how fast, and why anybody else is refused.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::api::{Api, Reply, TOKEN, event};
use super::program::Program;

const TIME: &str = "2026-12-01T08:30:00+08:00";

fn refusal(status: u16, kind: &str) -> (u16, String) {
    (status, kind.to_owned())
}

async fn customer(api: &Api, id: &str) {
    let put = api.put(&format!("/v1/customers/{id}"), json!({ "name": id })).await;
    assert!(put.status.is_success(), "{}", put.text());
}

fn header(reply: &Reply, name: &str) -> String {
    reply.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

/// A customer's key sends its own events; those of another customer are refused one by one and put aside.
async fn sends_its_own(api: &Api) {
    customer(api, "acme").await;
    let token = api.key(json!({ "name": "backend", "customer": "acme", "sources": ["/test"] })).await;
    assert!(token.starts_with("rk_") && token.len() == 67, "{token}");
    let reply = api.send_by(&token, &json!([event("1", "acme", TIME), event("2", "other", TIME)])).await;
    let answer = reply.json();
    assert_eq!((reply.status, answer["accepted"].as_u64()), (StatusCode::MULTI_STATUS, Some(1)), "{answer}");
    let second = &answer["events"][1];
    assert_eq!((second["code"].as_str(), second["pointer"].as_str()), (Some("not_your_customer"), Some("/subject")));
    let aside = api.get("/v1/refused-events").await.json();
    // Under the name of who sent it, not of whom it names.
    assert_eq!((&aside[0]["customer"], &aside[0]["code"]), (&json!("acme"), &json!("not_your_customer")));
    let customers = api.get("/v1/customers").await.json();
    assert!(!customers.to_string().contains("other"), "{customers}");
}

#[tokio::test]
async fn a_key_of_a_customer_sends_only_its_own_events() {
    sends_its_own(&Api::new().await).await;
}

#[tokio::test]
async fn a_key_of_a_customer_without_sources_cannot_take_the_identity_of_anothers_event() {
    let api = Api::new().await;
    for id in ["acme", "bcme"] {
        customer(&api, id).await;
    }
    let acme = api.key(json!({ "name": "acme", "customer": "acme" })).await;
    assert_eq!(api.get("/v1/keys").await.json()[0]["sources"], json!(["/customers/acme"]));
    // The gateway's event of bcme, sent before it by acme as its own.
    let taken = api.send_by(&acme, &event("7", "acme", TIME)).await;
    assert_eq!(taken.json()["events"][0]["code"], "not_your_source", "{}", taken.text());
    assert_eq!(api.events(&event("7", "bcme", TIME)).await.json()["accepted"], 1);
    let mut own = event("7", "acme", TIME);
    own["source"] = json!("/customers/acme");
    assert_eq!(api.send_by(&acme, &own).await.json()["accepted"], 1);
    for source in ["/customers/bcme", "/customers/bcme/gateway", "/customers/acmes"] {
        let order = json!({ "name": "k", "customer": "acme", "sources": ["/customers/acme/gateway", source] });
        let refused = api.post("/v1/keys", order.to_string()).await;
        assert_eq!(refused.problem(), refusal(422, "bad-source"), "{source}");
        assert_eq!(
            refused.json()["detail"],
            format!(
                "the source \"{source}\" is another customer's own; a key of acme sends for /customers/acme or sources \
                 that the customer is given"
            )
        );
    }
}

#[tokio::test]
async fn a_key_of_a_customer_sends_only_its_own_events_on_postgresql() {
    let (api, _cluster) = super::postgres::api().await;
    sends_its_own(&api).await;
    let keys = api.get("/v1/keys").await.json();
    let id = keys[0]["id"].as_str().unwrap();
    let ended = api.post(&format!("/v1/keys/{id}/revoke"), "").await;
    assert_eq!((ended.status, ended.json()["revoked_at"].as_str()), (StatusCode::OK, Some(super::api::NOW)));
}

#[tokio::test]
async fn a_collectors_key_sends_for_every_customer_and_its_own_sources_only() {
    let api = Api::new().await;
    let token = api.key(json!({ "name": "gateway", "sources": ["/test", "/more"] })).await;
    let mut foreign = event("3", "acme", TIME);
    foreign["source"] = json!("/else");
    let events = json!([event("1", "acme", TIME), event("2", "bcme", TIME), foreign]);
    let answer = api.send_by(&token, &events).await.json();
    assert_eq!(answer["accepted"], 2, "{answer}");
    let third = &answer["events"][2];
    assert_eq!((third["code"].as_str(), third["pointer"].as_str()), (Some("not_your_source"), Some("/source")));
    assert!(third["detail"].as_str().unwrap().contains("/test, /more"), "{third}");
}

#[tokio::test]
async fn unknown_expired_and_revoked_keys_are_refused_by_name() {
    let (api, hand) = Api::with_clock().await;
    let unknown = format!("rk_{}", "0".repeat(64));
    assert_eq!(api.send_by(&unknown, &json!([])).await.problem(), refusal(401, "unknown-key"));
    let brief = api.key(json!({ "name": "brief", "expires_at": "2026-12-15T07:00:10Z" })).await;
    let long = api.key(json!({ "name": "long" })).await;
    for token in [&brief, &long] {
        assert_eq!(api.send_by(token, &json!([])).await.status, StatusCode::OK);
    }
    hand.forward(TimeDelta::seconds(10));
    assert_eq!(api.send_by(&brief, &json!([])).await.problem(), refusal(401, "expired-key"));
    assert_eq!(api.send_by(&long, &json!([])).await.status, StatusCode::OK);
    let keys = api.get("/v1/keys").await.json();
    let id = keys.as_array().unwrap().iter().find(|key| key["name"] == "long").unwrap()["id"].clone();
    let revoke = format!("/v1/keys/{}/revoke", id.as_str().unwrap());
    let first = api.post(&revoke, "").await.json();
    let refused = api.send_by(&long, &json!([])).await;
    assert_eq!(refused.problem(), refusal(401, "revoked-key"));
    assert_eq!(refused.headers["www-authenticate"], "Bearer");
    hand.forward(TimeDelta::hours(1));
    assert_eq!(api.post(&revoke, "").await.json(), first, "ending it again changes nothing");
    assert_eq!(api.post("/v1/keys/key_0/revoke", "").await.problem(), refusal(404, "not-found"));
}

#[tokio::test]
async fn a_key_revoked_by_another_process_is_refused_after_a_second() {
    let (api, hand) = Api::with_clock().await;
    let token = api.key(json!({ "name": "k" })).await;
    assert_eq!(api.send_by(&token, &json!([])).await.status, StatusCode::OK);
    let id = api.get("/v1/keys").await.json()[0]["id"].as_str().unwrap().to_owned();
    server::auth::key_store::revoke(&api.running.app.db, &id, super::api::NOW.parse().unwrap()).await.unwrap();
    hand.forward(TimeDelta::seconds(1));
    assert_eq!(api.send_by(&token, &json!([])).await.problem(), refusal(401, "revoked-key"));
}

#[tokio::test]
async fn a_key_does_nothing_but_its_scopes() {
    let api = Api::new().await;
    let sender = api.key(json!({ "name": "sender" })).await;
    let reader = api.key(json!({ "name": "reader", "scopes": ["usage:read"] })).await;
    api.send_by(&sender, &event("1", "acme", TIME)).await;
    assert_eq!(api.send_by(&reader, &event("2", "acme", TIME)).await.problem(), refusal(403, "missing-scope"));
    let usage = "/v1/customers/acme/usage";
    assert_eq!(api.get_by(&sender, usage).await.problem(), refusal(403, "missing-scope"));
    assert_eq!(api.get_by(&reader, usage).await.json()["events"], 1);
    let quota = "/v1/customers/acme/quota?meter=calls";
    assert_eq!(api.get_by(&sender, quota).await.problem(), refusal(403, "missing-scope"));
    assert_eq!(api.get_by(&reader, quota).await.json()["allowed"], true);
    let found = "/v1/customers/acme/events";
    assert_eq!(api.get_by(&sender, found).await.problem(), refusal(403, "missing-scope"));
    assert_eq!(api.get_by(&reader, found).await.status, StatusCode::OK);
    for (method, path) in server::router::listed() {
        let open = [
            "/v1/events",
            "/v1/customers/{id}/usage",
            "/v1/customers/{id}/quota",
            "/v1/customers/{id}/events",
            "/v1/customers/{id}/events/profile",
        ];
        if !path.starts_with("/v1/") || path.starts_with("/v1/trial") || open.contains(&path) {
            continue;
        }
        let path = path.replace("{id}", "acme").replace("{number}", "1");
        let reply = api.send(method.as_str(), &path, &[("authorization", &format!("Bearer {reader}"))], "").await;
        assert_eq!(reply.problem(), refusal(403, "operator-only"), "{method} {path}");
    }
}

#[tokio::test]
async fn a_key_of_a_customer_reads_only_its_own_usage() {
    let api = Api::new().await;
    api.events(&json!([event("1", "acme", TIME), event("2", "other", TIME)])).await;
    let token = api.key(json!({ "name": "portal", "customer": "acme", "scopes": ["usage:read"] })).await;
    assert_eq!(api.get_by(&token, "/v1/customers/acme/usage").await.json()["events"], 1);
    for foreign in ["other", "nobody"] {
        let reply = api.get_by(&token, &format!("/v1/customers/{foreign}/usage")).await;
        assert_eq!(reply.problem(), refusal(403, "not-your-customer"), "nor does it tell who there is");
    }
}

#[tokio::test]
async fn the_token_is_told_once_and_kept_nowhere() {
    let api = Api::new().await;
    let made = api.post("/v1/keys", json!({ "name": "k" }).to_string()).await;
    assert_eq!(made.headers["cache-control"], "no-store");
    let token = made.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(api.send_by(&token, &json!([])).await.status, StatusCode::OK);
    assert!(!api.get("/v1/keys").await.text().contains(&token));
    let Api { running, folder, .. } = api;
    running.stop().await;
    let secret = token.strip_prefix("rk_").unwrap().as_bytes();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret));
    }
}

#[tokio::test]
async fn a_key_that_could_never_work_is_refused_by_name() {
    let api = Api::new().await;
    for (order, status, kind) in [
        (json!({}), 400, "bad-json"),
        (json!({ "name": "k", "scopes": ["everything"] }), 400, "bad-json"),
        (json!({ "name": "k", "more": 1 }), 400, "bad-json"),
        (json!({ "name": "k", "events_per_second": -1 }), 400, "bad-json"),
        (json!({ "name": "" }), 422, "bad-name"),
        (json!({ "name": "x".repeat(101) }), 422, "bad-name"),
        (json!({ "name": "k", "scopes": [] }), 422, "no-scope"),
        (json!({ "name": "k", "sources": [""] }), 422, "bad-source"),
        (json!({ "name": "k", "sources": vec!["s"; 101] }), 422, "bad-source"),
        (json!({ "name": "k", "events_per_second": 5, "events_burst": 0 }), 422, "bad-rate"),
        (json!({ "name": "k", "expires_at": super::api::NOW }), 422, "already-expired"),
        (json!({ "name": "k", "customer": "nobody" }), 404, "not-found"),
    ] {
        let reply = api.post("/v1/keys", order.to_string()).await;
        assert_eq!(reply.problem(), refusal(status, kind), "{order}");
    }
    assert_eq!(api.get("/v1/keys").await.json(), json!([]));
}

#[tokio::test]
async fn requests_above_the_rate_wait_as_long_as_they_are_told() {
    let (api, hand) = Api::with_clock().await;
    let token = api.key(json!({ "name": "k", "requests_per_second": 2, "requests_burst": 3 })).await;
    // 3 at once, full again in 2 seconds; after the first, 2 are left and the third is back in half a second.
    let first = api.send_by(&token, &json!([])).await;
    assert_eq!(header(&first, "ratelimit-policy"), "\"requests\";q=3;w=2, \"events\";q=40000;w=2");
    assert_eq!(header(&first, "ratelimit"), "\"requests\";r=2;t=1");
    for _ in 0..2 {
        assert_eq!(api.send_by(&token, &json!([])).await.status, StatusCode::OK);
    }
    let refused = api.send_by(&token, &json!([])).await;
    assert_eq!(refused.problem(), refusal(429, "rate-exceeded"));
    assert_eq!(refused.json()["violated-policies"], json!(["requests"]));
    assert_eq!(
        (header(&refused, "retry-after"), header(&refused, "ratelimit")),
        ("1".into(), "\"requests\";r=0;t=1".into())
    );
    hand.forward(TimeDelta::seconds(1));
    assert_eq!(api.send_by(&token, &json!([])).await.status, StatusCode::OK);
    // The operator is not limited and is told nothing of limits.
    let operator = api.send_by(TOKEN, &json!([])).await;
    assert!(!operator.headers.contains_key("ratelimit") && !operator.headers.contains_key("ratelimit-policy"));
}

fn batch(first: u32, count: u32) -> Value {
    (first..first + count).map(|number| event(&number.to_string(), "acme", TIME)).collect()
}

#[tokio::test]
async fn events_above_the_rate_are_all_refused_or_all_taken() {
    let (api, hand) = Api::with_clock().await;
    let order = json!({ "name": "k", "requests_per_second": 0, "events_per_second": 10, "events_burst": 10 });
    let token = api.key(order).await;
    let first = api.send_by(&token, &batch(0, 8)).await;
    assert_eq!((first.status, header(&first, "ratelimit")), (StatusCode::OK, "\"events\";r=2;t=1".into()));
    // 3 events, 2 left: a tenth of a second is missing, which is told as a whole one.
    let refused = api.send_by(&token, &batch(8, 3)).await;
    assert_eq!((refused.problem(), header(&refused, "retry-after")), (refusal(429, "rate-exceeded"), "1".into()));
    assert_eq!(api.get("/v1/customers/acme/usage").await.json()["events"], 8);
    hand.forward(TimeDelta::milliseconds(100));
    assert_eq!(api.send_by(&token, &batch(8, 3)).await.json()["accepted"], 3);
    hand.forward(TimeDelta::seconds(60));
    let never = api.send_by(&token, &batch(20, 11)).await;
    assert_eq!(never.problem(), refusal(413, "batch-above-rate"));
    assert!(header(&never, "retry-after").is_empty(), "waiting would not help");
}

#[tokio::test]
async fn the_last_use_is_noted_once_an_hour() {
    let (api, hand) = Api::with_clock().await;
    let token = api.key(json!({ "name": "k" })).await;
    let mut noted = Vec::new();
    for minutes in [0, 59, 1] {
        hand.forward(TimeDelta::minutes(minutes));
        api.send_by(&token, &json!([])).await;
        noted.push(api.get("/v1/keys").await.json()[0]["last_used_at"].as_str().unwrap().to_owned());
    }
    assert_eq!(noted, ["2026-12-15T07:00:00Z", "2026-12-15T07:00:00Z", "2026-12-15T08:00:00Z"]);
}

#[test]
fn keys_are_made_listed_and_revoked_on_the_command_line() {
    let program = Program::new();
    let token = program.ok(&["key", "add", "gateway", "--source", "/test", "--scope", "usage:read"]);
    assert!(token.starts_with("rk_"));
    let listed = program.ok(&["key", "list"]);
    let row = listed.lines().nth(1).unwrap();
    for part in ["key_", "gateway", "every", "/test", "usage:read", "in force", "never"] {
        assert!(row.contains(part), "{row}");
    }
    let id = row.split_whitespace().next().unwrap();
    assert!(program.ok(&["key", "revoke", id]).contains("is ended"));
    assert!(program.ok(&["key", "list"]).contains("revoked"));
    assert!(program.fails(&["key", "revoke", "key_0"]).contains("there is no key key_0"));
    assert!(program.fails(&["key", "add", "x", "--customer", "nobody"]).contains("nobody"));
}
