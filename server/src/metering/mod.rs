//! What a customer has used: their events of a period, counted by a book's meters.

pub mod ahead;
pub mod count;
pub mod counters;
pub mod flow;
pub mod follow;
pub mod newcomers;
pub mod quota;
pub mod routes;
pub mod stood;
pub mod store;
