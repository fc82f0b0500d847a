//! Clients that are slow, idle, or gone in the middle: nobody else notices, and what they sent is kept whole or not at all.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::interval;

use super::child::Server;
use super::client::{Client, MONTH, TOKEN, event};

async fn published() -> (Server, Client, TempDir) {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), &[]);
    let client = server.client();
    client.publish().await;
    (server, client, folder)
}

fn head(kind: &str, length: &str) -> String {
    format!(
        "POST /v1/events HTTP/1.1\r\nhost: ratecard\r\nauthorization: Bearer {TOKEN}\r\ncontent-type: {kind}\r\n{length}\r\n"
    )
}

fn events(name: &str, count: usize) -> Vec<Value> {
    (0..count).map(|number| event(&format!("{name}-{number}"), "acme")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_senders_of_a_byte_a_second_and_200_idle_connections_hold_nobody_up() {
    let (server, client, _folder) = published().await;
    let mut idle = Vec::new();
    for number in 0..200 {
        let mut connection = TcpStream::connect(server.address).await.unwrap();
        if number % 2 == 0 {
            connection.write_all(b"POST /v1/events HTTP/1.1\r\nhost: rate").await.unwrap();
        }
        idle.push(connection);
    }
    for _ in 0..20 {
        let mut connection = TcpStream::connect(server.address).await.unwrap();
        connection.write_all(head("application/json", "content-length: 1000\r\n").as_bytes()).await.unwrap();
        tokio::spawn(async move {
            let mut second = interval(Duration::from_secs(1));
            loop {
                second.tick().await;
                if connection.write_all(b" ").await.is_err() {
                    return;
                }
            }
        });
    }
    let begun = Instant::now();
    let mut longest = Duration::ZERO;
    for round in 0..100 {
        let sent = Instant::now();
        assert_eq!(client.events(&json!(events(&round.to_string(), 3))).await.counts(), (3, 0, 0));
        longest = longest.max(sent.elapsed());
    }
    assert_eq!(client.usage("acme", MONTH).await, (300, 300));
    assert!(longest < Duration::from_secs(2), "{longest:?}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    drop(idle);
}

#[tokio::test]
async fn of_a_batch_cut_in_the_middle_nothing_is_kept_and_of_a_whole_one_all_or_nothing() {
    let (server, client, _folder) = published().await;
    let half = json!(events("half", 100)).to_string();
    for cut in [1, half.len() / 2, half.len() - 1] {
        let mut connection = TcpStream::connect(server.address).await.unwrap();
        let head = head("application/json", &format!("content-length: {}\r\n", half.len()));
        connection.write_all(head.as_bytes()).await.unwrap();
        connection.write_all(&half.as_bytes()[..cut]).await.unwrap();
        connection.shutdown().await.unwrap();
        // It says what is wrong or just hangs up.
        let mut answer = String::new();
        let _ = connection.read_to_string(&mut answer).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
    assert_eq!(client.events(&json!(events("half", 100))).await.counts(), (100, 0, 0));
    for round in 0..20 {
        let whole = events(&format!("gone-{round}"), 50);
        let body = json!(whole).to_string();
        let mut connection = TcpStream::connect(server.address).await.unwrap();
        let head = head("application/json", &format!("content-length: {}\r\n", body.len()));
        connection.write_all((head + &body).as_bytes()).await.unwrap();
        // Gone before the answer.
        drop(connection);
        let (accepted, duplicates, others) = client.events(&json!(whole)).await.counts();
        assert_eq!((accepted + duplicates, others), (50, 0));
        assert!(accepted == 0 || accepted == 50, "{accepted} of 50 were kept");
    }
    assert_eq!(client.usage("acme", MONTH).await, (1100, 1100));
}

#[tokio::test]
async fn of_a_stream_cut_in_the_middle_what_was_answered_stays_and_all_can_be_sent_again() {
    let (server, client, _folder) = published().await;
    let lines = events("line", 60);
    let mut connection = TcpStream::connect(server.address).await.unwrap();
    let more = "accept: application/x-ndjson\r\ntransfer-encoding: chunked\r\n";
    connection.write_all(head("application/x-ndjson", more).as_bytes()).await.unwrap();
    let text: String = lines[..30].iter().map(|line| format!("{line}\n")).collect();
    connection.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes()).await.unwrap();
    // The answer comes while the stream goes on.
    let (reading, mut writing) = connection.into_split();
    let mut answer = BufReader::new(reading).lines();
    let mut answered = 0;
    while answered < 30 {
        let line = answer.next_line().await.unwrap().unwrap();
        answered += usize::from(line.contains("\"accepted\""));
    }
    let part = &lines[30].to_string()[..40];
    writing.write_all(format!("{:x}\r\n{part}\r\n", part.len()).as_bytes()).await.unwrap();
    drop((writing, answer));
    assert_eq!(client.usage("acme", MONTH).await, (30, 30));
    assert_eq!(client.try_lines(&lines).await.unwrap().counts(), (30, 30, 0));
    assert_eq!(client.usage("acme", MONTH).await, (60, 60));
}
