//! Where things are: the repository, cargo's target directory, what is built where.
//! Also the only place that starts cargo.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::error::Failure;
use crate::process;

pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The profile of everything a browser loads; see the root Cargo.toml.
pub(crate) const WASM_PROFILE: &str = "page";

/// Which build of the `ratecard` binary is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    Dev,
    Release,
}

/// The repository and its build directory, as absolute paths.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    target: PathBuf,
    cargo: OsString,
}

impl Workspace {
    /// Asks cargo, which alone knows every way to move the target directory.
    pub(crate) fn find() -> Result<Workspace, Failure> {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut command = Command::new(&cargo);
        command.args(["metadata", "--no-deps", "--format-version", "1"]);
        let metadata = process::output(&mut command)?;
        let unexpected = |found: &dyn ToString| Failure::Unexpected {
            program: "cargo metadata".to_owned(),
            expected: "the workspace as JSON",
            found: found.to_string(),
        };
        let metadata: serde_json::Value = serde_json::from_str(&metadata).map_err(|error| unexpected(&error))?;
        let path = |key: &str| {
            metadata
                .get(key)
                .and_then(serde_json::Value::as_str)
                .map(PathBuf::from)
                .ok_or_else(|| unexpected(&format!("no `{key}`")))
        };
        Ok(Workspace { root: path("workspace_root")?, target: path("target_directory")?, cargo })
    }

    /// `cargo` in the repository. What `cargo run` told us about the xtask crate is taken out of
    /// the environment: build scripts that look at it would run again for nothing.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new(&self.cargo);
        command.current_dir(&self.root);
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        command
    }

    /// A working directory of ours below the target directory, created if need be.
    pub(crate) fn scratch(&self, name: &str) -> Result<PathBuf, Failure> {
        let path = self.target.join("xtask").join(name);
        create_directory(&path)?;
        Ok(path)
    }

    /// The same, emptied of what an earlier run left there.
    pub(crate) fn fresh_scratch(&self, name: &str) -> Result<PathBuf, Failure> {
        let path = self.scratch(name)?;
        remove_directory(&path)?;
        create_directory(&path)?;
        Ok(path)
    }

    pub(crate) fn dist(&self) -> PathBuf {
        self.root.join("dist")
    }

    pub(crate) fn parity(&self) -> PathBuf {
        self.target.join("parity")
    }

    pub(crate) fn server(&self, server: Server) -> PathBuf {
        let profile = match server {
            Server::Dev => "debug",
            Server::Release => "release",
        };
        self.target.join(profile).join(format!("ratecard{}", env::consts::EXE_SUFFIX))
    }

    /// A program built in release mode.
    pub(crate) fn release_binary(&self, name: &str) -> PathBuf {
        self.target.join("release").join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }

    /// What cargo makes of a binary, library or example for the browser.
    pub(crate) fn wasm(&self, name: &str) -> PathBuf {
        self.target.join(WASM_TARGET).join(WASM_PROFILE).join(format!("{name}.wasm"))
    }

    /// Builds something of one crate for the browser. Where a panic happened is part of a program:
    /// the directory of this account's crates is left out of that, so that every machine builds
    /// the same bytes and none gives its paths away.
    pub(crate) fn build_wasm(&self, package: &str, what: &[&str]) -> Result<(), Failure> {
        self.make_wasm("build", package, what, &[])
    }

    /// The same for one program, into which the linker writes what points to what.
    pub(crate) fn build_wasm_with_links(&self, package: &str, what: &[&str]) -> Result<(), Failure> {
        self.make_wasm("rustc", package, what, &["--", "-Clink-arg=--emit-relocs"])
    }

    fn make_wasm(&self, how: &str, package: &str, what: &[&str], more: &[&str]) -> Result<(), Failure> {
        let mut command = self.cargo();
        command
            .arg(how)
            .args(["--package", package, "--profile", WASM_PROFILE])
            .args(["--target", WASM_TARGET])
            .args(what)
            .args(more);
        let flags: Vec<String> =
            crate_sources().iter().map(|path| format!("--remap-path-prefix={}=", path.display())).collect();
        command.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
        process::run(&mut command)
    }
}

/// Where cargo unpacks crates: one directory for each registry.
fn crate_sources() -> Vec<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    let registries = home.and_then(|home| fs::read_dir(home.join("registry/src")).ok());
    registries.into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|source| Failure::Read { path: path.to_path_buf(), source })
}

pub(crate) fn read_text(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|source| Failure::Read { path: path.to_path_buf(), source })
}

pub(crate) fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Result<(), Failure> {
    if let Some(parent) = path.parent() {
        create_directory(parent)?;
    }
    fs::write(path, bytes).map_err(|source| Failure::Write { path: path.to_path_buf(), source })
}

pub(crate) fn create_directory(path: &Path) -> Result<(), Failure> {
    fs::create_dir_all(path).map_err(|source| Failure::Write { path: path.to_path_buf(), source })
}

pub(crate) fn remove_directory(path: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::Write { path: path.to_path_buf(), source })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Every file below a directory, in the order of the alphabet.
pub(crate) fn files_below(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |source| Failure::Read { path: directory.to_path_buf(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
