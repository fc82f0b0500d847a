//! `cargo xtask bench-ingest`: what keeping events costs, against what one would write otherwise, in turns on one machine.
//! Measuring is `bench/`'s; here the rounds are gathered, and medians and ratios shown beside what they have to be.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::bench_rated::Rated;
use crate::error::Failure;
use crate::workspace::Workspace;
use crate::{bench, process, table};

/// How much is measured.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Amounts {
    /// How often each side is run; medians are shown.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Events in each run that keeps batches.
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
    /// Events that are stored for what depends on that; 100000000 needs about 10 GB of disk and an hour.
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u64).range(3_000_000..))]
    stored: u64,
    /// Leaves out what needs the server, which takes long to build.
    #[arg(long)]
    without_http: bool,
    /// Rows of the Parquet file that is rated and billed beside DuckDB, which comes from PyPI; 0 leaves that out. 10000000
    /// need 3 GB of disk.
    #[arg(long, default_value_t = 10_000_000)]
    rated_events: u64,
    /// Measures that alone.
    #[arg(long, conflicts_with = "without_http")]
    only_rated: bool,
}

/// Figures of all rounds, by name.
pub(crate) type Figures = BTreeMap<String, Vec<f64>>;

pub(crate) fn bench_ingest(workspace: &Workspace, amounts: Amounts) -> Result<ExitCode, Failure> {
    let build = workspace.scratch("bench-ingest")?;
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--release", "--locked", "--manifest-path", "bench/Cargo.toml", "--target-dir"]).arg(&build);
    if !amounts.without_http {
        cargo.args(["--features", "http"]);
    }
    process::run(&mut cargo)?;
    let program = build.join("release").join("ingest-bench");
    let rated = match amounts.rated_events {
        0 => None,
        _ if amounts.without_http => None,
        rows => Some(Rated::prepare(workspace, &build, &program, rows)?),
    };
    let mut figures = Figures::new();
    // In turns: what else the machine does must not fall on one side alone.
    for _ in 0..amounts.rounds.max(1) {
        if !amounts.only_rated {
            round(&program, amounts, &mut figures)?;
        }
        if let Some(rated) = &rated {
            rated.round(&mut figures)?;
        }
    }
    if let Some(rated) = rated {
        rated.end()?;
    }
    let stored = if amounts.only_rated { None } else { Some(look_at_stored(&program, amounts, &mut figures)?) };
    let rows: Vec<Vec<String>> = GOALS.iter().filter_map(|goal| goal.row(&figures)).collect();
    let title = "Keeping events: medians; every answer after it is on the disk";
    table::print(title, &["path", "ours", "against", "ratio", "must", "aim", "is"], &rows);
    table::print("All figures", &["name", "median", "least", "most", "rounds"], &all(&figures));
    if let Some(remark) = stored {
        table::remark(&remark);
    }
    Ok(ExitCode::SUCCESS)
}

fn measure(program: &Path, arguments: &[&str], figures: &mut Figures) -> Result<(), Failure> {
    eprintln!("measuring {}", arguments.join(" "));
    bench::gather(Command::new(program).args(arguments), figures)
}

/// What is run in every round.
fn round(program: &Path, amounts: Amounts, figures: &mut Figures) -> Result<(), Failure> {
    let events = amounts.events.to_string();
    let mut run = |arguments: &[&str]| measure(program, arguments, figures);
    for side in ["batches-ours", "batches-keyed-loop", "batches-plain-loop"] {
        run(&[side, &events])?;
    }
    run(&["writers", "64", "20000"])?;
    run(&["writers", "1", "500"])?;
    if !amounts.without_http {
        run(&["http-ours", HTTP_EVENTS])?;
        run(&["http-parse-only", HTTP_EVENTS])?;
        run(&["http-quota", "2000"])?;
    }
    Ok(())
}

/// What is run once: a store that has grown, and half of what the rounds could take. Says how much that was.
fn look_at_stored(program: &Path, amounts: Amounts, figures: &mut Figures) -> Result<String, Failure> {
    measure(program, &["stored", &amounts.stored.to_string()], figures)?;
    let half = half_load(figures);
    measure(program, &["latency", &half.to_string(), "20"], figures)?;
    if !amounts.without_http {
        measure(program, &["http-visible", &half.to_string(), "10"], figures)?;
    }
    Ok(format!("{} events stored; heard at {} events a second.", grouped(amounts.stored), grouped(half)))
}

const HTTP_EVENTS: &str = "200000";

/// Half of what the server takes in, or of what the ledger does where the server is not measured.
fn half_load(figures: &Figures) -> u64 {
    let of = |name: &str| figures.get(name).map(|sorted| bench::median(sorted));
    let most = of("http_ours").or_else(|| of("batches_ours").map(|batches| batches / 4.0)).unwrap_or(10_000.0);
    format!("{:.0}", most / 2.0).parse().unwrap_or(5_000)
}

fn grouped(number: u64) -> String {
    table::grouped(number)
}

/// What a figure, or the ratio of two, has to be.
struct Goal {
    path: &'static str,
    ours: &'static str,
    against: Option<&'static str>,
    bound: Bound,
    must: f64,
    aim: Option<f64>,
}

enum Bound {
    AtLeast,
    AtMost,
}

