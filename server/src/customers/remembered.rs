//! By which book each customer is billed, remembered from one request to the next.
//!
//! A number in the database goes up whenever a customer is written; when it has, everything is looked up again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use engine::ids::{BookId, CustomerId};
use sqlx::Row;

use super::store;
use crate::db::{Db, DbError};

/// What is remembered of customers.
#[derive(Debug, Default)]
pub struct Remembered(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    /// The number of changes that it knows.
    changes: i64,
    books: BTreeMap<CustomerId, Option<BookId>>,
}

/// Customers that are remembered at most; then it begins anew.
const CUSTOMERS_MAX: usize = 200_000;

impl Remembered {
    /// The books of those customers that are on a plan.
    pub async fn books_of(
        &self,
        db: &Db,
        customers: BTreeSet<&CustomerId>,
    ) -> Result<BTreeMap<CustomerId, BookId>, DbError> {
        let row = sqlx::query("SELECT value FROM counters WHERE name = 'customers'").fetch_one(db.pool()).await?;
        let changes: i64 = row.try_get(0)?;
        let mut found = BTreeMap::new();
        let mut unknown = Vec::new();
        {
            let mut memory = self.memory();
            if memory.changes != changes || memory.books.len() > CUSTOMERS_MAX {
                *memory = Memory { changes, books: BTreeMap::new() };
            }
            for id in customers {
                match memory.books.get(id) {
                    Some(Some(book)) => {
                        found.insert(id.clone(), book.clone());
                    }
                    Some(None) => {}
                    None => unknown.push(id),
                }
            }
        }
        for id in unknown {
            let customer = store::find(db, id).await?;
            let book = customer.and_then(|customer| customer.assignment).map(|assignment| assignment.book);
            let mut memory = self.memory();
            if memory.changes == changes {
                memory.books.insert(id.clone(), book.clone());
            }
            found.extend(book.map(|book| (id.clone(), book)));
        }
        Ok(found)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
