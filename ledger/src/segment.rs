//! Segments: sorted events of a month as blocks, made in memory and stored. Never puts anything in place.

use sqlx::AnyConnection;

use crate::block::{self, BLOCK_ROWS};
use crate::error::LedgerError;
use crate::ledger::Shared;
use crate::row::Row;
use crate::state;

/// A block that is ready to be stored.
#[derive(Debug)]
pub(crate) struct NewBlock {
    customer: String,
    last_customer: String,
    start_us: i64,
    end_us: i64,
    events: i64,
    pub(crate) body: Vec<u8>,
}

/// The blocks of a month.
#[derive(Debug)]
pub(crate) struct NewSegment {
    pub(crate) month: i64,
    pub(crate) blocks: Vec<NewBlock>,
}

/// Bytes of a block before compression, about.
const BLOCK_BYTES: usize = 4 << 20;

impl NewSegment {
    /// The blocks of events that are sorted.
    pub(crate) fn of(month: i64, rows: &[Row<'_>]) -> Result<Self, LedgerError> {
        let pieces = pieces(rows, |a, b| a.customer == b.customer, |row| row.id.len() + row.data.len() + 16);
        let blocks = pieces.into_iter().map(new_block).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { month, blocks })
    }
}

/// How events of a month are sorted.
pub(crate) fn order<'r>(row: &'r Row<'_>) -> (&'r str, i64, &'r str, &'r str) {
    (row.customer, row.time_us, row.source, row.id)
}

/// Cuts sorted events so that no block has too many events or bytes, and a customer with many has blocks of their own.
pub(crate) fn pieces<T>(sorted: &[T], same_customer: impl Fn(&T, &T) -> bool, size: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let mut pieces = Vec::new();
    let (mut begin, mut bytes) = (0, 0_usize);
    let mut place = 0;
    for customer in sorted.chunk_by(same_customer) {
        // A customer who fills half a block does not share it.
        if customer.len() * 2 >= BLOCK_ROWS && place > begin {
            pieces.push((begin, place));
            (begin, bytes) = (place, 0);
        }
        for event in customer {
            if place - begin >= BLOCK_ROWS || bytes >= BLOCK_BYTES {
                pieces.push((begin, place));
                (begin, bytes) = (place, 0);
            }
            bytes = bytes.saturating_add(size(event));
            place += 1;
        }
        if customer.len() * 2 >= BLOCK_ROWS {
            pieces.push((begin, place));
            (begin, bytes) = (place, 0);
        }
    }
    if place > begin {
        pieces.push((begin, place));
    }
    pieces.into_iter().filter_map(|(begin, end)| sorted.get(begin..end)).collect()
}

pub(crate) fn new_block(rows: &[Row<'_>]) -> Result<NewBlock, LedgerError> {
    let failed = |_| LedgerError::Unreadable { what: "block of events", place: 0 };
    Ok(NewBlock {
        customer: rows.first().map_or("", |row| row.customer).to_owned(),
        last_customer: rows.last().map_or("", |row| row.customer).to_owned(),
        start_us: rows.iter().map(|row| row.time_us).min().unwrap_or(0),
        end_us: rows.iter().map(|row| row.time_us).max().unwrap_or(0),
        events: i64::try_from(rows.len()).unwrap_or(i64::MAX),
        body: block::pack(rows).map_err(failed)?,
    })
}

/// Blocks in one transaction: few, as commits wait for it.
const BLOCKS_PER_COMMIT: usize = 4;

/// Stores a segment's blocks, not yet in place. Returns its number.
pub(crate) async fn write_segment(
    shared: &Shared,
    connection: &mut AnyConnection,
    segment: &NewSegment,
    last_seq: i64,
) -> Result<i64, LedgerError> {
    let turn = shared.turn().await;
    let mut tx = sqlx::Connection::begin(&mut *connection).await?;
    let number = state::next(&mut tx, "segment").await?;
    let events: i64 = segment.blocks.iter().map(|block| block.events).sum();
    let bytes: usize = segment.blocks.iter().map(|block| block.body.len()).sum();
    let insert = "INSERT INTO event_segments (segment, month, events, bytes, last_seq, live) \
                  VALUES ($1, $2, $3, $4, $5, 0)";
    sqlx::query(insert)
        .bind(number)
        .bind(segment.month)
        .bind(events)
        .bind(i64::try_from(bytes).unwrap_or(i64::MAX))
        .bind(last_seq)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    drop(turn);
    let mut part = 0_i64;
    for blocks in segment.blocks.chunks(BLOCKS_PER_COMMIT) {
        let _turn = shared.turn().await;
        let mut tx = sqlx::Connection::begin(&mut *connection).await?;
        for block in blocks {
            let insert = "INSERT INTO event_blocks \
                          (segment, part, customer, last_customer, start_us, end_us, events, body) \
                          VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
            sqlx::query(insert)
                .bind(number)
                .bind(part)
                .bind(block.customer.as_str())
                .bind(block.last_customer.as_str())
                .bind(block.start_us)
                .bind(block.end_us)
                .bind(block.events)
                .bind(block.body.as_slice())
                .execute(&mut *tx)
                .await?;
            part += 1;
        }
        tx.commit().await?;
    }
    Ok(number)
}
