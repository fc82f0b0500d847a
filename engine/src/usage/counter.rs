//! Counts the events of one meter: its total and its groups.
//!
//! Holds nothing of the meter itself; whoever counts brings the same meter every time.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::aggregate::{AggregateError, AggregateState, Reading, SavedState, Stamp};
use super::calendar::Calendar;
use super::carried::{CarriedMeter, CarriedPart};
use super::dimension::{By, Dimension, band};
use super::meter::{Group, Meter, MeterError, MeterUsage, Read, Reset};
use super::quantity_rounding::{QuantityRounding, RoundedQuantity};
use super::samples::{Kept, samples};
use super::span::Span;
use super::usage_event::UsageEvent;
use crate::exact::{Exact, Overflow};
use crate::ids::MeterId;
use crate::quantity::Quantity;

/// What one meter has counted.
#[derive(Debug, Clone)]
pub(super) struct Counter {
    carried: Option<Box<CarriedMeter>>,
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

/// What counting needs besides the meter and the event.
#[derive(Debug)]
pub(super) struct Around<'a> {
    pub(super) calendars: &'a [Calendar],
    pub(super) span: &'a Span,
    /// Where the key of a group is written; never shorter than it was.
    pub(super) key: &'a mut Vec<String>,
}

/// A counter in a form that can be kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedCounter {
    #[serde(rename = "m")]
    pub(super) meter: MeterId,
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    carried: Option<Box<CarriedMeter>>,
    #[serde(rename = "t")]
    total: SavedTally,
    #[serde(rename = "g", default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<(Vec<String>, SavedTally)>,
    #[serde(rename = "s", default, with = "super::pairs", skip_serializing_if = "BTreeMap::is_empty")]
    samples: BTreeMap<Stamp, Kept>,
}

/// Events and what they came to.
type SavedTally = (u64, SavedState);

impl Tally {
    fn new(meter: &Meter) -> Self {
        Self { events: 0, state: AggregateState::new(&meter.aggregate) }
    }

    fn add<E: UsageEvent>(&mut self, reading: &Reading<'_, E>, span: &Span) -> Result<(), AggregateError> {
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

    fn saved(&self) -> SavedTally {
        (self.events, self.state.saved())
    }

    fn resumed(meter: &Meter, (events, saved): SavedTally) -> Option<Self> {
        Some(Self { events, state: AggregateState::resumed(&meter.aggregate, saved)? })
    }
}

impl Counter {
    /// Begins at nothing.
    pub(super) fn new(meter: &Meter) -> Self {
        Self { carried: None, total: Tally::new(meter), groups: BTreeMap::new(), samples: BTreeMap::new() }
    }

    /// Whether events from before the period are needed.
    pub(super) fn wants_history(&self, meter: &Meter) -> bool {
        meter.reset == Reset::Never && self.carried.is_none()
    }

    /// Counts an event that the meter selects, if it belongs to what is counted; `false` where the meter ignores it.
    pub(super) fn add<E: UsageEvent>(
        &mut self,
        meter: &Meter,
        event: &E,
        around: &mut Around<'_>,
    ) -> Result<bool, MeterError> {
        let span = around.span;
        let Some(Read { value, item }) = meter.read(event)? else { return Ok(false) };
        let failed = |error| failure(meter, event, error);
        if !meter.group_by.is_empty() {
            around.find_key(&meter.group_by, event).map_err(failed)?;
        }
        let key = around.key.get(..meter.group_by.len()).unwrap_or_default();
        if meter.samples {
            let item = item.as_ref().map(|(item, adds)| (item.clone().into_owned(), *adds));
            self.samples.insert(Stamp::of(event), Kept { key: key.to_vec(), value, item });
        }
        let item = item.as_ref().map(|(item, adds)| (item.as_ref(), *adds));
        let reading = Reading { event, value, item };
        self.total.add(&reading, span).map_err(failed)?;
        if !meter.group_by.is_empty() {
            let group = match self.groups.get_mut(key) {
                Some(group) => group,
                None => self.groups.entry(key.to_vec()).or_insert_with(|| Tally::new(meter)),
            };
            group.add(&reading, span).map_err(failed)?;
        }
        Ok(true)
    }

    pub(super) fn carry(&mut self, meter: &Meter, left: CarriedMeter, span: &Span) -> Result<(), MeterError> {
        let overflow = |Overflow| MeterError::Overflow { meter: meter.id.clone() };
        self.total.carry(&left.total, span).map_err(overflow)?;
        for part in &left.groups {
            let group = self.groups.entry(part.key.clone()).or_insert_with(|| Tally::new(meter));
            group.carry(part, span).map_err(overflow)?;
        }
        self.carried = Some(Box::new(left));
        Ok(())
    }

