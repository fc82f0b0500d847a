//! What was refused is kept until somebody repairs, replays or dismisses it.
//!
//! History is never rewritten: what is taken in from here goes the way of every event, and the entry stays as it came.

pub mod flow;
pub mod routes;
pub mod store;
