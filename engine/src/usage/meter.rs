//! Meters: which events count, into what, and broken down by what.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::aggregate::{Aggregate, Takes};
use super::dimension::{By, Dimension};
use super::field::FieldProblem;
use super::quantity_rounding::{QuantityRounding, RoundedQuantity};
use super::sample::Sample;
use super::usage_event::UsageEvent;
use crate::catalog::Conversion;
use crate::exact::Overflow;
use crate::ids::{CalendarId, MeterId};
use crate::period::Period;
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
    /// Which of those it counts; all where empty.
    pub only: Vec<Filter>,
    /// How it counts them.
    pub aggregate: Arc<Aggregate>,
    /// What becomes of an event whose field is missing or no number.
    pub missing: Missing,
    /// How the number of each event is converted before it is counted.
    pub convert_each: Option<Conversion>,
    /// How the quantity is rounded before it is priced.
    pub round: Option<QuantityRounding>,
    /// When it begins at nothing again.
    pub reset: Reset,
    /// By what the quantity is broken down.
    pub group_by: Vec<Dimension>,
    /// Whether what each event brought is kept, for charges that price event by event.
    pub samples: bool,
}

/// A field of an event's data must have one of some values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// The field.
    pub field: String,
    /// The values that are counted; at least one.
    pub values: Vec<String>,
}

/// What becomes of an event whose field is missing or no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// It is refused by name: somebody has to repair it.
    Refuse,
    /// The meter does not count it.
    Ignore,
}

/// When a meter begins at nothing again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset {
    /// In each period.
    Period,
    /// Never: what earlier periods left stays.
    Never,
}

/// A share of a meter's quantity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The values of the meter's dimensions, in the order of `group_by`.
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
    /// The quantity broken down; the parts add up to it where [`Meter::adds_up`]. Empty where the meter groups by
    /// nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
    /// Before proration, where the meter prorates; `None` where `quantity` is that already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full: Option<Quantity>,
    /// How `quantity` was rounded, where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rounded: Option<RoundedQuantity>,
    /// What each event brought, in the order of time (then source and id). Empty unless the meter keeps samples.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<Sample>,
}

impl MeterUsage {
    /// An assumed quantity.
    pub fn assumed(meter: MeterId, quantity: Quantity) -> Self {
        Self { meter, quantity, events: None, groups: Vec::new(), full: None, rounded: None, samples: Vec::new() }
    }

    /// Assumed groups, those of one key taken together. The quantity is their sum where the meter adds up, otherwise the
    /// largest of them: the least that the whole can be.
    pub fn of_groups(meter: &Meter, groups: Vec<Group>) -> Result<Self, Overflow> {
        let groups = one_a_key(groups)?;
        let mut quantities = groups.iter().map(|group| group.quantity);
        let quantity = if meter.adds_up() {
            quantities.try_fold(Quantity::ZERO, Quantity::checked_add)?
        } else {
            quantities.max().unwrap_or(Quantity::ZERO)
        };
        let mut usage = Self::assumed(meter.id.clone(), quantity);
        usage.groups = groups;
        Ok(usage)
    }

    /// Assumed events, one after the other; the quantity is what they add up to, and so is that of each group where the
    /// events have keys.
    pub fn of_samples(meter: MeterId, samples: Vec<Sample>) -> Result<Self, Overflow> {
        let full = samples.iter().map(|sample| sample.value).try_fold(Quantity::ZERO, Quantity::checked_add)?;
        let keyed = samples.iter().filter(|sample| !sample.key.is_empty());
        let groups = keyed.map(|sample| Group { key: sample.key.clone(), events: 1, quantity: sample.value });
        let groups = one_a_key(groups)?;
        let mut usage = Self::assumed(meter, full);
        usage.groups = groups;
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

/// Groups of the same key become one, in the order of keys, as counting gives them.
fn one_a_key(groups: impl IntoIterator<Item = Group>) -> Result<Vec<Group>, Overflow> {
    let mut sums: BTreeMap<Vec<String>, Group> = BTreeMap::new();
    for group in groups {
        match sums.get_mut(&group.key) {
            Some(sum) => {
                sum.quantity = sum.quantity.checked_add(group.quantity)?;
                sum.events = sum.events.checked_add(group.events).ok_or(Overflow)?;
            }
            None => {
                sums.insert(group.key.clone(), group);
            }
        }
    }
    Ok(sums.into_values().collect())
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

/// Why a meter cannot count.
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
        problem: Box<FieldProblem>,
    },
    /// The meter's total has more than 28 digits.
    Overflow {
        /// The meter.
        meter: MeterId,
    },
    /// The event's time is outside the calendar.
    OutOfCalendar {
        /// The meter that wanted to count it.
        meter: MeterId,
        /// The event's source.
        source: String,
        /// The event's id.
        id: String,
    },
    /// Earlier periods left something for a meter that begins at nothing, or that is not there.
    NotCarried {
        /// The meter.
        meter: MeterId,
    },
    /// Two counts of different books, periods or rules cannot become one.
    Mixed,
    /// Saved counts are of meters that count by other rules.
    SavedByOtherMeters,
    /// Saved counts are of another period, zone or whole.
    SavedInOtherSpan {
        /// The period that was counted.
        saved: Period,
        /// The period that is to be counted.
        asked: Period,
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
            Self::OutOfCalendar { meter, source, id } => {
                write!(
                    f,
                    "meter {meter} cannot count event {id} of {source}: its time is outside the years 1970 to 9998"
                )
            }
            Self::NotCarried { meter } => {
                write!(f, "nothing can be carried into meter {meter}; only meters with reset = \"never\" go on")
            }
            Self::Mixed => f.write_str("counts of different meters, periods or books cannot be merged"),
            Self::SavedByOtherMeters => {
                f.write_str("the saved counts are of meters that count by other rules; count the events again")
            }
            Self::SavedInOtherSpan { saved, asked } => {
                let [from, to, start, end] = [saved.start, saved.end, asked.start, asked.end].map(|at| at.to_rfc3339());
                write!(
                    f,
                    "the saved counts go from {from} to {to}; they cannot go on for {start} to {end} in this zone"
                )
            }
        }
    }
}

