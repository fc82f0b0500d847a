use super::{CorrectionDraft, CorrectionError, CorrectionKind, correct};
use crate::catalog::BookDraft;
use crate::ids::{CustomerId, MeterId};
use crate::invoice::{Draft, DraftInput, draft_invoice};
use crate::period::Month;
use crate::quantity::Quantity;
use crate::usage::{MeterUsage, Usage};

const BOOK: &str = r#"
[book]
id = "shop"
version = "1"
effective = "2026-01-01"
currency = "CNY"
zone = "Asia/Shanghai"
rounding = { at = "line", mode = "half_up" }
name = { zh = "商店", en = "Shop" }

[meters.calls]
name = { zh = "调用", en = "Calls" }
event = "api.call"
aggregate = "count"

[tax]
name = { zh = "增值税", en = "VAT" }
percent = "6"

[plans.p]
name = { zh = "甲", en = "P" }
[[plans.p.charges]]
meter = "calls"
included = "10"
per_unit = { price = "0.50" }
[[plans.p.charges]]
id = "base"
name = { zh = "月费", en = "Base fee" }
flat = "7.00"
"#;

fn draft(book: &str, calls: u64) -> Draft {
    let book = BookDraft::from_toml(book).check().unwrap();
    let month = Month::parse("2026-11").unwrap();
    let usage = Usage(vec![MeterUsage::assumed(MeterId::new("calls").unwrap(), Quantity::from(calls))]);
    let customer = CustomerId::new("acme").unwrap();
    let input = DraftInput {
        customer: &customer,
        customer_name: "acme",
        plan: "p",
        month,
        period: month.period(book.zone).unwrap(),
        usage: &usage,
    };
    draft_invoice(&book, &input).unwrap()
}

fn corrected(before: u64, after: u64) -> Option<CorrectionDraft> {
    correct(&draft(BOOK, before), draft(BOOK, after)).unwrap()
}

#[test]
fn more_usage_is_a_supplement_of_the_difference() {
    // 12 calls: 2 × 0.50 = 1.00 + 7.00 = 8.00, tax 0.48, 8.48. 15 calls: 2.50 + 7.00 = 9.50, tax 0.57, 10.07. 1.59 more.
    let found = corrected(12, 15).unwrap();
    let due = found.differences.due;
    assert_eq!(found.kind, CorrectionKind::Supplement);
    assert_eq!([due.before, due.after, due.difference].map(|money| money.to_string()), ["8.48", "10.07", "1.59"]);
    let [line] = found.differences.lines.as_slice() else { panic!("the flat fee has not changed") };
    assert_eq!((line.quantity_before.to_string(), line.quantity_after.to_string()), ("12".into(), "15".into()));
    assert_eq!(line.amount.difference.to_string(), "1.50");
    let [tax] = found.differences.taxes.as_slice() else { panic!("one tax") };
    assert_eq!(tax.amount.difference.to_string(), "0.09");
}

#[test]
fn less_usage_is_a_credit_note_of_the_difference() {
    let found = corrected(15, 12).unwrap();
    assert_eq!(found.kind, CorrectionKind::CreditNote);
    assert_eq!(found.differences.due.difference.to_string(), "-1.59");
}

#[test]
fn usage_inside_the_allowance_is_no_correction() {
    assert_eq!(corrected(3, 10), None, "10 calls are included");
    assert!(corrected(3, 11).is_some(), "the 11th is not");
}

#[test]
fn usage_that_the_minimum_absorbs_is_no_correction() {
    let book = BOOK.replace("included = \"10\"", "included = \"10\"\nminimum = \"20.00\"");
    let found = correct(&draft(&book, 12), draft(&book, 15)).unwrap();
    assert_eq!(found, None, "1.00 and 2.50 are both below 20.00");
}

#[test]
fn another_version_of_the_book_is_refused() {
    let newer = BOOK.replace("version = \"1\"", "version = \"2\"");
    assert_eq!(correct(&draft(BOOK, 12), draft(&newer, 15)), Err(CorrectionError::OtherTerms));
}
