//! Runs conformance cases: `conformance [--strict] DIR` reads every `*.jsonl` in DIR, prints the failures, a table and,
//! last, `N passed, M failed`. Ends with 2 if the cases cannot be read, with `--strict` also with 1 if one failed.
//! `conformance --write FILE` writes Ratecard's own scenarios as such a file, for other engines to try.

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    native::main()
}

/// A browser has no folder of cases.
#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::collections::BTreeMap;
    use std::path::Path;
    use std::process::ExitCode;

    use tests::conformance::{Outcome, Run, run, suite};

    pub(crate) fn main() -> ExitCode {
        let mut arguments: Vec<String> = std::env::args().skip(1).collect();
        let before = arguments.len();
        arguments.retain(|argument| argument != "--strict");
        let strict = arguments.len() < before;
        let folder = match arguments.as_slice() {
            [folder] => folder,
            [write, file] if write == "--write" => return write_suite(Path::new(file)),
            _ => {
                eprintln!("usage: conformance [--strict] DIR | conformance --write FILE");
                return ExitCode::from(2);
            }
        };
        match run(Path::new(folder)) {
            Ok(runs) => report(&runs, strict),
            Err(error) => {
                eprintln!("{error}");
                ExitCode::from(2)
            }
        }
    }

    fn write_suite(file: &Path) -> ExitCode {
        let written = suite().map_err(|error| error.to_string()).and_then(|text| {
            std::fs::write(file, &text).map_err(|error| error.to_string())?;
            Ok(text.lines().count())
        });
        match written {
            Ok(count) => {
                println!("{count} cases written to {}", file.display());
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("{error}");
                ExitCode::from(2)
            }
        }
    }

    fn report(runs: &[Run], strict: bool) -> ExitCode {
        let mut table: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
        for run in runs {
            let (passed, failed) = table.entry((&run.file, &run.case.model)).or_default();
            match &run.outcome {
                Outcome::Passed => *passed += 1,
                Outcome::Failed { actual } => {
                    *failed += 1;
                    println!("FAILED {} {} {}", run.file, run.case.model, run.case.id);
                    println!("  expected {}", run.case.expected);
                    println!("  actual   {actual}");
                }
            }
        }
        println!("{:<28} {:<40} {:>7} {:>7}", "file", "model", "passed", "failed");
        for ((file, model), (passed, failed)) in &table {
            println!("{file:<28} {model:<40} {passed:>7} {failed:>7}");
        }
        let passed: usize = table.values().map(|(passed, _)| passed).sum();
        let failed: usize = table.values().map(|(_, failed)| failed).sum();
        println!("{passed} passed, {failed} failed");
        if strict && failed > 0 { ExitCode::from(1) } else { ExitCode::SUCCESS }
    }
}
