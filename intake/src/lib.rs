//! Reads usage from what people have (log lines, tables, files of events) and brings it to Ratecard.
//!
//! Knows no price and no database; `count` counts by meters that it is handed. What it cannot read it refuses by name, with
//! the place; it never guesses.

pub mod cloud_event;
pub mod collect;
pub mod combined;
pub mod count;
pub mod files;
pub mod json;
pub mod line_problem;
pub mod mapping;
mod number;
pub mod occurrences;
pub mod record;
pub mod strict;
pub mod time;

pub use line_problem::LineProblem;
pub use mapping::Mapping;
