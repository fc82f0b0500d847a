//! What can go wrong with the ledger.

/// Why the ledger could not do it.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The database refused; nothing of this was stored.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
    /// A commit that was shared with others failed for all of them; the text is the first one's.
    #[error("{0}")]
    Shared(std::sync::Arc<LedgerError>),
    /// Stored bytes are not what was put there.
    #[error("the database holds an unreadable {what} ({place})")]
    Unreadable {
        /// What should be there.
        what: &'static str,
        /// Where: a number of a batch, segment or run.
        place: i64,
    },
    /// Too many events wait to be sorted, and it did not get better for a while.
    #[error("{waiting} events wait to be sorted, more than there may be; nothing of this was stored, so send it again")]
    Crowded {
        /// How many wait.
        waiting: u64,
    },
    /// Somebody else sorts, because this pass has taken too long; what it wrote is not in place.
    #[error("the pass of sorting was overtaken by another one; nothing is lost, and what waits will be sorted")]
    Overtaken,
    /// The ledger is being closed; nothing of this was stored.
    #[error("the server is stopping; nothing of this was stored, so send it again")]
    Closed,
}
