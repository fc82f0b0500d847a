//! Follows the ledger commit by commit, so that what was accepted is counted within milliseconds.
//!
//! One task takes commits in, another one counts customers that are new in memory; neither decides anything.

use std::sync::Arc;

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;

use super::newcomers::count_absent;
use crate::app::App;

/// Starts to follow. Ends when the ledger is closed.
pub fn start(app: &App) {
    let mut commits = app.db.ledger().listen();
    app.counters.begin(app.db.ledger().through());
    // One ring is enough: whoever is absent by then is counted.
    let (bell, mut rung) = mpsc::channel::<()>(1);
    let follower = Arc::downgrade(app);
    tokio::spawn(async move {
        loop {
            let commit = commits.recv().await;
            let Some(app) = follower.upgrade() else { return };
            match commit {
                Ok(commit) => {
                    if app.counters.follow(&commit) {
                        let _ = bell.try_send(());
                    }
                }
                Err(RecvError::Lagged(_)) => app.counters.begin(app.db.ledger().through()),
                Err(RecvError::Closed) => return,
            }
        }
    });
    let counting = Arc::downgrade(app);
    tokio::spawn(async move {
        while rung.recv().await.is_some() {
            let Some(app) = counting.upgrade() else { return };
            if let Err(error) = count_absent(&app).await {
                // Told to whoever asks for the usage of one of them.
                tracing::debug!(%error, "customers' usage is not counted ahead");
            }
        }
    });
}
