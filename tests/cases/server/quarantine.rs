//! What was refused is kept, shown, repaired, replayed or dismissed, and never lost.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Value, json};
use server::Config;

use super::api::{Api, BOOK, event};
use super::program::Program;
use super::world::World;

crate::on_both! {
    a_repaired_event_counts_once_and_the_entry_stays_as_it_came
    a_conflict_shows_the_stored_event_and_is_repaired_under_an_id_of_its_own
    entries_are_replayed_together_after_the_book_was_mended
    two_repairs_at_once_are_one
    a_dismissal_needs_a_reason_and_an_open_entry
    entries_come_in_pages_and_are_counted
}

const TIME: &str = "2026-12-10T08:30:00+08:00";

async fn events_of(api: &Api, customer: &str) -> i64 {
    api.get(&format!("/v1/customers/{customer}/usage?month=2026-12")).await.json()["events"].as_i64().unwrap()
}

async fn send(api: &Api, path: &str, body: &Value) -> (StatusCode, Value) {
    let reply = api.post(path, body.to_string()).await;
    (reply.status, reply.json())
}

fn kind(problem: &Value) -> &str {
    problem["type"].as_str().unwrap().strip_prefix("urn:ratecard:problem:").unwrap()
}

async fn a_repaired_event_counts_once_and_the_entry_stays_as_it_came(World { api, .. }: World) {
    let bad = event("1", "acme", "2026-12-10 08:30");
    api.events(&bad).await;
    let list = api.get("/v1/quarantine").await.json();
    let entry = &list["entries"][0];
    assert_eq!(
        (&entry["number"], &entry["code"], &entry["state"], &entry["source"], &entry["event_id"], &entry["customer"]),
        (&json!(1), &json!("bad_time"), &json!("open"), &json!("/test"), &json!("1"), &json!("acme"))
    );
    let still_bad = json!({ "event": event("1", "acme", "2026-12-10T25:00:00Z") });
    let (status, problem) = send(&api, "/v1/quarantine/1/repair", &still_bad).await;
    assert_eq!((status, kind(&problem)), (StatusCode::UNPROCESSABLE_ENTITY, "event-not-taken"));
    assert_eq!((&problem["code"], &problem["pointer"]), (&json!("bad_time"), &json!("/time")));
    let mended = json!({ "event": event("1", "acme", TIME), "note": "zone was missing", "by": "wang" });
    let (status, entry) = send(&api, "/v1/quarantine/1/repair", &mended).await;
    assert_eq!((status, &entry["state"]), (StatusCode::OK, &json!("replayed")), "{entry}");
    let settled = json!({
        "at": "2026-12-15T07:00:00Z", "by": "wang", "note": "zone was missing",
        "accepted": { "source": "/test", "id": "1" },
    });
    assert_eq!(entry["settled"], settled);
    assert_eq!(events_of(&api, "acme").await, 1);
    let (status, problem) = send(&api, "/v1/quarantine/1/repair", &mended).await;
    assert_eq!(
        (status, kind(&problem), &problem["state"]),
        (StatusCode::CONFLICT, "entry-not-open", &json!("replayed"))
    );
    assert_eq!(events_of(&api, "acme").await, 1);
    let shown = api.get("/v1/quarantine/1").await.json();
    assert_eq!(shown["body"], json!(bad.to_string()), "the entry is as it came");
    assert_eq!(api.get("/v1/quarantine").await.json()["entries"].as_array().unwrap().len(), 1, "no entry was added");
    assert_eq!(api.get("/v1/quarantine/2").await.status, StatusCode::NOT_FOUND);
}

async fn a_conflict_shows_the_stored_event_and_is_repaired_under_an_id_of_its_own(World { api, .. }: World) {
    api.events(&event("1", "acme", TIME)).await;
    let mut other = event("1", "acme", "2026-12-11T00:00:00Z");
    other["data"]["bytes"] = json!("2000");
    api.events(&other).await;
    let shown = api.get("/v1/quarantine/1").await.json();
    let stored = &shown["contradicts"];
    assert_eq!((&shown["code"], &stored["id"], &stored["subject"]), (&json!("conflict"), &json!("1"), &json!("acme")));
    assert_eq!((&stored["time"], &stored["data"]["bytes"]), (&json!("2026-12-10T00:30:00Z"), &json!("1000")));
    let (status, problem) = send(&api, "/v1/quarantine/1/replay", &json!({})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("conflict")));
    assert_eq!(api.get("/v1/quarantine/1").await.json()["state"], "open");
    other["id"] = json!("1-b");
    let (status, entry) = send(&api, "/v1/quarantine/1/repair", &json!({ "event": other })).await;
    assert_eq!((status, &entry["settled"]["accepted"]["id"]), (StatusCode::OK, &json!("1-b")));
    assert_eq!(events_of(&api, "acme").await, 2);
}

