//! `rate --events`: what a file of usage would cost everybody in it, without keeping any of it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::command::{WEB_LOGS, invoices, log};
use super::program::Program;

const SHOP: &str = r#"
[book]
id = "shop"
version = "1"
effective = "2026-01-01"
currency = "CNY"
zone = "Asia/Shanghai"
rounding = { at = "line", mode = "half_up" }
name = { zh = "商店", en = "Shop" }

[tax]
name = { zh = "增值税", en = "VAT" }
percent = "6"

[meters.calls]
name = { zh = "调用", en = "Calls" }
event = "call"
aggregate = "count"
[meters.bytes]
name = { zh = "流量", en = "Traffic" }
event = "call"
aggregate = "sum"
field = "bytes"

[plans.p]
name = { zh = "甲", en = "P" }
[[plans.p.charges]]
meter = "calls"
included = "1"
per_unit = { price = "0.50" }
[[plans.p.charges]]
meter = "bytes"
per_unit = { price = "1", per = "1000" }
"#;

const TABLE: &str = r#"
format = "csv"
[event]
type = "call"
customer = "who"
time = "at"
id = "id"
[data]
bytes = "bytes"
"#;

/// zeta has two calls, one of them written twice; acme has one, and one in the first second of December.
const ROWS: &str = "id,who,at,bytes\n\
    1,zeta,2026-11-01T00:00:00+08:00,1000\n\
    2,zeta,2026-11-30T23:59:59+08:00,234\n\
    1,zeta,2026-11-01T00:00:00+08:00,1000\n\
    3,acme,2026-11-15T12:00:00+08:00,5\n\
    4,acme,2026-12-01T00:00:00+08:00,9000\n";

/// A folder with the book, the mapping and the rows, and the arguments to price them.
fn shop(rows: &str) -> (Program, [String; 10]) {
    let program = Program::new();
    let (book, mapping) = (program.write("book.toml", SHOP), program.write("table.toml", TABLE));
    let file = program.write("calls.csv", rows);
    let arguments = ["rate", &book, "--plan", "p", "--events", &file, "--mapping", &mapping, "--period", "2026-11"]
        .map(str::to_owned);
    (program, arguments)
}

fn with<'a>(arguments: &'a [String], more: &[&'a str]) -> Vec<&'a str> {
    arguments.iter().map(String::as_str).chain(more.iter().copied()).collect()
}

#[test]
fn each_customers_lines_and_totals_are_priced_from_the_file() {
    let (program, arguments) = shop(ROWS);
    // zeta: 2 calls, 1 of them included: 0.50; 1234 bytes: 1.234, so 1.23. 1.73 and 6 %: 0.1038, so 0.10.
    // acme: 1 call is included; 5 bytes: 0.005, half up 0.01; 6 %: 0.0006, so 0.00.
    let expected = "customer,what,id,quantity,amount,currency\n\
        acme,line,calls,1,0.00,CNY\n\
        acme,line,bytes,5,0.01,CNY\n\
        acme,subtotal,,,0.01,CNY\n\
        acme,tax,tax,,0.00,CNY\n\
        acme,total,,,0.01,CNY\n\
        zeta,line,calls,2,0.50,CNY\n\
        zeta,line,bytes,1234,1.23,CNY\n\
        zeta,subtotal,,,1.73,CNY\n\
        zeta,tax,tax,,0.10,CNY\n\
        zeta,total,,,1.83,CNY\n";
    let output = program.run(&with(&arguments, &["--format", "csv"]));
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("5 lines: 3 events counted, 1 repeated and counted once, 1 of another month"), "{said}");
    let table = program.ok(&with(&arguments, &["--lang", "zh"]));
    assert!(table.contains("¥1.83") && table.lines().last().unwrap().contains("¥1.84"), "{table}");
    let bills: Vec<Value> = program
        .ok(&with(&arguments, &["--format", "json"]))
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!((bills.len(), bills[1]["bill"]["total"].as_str()), (2, Some("1.83")));
    assert_eq!(program.ok(&["customers"]).lines().count(), 1, "only the heading: nothing is kept");
}

#[test]
fn what_a_file_is_said_to_cost_is_what_the_bill_run_bills() {
    let program = Program::new();
    let (text, _) = log(3000, 120);
    let (book, file) = (program.write("book.toml", WEB_LOGS), program.write("access.log", text));
    let rated = program.ok(&[
        "rate",
        &book,
        "--plan",
        "metered",
        "--events",
        &file,
        "--mapping",
        "combined",
        "--period",
        "2015-05",
        "--format",
        "csv",
    ]);
    let said: BTreeMap<String, String> = rated
        .lines()
        .map(|row| row.split(',').collect::<Vec<_>>())
        .filter(|row| row[1] == "total")
        .map(|row| (row[0].to_owned(), row[4].to_owned()))
        .collect();
    program.ok(&["book", "add", &book]);
    program.ok(&["import", "--format", "combined", &file]);
    program.ok(&["bill", "--period", "2015-05"]);
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let billed: BTreeMap<String, String> =
        invoices(&program).iter().map(|row| (text(row, "customer"), text(row, "total"))).collect();
    assert_eq!((said.len(), &said), (120, &billed));
}

#[test]
fn a_file_with_lines_that_cannot_be_counted_is_priced_only_when_they_may_be_skipped() {
    let rows =
        format!("{ROWS}5,zeta,yesterday,1\n6,zeta,2026-11-02T00:00:00Z,many\n2,zeta,2026-11-30T23:59:59+08:00,7\n");
    let (program, arguments) = shop(&rows);
    let said = program.fails(&with(&arguments, &[]));
    for part in [
        "line 7: the field at: \"yesterday\"",
        "line 8: meter bytes cannot count event 6",
        "line 9: event 2 of access-log came before with other content; the first one counts",
        "nothing was priced",
    ] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    let skipped = program.ok(&with(&arguments, &["--skip-broken", "--format", "csv"]));
    assert!(skipped.contains("zeta,total,,,1.83,CNY"), "{skipped}");
}

#[test]
fn what_is_missing_for_pricing_a_file_is_said_by_name() {
    let (program, arguments) = shop(ROWS);
    let changed = |from: &str, to: &str| -> Vec<String> {
        arguments.iter().map(|argument| if argument == from { to.to_owned() } else { argument.clone() }).collect()
    };
    let said = |arguments: &[String]| program.fails(&with(arguments, &[]));
    assert!(said(&changed("p", "gold")).contains("the book has no such plan; it has p"));
    assert!(said(&changed("2026-11", "2026-13")).contains("2026-13"));
    let mapping = arguments[7].clone();
    assert!(said(&changed(&mapping, "nowhere.toml")).contains("nowhere.toml"));
    let without = program.run(&with(&arguments[..8], &[]));
    assert_eq!(without.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&without.stderr).contains("--period"));
}
