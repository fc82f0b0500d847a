//! Sorts the events of commits in memory: into blocks by month, customer and time, and their identities.
//!
//! What is moved about is small; an event's bytes are read again when its block is packed. Touches no database.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::bytes::Bytes;
use crate::error::LedgerError;
use crate::identity::{Content, Identity};
use crate::keys::Key;
use crate::load::StoredBatch;
use crate::row::Row;
use crate::segment::{NewBlock, NewSegment, new_block, pieces};
use crate::sort::month_of;

/// What is to be stored.
pub(crate) struct Arranged {
    pub(crate) segments: Vec<NewSegment>,
    pub(crate) keys: Vec<Key>,
}

/// An event, as far as it matters for where it belongs. Sorted in the order of its fields: events of one instant stay as
/// they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Slip {
    month: u16,
    /// The customer's place in the order of names.
    customer: u32,
    time_us: i64,
    batch: u32,
    begin: u32,
    length: u32,
}

/// Sorts the rows of batches into blocks by month, and their identities. Takes a while: not for a thread that answers.
pub(crate) fn arrange(batches: &[StoredBatch]) -> Result<Arranged, LedgerError> {
    let (mut slips, mut keys) = (Vec::new(), Vec::new());
    let mut names: HashMap<&str, u32, FxBuildHasher> = HashMap::default();
    for (batch, stored) in (0_u32..).zip(batches) {
        let mut bytes = Bytes(&stored.bytes);
        while let Some(place) = stored.bytes.len().checked_sub(bytes.0.len()).filter(|_| !bytes.0.is_empty()) {
            let rest = bytes.0;
            let row = Row::read(&mut bytes, (stored.seq, stored.received_us)).ok_or_else(|| stored.unreadable())?;
            let length = rest.len() - bytes.0.len();
            let month = u16::try_from(month_of(row.time_us)).unwrap_or(0);
            let content = Content::of_bytes(rest.get(..length).unwrap_or_default());
            keys.push(Key { identity: Identity::of(row.source, row.id), content, month });
            let number = u32::try_from(names.len()).map_err(|_| stored.unreadable())?;
            let customer = *names.entry(row.customer).or_insert(number);
            let small = |size: usize| u32::try_from(size).map_err(|_| stored.unreadable());
            let (begin, length) = (small(place)?, small(length)?);
            slips.push(Slip { month, customer, time_us: row.time_us, batch, begin, length });
        }
    }
    keys.sort_unstable_by_key(|key| key.identity);
    let order = order_of(&names);
    for slip in &mut slips {
        slip.customer = place_of(&order, slip.customer);
    }
    slips.sort_unstable();
    let of_month = slips.chunk_by(|a, b| a.month == b.month);
    let segments = of_month.map(|slips| segment(batches, slips)).collect::<Result<_, _>>()?;
    Ok(Arranged { segments, keys })
}

/// The place in the order of names, for each number that a name was given.
fn order_of(names: &HashMap<&str, u32, FxBuildHasher>) -> Vec<u32> {
    let mut sorted: Vec<(&str, u32)> = names.iter().map(|(name, number)| (*name, *number)).collect();
    sorted.sort_unstable();
    let mut order = vec![0; sorted.len()];
    for (place, (_, number)) in (0..).zip(sorted) {
        if let Some(slot) = usize::try_from(number).ok().and_then(|number| order.get_mut(number)) {
            *slot = place;
        }
    }
    order
}

fn place_of(order: &[u32], number: u32) -> u32 {
    usize::try_from(number).ok().and_then(|number| order.get(number)).copied().unwrap_or(u32::MAX)
}

fn segment(batches: &[StoredBatch], slips: &[Slip]) -> Result<NewSegment, LedgerError> {
    let size = |slip: &Slip| usize::try_from(slip.length).unwrap_or(usize::MAX);
    let pieces = pieces(slips, |a, b| a.customer == b.customer, size);
    let month = slips.first().map_or(0, |slip| slip.month.into());
    let blocks = pieces.into_iter().map(|slips| block(batches, slips)).collect::<Result<_, _>>()?;
    Ok(NewSegment { month, blocks })
}

fn block(batches: &[StoredBatch], slips: &[Slip]) -> Result<NewBlock, LedgerError> {
    let row = |slip: &Slip| {
        let missing = LedgerError::Unreadable { what: "batch of events", place: slip.batch.into() };
        let read = || {
            let stored = batches.get(usize::try_from(slip.batch).ok()?)?;
            let rest = stored.bytes.get(usize::try_from(slip.begin).ok()?..)?;
            Row::read(&mut Bytes(rest), (stored.seq, stored.received_us))
        };
        read().ok_or(missing)
    };
    let rows = slips.iter().map(row).collect::<Result<Vec<_>, _>>()?;
    new_block(&rows)
}

#[cfg(test)]
mod tests {
    use super::arrange;
    use crate::block::Unpacked;
    use crate::changes::Change;
    use crate::load::StoredBatch;
    use crate::row::Row;

    fn batch(seq: i64, events: &[(i64, &str, &str)]) -> StoredBatch {
        let mut bytes = Vec::new();
        for (time_us, customer, id) in events {
            let (source, kind, data, change) = ("/s", "k", "{}".into(), Change::None);
            let row = Row { time_us: *time_us, received_us: 0, seq, customer, source, id, kind, data, change };
            row.put(&mut bytes);
        }
        StoredBatch { seq, received_us: 7, bytes }
    }

    /// The start of February 1970.
    const FEBRUARY_US: i64 = 31 * 86_400_000_000;

    #[test]
    fn events_are_by_month_customer_and_time_and_as_they_came_where_these_are_the_same() {
        let first = batch(1, &[(FEBRUARY_US, "b", "1"), (5, "b", "2"), (9, "a", "4"), (9, "a", "3")]);
        let second = batch(2, &[(3, "c", "5"), (4, "b", "6"), (9, "a", "0")]);
        let arranged = arrange(&[first, second]).unwrap();
        let read = |month: usize| -> Vec<(String, i64)> {
            let segment = &arranged.segments[month];
            let blocks = segment.blocks.iter().map(|block| Unpacked::whole(&block.body).unwrap());
            blocks
                .flat_map(|block| {
                    block.rows().unwrap().iter().map(|row| (row.id.to_owned(), row.seq)).collect::<Vec<_>>()
                })
                .collect()
        };
        let named = |list: &[(&str, i64)]| list.iter().map(|(id, seq)| ((*id).to_owned(), *seq)).collect::<Vec<_>>();
        assert_eq!(arranged.segments.iter().map(|segment| segment.month).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(read(0), named(&[("4", 1), ("3", 1), ("0", 2), ("6", 2), ("2", 1), ("5", 2)]));
        assert_eq!(read(1), named(&[("1", 1)]));
        assert!(arranged.keys.is_sorted_by_key(|key| key.identity));
        assert_eq!(arranged.keys.iter().map(|key| u32::from(key.month)).sum::<u32>(), 1);
        assert_eq!(arranged.keys.len(), 7);
    }

    #[test]
    fn bytes_that_are_cut_are_told() {
        let mut cut = batch(3, &[(5, "a", "1")]);
        cut.bytes.pop();
        assert!(arrange(&[cut]).is_err());
    }
}