    /// Takes in events that were added up elsewhere, for meters that count or sum without groups.
    pub(super) fn add_sum(
        &mut self,
        meter: &Meter,
        (events, quantity): (u64, Quantity),
        span: &Span,
    ) -> Result<(), MeterError> {
        let part = CarriedPart { key: Vec::new(), events, quantity, items: Vec::new() };
        self.total.carry(&part, span).map_err(|Overflow| MeterError::Overflow { meter: meter.id.clone() })
    }

    pub(super) fn merge(&mut self, meter: &Meter, other: &Self) -> Result<(), MeterError> {
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

    pub(super) fn usage(&self, meter: &Meter, span: &Span) -> Result<MeterUsage, Overflow> {
        let group = |(key, tally): (&Vec<String>, &Tally)| {
            let (quantity, _) = finished(meter, tally.state.exact(span)?)?;
            Ok(Group { key: key.clone(), events: tally.events, quantity })
        };
        let (quantity, rounded) = finished(meter, self.total.state.exact(span)?)?;
        let full = self.total.state.full(span)?.map(|full| finished(meter, full.exact())).transpose()?;
        let samples = if meter.samples {
            samples(&meter.aggregate, self.carried.as_deref(), &self.samples, span)?
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

    /// What the next period begins with.
    pub(super) fn left(&self, meter: &Meter) -> Result<CarriedMeter, Overflow> {
        let groups = self.groups.iter().map(|(key, tally)| tally.left(key));
        Ok(CarriedMeter {
            meter: meter.id.clone(),
            total: self.total.left(&[])?,
            groups: groups.collect::<Result<_, _>>()?,
        })
    }

    /// `None` where nothing was counted and nothing carried: there is nothing to keep.
    pub(super) fn saved(&self, meter: &Meter) -> Option<SavedCounter> {
        let began = self.total.events > 0 || self.carried.is_some();
        began.then(|| SavedCounter {
            meter: meter.id.clone(),
            carried: self.carried.clone(),
            total: self.total.saved(),
            groups: self.groups.iter().map(|(key, tally)| (key.clone(), tally.saved())).collect(),
            samples: self.samples.clone(),
        })
    }

    /// Goes on where a saved one stopped; `None` if that counted by another aggregate.
    pub(super) fn resumed(meter: &Meter, saved: SavedCounter) -> Option<Self> {
        let group = |(key, tally)| Some((key, Tally::resumed(meter, tally)?));
        Some(Self {
            carried: saved.carried,
            total: Tally::resumed(meter, saved.total)?,
            groups: saved.groups.into_iter().map(group).collect::<Option<_>>()?,
            samples: saved.samples,
        })
    }
}

impl Around<'_> {
    /// The key of the meter's group that an event belongs to; the meter must have read the event before.
    pub(super) fn key_of<E: UsageEvent>(&mut self, meter: &Meter, event: &E) -> Result<&[String], MeterError> {
        self.find_key(&meter.group_by, event).map_err(|error| failure(meter, event, error))?;
        Ok(self.key.get(..meter.group_by.len()).unwrap_or_default())
    }

    /// The values of the dimensions for an event, written over those of the event before: an existing group is found
    /// without making a text. What they need of the event was checked when the meter read it.
    fn find_key<E: UsageEvent>(&mut self, dimensions: &[Dimension], event: &E) -> Result<(), AggregateError> {
        if self.key.len() < dimensions.len() {
            self.key.resize_with(dimensions.len(), String::new);
        }
        for (dimension, part) in dimensions.iter().zip(self.key.iter_mut()) {
            part.clear();
            match &dimension.by {
                By::Attribute { field } => event.field(field).write_to(part),
                By::Bands { field, bands } => {
                    part.push_str(band(bands, event.field(field).quantity(field).unwrap_or(Quantity::ZERO)));
                }
                By::Calendar(id) => {
                    let calendar = self.calendars.iter().find(|calendar| calendar.id == *id);
                    let slot = calendar.map(|calendar| calendar.slot(event.time())).transpose();
                    part.push_str(slot.map_err(|_| AggregateError::OutOfCalendar)?.unwrap_or_default());
                }
                By::Window(window) => {
                    let start = window.start_of(event.time(), self.span.zone);
                    let start = start.map_err(|_| AggregateError::OutOfCalendar)?;
                    part.push_str(&start.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true));
                }
            }
        }
        Ok(())
    }
}

fn failure(meter: &Meter, event: &impl UsageEvent, error: AggregateError) -> MeterError {
    match error {
        AggregateError::Overflow => MeterError::Overflow { meter: meter.id.clone() },
        AggregateError::OutOfCalendar => MeterError::OutOfCalendar {
            meter: meter.id.clone(),
            source: event.source().to_owned(),
            id: event.id().to_owned(),
        },
        AggregateError::Mixed => MeterError::Mixed,
    }
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
