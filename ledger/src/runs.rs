//! Runs of sorted identities in the database, each behind a filter in memory that knows nearly all that are not in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use fastbloom::BloomFilter;
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use sqlx::{AnyConnection, Row as _};

use crate::error::LedgerError;
use crate::identity::{Content, Identity};
use crate::keys;

/// A run that can be asked.
pub(crate) struct Run {
    pub(crate) number: i64,
    pub(crate) bits: u32,
    pub(crate) keys: u64,
    pub(crate) filter: BloomFilter,
}

/// Contents by identity.
pub(crate) type Contents = HashMap<Identity, Content, FxBuildHasher>;

/// Bits of a filter for each key: about one in ten thousand strangers is not told at once.
const FILTER_BITS: u64 = 20;
const FILTER_HASHES: u32 = 10;

/// A filter with room for so many keys.
pub(crate) fn empty_filter(keys: u64) -> BloomFilter {
    let words = keys.saturating_mul(FILTER_BITS).div_ceil(64).max(1);
    BloomFilter::from_vec(vec![0; usize::try_from(words).unwrap_or(1)]).seed(&0).hashes(FILTER_HASHES)
}

/// The filter as bytes, cut into pieces that a database takes.
pub(crate) fn filter_pieces(filter: &BloomFilter) -> Vec<Vec<u8>> {
    const WORDS: usize = 1 << 19;
    filter.as_slice().chunks(WORDS).map(|words| words.iter().flat_map(|word| word.to_le_bytes()).collect()).collect()
}

/// The filter from its pieces.
pub(crate) fn filter_from(pieces: &[Vec<u8>]) -> BloomFilter {
    let words = pieces.iter().flat_map(|piece| piece.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes)));
    let mut words: Vec<u64> = words.collect();
    if words.is_empty() {
        // No filter is stored: everything may be there.
        words.push(u64::MAX);
    }
    BloomFilter::from_vec(words).seed(&0).hashes(FILTER_HASHES)
}

/// The contents of those identities that are in one of the runs.
pub(crate) async fn find(
    connection: &mut AnyConnection,
    runs: &[Arc<Run>],
    identities: &[Identity],
) -> Result<Contents, LedgerError> {
    let mut found = Contents::default();
    for run in runs {
        let mut parts: BTreeMap<usize, Vec<Identity>> = BTreeMap::new();
        for identity in identities {
            if run.filter.contains_hash(identity.low()) {
                parts.entry(identity.part(run.bits)).or_default().push(*identity);
            }
        }
        for (part, wanted) in parts {
            let body = part_of(connection, run.number, part).await?;
            found.extend(wanted.into_iter().filter_map(|identity| Some((identity, keys::find(&body, identity)?))));
        }
    }
    Ok(found)
}

/// The bytes of a part; empty where the run has no key in it.
pub(crate) async fn part_of(connection: &mut AnyConnection, run: i64, part: usize) -> Result<Vec<u8>, LedgerError> {
    let select = "SELECT body FROM event_keys WHERE run = $1 AND part = $2";
    let part = i64::try_from(part).unwrap_or(i64::MAX);
    let row = sqlx::query(select).bind(run).bind(part).fetch_optional(connection).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?.unwrap_or_default())
}

/// All runs that are in place.
pub(crate) async fn load(connection: &mut AnyConnection, known: &[Arc<Run>]) -> Result<Vec<Arc<Run>>, LedgerError> {
    let select = "SELECT run, bits, keys FROM event_key_runs WHERE live = 1 ORDER BY run";
    let rows = sqlx::query(select).fetch_all(&mut *connection).await?;
    let mut runs = Vec::new();
    for row in rows {
        let number: i64 = row.try_get(0)?;
        if let Some(run) = known.iter().find(|run| run.number == number) {
            runs.push(Arc::clone(run));
            continue;
        }
        let unreadable = |_| LedgerError::Unreadable { what: "key run", place: number };
        let bits = u32::try_from(row.try_get::<i64, _>(1)?).map_err(unreadable)?;
        let keys = u64::try_from(row.try_get::<i64, _>(2)?).map_err(unreadable)?;
        let select = "SELECT body FROM event_filters WHERE run = $1 ORDER BY shard";
        let pieces = sqlx::query(select).bind(number).fetch_all(&mut *connection).await?;
        let pieces = pieces.iter().map(|row| row.try_get(0)).collect::<Result<Vec<Vec<u8>>, _>>()?;
        runs.push(Arc::new(Run { number, bits, keys, filter: filter_from(&pieces) }));
    }
    Ok(runs)
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("number", &self.number).field("keys", &self.keys).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{empty_filter, filter_from, filter_pieces};

    #[test]
    fn a_stored_filter_still_knows_what_was_put_in() {
        let mut filter = empty_filter(1000);
        for n in 0..1000_u64 {
            filter.insert_hash(n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        }
        let again = filter_from(&filter_pieces(&filter));
        assert!((0..1000_u64).all(|n| again.contains_hash(n.wrapping_mul(0x9e37_79b9_7f4a_7c15))));
        let wrong = (1000..101_000_u64).filter(|n| again.contains_hash(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        assert!(wrong.count() < 200, "a filter that lets too many pass");
    }

    #[test]
    fn a_filter_that_is_not_there_lets_everything_pass() {
        assert!((0..100_u64).all(|n| filter_from(&[]).contains_hash(n)));
    }
}
