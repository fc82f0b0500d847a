//! How the events of a meter become one quantity; one file for each way.
//!
//! Each is a state that takes events in any order and can be merged with another of its kind.

mod count;
#[cfg(feature = "zones")]
mod high_water;
mod latest;
#[cfg(test)]
#[cfg(feature = "zones")]
mod law_tests;
mod max;
mod mean;
mod min;
mod percentile;
#[cfg(feature = "zones")]
mod prorated_sum;
#[cfg(feature = "zones")]
mod prorated_unique_count;
#[cfg(feature = "zones")]
mod saved;
mod stamp;
#[cfg(feature = "zones")]
mod state;
mod sum;
mod time_share;
mod time_weighted;
mod unique_count;
mod windowed;

use serde::{Deserialize, Serialize};

pub use count::Count;
#[cfg(feature = "zones")]
pub use high_water::{HighWater, Water};
pub use latest::Latest;
pub use max::Max;
pub use mean::Mean;
pub use min::Min;
pub use percentile::{IndexRule, Percentile, PercentileRule};
#[cfg(feature = "zones")]
pub use prorated_sum::ProratedSum;
#[cfg(feature = "zones")]
pub(super) use prorated_unique_count::Presence;
#[cfg(feature = "zones")]
pub(super) use saved::SavedState;
pub use stamp::Stamp;
#[cfg(feature = "zones")]
pub use state::{AggregateError, AggregateState, Reading};
pub use sum::Sum;
pub use time_share::TimeShare;
pub use time_weighted::{TimeUnit, TimeWeighted, Values};
pub use unique_count::{Lasting, UniqueCount};
#[cfg(feature = "zones")]
pub use windowed::Windowed;
pub use windowed::{EmptyWindows, Inner, Outer, WindowRule};

/// How a meter counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "aggregate", rename_all = "snake_case")]
pub enum Aggregate {
    /// One for each event.
    Count,
    /// The sum of a field of the events' data.
    Sum {
        /// The name of that field.
        field: String,
    },
    /// The lowest value of a field.
    Min {
        /// The name of that field.
        field: String,
    },
    /// The highest value of a field.
    Max {
        /// The name of that field.
        field: String,
    },
    /// The mean of a field.
    Mean {
        /// The name of that field.
        field: String,
    },
    /// The last value of a field by time.
    Latest {
        /// The name of that field.
        field: String,
        /// What becomes of a value below zero.
        negative: Negative,
    },
    /// How many different values a field has.
    UniqueCount {
        /// The name of that field.
        field: String,
        /// The field that says whether a value is added or removed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        operation: Option<String>,
    },
    /// What a field held, times how long.
    TimeWeighted {
        /// The name of that field.
        field: String,
        /// Whether the field says a change or a level.
        values: Values,
        /// The unit of time.
        per: TimeUnit,
    },
    /// The sample that is left when the highest are dropped.
    Percentile {
        /// The name of the samples' field.
        field: String,
        /// Which one.
        rule: PercentileRule,
    },
    /// A value for each window of time, and one of them all.
    Windowed {
        /// The name of the field; none where events are counted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        field: Option<String>,
        /// The windows.
        rule: WindowRule,
    },
    /// The sum of a field, each event by the days that are left.
    ProratedSum {
        /// The name of that field.
        field: String,
        /// How the share is cut.
        #[serde(default, skip_serializing_if = "exact_share")]
        share_round: TimeShare,
    },
    /// How many different values a field has, each by the days on which it was there.
    ProratedUniqueCount {
        /// The name of that field.
        field: String,
        /// The field that says whether a value is added or removed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        operation: Option<String>,
        /// How the share is cut.
        #[serde(default, skip_serializing_if = "exact_share")]
        share_round: TimeShare,
    },
    /// The highest point of a field's running total.
    HighWater {
        /// The name of that field.
        field: String,
    },
    /// Each rise of that highest point by the days that are left.
    ProratedHighWater {
        /// The name of that field.
        field: String,
        /// How the share is cut.
        #[serde(default, skip_serializing_if = "exact_share")]
        share_round: TimeShare,
    },
}

fn exact_share(share: &TimeShare) -> bool {
    share.0.is_none()
}

/// What becomes of a latest value below zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Negative {
    /// It stays as it is, and pricing refuses it by name.
    Keep,
    /// It is zero.
    Zero,
}