impl std::error::Error for MeterError {}

/// What a meter reads from an event that it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Read<'e> {
    /// The number, converted; 1 where events or values are counted.
    pub(super) value: Quantity,
    /// The value that is compared, and whether it is added.
    pub(super) item: Option<(Cow<'e, str>, bool)>,
}

impl Meter {
    /// Whether the quantities of its groups add up to its quantity, to the last digit.
    pub fn adds_up(&self) -> bool {
        self.aggregate.adds_up() && self.round.is_none()
    }

    /// Whether one of its dimensions goes by this calendar.
    pub fn goes_by(&self, calendar: &CalendarId) -> bool {
        self.group_by.iter().any(|dimension| matches!(&dimension.by, By::Calendar(id) if id == calendar))
    }

    /// Whether it counts events of this type with these fields.
    pub fn selects(&self, event: &impl UsageEvent) -> bool {
        self.event == event.kind() && self.filters_hold(event)
    }

    /// Whether it counts events with these fields, if they are of its type.
    #[inline]
    pub(super) fn filters_hold(&self, event: &impl UsageEvent) -> bool {
        self.only.is_empty() || self.only.iter().all(|filter| filter.holds(event))
    }

    /// Whether [`Meter::read`] can fail.
    #[cfg(feature = "zones")]
    pub(super) fn may_refuse(&self) -> bool {
        let bands = |dimension: &Dimension| matches!(dimension.by, By::Bands { .. });
        let reads = self.aggregate.takes() != Takes::Nothing || self.group_by.iter().any(bands);
        (reads && self.missing == Missing::Refuse) || self.convert_each.is_some()
    }

    /// What it counts of an event; `None` where it ignores it.
    #[inline]
    pub(super) fn read<'e>(&self, event: &'e impl UsageEvent) -> Result<Option<Read<'e>>, MeterError> {
        match self.read_field(event) {
            // Most often that is all.
            Ok(read) if self.convert_each.is_none() && self.group_by.is_empty() => Ok(Some(read)),
            read => self.read_on(read, event),
        }
    }

    fn read_on<'e>(
        &self,
        read: Result<Read<'e>, FieldProblem>,
        event: &'e impl UsageEvent,
    ) -> Result<Option<Read<'e>>, MeterError> {
        match read.and_then(|read| {
            self.group_by.iter().try_for_each(|dimension| dimension.check(event))?;
            Ok(read)
        }) {
            Ok(read) if self.convert_each.is_none() => Ok(Some(read)),
            Ok(read) => self.converted(read).map(Some),
            Err(_) if self.missing == Missing::Ignore => Ok(None),
            Err(problem) => Err(MeterError::Field {
                meter: self.id.clone(),
                source: event.source().to_owned(),
                id: event.id().to_owned(),
                problem: Box::new(problem),
            }),
        }
    }

    #[inline]
    fn read_field<'e>(&self, event: &'e impl UsageEvent) -> Result<Read<'e>, FieldProblem> {
        match self.aggregate.takes() {
            Takes::Nothing => Ok(Read { value: Quantity::from(1), item: None }),
            Takes::Number(field) => Ok(Read { value: event.field(field).quantity(field)?, item: None }),
            Takes::Item(field, operation) => read_item(event, field, operation),
        }
    }

    fn converted<'e>(&self, read: Read<'e>) -> Result<Read<'e>, MeterError> {
        let Some(conversion) = &self.convert_each else { return Ok(read) };
        let overflow = |Overflow| MeterError::Overflow { meter: self.id.clone() };
        Ok(Read { value: conversion.apply(read.value).map_err(overflow)?, ..read })
    }
}

fn read_item<'e>(event: &'e impl UsageEvent, field: &str, operation: Option<&str>) -> Result<Read<'e>, FieldProblem> {
    let item = event.field(field).text();
    if item.is_empty() {
        return Err(FieldProblem::Missing { field: field.to_owned() });
    }
    let adds = operation.map_or(Ok(true), |operation| event.field(operation).adds(operation))?;
    Ok(Read { value: Quantity::from(1), item: Some((item, adds)) })
}

impl Filter {
    /// Whether the event's field has one of the values.
    pub fn holds(&self, event: &impl UsageEvent) -> bool {
        let text = event.field(&self.field).text();
        self.values.iter().any(|value| *value == text)
    }
}

/// Whether every meter that selects the event could count it; says why not, without counting anything.
pub fn check_event(meters: &[Meter], event: &impl UsageEvent) -> Result<(), MeterError> {
    meters.iter().filter(|meter| meter.selects(event)).try_for_each(|meter| meter.read(event).map(|_| ()))
}
