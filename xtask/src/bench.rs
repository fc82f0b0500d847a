//! `cargo xtask bench`: the same benchmarks natively and in WASM under Node, side by side.
//! Measuring is theirs; here the rounds are gathered and medians, ratios, instructions and peak memory shown.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::error::Failure;
use crate::needs;
use crate::node_tools::{self, NodeTools};
use crate::progress::{Progress, Step};
use crate::workspace::Workspace;
use crate::{install, parity, process, table};

/// Nanoseconds of every round, by benchmark.
type Rounds = BTreeMap<String, Vec<f64>>;

pub(crate) fn bench(workspace: &Workspace, runs: usize) -> Result<ExitCode, Failure> {
    let missing = needs::missing(needs::TO_BUILD_PAGES);
    let mut steps: Vec<Step> = install::step(&missing).into_iter().collect();
    steps.push(node_tools::step(workspace)?);
    steps.push(parity::step(workspace));
    steps.extend(measuring_steps());
    let mut progress = Progress::new("bench", steps);
    if !missing.is_empty() {
        progress.step(|| install::install(workspace, &missing))?;
    }
    let tools = progress.step(|| NodeTools::install(workspace))?;
    let parity = progress.step(|| parity::build(workspace, &tools))?;
    let program = workspace.release_binary("bench");
    progress.step(|| {
        let mut cargo = workspace.cargo();
        cargo.args(["build", "--release", "--package", "tests", "--bin", "bench"]);
        process::run(&mut cargo)
    })?;
    let (mut native, mut wasm) = (Rounds::new(), Rounds::new());
    progress.step(|| {
        // Side by side also in time: what else the machine does must not fall on one side alone.
        for _ in 0..runs.max(1) {
            gather(&mut Command::new(&program), &mut native)?;
            let mut node = Command::new("node");
            node.arg(workspace.root.join("tests/parity/bench.mjs")).arg(parity.join("node"));
            gather(&mut node, &mut wasm)?;
        }
        Ok(())
    })?;
    let (instructions, memory) = progress.step(|| Ok((count_instructions(&program)?, peak_memory(&program)?)))?;
    progress.finish("measured");

    let title = "Nanoseconds for one iteration: median of all rounds, and the range";
    let headings = ["benchmark", "native", "range", "WASM", "range", "WASM ÷ native", "rounds"];
    table::print(title, &headings, &rows(&native, &wasm)?);
    let title = "How many times faster than the yardstick, the same sum written with rust_decimal";
    table::print(title, &["benchmark", "native", "WASM"], &yardstick_rows(&native, &wasm));
    table::remark(&long_list(&native, &wasm));
    match instructions {
        Some(rows) => table::print(
            "Instructions for one iteration, natively (callgrind), less the loop alone",
            &["benchmark", "instructions"],
            &rows,
        ),
        None => table::remark("Instructions: not measured, because there is no valgrind here."),
    }
    match memory {
        Some(kilobytes) => table::remark(&format!(
            "Peak memory of the native benchmark after a million lines: {} kB.",
            table::grouped(kilobytes)
        )),
        None => table::remark("Peak memory: not measured, because this system does not tell it."),
    }
    Ok(ExitCode::SUCCESS)
}

/// The benchmarks that are set against each other, and what both do besides; see `tests/src/bench.rs`.
const YARDSTICK: &str = "yardstick_graduated_rust_decimal";
const PREPARED: [&str; 2] = ["graduated_amount", "graduated_decimal_amount"];
const LOOP_ALONE: &str = "loop_alone";

/// What callgrind counts; a full count of all benchmarks would take minutes.
const COUNTED: [&str; 7] = [
    "graduated_amount",
    "graduated_decimal_amount",
    "per_unit_amount",
    "volume_amount",
    "package_amount",
    "graduated_prepared_total",
    YARDSTICK,
];

/// The same lookups in a short list of prices and in a long one.
const SHORT_LIST: &str = "matrix_20_rows_16_lookups";
const LONG_LIST: &str = "matrix_20_000_rows_16_lookups";

