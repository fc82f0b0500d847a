//! Events found again: by the second, by any field, in pages and exports, in steps of time, behind the lines of invoices.

use axum::http::StatusCode;
use engine::ids::CustomerId;
use serde_json::{Value, json};
use server::find::flow::page;
use server::find::line::of_line;
use server::find::question::Question;
use server::{Clock, app};

use super::api::{Api, event};
use super::program::Program;
use super::store::{Place, contracts, keep, now, usage};

contracts! {
    recounting_the_events_behind_a_line_gives_its_quantity_whatever_came_later
}

fn call(id: &str, time: &str, api: &str, status: Value) -> Value {
    let mut call = event(id, "acme", time);
    call["data"] = json!({ "api": api, "bytes": "1000", "status": status });
    call
}

/// Two calls in one second, one in the next, another type an hour and a half later, and somebody else's.
async fn stored() -> Api {
    let api = Api::new().await;
    let mut other = event("d", "acme", "2026-11-02T11:30:00Z");
    other["type"] = json!("mail.sent");
    other["source"] = json!("/mail");
    let events = json!([
        call("a", "2026-11-02T10:00:03Z", "maps", json!(200)),
        call("b", "2026-11-02T10:00:03.999999Z", "routes", json!(500)),
        call("c", "2026-11-02T10:00:04Z", "maps", json!("500")),
        other,
        event("x", "other", "2026-11-02T10:00:03Z"),
    ]);
    assert_eq!(api.events(&events).await.status, StatusCode::OK);
    api
}

fn ids(answer: &Value) -> Vec<String> {
    answer["events"].as_array().unwrap().iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
}

const DAY: &str = "from=2026-11-02T00:00:00Z&to=2026-11-03T00:00:00Z";

#[tokio::test]
async fn a_second_shows_what_happened_in_it_and_filters_narrow_it() {
    let api = stored().await;
    for (query, expected) in [
        ("at=2026-11-02T10:00:03Z".to_owned(), vec!["a", "b"]),
        ("at=2026-11-02T18:00:04%2B08:00".to_owned(), vec!["c"]),
        ("at=2026-11-02T10:00:05Z".to_owned(), vec![]),
        ("from=2026-11-02T10:00:03.999999Z&to=2026-11-02T10:00:04Z".to_owned(), vec!["b"]),
        (format!("{DAY}&where.status=500"), vec!["b", "c"]),
        (format!("{DAY}&where.status=500&where.api=maps"), vec!["c"]),
        (format!("{DAY}&where.status=500&where.status=200"), vec!["a", "b", "c"]),
        (format!("{DAY}&where.nothing=1"), vec![]),
        (format!("{DAY}&type=mail.sent"), vec!["d"]),
        (format!("{DAY}&source=/mail"), vec!["d"]),
        (format!("{DAY}&meter=calls"), vec!["a", "b", "c"]),
        (String::new(), vec!["a", "b", "c", "d"]),
    ] {
        let reply = api.get(&format!("/v1/customers/acme/events?{query}")).await;
        assert_eq!(ids(&reply.json()), expected, "{query}");
    }
    let seen = api.get("/v1/customers/acme/events?at=2026-11-02T10:00:03Z&limit=1").await.json()["events"][0].clone();
    let expected = json!({ "time": "2026-11-02T10:00:03Z", "source": "/test", "id": "a", "type": "api.call", "counts": true,
        "received_at": "2026-12-15T07:00:00Z", "data": { "api": "maps", "bytes": "1000", "status": 200 } });
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn pages_follow_each_other_in_the_order_of_time() {
    let api = stored().await;
    let first = api.get("/v1/customers/acme/events?limit=3").await.json();
    assert_eq!(ids(&first), ["a", "b", "c"]);
    let next = first["next"].as_str().unwrap();
    let second = api.get(&format!("/v1/customers/acme/events?limit=3&after={next}")).await.json();
    assert_eq!((ids(&second), &second["next"]), (vec!["d".to_owned()], &Value::Null));
    let whole = api.get("/v1/customers/acme/events?limit=4").await.json();
    assert_eq!(whole["next"], Value::Null, "exactly as many as there are is the last page");
}

#[tokio::test]
async fn voided_and_amended_events_are_shown_with_what_changed_them() {
    let api = stored().await;
    let mut void = call("v", "2026-11-02T10:00:04Z", "maps", json!(0));
    void["voids"] = json!("c");
    let mut amend = call("w", "2026-11-02T10:00:03Z", "maps", json!(201));
    amend["amends"] = json!("a");
    assert_eq!(api.events(&json!([void, amend])).await.status, StatusCode::OK);
    let answer = api.get(&format!("/v1/customers/acme/events?{DAY}&type=api.call")).await.json();
    let shown: Vec<Value> = answer["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| {
            json!([
                event["id"],
                event["counts"],
                event["voided_by"],
                event["amended_by"],
                event["voids"],
                event["amends"]
            ])
        })
        .collect();
    let none = Value::Null;
    assert_eq!(
        shown,
        [
            json!(["a", false, none, "w", none, none]),
            json!(["w", true, none, none, none, "a"]),
            json!(["b", true, none, none, none, none]),
            json!(["c", false, "v", none, none, none]),
            json!(["v", false, none, none, "c", none]),
        ]
    );
}

