//! `sources`, `leaks` and `audit`: whether usage comes in as it should, brings money, and is all there.

use clap::Args;
use engine::period::{Month, parse_date};
use engine::text::group_digits;

use super::CliError;
use super::screen::{Align, Screen};
use crate::app::App;
use crate::audit::flow::{Audit, AuditLine, audit as audit_day, close};
use crate::audit::routes::AuditAnswer;
use crate::db::from_us;
use crate::leaks::flow::find;
use crate::sources::flow::{Source, sources as all_sources};

pub(super) const SOURCES_EXAMPLES: &str = "\
Examples:
  ratecard sources
A source is silent when it was not heard for source_silent_minutes (60 by default). Missing batches are numbers of the
header Ratecard-Batch that did not arrive. Skew is how far our clock is ahead of the source's, from Ratecard-Sent-At.";

pub(super) async fn sources(app: &App, screen: &mut Screen) -> Result<(), CliError> {
    let titles = ["SOURCE", "STATE", "LAST HEARD", "ACCEPTED", "DUPLICATES", "CONFLICTS", "REFUSED", "SKEW", "MISSING"];
    let mut rows = vec![titles.map(str::to_owned).to_vec()];
    for source in all_sources(&app.db, (app.clock.now(), app.config.source_silent)).await? {
        rows.push(source_row(&source)?);
    }
    let mut aligns = [Align::Right; 9];
    aligns[..3].fill(Align::Left);
    screen.table(&aligns, &rows)
}

fn source_row(source: &Source) -> Result<Vec<String>, CliError> {
    let totals = source.totals.as_ref();
    let last = source.last_us.map(from_us).transpose()?;
    let count = |number: i64| group_digits(&number.to_string());
    let skew = source.report.as_ref().and_then(|report| report.skew_us);
    let missing = match source.gaps.as_slice() {
        [] => "0".to_owned(),
        gaps => {
            let range = |(first, last): &(i64, i64)| {
                if first == last { first.to_string() } else { format!("{first}–{last}") }
            };
            let shown: Vec<String> = gaps.iter().take(3).map(range).collect();
            let more = if gaps.len() > 3 { ", …" } else { "" };
            format!("{} ({}{more})", count(source.missing), shown.join(", "))
        }
    };
    Ok(vec![
        if source.source.is_empty() { "(unreadable)".to_owned() } else { source.source.clone() },
        if source.is_silent { "silent".to_owned() } else { "alive".to_owned() },
        last.map_or_else(|| "never".to_owned(), |last| last.format("%Y-%m-%d %H:%M:%S").to_string()),
        count(totals.map_or(0, |totals| totals.accepted)),
        count(totals.map_or(0, |totals| totals.duplicates)),
        count(totals.map_or(0, |totals| totals.conflicts)),
        count(source.refused.1),
        skew.map_or_else(|| "–".to_owned(), |(last, _, _)| format!("{} ms", last.checked_div(1000).unwrap_or(0))),
        missing,
    ])
}

pub(super) const LEAKS_EXAMPLES: &str = "\
Examples:
  ratecard leaks --month 2026-12
Accepted events that bring no money: no_plan (the customer is on no plan that month), no_meter (no meter of the book
counts them), not_priced (meters count them, no charge of the plan prices one).";

#[derive(Debug, Args)]
pub(super) struct LeaksArgs {
    /// The month, in the zone of each customer's book
    #[arg(long, value_name = "YYYY-MM")]
    month: String,
}

pub(super) async fn leaks(app: &App, args: &LeaksArgs, screen: &mut Screen) -> Result<(), CliError> {
    let month = Month::parse(&args.month)?;
    let books = app.shelf.books(&app.db).await?;
    let report = find(&app.db, &books, month).await?;
    let head = ["CUSTOMER", "TYPE", "REASON", "EVENTS", "FIRST", "LAST", "EXAMPLE"].map(str::to_owned).to_vec();
    let rows = report.leaks.iter().map(|leak| {
        let at = |time: engine::period::Instant| time.format("%Y-%m-%d %H:%M:%S").to_string();
        let (source, id) = &leak.example;
        vec![
            leak.customer.clone(),
            leak.kind.clone(),
            leak.reason.as_str().to_owned(),
            group_digits(&leak.events.to_string()),
            at(leak.first),
            at(leak.last),
            format!("{id} of {source}"),
        ]
    });
    let mut aligns = [Align::Left; 7];
    aligns[3] = Align::Right;
    screen.table(&aligns, &std::iter::once(head).chain(rows).collect::<Vec<_>>())?;
    let leaking = report.leaks.iter().fold(report.left_out, |sum, leak| sum.saturating_add(leak.events));
    screen.note(&format!("{leaking} of {} events of {month} bring no money", report.events));
    if report.left_out > 0 {
        screen.note(&format!("{} of them found no place in the list", report.left_out));
    }
    Ok(())
}

