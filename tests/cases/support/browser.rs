//! Chromium behind ChromeDriver, started and stopped by the test on a free loopback port.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

/// A running ChromeDriver; ends with the value, and its browsers with it.
pub(crate) struct Driver {
    child: Child,
    address: String,
    profile: tempfile::TempDir,
}

impl Driver {
    /// Starts ChromeDriver and waits for the port that it prints.
    pub(crate) fn start() -> Self {
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts; `cargo xtask test` installs it");
        let output = BufReader::new(child.stdout.take().unwrap());
        let started = output.lines().map_while(Result::ok).find_map(|line| {
            let port = line.split("started successfully on port ").nth(1)?;
            Some(port.trim_end_matches('.').to_owned())
        });
        let port = started.expect("ChromeDriver says its port");
        Self { child, address: format!("http://127.0.0.1:{port}"), profile: tempfile::tempdir().unwrap() }
    }

    /// A browser with an empty profile; `more` are further switches, for instance a language.
    pub(crate) async fn browser(&self, more: &[&str]) -> Client {
        let profile = tempfile::Builder::new().tempdir_in(self.profile.path()).unwrap().keep();
        let mut switches = vec![
            "--headless=new".to_owned(),
            "--window-size=1280,1000".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            format!("--user-data-dir={}", profile.display()),
        ];
        switches.extend(more.iter().map(|switch| (*switch).to_owned()));
        let capabilities = json!({ "goog:chromeOptions": { "args": switches }, "pageLoadStrategy": "normal" });
        let Value::Object(capabilities) = capabilities else { unreachable!() };
        let connector = HttpConnector::new();
        let mut builder = ClientBuilder::new(connector);
        builder.capabilities(capabilities).connect(&self.address).await.expect("Chromium starts")
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves a folder on a free loopback port for as long as the test runs.
pub(crate) async fn serve(folder: &Path) -> SocketAddr {
    let files = tower_http::services::ServeDir::new(folder).precompressed_br().precompressed_gzip();
    let app = axum::Router::new().fallback_service(files);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// Waits until a script gives true; fails after ten seconds, saying for what it waited.
pub(crate) async fn wait_for(client: &Client, what: &str, script: &str) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while client.execute(script, Vec::new()).await.unwrap() != Value::Bool(true) {
        assert!(std::time::Instant::now() < deadline, "waited ten seconds for {what}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