async fn entries_are_replayed_together_after_the_book_was_mended(World { api, .. }: World) {
    let without = |id: &str, customer: &str| {
        let mut event = event(id, customer, TIME);
        event["data"].as_object_mut().unwrap().remove("bytes");
        event
    };
    api.events(&json!([without("1", "acme"), without("2", "acme"), without("3", "other"), event("4", "acme", "?")]))
        .await;
    let (_, done) = send(&api, "/v1/quarantine/replay", &json!({ "code": "field_missing" })).await;
    assert_eq!((&done["replayed"], done["still_open"].as_array().unwrap().len()), (&json!(0), 3), "{done}");
    let book = BOOK.replace("version = \"1\"", "version = \"2\"").replace("2026-01-01", "2026-12-01");
    let meter = book.find("[meters.bytes]").unwrap()..book.find("[plans.basic]").unwrap();
    let book = book.replace(&book[meter], "");
    let charge = "[[plans.basic.charges]]\nmeter = \"bytes\"\nper_unit = { price = \"1\", per = \"1000\" }\n";
    assert_eq!(api.post("/v1/books", book.replace(charge, "")).await.status, StatusCode::CREATED);
    let order = json!({ "code": "field_missing", "customer": "acme", "note": "the meter is gone" });
    let (_, done) = send(&api, "/v1/quarantine/replay", &order).await;
    assert_eq!(done, json!({ "replayed": 2, "still_open": [] }));
    assert_eq!(events_of(&api, "acme").await, 2);
    let (_, done) = send(&api, "/v1/quarantine/replay", &json!({})).await;
    assert_eq!((&done["replayed"], &done["still_open"][0]["number"]), (&json!(1), &json!(4)), "{done}");
    assert_eq!(done["still_open"][0]["code"], "bad_time");
    assert_eq!(events_of(&api, "other").await, 1);
    let counts = api.get("/v1/quarantine").await.json()["counts"].clone();
    let expected = json!([
        { "code": "bad_time", "state": "open", "entries": 1 },
        { "code": "field_missing", "state": "replayed", "entries": 3 },
    ]);
    assert_eq!(counts, expected);
}

