//! Made-up customers with a believable history, so that there is something to look at. The same every time but for today.
//!
//! Everything goes through the flows that real data goes through.

pub mod events;
pub mod flow;

pub use flow::{DemoError, Made, Shown, prepare};
