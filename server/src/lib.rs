//! Ratecard's server and command line: takes usage in, keeps it, and issues bills that the engine has priced.
//!
//! Usage goes ingest → metering → billing → invoices. No price is computed in this crate; every figure comes from
//! `engine`.

pub mod app;
pub mod archive;
mod aside;
pub mod asks;
pub mod audit;
pub mod auth;
pub mod billing;
pub mod books;
pub mod cli;
pub mod clock;
pub mod config;
pub mod corrections;
pub mod customers;
pub mod db;
pub mod demo;
pub mod error;
pub mod find;
pub mod idempotency;
pub mod import;
pub mod ingest;
pub mod invoices;
pub mod leaks;
pub mod maintenance;
pub mod metering;
pub mod metrics;
pub mod openapi;
pub mod public;
pub mod quarantine;
pub mod random;
pub mod request;
pub mod router;
pub mod sources;
pub mod start;
pub mod trial;
pub mod versions;

pub use clock::Clock;
pub use config::{Config, DatabasePlace};
pub use start::{Running, StartError, start, start_at};
