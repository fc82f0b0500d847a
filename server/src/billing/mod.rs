//! The bill run: every customer's month becomes an invoice, once.
//!
//! It can be stopped at any instant and started again, and two may run at once: each page of customers is one transaction.

pub mod flow;
mod issue;
pub mod page;
pub mod routes;
