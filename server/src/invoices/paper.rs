//! What stands on the paper: every word and figure of an invoice as text, in one language. Computes nothing.

use engine::catalog::Treatment;
use engine::invoice::{CreditLine, Draft, InvoiceNumber, Issued, TaxLine};
use engine::period::Period;
use engine::rating::{Line, Rated, Step};
use engine::text::{Lang, Names, Said, format_decimal, format_money, outline, rounding_rule};
use serde::Serialize;

use crate::config::Seller;

/// An invoice, or a correction of one, as the template reads it.
#[derive(Debug, Serialize)]
pub struct Paper {
    lang: &'static str,
    seller: Seller,
    title: &'static str,
    pub(super) number: String,
    to: Party,
    facts: Vec<Fact>,
    /// The columns; each line has one cell less, for its name stands in the first.
    head: Vec<&'static str>,
    lines: Vec<PaperLine>,
    sums: Vec<Sum>,
    total: Sum,
    notes: Vec<Fact>,
    page: [&'static str; 3],
}

/// What one kind of paper has of its own.
pub(super) struct Contents {
    pub(super) title: &'static str,
    pub(super) facts: Vec<Fact>,
    pub(super) head: Vec<&'static str>,
    pub(super) lines: Vec<PaperLine>,
    pub(super) sums: Vec<Sum>,
    pub(super) total: Sum,
}

#[derive(Debug, Serialize)]
struct Party {
    label: &'static str,
    name: String,
    id: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Fact {
    pub(super) label: &'static str,
    pub(super) value: String,
}

#[derive(Debug, Serialize)]
pub(super) struct PaperLine {
    pub(super) name: String,
    pub(super) cells: Vec<Cell>,
    pub(super) steps: Vec<Small>,
}

/// A figure, and what stands small behind it.
#[derive(Debug, Serialize)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) small: String,
}

impl Cell {
    pub(super) fn plain(text: String) -> Self {
        Self { text, small: String::new() }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Sum {
    pub(super) label: String,
    pub(super) amount: String,
    pub(super) steps: Vec<Small>,
}

/// A step in small print.
#[derive(Debug, Serialize)]
pub(super) struct Small {
    pub(super) depth: usize,
    pub(super) text: String,
}

/// Writes an invoice out.
pub fn paper(issued: &Issued, seller: &Seller, lang: Lang) -> Paper {
    let bill = &issued.invoice.bill;
    let contents = Contents {
        title: lang.pick("账单", "Invoice"),
        facts: facts(issued, lang),
        head: lang.pick(["项目", "数量", "金额"], ["Item", "Quantity", "Amount"]).to_vec(),
        lines: bill.lines.iter().map(|line| paper_line(line, bill, lang)).collect(),
        sums: sums(bill, lang),
        total: Sum {
            label: lang.pick("应付总额", "Total due").to_owned(),
            amount: format_money(bill.due, bill.currency, lang),
            steps: Vec::new(),
        },
    };
    framed((issued.number, &issued.invoice), seller, (contents, lang))
}

/// Puts what a document says between head and notes, which all documents have alike.
pub(super) fn framed(
    (number, invoice): (InvoiceNumber, &Draft),
    seller: &Seller,
    (contents, lang): (Contents, Lang),
) -> Paper {
    let named = invoice.customer_name != invoice.customer.as_str();
    let Contents { title, facts, head, lines, sums, total } = contents;
    Paper {
        lang: lang.pick("zh", "en"),
        seller: seller.clone(),
        title,
        number: number.to_string(),
        to: Party {
            label: lang.pick("客户", "Billed to"),
            name: invoice.customer_name.clone(),
            id: named.then(|| invoice.customer.to_string()),
        },
        facts,
        head,
        lines,
        sums,
        total,
        notes: notes(invoice, lang),
        page: lang.pick(["第 ", " 页，共 ", " 页"], ["Page ", " of ", ""]),
    }
}

fn facts(issued: &Issued, lang: Lang) -> Vec<Fact> {
    let invoice = &issued.invoice;
    let issued_on = invoice.zone.date_of(issued.issued_at);
    let fact = |zh, en, value| Fact { label: lang.pick(zh, en), value };
    vec![
        fact("账单编号", "Invoice number", issued.number.to_string()),
        fact("账单月份", "Month", invoice.month.to_string()),
        fact("出账日期", "Issued", issued_on.to_string()),
        fact("套餐", "Plan", invoice.bill.plan_name.get(lang).to_owned()),
        fact("币种", "Currency", invoice.bill.currency.code().to_owned()),
    ]
}

fn paper_line(line: &Line, bill: &Rated, lang: Lang) -> PaperLine {
    let unit = line.unit.as_ref();
    let quantity = match line.meter {
        Some(_) => format_decimal(line.quantity.decimal()),
        None => String::new(),
    };
    PaperLine {
        name: line.name.get(lang).to_owned(),
        cells: vec![
            Cell {
                text: quantity,
                small: unit.filter(|_| line.meter.is_some()).map(|unit| unit.get(lang).to_owned()).unwrap_or_default(),
            },
            Cell::plain(format_money(line.amount, bill.currency, lang)),
        ],
        steps: say(&line.steps, unit, bill, lang),
    }
}

fn say(steps: &[Step], unit: Option<&Names>, bill: &Rated, lang: Lang) -> Vec<Small> {
    let said = outline(steps, unit, bill.currency, lang);
    said.into_iter().map(|Said { depth, text }| Small { depth, text }).collect()
}

fn sums(bill: &Rated, lang: Lang) -> Vec<Sum> {
    let said = |steps: &[Step]| say(steps, None, bill, lang);
    let sum = |label: &str, amount: String, steps: &[Step]| Sum { label: label.to_owned(), amount, steps: said(steps) };
    let money = |amount| format_money(amount, bill.currency, lang);
    let mut sums = Vec::new();
    sums.extend(bill.lines_total.map(|total| sum(lang.pick("各行合计", "Sum of the lines"), money(total), &[])));
    let discounts = bill.discounts.iter();
    sums.extend(discounts.map(|line| sum(line.name.get(lang), ["−", &money(line.amount)].concat(), &line.steps)));
    let is_net = bill.taxes.iter().all(|tax| tax.treatment != Treatment::Inclusive);
    let subtotal =
        if is_net { lang.pick("小计（不含税）", "Subtotal, net") } else { lang.pick("小计", "Subtotal") };
    sums.push(sum(subtotal, money(bill.subtotal), bill.invoice_rounding.as_slice()));
    sums.extend(bill.taxes.iter().map(|tax| sum(&tax_name(tax, lang), money(tax.amount), &tax.steps)));
    let paying: Vec<&CreditLine> = bill.credits.iter().filter(|credit| !credit.amount.decimal().is_zero()).collect();
    if !paying.is_empty() {
        sums.push(sum(lang.pick("总额", "Total"), money(bill.total), &[]));
    }
    let paying = paying.into_iter();
    sums.extend(paying.map(|line| sum(line.name.get(lang), ["−", &money(line.amount)].concat(), &line.steps)));
    sums
}

/// A tax by its name, with what is special about it.
fn tax_name(tax: &TaxLine, lang: Lang) -> String {
    let name = tax.name.get(lang);
    match tax.treatment {
        Treatment::Exclusive => name.to_owned(),
        Treatment::Inclusive => lang.pick([name, "（已含）"], [name, " (included)"]).concat(),
        Treatment::Exempt => lang.pick([name, "（免税）"], [name, " (exempt)"]).concat(),
        Treatment::ReverseCharge => lang.pick([name, "（反向征收）"], [name, " (reverse charge)"]).concat(),
    }
}

fn notes(invoice: &Draft, lang: Lang) -> Vec<Fact> {
    let book = &invoice.bill.book;
    let note = |zh, en, value| Fact { label: lang.pick(zh, en), value };
    let mut notes = vec![
        note("计费周期", "Period", period_words(invoice.period, invoice.zone.name(), lang)),
        note("舍入规则", "Rounding", rounding_rule(invoice.bill.rounding, lang)),
        note("价目表", "Price book", format!("{} {}", book.id, book.version)),
        note("摘要", "Digest", book.digest.clone()),
    ];
    if !invoice.bill.unpriced.is_empty() {
        let meters: Vec<&str> = invoice.bill.unpriced.iter().map(engine::ids::MeterId::as_str).collect();
        notes.push(note("未计价用量", "Not charged", meters.join(", ")));
    }
    notes
}

/// The half-open period as people say it: from, up to but not including.
fn period_words(period: Period, zone: &str, lang: Lang) -> String {
    let format = "%Y-%m-%d %H:%M";
    // The zone's own dates are those of the calendar month; the instants are given in UTC so that nobody has to guess.
    let (start, end) = (period.start.format(format), period.end.format(format));
    match lang {
        Lang::Zh => format!("时区 {zone} 的自然月，即协调世界时 {start} 起，至 {end} 止（不含）"),
        Lang::En => format!("calendar month in {zone}: from {start} UTC up to, not including, {end} UTC"),
    }
}
