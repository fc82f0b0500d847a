//! Counts events, for all meters of a book at once: a period's events in any order become one quantity a meter.
//!
//! An event outside the period counts only for meters that never reset, and only if it came before.

use std::sync::Arc;

use super::carried::Carried;
use super::counter::{Around, Counter};
use super::meter::{Meter, MeterError, Reset, Usage};
use super::meters::{Keeps, Lies, Meters};
use super::saved_counts::SavedCounts;
use super::span::Span;
use super::usage_event::UsageEvent;
use crate::catalog::Book;
use crate::exact::Overflow;
use crate::quantity::Quantity;

/// Counts events one by one.
#[derive(Debug, Clone)]
pub struct Metering {
    meters: Arc<Meters>,
    span: Span,
    /// One for each meter, in their order.
    counters: Vec<Counter>,
    /// Where keys of groups are written.
    key: Vec<String>,
}

impl Metering {
    /// Begins at nothing. Whoever counts many periods or customers makes the [`Meters`] once and begins with
    /// [`Metering::of`].
    pub fn new(book: &Book, span: Span) -> Self {
        Self::of(Meters::of(book), span)
    }

    /// Begins at nothing.
    pub fn of(meters: Arc<Meters>, span: Span) -> Self {
        let counters = meters.meters.iter().map(Counter::new).collect();
        Self { meters, span, counters, key: Vec::new() }
    }

    /// Begins with what earlier periods left. It stands for every event before the period; those are passed over then.
    pub fn carrying(mut self, carried: Carried) -> Result<Self, MeterError> {
        for left in carried.0 {
            let mut counters = self.meters.meters.iter().zip(&mut self.counters);
            let counter = counters.find(|(meter, _)| meter.id == left.meter);
            let Some((meter, counter)) = counter.filter(|(meter, _)| meter.reset == Reset::Never) else {
                return Err(MeterError::NotCarried { meter: left.meter });
            };
            counter.carry(meter, left, &self.span)?;
        }
        Ok(self)
    }

    /// Goes on where the saved counts stopped. Refused where those were counted by other rules or in another span.
    pub fn resume(meters: Arc<Meters>, span: Span, saved: SavedCounts) -> Result<Self, MeterError> {
        if saved.meters != meters.fingerprint() {
            return Err(MeterError::SavedByOtherMeters);
        }
        if saved.span != span {
            return Err(MeterError::SavedInOtherSpan { saved: saved.span.period, asked: span.period });
        }
        let mut metering = Self::of(meters, span);
        for saved in saved.counters {
            let mut counters = metering.meters.meters.iter().zip(&mut metering.counters);
            let found = counters.find(|(meter, _)| meter.id == saved.meter);
            let (meter, counter) = found.ok_or(MeterError::SavedByOtherMeters)?;
            *counter = Counter::resumed(meter, saved).ok_or(MeterError::SavedByOtherMeters)?;
        }
        Ok(metering)
    }

    /// All that was counted so far, to be kept; [`Metering::resume`] goes on with it.
    pub fn save(&self) -> SavedCounts {
        SavedCounts {
            meters: self.meters.fingerprint().to_owned(),
            span: self.span,
            counters: self.each().filter_map(|(meter, counter)| counter.saved(meter)).collect(),
        }
    }

    /// The stretch of time that is counted.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Whether events from before the period are needed: where a meter never resets and nothing was carried into it.
    pub fn wants_history(&self) -> bool {
        self.each().any(|(meter, counter)| counter.wants_history(meter))
    }

    /// Counts one event in every meter that selects it; returns how many did. One that a meter cannot read is counted by
    /// none of them.
    pub fn add<E: UsageEvent>(&mut self, event: &E) -> Result<u32, MeterError> {
        let Self { meters, span, counters, key } = self;
        let Some(kind) = meters.of_kind(event.kind()) else { return Ok(0) };
        let around = Around { calendars: &meters.calendars, span, key };
        meters.count(kind, event, Lies::of(event.time(), &span.period), &mut Counters { counters, around })
    }

    /// Counts an event in the meter at this place, which selects it; `false` where the meter ignores it.
    pub(super) fn add_to<E: UsageEvent>(&mut self, place: usize, event: &E) -> Result<bool, MeterError> {
        let Self { meters, span, counters, key } = self;
        let Some(meter) = meters.meters.get(place) else { return Ok(false) };
        let around = Around { calendars: &meters.calendars, span, key };
        Counters { counters, around }.keep(place, meter, event)
    }

    /// Takes in events of the meter at this place that were added up elsewhere; the meter counts or sums without groups.
    pub(super) fn add_sum(&mut self, place: usize, events: u64, sum: Quantity) -> Result<(), MeterError> {
        let Some((meter, counter)) = self.meters.meters.get(place).zip(self.counters.get_mut(place)) else {
            return Err(MeterError::Mixed);
        };
        counter.add_sum(meter, (events, sum), &self.span)
    }

    /// Takes in what another count of other events of the same book and span has counted. Only one of the two may have
    /// begun with what earlier periods left.
    pub fn merge(&mut self, other: &Self) -> Result<(), MeterError> {
        if self.span != other.span || !self.meters.count_like(&other.meters) {
            return Err(MeterError::Mixed);
        }
        for ((meter, own), other) in self.meters.meters.iter().zip(&mut self.counters).zip(&other.counters) {
            own.merge(meter, other)?;
        }
        Ok(())
    }

    /// What was counted, meter by meter in the book's order. Fails where a quantity has more than 28 digits.
    pub fn usage(&self) -> Result<Usage, MeterError> {
        let usage = |(meter, counter): (&Meter, &Counter)| {
            counter.usage(meter, &self.span).map_err(|Overflow| MeterError::Overflow { meter: meter.id.clone() })
        };
        self.each().map(usage).collect::<Result<_, _>>().map(Usage)
    }

    /// What the next period begins with.
    pub fn carried(&self) -> Result<Carried, MeterError> {
        let never = self.each().filter(|(meter, _)| meter.reset == Reset::Never);
        let left = |(meter, counter): (&Meter, &Counter)| {
            counter.left(meter).map_err(|Overflow| MeterError::Overflow { meter: meter.id.clone() })
        };
        never.map(left).collect::<Result<_, _>>().map(Carried)
    }

    fn each(&self) -> impl Iterator<Item = (&Meter, &Counter)> {
        self.meters.meters.iter().zip(&self.counters)
    }
}

/// The counters of all meters, ready for one event.
struct Counters<'a> {
    counters: &'a mut [Counter],
    around: Around<'a>,
}

impl Keeps for Counters<'_> {
    #[inline]
    fn wants_history(&self, place: usize, meter: &Meter) -> bool {
        self.counters.get(place).is_some_and(|counter| counter.wants_history(meter))
    }

    #[inline]
    fn keep<E: UsageEvent>(&mut self, place: usize, meter: &Meter, event: &E) -> Result<bool, MeterError> {
        let Some(counter) = self.counters.get_mut(place) else { return Ok(false) };
        counter.add(meter, event, &mut self.around)
    }
}

/// Counts all of `events` that belong to the span. The caller has chosen the customer.
pub fn count_usage<'e, E: UsageEvent + 'e>(
    book: &Book,
    span: Span,
    events: impl IntoIterator<Item = &'e E>,
) -> Result<Usage, MeterError> {
    let mut metering = Metering::new(book, span);
    for event in events {
        metering.add(event)?;
    }
    metering.usage()
}
