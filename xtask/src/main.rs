//! The project's commands: build, run, test, measure.
//! Nothing here ships, and nothing here knows a price.

mod bench;
mod bench_ingest;
mod bench_rated;
mod contents;
mod error;
mod fuzz;
mod install;
mod needs;
mod node_tools;
mod pages;
mod parity;
mod process;
mod progress;
mod python;
mod run;
mod same_amounts;
mod size;
mod table;
mod test;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use error::Failure;
use workspace::Workspace;

/// Builds, runs, tests and measures Ratecard; installs what is missing on Debian first.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Builds everything in release mode and serves it with demo data.
    Run {
        /// The port on 127.0.0.1 to serve on.
        #[arg(long, default_value_t = 8787)]
        port: u16,
    },
    /// Installs what tests need, builds everything and runs every test.
    Test {
        /// Handed to `cargo test --workspace` as they are.
        #[arg(last = true)]
        cargo_test: Vec<String>,
    },
    /// Builds the pages into dist/.
    Web,
    /// Says what the first load of the calculator weighs, beside a bare Yew page, and what is in it.
    Size,
    /// Feeds random input to the engine: parsing, checking, asking, rating.
    Fuzz {
        /// How long each target runs.
        #[arg(long, default_value_t = 60)]
        seconds: u32,
    },
    /// Measures the engine natively and in WASM, side by side.
    Bench {
        /// How many times each binary is run; the median of all rounds is shown.
        #[arg(long, default_value_t = 3)]
        runs: usize,
    },
    /// Measures keeping events, against what one would write otherwise.
    BenchIngest(bench_ingest::Amounts),
}

fn main() -> ExitCode {
    match execute(Arguments::parse().command) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn execute(command: Command) -> Result<ExitCode, Failure> {
    let workspace = Workspace::find()?;
    match command {
        Command::Run { port } => run::run(&workspace, port),
        Command::Test { cargo_test } => test::test(&workspace, &cargo_test),
        Command::Web => pages::web(&workspace),
        Command::Size => size::size(&workspace),
        Command::Fuzz { seconds } => fuzz::fuzz(&workspace, seconds),
        Command::Bench { runs } => bench::bench(&workspace, runs),
        Command::BenchIngest(amounts) => bench_ingest::bench_ingest(&workspace, amounts),
    }
}
