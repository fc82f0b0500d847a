//! Ten invoices from a log, each worked out by hand from the prices of `examples/web-logs.toml`: ten requests free, up to
//! 100 more at 0.05, then 0.03; 0.80 per 1,000,000 bytes; each line rounded half up; 6 % tax on the sum.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::program::Program;

/// Client, requests, bytes of each request, the total, and how it comes about.
const TEN: [(&str, u32, u64, &str, &str); 10] = [
    ("192.0.2.1", 1, 0, "0.00", "one free request without a byte"),
    ("192.0.2.2", 10, 100_000, "0.85", "all requests free; 1,000,000 bytes 0.80; tax 0.048, half up 0.05"),
    ("192.0.2.3", 11, 0, "0.05", "one request 0.05; tax 0.003, half up 0.00"),
    ("192.0.2.4", 1, 12_500_000, "10.60", "12.5 × 0.80 = 10.00; tax 0.60"),
    ("192.0.2.5", 110, 0, "5.30", "100 × 0.05 = 5.00, exactly to the bound; tax 0.30"),
    ("192.0.2.6", 111, 0, "5.33", "5.00 + 1 × 0.03 = 5.03; tax 0.3018, half up 0.30"),
    ("192.0.2.7", 1, 6_249, "0.00", "0.0049992, half up 0.00"),
    ("192.0.2.8", 1, 6_250, "0.01", "0.005, a half, up to 0.01; tax 0.0006, 0.00"),
    (
        "192.0.2.9",
        20,
        1_234_567,
        "21.47",
        "10 × 0.05 = 0.50; 24,691,340 bytes 19.753072, 19.75; 20.25; tax 1.215, 1.22",
    ),
    (
        "2001:db8::a",
        210,
        1_000_000,
        "186.56",
        "100 × 0.05 + 100 × 0.03 = 8.00; 210 × 0.80 = 168.00; tax of 176.00 10.56",
    ),
];

#[test]
fn ten_invoices_agree_with_those_worked_out_by_hand() {
    let program = Program::new();
    let mut log = String::new();
    for (client, requests, bytes, ..) in TEN {
        for second in 0..requests {
            let (minute, second) = (second / 60, second % 60);
            writeln!(log, "{client} - - [17/May/2015:10:{minute:02}:{second:02} +0000] \"GET /a HTTP/1.1\" 200 {bytes} \"-\" \"-\"")
                .unwrap();
        }
    }
    let book = program.write("book.toml", include_str!("../../../examples/web-logs.toml"));
    let file = program.write("access.log", log);
    program.ok(&["book", "add", &book]);
    program.ok(&["import", "--format", "combined", &file]);
    program.ok(&["bill", "--period", "2015-05"]);
    let csv = program.ok(&["invoices", "--format", "csv"]);
    let mut totals = BTreeMap::new();
    for row in csv.lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        totals.insert(cells[1].to_owned(), cells[4].to_owned());
    }
    assert_eq!(totals.len(), TEN.len());
    for (client, _, _, total, why) in TEN {
        assert_eq!(totals[client], total, "{client}: {why}");
    }
}
