//! `bill` and `invoices`: the bill run, and the invoices and corrections that it issued.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use engine::ids::CustomerId;
use engine::period::Month;
use engine::text::group_digits;

use super::screen::{Align, Screen, Work};
use super::{CliError, LangArg, write_file};
use crate::app::App;
use crate::billing::flow::{BillRun, bill as bill_month};
use crate::corrections::flow::Corrected;
use crate::invoices::flow::{Said, document, read_number, seller};
use crate::invoices::pdf::said_pdf;
use crate::invoices::routes::InvoiceAnswer;
use crate::invoices::store::{Filter, InvoiceRow, Kind, list};

pub(super) const BILL_EXAMPLES: &str = "\
Examples:
  ratecard bill --period 2026-11
  ratecard bill --period 2026-11 --format json
Who has an invoice keeps it. Stop it at any time and run it again: nobody is billed twice, nobody is forgotten, and the
numbers have no gap. Events, voids and amends that came after their month's invoice become a correction of it: a
supplement or a credit note with the next number. With corrections = \"report\" in the settings they are only reported.
The exit code is 1 if somebody could not be billed. A warning names the late events that are on no correction.";

#[derive(Debug, Args)]
pub(super) struct BillArgs {
    /// The month
    #[arg(long, value_name = "YYYY-MM")]
    period: String,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = BillFormat::Text)]
    format: BillFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum BillFormat {
    /// For people
    Text,
    /// As POST /v1/bill-runs answers
    Json,
}

pub(super) async fn bill(app: &App, args: &BillArgs, screen: &mut Screen) -> Result<(), CliError> {
    let month = Month::parse(&args.period)?;
    let mut work = Work::new("bill");
    let by = (&app.shelf, app.clock, &app.config);
    let outcome = bill_month(&app.db, by, month, |at| work.at(at.done, at.total)).await;
    work.done();
    let run = outcome?;
    let complete = run.unbilled.is_empty();
    match args.format {
        BillFormat::Text => tell(&run, screen)?,
        BillFormat::Json => {
            screen.line(&serde_json::to_string(&crate::billing::routes::BillAnswer::from(run))?)?;
        }
    }
    if complete { Ok(()) } else { Err(CliError::Told) }
}

fn tell(run: &BillRun, screen: &mut Screen) -> Result<(), CliError> {
    for unbilled in &run.unbilled {
        screen.note(&format!("not billed: {}: {}", unbilled.customer, unbilled.reason));
    }
    for late in &run.corrections.late {
        let (customer, number, events, reason) = (&late.customer, late.number, late.events, &late.reason);
        screen.note(&format!(
            "late: {events} events of {customer} came after {number} was issued; they are not on it: {reason}"
        ));
    }
    let late = &run.corrections.late;
    if !late.is_empty() {
        let events = late.iter().fold(0_i64, |sum, late| sum.saturating_add(late.events));
        let invoices = late.len();
        screen.note(&format!("warning: {events} events came too late for {invoices} invoices of {}", run.month));
    }
    for corrected in &run.corrections.corrected {
        let Corrected { customer, number, corrects, kind, due, currency } = corrected;
        let (kind, amount, code) =
            (Kind::from(*kind).word(), group_digits(&due.difference.to_string()), currency.code());
        screen.line(&format!("{number}: {kind} of {code} {amount} for {customer}, corrects {corrects}"))?;
    }
    let (month, issued, already) = (run.month, run.issued, run.already);
    screen.line(&format!(
        "{month}: {issued} invoices issued, {already} issued before, {} with nothing to bill, {} not billed{}",
        run.nothing,
        run.unbilled.len(),
        match run.corrections.corrected.len() {
            0 => String::new(),
            corrected => format!("; {corrected} corrections issued"),
        }
    ))
}

pub(super) const INVOICES_EXAMPLES: &str = "\
Examples:
  ratecard invoices --period 2026-11
  ratecard invoices --customer acme --format csv > acme.csv
  ratecard invoices --number 42 --pdf invoice.pdf --lang zh
  ratecard invoices --number INV-00000042 --format json";

