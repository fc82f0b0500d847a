//! Counts events, for all meters of a book at once: a period's events in any order become one quantity a meter.
//!
//! An event outside the period counts only for meters that never reset, and only if it came before.

use std::collections::BTreeMap;

use super::aggregate::{AggregateError, AggregateState, Reading, Stamp};
use super::calendar::Calendar;
use super::carried::{Carried, CarriedMeter, CarriedPart};
use super::dimension::{By, Dimension, band};
use super::event::Event;
use super::meter::{Group, Meter, MeterError, MeterUsage, Read, Reset, Usage};
use super::quantity_rounding::{QuantityRounding, RoundedQuantity};
use super::samples::{Kept, samples};
use super::span::Span;
use crate::catalog::Book;
use crate::exact::{Exact, Overflow};
use crate::quantity::Quantity;

/// Counts events one by one.
#[derive(Debug, Clone)]
pub struct Metering<'m> {
    span: Span,
    calendars: &'m [Calendar],
    counters: Vec<Counter<'m>>,
}

#[derive(Debug, Clone)]
struct Counter<'m> {
    meter: &'m Meter,
    carried: Option<CarriedMeter>,
    total: Tally,
    groups: BTreeMap<Vec<String>, Tally>,
    /// By time, source and id: the order of arrival changes nothing.
    samples: BTreeMap<Stamp, Kept>,
}

#[derive(Debug, Clone)]
struct Tally {
    events: u64,
    state: AggregateState,
}

impl<'m> Metering<'m> {
    /// Begins at nothing.
    pub fn new(book: &'m Book, span: Span) -> Self {
        let counters = book.meters.iter().map(|meter| Counter {
            meter,
            carried: None,
            total: Tally::new(meter),
            groups: BTreeMap::new(),
            samples: BTreeMap::new(),
        });
        Self { span, calendars: &book.calendars, counters: counters.collect() }
    }

    /// Begins with what earlier periods left. It stands for every event before the period; those are passed over then.
    pub fn carrying(mut self, carried: Carried) -> Result<Self, MeterError> {
        for left in carried.0 {
            let counter = self.counters.iter_mut().find(|counter| counter.meter.id == left.meter);
            let Some(counter) = counter.filter(|counter| counter.meter.reset == Reset::Never) else {
                return Err(MeterError::NotCarried { meter: left.meter });
            };
            counter.carry(left, &self.span)?;
        }
        Ok(self)
    }

    /// Whether events from before the period are needed: where a meter never resets and nothing was carried into it.
    pub fn wants_history(&self) -> bool {
        self.counters.iter().any(|counter| counter.meter.reset == Reset::Never && counter.carried.is_none())
    }

    /// Counts one event in every meter that selects it; returns how many did.
    pub fn add(&mut self, event: &Event) -> Result<u32, MeterError> {
        let mut counted = 0_u32;
        for counter in &mut self.counters {
            if counter.is_in(event, &self.span)
                && counter.meter.selects(event)
                && counter.add(event, self.calendars, &self.span)?
            {
                counted = counted.saturating_add(1);
            }
        }
        Ok(counted)
    }

    /// Takes in what another count of other events of the same book and span has counted. Only one of the two may have
    /// begun with what earlier periods left.
    pub fn merge(&mut self, other: &Self) -> Result<(), MeterError> {
        if self.span != other.span || self.counters.len() != other.counters.len() {
            return Err(MeterError::Mixed);
        }
        for (own, other) in self.counters.iter_mut().zip(&other.counters) {
            own.merge(other)?;
        }
        Ok(())
    }

