//! `rate`: prices assumed usage with the engine and prints its answer, as JSON or as a table for people.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use engine::rating::{Rated, Step};
use engine::text::{Lang, Names, Said, format_decimal, format_money, outline};
use engine::wire::{Answer, Ask, Assumed, AssumedGroup, Door, Refusal, answer};

use super::rate_file::{FileArgs, csv, rate_file};
use super::screen::{Align, Screen, widths};
use super::{CliError, LangArg, read_file};

pub(super) const EXAMPLES: &str = "\
Examples:
  ratecard rate examples/acme-api.toml --plan starter --usage calls=1200000
  ratecard rate examples/acme-api.toml --plan starter --usage calls=1200000 --usage traffic=60000000000 --steps
  ratecard rate examples/language-models.toml --plan list --usage 'units[model=gpt-4o,kind=input,class=batch,size=to-32k]=2000000'
  ratecard rate examples/acme-api.toml --plan growth --usage calls=9000000 --format json | jq -r .total
  ratecard rate book.toml --plan list --events access.log --mapping combined --period 2015-05
  ratecard rate book.toml --plan list --events calls.parquet --mapping calls.toml --period 2026-11 --format csv
A file is counted and priced as a bill run would, each event once; nothing of it is kept. Parquet files are the fastest.";

#[derive(Debug, Args)]
pub(super) struct RateArgs {
    /// Price book
    #[arg(value_name = "BOOK")]
    book: PathBuf,
    /// Plan
    #[arg(long, value_name = "ID")]
    plan: String,
    /// Quantity of a meter, a plain decimal, or METER[NAME=VALUE,…]=QUANTITY of a part; may be given several times
    #[arg(long = "usage", value_name = "METER=QUANTITY", value_parser = read_usage)]
    usage: Vec<Assumed>,
    #[command(flatten)]
    file: FileArgs,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = RateFormat::Table)]
    format: RateFormat,
    /// Language of names and sentences in the table
    #[arg(long, value_enum, default_value_t = LangArg::En)]
    lang: LangArg,
    /// Say below each line how its amount came about
    #[arg(long)]
    steps: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RateFormat {
    /// Lines and amounts; of a file what each customer pays
    Table,
    /// The engine's answer, of a file one a line; amounts and quantities are decimal strings
    Json,
    /// Every line, tax and total as a row
    Csv,
}

/// `calls=1200` or, for a part of what a meter counts, `tokens[model=small,kind=input]=1200`.
fn read_usage(text: &str) -> Result<Assumed, &'static str> {
    let (meter, key, quantity) = match text.split_once('[') {
        Some((meter, rest)) => {
            let (key, quantity) = rest.rsplit_once("]=").ok_or(HOW_TO_GROUP)?;
            (meter, Some(read_key(key)?), quantity)
        }
        None => {
            let (meter, quantity) = text.split_once('=').ok_or("write METER=QUANTITY, for instance calls=1200000")?;
            (meter, None, quantity)
        }
    };
    let (meter, quantity) = (meter.trim().to_owned(), quantity.trim().to_owned());
    Ok(match key {
        None => Assumed { meter, quantity, groups: Vec::new(), samples: Vec::new() },
        Some(key) => {
            let groups = vec![AssumedGroup { key, quantity }];
            Assumed { meter, quantity: String::new(), groups, samples: Vec::new() }
        }
    })
}

const HOW_TO_GROUP: &str = "write METER[NAME=VALUE,…]=QUANTITY, for instance tokens[model=small,kind=input]=1200";

fn read_key(text: &str) -> Result<BTreeMap<String, String>, &'static str> {
    let pair = |part: &str| part.split_once('=').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
    text.split(',').map(|part| pair(part).ok_or(HOW_TO_GROUP)).collect()
}

/// Groups of one meter that were given one by one belong together; a meter that is given twice as a whole stays twice,
/// and is refused by the engine.
fn gathered(usage: &[Assumed]) -> Vec<Assumed> {
    let mut all: Vec<Assumed> = Vec::new();
    for item in usage {
        let earlier = all.iter_mut().find(|other| other.meter == item.meter);
        match earlier.filter(|_| !item.groups.is_empty()) {
            Some(earlier) => earlier.groups.extend(item.groups.iter().cloned()),
            None => all.push(item.clone()),
        }
    }
    all
}

