//! Computes beside the tasks that serve requests, so that nobody waits for a core. Never touches the database.

/// What `work` comes to; it has a thread of its own.
pub(crate) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // As if it had happened here.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
