//! `cargo xtask size`: what the first load of the calculator weighs, beside a bare Yew page that is
//! built and finished in the same way, and what is in it. Fails when the calculator is too heavy.
//!
//! The first load is everything that a browser fetches until the calculator answers an input, with the first of the
//! example books. The rest of its program comes after that; a book that is not plain waits for it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use crate::contents::{self, Contents};
use crate::error::Failure;
use crate::needs;
use crate::node_tools::{Names, NodeTools};
use crate::pages::bindgen::{self, Host};
use crate::pages::parts::{self, Part};
use crate::pages::{self, IN_PARTS, Site};
use crate::progress::{Progress, Step};
use crate::table;
use crate::workspace::{self, Server, Workspace};

const COUNTER: &str = "counter";

/// The calculator may load this many hundredths of the counter, compressed with brotli.
const LIMIT: u64 = 300;

/// How many crates and functions are listed.
const LISTED: usize = 15;

/// Longer names of functions lose their middle: the ends tell the type and what is done with it.
const LONGEST_NAME: usize = 90;

/// One file, or several together, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Weight {
    raw: u64,
    gzip: u64,
    brotli: u64,
}

pub(crate) fn size(workspace: &Workspace) -> Result<ExitCode, Failure> {
    let missing = needs::missing(needs::TO_BUILD_PAGES);
    let mut steps = pages::steps(workspace, &missing, Server::Dev)?;
    steps.push(Step {
        title: "building a bare Yew page to compare with".to_owned(),
        cold_seconds: 25,
        warm_seconds: 2,
        is_cold: !workspace.wasm("examples/counter").exists(),
    });
    steps.push(Step {
        title: "looking into the calculator".to_owned(),
        cold_seconds: 15,
        warm_seconds: 1,
        is_cold: false,
    });
    let mut progress = Progress::new("size", steps);
    let tools = pages::build(workspace, &missing, Server::Dev, &mut progress)?;
    let counter = progress.step(|| weigh_counter(workspace, &tools))?;
    let contents = progress.step(|| look_into_calculator(workspace, &tools))?;
    let mut calculator = first_load(&workspace.dist())?;
    calculator.extend(first_book(&workspace.dist())?);
    let rest = rest_of_program(&workspace.dist())?;
    progress.finish("measured");

    print_load("First load of the calculator", &calculator);
    print_load("The rest of its program, fetched while somebody reads", &rest);
    print_load("A bare Yew page, built in the same run", &counter);
    print_contents(&contents);
    let part = |part| contents::read(IN_PARTS, &workspace::read(&parts::as_cut(workspace, part)?)?);
    print_engine(&part(Part::First)?, &part(Part::Rest)?);
    let whole = [total(&calculator), total(&rest)].map(|weight| weight.brotli).iter().sum();
    table::remark(&format!(
        "With a book that waits for the rest it loads {} times the bare page.",
        table::ratio(whole, total(&counter).brotli)
    ));
    judge(total(&calculator), total(&counter))
}

fn weigh_counter(workspace: &Workspace, tools: &NodeTools) -> Result<Vec<(String, Weight)>, Failure> {
    workspace.build_wasm("web", &["--example", COUNTER])?;
    let site = Site { workspace, tools, directory: workspace.fresh_scratch("counter")? };
    let tags = site.add_program(&workspace.wasm("examples/counter"), COUNTER)?;
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <title>Counter</title>{tags}</head><body></body></html>\n"
    );
    workspace::write(&site.directory.join("index.html"), html)?;
    tools.compress(&site.directory)?;
    first_load(&site.directory)
}

fn look_into_calculator(workspace: &Workspace, tools: &NodeTools) -> Result<Contents, Failure> {
    let scratch = workspace.scratch("contents")?;
    let module = workspace.wasm(IN_PARTS);
    let bound = bindgen::bind(&module, Host::Web, Names::Kept, &scratch)?;
    contents::read(IN_PARTS, &tools.optimise(&bound, Names::Kept)?)
}

