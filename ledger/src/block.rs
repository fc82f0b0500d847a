//! Up to some thousand events of one month, sorted by customer and time, as two compressed columns of bytes.
//!
//! The first has customers and times, which is all that a profile over time needs; the second has the rest.

use std::borrow::Cow;

use hashbrown::HashMap;

use crate::bytes::{Bytes, length, put_number, put_signed, put_text};
use crate::changes::Change;
use crate::row::Row;

/// Events in a block.
pub(crate) const BLOCK_ROWS: usize = 4096;

const LEVEL: i32 = 1;

/// Sorted rows as a block.
pub(crate) fn pack(rows: &[Row<'_>]) -> std::io::Result<Vec<u8>> {
    let when = zstd::bulk::compress(&pack_when(rows), LEVEL)?;
    let what = zstd::bulk::compress(&pack_what(rows), LEVEL)?;
    let mut out = Vec::with_capacity(when.len().saturating_add(what.len()).saturating_add(8));
    put_number(&mut out, length(when.len()));
    out.extend_from_slice(&when);
    out.extend_from_slice(&what);
    Ok(out)
}

fn pack_when(rows: &[Row<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    let runs: Vec<&[Row<'_>]> = rows.chunk_by(|a, b| a.customer == b.customer).collect();
    put_number(&mut out, length(runs.len()));
    for run in &runs {
        put_text(&mut out, run.first().map_or("", |row| row.customer));
        put_number(&mut out, length(run.len()));
    }
    let mut before = 0;
    for row in rows {
        put_signed(&mut out, row.time_us.wrapping_sub(before));
        before = row.time_us;
    }
    out
}

fn pack_what(rows: &[Row<'_>]) -> Vec<u8> {
    let mut words = Words::default();
    let (mut out, mut texts) = (Vec::new(), Vec::new());
    let mut before = 0;
    for row in rows {
        put_signed(&mut out, row.received_us.wrapping_sub(before));
        before = row.received_us;
    }
    let mut before = 0;
    for row in rows {
        put_signed(&mut out, row.seq.wrapping_sub(before));
        before = row.seq;
    }
    for row in rows {
        put_number(&mut out, words.number(row.source));
    }
    for row in rows {
        put_number(&mut out, words.number(row.kind));
    }
    for row in rows {
        out.push(row.change.byte());
        if let Some(target) = row.change.target() {
            put_text(&mut texts, target);
        }
    }
    for row in rows {
        put_text(&mut texts, row.id);
    }
    for row in rows {
        put_text(&mut texts, &row.data);
    }
    let mut all = Vec::new();
    put_number(&mut all, length(words.list.len()));
    words.list.iter().for_each(|word| put_text(&mut all, word));
    all.extend_from_slice(&out);
    all.extend_from_slice(&texts);
    all
}

#[derive(Default)]
struct Words<'a> {
    list: Vec<&'a str>,
    numbers: HashMap<&'a str, u64, rustc_hash::FxBuildHasher>,
}

impl<'a> Words<'a> {
    fn number(&mut self, word: &'a str) -> u64 {
        *self.numbers.entry(word).or_insert_with(|| {
            self.list.push(word);
            length(self.list.len() - 1)
        })
    }
}

/// A block's bytes, taken out of their compression.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unpacked {
    when: Vec<u8>,
    what: Vec<u8>,
}

/// More than a block of the largest events can have.
const UNPACKED_BYTES_MAX: usize = 1 << 30;

impl Unpacked {
    /// The whole block.
    pub(crate) fn whole(body: &[u8]) -> Option<Self> {
        let (when, what) = split(body)?;
        Some(Self { when: unpack(when)?, what: unpack(what)? })
    }

    /// Customers and times only.
    pub(crate) fn when(body: &[u8]) -> Option<Self> {
        let (when, _) = split(body)?;
        Some(Self { when: unpack(when)?, what: Vec::new() })
    }

    /// The times of a customer, sorted.
    pub(crate) fn times(&self, customer: &str) -> Option<Vec<i64>> {
        let (runs, times) = read_when(&self.when)?;
        let mut begin = 0_usize;
        for (name, count) in runs {
            let end = begin.checked_add(count)?;
            if name == customer {
                return times.get(begin..end).map(<[i64]>::to_vec);
            }
            begin = end;
        }
        Some(Vec::new())
    }

    /// The times of every customer.
    pub(crate) fn all_times(&self) -> Option<Vec<i64>> {
        read_when(&self.when).map(|(_, times)| times)
    }

    /// Its events.
    pub(crate) fn rows(&self) -> Option<Vec<Row<'_>>> {
        let (runs, times) = read_when(&self.when)?;
        let mut bytes = Bytes(&self.what);
        let words = (0..bytes.size()?).map(|_| bytes.text()).collect::<Option<Vec<&str>>>()?;
        let count = times.len();
        let mut rows: Vec<Row<'_>> = Vec::with_capacity(count);
        let mut customers = runs.iter().flat_map(|(name, count)| std::iter::repeat_n(*name, *count));
        let mut received_us = 0_i64;
        for time_us in times {
            received_us = received_us.wrapping_add(bytes.signed()?);
            let customer = customers.next()?;
            let (seq, source, id, kind, data, change) = (0, "", "", "", Cow::Borrowed(""), Change::None);
            rows.push(Row { time_us, received_us, seq, customer, source, id, kind, data, change });
        }
        let mut seq = 0_i64;
        for row in &mut rows {
            seq = seq.wrapping_add(bytes.signed()?);
            row.seq = seq;
        }
        for row in &mut rows {
            row.source = words.get(bytes.size()?).copied()?;
        }
        for row in &mut rows {
            row.kind = words.get(bytes.size()?).copied()?;
        }
        let tags = bytes.take(count)?;
        for (row, tag) in rows.iter_mut().zip(tags) {
            row.change = Change::read(*tag, || bytes.text())?;
        }
        for row in &mut rows {
            row.id = bytes.text()?;
        }
        for row in &mut rows {
            row.data = Cow::Borrowed(bytes.text()?);
        }
        Some(rows)
    }
}

type When<'a> = (Vec<(&'a str, usize)>, Vec<i64>);

fn read_when(when: &[u8]) -> Option<When<'_>> {
    let mut bytes = Bytes(when);
    let runs = (0..bytes.size()?).map(|_| Some((bytes.text()?, bytes.size()?))).collect::<Option<Vec<_>>>()?;
    let count = runs.iter().try_fold(0_usize, |sum, (_, count)| sum.checked_add(*count))?;
    let mut before = 0_i64;
    let times = (0..count).map(|_| {
        before = before.wrapping_add(bytes.signed()?);
        Some(before)
    });
    let times = times.collect::<Option<Vec<i64>>>()?;
    Some((runs, times))
}

fn split(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut bytes = Bytes(body);
    let length = bytes.size()?;
    Some((bytes.take(length)?, bytes.0))
}

fn unpack(body: &[u8]) -> Option<Vec<u8>> {
    let size = zstd::zstd_safe::get_frame_content_size(body).ok()??;
    let size = usize::try_from(size).ok().filter(|size| *size <= UNPACKED_BYTES_MAX)?;
    zstd::bulk::decompress(body, size).ok()
}
