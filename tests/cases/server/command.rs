//! The command line on a made-up log: import, bill, invoices, and a process that is killed in the middle.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::Value;

use super::api::BOOK;
use super::program::Program;

pub const WEB_LOGS: &str = include_str!("../../../examples/web-logs.toml");

/// A log of `lines` lines by `clients` clients, and what each client did: requests and bytes.
pub fn log(lines: u64, clients: u64) -> (String, BTreeMap<String, (u64, u64)>) {
    let mut text = String::new();
    let mut totals: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for line in 0..lines {
        let client = format!("10.0.{}.{}", (line * 7 % clients) / 250, (line * 7 % clients) % 250);
        let bytes = if line % 11 == 0 { 0 } else { line * line % 90_000 };
        let written = if line % 11 == 0 { "-".to_owned() } else { bytes.to_string() };
        let path =
            ["/", "/images/a.png", "/api/v1/x?y=z", "/blog/\\\"q\\\"", "//double"][usize::try_from(line % 5).unwrap()];
        let (day, second) = (line % 28 + 1, line % 60);
        // Every 400th line is cut off inside its last quotes, as real logs have it.
        let end = if line % 400 == 3 { "\"Mozilla/5.0 (comp" } else { "\"Mozilla/5.0 (compatible)\"" };
        writeln!(
            text,
            "{client} - - [{day:02}/May/2015:10:05:{second:02} +0000] \"GET {path} HTTP/1.1\" 200 {written} \"-\" {end}"
        )
        .unwrap();
        let total = totals.entry(client).or_default();
        *total = (total.0 + 1, total.1 + bytes);
    }
    (text, totals)
}

