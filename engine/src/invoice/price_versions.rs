//! Which version of a price a subscription has at an instant: versions come into force at dates, and who had an older
//! one may keep it for a while or for ever.
//!
//! Versions are never edited, only followed; which one priced a part of a period is always one of them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::period::{Instant, Period, Schedule, TimeError};

/// From when a version holds, and for how long those who subscribed before keep what they had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectiveFrom {
    /// The first instant at which a new subscription gets this version.
    pub from: Instant,
    /// Who had an older version keeps it …
    #[serde(default)]
    pub kept: OldPrice,
}

/// Until when an older version is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OldPrice {
    /// … until the period is over in which the new one comes into force: no bill has two prices.
    #[default]
    UntilPeriodEnds,
    /// … not at all: the price changes in the middle of a period.
    NotKept,
    /// … until this instant.
    Until(Instant),
    /// … for as long as the subscription lasts, unless a still later version says otherwise.
    Forever,
}

/// Why no version is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionError {
    /// The subscription starts before the first version comes into force.
    NoneYet {
        /// The start of the subscription.
        start: Instant,
    },
    /// Versions must come into force one after the other; this one does not.
    NotInOrder {
        /// Its place, from 0.
        index: usize,
    },
    /// The dates give none.
    Time(TimeError),
}

impl fmt::Display for VersionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoneYet { start } => {
                write!(f, "no version of the price is in force at {}, when the subscription starts", start.to_rfc3339())
            }
            Self::NotInOrder { index } => {
                write!(f, "version {index} (from 0) does not come into force later than the one before it")
            }
            Self::Time(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for VersionError {}

impl From<TimeError> for VersionError {
    fn from(error: TimeError) -> Self {
        Self::Time(error)
    }
}

/// A part of a period and the version, by its place in the list, that prices it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PricedPart {
    /// The part.
    pub period: Period,
    /// Which version.
    pub version: usize,
}

/// The parts of `period` with the version that prices each, in the order of time; they touch and are the period.
///
/// `versions` in the order in which they come into force.
pub fn versions_in(
    versions: &[EffectiveFrom],
    subscription: &Schedule,
    period: &Period,
) -> Result<Vec<PricedPart>, VersionError> {
    let moves = moves(versions, subscription)?;
    let instants: Vec<Instant> = moves.iter().filter_map(|moved| *moved).collect();
    let mut parts: Vec<PricedPart> = Vec::new();
    for part in period.split_at(&instants)? {
        let version = in_force(&moves, part.start).ok_or(VersionError::NoneYet { start: subscription.start() })?;
        match parts.last_mut() {
            Some(last) if last.version == version => last.period.end = part.end,
            Some(_) | None => parts.push(PricedPart { period: part, version }),
        }
    }
    Ok(parts)
}

/// The version in force at `instant`, by its place in the list.
pub fn version_at(
    versions: &[EffectiveFrom],
    subscription: &Schedule,
    instant: Instant,
) -> Result<usize, VersionError> {
    let moves = moves(versions, subscription)?;
    in_force(&moves, instant).ok_or(VersionError::NoneYet { start: subscription.start() })
}

/// The last version to which the subscription has moved: a later one outranks an older one that is still awaited.
pub(crate) fn in_force(moves: &[Option<Instant>], instant: Instant) -> Option<usize> {
    moves.iter().rposition(|moved| moved.is_some_and(|moved| moved <= instant))
}

/// When the subscription moves to each version; `None` if never.
pub(crate) fn moves(versions: &[EffectiveFrom], subscription: &Schedule) -> Result<Vec<Option<Instant>>, VersionError> {
    let start = subscription.start();
    if versions.first().is_none_or(|first| first.from > start) {
        return Err(VersionError::NoneYet { start });
    }
    let late = versions.iter().zip(versions.iter().skip(1)).position(|(before, after)| after.from <= before.from);
    if let Some(before) = late {
        return Err(VersionError::NotInOrder { index: before.saturating_add(1) });
    }
    versions.iter().map(|version| moved_at(version, subscription)).collect()
}

fn moved_at(version: &EffectiveFrom, subscription: &Schedule) -> Result<Option<Instant>, VersionError> {
    let from = version.from;
    if from <= subscription.start() {
        return Ok(Some(from));
    }
    if subscription.end().is_some_and(|end| from >= end) {
        return Ok(None);
    }
    Ok(match version.kept {
        OldPrice::NotKept => Some(from),
        OldPrice::UntilPeriodEnds => {
            let period = subscription.containing(from)?.period;
            Some(if period.start == from { from } else { period.end })
        }
        OldPrice::Until(instant) => Some(instant.max(from)),
        OldPrice::Forever => None,
    })
}