/// What an aggregate takes from an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes<'a> {
    /// That it happened.
    Nothing,
    /// A number.
    Number(&'a str),
    /// A value that is compared, and perhaps whether it is added or removed.
    Item(&'a str, Option<&'a str>),
}

impl Aggregate {
    /// Whether the quantities of groups add up to the quantity of the whole, to the last digit.
    pub fn adds_up(&self) -> bool {
        match self {
            Self::Count | Self::Sum { .. } => true,
            Self::Min { .. }
            | Self::Max { .. }
            | Self::Mean { .. }
            | Self::Latest { .. }
            | Self::UniqueCount { .. }
            | Self::TimeWeighted { .. }
            | Self::Percentile { .. }
            | Self::Windowed { .. }
            | Self::ProratedSum { .. }
            | Self::ProratedUniqueCount { .. }
            | Self::HighWater { .. }
            | Self::ProratedHighWater { .. } => false,
        }
    }

    /// Whether what single events bring adds up to the quantity. `alone`: of one group, or without groups; the same value
    /// may be in several groups, and their highest points need not come together.
    pub fn sums_events(&self, alone: bool) -> bool {
        match self {
            Self::Count | Self::Sum { .. } | Self::ProratedSum { .. } => true,
            Self::UniqueCount { .. }
            | Self::ProratedUniqueCount { .. }
            | Self::HighWater { .. }
            | Self::ProratedHighWater { .. } => alone,
            Self::Min { .. }
            | Self::Max { .. }
            | Self::Mean { .. }
            | Self::Latest { .. }
            | Self::TimeWeighted { .. }
            | Self::Percentile { .. }
            | Self::Windowed { .. } => false,
        }
    }

    /// Whether the quantity is a quotient, which may have no last digit.
    pub fn divides(&self) -> bool {
        match self {
            Self::Mean { .. }
            | Self::TimeWeighted { .. }
            | Self::Windowed { .. }
            | Self::ProratedSum { .. }
            | Self::ProratedUniqueCount { .. }
            | Self::ProratedHighWater { .. } => true,
            Self::Count
            | Self::Sum { .. }
            | Self::Min { .. }
            | Self::Max { .. }
            | Self::Latest { .. }
            | Self::UniqueCount { .. }
            | Self::Percentile { .. }
            | Self::HighWater { .. } => false,
        }
    }

    /// Whether it means something to go on from one period to the next: not for means and samples of a period.
    pub fn can_carry(&self) -> bool {
        match self {
            Self::Mean { .. } | Self::Percentile { .. } | Self::Windowed { .. } => false,
            Self::Count
            | Self::Sum { .. }
            | Self::Min { .. }
            | Self::Max { .. }
            | Self::Latest { .. }
            | Self::UniqueCount { .. }
            | Self::TimeWeighted { .. }
            | Self::ProratedSum { .. }
            | Self::ProratedUniqueCount { .. }
            | Self::HighWater { .. }
            | Self::ProratedHighWater { .. } => true,
        }
    }

    #[inline]
    pub(super) fn takes(&self) -> Takes<'_> {
        match self {
            Self::Count | Self::Windowed { field: None, .. } => Takes::Nothing,
            Self::Sum { field }
            | Self::Min { field }
            | Self::Max { field }
            | Self::Mean { field }
            | Self::Latest { field, .. }
            | Self::TimeWeighted { field, .. }
            | Self::Percentile { field, .. }
            | Self::Windowed { field: Some(field), .. }
            | Self::ProratedSum { field, .. }
            | Self::HighWater { field }
            | Self::ProratedHighWater { field, .. } => Takes::Number(field),
            Self::UniqueCount { field, operation } | Self::ProratedUniqueCount { field, operation, .. } => {
                Takes::Item(field, operation.as_deref())
            }
        }
    }

    /// The field of the events' data that it reads, if it reads one.
    pub fn field(&self) -> Option<&str> {
        match self.takes() {
            Takes::Nothing => None,
            Takes::Number(field) | Takes::Item(field, _) => Some(field),
        }
    }

    /// Whether it adds or compares numbers of a field, which can be converted one by one.
    pub fn reads_numbers(&self) -> bool {
        matches!(self.takes(), Takes::Number(_))
    }
}