pub(super) const AUDIT_EXAMPLES: &str = "\
Examples:
  ratecard audit 2026-12-15
  ratecard audit 2026-12-15 --close
The day is that of receipt, in UTC. The exit code is 1 if something differs. A closed day keeps its figures, so that
later audits are held against them too.";

#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    /// The day (UTC) on which events were received
    #[arg(value_name = "YYYY-MM-DD")]
    day: String,
    /// Close the day, if it is over and all agrees
    #[arg(long)]
    close: bool,
    /// Who closes it
    #[arg(long, value_name = "NAME", default_value = "operator")]
    by: String,
    /// As GET /v1/audit answers
    #[arg(long)]
    json: bool,
}

/// Not a day.
#[derive(Debug, thiserror::Error)]
#[error("\"{0}\" is no day; write YYYY-MM-DD")]
pub(super) struct NoDay(String);

pub(super) async fn audit(app: &App, args: &AuditArgs, screen: &mut Screen) -> Result<(), CliError> {
    let day = parse_date(&args.day).ok_or_else(|| NoDay(args.day.clone()))?;
    let audit = if args.close {
        close(&app.db, day, (args.by.as_str(), app.clock.now())).await?
    } else {
        audit_day(&app.db, day).await?
    };
    let is_equal = audit.is_equal();
    if args.json {
        screen.line(&serde_json::to_string(&AuditAnswer::from(audit))?)?;
    } else {
        tell_audit(&audit, screen)?;
    }
    if is_equal { Ok(()) } else { Err(CliError::Told) }
}

fn tell_audit(audit: &Audit, screen: &mut Screen) -> Result<(), CliError> {
    let titles = ["SOURCE", "BOOKED", "STORED", "DUPLICATES", "CONFLICTS", "REFUSED", "IN QUARANTINE", ""];
    let rows = audit.lines.iter().map(audit_row);
    let mut aligns = [Align::Right; 8];
    aligns[0] = Align::Left;
    aligns[7] = Align::Left;
    screen.table(&aligns, &std::iter::once(titles.map(str::to_owned).to_vec()).chain(rows).collect::<Vec<_>>())?;
    if let Some(unreadable) = &audit.unreadable {
        screen.note(&format!("what is stored cannot be counted: {unreadable}"));
    }
    if let Some(closed) = &audit.closed {
        let intact = if audit.closed_intact { "" } else { "; its figures were changed since" };
        screen.note(&format!("closed {} by {}, {}{intact}", closed.at.to_rfc3339(), closed.by, closed.digest));
    }
    let verdict = if audit.is_equal() { "books and store are equal" } else { "books and store DIFFER" };
    screen.line(&format!("{}: {verdict}", audit.day))
}

fn audit_row(line: &AuditLine) -> Vec<String> {
    use crate::audit::flow::Difference;
    let count = |number: i64| group_digits(&number.to_string());
    let word = |difference: &Difference| match difference {
        Difference::Stored => "the stored events are not those of the books",
        Difference::Refused => "refused events are missing or too many in quarantine",
        Difference::Closed => "not as when the day was closed",
        Difference::Unread => "cannot be counted",
    };
    let differences: Vec<&str> = line.differences.iter().map(word).collect();
    vec![
        if line.books.source.is_empty() { "(unreadable)".to_owned() } else { line.books.source.clone() },
        count(line.books.accepted),
        line.stored.map_or_else(|| "?".to_owned(), count),
        count(line.books.duplicates),
        count(line.books.conflicts),
        count(line.books.refused),
        count(line.quarantined.saturating_add(line.removed)),
        differences.join("; "),
    ]
}
