//! Runs the `ratecard` program as a person does.

use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;

/// The program under test: given by whoever runs the tests, or built beside them.
pub fn path() -> PathBuf {
    if let Some(path) = std::env::var_os("TEST_RATECARD") {
        return path.into();
    }
    let tests = std::env::current_exe().unwrap();
    let built = tests.parent().and_then(|deps| deps.parent()).unwrap().join("ratecard");
    assert!(built.exists(), "build the program first (cargo build -p server), or name it in TEST_RATECARD");
    built
}

/// A data folder and the program to use on it.
pub struct Program {
    pub folder: TempDir,
}

impl Program {
    pub fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(path());
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_remove("RATECARD_TOKEN")
            .env_remove("RATECARD_CONFIG");
        command.args(["--data", &self.folder.path().join("data").display().to_string()]);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command that must succeed and gives what it printed.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command that must fail with 1 and gives what it said.
    pub fn fails(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).unwrap()
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }
}
