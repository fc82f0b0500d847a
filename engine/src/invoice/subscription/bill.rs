//! The bill of a subscription at an instant, put together from all that is due then.
//!
//! Never decides what something costs: shares come from the plan's proration, prices from `rating`.

use super::fixed::{Staged, changed, in_advance, once};
use super::run::{Run, Stage, runs};
use super::shares::share_of;
use super::{BookVersion, SubscriptionBill, SubscriptionError};
use crate::catalog::{Book, Plan};
use crate::period::{CalendarDuration, Instant, Period, Zone};
use crate::rating::{Entitlements, Lines, RateError, Rated, Segment, Step, bill, segment_lines};
use crate::usage::{Span, Usage, Whole};

/// No more instants than these are billed at once.
const INSTANTS_MAX: usize = 100_000;

/// What is collected for one bill.
struct Collected<'b> {
    lines: Staged<'b>,
    counted: Vec<(&'b Plan, Usage)>,
    units: Entitlements,
}

/// Bills a subscription: what is due at `at`, and since `after` where that is given.
///
/// Refuses an instant at which nothing is due, saying when something is.
pub fn bill_subscription(input: &SubscriptionBill<'_>) -> Result<Rated, SubscriptionError> {
    let prices = &input.account.overrides;
    if prices.is_empty() {
        return bill_versions(input);
    }
    let plans: Vec<&str> = input.subscription.phases.iter().map(|phase| phase.plan.as_str()).collect();
    let own = |version: &BookVersion<'_>| version.book.with_own_prices(&plans, prices).map_err(RateError::from);
    let books: Vec<Book> = input.versions.iter().map(own).collect::<Result<_, RateError>>()?;
    let versions = input.versions.iter().zip(&books);
    let versions: Vec<BookVersion<'_>> =
        versions.map(|(version, book)| BookVersion { book, effective: version.effective }).collect();
    let mut bill = bill_versions(&SubscriptionBill { versions: &versions, ..*input })?;
    for line in &mut bill.lines {
        let plan = line.plan.as_ref().unwrap_or(&bill.plan);
        if prices.iter().any(|own| own.is_for(plan, &line.charge)) {
            line.steps.insert(0, Step::OwnPrice);
        }
    }
    Ok(bill)
}

/// Bills by the versions of the book as the customer has them.
fn bill_versions(input: &SubscriptionBill<'_>) -> Result<Rated, SubscriptionError> {
    let runs = runs(input)?;
    let dates = match input.after {
        None => due_dates(&runs, (None, input.at))?.into_iter().filter(|date| *date == input.at).collect(),
        Some(after) => due_dates(&runs, (Some(after), input.at))?,
    };
    if dates.is_empty() && input.after.is_none() {
        return Err(SubscriptionError::NothingDue { at: input.at, next: next_after(&runs, input.at)? });
    }
    let mut found = Collected { lines: Vec::new(), counted: Vec::new(), units: Entitlements::of(input.account) };
    for at in dates {
        for run in &runs {
            closings(input, run, at, &mut found)?;
            ended(run, at, &mut found)?;
        }
        for (index, run) in runs.iter().enumerate() {
            openings(run, at, runs.get(..index).unwrap_or_default(), &mut found)?;
        }
    }
    let current = runs.iter().rfind(|run| run.start <= input.at).or_else(|| runs.first());
    let Some(stage) = current.and_then(|run| run.stage_at(input.at)).copied() else {
        return Err(SubscriptionError::NoPhase);
    };
    let Collected { lines, counted, units } = found;
    let lines = lines.into_iter().map(|(line, charge, by)| (named(line, &by, &stage), charge));
    let lines: Lines<'_> = lines.collect();
    Ok(bill(stage.book, stage.plan, lines, (input.account, units, &counted))?)
}

/// A line says by which plan and version it was priced, where those are not the bill's.
fn named(mut line: crate::rating::Line, by: &Stage<'_>, bill: &Stage<'_>) -> crate::rating::Line {
    if by.plan.id != bill.plan.id {
        line.plan = Some(by.plan.id.clone());
    }
    if by.book.version != bill.book.version {
        line.version = Some(by.book.version.clone());
    }
    line
}

fn zone_of(stage: &Stage<'_>) -> Zone {
    stage.book.zone
}

