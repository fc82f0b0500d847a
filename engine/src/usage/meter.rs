//! Meters: which events count, and into what. Turns a period's events into one quantity per meter.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::aggregate::{Aggregate, AggregateError, AggregateState};
use super::event::{Event, FieldProblem};
use super::sample::Sample;
use crate::exact::Overflow;
use crate::ids::MeterId;
use crate::period::Instant;
use crate::quantity::Quantity;
use crate::text::Names;

/// Something a book counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meter {
    /// Unique in the book.
    pub id: MeterId,
    /// What customers read.
    pub name: Names,
    /// One line of what it counts.
    pub description: Option<Names>,
    /// What one unit is called, for instance 次 and call.
    pub unit: Option<Names>,
    /// The type of the events it counts.
    pub event: String,
    /// How it counts them.
    pub aggregate: Aggregate,
    /// Data fields by whose values the quantity is shown broken down.
    pub group_by: Vec<String>,
    /// Whether what each event brought is kept, for charges that price event by event.
    pub samples: bool,
}

/// A share of a meter's quantity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The values of the meter's `group_by` fields, in that order.
    pub key: Vec<String>,
    /// How many events it came from.
    pub events: u64,
    /// Its part of the quantity.
    pub quantity: Quantity,
}

/// What one meter counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeterUsage {
    /// The meter.
    pub meter: MeterId,
    /// What it counted.
    pub quantity: Quantity,
    /// How many events that came from; `None` where a quantity was assumed rather than counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<u64>,
    /// The quantity broken down; the parts add up to it. Empty where the meter groups by nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
    /// Before proration, where the meter prorates; `None` where `quantity` is that already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full: Option<Quantity>,
    /// What each event brought, in the order of time (then source and id). Empty unless the meter keeps samples.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<Sample>,
}

impl MeterUsage {
    /// An assumed quantity.
    pub fn assumed(meter: MeterId, quantity: Quantity) -> Self {
        Self { meter, quantity, events: None, groups: Vec::new(), full: None, samples: Vec::new() }
    }

    /// Assumed events, one after the other; the quantity is what they add up to.
    pub fn of_samples(meter: MeterId, samples: Vec<Sample>) -> Result<Self, Overflow> {
        let full = samples.iter().map(|sample| sample.value).try_fold(Quantity::ZERO, Quantity::checked_add)?;
        let mut usage = Self::assumed(meter, full);
        usage.samples = samples;
        Ok(usage)
    }

    fn add(&mut self, other: &Self) -> Result<(), Overflow> {
        self.quantity = self.quantity.checked_add(other.quantity)?;
        self.events = match (self.events, other.events) {
            (Some(events), Some(others)) => Some(events.checked_add(others).ok_or(Overflow)?),
            (None, _) | (_, None) => None,
        };
        for group in &other.groups {
            match self.groups.iter_mut().find(|own| own.key == group.key) {
                Some(own) => {
                    own.quantity = own.quantity.checked_add(group.quantity)?;
                    own.events = own.events.checked_add(group.events).ok_or(Overflow)?;
                }
                None => self.groups.push(group.clone()),
            }
        }
        self.samples.extend(other.samples.iter().cloned());
        Ok(())
    }
}

/// The quantities of some meters; a meter that is not named counted nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Usage(pub Vec<MeterUsage>);

impl Usage {
    /// The usage of two parts of a period taken together. Only for meters that add up, not for maxima and the like.
    pub fn plus(&self, later: &Self) -> Result<Self, Overflow> {
        let mut sum = self.clone();
        for item in &later.0 {
            match sum.0.iter_mut().find(|usage| usage.meter == item.meter) {
                Some(usage) => usage.add(item)?,
                None => sum.0.push(item.clone()),
            }
        }
        Ok(sum)
    }

    /// What `meter` counted, if it is named.
    pub fn of(&self, meter: &MeterId) -> Option<&MeterUsage> {
        self.0.iter().find(|usage| usage.meter == *meter)
    }
}

/// An event that a meter selects but cannot count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MeterError {
    /// A field is missing or no decimal.
    Field {
        /// The meter that wanted to count it.
        meter: MeterId,
        /// The event's source.
        source: String,
        /// The event's id.
        id: String,
        /// What is wrong.
        problem: FieldProblem,
    },
    /// The meter's total has more than 28 digits.
    Overflow {
        /// The meter.
        meter: MeterId,
    },
}