fn long_list(native: &Rounds, wasm: &Rounds) -> String {
    let of = |rounds: &Rounds, name: &str| rounds.get(name).map_or(f64::NAN, |sorted| median(sorted));
    let times = |rounds| format!("{:.2}", of(rounds, LONG_LIST) / of(rounds, SHORT_LIST));
    format!("A lookup among 20 000 prices takes {} × one among 20 natively, {} × in WASM.", times(native), times(wasm))
}

fn yardstick_rows(native: &Rounds, wasm: &Rounds) -> Vec<Vec<String>> {
    let of = |rounds: &Rounds, name: &str| rounds.get(name).map_or(f64::NAN, |sorted| median(sorted));
    let row = |name: &&str| {
        let times = |rounds| format!("{:.1}", of(rounds, YARDSTICK) / of(rounds, name));
        vec![(*name).to_owned(), times(native), times(wasm)]
    };
    PREPARED.iter().map(row).collect()
}

/// Instructions of one iteration, where valgrind is installed.
fn count_instructions(program: &Path) -> Result<Option<Vec<Vec<String>>>, Failure> {
    let Some(valgrind) = process::on_path("valgrind") else { return Ok(None) };
    let count = |name: &str| -> Result<f64, Failure> {
        // Two runs of different length: what they have in common, such as reading the book, falls out.
        let (short, long) = (collected(&valgrind, program, name, 1_000)?, collected(&valgrind, program, name, 11_000)?);
        Ok((long - short) / 10_000.0)
    };
    let alone = count(LOOP_ALONE)?;
    let row = |name: &&str| Ok(vec![(*name).to_owned(), format!("{:.0}", count(name)? - alone)]);
    COUNTED.iter().map(row).collect::<Result<_, Failure>>().map(Some)
}

fn collected(valgrind: &Path, program: &Path, name: &str, iterations: u32) -> Result<f64, Failure> {
    let mut command = Command::new(valgrind);
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--log-fd=1"]);
    command.arg(program).args(["--once", name, &iterations.to_string()]);
    let printed = process::output(&mut command)?;
    parse_collected(&printed).ok_or_else(|| Failure::Unexpected {
        program: "valgrind --tool=callgrind".to_owned(),
        expected: "a line with `Collected : ` and a count",
        found: printed,
    })
}

fn parse_collected(printed: &str) -> Option<f64> {
    let (_, count) = printed.lines().find_map(|line| line.split_once("Collected :"))?;
    count.trim().parse().ok()
}

/// In kB, where the system tells it.
fn peak_memory(program: &Path) -> Result<Option<u64>, Failure> {
    Ok(process::output(Command::new(program).arg("--memory"))?.trim().parse().ok())
}

fn measuring_steps() -> [Step; 3] {
    let step = |title: &str, cold_seconds, warm_seconds| Step {
        title: title.to_owned(),
        cold_seconds,
        warm_seconds,
        is_cold: false,
    };
    [
        step("building the benchmark natively in release mode", 60, 25),
        step("measuring natively and in WASM under Node, in turns", 120, 110),
        step("counting instructions, measuring memory", 20, 10),
    ]
}

/// Runs a side once and adds every round it prints.
pub(crate) fn gather(command: &mut Command, rounds: &mut Rounds) -> Result<(), Failure> {
    let printed = process::output(command)?;
    for line in printed.lines() {
        let (name, nanoseconds) = parse(line).ok_or_else(|| Failure::Unexpected {
            program: format!("{command:?}"),
            expected: "lines of a name, a tab and nanoseconds",
            found: line.to_owned(),
        })?;
        rounds.entry(name.to_owned()).or_default().push(nanoseconds);
    }
    for round in rounds.values_mut() {
        round.sort_by(f64::total_cmp);
    }
    Ok(())
}

fn parse(line: &str) -> Option<(&str, f64)> {
    let (name, nanoseconds) = line.split_once('\t')?;
    let nanoseconds: f64 = nanoseconds.trim().parse().ok()?;
    (!name.is_empty() && nanoseconds.is_finite() && nanoseconds >= 0.0).then_some((name, nanoseconds))
}

