//! What was accepted is counted at once: usage, quota check, the live stream, and all of it after a restart.

use axum::body::Body;
use axum::http::StatusCode;
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use server::Clock;

use super::api::{Api, NOW, config, event};

const TIME: &str = "2026-12-01T08:30:00+08:00";

/// A trial with three free calls, and a plan that bills what is beyond two.
const BOOK: &str = r#"
[book]
id = "live"
version = "1"
effective = "2026-01-01"
currency = "CNY"
zone = "Asia/Shanghai"
rounding = { at = "line", mode = "half_up" }
name = { zh = "实时", en = "Live" }
default_plan = "trial"

[meters.calls]
name = { zh = "调用", en = "Calls" }
event = "api.call"
aggregate = "count"

[meters.peak]
name = { zh = "峰值", en = "Peak" }
event = "api.call"
aggregate = "max"
field = "bytes"

[plans.trial]
name = { zh = "试用", en = "Trial" }
public = true
trial = true
[[plans.trial.charges]]
meter = "calls"
included = "3"
per_unit = { price = "0" }

[plans.paid]
name = { zh = "付费", en = "Paid" }
public = true
[[plans.paid.charges]]
meter = "calls"
included = "2"
per_unit = { price = "0.50" }
"#;

async fn live() -> Api {
    let api = Api::empty().await;
    assert_eq!(api.post("/v1/books", BOOK).await.status, StatusCode::CREATED);
    api
}

async fn send(api: &Api, id: &str, customer: &str) {
    assert_eq!(api.events(&event(id, customer, TIME)).await.status, StatusCode::OK);
}

async fn quota(api: &Api, customer: &str, meter: &str) -> Value {
    let reply = api.get(&format!("/v1/customers/{customer}/quota?meter={meter}")).await;
    assert_eq!((reply.status, &reply.headers["cache-control"]), (StatusCode::OK, &"no-store".parse().unwrap()));
    reply.json()
}

#[tokio::test]
async fn a_trial_is_allowed_until_its_quota_is_used_up_and_a_paid_plan_always() {
    let api = live().await;
    let paid = json!({ "assignment": { "book": "live", "plan": "paid" } });
    assert_eq!(api.put("/v1/customers/payer", paid).await.status, StatusCode::OK);
    for (id, left, reason) in [("p1", "1", "within_quota"), ("p2", "0", "billed"), ("p3", "0", "billed")] {
        send(&api, id, "payer").await;
        let answer = quota(&api, "payer", "calls").await;
        assert_eq!(
            (&answer["left"], &answer["allowed"], &answer["reason"]),
            (&json!(left), &json!(true), &json!(reason))
        );
    }
    for number in 0..3 {
        send(&api, &format!("t{number}"), "trier").await;
        let answer = quota(&api, "trier", "calls").await;
        let left = 2 - number;
        let (allowed, reason) = if left > 0 { (true, "within_quota") } else { (false, "used_up") };
        assert_eq!((&answer["left"], &answer["allowed"]), (&json!(left.to_string()), &json!(allowed)), "{answer}");
        assert_eq!((&answer["reason"], &answer["included"]), (&json!(reason), &json!("3")));
    }
    // December ends in Shanghai eight hours before it does in UTC.
    assert_eq!(quota(&api, "trier", "calls").await["resets_at"], "2026-12-31T16:00:00Z");
    assert_eq!(quota(&api, "trier", "peak").await["reason"], "no_quota");
}

#[tokio::test]
async fn a_quota_of_an_unknown_meter_names_those_there_are() {
    let api = live().await;
    send(&api, "1", "trier").await;
    let reply = api.get("/v1/customers/trier/quota?meter=cals").await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert_eq!(reply.json()["detail"], "book live has no meter cals; it has calls, peak");
}

fn quantity(usage: &Value, meter: &str) -> Value {
    let meters = usage["usage"].as_array().unwrap();
    meters.iter().find(|item| item["meter"] == meter).unwrap()["quantity"].clone()
}

