//! `public` and `book`: price books as files for hosting and as published versions.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use engine::BookDraft;
use engine::text::Lang;

use super::check::tell;
use super::screen::{Align, Screen};
use super::{CliError, read_file, write_file};
use crate::app::App;
use crate::books::flow::{PublishError, Published, publish};
use crate::books::store;
use crate::public::flow::{Index, entry, view_json};

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
