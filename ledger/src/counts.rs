//! Counts kept at ingest: what meters had counted for a customer's period through a commit. A cache: it may be forgotten.

use std::collections::BTreeMap;

use sqlx::{AnyConnection, Row as _};

use crate::error::LedgerError;
use crate::ledger::Ledger;

/// What meters had counted of a customer's period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedCount {
    /// Who.
    pub customer: String,
    /// The period's start, in microseconds.
    pub start_us: i64,
    /// The period's end, not included.
    pub end_us: i64,
    /// Names the rules it was counted by; with others it is of no use.
    pub rules: String,
    /// All events through this commit are counted, none after it.
    pub through: i64,
    /// The counts.
    pub body: Vec<u8>,
}

/// A stored count to which nothing has been added since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldCount {
    /// Who.
    pub customer: String,
    /// The period's start, in microseconds.
    pub start_us: i64,
    /// The period's end, not included.
    pub end_us: i64,
    /// Names the rules it was counted by.
    pub rules: String,
    /// What is stored reaches at least through this commit, or it is another count.
    pub stored_through: i64,
}

/// Customers in one statement.
const CUSTOMERS_PER_QUERY: usize = 500;

impl Ledger {
    /// Keeps counts in place of those that were there, unless an event was voided or amended since.
    pub async fn save_counts(&self, counts: &[SavedCount]) -> Result<(), LedgerError> {
        let _turn = self.shared.turn().await;
        let mut tx = crate::begin(&self.shared.pool).await?;
        // First of all a write, so that no commit comes between the look and the write.
        let lock = "UPDATE ledger_state SET value = value WHERE name = 'batch'";
        sqlx::query(lock).execute(&mut *tx).await?;
        for count in counts {
            let upsert = "INSERT INTO usage_counts (customer, start_us, end_us, rules, through, body) \
                          SELECT $1, $2, $3, $4, $5, $6 WHERE NOT EXISTS \
                          (SELECT 1 FROM usage_changed WHERE customer = $1 AND seq > $5) \
                          ON CONFLICT (customer, start_us, end_us) DO UPDATE SET rules = excluded.rules, \
                          through = excluded.through, body = excluded.body";
            sqlx::query(upsert)
                .bind(count.customer.as_str())
                .bind(count.start_us)
                .bind(count.end_us)
                .bind(count.rules.as_str())
                .bind(count.through)
                .bind(count.body.as_slice())
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Notes that stored counts lack nothing through a commit, as nothing came for their customers until then: whoever goes
    /// on with them need not look through what was sorted meanwhile. Counts that have changed since are left as they are.
    pub async fn hold_counts(&self, held: &[HeldCount], through: i64) -> Result<(), LedgerError> {
        let _turn = self.shared.turn().await;
        let mut tx = crate::begin(&self.shared.pool).await?;
        for count in held {
            let update = "UPDATE usage_counts SET through = $1 WHERE customer = $2 AND start_us = $3 AND end_us = $4 \
                          AND rules = $5 AND through >= $6 AND through < $1";
            sqlx::query(update)
                .bind(through)
                .bind(count.customer.as_str())
                .bind(count.start_us)
                .bind(count.end_us)
                .bind(count.rules.as_str())
                .bind(count.stored_through)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The counts of a customer's period, if there are any by these rules.
    pub async fn counts(
        &self,
        customer: &str,
        (start_us, end_us): (i64, i64),
        rules: &str,
    ) -> Result<Option<SavedCount>, LedgerError> {
        let select = "SELECT through, body FROM usage_counts \
                      WHERE customer = $1 AND start_us = $2 AND end_us = $3 AND rules = $4";
        let row = sqlx::query(select)
            .bind(customer)
            .bind(start_us)
            .bind(end_us)
            .bind(rules)
            .fetch_optional(&self.shared.pool)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let (customer, rules) = (customer.to_owned(), rules.to_owned());
        let (through, body) = (row.try_get(0)?, row.try_get(1)?);
        Ok(Some(SavedCount { customer, start_us, end_us, rules, through, body }))
    }

    /// The counts of many customers' period by these rules, of those who have any that still hold.
    pub async fn counts_of(
        &self,
        customers: &[&str],
        (start_us, end_us): (i64, i64),
        rules: &str,
    ) -> Result<Vec<SavedCount>, LedgerError> {
        let mut counts = Vec::with_capacity(customers.len());
        for customers in customers.chunks(CUSTOMERS_PER_QUERY) {
            let marks: Vec<String> = (4..).take(customers.len()).map(|number: usize| format!("${number}")).collect();
            let select = format!(
                "SELECT usage_counts.customer, through, body FROM usage_counts \
                 LEFT JOIN usage_changed ON usage_changed.customer = usage_counts.customer \
                 WHERE start_us = $1 AND end_us = $2 AND rules = $3 AND COALESCE(seq, 0) <= through \
                 AND usage_counts.customer IN ({})",
                marks.join(", ")
            );
            let query = sqlx::query(sqlx::AssertSqlSafe(select)).persistent(customers.len() == CUSTOMERS_PER_QUERY);
            let query = query.bind(start_us).bind(end_us).bind(rules);
            let query = customers.iter().fold(query, |query, customer| query.bind(*customer));
            for row in query.fetch_all(&self.shared.pool).await? {
                let (customer, through, body) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
                counts.push(SavedCount { customer, start_us, end_us, rules: rules.to_owned(), through, body });
            }
        }
        Ok(counts)
    }

    /// The last commit that voided or amended an event, of those of the customers of whom one did.
    pub async fn last_changes(&self, customers: &[&str]) -> Result<BTreeMap<String, i64>, LedgerError> {
        let mut changes = BTreeMap::new();
        for customers in customers.chunks(CUSTOMERS_PER_QUERY) {
            let marks: Vec<String> = (1..=customers.len()).map(|number| format!("${number}")).collect();
            let select = format!("SELECT customer, seq FROM usage_changed WHERE customer IN ({})", marks.join(", "));
            let query = sqlx::query(sqlx::AssertSqlSafe(select)).persistent(customers.len() == CUSTOMERS_PER_QUERY);
            let query = customers.iter().fold(query, |query, customer| query.bind(*customer));
            for row in query.fetch_all(&self.shared.pool).await? {
                changes.insert(row.try_get(0)?, row.try_get(1)?);
            }
        }
        Ok(changes)
    }

    /// The last commit that voided or amended an event of a customer; 0 where none did.
    pub async fn last_change(&self, customer: &str) -> Result<i64, LedgerError> {
        let select = "SELECT seq FROM usage_changed WHERE customer = $1";
        let row = sqlx::query(select).bind(customer).fetch_optional(&self.shared.pool).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?.unwrap_or(0))
    }
}

/// Takes a customer's counts back: one of the events in them no longer counts.
pub(crate) async fn forget(connection: &mut AnyConnection, (customer, seq): (&str, i64)) -> Result<(), LedgerError> {
    let note = "INSERT INTO usage_changed (customer, seq) VALUES ($1, $2) \
                ON CONFLICT (customer) DO UPDATE SET seq = excluded.seq";
    sqlx::query(note).bind(customer).bind(seq).execute(&mut *connection).await?;
    sqlx::query("DELETE FROM usage_counts WHERE customer = $1").bind(customer).execute(connection).await?;
    Ok(())
}

/// Takes every count back that may have events from `start_us` to before `end_us`.
pub(crate) async fn remove(connection: &mut AnyConnection, (start_us, end_us): (i64, i64)) -> Result<(), LedgerError> {
    let delete = "DELETE FROM usage_counts WHERE start_us < $2 AND end_us > $1";
    sqlx::query(delete).bind(start_us).bind(end_us).execute(connection).await?;
    Ok(())
}
