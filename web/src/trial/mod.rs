//! The trial page: how much of each free quota is left, how long it lasts, what comes after, what it costs so far.
//!
//! The server sends what was counted; the quota itself is worked out here by the same engine.

pub mod page;
pub mod state;
#[cfg(test)]
mod tests;
pub mod view;
