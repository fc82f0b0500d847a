//! Computes beside the tasks that serve requests, so that nobody waits for a core. Never touches the database.

use std::sync::Arc;
use std::thread::available_parallelism;

/// What `work` comes to; it has a thread of its own.
pub(crate) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // As if it had happened here.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// What `work` comes to for each item, in their order; there is a thread for every core.
pub(crate) async fn aside_each<T: Send + 'static, U: Send + 'static>(
    mut items: Vec<T>,
    work: impl Fn(T) -> U + Send + Sync + 'static,
) -> Vec<U> {
    let work = Arc::new(work);
    let share = items.len().div_ceil(available_parallelism().map_or(1, usize::from)).max(1);
    let mut shares = Vec::new();
    while !items.is_empty() {
        let rest = items.split_off(share.min(items.len()));
        let (share, work) = (std::mem::replace(&mut items, rest), Arc::clone(&work));
        // They run from here on, whether anybody waits for them or not.
        shares.push(tokio::task::spawn_blocking(move || share.into_iter().map(|item| work(item)).collect::<Vec<U>>()));
    }
    let mut done = Vec::new();
    for share in shares {
        match share.await {
            Ok(of_share) => done.extend(of_share),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    done
}

#[cfg(test)]
mod tests {
    use super::aside_each;

    #[tokio::test]
    async fn each_item_is_worked_on_once_and_they_stay_in_order() {
        for count in [0, 1, 2, 3, 1000] {
            let doubled = aside_each((0..count).collect(), |n: i32| n * 2).await;
            assert_eq!(doubled, (0..count).map(|n| n * 2).collect::<Vec<_>>());
        }
    }
}