/// What a browser fetches before the page can be used: the page and what its tags name.
fn first_load(site: &Path) -> Result<Vec<(String, Weight)>, Failure> {
    let html = workspace::read_text(&site.join("index.html"))?;
    weigh_all(site, ["index.html".to_owned()].into_iter().chain(assets_in(&html)))
}

/// The list of books and the one the page opens with, which is the first.
fn first_book(site: &Path) -> Result<Vec<(String, Weight)>, Failure> {
    const INDEX: &str = "books/index.json";
    let index = workspace::read_text(&site.join(INDEX))?;
    let first = serde_json::from_str(&index).ok().and_then(|index: serde_json::Value| {
        index.pointer("/books/0/file")?.as_str().map(|file| format!("books/{file}"))
    });
    let first = first.ok_or_else(|| Failure::Unexpected {
        program: "ratecard public".to_owned(),
        expected: "a list of books, each with its file",
        found: index,
    })?;
    weigh_all(site, [INDEX.to_owned(), first].into_iter())
}

/// The second part of the program.
fn rest_of_program(site: &Path) -> Result<Vec<(String, Weight)>, Failure> {
    let stem = format!("{}-", parts::rest_of(IN_PARTS));
    let assets = workspace::files_below(&site.join("assets"))?;
    let names = assets.iter().filter_map(|path| path.file_name()?.to_str());
    let rest = names.filter(|name| name.starts_with(&stem) && name.ends_with(".wasm"));
    weigh_all(site, rest.map(|name| format!("assets/{name}")))
}

fn weigh_all(site: &Path, files: impl Iterator<Item = String>) -> Result<Vec<(String, Weight)>, Failure> {
    files.map(|file| Ok((file.clone(), weigh(&site.join(file))?))).collect()
}

/// The files of ours that a page names in its tags, each once.
fn assets_in(html: &str) -> Vec<String> {
    let mut assets: Vec<String> =
        html.split('"').filter(|text| text.starts_with("assets/")).map(str::to_owned).collect();
    assets.sort();
    assets.dedup();
    assets
}

fn weigh(file: &Path) -> Result<Weight, Failure> {
    let bytes = |suffix: &str| {
        let mut path = file.as_os_str().to_owned();
        path.push(suffix);
        fs::metadata(&path).map(|metadata| metadata.len()).map_err(|source| Failure::Read { path: path.into(), source })
    };
    Ok(Weight { raw: bytes("")?, gzip: bytes(".gz")?, brotli: bytes(".br")? })
}

fn total(files: &[(String, Weight)]) -> Weight {
    files.iter().fold(Weight::default(), |sum, (_, weight)| Weight {
        raw: sum.raw + weight.raw,
        gzip: sum.gzip + weight.gzip,
        brotli: sum.brotli + weight.brotli,
    })
}

fn print_load(title: &str, files: &[(String, Weight)]) {
    let row = |name: &str, weight: Weight| {
        let sizes = [weight.raw, weight.gzip, weight.brotli].map(table::grouped);
        [name.to_owned()].into_iter().chain(sizes).collect()
    };
    let mut rows: Vec<Vec<String>> = files.iter().map(|(name, weight)| row(name, *weight)).collect();
    rows.push(row("total", total(files)));
    table::print(title, &["file", "raw", "gzip -9", "brotli 11"], &rows);
}

