//! `events`: finds events again, or counts them in steps of time. The same questions as over HTTP.

use clap::{Args, ValueEnum};
use engine::ids::CustomerId;
use engine::text::group_digits;

use super::CliError;
use super::screen::{Align, Screen};
use crate::app::App;
use crate::find::flow::{Choice, FindError, of_customer, page, profile};
use crate::find::line::of_line;
use crate::find::question::{PAGE_MAX, Question};
use crate::find::sheet::{Csv, EventRow, lines};
use crate::invoices::flow::read_number;

pub(super) const EVENTS_EXAMPLES: &str = "\
Examples:
  ratecard events --customer acme --at 2026-11-02T10:00:03Z
  ratecard events --customer acme --from 2026-11-02T00:00:00+08:00 --to 2026-11-03T00:00:00+08:00 --where status=500
  ratecard events --customer acme --from 2026-11-01T00:00:00Z --to 2026-12-01T00:00:00Z --per hour
  ratecard events --invoice 42 --line 0 --format csv > line.csv
--where may be repeated: the same field again is one value or the other, two fields are both. Events that were voided or
amended are shown with the event that did it; behind the line of an invoice are those that the line counts.";

#[derive(Debug, Args)]
pub(super) struct EventsArgs {
    /// Whose events
    #[arg(long, value_name = "ID", required_unless_present = "invoice", conflicts_with = "invoice")]
    customer: Option<String>,
    /// The events behind a line of this invoice or correction
    #[arg(long, value_name = "NUMBER", requires = "line")]
    invoice: Option<String>,
    /// The line's place in the document, from 0
    #[arg(long, value_name = "PLACE", requires = "invoice")]
    line: Option<String>,
    /// Of the line only this group of its meter; one for each thing that the meter is grouped by
    #[arg(long, value_name = "VALUE", requires = "invoice")]
    group: Vec<String>,
    /// From this time on
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// To before this time
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// The second that this time is in
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Only what this meter counts
    #[arg(long)]
    meter: Option<String>,
    /// Only of this type
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Only of this source
    #[arg(long)]
    source: Option<String>,
    /// Only with this value in this field of the data, may be repeated
    #[arg(long = "where", value_name = "FIELD=VALUE", value_parser = field)]
    fields: Vec<(String, String)>,
    /// Count them in steps of a second, minute, hour or day instead
    #[arg(long, value_name = "STEP")]
    per: Option<String>,
    /// At most so many [default: 100 for people, all otherwise]
    #[arg(long)]
    limit: Option<String>,
    /// How to print them
    #[arg(long, value_enum, default_value_t = EventsFormat::Table)]
    format: EventsFormat,
    /// The fields that get a column of their own in CSV, with commas between [default: those of the first events]
    #[arg(long)]
    columns: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EventsFormat {
    /// For people
    Table,
    /// One object a line
    Json,
    /// For spreadsheets
    Csv,
}

/// A condition that is none.
#[derive(Debug, thiserror::Error)]
#[error("write FIELD=VALUE, for instance status=500")]
struct NoField;

fn field(text: &str) -> Result<(String, String), NoField> {
    let (name, value) = text.split_once('=').ok_or(NoField)?;
    Ok((format!("where.{name}"), value.to_owned()))
}

impl EventsArgs {
    fn question(&self) -> Result<Question, FindError> {
        let named = [
            ("from", &self.from),
            ("to", &self.to),
            ("at", &self.at),
            ("meter", &self.meter),
            ("type", &self.kind),
            ("source", &self.source),
            ("per", &self.per),
            ("limit", &self.limit),
            ("columns", &self.columns),
        ];
        let named = named.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?)));
        let fields = self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let groups = self.group.iter().map(|value| ("group", value.as_str()));
        Ok(Question::read(named.chain(fields).chain(groups))?)
    }
}

pub(super) async fn events(app: &App, args: &EventsArgs, screen: &mut Screen) -> Result<(), CliError> {
    let question = args.question()?;
    let choice = match (&args.customer, &args.invoice, &args.line) {
        (_, Some(invoice), Some(line)) => of_line(app, (read_number(invoice)?, line), (&question, None)).await?,
        (customer, _, _) => {
            let id = CustomerId::new(customer.as_deref().unwrap_or_default())?;
            of_customer(app, &id, (&question, |book: &engine::Book, _: &engine::ids::PlanId| book.clone())).await?
        }
    };
    match question.per {
        Some(per) => {
            let counts = profile(&app.db, &choice, per).await?;
            let counts = counts
                .into_iter()
                .map(|(start, events)| (start.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true), events));
            steps(&counts.collect::<Vec<_>>(), args.format, screen)
        }
        None => list(app, &choice, (&question, args.format), screen).await,
    }
}

fn steps(counts: &[(String, u64)], format: EventsFormat, screen: &mut Screen) -> Result<(), CliError> {
    match format {
        EventsFormat::Table => {
            let head = vec!["FROM".to_owned(), "EVENTS".to_owned()];
            let rows = counts.iter().map(|(start, events)| vec![start.clone(), group_digits(&events.to_string())]);
            screen.table(&[Align::Left, Align::Right], &std::iter::once(head).chain(rows).collect::<Vec<_>>())
        }
        EventsFormat::Json => counts.iter().try_for_each(|(start, events)| {
            screen.line(&serde_json::json!({ "start": start, "events": events }).to_string())
        }),
        EventsFormat::Csv => {
            screen.line("start,events")?;
            counts.iter().try_for_each(|(start, events)| screen.line(&format!("{start},{events}")))
        }
    }
}

async fn list(
    app: &App,
    choice: &Choice,
    (question, format): (&Question, EventsFormat),
    screen: &mut Screen,
) -> Result<(), CliError> {
    let all = match format {
        EventsFormat::Table => 100,
        EventsFormat::Json | EventsFormat::Csv => usize::MAX,
    };
    let mut left = question.limit.unwrap_or(all);
    let (mut after, mut table, mut sheet) = (None, Vec::new(), Csv::new(question.columns.clone()));
    let more = loop {
        let found = page(&app.db, choice, (after.as_ref(), left.min(PAGE_MAX))).await?;
        left = left.saturating_sub(found.events.len());
        let rows: Vec<EventRow> = found.events.into_iter().map(EventRow::from).collect();
        match format {
            EventsFormat::Table => table.extend(
                rows.iter().map(|row| std::iter::once(row.time_text()).chain(row.summary()).collect::<Vec<_>>()),
            ),
            EventsFormat::Json => screen.bytes(&lines(&rows)?)?,
            EventsFormat::Csv => screen.bytes(&sheet.rows(&rows)?)?,
        }
        after = found.next;
        if after.is_none() || left == 0 {
            break after.is_some();
        }
    };
    if format == EventsFormat::Table {
        let head = ["TIME", "SOURCE", "ID", "TYPE", "CHANGED", "DATA"].map(str::to_owned).to_vec();
        screen.table(&[Align::Left; 6], &std::iter::once(head).chain(table).collect::<Vec<_>>())?;
    }
    if more {
        screen.note("there are more; name a --limit, or print all with --format csv");
    }
    Ok(())
}
