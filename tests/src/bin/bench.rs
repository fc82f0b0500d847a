//! Measures the engine natively: prints `name<TAB>nanoseconds` for every round. `cargo xtask bench` puts WASM beside it.
//!
//! `bench --of PREFIX` measures only those whose name begins so.
//! `bench --once NAME N` runs one benchmark N times and prints nothing: for counting instructions.
//! `bench --memory` rates a large run and prints the peak memory of the process in kB, where the system tells it.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use tests::bench::{names, run};

const ROUNDS: u32 = 9;
const ROUND: Duration = Duration::from_millis(60);

/// How many lines the large run prices.
const LARGE_RUN: u32 = 1_000_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match (arguments.as_slice(), arguments.get(2).map(|count| count.parse())) {
        ([], _) => measure(""),
        (["--of", prefix], _) => measure(prefix),
        (["--once", name, _], Some(Ok(iterations))) => {
            std::hint::black_box(run(name, iterations));
        }
        (["--memory"], _) => memory(),
        _ => {
            eprintln!("usage: bench [--of PREFIX | --once NAME N | --memory]");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// One round of each benchmark after the other, so that a busy moment of the machine hits all of them alike.
fn measure(prefix: &str) {
    let names = names().into_iter().filter(|name| name.starts_with(prefix));
    let benchmarks: Vec<(&str, u32)> = names.map(|name| (name, enough_iterations(name))).collect();
    for _ in 0..ROUNDS {
        for (name, iterations) in &benchmarks {
            let nanoseconds = timed(name, *iterations).as_nanos() * 10 / u128::from(*iterations);
            println!("{name}\t{}.{}", nanoseconds / 10, nanoseconds % 10);
        }
    }
}

fn memory() {
    std::hint::black_box(run("graduated_line", LARGE_RUN));
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    if let Some(kilobytes) = peak.and_then(|peak| peak.split_whitespace().next()) {
        println!("{kilobytes}");
    }
}

/// Doubles until a round is long enough to be timed.
fn enough_iterations(name: &str) -> u32 {
    // The first time may have something to make that is kept.
    timed(name, 1);
    let mut iterations = 1;
    while iterations < 1 << 30 && timed(name, iterations) < ROUND {
        iterations *= 2;
    }
    iterations
}

fn timed(name: &str, iterations: u32) -> Duration {
    let start = Instant::now();
    std::hint::black_box(run(name, iterations));
    start.elapsed()
}
