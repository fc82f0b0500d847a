//! Follows live logs and brings their events to a server, batch by batch, over restarts of everybody.
//!
//! The place in each log is kept only after the server has said that the events are on disk; an event that is sent twice
//! has the same id twice and counts once. Memory is bounded: while the server does not answer, nothing more is read.

mod answer;
mod backoff;
mod batch;
mod collector;
mod error;
mod fingerprint;
mod follower;
mod rejects;
mod sender;
mod siblings;
mod state;
mod stop;
mod tail;

pub use backoff::Backoff;
pub use batch::BatchLimits;
pub use collector::{Collector, Orders, Totals};
pub use error::CollectError;
pub use sender::{Destination, DestinationProblem};
pub use stop::Stop;

#[cfg(test)]
mod fake_server;
#[cfg(test)]
mod tests;
