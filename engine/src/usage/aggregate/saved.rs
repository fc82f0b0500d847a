//! What a state has counted, in a form that can be kept: everything that merging needs, to the last digit.
//!
//! Never holds a rule: those are the meter's, and a state goes on only by the rules of a meter that counts alike.

use serde::{Deserialize, Serialize};

use super::{
    Aggregate, AggregateState, Count, HighWater, Latest, Max, Mean, Min, Percentile, ProratedSum, Sum, TimeWeighted,
    UniqueCount, Windowed,
};

/// What a state has counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::usage) enum SavedState {
    Count(Count),
    Sum(Sum),
    Min(Min),
    Max(Max),
    Mean(Mean),
    Latest(Latest),
    Unique(UniqueCount),
    Time(TimeWeighted),
    Percentile(Percentile),
    Windowed(Windowed),
    Prorated(ProratedSum),
    Water(HighWater),
}

impl AggregateState {
    pub(in crate::usage) fn saved(&self) -> SavedState {
        match self {
            Self::Count(count) => SavedState::Count(count.clone()),
            Self::Sum(sum) => SavedState::Sum(sum.clone()),
            Self::Min(min) => SavedState::Min(min.clone()),
            Self::Max(max) => SavedState::Max(max.clone()),
            Self::Mean(mean) => SavedState::Mean(mean.clone()),
            Self::Latest(latest, _) => SavedState::Latest(latest.clone()),
            Self::UniqueCount(unique, _) | Self::ProratedUniqueCount(unique, _) => SavedState::Unique(unique.clone()),
            Self::TimeWeighted(weighted, _) => SavedState::Time(weighted.clone()),
            Self::Percentile(percentile, _) => SavedState::Percentile(percentile.clone()),
            Self::Windowed(windowed, _) => SavedState::Windowed(windowed.clone()),
            Self::ProratedSum(sum, _) => SavedState::Prorated(sum.clone()),
            Self::HighWater(water) | Self::ProratedHighWater(water, _) => SavedState::Water(water.clone()),
        }
    }

    /// A state of this aggregate that goes on where the saved one stopped; `None` if that was of another kind.
    pub(in crate::usage) fn resumed(aggregate: &Aggregate, saved: SavedState) -> Option<Self> {
        Some(match (Self::new(aggregate), saved) {
            (Self::Count(_), SavedState::Count(count)) => Self::Count(count),
            (Self::Sum(_), SavedState::Sum(sum)) => Self::Sum(sum),
            (Self::Min(_), SavedState::Min(min)) => Self::Min(min),
            (Self::Max(_), SavedState::Max(max)) => Self::Max(max),
            (Self::Mean(_), SavedState::Mean(mean)) => Self::Mean(mean),
            (Self::Latest(_, negative), SavedState::Latest(latest)) => Self::Latest(latest, negative),
            (Self::UniqueCount(_, lasting), SavedState::Unique(unique)) => Self::UniqueCount(unique, lasting),
            (Self::ProratedUniqueCount(_, rule), SavedState::Unique(unique)) => Self::ProratedUniqueCount(unique, rule),
            (Self::TimeWeighted(_, rule), SavedState::Time(weighted)) => Self::TimeWeighted(weighted, rule),
            (Self::Percentile(_, rule), SavedState::Percentile(percentile)) => Self::Percentile(percentile, rule),
            (Self::Windowed(_, rule), SavedState::Windowed(windowed)) => Self::Windowed(windowed, rule),
            (Self::ProratedSum(_, share), SavedState::Prorated(sum)) => Self::ProratedSum(sum, share),
            (Self::HighWater(_), SavedState::Water(water)) => Self::HighWater(water),
            (Self::ProratedHighWater(_, share), SavedState::Water(water)) => Self::ProratedHighWater(water, share),
            (_, _) => return None,
        })
    }
}
