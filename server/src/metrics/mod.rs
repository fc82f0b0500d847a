//! Numbers about the server for Prometheus: what comes in, how long it takes, what is stored.
//!
//! Labels are bounded: never a customer, at most a hundred sources. Nothing is decided by these numbers.

mod counted;
pub mod routes;
mod snapshot;

pub use counted::{Metrics, measure};