/// Usage and arrears of the periods that are over at `at`, in every rhythm of the run.
fn closings<'b>(
    input: &SubscriptionBill<'b>,
    run: &Run<'b>,
    at: Instant,
    found: &mut Collected<'b>,
) -> Result<(), SubscriptionError> {
    for every in run.rhythms() {
        let Some(over) = run.over_at(at, every)? else { continue };
        for (period, stage) in run.parts(&over.period)? {
            let zone = zone_of(&stage);
            let share = share_of(run, stage.plan, period, (&over, zone))?;
            let span = Span::new(zone, period).part_of(Whole::Period(over.whole));
            let usage = (input.count)(stage.book, span)?;
            let segment = Segment { book: stage.book, plan: stage.plan, period, share };
            let lines = segment_lines(&segment, (&usage, &mut found.units), every)?;
            found.lines.extend(lines.into_iter().map(|(line, charge)| (line, charge, stage)));
            found.counted.push((stage.plan, usage));
        }
    }
    Ok(())
}

/// What the end of a run in the middle of its period gives back.
fn ended<'b>(run: &Run<'b>, at: Instant, found: &mut Collected<'b>) -> Result<(), SubscriptionError> {
    if run.until != Some(at) || at <= run.start {
        return Ok(());
    }
    let Some(old) = run.stage_before(at).copied() else { return Ok(()) };
    let running = run.schedule(None)?.containing(at)?;
    if running.period.start == at {
        return Ok(());
    }
    let rest = Period { start: at, end: running.period.end };
    found.lines.extend(changed(run, (old, None), rest, (&running, zone_of(&old)))?);
    Ok(())
}

/// Fees in advance and once, and changes in the middle of a period.
fn openings<'b>(
    run: &Run<'b>,
    at: Instant,
    before: &[Run<'b>],
    found: &mut Collected<'b>,
) -> Result<(), SubscriptionError> {
    let Some(stage) = run.stage_at(at).copied().filter(|_| run.contains(at)) else { return Ok(()) };
    let zone = zone_of(&stage);
    let running = run.schedule(None)?.containing(at)?;
    let starts = stage.from == at;
    if starts {
        let mut earlier: Vec<&Plan> = before.iter().flat_map(|run| &run.stages).map(|stage| stage.plan).collect();
        earlier.extend(run.stages.iter().filter(|other| other.from < at).map(|other| other.plan));
        let service = Period { start: at, end: running.period.end };
        found.lines.extend(once(run, at, (service, &earlier))?);
    }
    if let Some(begun) = run.begins_at(at)? {
        found.lines.extend(in_advance(run, at, (&begun, zone))?);
    } else if starts && let Some(old) = run.stage_before(at).copied() {
        let rest = Period { start: at, end: running.period.end };
        found.lines.extend(changed(run, (old, Some(stage)), rest, (&running, zone))?);
    }
    Ok(())
}

/// Every instant at which something is billed: after the first one given, if it is, up to and including the second.
fn due_dates(runs: &[Run<'_>], (after, at): (Option<Instant>, Instant)) -> Result<Vec<Instant>, SubscriptionError> {
    let mut dates = Vec::new();
    for run in runs {
        dates.push(run.start);
        dates.extend(run.until);
        dates.extend(run.stages.iter().map(|stage| stage.from));
        for every in run.rhythms() {
            boundaries(run, every, (after.unwrap_or(at).max(run.from), at), &mut dates)?;
        }
    }
    dates.retain(|date| *date <= at && after.is_none_or(|after| *date > after));
    dates.sort();
    dates.dedup();
    Ok(dates)
}

/// The boundaries of a rhythm from an instant to another, both included.
fn boundaries(
    run: &Run<'_>,
    every: Option<CalendarDuration>,
    (from, to): (Instant, Instant),
    dates: &mut Vec<Instant>,
) -> Result<(), SubscriptionError> {
    let last = run.until.map_or(to, |until| until.min(to));
    if from > last {
        return Ok(());
    }
    let schedule = run.schedule(every)?;
    let mut next = schedule.containing(from)?.period;
    if next.start == from && from > run.from {
        dates.push(from);
    }
    while next.end <= last {
        if dates.len() >= INSTANTS_MAX {
            return Err(SubscriptionError::TooMany);
        }
        dates.push(next.end);
        next = schedule.containing(next.end)?.period;
    }
    Ok(())
}

/// The next instant at which something is billed.
fn next_after(runs: &[Run<'_>], at: Instant) -> Result<Option<Instant>, SubscriptionError> {
    let mut dates: Vec<Instant> = Vec::new();
    for run in runs {
        dates.push(run.start);
        dates.extend(run.until);
        dates.extend(run.stages.iter().map(|stage| stage.from));
        if run.until.is_none_or(|until| at < until) {
            for every in run.rhythms() {
                let end = run.schedule(every)?.containing(at.max(run.from))?.period.end;
                dates.extend(Some(end).filter(|end| run.until.is_none_or(|until| *end <= until)));
            }
        }
    }
    Ok(dates.into_iter().filter(|date| *date > at).min())
}