fn rows(native: &Rounds, wasm: &Rounds) -> Result<Vec<Vec<String>>, Failure> {
    if let Some(name) = wasm.keys().find(|name| !native.contains_key(*name)) {
        return Err(Failure::LonelyBenchmark { program: "WASM", name: name.clone() });
    }
    native
        .iter()
        .map(|(name, native)| {
            let wasm =
                wasm.get(name).ok_or_else(|| Failure::LonelyBenchmark { program: "native", name: name.clone() })?;
            let ratio = median(wasm) / median(native);
            Ok(vec![
                name.clone(),
                in_digits(median(native)),
                range(native),
                in_digits(median(wasm)),
                range(wasm),
                format!("{ratio:.2}"),
                format!("{} + {}", native.len(), wasm.len()),
            ])
        })
        .collect()
}

/// Of sorted figures; nothing has no median.
pub(crate) fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
    if sorted.len().is_multiple_of(2) && middle > 0 { f64::midpoint(at(middle - 1), at(middle)) } else { at(middle) }
}

fn range(sorted: &[f64]) -> String {
    match (sorted.first(), sorted.last()) {
        (Some(&least), Some(&most)) => format!("{}–{}", in_digits(least), in_digits(most)),
        (None, _) | (_, None) => String::new(),
    }
}

/// Tenths matter below a thousand nanoseconds and only there.
pub(crate) fn in_digits(nanoseconds: f64) -> String {
    if nanoseconds < 1_000.0 {
        return format!("{nanoseconds:.1}");
    }
    match format!("{nanoseconds:.0}").parse() {
        Ok(whole) => table::grouped(whole),
        Err(_) => format!("{nanoseconds:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_a_name_a_tab_and_a_figure() {
        assert_eq!(parse("rate\t12.5"), Some(("rate", 12.5)));
        assert_eq!(parse("rate 12.5"), None);
        assert_eq!(parse("rate\tfast"), None);
        assert_eq!(parse("rate\tNaN"), None);
        assert_eq!(parse("\t1"), None);
    }

    #[test]
    fn instructions_are_what_callgrind_says_it_collected() {
        assert_eq!(
            parse_collected("==1== Callgrind\n==1== Collected : 12345\n==1==").map(|n| n.to_string()),
            Some("12345".to_owned())
        );
        assert_eq!(parse_collected("==1== nothing"), None);
    }

    #[test]
    fn prepared_is_compared_with_the_yardstick_of_its_side() {
        let rounds = |plain, prepared| {
            let one = |name: &str, figure| (name.to_owned(), vec![figure]);
            Rounds::from([one(YARDSTICK, plain), one(PREPARED[0], prepared), one(PREPARED[1], plain)])
        };
        let rows = yardstick_rows(&rounds(40.0, 4.0), &rounds(90.0, 6.0));
        assert_eq!(rows[0], [PREPARED[0], "10.0", "15.0"]);
    }

    #[test]
    fn long_list_is_compared_with_the_short_one_of_its_side() {
        let rounds =
            |short, long| Rounds::from([(SHORT_LIST.to_owned(), vec![short]), (LONG_LIST.to_owned(), vec![long])]);
        let said = long_list(&rounds(10.0, 14.0), &rounds(20.0, 32.0));
        assert_eq!(said, "A lookup among 20 000 prices takes 1.40 × one among 20 natively, 1.60 × in WASM.");
    }

    #[test]
    fn median_is_the_middle_or_between_the_two() {
        assert_eq!(median(&[1.0, 2.0, 9.0]).to_string(), "2");
        assert_eq!(median(&[1.0, 2.0, 3.0, 9.0]).to_string(), "2.5");
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn benchmark_known_to_one_side_only_is_refused() {
        let one = Rounds::from([("rate".to_owned(), vec![1.0])]);
        let error = rows(&one, &Rounds::new()).unwrap_err();
        assert!(matches!(error, Failure::LonelyBenchmark { program: "native", .. }));
        let error = rows(&Rounds::new(), &one).unwrap_err();
        assert!(matches!(error, Failure::LonelyBenchmark { program: "WASM", .. }));
    }

    #[test]
    fn rows_show_medians_ranges_and_ratio() {
        let native = Rounds::from([("rate".to_owned(), vec![100.0, 200.0, 300.0])]);
        let wasm = Rounds::from([("rate".to_owned(), vec![1_000.0, 1_500.0])]);
        assert_eq!(
            rows(&native, &wasm).unwrap(),
            [["rate", "200.0", "100.0–300.0", "1 250", "1 000–1 500", "6.25", "3 + 2"]]
        );
    }
}
