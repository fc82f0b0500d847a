//! What the benchmarks of prices by attributes do: the same lookups in a short list and in a long one. Timing is the
//! caller's; each returns a checksum, 0 for a broken book.

use std::fmt::Write as _;
use std::sync::OnceLock;

use engine::Usage;
use engine::catalog::{Book, BookDraft, Model, Pricing};
use engine::ids::MeterId;
use engine::quantity::Quantity;
use engine::rating::{find_plan, rate_total};
use engine::usage::{Group, MeterUsage};

/// The number of rows of a short list.
pub const SHORT_ROWS: u32 = 20;
/// The number of rows of a long list.
pub const LONG_ROWS: u32 = 20_000;

/// Groups in each usage that is priced.
pub const GROUPS: u32 = 16;

/// How many different usages there are, so that a long list does not stay in the nearest cache.
const USAGES: u32 = 256;

/// A list of `rows` prices by model, kind, class and size, as text.
pub fn book_text(rows: u32) -> String {
    let head = include_str!("../scenarios/head.toml");
    let head =
        head.replace("field = \"bytes\"", "field = \"bytes\"\ngroup_by = [\"model\", \"kind\", \"class\", \"size\"]");
    let mut text = format!("{head}\n[[plans.p.charges]]\nmeter = \"bytes\"\n");
    text.push_str("matrix = { by = [\"model\", \"kind\", \"class\", \"size\"], per = \"1000000\", rows = [\n");
    for row in 0..rows {
        let key = key(row);
        let _ = writeln!(
            text,
            "  [\"{}\", \"{}\", \"{}\", \"{}\", \"{}.{:02}\"],",
            key[0],
            key[1],
            key[2],
            key[3],
            row % 50,
            row % 97
        );
    }
    text.push_str("] }\n");
    text
}

/// The values of a row: two sizes, two classes, five kinds, then the next model.
fn key(row: u32) -> [String; 4] {
    let size = ["short", "long"][usize::from(row % 2 == 1)];
    let class = ["standard", "batch"][usize::from(row / 2 % 2 == 1)];
    [format!("provider/model-{}", row / 20), format!("kind-{}", row / 4 % 5), class.to_owned(), size.to_owned()]
}

/// The book of so many rows and the usages, made once: reading a long list takes longer than many lookups in it.
fn prepared(rows: u32) -> Option<&'static (Book, Vec<Usage>)> {
    static SHORT: OnceLock<Option<(Book, Vec<Usage>)>> = OnceLock::new();
    static LONG: OnceLock<Option<(Book, Vec<Usage>)>> = OnceLock::new();
    let place = if rows <= SHORT_ROWS { &SHORT } else { &LONG };
    place.get_or_init(|| prepare(rows)).as_ref()
}

fn prepare(rows: u32) -> Option<(Book, Vec<Usage>)> {
    let book = BookDraft::from_toml(&book_text(rows)).check().ok()?;
    let meter = MeterId::new("bytes").ok()?;
    let usage = |index: u32| {
        let group = |place: u32| {
            let row = index.wrapping_mul(GROUPS).wrapping_add(place).wrapping_mul(2_654_435_761) % rows;
            Group { key: key(row).to_vec(), events: 1, quantity: Quantity::from(u64::from(row) + 1000) }
        };
        let mut usage = MeterUsage::assumed(meter.clone(), Quantity::from(1));
        usage.groups = (0..GROUPS).map(group).collect();
        Usage(vec![usage])
    };
    Some((book, (0..USAGES).map(usage).collect()))
}

/// Looks up `GROUPS` cells in each iteration in a matrix of so many rows, and does nothing with the prices.
pub fn lookups(rows: u32, iterations: u32) -> u32 {
    let Some((book, usages)) = prepared(rows) else { return 0 };
    let pricing = book.plans.first().and_then(|plan| plan.charges.first()).map(|charge| &charge.pricing);
    let Some(Pricing::Metered(metered)) = pricing else { return 0 };
    let Model::Matrix(matrix) = &metered.model else { return 0 };
    let cells: Vec<Vec<&str>> = usages
        .iter()
        .flat_map(|usage| usage.0.iter().flat_map(|meter| &meter.groups))
        .map(|group| group.key.iter().map(String::as_str).collect())
        .collect();
    let mut checksum = 0_u32;
    for cell in cells.iter().cycle().take(usize::try_from(iterations.saturating_mul(GROUPS)).unwrap_or(0)) {
        let row = matrix.find(cell).and_then(|found| found.row).map_or(0, |row| row.wrapping_add(1));
        checksum = checksum.wrapping_add(row);
    }
    checksum
}

/// Prices a usage of `GROUPS` cells in each iteration, without its trace.
pub fn totals(rows: u32, iterations: u32) -> u32 {
    let Some((book, usages)) = prepared(rows) else { return 0 };
    let Ok(plan) = find_plan(book, "p") else { return 0 };
    let mut checksum = 0_u32;
    for usage in usages.iter().cycle().take(usize::try_from(iterations).unwrap_or(0)) {
        let total = rate_total(book, plan, usage).map_or(0, |total| total.decimal().mantissa() % 1_000_000_007);
        checksum = checksum.wrapping_add(u32::try_from(total).unwrap_or(0));
    }
    checksum
}

/// Reads and prepares the list of language models.
pub fn check_language_models(iterations: u32) -> u32 {
    check(include_str!("../../examples/language-models.toml"), iterations)
}

/// Reads and prepares a matrix of so many rows.
pub fn check_rows(rows: u32, iterations: u32) -> u32 {
    check(&book_text(rows), iterations)
}

fn check(text: &str, iterations: u32) -> u32 {
    let charges = |book: Book| book.plans.iter().map(|plan| plan.charges.len()).sum::<usize>();
    let checked = |_| BookDraft::from_toml(text).check().map_or(0, charges);
    u32::try_from((0..iterations).map(checked).sum::<usize>()).unwrap_or(0)
}
