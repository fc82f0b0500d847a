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

/// Those of these customers who are there.
pub async fn find_all(db: &Db, ids: &[&CustomerId]) -> Result<Vec<Customer>, DbError> {
    let mut found = Vec::new();
    for chunk in ids.chunks(AT_ONCE) {
        let names = filled_up(chunk);
        let select = format!("{COLUMNS} WHERE id IN ({})", marks(names.len()));
        let query = sqlx::query(sqlx::AssertSqlSafe(select));
        let query = names.iter().fold(query, |query, id| query.bind(id.as_str()));
        for row in query.fetch_all(db.pool()).await? {
            found.push(read(&row)?);
        }
    }
    Ok(found)
}

/// Makes sure that these customers are there.
pub async fn ensure(db: &Db, ids: BTreeSet<&CustomerId>, now: Instant) -> Result<(), DbError> {
    let all: Vec<&CustomerId> = ids.iter().copied().collect();
    let mut new = BTreeSet::new();
    for chunk in all.chunks(AT_ONCE) {
        // Who is there needs no write, and a write waits for the disk.
        if present(db, chunk).await? < chunk.len() {
            new.extend(chunk.iter().copied());
        }
    }
    add(db, new, now).await?;
    Ok(())
}

/// How many of these there are.
async fn present(db: &Db, ids: &[&CustomerId]) -> Result<usize, DbError> {
    let names = filled_up(ids);
    let select = format!("SELECT COUNT(*) FROM customers WHERE id IN ({})", marks(names.len()));
    let query = sqlx::query(sqlx::AssertSqlSafe(select));
    let query = names.iter().fold(query, |query, id| query.bind(id.as_str()));
    let count: i64 = query.fetch_one(db.pool()).await?.try_get(0)?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Adds customers, and returns those who were not there. In order, so that two writers never wait in a ring.
pub async fn add(db: &Db, ids: BTreeSet<&CustomerId>, now: Instant) -> Result<Vec<CustomerId>, DbError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<&CustomerId> = ids.into_iter().collect();
    let mut added = Vec::with_capacity(ids.len());
    let _turn = db.ledger().turn().await;
    let mut tx = db.begin().await?;
    for chunk in ids.chunks(AT_ONCE) {
        let names = filled_up(chunk);
        let rows = placeholders(names.len(), 2);
        let insert =
            format!("INSERT INTO customers (id, created_us) VALUES {rows} ON CONFLICT DO NOTHING RETURNING id");
        let query = sqlx::query(sqlx::AssertSqlSafe(insert));
        let query = names.iter().fold(query, |query, id| query.bind(id.as_str()).bind(to_us(now)));
        for row in query.fetch_all(&mut *tx).await? {
            let id: String = row.try_get(0)?;
            added.push(valid("customer id", &id, |text| CustomerId::new(text).ok())?);
        }
    }
    tx.commit().await?;
    Ok(added)
}

/// Customers in one statement.
const AT_ONCE: usize = 256;

/// `$1, $2, $3` for three values.
fn marks(count: usize) -> String {
    let marks: Vec<String> = (1..=count).map(|number| format!("${number}")).collect();
    marks.join(", ")
}

/// As many ids as a power of two, so that there are few statements to prepare: the last one stands there more often.
fn filled_up<'i>(ids: &[&'i CustomerId]) -> Vec<&'i CustomerId> {
    let mut filled = ids.to_vec();
    if let Some(last) = ids.last() {
        filled.resize(ids.len().next_power_of_two(), last);
    }
    filled
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