#[tokio::test]
async fn a_voided_event_no_longer_counts_and_an_amended_one_counts_as_amended() {
    let api = live().await;
    for (id, bytes) in [("1", "10"), ("2", "30"), ("3", "20")] {
        let mut event = event(id, "acme", TIME);
        event["data"]["bytes"] = json!(bytes);
        assert_eq!(api.events(&event).await.status, StatusCode::OK);
    }
    let usage = api.get("/v1/customers/acme/usage").await.json();
    assert_eq!((quantity(&usage, "calls"), quantity(&usage, "peak")), (json!("3"), json!("30")));
    // Without the event of 30 the peak is 20; the third one is amended from 20 to 25.
    let mut void = event("void", "acme", TIME);
    void["voids"] = json!("2");
    let mut amend = event("amend", "acme", TIME);
    (amend["amends"], amend["data"]["bytes"]) = (json!("3"), json!("25"));
    assert_eq!(api.events(&json!([void, amend])).await.status, StatusCode::OK);
    let usage = api.get("/v1/customers/acme/usage").await.json();
    assert_eq!((quantity(&usage, "calls"), quantity(&usage, "peak")), (json!("2"), json!("25")));
    let mut nothing = event("nothing", "acme", "2026-12-01T08:30:01+08:00");
    nothing["voids"] = json!("2");
    let reply = api.events(&nothing).await;
    assert_eq!(
        (reply.status, &reply.json()["events"][0]["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("no_target"))
    );
}

#[tokio::test]
async fn counts_go_on_after_a_restart_with_what_was_sorted_and_what_was_not() {
    let api = live().await;
    for number in 0..5 {
        send(&api, &format!("a{number}"), "acme").await;
        if number == 2 {
            api.running.app.db.ledger().sort_all(NOW.parse().unwrap()).await.unwrap();
        }
    }
    let before = api.get("/v1/customers/acme/usage").await.json();
    let folder = api.folder;
    api.running.stop().await;
    let config = config(&folder);
    let api = Api::with(folder, config).await;
    let saved = api.running.app.db.ledger();
    let period = ("2026-11-30T16:00:00Z", "2026-12-31T16:00:00Z");
    let us = |text: &str| text.parse::<engine::period::Instant>().unwrap().timestamp_micros();
    let books = api.running.app.shelf.books(&api.running.app.db).await.unwrap();
    let book = books.iter().next().unwrap();
    let rules = books.meters_of(book).fingerprint().to_owned();
    let count = saved.counts("acme", (us(period.0), us(period.1)), &rules).await.unwrap().unwrap();
    assert_eq!(count.through, saved.through(), "stored when the server stopped");
    assert_eq!(api.get("/v1/customers/acme/usage").await.json()["usage"], before["usage"]);
    send(&api, "a5", "acme").await;
    assert_eq!(quantity(&api.get("/v1/customers/acme/usage").await.json(), "calls"), json!("6"));
}

#[tokio::test]
async fn an_event_of_another_process_is_in_the_next_answer() {
    let api = live().await;
    send(&api, "1", "acme").await;
    api.get("/v1/customers/acme/usage").await;
    let other = server::app::open(config(&api.folder), Clock::Fixed(NOW.parse().unwrap())).await.unwrap();
    let event: engine::usage::Event = serde_json::from_value(json!({
        "source": "/cli", "id": "2", "customer": "acme", "type": "api.call", "time": "2026-12-02T00:00:00Z",
        "data": { "bytes": "1" },
    }))
    .unwrap();
    server::ingest::flow::insert_all(&other.db, vec![event.into()], NOW.parse().unwrap()).await.unwrap();
    assert_eq!(quantity(&api.get("/v1/customers/acme/usage").await.json(), "calls"), json!("2"));
}

/// Eight senders name the same forty new customers at the same time, again and again: nobody is counted twice or missed, as
/// the first events of each come while they are being counted.
#[tokio::test]
async fn many_new_customers_at_once_are_counted_as_if_they_had_come_one_by_one() {
    let api = std::sync::Arc::new(live().await);
    let senders: Vec<_> = (0..8)
        .map(|sender| {
            let api = std::sync::Arc::clone(&api);
            tokio::spawn(async move {
                for round in 0..5 {
                    let event = |number| {
                        let mut event = event(&format!("{sender}-{round}-{number}"), &format!("c{number}"), TIME);
                        event["data"]["bytes"] = json!((sender * 10 + round).to_string());
                        event
                    };
                    let events: Vec<Value> = (0..40).map(event).collect();
                    let reply = api.events(&json!(events)).await;
                    assert_eq!((reply.status, reply.json()["accepted"].clone()), (StatusCode::OK, json!(40)));
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.unwrap();
    }
    for number in 0..40 {
        let usage = api.get(&format!("/v1/customers/c{number}/usage")).await.json();
        // 8 senders × 5 rounds; the last sender's last round has the most bytes.
        assert_eq!((quantity(&usage, "calls"), quantity(&usage, "peak")), (json!("40"), json!("74")));
    }
    let customers = api.get("/v1/customers?limit=1000").await.json();
    assert_eq!(customers.as_array().unwrap().len(), 40);
}

#[tokio::test]
async fn a_plan_given_by_another_process_holds_for_events_at_once_and_for_quotas_when_it_is_heard_of() {
    let api = live().await;
    send(&api, "1", "acme").await;
    assert_eq!(quota(&api, "acme", "calls").await["included"], "3");
    let other = server::app::open(config(&api.folder), Clock::Fixed(NOW.parse().unwrap())).await.unwrap();
    let books = other.shelf.books(&other.db).await.unwrap();
    let plan = Some((engine::ids::BookId::new("live").unwrap(), engine::ids::PlanId::new("paid").unwrap()));
    let details = server::customers::flow::Details { plan, ..Default::default() };
    let acme = engine::ids::CustomerId::new("acme").unwrap();
    server::customers::flow::put(&other.db, &books, (&acme, &details), NOW.parse().unwrap()).await.unwrap();
    // What a server does twice a second, and with every event that comes.
    api.running.app.db.versions().await.unwrap();
    assert_eq!(quota(&api, "acme", "calls").await["included"], "2");
    let strict = BOOK.replace("id = \"live\"", "id = \"strict\"").replace("default_plan = \"trial\"\n", "");
    server::books::flow::publish(&other.db, &strict, NOW.parse().unwrap()).await.unwrap();
    let books = api.running.app.shelf.books(&api.running.app.db).await.unwrap();
    assert_eq!(books.iter().count(), 2);
}

#[tokio::test]
async fn the_stream_sends_figures_when_they_change_and_ends_with_the_server() {
    let api = live().await;
    send(&api, "1", "acme").await;
    let link = api.post("/v1/customers/acme/links", "{}").await.json();
    let token = link["token"].as_str().unwrap();
    let request = axum::http::Request::get(format!("http://{}/v1/trial/stream", api.running.address))
        .header("authorization", format!("Bearer {token}"));
    let client: Client<_, Body> = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();
    assert_eq!(quantity(&next_figures(&mut body).await.unwrap(), "calls"), json!("1"));
    send(&api, "other", "somebody-else").await;
    send(&api, "2", "acme").await;
    assert_eq!(quantity(&next_figures(&mut body).await.unwrap(), "calls"), json!("2"));
    api.running.stop().await;
    assert!(next_figures(&mut body).await.is_none());
}

/// The data of the next event; `None` where the stream has ended.
async fn next_figures<B>(body: &mut B) -> Option<Value>
where
    B: axum::body::HttpBody<Data = axum::body::Bytes> + Unpin,
{
    let mut text = String::new();
    while let Some(frame) = body.frame().await {
        text.push_str(std::str::from_utf8(&frame.ok()?.into_data().ok()?).unwrap());
        if let Some(data) = text.lines().find_map(|line| line.strip_prefix("data: ")).filter(|_| text.ends_with("\n\n"))
        {
            return Some(serde_json::from_str(data).unwrap());
        }
    }
    None
}
