//! The running state of a meter: one of the aggregates with its rule. Takes events in any order and merges with its like.

use super::{
    Aggregate, Count, HighWater, Lasting, Latest, Max, Mean, Min, Negative, Percentile, PercentileRule, ProratedSum,
    Stamp, Sum, TimeShare, TimeUnit, TimeWeighted, UniqueCount, Values, WindowRule, Windowed, prorated_unique_count,
};
use crate::exact::{Exact, Overflow};
use crate::quantity::Quantity;
use crate::usage::{CarriedPart, Span, UsageEvent};

/// What a meter takes from an event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading<'e, E> {
    /// The event.
    pub event: &'e E,
    /// Its number, converted; 1 where events or values are counted.
    pub value: Quantity,
    /// The value that is compared, and whether it is added; only where different values are counted.
    pub item: Option<(&'e str, bool)>,
}

/// Why an event cannot be counted, or states not merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AggregateError {
    /// The result has more digits than can be kept.
    Overflow,
    /// The event's time is outside the calendar.
    OutOfCalendar,
    /// The states count by different rules.
    Mixed,
}

impl From<Overflow> for AggregateError {
    fn from(Overflow: Overflow) -> Self {
        Self::Overflow
    }
}

/// The running state of one meter.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named after its aggregate, with the rule that its quantity needs")]
pub enum AggregateState {
    Count(Count),
    Sum(Sum),
    Min(Min),
    Max(Max),
    Mean(Mean),
    Latest(Latest, Negative),
    UniqueCount(UniqueCount, Lasting),
    TimeWeighted(TimeWeighted, (Values, TimeUnit)),
    Percentile(Percentile, PercentileRule),
    Windowed(Windowed, WindowRule),
    ProratedSum(ProratedSum, TimeShare),
    ProratedUniqueCount(UniqueCount, (Lasting, TimeShare)),
    HighWater(HighWater),
    ProratedHighWater(HighWater, TimeShare),
}

impl AggregateState {
    /// The state before the first event.
    pub fn new(aggregate: &Aggregate) -> Self {
        match aggregate {
            Aggregate::Count => Self::Count(Count::default()),
            Aggregate::Sum { .. } => Self::Sum(Sum::default()),
            Aggregate::Min { .. } => Self::Min(Min::default()),
            Aggregate::Max { .. } => Self::Max(Max::default()),
            Aggregate::Mean { .. } => Self::Mean(Mean::default()),
            Aggregate::Latest { negative, .. } => Self::Latest(Latest::default(), *negative),
            Aggregate::UniqueCount { operation, .. } => {
                Self::UniqueCount(UniqueCount::default(), Lasting::of(operation.as_deref()))
            }
            Aggregate::TimeWeighted { values, per, .. } => Self::TimeWeighted(TimeWeighted::default(), (*values, *per)),
            Aggregate::Percentile { rule, .. } => Self::Percentile(Percentile::default(), *rule),
            Aggregate::Windowed { rule, .. } => Self::Windowed(Windowed::default(), *rule),
            Aggregate::ProratedSum { share_round, .. } => Self::ProratedSum(ProratedSum::default(), *share_round),
            Aggregate::ProratedUniqueCount { share_round, operation, .. } => {
                let rule = (Lasting::of(operation.as_deref()), *share_round);
                Self::ProratedUniqueCount(UniqueCount::default(), rule)
            }
            Aggregate::HighWater { .. } => Self::HighWater(HighWater::default()),
            Aggregate::ProratedHighWater { share_round, .. } => {
                Self::ProratedHighWater(HighWater::default(), *share_round)
            }
        }
    }

    /// Takes one event in.
    pub fn add<E: UsageEvent>(&mut self, reading: &Reading<'_, E>, span: &Span) -> Result<(), AggregateError> {
        let (event, value) = (reading.event, reading.value);
        let stamp = || Stamp::of(event);
        match self {
            Self::Count(count) => count.add()?,
            Self::Sum(sum) => sum.add(value)?,
            Self::Min(min) => min.add(value),
            Self::Max(max) => max.add(value),
            Self::Mean(mean) => mean.add(value)?,
            Self::Latest(latest, _) => latest.add_of(event, value),
            Self::UniqueCount(unique, lasting) | Self::ProratedUniqueCount(unique, (lasting, _)) => {
                if let Some(item) = reading.item {
                    unique.add(item, event, *lasting);
                }
            }
            Self::TimeWeighted(weighted, _) => weighted.add(stamp(), value),
            Self::Percentile(percentile, _) => percentile.add(value, 1)?,
            Self::Windowed(windowed, rule) => {
                let start = rule.window.start_of(event.time(), span.zone).map_err(|_| AggregateError::OutOfCalendar)?;
                windowed.add(rule.inner, start, value)?;
            }
            Self::ProratedSum(sum, _) => sum.add(value, span.days_left(event.time())?)?,
            Self::HighWater(water) | Self::ProratedHighWater(water, _) => water.add(stamp(), value),
        }
        Ok(())
    }

