//! Who reports usage, and how well: when each source was last heard, how its clock goes, which of its batches are missing.

pub mod flow;
pub mod routes;
pub mod store;
