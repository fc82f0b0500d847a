//! The tables of the ledger, for the database that keeps them.

/// Which database it is. The statements are the same; a few words are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// An embedded file.
    Sqlite,
    /// A server.
    Postgres,
}

/// The statements that make the tables.
pub fn tables(backend: Backend) -> String {
    let bytes = match backend {
        Backend::Sqlite => "BLOB",
        Backend::Postgres => "BYTEA",
    };
    include_str!("tables.sql").replace(" BYTES ", &format!(" {bytes} "))
}

/// What every SQLite connection of a ledger is told: an answer is given after the log is on the disk. The ledger makes
/// checkpoints itself; SQLite makes one in the middle of a commit only when the log has 64 MiB. Pages of a commit fit in
/// the cache.
pub const SQLITE_PRAGMAS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                                  PRAGMA wal_autocheckpoint = 16384; PRAGMA cache_size = -8192";