pub fn invoices(program: &Program) -> Vec<Value> {
    let list = program.ok(&["invoices", "--format", "json"]);
    list.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn requests_and_bytes_on_the_invoices_are_those_of_the_log() {
    let program = Program::new();
    let (text, totals) = log(3000, 120);
    let (book, file) = (program.write("book.toml", WEB_LOGS), program.write("access.log", text));
    program.ok(&["book", "add", &book]);
    let first = program.ok(&["import", "--format", "combined", &file]);
    assert!(first.contains("3000 lines: 3000 new events, 0 known before, 0 skipped"), "{first}");
    let second = program.ok(&["import", "--format", "combined", &file]);
    assert!(second.contains("3000 lines: 0 new events, 3000 known before"), "{second}");
    assert!(program.ok(&["bill", "--period", "2015-05"]).contains("120 invoices issued, 0 issued before"));
    assert!(program.ok(&["bill", "--period", "2015-05"]).contains("0 invoices issued, 120 issued before"));
    let mut billed = BTreeMap::new();
    for row in invoices(&program) {
        let invoice: Value =
            serde_json::from_str(&program.ok(&["invoices", "--number", row["name"].as_str().unwrap()])).unwrap();
        let quantity =
            |line: usize| invoice["invoice"]["bill"]["lines"][line]["quantity"].as_str().unwrap().parse().unwrap();
        billed.insert(row["customer"].as_str().unwrap().to_owned(), (quantity(0), quantity(1)));
    }
    assert_eq!(billed, totals);
}

#[test]
fn a_log_that_has_grown_brings_only_its_new_lines() {
    let program = Program::new();
    let (text, _) = log(100, 10);
    let file = program.write("access.log", &text);
    program.ok(&["import", "--format", "combined", &file]);
    // The same line once more in one file is one more request.
    let last = text.lines().last().unwrap();
    program.write("access.log", format!("{text}{last}\n"));
    let grown = program.ok(&["import", "--format", "combined", &file]);
    assert!(grown.contains("101 lines: 1 new events, 100 known before"), "{grown}");
}

#[test]
fn a_last_line_that_is_still_being_written_is_left_for_the_next_import() {
    let program = Program::new();
    let line =
        |bytes: u32| format!("1.2.3.4 - - [01/May/2015:10:05:03 +0000] \"GET /a HTTP/1.1\" 200 {bytes} \"-\" \"M\"");
    let (first, second) = (line(1), line(2345));
    let half = second.split(" \"-\"").next().unwrap();
    let file = program.write("access.log", format!("{first}\n{half}"));
    let said = program.ok(&["import", "--format", "combined", &file]);
    assert!(said.contains("1 lines: 1 new events"), "{said}");
    assert!(said.contains("the last line has no end yet; it is left for the next import"), "{said}");
    // Whole but for its newline: it is taken.
    program.write("access.log", format!("{first}\n{second}"));
    let said = program.ok(&["import", "--format", "combined", &file]);
    assert!(said.contains("2 lines: 1 new events, 1 known before") && !said.contains("no end"), "{said}");
    program.write("access.log", format!("{first}\n{second}\n"));
    let said = program.ok(&["import", "--format", "combined", &file]);
    assert!(said.contains("2 lines: 0 new events, 2 known before"), "{said}");
}

#[test]
fn events_that_come_after_the_bill_are_warned_of() {
    let program = Program::new();
    let (text, _) = log(30, 3);
    let (book, file) = (program.write("book.toml", WEB_LOGS), program.write("access.log", &text));
    program.ok(&["book", "add", &book]);
    program.ok(&["import", "--format", "combined", &file]);
    program.ok(&["bill", "--period", "2015-05"]);
    program.ok(&["import", "--format", "combined", "--source", "other", &file]);
    program.write("ratecard.toml", "corrections = \"report\"\n");
    let again = program.run(&["bill", "--period", "2015-05"]);
    let said = String::from_utf8(again.stderr).unwrap();
    assert!(again.status.success() && said.contains("warning: 30 events came too late for 3 invoices"), "{said}");
    std::fs::remove_file(program.folder.path().join("ratecard.toml")).unwrap();
    let said = program.ok(&["bill", "--period", "2015-05"]);
    assert!(said.contains("supplement of USD") || said.contains("supplement of CNY"), "{said}");
    assert!(said.contains("0 invoices issued, 3 issued before") && said.contains("3 corrections issued"), "{said}");
    let rows = invoices(&program);
    assert_eq!(rows.iter().filter(|row| row["kind"] == "supplement").count(), 3);
    assert_eq!(rows[3]["number"], 4, "corrections have the next numbers");
    let earlier = WEB_LOGS.replace("2015-01-01", "2015-05-01");
    let version = earlier.lines().find(|line| line.starts_with("version")).unwrap().to_owned();
    let newer = program.write("newer.toml", earlier.replace(&version, "version = \"99\""));
    assert!(program.fails(&["book", "add", &newer]).contains("2015-05 is billed already"));
}

#[test]
fn a_token_of_digits_works_and_no_secret_is_repeated_in_an_error() {
    let program = Program::new();
    let digits = "1234567890123456";
    let listed = program.command(&["customers"]).env("RATECARD_TOKEN", digits).output().unwrap();
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    program.write("ratecard.toml", format!("token = {digits}\n"));
    let said = program.fails(&["customers"]);
    assert!(said.contains("the token must be a text in quotes") && !said.contains(digits), "{said}");
    std::fs::remove_file(program.folder.path().join("ratecard.toml")).unwrap();
    let said = program.fails(&["customers", "--database", "mysql://me:pass@host/name"]);
    assert!(said.contains("mysql:…") && !said.contains("pass"), "{said}");
}

#[test]
fn a_log_with_broken_lines_imports_nothing_unless_they_may_be_skipped() {
    let program = Program::new();
    let (text, _) = log(50, 5);
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(
        b"nonsense\n\n1.2.3.4 - - [99/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 1\n\xff\xfe broken\n",
    );
    let file = program.write("access.log", bytes);
    let said = program.fails(&["import", "--format", "combined", &file]);
    assert!(said.contains("3 of 53 lines cannot be read, so nothing was imported"), "{said}");
    assert!(
        said.contains("line 51: no client address")
            && said.contains("line 53: the field time: \"99/May/2015:10:05:03 +0000\" is not a time")
            && said.contains("line 54: not UTF-8"),
        "{said}"
    );
    assert_eq!(program.ok(&["customers"]).lines().count(), 1, "only the heading");
    let skipped = program.ok(&["import", "--format", "combined", "--skip-broken", &file]);
    assert!(skipped.contains("53 lines: 50 new events, 0 known before, 3 skipped"), "{skipped}");
}

#[test]
fn bill_killed_at_any_instant_and_run_again_bills_everybody_once_without_a_gap() {
    let program = Program::new();
    // Ten pages of customers.
    let (text, totals) = log(6000, 5000);
    let (book, file) = (program.write("book.toml", WEB_LOGS), program.write("access.log", text));
    program.ok(&["book", "add", &book]);
    program.ok(&["import", "--format", "combined", &file]);
    let mut kills = 0;
    for tenths in 1..10 {
        let mut bill = program
            .command(&["bill", "--period", "2015-05"])
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // Progress is told for every tenth; the process is killed as soon as it tells of this one.
        let lines = BufReader::new(bill.stderr.take().unwrap()).lines();
        let told = lines.map_while(Result::ok).filter(|line| line.starts_with("bill:")).take(tenths).count();
        assert_eq!(told, tenths);
        bill.kill().unwrap();
        kills += u32::from(!bill.wait().unwrap().success());
        let numbers: Vec<u64> = invoices(&program).iter().map(|row| row["number"].as_u64().unwrap()).collect();
        assert_eq!(numbers, (1..=u64::try_from(numbers.len()).unwrap()).collect::<Vec<_>>(), "a gap after a kill");
        assert_eq!(numbers.len() % 500, 0, "half a page after a kill");
    }
    assert!(kills > 4, "the process was killed in the middle {kills} times");
    program.ok(&["bill", "--period", "2015-05"]);
    let rows = invoices(&program);
    let customers: BTreeSet<&str> = rows.iter().map(|row| row["customer"].as_str().unwrap()).collect();
    assert_eq!((rows.len(), customers.len()), (5000, 5000), "nobody twice, nobody forgotten");
    let events: u64 = rows.iter().map(|row| row["events"].as_u64().unwrap()).sum();
    assert_eq!(events, totals.values().map(|(requests, _)| requests).sum::<u64>());
    assert_eq!(rows.last().unwrap()["number"], 5000);
}

#[test]
fn rate_prints_the_engines_answer_and_a_table_for_people() {
    let program = Program::new();
    let book = program.write("book.toml", BOOK);
    let arguments = ["rate", &book, "--plan", "basic", "--usage", "calls=3", "--usage", "bytes=0.5"];
    let answer: Value = serde_json::from_str(&program.ok(&[&arguments[..], &["--format", "json"]].concat())).unwrap();
    assert_eq!((answer["currency"].as_str(), answer["total"].as_str()), (Some("CNY"), Some("1.00")));
    assert_eq!(answer["lines"][0]["amount"], "1.00");
    let table = program.ok(&[&arguments[..], &["--lang", "zh", "--steps"]].concat());
    assert!(table.contains("基础版") && table.contains("¥1.00"), "{table}");
}

#[test]
fn quantities_that_cannot_be_priced_are_refused_by_name() {
    let program = Program::new();
    let book = program.write("book.toml", BOOK);
    for (quantity, said) in [("-1", "-1"), ("1e40", "1e40"), ("abc", "abc"), ("", "plain decimal")] {
        let refused = program.fails(&["rate", &book, "--plan", "basic", "--usage", &format!("calls={quantity}")]);
        assert!(refused.contains(said), "{refused}");
    }
    assert!(program.fails(&["rate", &book, "--plan", "gold"]).contains("it has basic, secret"));
    assert_eq!(program.run(&["rate", &book, "--plan", "basic", "--usage", "calls"]).status.code(), Some(2));
}

#[test]
fn check_reports_every_mistake_with_its_place_and_the_digest_of_a_sound_book() {
    let program = Program::new();
    let good = program.write("good.toml", BOOK);
    assert!(program.ok(&["check", &good]).contains("sha256:"));
    let bad = program.write("bad.toml", BOOK.replace("\"CNY\"", "\"RMB\"").replace("half_up", "up_half"));
    let output = program.run(&["check", "--lang", "zh", &bad]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!((output.status.code(), said.lines().count()), (Some(1), 2), "{said}");
    assert!(said.lines().all(|line| line.starts_with(&format!("{bad}:"))), "{said}");
}

#[test]
fn public_writes_what_the_calculator_reads_and_no_private_plan() {
    let program = Program::new();
    let book = program.write("book.toml", BOOK);
    let out = program.folder.path().join("books");
    program.ok(&["public", "--out", &out.display().to_string(), &book]);
    let index: Value = serde_json::from_str(&std::fs::read_to_string(out.join("index.json")).unwrap()).unwrap();
    let view = std::fs::read_to_string(out.join(index["books"][0]["file"].as_str().unwrap())).unwrap();
    assert!(engine::catalog::BookView::from_json(&view).is_ok() && !view.contains("secret"));
}

#[test]
fn a_second_server_is_refused_and_says_which_file_is_in_use() {
    let program = Program::new();
    let mut first = program
        .command(&["serve", "--listen", "127.0.0.1:0"])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(first.stderr.take().unwrap()).lines();
    assert!(said.any(|line| line.unwrap().contains("listening on http://127.0.0.1:")));
    let second = program.fails(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(second.contains("another ratecard server is using") && second.contains("ratecard.db"), "{second}");
    // Commands work beside a server.
    let book = program.write("book.toml", BOOK);
    program.ok(&["book", "add", &book]);
    std::process::Command::new("kill").args(["-TERM", &first.id().to_string()]).status().unwrap();
    assert!(first.wait().unwrap().success(), "it ends in order when asked to");
}

#[test]
fn an_address_that_others_reach_must_be_meant() {
    let program = Program::new();
    assert!(program.fails(&["serve", "--listen", "0.0.0.0:0"]).contains("--allow-remote"));
}

#[test]
fn the_operators_token_is_made_once_and_only_its_owner_reads_it() {
    use std::os::unix::fs::PermissionsExt;
    let program = Program::new();
    program.ok(&["customers"]);
    let file = program.folder.path().join("data/operator-token");
    let token = std::fs::read_to_string(&file).unwrap();
    program.ok(&["customers"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), token);
    assert_eq!((token.len(), std::fs::metadata(&file).unwrap().permissions().mode() & 0o777), (48, 0o600));
}

#[test]
fn every_command_explains_itself_with_examples() {
    let program = Program::new();
    for command in [
        "serve",
        "demo",
        "check",
        "rate",
        "public",
        "book",
        "import",
        "events",
        "bill",
        "invoices",
        "customers",
        "assign",
        "link",
        "openapi",
        "schema",
    ] {
        assert!(program.ok(&[command, "--help"]).contains("Examples:"), "{command}");
    }
}
