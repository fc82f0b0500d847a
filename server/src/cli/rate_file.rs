//! `rate --events`: what the bills of everybody in a file of usage would be, by a price book and without a database.
//!
//! Counts and prices as a bill run does, with the same meters and the same `draft_invoice`; keeps nothing.

use std::path::{Path, PathBuf};

use clap::Args;
use engine::catalog::{Book, BookDraft};
use engine::draft_invoice;
use engine::ids::CustomerId;
use engine::invoice::{Draft, DraftInput};
use engine::money::Money;
use engine::period::Month;
use engine::rating::Rated;
use engine::text::{Lang, format_money};
use engine::usage::{Meters, Span};
use intake::Mapping;
use intake::count::{CountError, Counted, Rules, Seen, count};
use intake::files::{LINE_BYTES_MAX, Reading};
use intake::mapping::built_in;

use super::check::tell;
use super::import::SOURCE;
use super::rate::RateFormat;
use super::screen::{Align, Screen};
use super::{CliError, read_file};

/// Which file, and how it is read.
#[derive(Debug, Args)]
pub(super) struct FileArgs {
    /// Price what a file of usage holds instead, for everybody in it: a log, CSV, NDJSON or Parquet
    #[arg(long, value_name = "FILE", conflicts_with = "usage", requires_all = ["mapping", "period"])]
    pub(super) events: Option<PathBuf>,
    /// What the file's lines mean: a mapping file, or the name of a mapping that is built in, like combined
    #[arg(long, value_name = "FILE|NAME", requires = "events")]
    mapping: Option<String>,
    /// The month that is priced
    #[arg(long, value_name = "YYYY-MM", requires = "events")]
    period: Option<String>,
    /// The source of the events, if the mapping says none
    #[arg(long, value_name = "NAME", requires = "events")]
    source: Option<String>,
    /// Leave out lines that cannot be counted; otherwise one such line stops everything
    #[arg(long, requires = "events")]
    skip_broken: bool,
}

/// Who is priced by what.
struct Order<'o> {
    book: &'o Book,
    plan: &'o str,
    month: Month,
    span: Span,
}

pub(super) fn rate_file(
    (file, book_file, plan): (&FileArgs, &Path, &str),
    (format, lang): (RateFormat, Lang),
    screen: &mut Screen,
) -> Result<(), CliError> {
    let (Some(events), Some(mapping), Some(month)) = (&file.events, &file.mapping, &file.period) else { return Ok(()) };
    let mapping = read_mapping(mapping, screen)?;
    let month = Month::parse(month)?;
    let book = BookDraft::from_toml(&read_file(book_file)?).check().map_err(|problems| {
        match tell(screen, &book_file.display().to_string(), &problems, lang) {
            Ok(()) => CliError::Told,
            Err(error) => error,
        }
    })?;
    let span = Span::new(book.zone, month.period(book.zone)?);
    let source = file.source.as_deref().or(mapping.source.as_deref()).unwrap_or(SOURCE);
    let reading = Reading { mapping: &mapping, source, line_bytes_max: LINE_BYTES_MAX, is_finished: true };
    let counted = count(events, reading, &Rules { meters: Meters::of(&book), span })?;
    say(&counted.seen, screen);
    if counted.seen.flawed > 0 && !file.skip_broken {
        screen.note("error: nothing was priced; mend these lines, or add --skip-broken");
        return Err(CliError::Told);
    }
    if !book.plans.iter().any(|known| known.id.as_str() == plan) {
        let known = book.plans.iter().map(|plan| plan.id.as_str()).collect::<Vec<_>>().join(", ");
        screen.note(&format!("error: --plan {plan}: the book has no such plan; it has {known}"));
        return Err(CliError::Told);
    }
    let drafts = drafts(&Order { book: &book, plan, month, span }, &counted)?;
    match format {
        RateFormat::Table => table(&drafts, &book, lang, screen),
        RateFormat::Json => drafts.iter().try_for_each(|draft| screen.line(&serde_json::to_string(draft)?)),
        RateFormat::Csv => screen.bytes(&csv(drafts.iter().map(|draft| (draft.customer.as_str(), &draft.bill)))?),
    }
}

/// A mapping file, or one that is built in where no file has that name.
fn read_mapping(name: &str, screen: &mut Screen) -> Result<Mapping, CliError> {
    let text = match built_in(name).filter(|_| !Path::new(name).exists()) {
        Some(mapping) => mapping.toml.to_owned(),
        None => read_file(Path::new(name))?,
    };
    Mapping::from_toml(&text).map_err(|problems| {
        for problem in problems {
            screen.note(&format!("{name}: {problem}"));
        }
        CliError::Told
    })
}

