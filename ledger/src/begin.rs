//! Transactions that end with whoever asked for them.

use sqlx::{Any, AnyPool, Transaction};

/// Begins a transaction. Whoever asks may go away at any moment, as a client does that cuts the connection: then it is
/// undone.
///
/// The driver of PostgreSQL (sqlx 0.9) does not undo one whose beginning is dropped half-way. The connection would go back
/// to the pool, and what the next one writes there would never be committed. So it begins in a task of its own, which
/// nobody drops.
pub async fn begin(pool: &AnyPool) -> Result<Transaction<'static, Any>, sqlx::Error> {
    let connection = pool.acquire().await?;
    let begun = tokio::spawn(async move { Transaction::begin(connection, None).await }).await;
    // It is not stopped while anybody is left who could ask.
    begun.unwrap_or(Err(sqlx::Error::WorkerCrashed))
}
