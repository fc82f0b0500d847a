//! Runs of sorted identities in the database, each behind a filter in memory that knows nearly all that are not in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;
use parquet::bloom_filter::Sbbf;
use rustc_hash::FxBuildHasher;
use sqlx::{AnyConnection, Row as _};

use crate::error::LedgerError;
use crate::front::View;
use crate::identity::{Content, Identity};
use crate::keys;

/// A run that can be asked.
pub(crate) struct Run {
    pub(crate) number: i64,
    pub(crate) bits: u32,
    pub(crate) keys: u64,
    pub(crate) filter: Filter,
}

/// Contents by identity.
pub(crate) type Contents = HashMap<Identity, Content, FxBuildHasher>;

/// Tells most identities that are not in a run. All bits of one lie in one line of the processor's cache, so that asking
/// many runs, and filling a large filter, waits for memory once and not ten times. The filter is the one of Parquet files.
#[derive(Debug)]
pub(crate) struct Filter(Sbbf);

/// Bits of a filter for each key: about three in ten thousand strangers are not told at once.
const FILTER_BITS: u64 = 20;
/// The bits of one identity lie in so many bytes.
const FILTER_BLOCK_BYTES: usize = 32;
/// A stored filter begins like this. What begins otherwise was stored by a program that knew another kind, and is not used.
const FILTER_HEAD: &[u8; 8] = b"sbbf-001";

impl Filter {
    /// With room for so many keys.
    pub(crate) fn empty(keys: u64) -> Self {
        let bytes = usize::try_from(keys.saturating_mul(FILTER_BITS).div_ceil(8)).unwrap_or(usize::MAX / 2);
        Self(Sbbf::new(&vec![0; bytes.max(1).next_multiple_of(FILTER_BLOCK_BYTES)]))
    }

    pub(crate) fn insert(&mut self, identity: Identity) {
        self.0.insert(&identity.low());
    }

    /// Whether the identity may be in the run; certainly if it is.
    pub(crate) fn may_have(&self, identity: Identity) -> bool {
        self.0.check(&identity.low())
    }

    /// What it takes of memory.
    pub(crate) fn bytes(&self) -> usize {
        self.0.num_blocks().saturating_mul(FILTER_BLOCK_BYTES)
    }

    /// As bytes, cut into pieces that a database takes.
    pub(crate) fn pieces(&self) -> Vec<Vec<u8>> {
        const PIECE_BYTES: usize = 1 << 22;
        let mut bytes = FILTER_HEAD.to_vec();
        // Memory takes whatever is written to it.
        let _ = self.0.write_bitset(&mut bytes);
        bytes.chunks(PIECE_BYTES).map(<[u8]>::to_vec).collect()
    }

    /// From its pieces. Where none are stored that can be used, everything may be there.
    pub(crate) fn from_pieces(pieces: &[Vec<u8>]) -> Self {
        let bytes = pieces.concat();
        match bytes.strip_prefix(FILTER_HEAD) {
            Some(bits) if !bits.is_empty() => Self(Sbbf::new(bits)),
            Some(_) | None => Self(Sbbf::new(&[u8::MAX; FILTER_BLOCK_BYTES])),
        }
    }
}

/// The contents of those identities that are in one of the runs. Those that the front covers are asked only for what it
/// does not tell.
pub(crate) async fn find(
    connection: &mut AnyConnection,
    (runs, front): (&[Arc<Run>], &View),
    identities: &[Identity],
) -> Result<Contents, LedgerError> {
    let mut found = Contents::default();
    let found_by_front = identities.iter().zip(front.may_have(identities));
    let suspects: Vec<Identity> = found_by_front.filter(|(_, found)| *found).map(|(identity, _)| *identity).collect();
    for run in runs {
        let identities = if front.covers(run) { &suspects } else { identities };
        let mut parts: BTreeMap<usize, Vec<Identity>> = BTreeMap::new();
        for identity in identities {
            if run.filter.may_have(*identity) {
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
        runs.push(Arc::new(Run { number, bits, keys, filter: Filter::from_pieces(&pieces) }));
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
    use super::Filter;
    use crate::identity::Identity;

    fn identity(n: u64) -> Identity {
        Identity::of("test", &n.to_string())
    }

    #[test]
    fn a_stored_filter_still_knows_what_was_put_in() {
        let mut filter = Filter::empty(1000);
        (0..1000).for_each(|n| filter.insert(identity(n)));
        let again = Filter::from_pieces(&filter.pieces());
        assert!((0..1000).all(|n| again.may_have(identity(n))));
        let wrong = (1000..101_000).filter(|n| again.may_have(identity(*n)));
        assert!(wrong.count() < 200, "a filter that lets too many pass");
    }

    #[test]
    fn a_filter_that_is_not_there_or_of_another_kind_lets_everything_pass() {
        for pieces in [vec![], vec![vec![0; 64]], vec![b"sbbf-001".to_vec()]] {
            assert!((0..100).all(|n| Filter::from_pieces(&pieces).may_have(identity(n))));
        }
    }
}
