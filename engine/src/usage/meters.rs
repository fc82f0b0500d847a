//! The meters of a book as counting needs them: shared by all counts of the book, which may outlive it.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::{Calendar, Meter};
use crate::catalog::{Book, counting_rules};
use crate::proof::{canonical_json, sha256};

/// The meters and calendars of a book.
#[derive(Debug)]
pub struct Meters {
    pub(super) meters: Vec<Meter>,
    pub(super) calendars: Vec<Calendar>,
    /// The places of the meters that count events of a type.
    by_kind: BTreeMap<String, Vec<usize>>,
    fingerprint: OnceLock<String>,
}

impl Meters {
    /// Those of a book.
    pub fn of(book: &Book) -> Arc<Self> {
        let mut by_kind: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (place, meter) in book.meters.iter().enumerate() {
            by_kind.entry(meter.event.clone()).or_default().push(place);
        }
        let (meters, calendars) = (book.meters.clone(), book.calendars.clone());
        Arc::new(Self { meters, calendars, by_kind, fingerprint: OnceLock::new() })
    }

    /// The places of the meters that count events of this type, in the book's order; none where no meter does.
    #[inline]
    pub(super) fn of_kind(&self, kind: &str) -> &[usize] {
        self.by_kind.get(kind).map_or(&[], Vec::as_slice)
    }

    /// SHA-256 of all that decides what is counted, `sha256:` and 64 hexadecimal digits. Meters of the same fingerprint
    /// count alike; their names, units and the rounding of their quantities may differ.
    pub fn fingerprint(&self) -> &str {
        self.fingerprint
            .get_or_init(|| sha256(canonical_json(&counting_rules(&self.meters, &self.calendars)).as_bytes()))
    }
}
