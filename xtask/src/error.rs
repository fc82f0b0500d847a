//! What can go wrong in a command, in words that say what to do next.
//! One enum for all commands: each of them ends at the first of these.

use std::io;
use std::path::PathBuf;

use crate::pages::html::TagError;
use crate::same_amounts::Difference;

/// Why a command stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },

    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },

    #[error("cannot start `{program}`: {source}")]
    Start { program: String, source: io::Error },

    #[error("`{program}` failed ({status}); its own words are above")]
    Failed { program: String, status: String },

    #[error("`{program}` failed ({status}). The end of {}:\n{tail}", log.display())]
    FailedInLog { program: String, status: String, log: PathBuf, tail: String },

    #[error("`{program}` printed something else than {expected}: {found}")]
    Unexpected { program: String, expected: &'static str, found: String },

    #[error(
        "{missing} missing, and {reason}. Nothing was changed. Please install by hand:\n{commands}\nand run the command again."
    )]
    InstallByHand { missing: String, reason: &'static str, commands: String },

    #[error("Node {found} is too old: version {wanted} or newer is needed")]
    NodeTooOld { found: String, wanted: u32 },

    #[error("{0}")]
    Tag(#[from] TagError),

    #[error("wasm-bindgen refused {}: {reason}", path.display())]
    Bindgen { path: PathBuf, reason: String },

    #[error("cannot cut {} in two: {reason}", path.display())]
    Cut { path: PathBuf, reason: String },

    #[error(
        "the first part of the calculator asked for the rest {fetches} times during a first visit; two visits of the same program must run the same functions"
    )]
    NotAlone { fetches: u64 },

    #[error(
        "the first part of the calculator showed something else during a first visit than the whole program: data that it needs has moved to the rest"
    )]
    NotSame,

    #[error("cannot read the WASM of {name}: {source}")]
    Wasm { name: String, source: wasmparser::BinaryReaderError },

    #[error("there is no price book in {}: the calculator needs at least one *.toml there", directory.display())]
    NoBooks { directory: PathBuf },

    #[error("`{program}` measured `{name}` and the other side did not: both must know the same benchmarks")]
    LonelyBenchmark { program: &'static str, name: String },

    #[error("the amounts of {} are not those of DuckDB: {difference}", path.display())]
    OtherAmounts { path: PathBuf, difference: Box<Difference> },

    #[error(
        "the first load of the calculator is {ratio} times that of a bare Yew page (brotli); at most {limit} is allowed"
    )]
    TooHeavy { ratio: String, limit: String },
}