fn print_contents(contents: &Contents) {
    let whole = contents.code_bytes + contents.data_bytes;
    let row = |(name, bytes): &(String, u64)| {
        let permille = bytes.saturating_mul(1_000).checked_div(whole).unwrap_or(0);
        let share = format!("{}.{} %", permille / 10, permille % 10);
        vec![shortened(name), table::grouped(*bytes), share]
    };
    let mut crates: Vec<Vec<String>> = contents.crates.iter().take(LISTED).map(row).collect();
    crates.push(row(&("(constants)".to_owned(), contents.data_bytes)));
    crates.push(row(&("code and constants".to_owned(), whole)));
    let functions: Vec<Vec<String>> = contents.functions.iter().take(LISTED).map(row).collect();
    let title = "In the calculator's WASM, by crate (bytes, not compressed)";
    table::print(title, &["crate", "bytes", "share"], &crates);
    table::print("Its largest functions", &["function", "bytes", "share"], &functions);
}

/// What each module of the engine adds, charge models among them, and to which part.
fn print_engine(first: &Contents, rest: &Contents) {
    let modules: BTreeSet<&String> = first.engine.keys().chain(rest.engine.keys()).collect();
    let bytes = |part: &Contents, module: &String| part.engine.get(module).copied().unwrap_or(0);
    let row = |module: String, bytes: [u64; 2]| {
        let sizes = [bytes[0], bytes[1], bytes.iter().sum()].map(table::grouped);
        [module].into_iter().chain(sizes).collect::<Vec<String>>()
    };
    let mut rows: Vec<Vec<String>> =
        modules.into_iter().map(|module| row(module.clone(), [bytes(first, module), bytes(rest, module)])).collect();
    rows.push(row("engine".to_owned(), [first, rest].map(|part| part.engine.values().sum())));
    let title =
        "What each module of the engine adds (bytes, before wasm-opt; what is compiled into a caller counts there)";
    table::print(title, &["module", "first part", "rest", "both"], &rows);
}

fn shortened(name: &str) -> String {
    let count = name.chars().count();
    if count <= LONGEST_NAME {
        return name.to_owned();
    }
    let half = LONGEST_NAME / 2;
    let start: String = name.chars().take(half - 1).collect();
    let end: String = name.chars().skip(count - half).collect();
    format!("{start}…{end}")
}

fn judge(calculator: Weight, counter: Weight) -> Result<ExitCode, Failure> {
    let ratio = table::ratio(calculator.brotli, counter.brotli);
    table::remark(&format!(
        "The calculator loads {ratio} times the bare page (brotli); the limit is {}, the aim 2.00.",
        limit()
    ));
    if calculator.brotli.saturating_mul(100) > counter.brotli.saturating_mul(LIMIT) {
        return Err(Failure::TooHeavy { ratio, limit: limit() });
    }
    Ok(ExitCode::SUCCESS)
}

fn limit() -> String {
    format!("{}.{:02}", LIMIT / 100, LIMIT % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weight(brotli: u64) -> Weight {
        Weight { raw: 10, gzip: 10, brotli }
    }

    #[test]
    fn assets_are_counted_once() {
        let html = "<link href=\"assets/a.wasm\"><script src=\"assets/a.js\"></script>\
                    <link href=\"assets/a.wasm\"><a href=\"trial.html\">";
        assert_eq!(assets_in(html), ["assets/a.js", "assets/a.wasm"]);
    }

    #[test]
    fn the_limit_is_allowed_and_one_byte_more_is_not() {
        assert!(judge(weight(LIMIT), weight(100)).is_ok());
        assert!(matches!(judge(weight(LIMIT + 1), weight(100)), Err(Failure::TooHeavy { .. })));
    }

    #[test]
    fn totals_are_sums() {
        let files = [("a".to_owned(), weight(1)), ("b".to_owned(), weight(2))];
        let expected = Weight { raw: 20, gzip: 20, brotli: 3 };
        assert_eq!(total(&files), expected);
        assert_eq!(total(&[]), Weight::default());
    }

    #[test]
    fn long_names_keep_their_ends() {
        assert_eq!(shortened("short"), "short");
        let cut = shortened(&format!("start{}end", "x".repeat(200)));
        assert_eq!(cut.chars().count(), LONGEST_NAME);
        assert!(cut.starts_with("start") && cut.ends_with("end"));
    }
}
