//! Unique count: how many different values a field has, exactly, for instance seats or devices.
//!
//! Events may add and remove; then those are counted that are there in the end. Without such a field every value that
//! came is counted once, and only the first event of each is kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Stamp;
#[cfg(feature = "zones")]
use crate::usage::UsageEvent;

/// What happened to each value, in the order of time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UniqueCount(BTreeMap<String, Item>);

/// How long a value is there once it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasting {
    /// To the end: no event removes one.
    Always,
    /// Until an event removes it.
    UntilRemoved,
}

impl Lasting {
    /// By whether events say that they remove.
    pub fn of(operation: Option<&str>) -> Self {
        if operation.is_some() { Self::UntilRemoved } else { Self::Always }
    }
}

/// What happened to one value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Item {
    /// There already when the period began.
    #[serde(rename = "c")]
    pub(super) carried: bool,
    /// Added or removed.
    #[serde(rename = "v", with = "crate::usage::pairs")]
    pub(super) steps: BTreeMap<Stamp, bool>,
}

impl UniqueCount {
    /// A value that was there when the period began.
    pub fn carry(&mut self, value: &str) {
        self.0.entry(value.to_owned()).or_default().carried = true;
    }

    /// An event added or removed a value.
    #[cfg(feature = "zones")]
    pub fn add(&mut self, (value, adds): (&str, bool), event: &impl UsageEvent, lasting: Lasting) {
        let item = match self.0.get_mut(value) {
            Some(item) => item,
            None => self.0.entry(value.to_owned()).or_default(),
        };
        let first = item.steps.first_key_value();
        if lasting == Lasting::UntilRemoved || first.is_none_or(|(first, _)| first.order_of(event).is_lt()) {
            item.step(Stamp::of(event), adds, lasting);
        }
    }

    /// What happened to both.
    pub fn merge(&mut self, other: &Self, lasting: Lasting) {
        for (value, item) in &other.0 {
            let own = self.0.entry(value.clone()).or_default();
            own.carried |= item.carried;
            item.steps.iter().for_each(|(stamp, adds)| own.step(stamp.clone(), *adds, lasting));
        }
    }

    /// How many values are there in the end.
    pub fn count(&self) -> u64 {
        u64::try_from(self.present().count()).unwrap_or(u64::MAX)
    }

    /// The values that are there in the end.
    pub fn present(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|(_, item)| item.is_present()).map(|(value, _)| value.as_str())
    }

    #[cfg(feature = "zones")]
    pub(super) fn items(&self) -> impl Iterator<Item = &Item> {
        self.0.values()
    }
}

impl Item {
    fn step(&mut self, stamp: Stamp, adds: bool, lasting: Lasting) {
        self.steps.insert(stamp, adds);
        if lasting == Lasting::Always && self.steps.len() > 1 {
            self.steps.pop_last();
        }
    }

    fn is_present(&self) -> bool {
        self.steps.values().last().copied().unwrap_or(self.carried)
    }
}
