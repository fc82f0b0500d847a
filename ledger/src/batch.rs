//! A commit's events as one value of the database: rows one after another, lightly compressed.

use crate::bytes::Bytes;
use crate::row::Row;

/// A batch as it is stored.
pub(crate) fn pack(rows: &[u8]) -> Vec<u8> {
    lz4_flex::compress_prepend_size(rows)
}

/// The rows of a stored batch, unpacked. `None` where the bytes are not what was put there.
pub(crate) fn unpack(body: &[u8]) -> Option<Vec<u8>> {
    lz4_flex::decompress_size_prepended(body).ok()
}

/// The rows of an unpacked batch; `commit` is its number and when it was received.
pub(crate) fn rows(bytes: &[u8], commit: (i64, i64)) -> Option<Vec<Row<'_>>> {
    let mut bytes = Bytes(bytes);
    let mut rows = Vec::new();
    while !bytes.0.is_empty() {
        rows.push(Row::read(&mut bytes, commit)?);
    }
    Some(rows)
}
