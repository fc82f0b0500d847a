//! The phases of a subscription that follow one cycle: its boundaries, and which plan is in force when.
//!
//! A phase with another cycle begins a new run with an anchor and a first period of its own.

use super::{BookVersion, Phase, Subscription, SubscriptionBill, SubscriptionError};
use crate::catalog::{Book, Plan};
use crate::invoice::price_versions::{EffectiveFrom, VersionError, in_force, moves};
use crate::period::{CalendarDuration, Cycle, CyclePeriod, FirstPeriod, Instant, Period, Schedule, Subscribed};
use crate::rating::find_plan;

/// From when a plan of a version of the book is in force.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stage<'b> {
    pub(super) from: Instant,
    pub(super) book: &'b Book,
    pub(super) plan: &'b Plan,
}

/// Phases of one cycle.
#[derive(Debug, Clone)]
pub(super) struct Run<'b> {
    /// When its first phase begins.
    pub(super) start: Instant,
    /// From when its time counts: of the whole first day where the subscription itself begins at midnight.
    pub(super) from: Instant,
    /// When another cycle begins, or the subscription ends.
    pub(super) until: Option<Instant>,
    /// Whether that is the end of the subscription.
    pub(super) last: bool,
    cycle: Cycle,
    subscribed: Subscribed,
    /// What is in force from when on, in order; never empty.
    pub(super) stages: Vec<Stage<'b>>,
}

/// The runs of a subscription, in order.
pub(super) fn runs<'b>(input: &SubscriptionBill<'b>) -> Result<Vec<Run<'b>>, SubscriptionError> {
    let subscription = input.subscription;
    check(input.versions, subscription)?;
    let begun =
        |phase: &&Phase| subscription.end.is_none_or(|end| phase.from < end || phase.from == subscription.start);
    let mut grouped: Vec<(Cycle, Vec<&Phase>)> = Vec::new();
    for phase in subscription.phases.iter().filter(begun) {
        let cycle = find_plan(book_at(input.versions, phase.from)?, phase.plan.as_str())?.cycle;
        match grouped.last_mut() {
            Some((last, phases)) if *last == cycle => phases.push(phase),
            Some(_) | None => grouped.push((cycle, vec![phase])),
        }
    }
    let starts: Vec<Instant> = grouped.iter().filter_map(|(_, phases)| Some(phases.first()?.from)).collect();
    let mut runs = Vec::new();
    for (index, (cycle, phases)) in grouped.into_iter().enumerate() {
        let next = starts.get(index.saturating_add(1)).copied();
        runs.push(Run::new(input, cycle, &phases, next)?);
    }
    Ok(runs)
}

fn check(versions: &[BookVersion<'_>], subscription: &Subscription) -> Result<(), SubscriptionError> {
    let Some(first) = subscription.phases.first() else { return Err(SubscriptionError::NoPhase) };
    let start = subscription.start;
    if first.from != start {
        return Err(SubscriptionError::FirstPhase { from: first.from, start });
    }
    let phases = &subscription.phases;
    let late = phases.iter().zip(phases.iter().skip(1)).position(|(before, after)| after.from <= before.from);
    if let Some(before) = late {
        return Err(SubscriptionError::NotInOrder { index: before.saturating_add(1) });
    }
    let same = |a: &Book, b: &Book| a.currency == b.currency && a.zone == b.zone;
    if versions.iter().zip(versions.iter().skip(1)).any(|(a, b)| !same(a.book, b.book)) {
        return Err(SubscriptionError::VersionsDiffer);
    }
    Ok(())
}

/// The newest version of the book at an instant, for who subscribes then.
fn book_at<'b>(versions: &[BookVersion<'b>], at: Instant) -> Result<&'b Book, VersionError> {
    let newest = versions.iter().rfind(|version| version.effective.from <= at);
    newest.map(|version| version.book).ok_or(VersionError::NoneYet { start: at })
}

impl<'b> Run<'b> {
    fn new(
        input: &SubscriptionBill<'b>,
        cycle: Cycle,
        phases: &[&Phase],
        next: Option<Instant>,
    ) -> Result<Self, SubscriptionError> {
        let subscription = input.subscription;
        let start = phases.first().map_or(subscription.start, |phase| phase.from);
        let subscribed = Subscribed { start, end: None, zone: book_at(input.versions, start)?.zone };
        let schedule = cycle.schedule(Subscribed { end: subscription.end, ..subscribed })?;
        let until = next.or(subscription.end);
        // The day on which a subscription starts counts from its beginning; that of a change is shared.
        let from = if start == subscription.start { schedule.start() } else { start };
        let stages = stages(input.versions, &schedule, phases, until)?;
        if let Some(stage) = stages.iter().find(|stage| stage.plan.cycle != cycle) {
            return Err(SubscriptionError::CycleChanges { plan: stage.plan.id.clone() });
        }
        Ok(Self { start, from, until, last: next.is_none(), cycle, subscribed, stages })
    }

