//! What the benchmarks do: the same functions natively and in WebAssembly. Timing is the caller's.

use std::hint::black_box;

use engine::catalog::{Book, BookDraft};
use engine::estimate::{curve, estimate};
use engine::ids::{MeterId, PlanId};
use engine::quantity::Quantity;
use engine::rating::prepared::{Prepared, PreparedCharge, PreparedPlan};
use engine::rating::{find_plan, rate_total};
use engine::usage::MeterUsage;
use engine::{Usage, rate};
use rust_decimal::Decimal;

use crate::bench_counting;
use crate::bench_matrix::{self, LONG_ROWS, SHORT_ROWS};

/// The benchmarks there are. `…_amount` is a prepared charge before rounding, `…_total` a whole plan without its trace,
/// `…_line` one with it. `yardstick_…` is not ours: what the same takes when it is written plainly.
pub fn names() -> Vec<&'static str> {
    let mut names = vec![
        LOOP_ALONE,
        GRADUATED_YARDSTICK,
        "graduated_amount",
        "graduated_decimal_amount",
        "graduated_fraction_amount",
        "graduated_huge_amount",
        "per_unit_amount",
        "volume_amount",
        "package_amount",
        "graduated_prepared_total",
        "graduated_total",
        "graduated_line",
        "per_unit_line",
        "volume_line",
        "package_line",
        "graduated_20_lines",
        "estimate_20_lines",
        "curve_4_plans_64_points",
        "check_book",
        "check_and_prepare_book",
        "check_language_models",
        MATRIX_20,
        MATRIX_20_000,
        "matrix_20_rows_16_cells_total",
        "matrix_20_000_rows_16_cells_total",
        "check_matrix_20_000_rows",
    ];
    names.extend(bench_counting::NAMES);
    names
}

/// What every benchmark of amounts does besides: choosing a number.
const LOOP_ALONE: &str = "loop_alone";
/// The sum of four tiers written with rust_decimal.
const GRADUATED_YARDSTICK: &str = "yardstick_graduated_rust_decimal";
/// Sixteen lookups in a short list of prices and in a long one.
const MATRIX_20: &str = "matrix_20_rows_16_lookups";
const MATRIX_20_000: &str = "matrix_20_000_rows_16_lookups";

const HEAD: &str = include_str!("../scenarios/head.toml");

/// Runs the benchmark `name` so many times; returns a checksum. An unknown name or a broken book gives 0.
pub fn run(name: &str, iterations: u32) -> u32 {
    match name {
        LOOP_ALONE => loop_alone(iterations),
        GRADUATED_YARDSTICK => yardstick(iterations),
        "graduated_amount" => amounts(GRADUATED, iterations),
        "graduated_decimal_amount" => decimal_amounts(GRADUATED, iterations, quantity),
        "graduated_fraction_amount" => decimal_amounts(GRADUATED, iterations, with_fraction),
        "graduated_huge_amount" => decimal_amounts(GRADUATED, iterations, huge),
        "per_unit_amount" => amounts(PER_UNIT, iterations),
        "volume_amount" => amounts(VOLUME, iterations),
        "package_amount" => amounts(PACKAGE, iterations),
        "graduated_prepared_total" => prepared_totals(GRADUATED, iterations),
        "graduated_total" => totals(GRADUATED, iterations),
        "graduated_line" => lines(GRADUATED, iterations),
        "per_unit_line" => lines(PER_UNIT, iterations),
        "volume_line" => lines(VOLUME, iterations),
        "package_line" => lines(PACKAGE, iterations),
        "graduated_20_lines" => twenty_lines(iterations),
        "estimate_20_lines" => estimates(iterations),
        "curve_4_plans_64_points" => curves(iterations),
        "check_book" => checks(iterations, |_| ()),
        "check_and_prepare_book" => checks(iterations, |book| drop(black_box(Prepared::new(book)))),
        "check_language_models" => bench_matrix::check_language_models(iterations),
        MATRIX_20 => bench_matrix::lookups(SHORT_ROWS, iterations),
        MATRIX_20_000 => bench_matrix::lookups(LONG_ROWS, iterations),
        "matrix_20_rows_16_cells_total" => bench_matrix::totals(SHORT_ROWS, iterations),
        "matrix_20_000_rows_16_cells_total" => bench_matrix::totals(LONG_ROWS, iterations),
        "check_matrix_20_000_rows" => bench_matrix::check_rows(LONG_ROWS, iterations),
        _ => bench_counting::run(name, iterations),
    }
}

const PER_UNIT: &str = r#"per_unit = { price = "0.40", per = "1000" }"#;

