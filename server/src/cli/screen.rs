//! Writing to the terminal: lines, tables whose columns line up in Chinese too, progress, and how a command ends.

use std::io::{ErrorKind, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use unicode_width::UnicodeWidthStr;

use super::CliError;

/// Standard output and standard error.
#[derive(Debug)]
pub(super) struct Screen {
    out: std::io::Stdout,
    err: std::io::Stderr,
}

/// How a column of a table stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
}

impl Screen {
    pub(super) fn new() -> Self {
        Self { out: std::io::stdout(), err: std::io::stderr() }
    }

    /// A line of the result.
    pub(super) fn line(&mut self, text: &str) -> Result<(), CliError> {
        Ok(writeln!(self.out.lock(), "{text}")?)
    }

    /// A line about the result.
    pub(super) fn note(&mut self, text: &str) {
        // If nobody listens, nobody needs to know.
        let _ = writeln!(self.err.lock(), "{text}");
    }

    /// Bytes of the result, as they are.
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> Result<(), CliError> {
        let mut out = self.out.lock();
        out.write_all(bytes)?;
        Ok(out.flush()?)
    }

    /// A table.
    pub(super) fn table(&mut self, aligns: &[Align], rows: &[Vec<String>]) -> Result<(), CliError> {
        let widths = widths(rows);
        rows.iter().try_for_each(|row| self.row(aligns, &widths, row))
    }

    /// A row of a table whose columns are this wide.
    pub(super) fn row(&mut self, aligns: &[Align], widths: &[usize], row: &[String]) -> Result<(), CliError> {
        let cells = row.iter().zip(widths).zip(aligns);
        let line: Vec<String> = cells.map(|((cell, width), align)| padded(cell, *width, *align)).collect();
        self.line(line.join("  ").trim_end())
    }

    /// Says why the command failed and gives its exit code.
    pub(super) fn failed(&mut self, error: &CliError) -> ExitCode {
        match error {
            CliError::Told => ExitCode::FAILURE,
            // `ratecard … | head` is no failure.
            CliError::Output(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            other => {
                self.note(&format!("error: {other}"));
                ExitCode::FAILURE
            }
        }
    }
}

/// How wide each column must be.
pub(super) fn widths(rows: &[Vec<String>]) -> Vec<usize> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max();
    (0..columns).map(|column| width(column).unwrap_or(0)).collect()
}

fn padded(cell: &str, width: usize, align: Align) -> String {
    let space = " ".repeat(width.saturating_sub(cell.width()));
    match align {
        Align::Left => format!("{cell}{space}"),
        Align::Right => format!("{space}{cell}"),
    }
}

/// Tells how far a long work is: a bar on a terminal, a line for every tenth elsewhere.
#[derive(Debug)]
pub(super) struct Work {
    bar: Option<ProgressBar>,
    what: &'static str,
    tenths_told: u64,
}

impl Work {
    pub(super) fn new(what: &'static str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::no_length();
            let template = "{msg} {wide_bar} {human_pos}/{human_len} · {eta} left";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.set_message(what);
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self { bar, what, tenths_told: 0 }
    }

    pub(super) fn at(&mut self, done: u64, total: u64) {
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_position(done);
            return;
        }
        let tenths = done.saturating_mul(10).checked_div(total).unwrap_or(10);
        if tenths > self.tenths_told {
            self.tenths_told = tenths;
            let _ = writeln!(std::io::stderr().lock(), "{}: {done} of {total}", self.what);
        }
    }

    pub(super) fn done(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