    /// Its periods in the plan's own rhythm (`None`), or in that of a charge, as if it never ended.
    pub(super) fn schedule(&self, every: Option<CalendarDuration>) -> Result<Schedule, SubscriptionError> {
        let cycle = every.map_or(self.cycle, |every| Cycle { every, first: FirstPeriod::NextBoundary, ..self.cycle });
        Ok(cycle.schedule(self.subscribed)?)
    }

    /// The plan's own rhythm, and those of its charges.
    pub(super) fn rhythms(&self) -> Vec<Option<CalendarDuration>> {
        let mut found = vec![None];
        for every in self.stages.iter().flat_map(|stage| &stage.plan.charges).map(|charge| charge.terms.every) {
            if !found.contains(&every) {
                found.push(every);
            }
        }
        found
    }

    /// Whether the run is in force at an instant.
    pub(super) fn contains(&self, at: Instant) -> bool {
        self.start <= at && self.until.is_none_or(|until| at < until)
    }

    /// What is in force at an instant; the first stage before it begins.
    pub(super) fn stage_at(&self, at: Instant) -> Option<&Stage<'b>> {
        self.stages.iter().rfind(|stage| stage.from <= at).or_else(|| self.stages.first())
    }

    /// What was in force until just before an instant.
    pub(super) fn stage_before(&self, at: Instant) -> Option<&Stage<'b>> {
        self.stages.iter().rfind(|stage| stage.from < at).or_else(|| self.stages.first())
    }

    /// The period that is over at an instant, whole or cut by the end of the run.
    pub(super) fn over_at(
        &self,
        at: Instant,
        every: Option<CalendarDuration>,
    ) -> Result<Option<CyclePeriod>, SubscriptionError> {
        if at <= self.from || self.until.is_some_and(|until| at > until) {
            return Ok(None);
        }
        let schedule = self.schedule(every)?;
        let Some(before) = at.checked_sub_signed(chrono::TimeDelta::nanoseconds(1)) else { return Ok(None) };
        let mut found = schedule.containing(before)?;
        if found.period.end != at && self.until != Some(at) {
            return Ok(None);
        }
        found.period = Period { start: found.period.start.max(self.from), end: found.period.end.min(at) };
        Ok((found.period.start < found.period.end).then_some(found))
    }

    /// The period in the plan's own rhythm that begins at an instant: the first at the start of the run.
    pub(super) fn begins_at(&self, at: Instant) -> Result<Option<CyclePeriod>, SubscriptionError> {
        if !self.contains(at) {
            return Ok(None);
        }
        let mut found = self.schedule(None)?.containing(at)?;
        if at == self.start {
            found.period.start = self.from;
            return Ok(Some(found));
        }
        Ok((found.period.start == at).then_some(found))
    }

    /// The parts of a period with what is in force in each; they touch and are the period.
    pub(super) fn parts(&self, period: &Period) -> Result<Vec<(Period, Stage<'b>)>, SubscriptionError> {
        let changes: Vec<Instant> = self.stages.iter().skip(1).map(|stage| stage.from).collect();
        let parts = period.split_at(&changes)?.into_iter();
        Ok(parts.filter_map(|part| self.stage_at(part.start).map(|stage| (part, *stage))).collect())
    }
}

/// Every plan and version of the run, with the instant from which it is in force.
fn stages<'b>(
    versions: &[BookVersion<'b>],
    schedule: &Schedule,
    phases: &[&Phase],
    until: Option<Instant>,
) -> Result<Vec<Stage<'b>>, SubscriptionError> {
    let effective: Vec<EffectiveFrom> = versions.iter().map(|version| version.effective).collect();
    let moves = moves(&effective, schedule)?;
    let start = phases.first().map(|phase| phase.from);
    let inside = |at: &Instant| start.is_none_or(|start| *at > start) && until.is_none_or(|until| *at < until);
    let mut instants: Vec<Instant> = phases.iter().map(|phase| phase.from).collect();
    instants.extend(moves.iter().flatten().copied().filter(inside));
    instants.sort();
    instants.dedup();
    let mut stages: Vec<Stage<'b>> = Vec::new();
    for from in instants {
        let version = in_force(&moves, from).and_then(|index| versions.get(index));
        let book = version.ok_or(VersionError::NoneYet { start: from })?.book;
        let Some(phase) = phases.iter().rfind(|phase| phase.from <= from) else { continue };
        stages.push(Stage { from, book, plan: find_plan(book, phase.plan.as_str())? });
    }
    Ok(stages)
}