const PACKAGE: &str = r#"package = { size = "1000", price = "5.00" }"#;

const GRADUATED: &str = r#"included = "1000"
graduated = [
  { up_to = "100000", price = "0.40", per = "1000" },
  { up_to = "1000000", price = "0.30", per = "1000" },
  { up_to = "10000000", price = "0.20", per = "1000" },
  { price = "0.10", per = "1000" },
]"#;

const VOLUME: &str = r#"volume = [
  { up_to = "100000", price = "0.40", per = "1000" },
  { up_to = "1000000", price = "0.30", per = "1000" },
  { price = "0.10", per = "1000" },
]"#;

fn book(charges: &str) -> Option<Book> {
    BookDraft::from_toml(&format!("{HEAD}\n{charges}")).check().ok()
}

fn one_charge(model: &str) -> Option<Book> {
    book(&format!("[[plans.p.charges]]\nmeter = \"calls\"\n{model}"))
}

/// Numbers from 0 to about 16 million that no two neighbours share a tier too regularly.
fn number(index: u32) -> u64 {
    u64::from(index.wrapping_mul(2_654_435_761) >> 8).wrapping_add(1)
}

fn quantity(index: u32) -> Quantity {
    Quantity::from(number(index))
}

/// The same with tenths, which bounds in whole units do not have.
fn with_fraction(index: u32) -> Quantity {
    Quantity::new(Decimal::new(i64::from(index.wrapping_mul(2_654_435_761) >> 5).saturating_add(1), 1))
}

/// 20 digits and more: beyond 64 bits.
fn huge(index: u32) -> Quantity {
    Quantity::new(Decimal::from(u128::from(index).saturating_add(100_000_000_000_000_000_000)))
}

fn loop_alone(iterations: u32) -> u32 {
    for index in 0..iterations {
        black_box(number(index));
    }
    iterations
}

/// The yardstick: [`GRADUATED`] as anybody would write it with rust_decimal, with the price of one unit worked out before.
fn yardstick(iterations: u32) -> u32 {
    let tier = |up_to: Option<u32>, price: i64| (up_to.map(Decimal::from), Decimal::new(price, 4));
    let tiers = [tier(Some(100_000), 4), tier(Some(1_000_000), 3), tier(Some(10_000_000), 2), tier(None, 1)];
    let tiers = black_box(tiers);
    let included = black_box(Decimal::ONE_THOUSAND);
    for index in 0..iterations {
        let billable = (Decimal::from(number(index)) - included).max(Decimal::ZERO);
        let (mut sum, mut from) = (Decimal::ZERO, Decimal::ZERO);
        for (up_to, price) in &tiers {
            match *up_to {
                Some(up_to) if billable > up_to => {
                    sum += (up_to - from) * price;
                    from = up_to;
                }
                Some(_) | None => {
                    sum += (billable - from) * price;
                    break;
                }
            }
        }
        black_box(&sum);
    }
    iterations
}

fn amounts(model: &str, iterations: u32) -> u32 {
    let Some(book) = one_charge(model) else {
        return 0;
    };
    let charge = book.plans.first().and_then(|plan| plan.charges.first());
    let Some(charge) = charge.and_then(|charge| PreparedCharge::new(&book, charge)) else {
        return 0;
    };
    for index in 0..iterations {
        black_box(&charge.amount_of_whole(number(index)));
    }
    iterations
}

fn decimal_amounts(model: &str, iterations: u32, quantity: impl Fn(u32) -> Quantity) -> u32 {
    let Some(book) = one_charge(model) else {
        return 0;
    };
    let charge = book.plans.first().and_then(|plan| plan.charges.first());
    let Some(charge) = charge.and_then(|charge| PreparedCharge::new(&book, charge)) else {
        return 0;
    };
    for index in 0..iterations {
        black_box(&charge.amount(quantity(index)));
    }
    iterations
}

fn prepared_totals(model: &str, iterations: u32) -> u32 {
    let Some(book) = one_charge(model) else {
        return 0;
    };
    let Some(plan) = book.plans.first().and_then(|plan| PreparedPlan::new(&book, plan)) else {
        return 0;
    };
    let mut checksum = 0_u32;
    for index in 0..iterations {
        let total = plan.total(&[quantity(index)]).map_or(0, |total| digits(total.decimal().mantissa()));
        checksum = checksum.wrapping_add(total);
    }
    checksum
}

fn usage_of(quantity: Quantity) -> Option<Usage> {
    Some(Usage(vec![MeterUsage::assumed(MeterId::new("calls").ok()?, quantity)]))
}

