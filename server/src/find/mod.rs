//! Finding events again: by customer, time to the second, type and any field, or those behind the line of an invoice.
//!
//! Reads only; the events of one answer are never all in memory.

pub mod flow;
pub mod line;
pub mod question;
pub mod routes;
pub mod sheet;
