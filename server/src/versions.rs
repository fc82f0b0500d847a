//! Numbers that go up whenever anybody writes books or customers: what is remembered of them is good as long as they stand.
//!
//! Asked once for all who ask at the same time. An answer is never older than the question.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sqlx::{AnyPool, Row};

use crate::db::DbError;

/// How often books and customers were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versions {
    /// Goes up whenever a customer is written; not for those who only appear.
    pub customers: i64,
    /// The number of published versions of books, none of which ever changes or goes away.
    pub books: i64,
}

/// Who asks for the numbers, and what was heard.
#[derive(Debug, Default)]
pub struct Asked {
    /// Questions that were begun.
    begun: AtomicU64,
    /// The last question that has ended, and what was answered.
    ended: tokio::sync::Mutex<(u64, Option<Versions>)>,
    known: Mutex<Option<Versions>>,
}

impl Asked {
    /// The numbers as they are now.
    pub async fn ask(&self, pool: &AnyPool) -> Result<Versions, DbError> {
        let before = self.begun.load(Ordering::SeqCst);
        {
            let mut ended = self.ended.lock().await;
            match *ended {
                // Begun after this question was there.
                (number, Some(versions)) if number > before => return Ok(versions),
                // It failed: now each asks alone, for one after the other would wait too long.
                (number, None) if number > before => {}
                (_, _) => {
                    let number = self.begun.fetch_add(1, Ordering::SeqCst).saturating_add(1);
                    let answer = self.select(pool).await;
                    *ended = (number, answer.as_ref().ok().copied());
                    return answer;
                }
            }
        }
        self.select(pool).await
    }

    /// What was heard last, by anybody.
    pub fn known(&self) -> Option<Versions> {
        *self.lock()
    }

    async fn select(&self, pool: &AnyPool) -> Result<Versions, DbError> {
        let select = "SELECT value, (SELECT COUNT(*) FROM books) FROM counters WHERE name = 'customers'";
        let row = sqlx::query(select).fetch_one(pool).await?;
        let versions = Versions { customers: row.try_get(0)?, books: row.try_get(1)? };
        let mut known = self.lock();
        // Answers may come in another order than they were given.
        *known = Some(known.map_or(versions, |known| Versions {
            customers: known.customers.max(versions.customers),
            books: known.books.max(versions.books),
        }));
        Ok(versions)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Versions>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
