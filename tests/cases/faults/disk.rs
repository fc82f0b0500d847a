//! No room is left on the disk: what was acknowledged stays, the rest is told, and with room it goes on without a restart.

use axum::http::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::child::Server;
use super::client::{MONTH, event};
use super::kept::stored;

/// Events with data that does not get smaller by compression.
fn bulky(round: u32) -> Value {
    let fill = |number: u32| {
        let mut event = event(&format!("{round}-{number}"), "acme");
        let filler = (0..16).map(|part| engine::proof::sha256(format!("{round} {number} {part}").as_bytes()));
        event["data"]["note"] = json!(filler.collect::<String>());
        event
    };
    (0..100).map(fill).collect()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn on_a_full_disk_nothing_acknowledged_is_lost_and_with_room_it_goes_on_without_a_restart() {
    let folder = TempDir::new().unwrap();
    // The kernel refuses to let any file grow beyond 3 MiB, as it refuses to write to a full disk.
    let server = Server::start_with_file_limit(folder.path(), 3 * 1024);
    let client = server.client();
    client.publish().await;
    let (mut accepted, mut refused_in_a_row) = (0, 0);
    // A refusal makes SQLite tidy up, which may make room once more.
    while refused_in_a_row < 20 {
        let reply = client.events(&bulky(accepted / 100)).await;
        if reply.status == StatusCode::OK {
            assert_eq!(reply.counts(), (100, 0, 0), "nothing of a refused request was kept");
            (accepted, refused_in_a_row) = (accepted + 100, 0);
        } else {
            assert_eq!((reply.status, reply.kind().as_str()), (StatusCode::INSUFFICIENT_STORAGE, "storage-full"));
            refused_in_a_row += 1;
        }
        assert!(accepted < 10_000, "the disk never became full");
    }
    assert!(accepted > 0);
    let refused = accepted / 100;
    assert_eq!(client.usage("acme", MONTH).await, (accepted.into(), accepted.into()), "reading goes on");
    assert_eq!(client.events(&json!([])).await.status, StatusCode::OK);
    server.lift_file_limit();
    for round in refused..refused + 10 {
        assert_eq!(client.events(&bulky(round)).await.counts(), (100, 0, 0), "nothing of a refused request was kept");
    }
    assert_eq!(client.events(&bulky(0)).await.counts(), (0, 100, 0));
    let all = u64::from(accepted) + 1000;
    assert_eq!(client.usage("acme", MONTH).await, (all, all));
    server.stop();
    let stored = stored(folder.path()).await;
    assert_eq!((u64::try_from(stored.len()).unwrap(), stored.values().max()), (all, Some(&1)));
}
