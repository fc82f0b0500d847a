//! Corrections: what becomes of events, voids and amends that came after their month's invoice was issued.
//!
//! What was issued is never touched; a correction is a document of its own, with a number of the same row.

pub mod flow;
pub mod store;
