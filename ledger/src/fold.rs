//! Makes one segment of several small ones of a month, so that a trickle of events does not leave thousands.
//!
//! The events stay as they are. Scans that run meanwhile go on with what they saw.

use std::sync::Arc;

use sqlx::AnyConnection;

use crate::block::Unpacked;
use crate::error::LedgerError;
use crate::index::Segment;
use crate::ledger::Shared;
use crate::merge::{FAN_IN, class};
use crate::place::Flip;
use crate::row::Row;
use crate::scan::block_body;
use crate::segment::{NewSegment, order, write_segment};

impl Shared {
    /// Folds until no month has many segments of about one size.
    pub(crate) async fn fold_segments(&self, connection: &mut AnyConnection) -> Result<(), LedgerError> {
        let room = self.limits.sort_events.saturating_mul(2);
        loop {
            let segments = Arc::clone(&self.index().segments);
            let Some(these) = crowded(&segments, room) else { return Ok(()) };
            self.fold(connection, &these).await?;
        }
    }

    async fn fold(&self, connection: &mut AnyConnection, these: &[Arc<Segment>]) -> Result<(), LedgerError> {
        let mut blocks = Vec::new();
        for segment in these {
            for head in &segment.blocks {
                let body = block_body(connection, segment.number, head.part).await?;
                blocks.push((segment.number, body));
            }
        }
        let month = these.first().map_or(0, |segment| segment.month);
        let last_seq = these.iter().map(|segment| segment.last_seq).max().unwrap_or(0);
        let folded = tokio::task::spawn_blocking(move || together(month, &blocks));
        let folded = folded.await.map_err(|_| LedgerError::Closed)??;
        let number = write_segment(self, connection, &folded, last_seq).await?;
        let old: Vec<i64> = these.iter().map(|segment| segment.number).collect();
        self.put_in_place(connection, Flip { segments_in: &[number], segments_out: &old, ..Flip::default() }).await
    }
}

/// The smallest segments of a month of which there are many of about one size, if they fit into memory together.
fn crowded(segments: &[Arc<Segment>], room: u64) -> Option<Vec<Arc<Segment>>> {
    // They are in the order of months.
    segments.chunk_by(|a, b| a.month == b.month).find_map(|of_month| {
        let mut by_size: Vec<Arc<Segment>> = of_month.to_vec();
        by_size.sort_by_key(|segment| segment.events);
        let same = by_size.chunk_by(|a, b| class(a.events) == class(b.events));
        let mut smallest = same.filter_map(|same| same.get(..FAN_IN));
        smallest.find(|these| these.iter().map(|segment| segment.events).sum::<u64>() <= room).map(<[_]>::to_vec)
    })
}

/// One segment of the events of all blocks. Takes a while: not for a thread that answers.
fn together(month: i64, blocks: &[(i64, Vec<u8>)]) -> Result<NewSegment, LedgerError> {
    let unreadable = |place: i64| LedgerError::Unreadable { what: "block of events", place };
    let unpacked = blocks.iter().map(|(place, body)| Ok((*place, Unpacked::whole(body).ok_or(unreadable(*place))?)));
    let unpacked = unpacked.collect::<Result<Vec<_>, LedgerError>>()?;
    let mut rows: Vec<Row<'_>> = Vec::new();
    for (place, block) in &unpacked {
        rows.extend(block.rows().ok_or(unreadable(*place))?);
    }
    rows.sort_unstable_by(|a, b| order(a).cmp(&order(b)));
    NewSegment::of(month, &rows)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::crowded;
    use crate::index::Segment;

    fn segments(sizes: &[(i64, u64)]) -> Vec<Arc<Segment>> {
        let segment = |(number, (month, events)): (i64, &(i64, u64))| {
            let (month, events) = (*month, *events);
            Arc::new(Segment { number, month, events, bytes: 0, last_seq: number, blocks: Vec::new() })
        };
        (0..).zip(sizes).map(segment).collect()
    }

    fn chosen(sizes: &[(i64, u64)], room: u64) -> Option<Vec<i64>> {
        crowded(&segments(sizes), room).map(|these| these.iter().map(|segment| segment.number).collect())
    }

    #[test]
    fn eight_small_segments_of_one_month_are_folded_seven_are_not() {
        assert_eq!(chosen(&[(1, 5); 7], 1000), None);
        assert_eq!(chosen(&[(1, 5); 8], 1000), Some((0..8).collect()));
        let two_months: Vec<_> = [(1, 5); 7].into_iter().chain([(2, 5); 7]).collect();
        assert_eq!(chosen(&two_months, 1000), None);
    }

    #[test]
    fn segments_of_another_size_stay() {
        let mut sizes = vec![(1, 900)];
        sizes.extend([(1, 1); 8]);
        assert_eq!(chosen(&sizes, 10_000), Some((1..9).collect()));
    }

    #[test]
    fn what_does_not_fit_into_memory_together_stays() {
        assert_eq!(chosen(&[(1, 5); 8], 39), None);
        assert_eq!(chosen(&[(1, 5); 8], 40), Some((0..8).collect()));
    }
}
