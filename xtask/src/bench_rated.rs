//! The rated part of `cargo xtask bench-ingest`: a Parquet file to rated totals, and a bill run, beside DuckDB.
//! Every amount of ours must be DuckDB's to the cent; the first that is not ends the command.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bench_ingest::Figures;
use crate::error::Failure;
use crate::same_amounts::same_amounts;
use crate::workspace::{self, Workspace};
use crate::{bench, process, python, table};

/// What all rounds need: programs, the file, and a data folder in which its events are counted.
pub(crate) struct Rated {
    sources: PathBuf,
    python: PathBuf,
    program: PathBuf,
    ratecard: PathBuf,
    folder: PathBuf,
    usage: PathBuf,
    counted: PathBuf,
}

impl Rated {
    /// Gets DuckDB, builds `ratecard` beside the benchmark's program, writes the file and takes it in once.
    pub(crate) fn prepare(workspace: &Workspace, build: &Path, program: &Path, rows: u64) -> Result<Rated, Failure> {
        let python = python::with_duckdb(workspace)?;
        let mut cargo = workspace.cargo();
        cargo.args(["build", "--release", "--locked", "--package", "server", "--bin", "ratecard", "--target-dir"]);
        process::run(cargo.arg(build))?;
        let folder = workspace.fresh_scratch("rated")?;
        let (usage, counted) = (folder.join("usage.parquet"), folder.join("counted"));
        eprintln!("writing {} rows of usage", table::grouped(rows));
        process::run(Command::new(program).args(["rated-file", &rows.to_string()]).arg(&usage))?;
        eprintln!("taking them in for the bill run; this is not measured");
        process::run(Command::new(program).arg("bill-prepare").args([&usage, &counted]))?;
        let ratecard = build.join("release").join(format!("ratecard{}", std::env::consts::EXE_SUFFIX));
        let (sources, program) = (workspace.root.join("bench"), program.to_path_buf());
        Ok(Rated { sources, python, program, ratecard, folder, usage, counted })
    }

    /// Each side once, and then every amount of ours against DuckDB's.
    pub(crate) fn round(&self, figures: &mut Figures) -> Result<(), Failure> {
        let out = |name: &str| self.folder.join(name);
        let (rated, theirs) = (out("rated.csv"), out("duckdb.csv"));
        let (drafts, invoices) = (out("drafts.csv"), out("invoices.csv"));
        eprintln!("measuring ratecard rate --events");
        bench::gather(&mut self.rate(&rated), figures)?;
        eprintln!("measuring DuckDB");
        let mut duckdb = Command::new(&self.python);
        bench::gather(duckdb.arg(self.sources.join("duck.py")).args([&self.usage, &theirs]), figures)?;
        for (run, out) in [("bill-drafts", &drafts), ("bill-run", &invoices)] {
            eprintln!("measuring {run}");
            bench::gather(Command::new(&self.program).arg(run).args([&self.counted, out]), figures)?;
        }
        let their_text = workspace::read_text(&theirs)?;
        for ours in [rated, drafts, invoices] {
            let agree = same_amounts(&workspace::read_text(&ours)?, &their_text)
                .map_err(|difference| Failure::OtherAmounts { path: ours.clone(), difference: Box::new(difference) })?;
            eprintln!("{} amounts agree with DuckDB's to the cent", table::grouped(u64::try_from(agree).unwrap_or(0)));
        }
        Ok(())
    }

    /// Removes the file and what was made of it.
    pub(crate) fn end(self) -> Result<(), Failure> {
        workspace::remove_directory(&self.folder)
    }

    /// The program as its users call it, run by a script that tells its time and memory.
    fn rate(&self, out: &Path) -> Command {
        let own = self.sources.join("src");
        let mut command = Command::new(&self.python);
        command.arg(self.sources.join("measure.py")).arg("rated_ours").arg(out);
        command.arg(&self.ratecard).arg("rate").arg(own.join("rated.toml"));
        command.args(["--plan", "basic", "--period", "2026-11", "--format", "csv"]);
        command.arg("--events").arg(&self.usage).arg("--mapping").arg(own.join("rated_mapping.toml"));
        command
    }
}
