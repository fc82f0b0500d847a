//! Unique count: how many different values a field has, exactly, for instance seats or devices.
//!
//! Events may add and remove; then those are counted that are there in the end. Without such a field every value that
//! came is counted once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Stamp;

/// What happened to each value, in the order of time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UniqueCount(BTreeMap<String, Item>);

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

    /// A value was added or removed.
    pub fn add(&mut self, value: String, stamp: Stamp, adds: bool) {
        self.0.entry(value).or_default().steps.insert(stamp, adds);
    }

    /// What happened to both.
    pub fn merge(&mut self, other: &Self) {
        for (value, item) in &other.0 {
            let own = self.0.entry(value.clone()).or_default();
            own.carried |= item.carried;
            own.steps.extend(item.steps.iter().map(|(stamp, adds)| (stamp.clone(), *adds)));
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
    fn is_present(&self) -> bool {
        self.steps.values().last().copied().unwrap_or(self.carried)
    }
}
