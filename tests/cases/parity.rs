//! One engine, two targets: the same questions natively, in WASM under Node, in WASM in Chromium and over HTTP give the
//! same bytes.
//!
//! The questions are those of every scenario and thousands of random ones.

#[path = "support/browser.rs"]
mod browser;
#[path = "support/environment.rs"]
mod environment;
#[path = "support/generate.rs"]
mod generate;

#[path = "server/api.rs"]
#[expect(dead_code, reason = "the server's own tests use the rest of it")]
mod api;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use engine::wire::answer_json;
use environment::prepared;
use serde_json::json;

/// How many random questions are asked in each place.
const RANDOM: usize = 3_000;

/// Every scenario's question, then the random ones.
fn questions() -> Vec<String> {
    let mut asks: Vec<String> = tests::scenario::all().unwrap().into_iter().map(|case| case.ask).collect();
    asks.extend(generate::asks(RANDOM));
    asks
}

/// Fails at the first answer that differs from the native one.
fn same_as_native(place: &str, asks: &[String], answers: &[String]) {
    assert_eq!(asks.len(), answers.len(), "{place}: every question has an answer");
    for (ask, answer) in asks.iter().zip(answers) {
        assert_eq!(&answer_json(ask), answer, "{place} differs on {ask}");
    }
    println!("{place}: {} answers equal byte for byte", answers.len());
}

#[test]
fn wasm_under_node_answers_like_native() {
    let asks = questions();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/parity/node.mjs");
    let mut node = Command::new("node")
        .arg(script)
        .arg(prepared("TEST_PARITY").join("node"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node starts; `cargo xtask test` installs it");
    let mut input = node.stdin.take().unwrap();
    let lines = asks.clone();
    let writer = std::thread::spawn(move || {
        for line in lines {
            writeln!(input, "{line}").unwrap();
        }
    });
    let output = BufReader::new(node.stdout.take().unwrap());
    let answers: Vec<String> = output.lines().map(Result::unwrap).collect();
    writer.join().unwrap();
    assert!(node.wait().unwrap().success());
    same_as_native("Node", &asks, &answers);
}

#[tokio::test]
async fn wasm_in_chromium_answers_like_native() {
    let asks = questions();
    let address = browser::serve(&prepared("TEST_PARITY").join("web")).await;
    let driver = browser::Driver::start();
    let client = driver.browser(&[]).await;
    client.goto(&format!("http://{address}/index.html")).await.unwrap();
    browser::wait_for(&client, "the engine to load", "return window.ready === true").await;
    let mut answers: Vec<String> = Vec::new();
    for batch in asks.chunks(200) {
        let found = client.execute("return window.answers(arguments[0])", vec![json!(batch)]).await.unwrap();
        answers.extend(serde_json::from_value::<Vec<String>>(found).unwrap());
    }
    client.close().await.unwrap();
    same_as_native("Chromium", &asks, &answers);
}

#[tokio::test]
async fn the_http_api_answers_like_native() {
    let asks = questions();
    let api = api::Api::empty().await;
    let mut answers: Vec<String> = Vec::new();
    for ask in &asks {
        let reply = api.post("/v1/engine", ask.clone()).await;
        let answer = reply.text();
        let expected = if answer.starts_with("{\"refused\"") { 422 } else { 200 };
        assert_eq!(reply.status, expected, "the status says whether it is refused: {ask}");
        answers.push(answer);
    }
    api.running.stop().await;
    same_as_native("HTTP", &asks, &answers);
}
