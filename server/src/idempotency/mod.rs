//! A write that is sent again under the same Idempotency-Key is done once and answered the same each time.

pub mod flow;
pub mod store;