const GOALS: [Goal; 15] = [
    Goal::ratio(
        "batches of 1,000, each event once ÷ loop with UNIQUE",
        ["batches_ours", "batches_keyed_loop"],
        Bound::AtLeast,
        (5.0, Some(10.0)),
    ),
    Goal::ratio(
        "batches of 1,000, each event once ÷ loop without key",
        ["batches_ours", "batches_plain_loop"],
        Bound::AtLeast,
        (0.0, Some(1.0)),
    ),
    Goal::ratio("single events: 64 writers ÷ one writer", ["writers_64", "writers_1"], Bound::AtLeast, (20.0, None)),
    Goal::ratio(
        "HTTP, batches of 100 ÷ handler that only parses",
        ["http_ours", "http_parse_only"],
        Bound::AtLeast,
        (0.15, Some(0.3)),
    ),
    Goal::ratio(
        "time of an event: much stored ÷ 1 million stored",
        ["append_mean_us_last", "append_mean_us_first"],
        Bound::AtMost,
        (1.3, Some(1.0)),
    ),
    Goal::ratio(
        "Parquet file → rated totals ÷ DuckDB, ms",
        ["rated_ours_ms", "rated_duckdb_ms"],
        Bound::AtMost,
        (0.5, Some(0.25)),
    ),
    Goal::ratio("the same, memory at most, MB", ["rated_ours_mb", "rated_duckdb_mb"], Bound::AtMost, (0.25, None)),
    Goal::ratio(
        "counts kept at ingest → rated drafts ÷ DuckDB from the file, ms",
        ["bill_drafts_ms", "rated_duckdb_ms"],
        Bound::AtMost,
        (0.1, Some(0.02)),
    ),
    Goal::ratio(
        "the whole bill run, invoices on the disk ÷ DuckDB from the file, ms",
        ["bill_run_ms", "rated_duckdb_ms"],
        Bound::AtMost,
        (0.1, Some(0.02)),
    ),
    Goal::alone("accepted → heard at half load, p99, ms", "heard_p99_ms", (100.0, Some(20.0))),
    Goal::alone(
        "accepted → in an answer about usage at half load, p99, ms",
        "http_visible_p99_ms",
        (100.0, Some(20.0)),
    ),
    Goal::alone("quota check, with the client's time, ms, p50", "http_quota_p50_ms", (1.0, None)),
    Goal::alone("stored bytes of an event with 5 attributes", "stored_bytes_per_event", (120.0, None)),
    Goal::alone("a customer's second, ms", "second_ms", (100.0, None)),
    Goal::alone("a customer's month by the hour, ms", "month_by_hour_ms", (200.0, None)),
];

impl Goal {
    const fn ratio(
        path: &'static str,
        [ours, against]: [&'static str; 2],
        bound: Bound,
        (must, aim): (f64, Option<f64>),
    ) -> Self {
        Self { path, ours, against: Some(against), bound, must, aim }
    }

    const fn alone(path: &'static str, ours: &'static str, (must, aim): (f64, Option<f64>)) -> Self {
        Self { path, ours, against: None, bound: Bound::AtMost, must, aim }
    }

    /// Nothing where it was not measured.
    fn row(&self, figures: &Figures) -> Option<Vec<String>> {
        let ours = bench::median(figures.get(self.ours)?);
        let (against, figure) = match self.against {
            None => (None, ours),
            Some(name) => {
                let against = bench::median(figures.get(name)?);
                (Some(against), ours / against)
            }
        };
        let meets = |goal: f64| match self.bound {
            Bound::AtLeast => figure >= goal,
            Bound::AtMost => figure <= goal,
        };
        let is = match self.aim {
            _ if !meets(self.must) => "MISSED",
            Some(aim) if !meets(aim) => "met",
            Some(_) => "aim met",
            None => "met",
        };
        Some(vec![
            self.path.to_owned(),
            bench::in_digits(ours),
            against.map_or_else(String::new, bench::in_digits),
            against.map_or_else(String::new, |_| format!("{figure:.3}")),
            format!("{}", self.must),
            self.aim.map_or_else(String::new, |aim| format!("{aim}")),
            is.to_owned(),
        ])
    }
}

fn all(figures: &Figures) -> Vec<Vec<String>> {
    let row = |(name, sorted): (&String, &Vec<f64>)| {
        let ends = [sorted.first(), sorted.last()];
        let [least, most] = ends.map(|end| end.map_or_else(String::new, |figure| bench::in_digits(*figure)));
        vec![name.clone(), bench::in_digits(bench::median(sorted)), least, most, sorted.len().to_string()]
    };
    figures.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::{Figures, GOALS};

    fn verdict(path: &str, figures: &[(&str, f64)]) -> Option<String> {
        let figures: Figures = figures.iter().map(|(name, figure)| ((*name).to_owned(), vec![*figure])).collect();
        let goal = GOALS.iter().find(|goal| goal.path.starts_with(path)).unwrap();
        goal.row(&figures).and_then(|row| row.last().cloned())
    }

    #[test]
    fn goals_are_missed_met_or_better() {
        let batches = |ours| {
            verdict(
                "batches of 1,000, each event once ÷ loop with UNIQUE",
                &[("batches_ours", ours), ("batches_keyed_loop", 10.0)],
            )
        };
        assert_eq!(batches(49.9).as_deref(), Some("MISSED"));
        assert_eq!(batches(50.0).as_deref(), Some("met"));
        assert_eq!(batches(100.0).as_deref(), Some("aim met"));
        let heard = |ms| verdict("accepted", &[("heard_p99_ms", ms)]);
        assert_eq!(heard(100.1).as_deref(), Some("MISSED"));
        assert_eq!(heard(100.0).as_deref(), Some("met"));
        assert_eq!(heard(20.0).as_deref(), Some("aim met"));
    }

    #[test]
    fn what_was_not_measured_has_no_row() {
        assert_eq!(verdict("HTTP", &[("http_ours", 1.0)]), None);
    }
}
