//! Identities of stored events in sorted parts, 26 bytes each: identity, content, month.
//!
//! Identities are evenly spread, so the first bits say in which part one lies, and no directory is needed.

use crate::identity::{Content, Identity};

/// What is remembered of a stored event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) identity: Identity,
    pub(crate) content: Content,
    /// Months since 1970: a month that is dropped takes its identities with it.
    pub(crate) month: u16,
}

const KEY_BYTES: usize = 26;

/// About so many keys are in a part.
const PART_KEYS: u64 = 1024;

/// How many first bits choose the part, for so many keys.
pub(crate) fn bits_for(keys: u64) -> u32 {
    (keys / PART_KEYS).checked_ilog2().unwrap_or(0)
}

/// Appends a key to a part.
pub(crate) fn put(out: &mut Vec<u8>, key: &Key) {
    out.extend_from_slice(&key.identity.0.to_be_bytes());
    out.extend_from_slice(&key.content.0.to_be_bytes());
    out.extend_from_slice(&key.month.to_be_bytes());
}

/// The keys of a part, in order.
pub(crate) fn read(body: &[u8]) -> impl Iterator<Item = Key> {
    body.as_chunks::<KEY_BYTES>().0.iter().map(key)
}

/// The content that is stored under an identity.
pub(crate) fn find(body: &[u8], identity: Identity) -> Option<Content> {
    let (keys, _) = body.as_chunks::<KEY_BYTES>();
    let place = keys.binary_search_by(|bytes| key(bytes).identity.cmp(&identity)).ok()?;
    keys.get(place).map(|bytes| key(bytes).content)
}

fn key(bytes: &[u8; KEY_BYTES]) -> Key {
    let (mut identity, mut content, mut month) = ([0; 16], [0; 8], [0; 2]);
    let (first, rest) = bytes.split_at(16);
    let (second, third) = rest.split_at(8);
    identity.copy_from_slice(first);
    content.copy_from_slice(second);
    month.copy_from_slice(third);
    Key {
        identity: Identity(u128::from_be_bytes(identity)),
        content: Content(u64::from_be_bytes(content)),
        month: u16::from_be_bytes(month),
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, bits_for, find, put, read};
    use crate::identity::{Content, Identity};

    #[test]
    fn every_key_of_a_part_is_found_and_no_other() {
        let keys: Vec<Key> = (1..=9_u16)
            .map(|n| Key { identity: Identity(u128::from(n) << 100), content: Content(n.into()), month: n })
            .collect();
        let mut body = Vec::new();
        keys.iter().for_each(|key| put(&mut body, key));
        assert_eq!(read(&body).collect::<Vec<_>>(), keys);
        assert!(keys.iter().all(|key| find(&body, key.identity) == Some(key.content)));
        assert_eq!(find(&body, Identity(3)), None);
    }

    #[test]
    fn parts_double_with_the_keys() {
        assert_eq!([0, 1024, 2047, 2048, 1 << 20].map(bits_for), [0, 0, 0, 1, 10]);
    }
}