impl fmt::Display for MeterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field { meter, source, id, problem } => {
                write!(f, "meter {meter} cannot count event {id} of {source}: {problem}")
            }
            Self::Overflow { meter } => {
                write!(f, "the total of meter {meter} has more than 28 digits")
            }
        }
    }
}

impl std::error::Error for MeterError {}

/// Counts events one by one, for all meters of a book at once.
#[derive(Debug)]
pub struct Metering<'m> {
    counters: Vec<Counter<'m>>,
}

#[derive(Debug)]
struct Counter<'m> {
    meter: &'m Meter,
    events: u64,
    total: AggregateState,
    groups: BTreeMap<Vec<String>, (u64, AggregateState)>,
    /// By time, source and id: the order of arrival changes nothing.
    samples: BTreeMap<(Instant, String, String), (Vec<String>, Quantity)>,
}

impl<'m> Metering<'m> {
    /// Begins at nothing.
    pub fn new(meters: &'m [Meter]) -> Self {
        let counters = meters.iter().map(|meter| Counter {
            meter,
            events: 0,
            total: AggregateState::new(&meter.aggregate),
            groups: BTreeMap::new(),
            samples: BTreeMap::new(),
        });
        Self { counters: counters.collect() }
    }

    /// Counts one event in every meter that selects it; returns how many did.
    pub fn add(&mut self, event: &Event) -> Result<u32, MeterError> {
        let mut selected = 0_u32;
        for counter in &mut self.counters {
            if counter.meter.event == event.kind {
                counter.add(event)?;
                selected = selected.saturating_add(1);
            }
        }
        Ok(selected)
    }

    /// What was counted, meter by meter in the book's order.
    pub fn usage(&self) -> Usage {
        Usage(self.counters.iter().map(Counter::usage).collect())
    }
}

impl Counter<'_> {
    fn add(&mut self, event: &Event) -> Result<(), MeterError> {
        let meter = self.meter;
        let overflow = || MeterError::Overflow { meter: meter.id.clone() };
        let failed = |error| match error {
            AggregateError::Overflow => overflow(),
            AggregateError::Field(problem) => MeterError::Field {
                meter: meter.id.clone(),
                source: event.source.clone(),
                id: event.id.clone(),
                problem,
            },
        };
        self.total.add(event).map_err(failed)?;
        self.events = self.events.checked_add(1).ok_or_else(overflow)?;
        let key: Vec<String> = meter.group_by.iter().map(|field| event.attribute(field)).collect();
        if meter.samples {
            let value = meter.aggregate.value(event).map_err(failed)?;
            self.samples.insert((event.time, event.source.clone(), event.id.clone()), (key.clone(), value));
        }
        if !meter.group_by.is_empty() {
            let fresh = || (0, AggregateState::new(&meter.aggregate));
            let (events, state) = self.groups.entry(key).or_insert_with(fresh);
            state.add(event).map_err(failed)?;
            *events = events.checked_add(1).ok_or_else(overflow)?;
        }
        Ok(())
    }

    fn usage(&self) -> MeterUsage {
        let groups = self.groups.iter().map(|(key, (events, state))| Group {
            key: key.clone(),
            events: *events,
            quantity: state.quantity(),
        });
        MeterUsage {
            meter: self.meter.id.clone(),
            quantity: self.total.quantity(),
            events: Some(self.events),
            groups: groups.collect(),
            full: None,
            samples: self.samples(),
        }
    }

    fn samples(&self) -> Vec<Sample> {
        let sample =
            |(key, value): &(Vec<String>, Quantity)| Sample { key: key.clone(), value: *value, billed: value.exact() };
        self.samples.values().map(sample).collect()
    }
}

/// Counts all of `events`. The caller has chosen customer and period.
pub fn count_usage<'e>(meters: &[Meter], events: impl IntoIterator<Item = &'e Event>) -> Result<Usage, MeterError> {
    let mut metering = Metering::new(meters);
    for event in events {
        metering.add(event)?;
    }
    Ok(metering.usage())
}
