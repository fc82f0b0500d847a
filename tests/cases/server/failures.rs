//! What happens when the machine fails: no room, a lock, a second server.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use server::{Clock, Config, StartError};
use tempfile::TempDir;

use super::api::{Api, BOOK, NOW, config, event};

const TIME: &str = "2026-12-01T08:30:00+08:00";

#[tokio::test]
async fn a_second_server_on_the_same_file_is_refused_by_name() {
    let api = Api::new().await;
    let again = server::start_at(config(&api.folder), Clock::Fixed(NOW.parse().unwrap())).await;
    assert!(matches!(&again, Err(StartError::InUse(file)) if file.ends_with("ratecard.db")), "{again:?}");
    let folder = api.folder;
    api.running.stop().await;
    let next = server::start_at(config(&folder), Clock::Fixed(NOW.parse().unwrap())).await;
    assert!(next.is_ok(), "after the first one has stopped there is room");
}

#[tokio::test]
async fn a_full_disk_is_told_and_nothing_is_half_done() {
    let folder = TempDir::new().unwrap();
    let small = Config { max_database_mib: Some(1), ..config(&folder) };
    let api = Api::with(folder, small).await;
    api.post("/v1/books", BOOK).await;
    let batch = |round: u32| -> Value {
        let fill = |number: u32| {
            let mut event = event(&format!("{round}-{number}"), "acme", TIME);
            // Digests do not get smaller by compression.
            let filler = (0..16).map(|part| engine::proof::sha256(format!("{round} {number} {part}").as_bytes()));
            event["data"]["note"] = json!(filler.collect::<String>());
            event
        };
        (0..100).map(fill).collect()
    };
    let mut accepted = 0;
    for round in 0..100 {
        let reply = api.events(&batch(round)).await;
        if reply.status == StatusCode::INSUFFICIENT_STORAGE {
            assert_eq!(reply.json()["type"], "urn:ratecard:problem:storage-full");
            let kept = api.get("/v1/customers/acme/usage").await.json();
            assert_eq!(kept["events"], accepted, "no event of the refused request is there");
            return;
        }
        assert_eq!(reply.status, StatusCode::OK);
        accepted += 100;
    }
    panic!("the file never became full");
}

#[tokio::test]
async fn a_locked_database_is_busy_and_then_works_again() {
    let folder = TempDir::new().unwrap();
    let impatient = Config { busy_timeout: Duration::from_millis(50), ..config(&folder) };
    let api = Api::with(folder, impatient).await;
    api.post("/v1/books", BOOK).await;
    let mut tx = api.running.app.db.begin().await.unwrap();
    server::invoices::store::take_number(&mut tx).await.unwrap();
    let reply = api.events(&event("1", "acme", TIME)).await;
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        (reply.json()["type"].as_str(), &reply.headers["retry-after"]),
        (Some("urn:ratecard:problem:busy"), &"1".parse().unwrap())
    );
    tx.rollback().await.unwrap();
    assert_eq!(api.events(&event("1", "acme", TIME)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_failure_inside_is_answered_with_a_request_id_only() {
    let api = Api::new().await;
    api.running.app.db.close().await;
    let reply = api.get("/v1/invoices").await;
    assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
    let problem = reply.json();
    assert!(problem["detail"].is_null(), "{problem}");
    assert_eq!(problem["request"].as_str().unwrap(), reply.headers["x-request-id"].to_str().unwrap());
}

#[tokio::test]
async fn pages_are_served_compressed_and_with_a_policy() {
    let folder = TempDir::new().unwrap();
    let web = folder.path().join("web");
    std::fs::create_dir_all(web.join("assets")).unwrap();
    std::fs::write(web.join("index.html"), "<!doctype html>").unwrap();
    std::fs::write(web.join("assets/app.wasm"), "plain").unwrap();
    std::fs::write(web.join("assets/app.wasm.br"), "brotli").unwrap();
    let with_pages = Config { web: Some(web), ..config(&folder) };
    let api = Api::with(folder, with_pages).await;
    let page = api.send("GET", "/", &[], "").await;
    assert_eq!((page.status, &page.headers["cache-control"]), (StatusCode::OK, &"no-cache".parse().unwrap()));
    assert!(page.headers["content-security-policy"].to_str().unwrap().contains("'wasm-unsafe-eval'"));
    assert_eq!(page.headers["x-content-type-options"], "nosniff");
    let asset = api.send("GET", "/assets/app.wasm", &[("accept-encoding", "br")], "").await;
    assert_eq!(
        (asset.text().as_str(), &asset.headers["content-type"]),
        ("brotli", &"application/wasm".parse().unwrap())
    );
    assert!(asset.headers["cache-control"].to_str().unwrap().contains("immutable"));
    assert_eq!(api.send("GET", "/nothing.html", &[], "").await.headers["content-type"], "application/problem+json");
    for path in ["/../operator-token", "/..%2foperator-token", "/%2e%2e/ratecard.db"] {
        assert_ne!(api.send("GET", path, &[], "").await.status, StatusCode::OK, "{path}");
    }
}
