//! Another process holds the database for longer than we wait: everybody is told to come back, nothing is lost or doubled.

use axum::http::StatusCode;
use serde_json::{Value, json};
use server::Config;
use server::db::Db;
use tempfile::TempDir;

use super::child::Server;
use super::client::{MONTH, event};
use super::kept::stored;

#[tokio::test]
async fn a_database_locked_by_another_process_is_busy_and_then_takes_everything_once() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), &[("RATECARD_BUSY_TIMEOUT_MS", "100")]);
    let client = server.client();
    client.publish().await;
    let batch = |round: u32| -> Value { (0..10).map(|number| event(&format!("{round}-{number}"), "acme")).collect() };
    assert_eq!(client.events(&batch(0)).await.counts(), (10, 0, 0));
    let config = Config::in_dir(&folder.path().join("data"));
    let other = Db::open(&config, chrono::DateTime::UNIX_EPOCH).await.unwrap();
    let mut tx = other.begin().await.unwrap();
    server::invoices::store::take_number(&mut tx).await.unwrap();
    for round in 0..10 {
        let reply = client.events(&batch(round)).await;
        assert_eq!((reply.status, reply.kind().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "busy"));
        assert_eq!(reply.headers["retry-after"], "1");
    }
    assert_eq!(client.usage("acme", MONTH).await, (10, 10), "reading goes on");
    let lines: Vec<Value> = (0..10).map(|number| event(&format!("line-{number}"), "acme")).collect();
    let stream = client.try_lines(&lines).await.unwrap();
    assert_eq!((stream.status, stream.kind().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "busy"));
    tx.rollback().await.unwrap();
    other.close().await;
    assert_eq!(client.events(&batch(0)).await.counts(), (0, 10, 0));
    for round in 1..10 {
        assert_eq!(client.events(&batch(round)).await.counts(), (10, 0, 0), "nothing was kept of what was refused");
    }
    assert_eq!(client.try_lines(&lines).await.unwrap().counts(), (10, 0, 0));
    assert_eq!(client.events(&json!(event("last", "acme"))).await.counts(), (1, 0, 0));
    assert_eq!(client.usage("acme", MONTH).await, (111, 111));
    server.stop();
    let stored = stored(folder.path()).await;
    assert_eq!((stored.len(), stored.values().max()), (111, Some(&1)));
}
