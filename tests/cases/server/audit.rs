//! A day's intake closes with figures that equal what is stored; what was tampered with is named by its source.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::api::{Api, event};
use super::program;
use super::world::World;

crate::on_both! {
    a_day_is_equal_and_is_closed_when_it_is_over
    removed_events_are_missed_by_their_source
    a_removed_entry_of_the_quarantine_is_missed
    figures_of_a_closed_day_cannot_be_changed_unseen
}

const TIME: &str = "2026-12-15T06:59:00Z";

fn from(source: &str, id: &str) -> Value {
    let mut event = event(id, "acme", TIME);
    event["source"] = json!(source);
    event
}

/// Two requests of two sources: the second one is the second commit.
async fn fill(api: &Api) {
    api.events(&json!([from("/a", "1"), from("/a", "2"), from("/a", "1")])).await;
    api.events(&json!([from("/b", "1"), event("x", "acme", "?")])).await;
}

async fn audit(api: &Api) -> Value {
    api.get("/v1/audit/2026-12-15").await.json()
}

fn differences(audit: &Value) -> Vec<(&str, &Value)> {
    let sources = audit["sources"].as_array().unwrap().iter();
    sources.map(|source| (source["source"].as_str().unwrap(), &source["differences"])).collect()
}

async fn a_day_is_equal_and_is_closed_when_it_is_over(World { api, clock, .. }: World) {
    fill(&api).await;
    let seen = audit(&api).await;
    let figures = |index: usize, name: &str| seen["sources"][index][name].as_i64().unwrap();
    assert_eq!((&seen["equal"], differences(&seen).len()), (&json!(true), 3), "{seen}");
    assert_eq!((figures(0, "accepted"), figures(0, "stored"), figures(0, "duplicates")), (2, 2, 1));
    assert_eq!((figures(1, "accepted"), figures(1, "stored")), (1, 1));
    assert_eq!((figures(2, "refused"), figures(2, "quarantined"), figures(2, "accepted")), (1, 1, 0));
    assert_eq!(figures(0, "checksum"), figures(0, "stored_checksum"));
    let close = async || api.post("/v1/audit/2026-12-15/close", "").await;
    assert_eq!(close().await.problem(), (409, "day-not-over".to_owned()));
    // 16:59:59.999999 later it is still the 15th.
    clock.forward(TimeDelta::hours(17) - TimeDelta::microseconds(1));
    assert_eq!(close().await.problem(), (409, "day-not-over".to_owned()));
    clock.forward(TimeDelta::microseconds(1));
    let closed = close().await.json();
    assert_eq!((&closed["equal"], &closed["closed"]["at"]), (&json!(true), &json!("2026-12-16T00:00:00Z")), "{closed}");
    clock.forward(TimeDelta::hours(1));
    api.events(&from("/a", "3")).await;
    assert_eq!(close().await.json()["closed"], closed["closed"], "closing again changes nothing");
    assert_eq!(audit(&api).await["equal"], true, "the next day is another day");
    let empty = api.get("/v1/audit/2026-12-14").await.json();
    assert_eq!((&empty["equal"], &empty["sources"]), (&json!(true), &json!([])));
    assert_eq!(api.get("/v1/audit/2026-02-30").await.status, StatusCode::BAD_REQUEST);
}

async fn removed_events_are_missed_by_their_source(world: World) {
    fill(&world.api).await;
    world.tamper("DELETE FROM event_batches WHERE seq = 2").await;
    // The running server still knows that there was a batch: it cannot say what was in it.
    let seen = audit(&world.api).await;
    assert_eq!((&seen["equal"], seen["unreadable"].is_string()), (&json!(false), true), "{seen}");
    let world = world.restarted().await;
    let seen = audit(&world.api).await;
    let expected = [("/a", &json!([])), ("/b", &json!(["stored"])), ("/test", &json!([]))];
    assert_eq!((&seen["equal"], differences(&seen).as_slice()), (&json!(false), expected.as_slice()), "{seen}");
    world.clock.forward(TimeDelta::days(1));
    let refused = world.api.post("/v1/audit/2026-12-15/close", "").await;
    assert_eq!(refused.problem(), (409, "day-not-equal".to_owned()));
}

async fn a_removed_entry_of_the_quarantine_is_missed(world: World) {
    fill(&world.api).await;
    world.tamper("DELETE FROM quarantine").await;
    let seen = audit(&world.api).await;
    let expected = [("/a", &json!([])), ("/b", &json!([])), ("/test", &json!(["refused"]))];
    assert_eq!((&seen["equal"], differences(&seen).as_slice()), (&json!(false), expected.as_slice()));
}

async fn figures_of_a_closed_day_cannot_be_changed_unseen(world: World) {
    fill(&world.api).await;
    world.clock.forward(TimeDelta::days(1));
    assert_eq!(world.api.post("/v1/audit/2026-12-15/close", "").await.status, StatusCode::OK);
    // Books and store are made to agree again; the closed figures tell all the same.
    world.tamper("DELETE FROM event_batches WHERE seq = 2").await;
    world.tamper("DELETE FROM intake_days WHERE source = '/b'").await;
    let world = world.restarted().await;
    let seen = audit(&world.api).await;
    let expected = [("/a", &json!([])), ("/b", &json!(["closed"])), ("/test", &json!([]))];
    assert_eq!((&seen["equal"], differences(&seen).as_slice()), (&json!(false), expected.as_slice()), "{seen}");
    world.tamper("UPDATE audited_days SET body = '[]'").await;
    assert_eq!(audit(&world.api).await["closed"]["intact"], false);
}

#[tokio::test]
async fn the_command_line_audits_with_an_exit_code_and_shows_sources_and_leaks() {
    let world = World::sqlite().await;
    fill(&world.api).await;
    let data = world.api.folder.path().display().to_string();
    let command = |arguments: &[&str]| {
        let mut command = std::process::Command::new(program::path());
        let output = command.args(arguments).args(["--data", &data]).env_remove("RATECARD_TOKEN").output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, text) = command(&["audit", "2026-12-15"]);
    assert!(code == Some(0) && text.contains("2026-12-15: books and store are equal"), "{text}");
    let (code, text) = command(&["sources"]);
    assert!(code == Some(0) && text.lines().count() == 4 && text.contains("silent"), "{text}");
    let (code, text) = command(&["leaks", "--month", "2026-12"]);
    assert!(code == Some(0) && text.starts_with("CUSTOMER"), "{text}");
    world.tamper("DELETE FROM event_batches WHERE seq = 2").await;
    let (code, text) = command(&["audit", "2026-12-15"]);
    assert_eq!(code, Some(1));
    let line = text.lines().find(|line| line.starts_with("/b")).unwrap();
    assert!(line.contains("the stored events are not those of the books"), "{text}");
    assert!(text.contains("books and store DIFFER"), "{text}");
    assert_eq!(command(&["audit", "yesterday"]).0, Some(1));
}