#[tokio::test]
async fn steps_of_time_are_counted_with_and_without_filters() {
    let api = stored().await;
    let steps = |answer: &Value| {
        let steps = answer["steps"].as_array().unwrap().iter();
        steps
            .map(|step| (step["start"].as_str().unwrap().to_owned(), step["events"].as_u64().unwrap()))
            .collect::<Vec<_>>()
    };
    for (query, expected) in [
        ("per=second".to_owned(), vec![("10:00:03", 2), ("10:00:04", 1), ("11:30:00", 1)]),
        ("per=minute".to_owned(), vec![("10:00:00", 3), ("11:30:00", 1)]),
        (String::new(), vec![("10:00:00", 3), ("11:00:00", 1)]),
        ("per=day".to_owned(), vec![("00:00:00", 4)]),
        ("per=second&where.status=500".to_owned(), vec![("10:00:03", 1), ("10:00:04", 1)]),
        ("per=hour&meter=calls".to_owned(), vec![("10:00:00", 3)]),
    ] {
        let answer = api.get(&format!("/v1/customers/acme/events/profile?{DAY}&{query}")).await.json();
        let expected: Vec<(String, u64)> =
            expected.into_iter().map(|(time, events)| (format!("2026-11-02T{time}Z"), events)).collect();
        assert_eq!(steps(&answer), expected, "{query}");
        assert_eq!(answer["events"].as_u64().unwrap(), expected.iter().map(|(_, events)| events).sum::<u64>());
    }
}

