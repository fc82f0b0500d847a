//! Asked to stop, the server answers what was sent before, ends streams, takes nothing more, and ends with 0.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::child::Server;
use super::client::event;
use super::kept::stored;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asked_to_stop_under_load_it_answers_what_it_took_and_ends_streams_soon() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), &[]);
    let client = server.client();
    client.publish().await;
    assert_eq!(client.events(&event("first", "acme")).await.counts(), (1, 0, 0));
    let link = client.send("POST", "/v1/customers/acme/links", "application/json", "{}".to_owned()).await.unwrap();
    let link = link.json()["token"].as_str().unwrap().to_owned();
    // Two streams of figures that never end by themselves, and a connection that nothing is done with.
    let mut streams = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let ask = format!("GET /v1/trial/stream HTTP/1.1\r\nhost: ratecard\r\nauthorization: Bearer {link}\r\n\r\n");
        stream.write_all(ask.as_bytes()).await.unwrap();
        let mut some = [0; 256];
        assert!(stream.read(&mut some).await.unwrap() > 0);
        assert!(some.starts_with(b"HTTP/1.1 200"));
        streams.push(stream);
    }
    let _idle = TcpStream::connect(server.address).await.unwrap();
    let (begun, mut waiting) = tokio::sync::mpsc::channel(1);
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        let (client, begun) = (client.clone(), begun.clone());
        writers.spawn(async move {
            let mut acknowledged = 0;
            loop {
                let events = json!([event(&format!("{writer}-{acknowledged}"), "acme")]);
                // Whoever is refused a connection, or cut off unheard, has no answer.
                let Ok(reply) = client.try_events(&events).await else { return acknowledged };
                if reply.status == StatusCode::SERVICE_UNAVAILABLE {
                    return acknowledged;
                }
                assert_eq!((reply.status, reply.counts()), (StatusCode::OK, (1, 0, 0)));
                acknowledged += 1;
                if acknowledged == 10 {
                    begun.send(()).await.unwrap();
                }
            }
        });
    }
    for _ in 0..8 {
        waiting.recv().await.unwrap();
    }
    let asked = Instant::now();
    server.ask_to_stop();
    let mut acknowledged = 1;
    while let Some(ended) = writers.join_next().await {
        acknowledged += ended.unwrap();
    }
    for mut stream in streams {
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        assert!(rest.ends_with(b"0\r\n\r\n"), "the stream ends in order");
    }
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody is let in any more");
    assert_eq!(server.ended(Duration::from_secs(10)).code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    let stored = stored(folder.path()).await;
    assert_eq!(stored.values().max(), Some(&1));
    // What was not answered may be stored all the same: at most one request of each writer.
    assert!((acknowledged..=acknowledged + 8).contains(&stored.len()), "{acknowledged} {}", stored.len());
}
