//! Price books as they are kept: published once, never changed, found by id and day.

pub mod flow;
pub mod routes;
pub mod store;
