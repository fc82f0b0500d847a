//! `check`, `public` and `book`: price books as files and as published versions.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use engine::catalog::Problem;
use engine::text::Lang;
use engine::{Book, BookDraft};
use serde_json::json;

use super::screen::{Align, Screen};
use super::{CliError, LangArg, read_file, write_file};
use crate::app::App;
use crate::books::flow::{PublishError, Published, publish};
use crate::books::store;
use crate::public::flow::{Index, entry, view_json};

pub(super) const CHECK_EXAMPLES: &str = "\
Examples:
  ratecard check examples/acme-api.toml
  ratecard check --lang zh examples/*.toml
  ratecard check --format json my-book.toml | jq .";

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
        let checked = BookDraft::from_toml(&read_file(path)?).check();
        failed |= checked.is_err();
        match (args.format, &checked) {
            (CheckFormat::Text, Ok(book)) => screen.line(&sound(&file, book, args.lang.into()))?,
            (CheckFormat::Text, Err(problems)) => tell(screen, &file, problems, args.lang.into())?,
            (CheckFormat::Json, Ok(book)) => screen.line(
                &json!({
                    "file": file, "valid": true, "id": book.id, "version": book.version, "digest": book.digest(),
                    "plans": book.plans.len(), "meters": book.meters.len(),
                })
                .to_string(),
            )?,
            (CheckFormat::Json, Err(problems)) => {
                screen.line(&json!({ "file": file, "valid": false, "problems": problems }).to_string())?;
            }
        }
    }
    if failed { Err(CliError::Told) } else { Ok(()) }
}

fn sound(file: &str, book: &Book, lang: Lang) -> String {
    let (id, version, digest) = (&book.id, &book.version, book.digest());
    let (plans, meters) = (book.plans.len(), book.meters.len());
    match lang {
        Lang::Zh => format!("{file}：有效。{id} {version}，{plans} 个套餐，{meters} 个计量项，{digest}"),
        Lang::En => format!("{file}: valid. {id} {version}, {plans} plans, {meters} meters, {digest}"),
    }
}

fn tell(screen: &mut Screen, file: &str, problems: &[Problem], lang: Lang) -> Result<(), CliError> {
    for problem in problems {
        let place = problem.place.map(|place| format!(":{}:{}", place.line, place.column)).unwrap_or_default();
        let path = if problem.path.is_empty() { String::new() } else { format!(" {}:", problem.path) };
        screen.line(&format!("{file}{place}:{path} {}", problem.message(lang)))?;
    }
    let count = problems.len();
    screen.note(&lang.pick(format!("{file}：{count} 个问题"), format!("{file}: {count} problems")));
    Ok(())
}

pub(super) const PUBLIC_EXAMPLES: &str = "\
Examples:
  ratecard public --out dist/books examples/acme-api.toml
Writes index.json and one ID.json for each book that has public plans. Private plans never get in.";

#[derive(Debug, Args)]
pub(super) struct PublicArgs {
    /// Folder for the files; made if it is not there
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Price books
    #[arg(required = true, value_name = "BOOK")]
    books: Vec<PathBuf>,
}

pub(super) fn public(args: &PublicArgs, screen: &mut Screen) -> Result<(), CliError> {
    let mut books = Vec::new();
    for path in &args.books {
        match BookDraft::from_toml(&read_file(path)?).check() {
            Ok(book) => books.push(book),
            Err(problems) => {
                tell(screen, &path.display().to_string(), &problems, Lang::En)?;
                return Err(CliError::Told);
            }
        }
    }
    std::fs::create_dir_all(&args.out).map_err(|source| CliError::Write { path: args.out.clone(), source })?;
    let mut index = Index { books: Vec::new() };
    for book in &books {
        let Some(entry) = entry(book) else {
            screen.note(&format!("{}: no plan is public, so nothing is written", book.id));
            continue;
        };
        write_file(&args.out.join(&entry.file), view_json(book)?.as_bytes())?;
        index.books.push(entry);
    }
    write_file(&args.out.join("index.json"), serde_json::to_string(&index)?.as_bytes())?;
    screen.line(&format!("{} books written to {}", index.books.len(), args.out.display()))
}

pub(super) const BOOK_EXAMPLES: &str = "\
Examples:
  ratecard book add examples/acme-api.toml
  ratecard book list";

#[derive(Debug, Subcommand)]
pub(super) enum BookCommand {
    /// Publish price books; publishing the same book again changes nothing
    #[command(after_help = "Examples:\n  ratecard book add examples/acme-api.toml examples/web-logs.toml")]
    Add {
        /// Price books
        #[arg(required = true, value_name = "BOOK")]
        books: Vec<PathBuf>,
    },
    /// List what is published
    #[command(after_help = "Examples:\n  ratecard book list --data /var/lib/ratecard")]
    List,
}

pub(super) async fn book(app: &App, command: &BookCommand, screen: &mut Screen) -> Result<(), CliError> {
    match command {
        BookCommand::Add { books } => {
            for path in books {
                add(app, path, screen).await?;
            }
            Ok(())
        }
        BookCommand::List => {
            let head = ["BOOK", "VERSION", "EFFECTIVE", "PUBLISHED", "DIGEST"].map(str::to_owned).to_vec();
            let rows = store::list(&app.db).await?.into_iter().map(|row| {
                let published = row.published_at.format("%Y-%m-%d %H:%M:%SZ").to_string();
                vec![row.id, row.version, row.effective.to_string(), published, row.digest]
            });
            screen.table(&[Align::Left; 5], &std::iter::once(head).chain(rows).collect::<Vec<_>>())
        }
    }
}

async fn add(app: &App, path: &std::path::Path, screen: &mut Screen) -> Result<(), CliError> {
    let file = path.display().to_string();
    match publish(&app.db, &read_file(path)?, app.clock.now()).await {
        Ok(Published::New(row)) => {
            screen.line(&format!("{file}: published {} {}, {}", row.id, row.version, row.digest))
        }
        Ok(Published::Before(row)) => {
            screen.line(&format!("{file}: {} {} was published before, {}", row.id, row.version, row.digest))
        }
        Err(PublishError::Invalid(problems)) => {
            tell(screen, &file, &problems, Lang::En)?;
            Err(CliError::Told)
        }
        Err(other) => Err(other.into()),
    }
}
