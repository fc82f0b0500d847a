//! The server: its store on both databases, its API, its command line, and what happens when something goes wrong.

#![cfg(not(target_arch = "wasm32"))]

mod server {
    mod api;
    mod archive;
    mod audit;
    mod bill_pages;
    mod bills;
    mod by_hand;
    mod command;
    mod corrections;
    mod document;
    mod failures;
    mod find;
    mod formats;
    mod hostile;
    mod idempotency;
    mod ingest;
    mod keys;
    mod leaks;
    mod metrics;
    mod paper;
    mod postgres;
    mod program;
    mod quarantine;
    mod rate_file;
    mod realtime;
    mod sources;
    mod store;
    mod world;
}