#[derive(Debug, Args)]
pub(super) struct InvoicesArgs {
    /// Only of this month
    #[arg(long, value_name = "YYYY-MM", conflicts_with = "number")]
    period: Option<String>,
    /// Only of this customer
    #[arg(long, value_name = "ID", conflicts_with = "number")]
    customer: Option<String>,
    /// One invoice or correction, with everything it says
    #[arg(long, value_name = "NUMBER")]
    number: Option<String>,
    /// Write that invoice as PDF
    #[arg(long, value_name = "FILE", requires = "number")]
    pdf: Option<PathBuf>,
    /// Language of the PDF
    #[arg(long, value_enum, default_value_t = LangArg::Zh)]
    lang: LangArg,
    /// How to print a list
    #[arg(long, value_enum, default_value_t = InvoicesFormat::Table)]
    format: InvoicesFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum InvoicesFormat {
    /// For people
    Table,
    /// One object a line; with --number the invoice exactly as it was issued
    Json,
    /// For spreadsheets
    Csv,
}

pub(super) async fn invoices(app: &App, args: &InvoicesArgs, screen: &mut Screen) -> Result<(), CliError> {
    if let Some(number) = &args.number {
        return one(app, number, args, screen).await;
    }
    let mut filter = Filter {
        customer: args.customer.as_deref().map(CustomerId::new).transpose()?,
        month: args.period.as_deref().map(Month::parse).transpose()?,
        after: 0,
        limit: 1000,
    };
    let mut rows = Vec::new();
    loop {
        let page = list(&app.db, &filter).await?;
        let Some(last) = page.last() else { break };
        filter.after = last.number.0;
        rows.extend(page);
    }
    match args.format {
        InvoicesFormat::Table => table(&rows, screen),
        InvoicesFormat::Json => {
            rows.iter().try_for_each(|row| screen.line(&serde_json::to_string(&InvoiceAnswer::from(row.clone()))?))
        }
        InvoicesFormat::Csv => {
            screen.line("number,customer,month,currency,total,events,issued_at,kind,corrects")?;
            rows.iter().try_for_each(|row| screen.line(&csv_line(row)))
        }
    }
}

fn table(rows: &[InvoiceRow], screen: &mut Screen) -> Result<(), CliError> {
    let head = ["NUMBER", "MONTH", "CUSTOMER", "EVENTS", "", "TOTAL", "KIND", "CORRECTS"].map(str::to_owned).to_vec();
    let cells = rows.iter().map(|row| {
        vec![
            row.number.to_string(),
            row.month.to_string(),
            row.customer.to_string(),
            group_digits(&row.events.to_string()),
            row.currency.clone(),
            group_digits(&row.total),
            row.kind.word().replace('_', " "),
            row.corrects.map(|number| number.to_string()).unwrap_or_default(),
        ]
    });
    let (left, right) = (Align::Left, Align::Right);
    let aligns = [left, left, left, right, left, right, left, left];
    screen.table(&aligns, &std::iter::once(head).chain(cells).collect::<Vec<_>>())?;
    let corrections = rows.iter().filter(|row| row.corrects.is_some()).count();
    let invoices = rows.len().saturating_sub(corrections);
    screen.note(&match corrections {
        0 => format!("{invoices} invoices"),
        some => format!("{invoices} invoices, {some} corrections"),
    });
    Ok(())
}

fn csv_line(row: &InvoiceRow) -> String {
    let customer = row.customer.as_str();
    // RFC 4180: a field with a separator or a quote stands in quotes, quotes inside are doubled.
    let customer = if customer.contains([',', '"']) {
        format!("\"{}\"", customer.replace('"', "\"\""))
    } else {
        customer.to_owned()
    };
    let (number, month, currency, total) = (row.number, row.month, &row.currency, &row.total);
    let corrects = row.corrects.map(|number| number.to_string()).unwrap_or_default();
    let (events, issued_at, kind) = (row.events, row.issued_at.to_rfc3339(), row.kind.word());
    format!("{number},{customer},{month},{currency},{total},{events},{issued_at},{kind},{corrects}")
}

async fn one(app: &App, number: &str, args: &InvoicesArgs, screen: &mut Screen) -> Result<(), CliError> {
    let number = read_number(number)?;
    let document = document(&app.db, number).await?;
    if let Some(path) = &args.pdf {
        let said = Said::read(number, &document)?;
        let seller = seller(&app.db, number).await?;
        let bytes = said_pdf(&said, (&seller, &app.fonts), args.lang.into())?;
        if path.as_os_str() == "-" {
            return screen.bytes(&bytes);
        }
        write_file(path, &bytes)?;
        return screen.line(&format!("{number} written to {}", path.display()));
    }
    screen.line(&document.json)
}
