//! The ledger's named numbers.

use sqlx::{AnyConnection, Row as _};

use crate::error::LedgerError;

/// Where the ledger stands, read in one statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stand {
    /// The last commit.
    pub(crate) batch: i64,
    /// The last commit whose events are in blocks.
    pub(crate) sorted: i64,
    /// Goes up whenever blocks or keys are put in place or taken away.
    pub(crate) layout: i64,
}

/// Where the ledger stands now.
pub(crate) async fn stand(connection: &mut AnyConnection) -> Result<Stand, LedgerError> {
    let rows = sqlx::query("SELECT name, value FROM ledger_state").fetch_all(connection).await?;
    let mut stand = Stand { batch: 0, sorted: 0, layout: 0 };
    for row in rows {
        let (name, value): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
        match name.as_str() {
            "batch" => stand.batch = value,
            "sorted" => stand.sorted = value,
            "layout" => stand.layout = value,
            _ => {}
        }
    }
    Ok(stand)
}

/// Raises a number by one and returns it. Holds everybody else up who raises it, until the transaction ends.
pub(crate) async fn next(connection: &mut AnyConnection, name: &str) -> Result<i64, LedgerError> {
    let update = "UPDATE ledger_state SET value = value + 1 WHERE name = $1 RETURNING value";
    Ok(sqlx::query(update).bind(name).fetch_one(connection).await?.try_get(0)?)
}

/// Lets no commit be made until the transaction ends; one that is being made is waited for. A commit looks up identities
/// in runs, so nothing is taken out of place in the middle of it.
pub(crate) async fn hold_commits(connection: &mut AnyConnection) -> Result<(), LedgerError> {
    sqlx::query("UPDATE ledger_state SET value = value WHERE name = 'batch'").execute(connection).await?;
    Ok(())
}
