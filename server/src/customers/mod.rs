//! Who is billed: their name, and the plan they are on.
//!
//! A customer appears with the first event; a plan is assigned by the operator.

pub mod flow;
pub mod remembered;
pub mod routes;
pub mod store;
