//! Whether what a day's books say came in is what is stored, source by source.
//!
//! Looks and compares; mends nothing. A closed day keeps its figures, so that later audits are held against them too.

pub mod flow;
pub mod routes;
pub mod store;