    /// What was counted, meter by meter in the book's order. Fails where a quantity has more than 28 digits.
    pub fn usage(&self) -> Result<Usage, MeterError> {
        let usage = |counter: &Counter<'_>| {
            counter.usage(&self.span).map_err(|Overflow| MeterError::Overflow { meter: counter.meter.id.clone() })
        };
        self.counters.iter().map(usage).collect::<Result<_, _>>().map(Usage)
    }

    /// What the next period begins with.
    pub fn carried(&self) -> Result<Carried, MeterError> {
        let never = self.counters.iter().filter(|counter| counter.meter.reset == Reset::Never);
        let left = |counter: &Counter<'_>| {
            counter.left().map_err(|Overflow| MeterError::Overflow { meter: counter.meter.id.clone() })
        };
        never.map(left).collect::<Result<_, _>>().map(Carried)
    }
}

impl Tally {
    fn new(meter: &Meter) -> Self {
        Self { events: 0, state: AggregateState::new(&meter.aggregate) }
    }

    fn add(&mut self, reading: &Reading<'_>, span: &Span) -> Result<(), AggregateError> {
        let events = self.events.checked_add(1).ok_or(Overflow)?;
        self.state.add(reading, span)?;
        self.events = events;
        Ok(())
    }

    fn carry(&mut self, part: &CarriedPart, span: &Span) -> Result<(), Overflow> {
        self.events = self.events.checked_add(part.events).ok_or(Overflow)?;
        self.state.carry(part, span)
    }

    fn merge(&mut self, other: &Self) -> Result<(), AggregateError> {
        self.events = self.events.checked_add(other.events).ok_or(Overflow)?;
        self.state.merge(&other.state)
    }

    fn left(&self, key: &[String]) -> Result<CarriedPart, Overflow> {
        let (quantity, items) = self.state.carried()?;
        Ok(CarriedPart { key: key.to_vec(), events: self.events, quantity, items })
    }
}

impl Counter<'_> {
    fn is_in(&self, event: &Event, span: &Span) -> bool {
        let before = self.meter.reset == Reset::Never && self.carried.is_none() && event.time < span.period.start;
        before || span.period.contains(event.time)
    }

    fn add(&mut self, event: &Event, calendars: &[Calendar], span: &Span) -> Result<bool, MeterError> {
        let meter = self.meter;
        let Some(Read { value, item }) = meter.read(event)? else { return Ok(false) };
        let failed = |error| failure(meter, event, error);
        let key = match meter.group_by.as_slice() {
            [] => Vec::new(),
            dimensions => key(dimensions, event, calendars, span).map_err(failed)?,
        };
        if meter.samples {
            let kept = Kept { key: key.clone(), value, item: item.clone() };
            self.samples.insert(Stamp::of(event), kept);
        }
        let reading = Reading { event, value, item };
        self.total.add(&reading, span).map_err(failed)?;
        if !meter.group_by.is_empty() {
            let group = self.groups.entry(key).or_insert_with(|| Tally::new(meter));
            group.add(&reading, span).map_err(failed)?;
        }
        Ok(true)
    }

    fn carry(&mut self, left: CarriedMeter, span: &Span) -> Result<(), MeterError> {
        let meter = self.meter;
        let overflow = |Overflow| MeterError::Overflow { meter: meter.id.clone() };
        self.total.carry(&left.total, span).map_err(overflow)?;
        for part in &left.groups {
            let group = self.groups.entry(part.key.clone()).or_insert_with(|| Tally::new(meter));
            group.carry(part, span).map_err(overflow)?;
        }
        self.carried = Some(left);
        Ok(())
    }

    fn merge(&mut self, other: &Self) -> Result<(), MeterError> {
        let meter = self.meter;
        if *meter != *other.meter {
            return Err(MeterError::Mixed);
        }
        let failed = |error| match error {
            AggregateError::Mixed | AggregateError::OutOfCalendar => MeterError::Mixed,
            AggregateError::Overflow => MeterError::Overflow { meter: meter.id.clone() },
        };
        self.total.merge(&other.total).map_err(failed)?;
        for (key, group) in &other.groups {
            let own = self.groups.entry(key.clone()).or_insert_with(|| Tally::new(meter));
            own.merge(group).map_err(failed)?;
        }
        self.samples.extend(other.samples.iter().map(|(stamp, kept)| (stamp.clone(), kept.clone())));
        self.carried = self.carried.take().or_else(|| other.carried.clone());
        Ok(())
    }

    fn usage(&self, span: &Span) -> Result<MeterUsage, Overflow> {
        let meter = self.meter;
        let group = |(key, tally): (&Vec<String>, &Tally)| {
            let (quantity, _) = finished(meter, tally.state.exact(span)?)?;
            Ok(Group { key: key.clone(), events: tally.events, quantity })
        };
        let (quantity, rounded) = finished(meter, self.total.state.exact(span)?)?;
        let full = self.total.state.full(span)?.map(|full| finished(meter, full.exact())).transpose()?;
        let samples = if meter.samples {
            samples(&meter.aggregate, self.carried.as_ref(), &self.samples, span)?
        } else {
            Vec::new()
        };
        Ok(MeterUsage {
            meter: meter.id.clone(),
            quantity,
            events: Some(self.total.events),
            groups: self.groups.iter().map(group).collect::<Result<_, Overflow>>()?,
            full: full.map(|(full, _)| full),
            rounded,
            samples,
        })
    }

    fn left(&self) -> Result<CarriedMeter, Overflow> {
        let groups = self.groups.iter().map(|(key, tally)| tally.left(key));
        Ok(CarriedMeter {
            meter: self.meter.id.clone(),
            total: self.total.left(&[])?,
            groups: groups.collect::<Result<_, _>>()?,
        })
    }
}