    /// The events of both.
    pub fn merge(&mut self, other: &Self) -> Result<(), AggregateError> {
        match (self, other) {
            (Self::Count(own), Self::Count(other)) => own.merge(other)?,
            (Self::Sum(own), Self::Sum(other)) => own.merge(other)?,
            (Self::Min(own), Self::Min(other)) => own.merge(other),
            (Self::Max(own), Self::Max(other)) => own.merge(other),
            (Self::Mean(own), Self::Mean(other)) => own.merge(other)?,
            (Self::Latest(own, _), Self::Latest(other, _)) => own.merge(other),
            (Self::UniqueCount(own, lasting), Self::UniqueCount(other, _))
            | (Self::ProratedUniqueCount(own, (lasting, _)), Self::ProratedUniqueCount(other, _)) => {
                own.merge(other, *lasting);
            }
            (Self::TimeWeighted(own, _), Self::TimeWeighted(other, _)) => own.merge(other)?,
            (Self::Percentile(own, _), Self::Percentile(other, _)) => own.merge(other)?,
            (Self::Windowed(own, rule), Self::Windowed(other, _)) => own.merge(rule.inner, other)?,
            (Self::ProratedSum(own, _), Self::ProratedSum(other, _)) => own.merge(other)?,
            (Self::HighWater(own), Self::HighWater(other))
            | (Self::ProratedHighWater(own, _), Self::ProratedHighWater(other, _)) => own.merge(other)?,
            (_, _) => return Err(AggregateError::Mixed),
        }
        Ok(())
    }

    /// What was counted so far, before it is rounded.
    pub fn exact(&self, span: &Span) -> Result<Exact, Overflow> {
        let quantity = match self {
            Self::Count(count) => count.quantity(),
            Self::Sum(sum) => sum.quantity(),
            Self::Min(min) => min.quantity(),
            Self::Max(max) => max.quantity(),
            Self::Mean(mean) => return mean.exact(),
            Self::Latest(latest, Negative::Keep) => latest.quantity(),
            Self::Latest(latest, Negative::Zero) => latest.quantity().max(Quantity::ZERO),
            Self::UniqueCount(unique, _) => Quantity::from(unique.count()),
            Self::TimeWeighted(weighted, rule) => return weighted.exact(*rule, span),
            Self::Percentile(percentile, rule) => percentile.quantity(*rule)?,
            Self::Windowed(windowed, rule) => return windowed.exact(rule, span),
            Self::ProratedSum(sum, share) => return sum.exact(*share, span),
            Self::ProratedUniqueCount(unique, (_, share)) => return prorated_unique_count::exact(unique, *share, span),
            Self::HighWater(water) => water.quantity(span)?,
            Self::ProratedHighWater(water, share) => return water.exact(*share, span),
        };
        Ok(quantity.exact())
    }

    /// The quantity before proration, where there is one.
    pub fn full(&self, span: &Span) -> Result<Option<Quantity>, Overflow> {
        match self {
            Self::ProratedSum(sum, _) => Ok(Some(sum.full())),
            Self::ProratedUniqueCount(unique, _) => Ok(Some(Quantity::from(unique.count()))),
            Self::ProratedHighWater(water, _) => water.quantity(span).map(Some),
            Self::Count(_)
            | Self::Sum(_)
            | Self::Min(_)
            | Self::Max(_)
            | Self::Mean(_)
            | Self::Latest(_, _)
            | Self::UniqueCount(_, _)
            | Self::TimeWeighted(_, _)
            | Self::Percentile(_, _)
            | Self::Windowed(_, _)
            | Self::HighWater(_) => Ok(None),
        }
    }

    /// Takes in what earlier periods left. Nothing is left of means and samples.
    pub fn carry(&mut self, part: &CarriedPart, span: &Span) -> Result<(), Overflow> {
        let quantity = part.quantity;
        match self {
            Self::Count(count) => count.carry(quantity),
            Self::Sum(sum) => sum.add(quantity),
            Self::Min(min) => {
                min.add(quantity);
                Ok(())
            }
            Self::Max(max) => {
                max.add(quantity);
                Ok(())
            }
            Self::Latest(latest, _) => {
                latest.carry(quantity);
                Ok(())
            }
            Self::UniqueCount(unique, _) | Self::ProratedUniqueCount(unique, _) => {
                part.items.iter().for_each(|item| unique.carry(item));
                Ok(())
            }
            Self::TimeWeighted(weighted, _) => weighted.carry(quantity),
            Self::ProratedSum(sum, _) => sum.add(quantity, span.days_left(span.period.start)?),
            Self::HighWater(water) | Self::ProratedHighWater(water, _) => water.carry(quantity),
            Self::Mean(_) | Self::Percentile(_, _) | Self::Windowed(_, _) => Ok(()),
        }
    }

    /// What the next period begins with: the quantity that goes on, or the values that are there.
    pub fn carried(&self) -> Result<(Quantity, Vec<String>), Overflow> {
        let quantity = match self {
            Self::Count(count) => count.quantity(),
            Self::Sum(sum) => sum.quantity(),
            Self::Min(min) => min.quantity(),
            Self::Max(max) => max.quantity(),
            Self::Latest(latest, _) => latest.quantity(),
            Self::UniqueCount(unique, _) | Self::ProratedUniqueCount(unique, _) => {
                return Ok((Quantity::from(unique.count()), unique.present().map(str::to_owned).collect()));
            }
            Self::TimeWeighted(weighted, (values, _)) => weighted.level(*values)?,
            Self::ProratedSum(sum, _) => sum.full(),
            Self::HighWater(water) | Self::ProratedHighWater(water, _) => water.current()?,
            Self::Mean(_) | Self::Percentile(_, _) | Self::Windowed(_, _) => Quantity::ZERO,
        };
        Ok((quantity, Vec::new()))
    }
}
