//! The real program as a process of its own, which can be killed, stopped, held back and measured.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::client::{Client, TOKEN};

/// The program under test: given by whoever runs the tests, or built beside them.
fn path() -> PathBuf {
    if let Some(path) = std::env::var_os("TEST_RATECARD") {
        return path.into();
    }
    let tests = std::env::current_exe().unwrap();
    let built = tests.parent().and_then(|deps| deps.parent()).unwrap().join("ratecard");
    assert!(built.exists(), "build the program first (cargo build -p server), or name it in TEST_RATECARD");
    built
}

/// A running server; killed when it is dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    said: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts it in a folder, with settings as in the environment, and waits until it listens.
    pub fn start(folder: &Path, settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new(path());
        command.arg("serve");
        Self::run(command, folder, settings)
    }

    /// The same where no file may become larger than so many KiB; the limit can be taken away later.
    #[cfg(target_os = "linux")]
    pub fn start_with_file_limit(folder: &Path, kib: u32) -> Self {
        let mut command = Command::new("sh");
        // Who is not killed by the signal is told that the file is too large.
        let script = format!("trap '' XFSZ; ulimit -S -f {}; exec \"$0\" serve", kib * 2);
        command.args(["-c", &script]).arg(path());
        Self::run(command, folder, &[])
    }

    fn run(mut command: Command, folder: &Path, settings: &[(&str, &str)]) -> Self {
        let names: Vec<_> = std::env::vars_os().map(|(name, _)| name).collect();
        for name in names.iter().filter(|name| name.to_string_lossy().starts_with("RATECARD_")) {
            command.env_remove(name);
        }
        command
            .current_dir(folder)
            .env("RATECARD_DATA", folder.join("data"))
            .env("RATECARD_LISTEN", "127.0.0.1:0")
            .env("RATECARD_TOKEN", TOKEN)
            .env("RATECARD_LOG", "warn")
            .envs(settings.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let mut said = Vec::new();
        let address = loop {
            let mut line = String::new();
            if lines.read_line(&mut line).unwrap() == 0 {
                panic!("the server did not start: {said:?}");
            }
            if let Some((_, rest)) = line.split_once("listening on http://") {
                break rest.split(',').next().unwrap().trim().parse().unwrap();
            }
            said.push(line);
        };
        let said = Arc::new(Mutex::new(said));
        listen_on(lines, Arc::clone(&said));
        Self { child, address, said }
    }

    pub fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// What it has said on stderr.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().concat()
    }

    /// Ends it without any warning (SIGKILL).
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end (SIGTERM).
    pub fn ask_to_stop(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// Waits for its end.
    pub fn ended(mut self, within: Duration) -> ExitStatus {
        let asked = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(asked.elapsed() < within, "it did not end within {within:?}: {}", self.said());
            // There is no waiting for a process with an end to it.
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Asks it to end and waits.
    pub fn stop(self) {
        self.ask_to_stop();
        assert!(self.ended(Duration::from_secs(30)).success());
    }

    /// The most memory that it ever had, in MiB.
    #[cfg(target_os = "linux")]
    pub fn most_memory_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() / 1024
    }

    /// Takes the limit on its files away.
    #[cfg(target_os = "linux")]
    pub fn lift_file_limit(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited"]).status().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn listen_on(lines: BufReader<ChildStderr>, said: Arc<Mutex<Vec<String>>>) {
    std::thread::spawn(move || {
        for line in lines.lines().map_while(Result::ok) {
            said.lock().unwrap().push(line + "\n");
        }
    });
}
