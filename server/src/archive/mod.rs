//! Months of events as files: written before a month is dropped, read back when it is needed again.
//!
//! A file counts only when it was read back and its manifest lies beside it. No file is ever written over.

pub mod drop;
pub mod due;
pub mod error;
pub mod export;
pub mod lines;
pub mod manifest;
pub mod parquet;
pub mod restore;
pub mod row;
