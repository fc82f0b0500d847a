//! What a customer has used: their events of a period, counted by a book's meters.

pub mod flow;
pub mod routes;
pub mod store;
