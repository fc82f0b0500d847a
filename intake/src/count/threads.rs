//! Work on several threads at once, of which none is left behind.

use std::thread::ScopedJoinHandle;

/// What so many threads bring that do the same; the first error where one of them fails.
pub(super) fn on_threads<T: Send, E: Send>(
    threads: usize,
    work: impl Fn() -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(&work)).collect();
        workers.into_iter().map(joined).collect()
    })
}

/// What a thread brings. Its panic goes on in this one.
pub(super) fn joined<T>(worker: ScopedJoinHandle<'_, T>) -> T {
    worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