async fn two_repairs_at_once_are_one(World { api, .. }: World) {
    api.events(&event("1", "acme", TIME)).await;
    api.events(&event("1", "acme", "2026-12-11T00:00:00Z")).await;
    let mended = |id: &str| json!({ "event": event(id, "acme", "2026-12-11T00:00:00Z") });
    let (first, second) = (mended("1-a"), mended("1-b"));
    let (first, second) =
        tokio::join!(send(&api, "/v1/quarantine/1/repair", &first), send(&api, "/v1/quarantine/1/repair", &second));
    let mut statuses = [first.0.as_u16(), second.0.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{} {}", first.1, second.1);
    assert_eq!(events_of(&api, "acme").await, 2);
}

async fn a_dismissal_needs_a_reason_and_an_open_entry(World { api, .. }: World) {
    api.events(&event("1", "acme", "?")).await;
    let (status, problem) = send(&api, "/v1/quarantine/1/dismiss", &json!({ "reason": "  " })).await;
    assert_eq!((status, kind(&problem)), (StatusCode::UNPROCESSABLE_ENTITY, "bad-reason"));
    let long = "x".repeat(1001);
    let (status, _) = send(&api, "/v1/quarantine/1/dismiss", &json!({ "reason": long })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let (status, entry) = send(&api, "/v1/quarantine/1/dismiss", &json!({ "reason": "a test" })).await;
    assert_eq!(
        (status, &entry["state"], &entry["settled"]["note"]),
        (StatusCode::OK, &json!("dismissed"), &json!("a test"))
    );
    let (status, problem) = send(&api, "/v1/quarantine/1/replay", &json!({})).await;
    assert_eq!((status, &problem["state"]), (StatusCode::CONFLICT, &json!("dismissed")));
    let (status, _) = send(&api, "/v1/quarantine/1/dismiss", &json!({ "reason": "again" })).await;
    assert_eq!(status, StatusCode::CONFLICT);
}

async fn entries_come_in_pages_and_are_counted(World { api, clock, .. }: World) {
    for number in 0..3 {
        api.events(&event(&number.to_string(), "acme", "?")).await;
        clock.forward(TimeDelta::minutes(1));
    }
    let mut other = event("x", "other", TIME);
    other["source"] = json!("/other");
    other["specversion"] = json!("2.0");
    api.events(&other).await;
    let numbers = |page: &Value| -> Vec<i64> {
        page["entries"].as_array().unwrap().iter().map(|entry| entry["number"].as_i64().unwrap()).collect()
    };
    let page = api.get("/v1/quarantine?limit=3").await.json();
    assert_eq!((numbers(&page), &page["next"]), (vec![4, 3, 2], &json!(2)));
    let page = api.get("/v1/quarantine?limit=3&before=2").await.json();
    assert_eq!((numbers(&page), &page["next"]), (vec![1], &Value::Null));
    for (query, expected) in [
        ("customer=other", vec![4]),
        ("source=/other", vec![4]),
        ("code=bad_time", vec![3, 2, 1]),
        ("state=dismissed", vec![]),
        ("since=2026-12-15T07:02:00Z", vec![4, 3]),
        ("code=bad_time&customer=acme&state=open&since=2026-12-15T07:01:00Z", vec![3, 2]),
    ] {
        assert_eq!(numbers(&api.get(&format!("/v1/quarantine?{query}")).await.json()), expected, "{query}");
    }
    assert_eq!(api.get("/v1/quarantine?state=gone").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(api.get("/v1/quarantine/one").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_event_that_was_cut_is_repaired_or_dismissed_and_never_replayed() {
    let World { api, .. } = World::sqlite().await;
    let mut long = event("1", "acme", "?");
    long["data"]["note"] = json!("长".repeat(30_000));
    api.events(&long).await;
    assert_eq!(api.get("/v1/quarantine/1").await.json()["whole"], false);
    let (status, problem) = send(&api, "/v1/quarantine/1/replay", &json!({})).await;
    assert_eq!((status, kind(&problem)), (StatusCode::UNPROCESSABLE_ENTITY, "entry-cut"));
    let (_, done) = send(&api, "/v1/quarantine/replay", &json!({})).await;
    assert_eq!((&done["replayed"], &done["still_open"][0]["code"]), (&json!(0), &json!("cut")));
    long["time"] = json!(TIME);
    let (status, _) = send(&api, "/v1/quarantine/1/repair", &json!({ "event": long })).await;
    assert_eq!((status, events_of(&api, "acme").await), (StatusCode::OK, 1));
}

#[tokio::test]
async fn a_replay_has_the_rights_of_who_sent_it() {
    let World { api, clock, .. } = World::sqlite().await;
    api.put("/v1/customers/acme", json!({})).await;
    let own = api.key(json!({ "name": "acme", "customer": "acme" })).await;
    let gateway = api.key(json!({ "name": "gateway", "sources": ["/own"] })).await;
    // Refused for its time before anybody looks at whose it is.
    let later = "2026-12-15T08:00:00Z";
    api.send_by(&own, &event("1", "victim", later)).await;
    api.send_by(&gateway, &event("2", "victim", later)).await;
    // A customer's key sends under this source where nobody named others.
    let mut own_source = event("3", "acme", later);
    own_source["source"] = json!("/customers/acme");
    api.send_by(&own, &own_source).await;
    clock.forward(TimeDelta::hours(2));
    let (_, done) = send(&api, "/v1/quarantine/replay", &json!({})).await;
    let codes: Vec<(i64, &str)> = done["still_open"]
        .as_array()
        .unwrap()
        .iter()
        .map(|open| (open["number"].as_i64().unwrap(), open["code"].as_str().unwrap()))
        .collect();
    assert_eq!(done["replayed"], 1, "{done}");
    assert!(codes.contains(&(1, "not_your_customer")) && codes.contains(&(2, "not_your_source")), "{codes:?}");
    assert_eq!(events_of(&api, "acme").await, 1);
    assert_eq!(api.get("/v1/customers/victim/usage").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_full_quarantine_refuses_by_name_and_loses_nothing() {
    let World { api, .. } = World::sqlite_with(|config| Config { quarantine_max_entries: 3, ..config }).await;
    for number in 0..3 {
        api.events(&event(&number.to_string(), "acme", "?")).await;
    }
    let mixed = json!([event("good", "acme", TIME), event("bad", "acme", "?")]);
    let reply = api.events(&mixed).await;
    assert_eq!(reply.problem(), (507, "quarantine-full".to_owned()));
    assert_eq!(api.get("/v1/customers/acme/usage").await.status, StatusCode::NOT_FOUND, "nothing of it was stored");
    assert_eq!(api.events(&event("good", "acme", TIME)).await.status, StatusCode::OK, "what is good needs no room");
    let conflict = event("good", "acme", "2026-12-11T00:00:00Z");
    assert_eq!(api.events(&conflict).await.problem(), (507, "quarantine-full".to_owned()));
    // The oldest settled entry goes for the next one.
    send(&api, "/v1/quarantine/2/dismiss", &json!({ "reason": "a test" })).await;
    assert_eq!(api.events(&conflict).await.problem().0, 422);
    let list = api.get("/v1/quarantine").await.json();
    let numbers: Vec<&Value> = list["entries"].as_array().unwrap().iter().map(|entry| &entry["number"]).collect();
    assert_eq!(numbers, [&json!(4), &json!(3), &json!(1)]);
    assert_eq!(api.events(&mixed).await.problem().0, 507);
    // Four were put aside and one was thrown away: the day's books say so.
    let audit = api.get("/v1/audit/2026-12-15").await.json();
    let source = &audit["sources"][0];
    assert_eq!((&audit["equal"], &source["refused"]), (&json!(true), &json!(4)), "{audit}");
    assert_eq!((&source["quarantined"], &source["removed"]), (&json!(3), &json!(1)));
}

#[test]
fn the_command_line_lists_shows_repairs_replays_and_dismisses() {
    let program = Program::new();
    // Nothing sends events but a server; its commands say so of an empty quarantine.
    assert!(program.ok(&["quarantine", "list"]).starts_with("ENTRY"));
    assert!(program.fails(&["quarantine", "show", "7"]).contains("there is no entry 7"));
    let event = program.write("event.json", event("1", "acme", TIME).to_string());
    assert!(program.fails(&["quarantine", "repair", "7", &event]).contains("there is no entry 7"));
    assert!(program.fails(&["quarantine", "dismiss", "7", "--reason", "x"]).contains("there is no entry 7"));
    assert_eq!(program.ok(&["quarantine", "replay"]), "0 replayed, 0 stay open\n");
    let wrong = program.run(&["quarantine", "list", "--state", "gone"]);
    assert_eq!(wrong.status.code(), Some(2));
}

#[tokio::test]
async fn the_command_line_works_on_the_entries_of_a_server() {
    let World { api, .. } = World::sqlite().await;
    api.events(&json!([event("1", "acme", "?"), event("2", "acme", "?")])).await;
    let data = api.folder.path().display().to_string();
    let program = Program::new();
    // By the machine's clock, whatever it says.
    let event = program.write("event.json", event("1", "acme", "2020-01-01T00:00:00Z").to_string());
    let command = |arguments: &[&str]| {
        let mut command = std::process::Command::new(super::program::path());
        let output = command.args(arguments).args(["--data", &data]).env_remove("RATECARD_TOKEN").output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, text) = command(&["quarantine", "list", "--state", "open"]);
    assert!(code == Some(0) && text.lines().count() == 3 && text.contains("bad_time"), "{text}");
    let (code, text) = command(&["quarantine", "repair", "1", &event, "--note", "mended"]);
    assert!(code == Some(0) && text.contains("entry 1 is replayed") && text.contains("1 of /test"), "{text}");
    let (code, text) = command(&["quarantine", "replay"]);
    assert_eq!((code, text.as_str()), (Some(1), "0 replayed, 1 stay open\n"));
    let (code, text) = command(&["quarantine", "dismiss", "2", "--reason", "a test", "--by", "li"]);
    assert!(code == Some(0) && text.contains("entry 2 is dismissed") && text.contains("by li; a test"), "{text}");
    let (code, text) = command(&["quarantine", "show", "2"]);
    assert!(code == Some(0) && text.contains("bad_time: time is"), "{text}");
    assert_eq!(api.get("/v1/sources").await.json()[0]["total"]["accepted"], 1);
}
