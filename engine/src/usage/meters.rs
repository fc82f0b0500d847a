//! The meters of a book as counting needs them: shared by all counts of the book, which may outlive it.
//!
//! The one place that says which meters count an event and in which order; where they keep it is the counts' own affair.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::Calendar;
use super::meter::{Meter, MeterError};
use super::usage_event::UsageEvent;
use crate::catalog::{Book, counting_rules};
use crate::period::{Instant, Period};
use crate::proof::{canonical_json, sha256};

/// The meters and calendars of a book.
#[derive(Debug)]
pub struct Meters {
    pub(super) meters: Vec<Meter>,
    pub(super) calendars: Vec<Calendar>,
    kinds: Vec<Kind>,
    /// The place of each type of events among the kinds.
    by_kind: BTreeMap<String, usize>,
    fingerprint: OnceLock<String>,
    seal: OnceLock<u64>,
}

/// The places of the meters that count events of one type, in the book's order.
#[derive(Debug, Default)]
pub(super) struct Kind {
    places: Vec<usize>,
    /// Those that have to be asked before any of them counts: an event that one of them refuses is counted by none.
    asked_first: Vec<usize>,
}

/// A type of events, looked up once for all rows that have it. Belongs to meters of one fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventKind {
    /// None where no meter counts such events.
    place: Option<usize>,
    seal: u64,
}

/// Where an event lies, as seen from the period that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lies {
    Before,
    Inside,
    After,
}

/// Where an event is kept once it is known which meters count it.
pub(super) trait Keeps {
    /// Whether the meter's count needs events from before the period.
    fn wants_history(&self, place: usize, meter: &Meter) -> bool;

    /// Counts an event that the meter selects; `false` where the meter ignores it.
    fn keep<E: UsageEvent>(&mut self, place: usize, meter: &Meter, event: &E) -> Result<bool, MeterError>;
}

impl Lies {
    pub(super) fn of(time: Instant, period: &Period) -> Self {
        if time < period.start {
            return Self::Before;
        }
        if time < period.end { Self::Inside } else { Self::After }
    }
}

impl Meters {
    /// Those of a book.
    pub fn of(book: &Book) -> Arc<Self> {
        let (meters, calendars) = (book.meters.clone(), book.calendars.clone());
        let (mut kinds, mut by_kind) = (Vec::<Kind>::new(), BTreeMap::new());
        for (place, meter) in meters.iter().enumerate() {
            let at = *by_kind.entry(meter.event.clone()).or_insert(kinds.len());
            if kinds.len() <= at {
                kinds.push(Kind::default());
            }
            if let Some(kind) = kinds.get_mut(at) {
                kind.push(place, meter);
            }
        }
        for kind in &mut kinds {
            kind.settle();
        }
        Arc::new(Self { meters, calendars, kinds, by_kind, fingerprint: OnceLock::new(), seal: OnceLock::new() })
    }

    /// Looks a type of events up, for [`super::Crowd::add`].
    pub fn kind(&self, kind: &str) -> EventKind {
        EventKind { place: self.by_kind.get(kind).copied(), seal: self.seal() }
    }

    /// The meters that count events of this type; none where no meter does.
    #[inline]
    pub(super) fn of_kind(&self, kind: &str) -> Option<&Kind> {
        self.kinds.get(*self.by_kind.get(kind)?)
    }

    /// The same for a type that was looked up before. One that was looked up among other meters is looked up again.
    #[inline]
    pub(super) fn of_event(&self, kind: EventKind, seal: u64, event: &impl UsageEvent) -> Option<&Kind> {
        if kind.seal == seal { self.kinds.get(kind.place?) } else { self.of_kind(event.kind()) }
    }

    /// Counts an event in every meter that selects it, or in none where one of those cannot read it; returns how many
    /// did.
    #[inline]
    pub(super) fn count<E: UsageEvent>(
        &self,
        kind: &Kind,
        event: &E,
        lies: Lies,
        counts: &mut impl Keeps,
    ) -> Result<u32, MeterError> {
        for place in &kind.asked_first {
            if let Some(meter) = self.selecting(*place, event, lies, counts) {
                meter.read(event)?;
            }
        }
        let mut counted = 0_u32;
        for place in &kind.places {
            if let Some(meter) = self.selecting(*place, event, lies, counts)
                && counts.keep(*place, meter, event)?
            {
                counted = counted.saturating_add(1);
            }
        }
        Ok(counted)
    }

    /// The meter at this place if it selects the event.
    #[inline]
    fn selecting(&self, place: usize, event: &impl UsageEvent, lies: Lies, counts: &impl Keeps) -> Option<&Meter> {
        let meter = self.meters.get(place)?;
        let belongs = match lies {
            Lies::Inside => true,
            Lies::Before => counts.wants_history(place, meter),
            Lies::After => false,
        };
        (belongs && meter.filters_hold(event)).then_some(meter)
    }

    /// SHA-256 of all that decides what is counted, `sha256:` and 64 hexadecimal digits. Meters of the same fingerprint
    /// count alike; their names, units and the rounding of their quantities may differ.
    pub fn fingerprint(&self) -> &str {
        self.fingerprint
            .get_or_init(|| sha256(canonical_json(&counting_rules(&self.meters, &self.calendars)).as_bytes()))
    }

    /// The fingerprint's first 64 bits: compared for every row.
    pub(super) fn seal(&self) -> u64 {
        let first = || self.fingerprint().strip_prefix("sha256:")?.get(..16);
        *self.seal.get_or_init(|| first().and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or_default())
    }

    /// Whether counts by these meters and by those can become one.
    pub(super) fn count_like(&self, other: &Self) -> bool {
        std::ptr::eq(self, other) || self.fingerprint() == other.fingerprint()
    }
}

impl Kind {
    fn push(&mut self, place: usize, meter: &Meter) {
        self.places.push(place);
        if meter.may_refuse() {
            self.asked_first.push(place);
        }
    }

    /// The first meter may refuse while it counts, because none has counted before it.
    fn settle(&mut self) {
        if self.asked_first.iter().all(|place| self.places.first() == Some(place)) {
            self.asked_first.clear();
        }
    }
}
