//! Files of usage: logs, CloudEvents, tables as text and Parquet, plain or compressed, read as a stream in bounded memory.
//!
//! A line that cannot be read is told with its number and passed by; it never stops the reading of the others.

mod csv_rows;
mod error;
mod events;
mod line_rule;
mod lines;
mod parquet_rows;
mod parquet_value;
mod unpack;

pub use error::FileError;
pub use events::{Events, Item, Outcome, Reading};
pub use line_rule::read_line;
pub(crate) use line_rule::too_long;
pub use lines::{LINE_BYTES_MAX, Line, Lines};
pub(crate) use parquet_rows::float;
pub(crate) use parquet_value::{Kind, kind};

#[cfg(test)]
mod tests;
