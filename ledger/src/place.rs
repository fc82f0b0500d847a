//! Puts segments and runs in place, or takes them out, all at once. Never while a commit is being made.

use sqlx::AnyConnection;

use crate::error::LedgerError;
use crate::ledger::Shared;
use crate::merge;
use crate::state;

/// What changes place together.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Flip<'f> {
    /// Segments that are complete and from now on read.
    pub(crate) segments_in: &'f [i64],
    /// Segments that are no longer read.
    pub(crate) segments_out: &'f [i64],
    /// Runs that are complete and from now on asked.
    pub(crate) runs_in: &'f [i64],
    /// Runs that are no longer asked.
    pub(crate) runs_out: &'f [i64],
    /// All commits through the first one were in blocks until now, through the second one they are from now on.
    pub(crate) sorted: Option<(i64, i64)>,
}

impl Flip<'_> {
    /// Writes it in a transaction that has [`state::hold_commits`].
    pub(crate) async fn apply(&self, connection: &mut AnyConnection) -> Result<(), LedgerError> {
        state::next(connection, "layout").await?;
        let segments = "UPDATE event_segments SET live = $2 WHERE segment = $1";
        let runs = "UPDATE event_key_runs SET live = $2 WHERE run = $1";
        let lists = [
            (segments, self.segments_in, 1_i64),
            (segments, self.segments_out, 0),
            (runs, self.runs_in, 1),
            (runs, self.runs_out, 0),
        ];
        for (update, numbers, live) in lists {
            for number in numbers {
                sqlx::query(update).bind(*number).bind(live).execute(&mut *connection).await?;
            }
        }
        if let Some((before, through)) = self.sorted {
            // Else somebody else has sorted these commits.
            let update = "UPDATE ledger_state SET value = $2 WHERE name = 'sorted' AND value = $1";
            let done = sqlx::query(update).bind(before).bind(through).execute(connection).await?;
            if done.rows_affected() != 1 {
                return Err(LedgerError::Overtaken);
            }
        }
        Ok(())
    }
}

impl Shared {
    /// Puts it in place, brings the memory up to it, and takes away what is no longer in place.
    pub(crate) async fn put_in_place(&self, connection: &mut AnyConnection, flip: Flip<'_>) -> Result<(), LedgerError> {
        let turn = self.turn().await;
        let mut tx = sqlx::Connection::begin(&mut *connection).await?;
        state::hold_commits(&mut tx).await?;
        self.hold_lease(&mut tx).await?;
        flip.apply(&mut tx).await?;
        tx.commit().await?;
        drop(turn);
        self.look_again(connection).await?;
        merge::clear_leftovers(self, connection).await
    }

    /// Brings the memory to what is in place now.
    pub(crate) async fn look_again(&self, connection: &mut AnyConnection) -> Result<(), LedgerError> {
        let mut tx = sqlx::Connection::begin(connection).await?;
        let stand = state::stand(&mut tx).await?;
        self.refresh(&mut tx, stand).await?;
        tx.rollback().await?;
        Ok(())
    }
}
