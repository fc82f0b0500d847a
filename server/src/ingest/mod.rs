//! Usage comes in: read, checked, told from what was there before, and kept.
//!
//! Nothing accepted is lost, nothing refused goes unexplained; an event counts once.

pub mod answers;
pub mod encoding;
pub mod envelope;
pub mod flow;
pub mod formats;
pub mod lines;
pub mod read;
pub mod routes;
pub mod store;
pub mod stream;
pub use intake::strict;
