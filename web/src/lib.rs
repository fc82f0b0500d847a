//! Ratecard in the browser: the public calculator and the trial page, each a program of its own.
//!
//! Shows what the engine answers and never computes a price. `state.rs` files are pure and tested natively.

pub mod bill;
pub mod browser;
pub mod calculator;
pub mod components;
pub mod events;
pub mod json;
pub mod look;
pub mod text;
#[cfg(feature = "zones")]
pub mod trial;