fn failure(meter: &Meter, event: &Event, error: AggregateError) -> MeterError {
    match error {
        AggregateError::Overflow => MeterError::Overflow { meter: meter.id.clone() },
        AggregateError::OutOfCalendar => {
            MeterError::OutOfCalendar { meter: meter.id.clone(), source: event.source.clone(), id: event.id.clone() }
        }
        AggregateError::Mixed => MeterError::Mixed,
    }
}

/// The values of the dimensions for an event. What they need of it was checked when the meter read it.
fn key(
    dimensions: &[Dimension],
    event: &Event,
    calendars: &[Calendar],
    span: &Span,
) -> Result<Vec<String>, AggregateError> {
    let part = |dimension: &Dimension| {
        Ok(match &dimension.by {
            By::Attribute { field } => event.attribute(field),
            By::Bands { field, bands } => {
                let number = event.quantity(field).unwrap_or(Quantity::ZERO);
                band(bands, number).to_owned()
            }
            By::Calendar(id) => {
                let calendar = calendars.iter().find(|calendar| calendar.id == *id);
                let slot = calendar.map(|calendar| calendar.slot(event.time)).transpose();
                slot.map_err(|_| AggregateError::OutOfCalendar)?.unwrap_or_default().to_owned()
            }
            By::Window(window) => {
                let start = window.start_of(event.time, span.zone).map_err(|_| AggregateError::OutOfCalendar)?;
                start.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
            }
        })
    };
    dimensions.iter().map(part).collect()
}

/// The quantity as it is priced, and what rounding did to it where the book rounds or digits had no end.
fn finished(meter: &Meter, exact: Exact) -> Result<(Quantity, Option<RoundedQuantity>), Overflow> {
    if let Some(rounding) = meter.round {
        return Ok((rounding.apply(exact)?, Some(RoundedQuantity { rounding, exact })));
    }
    if meter.aggregate.divides() {
        let rounding = QuantityRounding::SHARES;
        let quantity = rounding.apply(exact)?;
        let cut = quantity.exact() != exact;
        return Ok((quantity, cut.then_some(RoundedQuantity { rounding, exact })));
    }
    Ok((exact.to_decimal().map(Quantity::new).ok_or(Overflow)?, None))
}

/// Counts all of `events` that belong to the span. The caller has chosen the customer.
pub fn count_usage<'e>(
    book: &Book,
    span: Span,
    events: impl IntoIterator<Item = &'e Event>,
) -> Result<Usage, MeterError> {
    let mut metering = Metering::new(book, span);
    for event in events {
        metering.add(event)?;
    }
    metering.usage()
}