/// The bill of each customer, by customer.
fn drafts(order: &Order<'_>, counted: &Counted) -> Result<Vec<Draft>, CliError> {
    let mut customers: Vec<_> = (0_u32..).zip(&counted.customers).collect();
    customers.sort_unstable_by_key(|(_, customer)| *customer);
    let draft = |(number, customer): &(u32, &CustomerId)| -> Result<Draft, CliError> {
        let usage = counted.crowd.usage(*number).map_err(CountError::from)?;
        let Order { book, plan, month, span } = *order;
        let input =
            DraftInput { customer, customer_name: customer.as_str(), plan, month, period: span.period, usage: &usage };
        draft_invoice(book, &input).map_err(|error| CliError::Unpriced { customer: customer.to_string(), error })
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = customers.len().div_ceil(threads).max(1);
    let drafts = std::thread::scope(|scope| {
        let (draft, parts) = (&draft, customers.chunks(share));
        let workers: Vec<_> = parts.map(|part| scope.spawn(move || part.iter().map(draft).collect())).collect();
        let join = |worker: std::thread::ScopedJoinHandle<'_, _>| {
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        workers.into_iter().map(join).collect::<Result<Vec<Vec<Draft>>, _>>()
    })?;
    Ok(drafts.into_iter().flatten().collect())
}

fn say(seen: &Seen, screen: &mut Screen) {
    for (line, flaw) in &seen.flaws {
        screen.note(&format!("line {line}: {flaw}"));
    }
    let told = u64::try_from(seen.flaws.len()).unwrap_or(u64::MAX);
    if seen.flawed > told {
        screen.note(&format!("and {} more lines that cannot be counted", seen.flawed - told));
    }
    let Seen { lines, passed_over, counted, repeated, outside, unmetered, flawed, flaws: _, is_unfinished: _ } = seen;
    let mut text = format!("{lines} lines: {counted} events counted");
    for (count, what) in [
        (repeated, "repeated and counted once"),
        (outside, "of another month"),
        (unmetered, "that no meter counts"),
        (passed_over, "passed over by the mapping"),
        (flawed, "that cannot be counted"),
    ] {
        if *count > 0 {
            text.push_str(&format!(", {count} {what}"));
        }
    }
    screen.note(&text);
}

fn table(drafts: &[Draft], book: &Book, lang: Lang, screen: &mut Screen) -> Result<(), CliError> {
    let money = |amount| format_money(amount, book.currency, lang);
    let head = lang.pick(["客户", "小计", "合计"], ["Customer", "Subtotal", "Total"]);
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let (mut subtotal, mut total) = (Money::ZERO, Money::ZERO);
    for Draft { customer, bill, .. } in drafts {
        subtotal = subtotal.checked_add(bill.subtotal).map_err(|_| CliError::Sum)?;
        total = total.checked_add(bill.total).map_err(|_| CliError::Sum)?;
        rows.push(vec![customer.to_string(), money(bill.subtotal), money(bill.total)]);
    }
    rows.push(vec![lang.pick("全部", "All").to_owned(), money(subtotal), money(total)]);
    screen.table(&[Align::Left, Align::Right, Align::Right], &rows)
}

/// Every line and sum of some bills: what it is, of which charge or tax, how much of it, and what it costs.
pub(super) fn csv<'b>(bills: impl Iterator<Item = (&'b str, &'b Rated)>) -> Result<Vec<u8>, CliError> {
    let mut out = csv::Writer::from_writer(Vec::new());
    let mut put = |row: [&str; 6]| out.write_record(row).map_err(std::io::Error::from);
    put(["customer", "what", "id", "quantity", "amount", "currency"])?;
    for (customer, bill) in bills {
        let currency = bill.currency.code();
        for line in &bill.lines {
            let quantity = line.quantity.to_string();
            put([customer, "line", line.charge.as_str(), &quantity, &line.amount.to_string(), currency])?;
        }
        for discount in &bill.discounts {
            let amount = ["-", &discount.amount.to_string()].concat();
            put([customer, "discount", discount.id.as_str(), "", &amount, currency])?;
        }
        put([customer, "subtotal", "", "", &bill.subtotal.to_string(), currency])?;
        for tax in &bill.taxes {
            put([customer, "tax", tax.id.as_str(), "", &tax.amount.to_string(), currency])?;
        }
        put([customer, "total", "", "", &bill.total.to_string(), currency])?;
    }
    Ok(out.into_inner().map_err(|error| error.into_error())?)
}
