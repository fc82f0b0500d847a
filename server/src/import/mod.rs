//! Access logs become usage events: each line one request of a client.
//!
//! A line's event id is made from its bytes, so importing a log again, or a log that has grown, counts nothing twice.

pub mod combined;
pub mod flow;
