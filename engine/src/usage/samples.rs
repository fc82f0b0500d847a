//! The samples of a meter: what each event brought, in the order of time, first what earlier periods left.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::aggregate::{Aggregate, Presence, Stamp, Water};
use super::{CarriedMeter, Sample, Span};
use crate::exact::{Exact, Overflow};
use crate::period::Instant;
use crate::quantity::Quantity;

/// What is kept of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    #[serde(rename = "k", default, skip_serializing_if = "Vec::is_empty")]
    pub(super) key: Vec<String>,
    #[serde(rename = "q")]
    pub(super) value: Quantity,
    /// The value that is compared, and whether it is added.
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    pub(super) item: Option<(String, bool)>,
}

/// The samples of what was carried and kept. An event that changed nothing, as adding what is there, is none.
pub(super) fn samples(
    aggregate: &Aggregate,
    carried: Option<&CarriedMeter>,
    kept: &BTreeMap<Stamp, Kept>,
    span: &Span,
) -> Result<Vec<Sample>, Overflow> {
    let mut walk = Walk { aggregate, span, items: BTreeMap::new(), water: BTreeMap::new() };
    let mut samples = Vec::new();
    for before in carried.map(before).unwrap_or_default() {
        samples.extend(walk.sample(span.period.start, &before)?);
    }
    let start = span.period.start;
    if aggregate.sums_events(true) {
        for before in settled(kept.iter().filter(|(stamp, _)| stamp.time < start).map(|(_, event)| event))? {
            samples.extend(walk.sample(start, &before)?);
        }
    }
    for (stamp, event) in kept.iter().filter(|(stamp, _)| stamp.time >= start || !aggregate.sums_events(true)) {
        samples.extend(walk.sample(stamp.time, event)?);
    }
    Ok(samples)
}

/// Events from before the period as what they left of each group, just as if that had been carried: how they came to it,
/// and how high they once stood, belongs to the periods before.
fn settled<'k>(history: impl Iterator<Item = &'k Kept>) -> Result<Vec<Kept>, Overflow> {
    let mut left: BTreeMap<(&[String], Option<&str>), Quantity> = BTreeMap::new();
    for Kept { key, value, item } in history {
        let sum = left.entry((key, item.as_ref().map(|(item, _)| item.as_str()))).or_default();
        *sum = match item {
            Some((_, true)) => *value,
            Some((_, false)) => Quantity::ZERO,
            None => sum.checked_add(*value)?,
        };
    }
    let there = left.into_iter().filter(|(_, value)| !value.is_zero());
    let kept = |((key, item), value): ((&[String], Option<&str>), Quantity)| {
        let item = item.map(|item| (item.to_owned(), true));
        Kept { key: key.to_vec(), value, item }
    };
    Ok(there.map(kept).collect())
}

/// What was there when the period began, as if it had been added at that instant.
fn before(carried: &CarriedMeter) -> Vec<Kept> {
    let parts = if carried.groups.is_empty() { std::slice::from_ref(&carried.total) } else { &carried.groups };
    let mut before = Vec::new();
    for part in parts {
        let kept = |value, item| Kept { key: part.key.clone(), value, item };
        before.extend(part.items.iter().map(|item| kept(Quantity::from(1), Some((item.clone(), true)))));
        if part.items.is_empty() && !part.quantity.is_zero() {
            before.push(kept(part.quantity, None));
        }
    }
    before
}

struct Walk<'w> {
    aggregate: &'w Aggregate,
    span: &'w Span,
    items: BTreeMap<(Vec<String>, String), Presence>,
    water: BTreeMap<Vec<String>, Water>,
}

impl Walk<'_> {
    fn sample(&mut self, time: Instant, kept: &Kept) -> Result<Option<Sample>, Overflow> {
        match self.aggregate {
            Aggregate::UniqueCount { .. } => self.item(time, kept, false),
            Aggregate::ProratedUniqueCount { .. } => self.item(time, kept, true),
            Aggregate::HighWater { .. } => self.rise(time, kept, false).map(Some),
            Aggregate::ProratedHighWater { .. } => self.rise(time, kept, true).map(Some),
            Aggregate::ProratedSum { .. } => {
                let billed = self.share(kept.value, Quantity::from(self.span.days_left(time)?))?;
                Ok(Some(Sample { key: kept.key.clone(), value: kept.value, billed }))
            }
            Aggregate::Count
            | Aggregate::Sum { .. }
            | Aggregate::Min { .. }
            | Aggregate::Max { .. }
            | Aggregate::Mean { .. }
            | Aggregate::Latest { .. }
            | Aggregate::TimeWeighted { .. }
            | Aggregate::Percentile { .. }
            | Aggregate::Windowed { .. } => {
                Ok(Some(Sample { key: kept.key.clone(), value: kept.value, billed: kept.value.exact() }))
            }
        }
    }

    fn item(&mut self, time: Instant, kept: &Kept, prorated: bool) -> Result<Option<Sample>, Overflow> {
        let Some((item, adds)) = &kept.item else { return Ok(None) };
        let presence = self.items.entry((kept.key.clone(), item.clone())).or_default();
        let Some(days) = presence.step(time, *adds, self.span)? else { return Ok(None) };
        let one = Quantity::from(1);
        let value = if *adds { one } else { Quantity::ZERO.checked_sub(one)? };
        let billed = if prorated { self.share(value, days)? } else { value.exact() };
        Ok(Some(Sample { key: kept.key.clone(), value, billed }))
    }

    fn rise(&mut self, time: Instant, kept: &Kept, prorated: bool) -> Result<Sample, Overflow> {
        let empty = Water { current: Quantity::ZERO, highest: Quantity::ZERO };
        let value = self.water.entry(kept.key.clone()).or_insert(empty).change(kept.value)?;
        let days = Quantity::from(self.span.days_left(time)?);
        let billed = if prorated { self.share(value, days)? } else { value.exact() };
        Ok(Sample { key: kept.key.clone(), value, billed })
    }

    fn share(&self, value: Quantity, days: Quantity) -> Result<Exact, Overflow> {
        let unit_days = value.exact().checked_mul(days.exact())?;
        if unit_days.signum() == 0 {
            return Ok(Exact::ZERO);
        }
        unit_days.checked_div(Exact::ratio(self.span.whole_days()?.into(), 1).ok_or(Overflow)?)
    }
}
