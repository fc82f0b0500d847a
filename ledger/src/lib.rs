//! Keeps usage events: each once, findable to the second, countable.
//!
//! The way of an event: [`Ledger::append`] → one commit for all who wait (`writer`) → a row of `event_batches` → sorted in
//! the background into compressed blocks by month, customer and time (`sort`) → [`Ledger::scan`]. Identities are known
//! for good (`known`, `runs`). Never prices anything, never asks for the time.

mod arrange;
mod batch;
mod begin;
mod block;
mod bytes;
mod changes;
mod checkpoint;
mod counts;
mod days;
mod error;
mod fold;
mod front;
mod identity;
mod index;
mod keys;
mod ledger;
mod load;
mod merge;
mod place;
mod retention;
mod row;
mod runs;
mod scan;
mod segment;
mod sort;
mod state;
mod stats;
mod tables;
mod writer;

pub use begin::begin;
pub use changes::{Change, Changed};
pub use counts::{HeldCount, SavedCount};
pub use days::{DayCount, DayTotals, SourceTotals};
pub use error::LedgerError;
pub use ledger::{Committed, Ledger, Limits, Turn};
pub use retention::{DropError, month_span};
pub use row::Row;
pub use scan::{Found, Place, Query};
pub use sort::Sorted;
pub use stats::{MonthSize, Outcomes, SOURCES_MAX, Spread, Stats};
pub use tables::{Backend, SQLITE_PRAGMAS, tables};
pub use writer::{Incoming, Kept};
