//! The meters of a book as counting needs them: shared by all counts of the book, which may outlive it.

use std::sync::{Arc, OnceLock};

use super::{Calendar, Meter};
use crate::catalog::{Book, counting_rules};
use crate::proof::{canonical_json, sha256};

/// The meters and calendars of a book.
#[derive(Debug)]
pub struct Meters {
    pub(super) meters: Vec<Meter>,
    pub(super) calendars: Vec<Calendar>,
    fingerprint: OnceLock<String>,
}

impl Meters {
    /// Those of a book.
    pub fn of(book: &Book) -> Arc<Self> {
        let fingerprint = OnceLock::new();
        Arc::new(Self { meters: book.meters.clone(), calendars: book.calendars.clone(), fingerprint })
    }

    /// SHA-256 of all that decides what is counted, `sha256:` and 64 hexadecimal digits. Meters of the same fingerprint
    /// count alike; their names, units and the rounding of their quantities may differ.
    pub fn fingerprint(&self) -> &str {
        self.fingerprint
            .get_or_init(|| sha256(canonical_json(&counting_rules(&self.meters, &self.calendars)).as_bytes()))
    }
}