fn totals(model: &str, iterations: u32) -> u32 {
    let prepared = one_charge(model).zip(usage_of(Quantity::ZERO));
    let Some((book, mut usage)) = prepared else {
        return 0;
    };
    let Ok(plan) = find_plan(&book, "p") else {
        return 0;
    };
    let mut checksum = 0_u32;
    for index in 0..iterations {
        if let Some(item) = usage.0.first_mut() {
            item.quantity = quantity(index);
        }
        let total = rate_total(&book, plan, &usage).map_or(0, |total| digits(total.decimal().mantissa()));
        checksum = checksum.wrapping_add(total);
    }
    checksum
}

fn lines(model: &str, iterations: u32) -> u32 {
    rated_lines(one_charge(model), iterations)
}

/// A bill of twenty lines: what a line takes when the bill around it counts for little.
fn twenty_lines(iterations: u32) -> u32 {
    let charge = |index: u32| format!("[[plans.p.charges]]\nid = \"c{index}\"\nmeter = \"calls\"\n{GRADUATED}\n");
    rated_lines(book(&(0..20).map(charge).collect::<String>()), iterations)
}

fn rated_lines(book: Option<Book>, iterations: u32) -> u32 {
    let prepared = book.zip(usage_of(Quantity::ZERO));
    let Some((book, mut usage)) = prepared else {
        return 0;
    };
    let mut checksum = 0_u32;
    for index in 0..iterations {
        if let Some(item) = usage.0.first_mut() {
            item.quantity = quantity(index);
        }
        let total = rate(&book, "p", &usage).map_or(0, |rated| digits(rated.total.decimal().mantissa()));
        checksum = checksum.wrapping_add(total);
    }
    checksum
}

/// Twenty lines with traces: four plans of five charges each.
fn estimates(iterations: u32) -> u32 {
    let charge = |index: u32| format!("[[plans.PLAN.charges]]\nid = \"c{index}\"\nmeter = \"calls\"\n{GRADUATED}\n");
    let charges: String = (0..5).map(charge).collect();
    let plan =
        |id: &str| format!("[plans.{id}]\nname = {{ zh = \"{id}\", en = \"{id}\" }}\n{}", charges.replace("PLAN", id));
    let head = HEAD.split("[plans.p]").next().unwrap_or_default();
    let text = [head, &plan("a"), &plan("b"), &plan("c"), &plan("d")].join("\n");
    let prepared = BookDraft::from_toml(&text).check().ok().zip(usage_of(Quantity::ZERO));
    let Some((book, mut usage)) = prepared else {
        return 0;
    };
    let mut checksum = 0_u32;
    for index in 0..iterations {
        if let Some(item) = usage.0.first_mut() {
            item.quantity = quantity(index);
        }
        let lines =
            estimate(&book, &[], &usage).map_or(0, |found| found.plans.iter().map(|plan| plan.month.lines.len()).sum());
        checksum = checksum.wrapping_add(u32::try_from(lines).unwrap_or(0));
    }
    checksum
}

/// The curve of the demo book over the calls, as the calculator draws it.
fn curves(iterations: u32) -> u32 {
    let Ok(book) = BookDraft::from_toml(include_str!("../../examples/acme-api.toml")).check() else {
        return 0;
    };
    let Ok(meter) = MeterId::new("calls") else {
        return 0;
    };
    let plans: Vec<PlanId> = book.plans.iter().map(|plan| plan.id.clone()).collect();
    let points: Vec<Quantity> = (0..64_u64).map(|point| Quantity::from(point.saturating_mul(10_000_000))).collect();
    let mut checksum = 0_u32;
    for _ in 0..iterations {
        let found = curve(&book, &plans, &Usage::default(), (&meter, &points));
        let count = found.map_or(0, |curve| curve.points.len().saturating_add(curve.changes.len()));
        checksum = checksum.wrapping_add(u32::try_from(count).unwrap_or(0));
    }
    checksum
}

fn checks(iterations: u32, then: impl Fn(&Book)) -> u32 {
    let text = include_str!("../../examples/acme-api.toml");
    let check = |_| {
        let checked = BookDraft::from_toml(text).check();
        checked.map_or(0, |book| {
            then(&book);
            book.plans.len()
        })
    };
    (0..iterations).map(check).map(|plans| u32::try_from(plans).unwrap_or(0)).fold(0, u32::wrapping_add)
}

fn digits(mantissa: i128) -> u32 {
    u32::try_from(mantissa.rem_euclid(1_000_003)).unwrap_or(0)
}