#[cfg(test)]
mod tests {
    use super::{EffectiveFrom, OldPrice, VersionError, version_at, versions_in};
    use crate::period::{Anchor, CalendarDuration, Clock, Cycle, FirstPeriod, Instant, Schedule, Subscribed, Zone};

    fn at(day: &str) -> Instant {
        format!("2026-{day}T00:00:00Z").parse().unwrap()
    }

    fn monthly(start: &str) -> Schedule {
        let every = CalendarDuration::parse("P1M").unwrap();
        let cycle = Cycle { every, anchor: Anchor::Start, first: FirstPeriod::NextBoundary, clock: Clock::Midnight };
        let zone = Zone::from_name("UTC").unwrap();
        cycle.schedule(Subscribed { start: at(start), end: None, zone }).unwrap()
    }

    fn version(from: &str, kept: OldPrice) -> EffectiveFrom {
        EffectiveFrom { from: at(from), kept }
    }

    #[test]
    fn each_rule_keeps_the_old_price_as_long_as_it_says() {
        // The subscription's periods begin on the 10th; the new price comes into force on 20 March.
        let table = [
            (OldPrice::NotKept, "03-19", "03-20"),
            (OldPrice::UntilPeriodEnds, "04-09", "04-10"),
            (OldPrice::Until(at("07-01")), "06-30", "07-01"),
            (OldPrice::Until(at("02-01")), "03-19", "03-20"),
        ];
        for (kept, last_old, first_new) in table {
            let versions = [version("01-01", OldPrice::NotKept), version("03-20", kept)];
            let found = |day| version_at(&versions, &monthly("01-10"), at(day)).unwrap();
            assert_eq!((found(last_old), found(first_new)), (0, 1), "{kept:?}");
            assert_eq!(version_at(&versions, &monthly("03-20"), at("03-20")), Ok(1), "a new subscription, {kept:?}");
        }
        let versions = [version("01-01", OldPrice::NotKept), version("03-20", OldPrice::Forever)];
        assert_eq!(version_at(&versions, &monthly("01-10"), at("12-31")), Ok(0));
    }

    #[test]
    fn a_price_that_comes_into_force_on_a_boundary_begins_with_that_period() {
        let versions = [version("01-01", OldPrice::NotKept), version("03-10", OldPrice::UntilPeriodEnds)];
        let found = |day| version_at(&versions, &monthly("01-10"), at(day)).unwrap();
        assert_eq!((found("03-09"), found("03-10")), (0, 1));
    }

    #[test]
    fn a_later_version_outranks_one_that_is_still_awaited() {
        let versions = [
            version("01-01", OldPrice::NotKept),
            version("02-01", OldPrice::Until(at("09-01"))),
            version("05-01", OldPrice::NotKept),
        ];
        let found = |day| version_at(&versions, &monthly("01-10"), at(day)).unwrap();
        assert_eq!((found("04-30"), found("05-01"), found("09-01")), (0, 2, 2));
    }

    #[test]
    fn a_price_change_in_the_middle_cuts_the_period() {
        let subscription = monthly("01-10");
        let versions = [version("01-01", OldPrice::NotKept), version("03-20", OldPrice::NotKept)];
        let period = subscription.containing(at("03-15")).unwrap().period;
        let parts = versions_in(&versions, &subscription, &period).unwrap();
        let seen: Vec<_> = parts.iter().map(|part| (part.period.start, part.period.end, part.version)).collect();
        assert_eq!(seen, [(at("03-10"), at("03-20"), 0), (at("03-20"), at("04-10"), 1)]);

        let kept = [versions[0], version("03-20", OldPrice::UntilPeriodEnds)];
        let parts = versions_in(&kept, &subscription, &period).unwrap();
        assert_eq!(parts.iter().map(|part| part.version).collect::<Vec<_>>(), [0]);
    }

    #[test]
    fn no_version_and_versions_out_of_order_are_refused_by_name() {
        let subscription = monthly("01-10");
        let early = Err(VersionError::NoneYet { start: at("01-10") });
        assert_eq!(version_at(&[], &subscription, at("02-01")), early);
        assert_eq!(version_at(&[version("01-11", OldPrice::NotKept)], &subscription, at("02-01")), early);
        let twice = [version("01-01", OldPrice::NotKept), version("01-01", OldPrice::NotKept)];
        assert_eq!(version_at(&twice, &subscription, at("02-01")), Err(VersionError::NotInOrder { index: 1 }));
    }
}
