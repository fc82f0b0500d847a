//! Feeds random input to the engine: builds the fuzz targets with coverage counters and runs each for some time.
//!
//! Works on stable Rust: the counters are a pass of LLVM, and no sanitizer is needed where `unsafe` is forbidden.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::error::Failure;
use crate::process;
use crate::workspace::{Workspace, read_text, write};

const TARGETS: [&str; 3] = ["parse", "ask", "rate"];

/// What libFuzzer needs to see which way a program took.
const COVERAGE: [&str; 6] = [
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// Runs every target for `seconds`; what it found to be interesting is kept for the next time.
pub(crate) fn fuzz(workspace: &Workspace, seconds: u32) -> Result<ExitCode, Failure> {
    let build = workspace.scratch("fuzz")?;
    // With a target named, the flags are not used for build scripts.
    let host = host(workspace)?;
    eprintln!("Building the fuzz targets (needs a C++ compiler)");
    let mut command = workspace.cargo();
    command
        .args(["build", "--release", "--target", &host, "--manifest-path", "fuzz/Cargo.toml"])
        .arg("--target-dir")
        .arg(&build)
        .env("CARGO_ENCODED_RUSTFLAGS", COVERAGE.join("\u{1f}"));
    process::run(&mut command)?;
    for target in TARGETS {
        let corpus = build.join("corpus").join(target);
        seed(workspace, target, &corpus)?;
        eprintln!("{target}: {seconds} s");
        let program = build.join(&host).join("release").join(target);
        let mut command = Command::new(program);
        command.current_dir(&build).arg(&corpus).arg(format!("-max_total_time={seconds}")).args([
            "-max_len=30000",
            "-timeout=20",
            "-print_final_stats=1",
            "-verbosity=0",
        ]);
        process::run(&mut command)?;
    }
    eprintln!("No finding in {} targets of {seconds} s each", TARGETS.len());
    Ok(ExitCode::SUCCESS)
}

fn host(workspace: &Workspace) -> Result<String, Failure> {
    let mut command = Command::new("rustc");
    command.arg("-vV").current_dir(&workspace.root);
    let printed = process::output(&mut command)?;
    let host = printed.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| Failure::Unexpected {
        program: "rustc -vV".to_owned(),
        expected: "a line with the host",
        found: printed.clone(),
    })
}

/// Begins with the example books and the scenarios, so that the first mutation is already close to a book.
fn seed(workspace: &Workspace, target: &str, corpus: &Path) -> Result<(), Failure> {
    for path in files_below(&workspace.root.join("examples"))
        .into_iter()
        .chain(files_below(&workspace.root.join("tests/scenarios")))
    {
        let text = read_text(&path)?;
        let seed = match target {
            "rate" => format!("1000000 2500.5 3 4 5\n{text}"),
            "ask" => serde_json::json!({ "book": text, "ask": { "door": "check" } }).to_string(),
            _ => text,
        };
        let name = path.strip_prefix(&workspace.root).unwrap_or(&path).display().to_string().replace(['/', '\\'], "-");
        write(&corpus.join(name), seed)?;
    }
    Ok(())
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}