#[tokio::test]
async fn what_cannot_be_answered_is_refused_by_name() {
    let api = stored().await;
    for (path, problem, part) in [
        // 100,000 seconds are 1 day, 3 hours, 46 minutes and 40 seconds; this is one more.
        (
            "events/profile?per=second&from=2026-11-01T00:00:00Z&to=2026-11-02T03:46:41Z",
            (422, "too-many-steps"),
            "100001 steps",
        ),
        ("events/profile", (400, "bad-question"), "needs from and to"),
        ("events?meter=nothing", (422, "unknown-meter"), "it has: bytes, calls"),
        ("events?from=yesterday", (400, "bad-question"), "yesterday"),
        ("events?colour=red", (400, "bad-question"), "colour"),
    ] {
        let reply = api.get(&format!("/v1/customers/acme/{path}")).await;
        assert_eq!(reply.problem(), (problem.0, problem.1.to_owned()), "{path}");
        assert!(reply.json()["detail"].as_str().unwrap().contains(part), "{}", reply.text());
    }
    let most = "/v1/customers/acme/events/profile?per=second&from=2026-11-01T00:00:00Z&to=2026-11-02T03:46:40Z";
    assert_eq!(api.get(most).await.status, StatusCode::OK);
    assert_eq!(api.get("/v1/customers/nobody/events").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_export_has_every_event_and_no_cell_is_a_formula() {
    let api = Api::new().await;
    let mut events: Vec<Value> =
        (0..2500).map(|number| call(&format!("{number:04}"), "2026-11-02T10:00:03Z", "maps", json!(200))).collect();
    events[0]["data"] = json!({ "api": "=cmd|' /C calc'!A0", "bytes": "-5", "note": "a \"b\", c\nd" });
    assert_eq!(api.events(&json!(events)).await.status, StatusCode::OK);
    let csv = api.get("/v1/customers/acme/events?format=csv&columns=api,bytes,note").await;
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
    let text = csv.text();
    let head = "time,source,id,type,counts,voids,amends,voided_by,amended_by,received_at,api,bytes,note,data\r\n";
    assert!(text.starts_with(head), "{}", &text[..200]);
    let first = "2026-11-02T10:00:03Z,/test,0000,api.call,true,,,,,2026-12-15T07:00:00Z,'=cmd|' /C calc'!A0,-5,\"a \"\"b\"\", c\nd\",";
    assert!(text[head.len()..].starts_with(first), "{}", &text[head.len()..400]);
    assert_eq!(text.matches("\r\n").count(), 2501);
    let token = format!("Bearer {}", super::api::TOKEN);
    let headers = [("authorization", token.as_str()), ("accept", "application/x-ndjson")];
    let lines = api.send("GET", "/v1/customers/acme/events?from=2026-11-02T10:00:03Z", &headers, "").await.text();
    let ids: Vec<String> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids, (0..2500).map(|number| format!("{number:04}")).collect::<Vec<_>>());
    let some = api.get("/v1/customers/acme/events?format=ndjson&limit=1001").await.text();
    assert_eq!(some.lines().count(), 1001);
}

#[tokio::test]
async fn a_line_opens_to_its_events_and_its_profile() {
    let api = stored().await;
    api.post("/v1/bill-runs", r#"{"month":"2026-11"}"#).await;
    let lines = |number: u32| format!("/v1/invoices/{number}/lines");
    // Customers are billed in the order of their ids: acme first.
    assert_eq!(ids(&api.get(&format!("{}/0/events", lines(1))).await.json()), ["a", "b", "c"]);
    assert_eq!(ids(&api.get(&format!("{}/0/events?group=maps", lines(1))).await.json()), ["a", "c"]);
    assert_eq!(ids(&api.get(&format!("{}/1/events?where.status=500", lines(1))).await.json()), ["b", "c"]);
    let profile = api.get(&format!("{}/0/profile?per=day", lines(1))).await.json();
    // The month begins at 16:00 UTC, so its second day by these steps has the events.
    assert_eq!(profile["from"], "2026-10-31T16:00:00Z");
    assert_eq!(profile["steps"], json!([{ "start": "2026-11-01T16:00:00Z", "events": 3 }]));
    let missing = api.get(&format!("{}/2/events", lines(1))).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert!(missing.json()["detail"].as_str().unwrap().contains("has 2 lines, counted from 0"), "{}", missing.text());
}

#[tokio::test]
async fn a_link_finds_its_customers_events_and_lines_only() {
    let api = stored().await;
    api.post("/v1/bill-runs", r#"{"month":"2026-11"}"#).await;
    let link = api.post("/v1/customers/acme/links", "").await.json();
    let token = format!("Bearer {}", link["token"].as_str().unwrap());
    let get = |path: &'static str| api.send("GET", path, &[("authorization", token.as_str())], "");
    assert_eq!(ids(&get("/v1/trial/events?at=2026-11-02T10:00:03Z").await.json()), ["a", "b"]);
    let profile = get("/v1/trial/events/profile?at=2026-11-02T10:00:03Z&per=second").await.json();
    assert_eq!(profile["events"], 2);
    assert_eq!(ids(&get("/v1/trial/invoices/1/lines/0/events").await.json()), ["a", "b", "c"]);
    assert_eq!(get("/v1/trial/invoices/1/lines/0/profile").await.json()["events"], 3);
    for path in ["/v1/trial/invoices/2/lines/0/events", "/v1/trial/invoices/2/lines/0/profile"] {
        assert_eq!(get(path).await.status, StatusCode::NOT_FOUND, "somebody else's: {path}");
    }
    assert_eq!(get("/v1/customers/acme/events").await.status, StatusCode::UNAUTHORIZED);
    let key = api.key(json!({ "name": "k", "customer": "acme", "scopes": ["usage:read"] })).await;
    let key = format!("Bearer {key}");
    for (path, status) in [("acme", StatusCode::OK), ("other", StatusCode::FORBIDDEN)] {
        let path = format!("/v1/customers/{path}/events");
        assert_eq!(api.send("GET", &path, &[("authorization", key.as_str())], "").await.status, status, "{path}");
    }
}

#[test]
fn events_are_found_on_the_command_line() {
    let program = Program::new();
    let book = program.write("book.toml", include_str!("../../../examples/web-logs.toml"));
    let line = |second: u32, status: u32| {
        format!("192.0.2.1 - - [17/May/2015:10:05:{second:02} +0000] \"GET /a HTTP/1.1\" {status} 7 \"-\" \"-\"\n")
    };
    let log = program.write("access.log", [line(3, 200), line(3, 500), line(4, 500)].concat());
    program.ok(&["book", "add", &book]);
    program.ok(&["import", "--format", "combined", &log]);
    let who = ["events", "--customer", "192.0.2.1"];
    let ask = |more: &[&str]| program.ok(&[&who[..], more].concat());
    let table = ask(&["--at", "2015-05-17T10:05:03Z"]);
    assert_eq!((table.lines().count(), table.lines().next().unwrap().starts_with("TIME")), (3, true), "{table}");
    let json = ask(&["--where", "status=500", "--format", "json"]);
    let times: Vec<String> =
        json.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["time"].to_string()).collect();
    assert_eq!(times, ["\"2015-05-17T10:05:03Z\"", "\"2015-05-17T10:05:04Z\""]);
    let csv =
        ask(&["--from", "2015-05-17T10:05:00Z", "--to", "2015-05-17T10:06:00Z", "--per", "second", "--format", "csv"]);
    assert_eq!(csv, "start,events\n2015-05-17T10:05:03Z,2\n2015-05-17T10:05:04Z,1\n");
    assert!(program.fails(&["events", "--customer", "192.0.2.1", "--at", "now"]).contains("with its zone"));
    program.ok(&["bill", "--period", "2015-05"]);
    let line = program.ok(&["events", "--invoice", "1", "--line", "0", "--format", "csv"]);
    assert_eq!(line.lines().count(), 4, "{line}");
}

/// Counts the calls and adds the bytes of the events behind a line.
async fn recounted(app: &app::App, number: u64, line: usize) -> (usize, u64) {
    let number = engine::invoice::InvoiceNumber(number);
    let choice = of_line(app, (number, &line.to_string()), (&Question::default(), None)).await.unwrap();
    let (mut after, mut calls, mut bytes) = (None, 0, 0);
    loop {
        let found = page(&app.db, &choice, (after.as_ref(), 2)).await.unwrap();
        for found in &found.events {
            calls += 1;
            bytes += found.event.data["bytes"].as_str().unwrap().parse::<u64>().unwrap();
        }
        after = found.next;
        if after.is_none() {
            return (calls, bytes);
        }
    }
}

/// The quantities of the lines of a document, and what their events give when they are counted again.
async fn agree(app: &app::App, number: u64, expected: (usize, u64)) {
    let said = server::invoices::flow::said(&app.db, engine::invoice::InvoiceNumber(number)).await.unwrap();
    let quantities: Vec<String> = said.into_draft().bill.lines.iter().map(|line| line.quantity.to_string()).collect();
    assert_eq!(quantities, [expected.0.to_string(), expected.1.to_string()], "document {number}");
    assert_eq!(recounted(app, number, 0).await, expected, "calls of {number}");
    assert_eq!(recounted(app, number, 1).await, expected, "bytes of {number}");
}

async fn recounting_the_events_behind_a_line_gives_its_quantity_whatever_came_later(place: Place) {
    let month = usage(&place.db, 1).await;
    let app = app::open(place.config.clone(), Clock::Fixed(now())).await.unwrap();
    let time = "2026-11-20T00:00:00Z";
    let sized = |id: &str, bytes: &str| {
        let mut event = super::store::event(id, "c000", time);
        event.data.insert("bytes".to_owned(), bytes.into());
        event
    };
    keep(&place.db, vec![sized("p", "10"), sized("q", "20"), sized("before", "5")]).await;
    let changed = |event, change| vec![ledger::Incoming { event, change }];
    let append = |incoming| server::ingest::flow::insert_all(&place.db, incoming, now());
    append(changed(sized("v0", "0"), ledger::Change::Voids("before".to_owned()))).await.unwrap();
    let bill = || server::billing::flow::bill(&place.db, (&app.shelf, app.clock, &app.config), month, |_| {});
    bill().await.unwrap();
    // Late: one more, one voided, one amended.
    keep(&place.db, vec![sized("r", "40")]).await;
    append(changed(sized("v1", "0"), ledger::Change::Voids("p".to_owned()))).await.unwrap();
    append(changed(sized("w", "80"), ledger::Change::Amends("q".to_owned()))).await.unwrap();
    // 1,000 + 10 + 20 bytes; what was voided before counts nowhere, what came later not yet.
    agree(&app, 1, (3, 1030)).await;
    bill().await.unwrap();
    // 1,000 + 40 + 80 bytes.
    agree(&app, 2, (3, 1120)).await;
    app.db.ledger().sort_all(now()).await.unwrap();
    agree(&app, 1, (3, 1030)).await;
    agree(&app, 2, (3, 1120)).await;
    let none = of_line(
        &app,
        (engine::invoice::InvoiceNumber(1), "0"),
        (&Question::default(), Some(&CustomerId::new("x").unwrap())),
    );
    assert!(none.await.is_err(), "not another customer's");
}
