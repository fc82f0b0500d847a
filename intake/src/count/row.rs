//! A row of a batch as meters see it, without making an event of it.

use engine::period::Instant;
use engine::usage::{FieldValue, UsageEvent};

use super::by_column::Batch;
use super::columns::Data;

/// A row of a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'b> {
    pub(super) batch: &'b Batch<'b>,
    pub(super) row: usize,
    pub(super) kind: &'b str,
    pub(super) time_us: i64,
}

impl UsageEvent for Row<'_> {
    fn source(&self) -> &str {
        self.batch.source
    }

    fn id(&self) -> &str {
        self.batch.id(self.row).unwrap_or_default()
    }

    fn kind(&self) -> &str {
        self.kind
    }

    fn time(&self) -> Instant {
        // The rule has refused times outside of the calendar.
        Instant::from_timestamp_micros(self.time_us).unwrap_or_default()
    }

    #[inline]
    fn time_us(&self) -> i64 {
        self.time_us
    }

    #[inline]
    fn field(&self, name: &str) -> FieldValue<'_> {
        match self.batch.data.iter().find(|(known, _)| *known == name) {
            None => FieldValue::Missing,
            Some((_, Data::Whole(values))) => {
                values.get(self.row).map_or(FieldValue::Missing, |value| FieldValue::Whole(*value))
            }
            Some((_, Data::Values(lane))) => FieldValue::from(lane.of(self.row).and_then(Option::as_ref)),
        }
    }
}
