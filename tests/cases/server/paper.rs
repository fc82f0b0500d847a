//! The printed invoice: its words and figures in both languages, on one page and on many.

use std::process::Command;

use engine::ids::CustomerId;
use engine::invoice::{DraftInput, InvoiceNumber, Issued};
use engine::period::Month;
use engine::quantity::Quantity;
use engine::text::Lang;
use engine::usage::{MeterUsage, Usage};
use engine::{BookDraft, draft_invoice};
use server::config::Seller;
use server::invoices::fonts::Fonts;
use server::invoices::pdf::pdf;
use tempfile::TempDir;

use super::api::{Api, BOOK, NOW, event};

/// The text of a PDF, laid out, and how many pages it has.
pub fn text(bytes: &[u8]) -> (String, usize) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("invoice.pdf");
    std::fs::write(&file, bytes).unwrap();
    let output =
        Command::new("pdftotext").arg("-layout").arg(&file).arg("-").output().expect("pdftotext (poppler-utils)");
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let pages = text.matches('\u{c}').count();
    (text, pages)
}

fn seller() -> Seller {
    Seller {
        name: "示例云服务有限公司".to_owned(), lines: vec!["上海市徐汇区示例路 1 号".to_owned()]
    }
}

fn issued(book: &str, name: &str) -> Issued {
    let book = BookDraft::from_toml(book).check().unwrap();
    let month = Month::parse("2026-11").unwrap();
    let customer = CustomerId::new("acme").unwrap();
    let used =
        |meter: &engine::usage::Meter| MeterUsage::assumed(meter.id.clone(), Quantity::parse("1234567").unwrap());
    let usage = Usage(book.meters.iter().map(used).collect());
    let plan = book.plans[0].id.to_string();
    let period = month.period(book.zone).unwrap();
    let input = DraftInput { customer: &customer, customer_name: name, plan: &plan, month, period, usage: &usage };
    draft_invoice(&book, &input).unwrap().issue(InvoiceNumber(42), NOW.parse().unwrap())
}

/// The book of these tests with a plan of `count` charges.
fn long_book(count: usize) -> String {
    let charge = |number: usize| {
        format!(
            "[[plans.basic.charges]]\nid = \"item-{number}\"\nname = {{ zh = \"第 {number} 项服务，名称相当长，用来检验换行\", en = \"Service {number} with a rather long name\" }}\nmeter = \"calls\"\nper_unit = {{ price = \"0.0{number}\" }}\n"
        )
    };
    let charges: String = (1..=count).map(charge).collect();
    BOOK.replace("[plans.secret]", &format!("{charges}\n[plans.secret]"))
}

#[test]
fn chinese_words_and_figures_stand_on_the_paper() {
    let issued = issued(BOOK, "上海云杉智能科技有限公司");
    let (text, pages) = text(&pdf(&issued, (&seller(), &Fonts::new(Vec::new())), Lang::Zh).unwrap());
    // 1,234,566 calls × 0.50 = 617,283.00; 1,234,567 bytes at 1 per 1,000 = 1,234.57; together 618,517.57.
    for words in [
        "账单",
        "INV-00000042",
        "示例云服务有限公司",
        "上海云杉智能科技有限公司",
        "调用",
        "1,234,567",
        "¥617,283.00",
        "¥1,234.57",
        "¥618,517.57",
        "四舍五入",
        "shop 1",
        "sha256:",
        "第 1 页，共 1 页",
    ] {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    assert_eq!(pages, 1);
}

#[test]
fn english_paper_has_no_chinese_left_over_but_the_names() {
    let issued = issued(BOOK, "Acme Ltd");
    let seller = Seller { name: "Example Cloud".to_owned(), lines: Vec::new() };
    let (text, _) = text(&pdf(&issued, (&seller, &Fonts::new(Vec::new())), Lang::En).unwrap());
    for words in ["Invoice", "Billed to", "Acme Ltd", "Total due", "CN¥618,517.57", "Page 1 of 1"] {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    assert!(!text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{text}");
}

#[test]
fn many_lines_go_over_pages_and_the_heading_is_repeated() {
    let issued = issued(&long_book(80), &"很长的名称".repeat(30));
    let (text, pages) = text(&pdf(&issued, (&seller(), &Fonts::new(Vec::new())), Lang::Zh).unwrap());
    assert!(pages >= 4, "{pages} pages");
    assert_eq!(text.matches("项目").count(), pages, "each page has the heading of the table");
    assert!(text.contains("第 80 项服务") && text.contains(&format!("第 {pages} 页，共 {pages} 页")));
}

#[test]
fn the_same_invoice_gives_the_same_bytes() {
    let (issued, fonts) = (issued(BOOK, "acme"), Fonts::new(Vec::new()));
    let print = || pdf(&issued, (&seller(), &fonts), Lang::Zh).unwrap();
    assert_eq!(print(), print());
}

#[tokio::test]
async fn an_invoice_is_printed_over_http() {
    let api = Api::new().await;
    api.events(&event("1", "acme", "2026-11-15T00:00:00Z")).await;
    api.post("/v1/bill-runs", r#"{"month":"2026-11"}"#).await;
    for (lang, words) in [("zh", "应付总额"), ("en", "Total due")] {
        let reply = api.get(&format!("/v1/invoices/1/pdf?lang={lang}")).await;
        assert_eq!(reply.headers["content-type"], "application/pdf");
        let printed = text(&reply.bytes).0;
        assert!(printed.contains(words) && printed.contains(&api.running.app.config.seller.name));
    }
    assert_eq!(api.get("/v1/invoices/1/pdf?lang=fr").await.status, 400);
    assert_eq!(api.get("/v1/invoices/2/pdf").await.status, 404);
}
