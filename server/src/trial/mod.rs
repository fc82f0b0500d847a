//! What the trial page needs: a customer's own figures, and as much of the book as they may see.
//!
//! The browser computes quotas and prices from it with the same engine; nothing is computed here.

pub mod routes;
pub mod stream;
