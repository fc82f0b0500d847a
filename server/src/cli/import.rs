//! `import`: files of usage in, by a mapping that is built in or one's own.

use std::path::PathBuf;

use clap::{Args, builder::PossibleValuesParser};
use intake::Mapping;
use intake::mapping::{NAMES, built_in};

use super::screen::{Screen, Work};
use super::{CliError, read_file};
use crate::app::App;
use crate::import::flow::{Broken, ImportError, Imported, Order, import as import_file};

pub(super) const IMPORT_EXAMPLES: &str = "\
Examples:
  ratecard import --format combined access.log
  ratecard import --format nginx_json --source web-1 /var/log/nginx/usage.json.1.gz
  ratecard import --mapping calls.toml calls.parquet
  ratecard import --format combined --skip-broken --source web-1 /var/log/nginx/access.log.1
Files ending in .gz or .zst are unpacked. Importing a file again, or after it has grown, counts nothing twice. A last
line that has no end yet is left for the next import. Rotated files of one server whose lines could be identical need a
--source each, or a request id in the log: without one, the same line in two files of a source is one event. What a
mapping is: docs/collecting.md; to begin one: ratecard collect --print-mapping nginx_json";

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// The file
    #[arg(value_name = "FILE", required_unless_present = "print_mapping")]
    file: Option<PathBuf>,
    #[command(flatten)]
    mapping: MappingArgs,
    /// Leave out lines that cannot be read; otherwise one such line stops the whole import
    #[arg(long)]
    skip_broken: bool,
    /// Nobody writes to the file any more: take its last line though it has no end
    #[arg(long)]
    finished: bool,
}

/// Which mapping, and whose events.
#[derive(Debug, Args)]
pub(super) struct MappingArgs {
    /// A format whose mapping is built in
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(NAMES), conflicts_with = "mapping",
          required_unless_present_any = ["mapping", "print_mapping"])]
    format: Option<String>,
    /// A mapping file, which says what a line or row means
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// The source of the events [default: what the mapping says]; logs of different servers need different ones
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Print a mapping that is built in, as a beginning of one's own
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(NAMES), exclusive = true)]
    print_mapping: Option<String>,
}

impl MappingArgs {
    /// The text of the mapping that is to be printed, if one is.
    pub(super) fn printed(&self) -> Option<&'static str> {
        self.print_mapping.as_deref().and_then(built_in).map(|mapping| mapping.toml)
    }

    /// The mapping, checked; its mistakes are told with their places.
    pub(super) fn mapping(&self, screen: &mut Screen) -> Result<Mapping, CliError> {
        let (name, text) = match (&self.mapping, self.format.as_deref().and_then(built_in)) {
            (Some(file), _) => (file.display().to_string(), read_file(file)?),
            (None, Some(mapping)) => (mapping.name.to_owned(), mapping.toml.to_owned()),
            (None, None) => (String::new(), String::new()),
        };
        Mapping::from_toml(&text).map_err(|problems| {
            for problem in problems {
                screen.note(&format!("{name}: {problem}"));
            }
            CliError::Told
        })
    }

    /// Whose the events are, if anybody said it.
    pub(super) fn source(&self, mapping: &Mapping) -> Option<String> {
        self.source.clone().or_else(|| mapping.source.clone())
    }
}

/// The source where nobody says one, which it was from the beginning.
pub(super) const SOURCE: &str = "access-log";

pub(super) async fn import(app: &App, args: &ImportArgs, screen: &mut Screen) -> Result<(), CliError> {
    let (Some(file), None) = (&args.file, args.mapping.printed()) else {
        return screen.line(args.mapping.printed().unwrap_or_default().trim_end());
    };
    let mapping = args.mapping.mapping(screen)?;
    let source = args.mapping.source(&mapping).unwrap_or_else(|| SOURCE.to_owned());
    let order = Order {
        file,
        mapping: &mapping,
        source: &source,
        skip_broken: args.skip_broken,
        is_finished: args.finished,
        now: app.clock.now(),
    };
    let mut work = Work::new("import");
    let outcome = import_file(&app.db, &order, |done, total| work.at(done, total)).await;
    work.done();
    match outcome {
        Ok(imported) => {
            list_broken(&imported.broken, screen);
            screen.line(&summary(&imported))?;
            if imported.conflicts == 0 { Ok(()) } else { Err(CliError::Told) }
        }
        Err(ImportError::Broken { lines, broken }) => {
            list_broken(&broken, screen);
            Err(ImportError::Broken { lines, broken }.into())
        }
        Err(other) => Err(other.into()),
    }
}

fn summary(imported: &Imported) -> String {
    let Imported { lines, passed_over, new, known, conflicts, broken, unfinished } = imported;
    let mut text = format!("{lines} lines: {new} new events, {known} known before, {} skipped", broken.count);
    if *passed_over > 0 {
        text.push_str(&format!(", {passed_over} passed over by the mapping"));
    }
    if *conflicts > 0 {
        text.push_str(&format!("; {conflicts} contradict an event of the same id and were not counted"));
    }
    if *unfinished {
        text.push_str("\nthe last line has no end yet; it is left for the next import");
    }
    text
}

fn list_broken(broken: &Broken, screen: &mut Screen) {
    for line in &broken.first {
        screen.note(&format!("line {}: {}", line.number, line.problem));
    }
    let told = u64::try_from(broken.first.len()).unwrap_or(u64::MAX);
    let rest = broken.count.saturating_sub(told);
    if rest > 0 {
        screen.note(&format!("and {rest} more broken lines"));
    }
}
