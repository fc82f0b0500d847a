//! What meters need of an event, whatever it is kept in: an [`Event`], a row of columns, a record of a block.
//!
//! Never decides anything: which events count and what they bring is said once, by the meters.

use super::event::Event;
use super::field::FieldValue;
use crate::period::Instant;

/// Something that happened, as meters see it.
pub trait UsageEvent {
    /// Who reports it; with `id` the event's identity.
    fn source(&self) -> &str;
    /// Unique within the source.
    fn id(&self) -> &str;
    /// What kind of event it is.
    fn kind(&self) -> &str;
    /// When it happened.
    fn time(&self) -> Instant;
    /// The same in microseconds since 1970-01-01T00:00:00Z, rounded down. Rows that keep these say them directly.
    #[inline]
    fn time_us(&self) -> i64 {
        self.time().timestamp_micros()
    }
    /// What stands in a field of its data.
    fn field(&self, name: &str) -> FieldValue<'_>;
}

impl UsageEvent for Event {
    fn source(&self) -> &str {
        &self.source
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn kind(&self) -> &str {
        &self.kind
    }

    fn time(&self) -> Instant {
        self.time
    }

    fn field(&self, name: &str) -> FieldValue<'_> {
        FieldValue::from(self.data.get(name))
    }
}
