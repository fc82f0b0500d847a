//! Percentile: the highest value that is left when the top share of the samples is dropped, for instance the 95th
//! percentile of a month's 5-minute samples. Nothing came: zero.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::catalog::Percent;
use crate::exact::{Exact, Overflow};
use crate::quantity::Quantity;
use crate::rounding::{RoundingMode, to_integer};

/// Which sample a percentile is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PercentileRule {
    /// Above 0, at most 100.
    pub percent: Percent,
    /// What happens where this share of the samples is no whole number: sources disagree.
    pub index: IndexRule,
}

/// How the share of the samples becomes the place of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IndexRule {
    /// The next higher place: fewer samples are dropped.
    Ceiling,
    /// The next lower place: more samples are dropped.
    Floor,
}

impl PercentileRule {
    /// The place of the sample among `count` rising ones, counted from 1; 0 if there are none.
    pub fn index(&self, count: u64) -> Result<u64, Overflow> {
        let share = Exact::from_decimal(self.percent.decimal())
            .checked_mul(Exact::ratio(count.into(), 100).ok_or(Overflow)?)?;
        let mode = match self.index {
            IndexRule::Ceiling => RoundingMode::Ceiling,
            IndexRule::Floor => RoundingMode::Floor,
        };
        let index = u64::try_from(to_integer(share, mode)?).map_err(|_| Overflow)?;
        Ok(index.max(1).min(count))
    }

    /// How many of `count` samples are dropped.
    pub fn discarded(&self, count: u64) -> Result<u64, Overflow> {
        count.checked_sub(self.index(count)?).ok_or(Overflow)
    }
}

/// Samples with how often each came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Percentile(#[serde(with = "crate::usage::pairs")] BTreeMap<Quantity, u64>);

impl Percentile {
    /// A sample that came `times` times.
    pub fn add(&mut self, value: Quantity, times: u64) -> Result<(), Overflow> {
        if times == 0 {
            return Ok(());
        }
        let count = self.0.entry(value).or_default();
        *count = count.checked_add(times).ok_or(Overflow)?;
        Ok(())
    }

    /// The samples of both.
    pub fn merge(&mut self, other: &Self) -> Result<(), Overflow> {
        other.0.iter().try_for_each(|(value, times)| self.add(*value, *times))
    }

    /// How many samples came.
    pub fn count(&self) -> Result<u64, Overflow> {
        self.0.values().try_fold(0_u64, |sum, times| sum.checked_add(*times)).ok_or(Overflow)
    }

    /// The sample at the percentile.
    pub fn quantity(&self, rule: PercentileRule) -> Result<Quantity, Overflow> {
        let index = rule.index(self.count()?)?;
        let mut passed = 0_u64;
        for (value, times) in &self.0 {
            passed = passed.checked_add(*times).ok_or(Overflow)?;
            if passed >= index {
                return Ok(*value);
            }
        }
        Ok(Quantity::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::{IndexRule, PercentileRule};
    use crate::catalog::Percent;

    fn rule(index: IndexRule) -> PercentileRule {
        PercentileRule { percent: Percent::new(95.into()), index }
    }

    #[test]
    fn a_share_that_is_no_whole_number_drops_446_or_447_of_8928() {
        assert_eq!(
            (rule(IndexRule::Ceiling).index(8928), rule(IndexRule::Ceiling).discarded(8928)),
            (Ok(8482), Ok(446))
        );
        assert_eq!((rule(IndexRule::Floor).index(8928), rule(IndexRule::Floor).discarded(8928)), (Ok(8481), Ok(447)));
        assert_eq!(rule(IndexRule::Floor).discarded(8640), Ok(432));
    }

    #[test]
    fn one_sample_is_every_percentile_and_none_is_dropped() {
        assert_eq!((rule(IndexRule::Floor).index(1), rule(IndexRule::Floor).discarded(1)), (Ok(1), Ok(0)));
        assert_eq!((rule(IndexRule::Floor).index(0), rule(IndexRule::Floor).discarded(0)), (Ok(0), Ok(0)));
    }
}
