//! Brings what is in SQLite's log into the file, beside the commits instead of in the middle of one of them.
//!
//! Never makes anything less safe: it only does earlier what SQLite would do by itself when the log is long.

use std::sync::Arc;

use sqlx::AnyPool;
use tokio::task::JoinHandle;

use crate::ledger::Shared;
use crate::tables::Backend;

/// So many turns of writing from one checkpoint to the next; a turn writes some ten to some hundred pages.
pub(crate) const EVERY_TURNS: u64 = 64;

/// Starts the task, where the database has such a log.
pub(crate) fn start(shared: &Arc<Shared>) -> Option<JoinHandle<()>> {
    match shared.backend {
        Backend::Sqlite => Some(tokio::spawn(run(Arc::clone(shared)))),
        Backend::Postgres => None,
    }
}

/// Ends the task; a checkpoint can be left off at any point.
pub(crate) async fn stop(task: Option<JoinHandle<()>>) {
    if let Some(task) = task {
        task.abort();
        // It was told to end: that it did not come to one by itself is no news.
        let _ = task.await;
    }
}

async fn run(shared: Arc<Shared>) {
    loop {
        shared.written.notified().await;
        // Nearly everything while others write on; then the few pages that were written meanwhile, so that the log can
        // begin anew. Where somebody reads an older state, the rest waits for the next time.
        let mut done = checkpoint(&shared.pool).await;
        if done.is_ok() {
            let _turn = shared.turn().await;
            done = checkpoint(&shared.pool).await;
        }
        if let Err(error) = done {
            tracing::debug!(%error, "no checkpoint; SQLite will make one");
        }
    }
}

async fn checkpoint(pool: &AnyPool) -> Result<(), sqlx::Error> {
    sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").fetch_all(pool).await?;
    Ok(())
}