pub(super) fn rate(args: &RateArgs, screen: &mut Screen) -> Result<(), CliError> {
    if args.file.events.is_some() {
        let order = (&args.file, args.book.as_path(), args.plan.as_str());
        return rate_file(order, (args.format, args.lang.into()), screen);
    }
    let door = Door::Rate { plan: args.plan.clone(), usage: gathered(&args.usage), account: None };
    let answered = answer(&Ask { book: read_file(&args.book)?, ask: door });
    match (args.format, answered) {
        (RateFormat::Json, Ok(answer)) => screen.line(&serde_json::to_string(&answer)?),
        (RateFormat::Table, Ok(Answer::Rated(rated))) => table(&rated, args, screen),
        (RateFormat::Csv, Ok(Answer::Rated(rated))) => screen.bytes(&csv(std::iter::once(("", &*rated)))?),
        // The engine answers a question at the door where it was asked.
        (
            RateFormat::Table | RateFormat::Csv,
            Ok(
                Answer::Checked(_)
                | Answer::Parts { .. }
                | Answer::Estimate(_)
                | Answer::Curve(_)
                | Answer::Quota(_)
                | Answer::Draft(_)
                | Answer::Diff(_),
            ),
        ) => Ok(()),
        (format, Err(refusal)) => {
            if format == RateFormat::Json {
                screen.line(&serde_json::to_string(&refusal)?)?;
            }
            refused(&refusal, args, screen);
            Err(CliError::Told)
        }
    }
}

fn refused(refusal: &Refusal, args: &RateArgs, screen: &mut Screen) {
    match refusal {
        Refusal::Book { problems } => {
            for problem in problems {
                screen.note(&format!("error: {}:{problem}", args.book.display()));
            }
        }
        Refusal::Quantity { meter, message } => screen.note(&format!("error: --usage {meter}: {message}")),
        Refusal::Ask { message }
        | Refusal::Events { message }
        | Refusal::Subscription { message }
        | Refusal::Rate { message, .. } => {
            screen.note(&format!("error: {message}"));
        }
    }
}

fn table(rated: &Rated, args: &RateArgs, screen: &mut Screen) -> Result<(), CliError> {
    let lang = args.lang.into();
    let money = |amount| format_money(amount, rated.currency, lang);
    screen.line(&format!("{} · {} {}", rated.plan_name.get(lang), rated.book.id, rated.book.version))?;
    let mut rows: Vec<(Vec<String>, Vec<Said>)> = Vec::new();
    for line in &rated.lines {
        let unit = line.unit.as_ref().map(|unit| unit.get(lang)).unwrap_or_default();
        let quantity = match line.meter {
            Some(_) => format!("{} {unit}", format_decimal(line.quantity.decimal())),
            None => String::new(),
        };
        let said = say(&line.steps, line.unit.as_ref(), rated, lang);
        rows.push((vec![line.name.get(lang).to_owned(), quantity.trim_end().to_owned(), money(line.amount)], said));
    }
    let sum = |label: &str, amount, steps| (vec![label.to_owned(), String::new(), money(amount)], steps);
    let rounding: Vec<Step> = rated.invoice_rounding.iter().cloned().collect();
    let minus =
        |label: &str, amount, steps| (vec![label.to_owned(), String::new(), ["-", &money(amount)].concat()], steps);
    rows.extend(rated.lines_total.map(|total| sum(lang.pick("各行合计", "Sum of the lines"), total, Vec::new())));
    let said = |steps: &[Step]| say(steps, None, rated, lang);
    rows.extend(rated.discounts.iter().map(|line| minus(line.name.get(lang), line.amount, said(&line.steps))));
    rows.push(sum(lang.pick("小计", "Subtotal"), rated.subtotal, said(&rounding)));
    rows.extend(rated.taxes.iter().map(|tax| sum(tax.name.get(lang), tax.amount, said(&tax.steps))));
    rows.push(sum(lang.pick("合计", "Total"), rated.total, Vec::new()));
    rows.extend(rated.credits.iter().map(|line| minus(line.name.get(lang), line.amount, said(&line.steps))));
    if !rated.credits.is_empty() {
        rows.push(sum(lang.pick("应付", "Due"), rated.due, Vec::new()));
    }
    let cells: Vec<Vec<String>> = rows.iter().map(|(row, _)| row.clone()).collect();
    let widths = widths(&cells);
    for (row, said) in rows {
        screen.row(&[Align::Left, Align::Right, Align::Right], &widths, &row)?;
        for Said { depth, text } in said.iter().filter(|_| args.steps) {
            screen.line(&format!("    {}{text}", "  ".repeat(*depth)))?;
        }
    }
    for meter in &rated.unpriced {
        screen.note(&format!("note: meter {meter} has usage, but plan {} does not charge for it", rated.plan));
    }
    Ok(())
}

fn say(steps: &[Step], unit: Option<&Names>, rated: &Rated, lang: Lang) -> Vec<Said> {
    outline(steps, unit, rated.currency, lang)
}
