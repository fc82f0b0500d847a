//! Follows the ledger commit by commit, so that what was accepted is counted within milliseconds.
//!
//! One task takes commits in, another one counts customers that are new in memory; neither decides anything.

use std::sync::Arc;

use engine::ids::CustomerId;
use engine::period::{Instant, Month};
use ledger::Committed;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;

use super::flow::{MeteringError, Terms, remember, terms};
use crate::app::App;
use crate::customers;

/// Customers that may wait to be counted; who finds no place is counted when somebody asks.
const WAITING_MAX: usize = 10_000;

/// Starts to follow. Ends when the ledger is closed.
pub fn start(app: &App) {
    let mut commits = app.db.ledger().listen();
    app.counters.begin(app.db.ledger().through());
    let (waiting, mut new) = mpsc::channel::<(CustomerId, Instant)>(WAITING_MAX);
    let follower = Arc::downgrade(app);
    tokio::spawn(async move {
        loop {
            let commit = commits.recv().await;
            let Some(app) = follower.upgrade() else { return };
            match commit {
                Ok(commit) => follow(&app, &commit, &waiting),
                Err(RecvError::Lagged(_)) => app.counters.begin(app.db.ledger().through()),
                Err(RecvError::Closed) => return,
            }
        }
    });
    let counting = Arc::downgrade(app);
    tokio::spawn(async move {
        while let Some((customer, time)) = new.recv().await {
            let Some(app) = counting.upgrade() else { return };
            if let Err(error) = count_new(&app, &customer, time).await {
                // Told to whoever asks for this customer's usage.
                tracing::debug!(%error, "a customer's usage is not counted ahead");
            }
        }
    });
}

fn follow(app: &App, commit: &Arc<Committed>, waiting: &mpsc::Sender<(CustomerId, Instant)>) {
    for (customer, time) in app.counters.follow(commit) {
        // No place: it is counted when it is asked for.
        let _ = waiting.try_send((customer, time));
    }
}

async fn count_new(app: &App, customer: &CustomerId, time: Instant) -> Result<(), MeteringError> {
    let books = app.shelf.books(&app.db).await?;
    let Some(customer) = customers::store::find(&app.db, customer).await? else { return Ok(()) };
    let zone = match &customer.assignment {
        Some(assignment) => books.newest(&assignment.book).map(|book| book.zone),
        None => books.iter().find(|book| book.default_plan.is_some()).map(|book| book.zone),
    };
    let Some(zone) = zone else { return Ok(()) };
    let terms: Terms = terms(&books, &customer, Month::containing(time, zone)?)?;
    if app.counters.counted(&customer.id, (&terms.meters, terms.span())).is_none() {
        remember(app, &customer.id, &terms).await?;
    }
    Ok(())
}
