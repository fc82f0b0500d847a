//! A PostgreSQL cluster of our own in a folder, for as long as a test needs it. Listens on a socket in that folder only.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use server::{Config, DatabasePlace};
use tempfile::TempDir;

use super::api::{Api, BOOK, config};

/// A running cluster; the last test that holds it stops it.
pub struct Cluster {
    folder: TempDir,
    programs: PathBuf,
}

static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The cluster of this test run.
pub fn cluster() -> Arc<Cluster> {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(cluster) = shared.upgrade() {
        return cluster;
    }
    let cluster = Arc::new(Cluster::start());
    *shared = Arc::downgrade(&cluster);
    cluster
}

/// A server with the book of the tests on a new database of the cluster, which must be held as long.
pub async fn api() -> (Api, Arc<Cluster>) {
    let (folder, cluster) = (TempDir::new().unwrap(), cluster());
    let config = Config { database: DatabasePlace::Postgres(cluster.database()), ..config(&folder) };
    let api = Api::with(folder, config).await;
    assert!(api.post("/v1/books", BOOK).await.status.is_success());
    (api, cluster)
}

impl Cluster {
    fn start() -> Self {
        let cluster = Self { folder: TempDir::new().unwrap(), programs: programs() };
        let data = cluster.data();
        if is_root() {
            // PostgreSQL refuses to run as root; its package brings a user.
            let owner = Command::new("chown").arg("postgres").arg(cluster.folder.path()).status().unwrap();
            assert!(owner.success(), "chown to the user postgres failed");
        }
        let auth = ["--auth=trust", "--username=postgres", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"];
        cluster.run("initdb", &[&auth[..], &["-D", &data]].concat());
        let socket = cluster.folder.path().display().to_string();
        let options = format!("-c listen_addresses= -c unix_socket_directories={socket} -c fsync=off");
        let log = format!("{socket}/log");
        cluster.run("pg_ctl", &["start", "--wait", "-D", &data, "-l", &log, "-o", &options]);
        cluster
    }

    /// The URL of a new, empty database.
    pub fn database(&self) -> String {
        let name = format!("test{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let socket = self.folder.path().display().to_string();
        self.run("createdb", &["--host", &socket, "--username", "postgres", &name]);
        format!("postgres://postgres@localhost/{name}?host={socket}")
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(&program);
            command
        } else {
            Command::new(&program)
        };
        let done = command.args(arguments).current_dir("/").stdout(Stdio::null()).status().unwrap();
        assert!(done.success(), "{} failed", program.display());
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.run("pg_ctl", &["stop", "-D", &self.data(), "-m", "immediate"]);
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.trim_ascii() == b"0"
}

/// Where Debian keeps the newest PostgreSQL's programs; elsewhere they are on the path.
fn programs() -> PathBuf {
    let versions =
        std::fs::read_dir("/usr/lib/postgresql").map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())));
    let mut folders: Vec<PathBuf> = versions.map(Iterator::collect).unwrap_or_default();
    folders.sort();
    folders.pop().map_or_else(|| Path::new("").to_path_buf(), |folder| folder.join("bin"))
}
