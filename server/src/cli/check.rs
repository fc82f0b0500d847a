//! `check` and `diff`: is a price book sound, what is odd about it, and what did it change.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use engine::catalog::Problem;
use engine::catalog::diff::{BookDiff, diff};
use engine::catalog::review::{Highest, Warning, highest, review};
use engine::money::{Currency, Money};
use engine::text::{Lang, format_exact, format_money};
use engine::{Book, BookDraft};
use serde_json::json;

use super::screen::Screen;
use super::{CliError, LangArg, read_file};

pub(super) const CHECK_EXAMPLES: &str = "\
Examples:
  ratecard check examples/acme-api.toml
  ratecard check --lang zh examples/*.toml
  ratecard check --format json my-book.toml | jq .
Also warns of what is legal but likely wrong, and says what each plan can cost at most.
With --strict a warning is a failure.";

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Price books
    #[arg(required = true, value_name = "BOOK")]
    books: Vec<PathBuf>,
    /// Language of the messages
    #[arg(long, value_enum, default_value_t = LangArg::En)]
    lang: LangArg,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    format: CheckFormat,
    /// Fail on warnings too
    #[arg(long)]
    strict: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CheckFormat {
    /// file:line:column path: message
    Text,
    /// One object for each file
    Json,
}

pub(super) fn check(args: &CheckArgs, screen: &mut Screen) -> Result<(), CliError> {
    let mut failed = false;
    for path in &args.books {
        let file = path.display().to_string();
        let draft = BookDraft::from_toml(&read_file(path)?);
        match draft.check() {
            Ok(book) => {
                let warnings = review(&book, Some(&draft));
                failed |= args.strict && !warnings.is_empty();
                tell_sound(screen, (&file, &book), &warnings, args)?;
            }
            Err(problems) => {
                failed = true;
                tell_broken(screen, &file, &problems, args)?;
            }
        }
    }
    if failed { Err(CliError::Told) } else { Ok(()) }
}

fn tell_broken(screen: &mut Screen, file: &str, problems: &[Problem], args: &CheckArgs) -> Result<(), CliError> {
    match args.format {
        CheckFormat::Text => tell(screen, file, problems, args.lang.into()),
        CheckFormat::Json => screen.line(&json!({ "file": file, "valid": false, "problems": problems }).to_string()),
    }
}

fn tell_sound(
    screen: &mut Screen,
    (file, book): (&str, &Book),
    warnings: &[Warning],
    args: &CheckArgs,
) -> Result<(), CliError> {
    let lang: Lang = args.lang.into();
    if args.format == CheckFormat::Json {
        let plan = |plan: &engine::catalog::Plan| (plan.id.to_string(), json!(highest(plan)));
        let highest: serde_json::Map<_, _> = book.plans.iter().map(plan).collect();
        let answer = json!({
            "file": file, "valid": true, "id": book.id, "version": book.version, "digest": book.digest(),
            "plans": book.plans.len(), "meters": book.meters.len(), "warnings": warnings, "highest": highest,
        });
        return screen.line(&answer.to_string());
    }
    for warning in warnings {
        let place = warning.place.map(|place| format!(":{}:{}", place.line, place.column)).unwrap_or_default();
        let word = lang.pick("警告", "warning");
        screen.line(&format!("{file}{place}: {word}: {}: {}", warning.path, warning.message(lang)))?;
    }
    screen.line(&sound(file, book, lang))?;
    for plan in &book.plans {
        screen.line(&format!("  {}: {}", plan.id, at_most(highest(plan), book.currency, lang)))?;
    }
    Ok(())
}

fn sound(file: &str, book: &Book, lang: Lang) -> String {
    let (id, version, digest) = (&book.id, &book.version, book.digest());
    let (plans, meters) = (book.plans.len(), book.meters.len());
    match lang {
        Lang::Zh => format!("{file}：有效。{id} {version}，{plans} 个套餐，{meters} 个计量项，{digest}"),
        Lang::En => format!("{file}: valid. {id} {version}, {plans} plans, {meters} meters, {digest}"),
    }
}

/// What a plan can cost at most, in words.
fn at_most(highest: Highest, currency: Currency, lang: Lang) -> String {
    match highest {
        highest if highest.is_nothing() => {
            lang.pick("无论用多少都不会产生费用", "never bills anything, whatever is used").to_owned()
        }
        Highest::AtMost(amount) => {
            let exact =
                |decimal| format_money(Money::new(decimal).with_places(currency.minor_digits()), currency, lang);
            let amount = amount.to_decimal().map_or_else(|| format_exact(amount), exact);
            lang.pick(format!("每期最高 {amount}（不含税）"), format!("at most {amount} a period, before tax"))
        }
        Highest::Unlimited => lang.pick("费用随用量增长，没有上限", "grows with use, without limit").to_owned(),
    }
}

/// Prints every problem with its place.
pub(super) fn tell(screen: &mut Screen, file: &str, problems: &[Problem], lang: Lang) -> Result<(), CliError> {
    for problem in problems {
        let place = problem.place.map(|place| format!(":{}:{}", place.line, place.column)).unwrap_or_default();
        let path = if problem.path.is_empty() { String::new() } else { format!(" {}:", problem.path) };
        screen.line(&format!("{file}{place}:{path} {}", problem.message(lang)))?;
    }
    let count = problems.len();
    screen.note(&lang.pick(format!("{file}：{count} 个问题"), format!("{file}: {count} problems")));
    Ok(())
}

pub(super) const DIFF_EXAMPLES: &str = "\
Examples:
  ratecard diff acme-2026-11.toml acme-2026-12.toml
  ratecard diff --lang zh --format json old.toml new.toml
Says in words what changed, and at which quantities each plan gets cheaper or dearer.";

#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// The older book
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The newer book
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Language of the sentences
    #[arg(long, value_enum, default_value_t = LangArg::En)]
    lang: LangArg,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    format: CheckFormat,
}

pub(super) fn compare(args: &DiffArgs, screen: &mut Screen) -> Result<(), CliError> {
    let lang: Lang = args.lang.into();
    let old = valid(&args.old, lang, screen)?;
    let new = valid(&args.new, lang, screen)?;
    let found = diff(&old, &new);
    match args.format {
        CheckFormat::Json => screen.line(&serde_json::to_string(&found)?),
        CheckFormat::Text => tell_diff(screen, &found, new.currency, lang),
    }
}

fn valid(path: &Path, lang: Lang, screen: &mut Screen) -> Result<Book, CliError> {
    match BookDraft::from_toml(&read_file(path)?).check() {
        Ok(book) => Ok(book),
        Err(problems) => {
            tell(screen, &path.display().to_string(), &problems, lang)?;
            Err(CliError::Told)
        }
    }
}

fn tell_diff(screen: &mut Screen, found: &BookDiff, currency: Currency, lang: Lang) -> Result<(), CliError> {
    if found.changes.is_empty() {
        return screen.line(lang.pick("两个价目表内容相同", "Both books say the same"));
    }
    for change in &found.changes {
        screen.line(&change.sentence(lang))?;
    }
    if found.effects.is_empty() {
        return screen.line(lang.pick("两个价目表都有的套餐价格不变", "No plan of both books costs more or less"));
    }
    screen.line("")?;
    for sentence in found.effects.iter().flat_map(|effect| effect.sentences(currency, lang)) {
        screen.line(&sentence)?;
    }
    Ok(())
}
