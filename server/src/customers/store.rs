//! The table of customers.

use std::collections::BTreeSet;

use engine::ids::{BookId, CustomerId, PlanId};
use engine::period::{Instant, Month};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::db::{Connection, Db, DbError, from_us, placeholders, to_us, valid};

/// The plan that a customer is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The book, in whatever version is in force.
    pub book: BookId,
    /// A plan of that book.
    pub plan: PlanId,
    /// The first month that is billed even without usage.
    pub since: Month,
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// The id that events name as their subject.
    pub id: CustomerId,
    /// What bills call them, if it is not the id.
    pub name: Option<String>,
    /// Their plan, if they were given one.
    pub assignment: Option<Assignment>,
    /// When we first heard of them.
    pub created_at: Instant,
}

impl Customer {
    /// What bills call them.
    pub fn display_name(&self) -> &str {
        self.name.as_deref().unwrap_or(self.id.as_str())
    }
}

const COLUMNS: &str = "SELECT id, name, book, plan, since, created_us FROM customers";

fn read(row: &AnyRow) -> Result<Customer, DbError> {
    let id: String = row.try_get(0)?;
    let text = |index: usize| row.try_get::<Option<String>, _>(index);
    let assignment = match (text(2)?, text(3)?, text(4)?) {
        (Some(book), Some(plan), Some(since)) => Some(Assignment {
            book: valid("book id", &book, |text| BookId::new(text).ok())?,
            plan: valid("plan id", &plan, |text| PlanId::new(text).ok())?,
            since: valid("month", &since, |text| Month::parse(text).ok())?,
        }),
        (_, _, _) => None,
    };
    Ok(Customer {
        id: valid("customer id", &id, |text| CustomerId::new(text).ok())?,
        name: text(1)?,
        assignment,
        created_at: from_us(row.try_get(5)?)?,
    })
}

/// The customer of this id.
pub async fn find(db: &Db, id: &CustomerId) -> Result<Option<Customer>, DbError> {
    let select = sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE id = $1"));
    let row = sqlx::query(select).bind(id.as_str()).fetch_optional(db.pool()).await?;
    row.as_ref().map(read).transpose()
}

/// Up to `limit` customers whose id comes after `after` in the database's own order.
pub async fn page(db: &Db, after: &str, limit: u32) -> Result<Vec<Customer>, DbError> {
    let select = sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE id > $1 ORDER BY id LIMIT $2"));
    let rows = sqlx::query(select).bind(after).bind(i64::from(limit)).fetch_all(db.pool()).await?;
    rows.iter().map(read).collect()
}

/// How many there are.
pub async fn count(db: &Db) -> Result<i64, DbError> {
    let row = sqlx::query("SELECT COUNT(*) FROM customers").fetch_one(db.pool()).await?;
    Ok(row.try_get(0)?)
}

/// Makes sure that these customers are there. In order, so that two writers never wait in a ring.
pub async fn ensure(db: &Db, ids: BTreeSet<&CustomerId>, now: Instant) -> Result<(), DbError> {
    let ids: Vec<&CustomerId> = ids.into_iter().collect();
    for chunk in ids.chunks(200) {
        if present(db, chunk).await? == chunk.len() {
            continue;
        }
        let insert = format!(
            "INSERT INTO customers (id, created_us) VALUES {} ON CONFLICT DO NOTHING",
            placeholders(chunk.len(), 2)
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(insert));
        for id in chunk {
            query = query.bind(id.as_str()).bind(to_us(now));
        }
        query.execute(db.pool()).await?;
    }
    Ok(())
}

/// How many of these there are: who is there needs no write, and a write waits for the disk.
async fn present(db: &Db, ids: &[&CustomerId]) -> Result<usize, DbError> {
    let marks: Vec<String> = (1..=ids.len()).map(|number| format!("${number}")).collect();
    let select = format!("SELECT COUNT(*) FROM customers WHERE id IN ({})", marks.join(", "));
    let mut query = sqlx::query(sqlx::AssertSqlSafe(select));
    for id in ids {
        query = query.bind(id.as_str());
    }
    let count: i64 = query.fetch_one(db.pool()).await?.try_get(0)?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Writes name and plan of a customer, who may be new.
pub async fn put(connection: &mut Connection, customer: &Customer) -> Result<(), DbError> {
    let upsert = "INSERT INTO customers (id, name, book, plan, since, created_us) VALUES ($1, $2, $3, $4, $5, $6) \
                  ON CONFLICT (id) DO UPDATE SET name = excluded.name, book = excluded.book, plan = excluded.plan, \
                  since = excluded.since";
    let assignment = customer.assignment.as_ref();
    sqlx::query(upsert)
        .bind(customer.id.as_str())
        .bind(customer.name.as_deref())
        .bind(assignment.map(|assignment| assignment.book.as_str()))
        .bind(assignment.map(|assignment| assignment.plan.as_str()))
        .bind(assignment.map(|assignment| assignment.since.to_string()))
        .bind(to_us(customer.created_at))
        .execute(&mut *connection)
        .await?;
    let changed = "UPDATE counters SET value = value + 1 WHERE name = 'customers'";
    sqlx::query(changed).execute(connection).await?;
    Ok(())
}
