//! The table of price books. Rows are added and read, never changed.

use chrono::NaiveDate;
use engine::period::Instant;
use sqlx::Row;

use crate::db::{Connection, Db, DbError, from_us, to_us, valid};

/// A version of a book without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookRow {
    /// The book.
    pub id: String,
    /// Its version.
    pub version: String,
    /// The digest of its canonical form.
    pub digest: String,
    /// The first day it is in force.
    pub effective: NaiveDate,
    /// When it was published.
    pub published_at: Instant,
}

/// A version of a book as it is put in.
#[derive(Debug)]
pub struct NewBook<'a> {
    /// Everything but the texts.
    pub row: &'a BookRow,
    /// The TOML as it was sent.
    pub source: &'a str,
    /// The canonical JSON that the digest is of.
    pub canonical: &'a str,
}

/// Adds a version; `false` if the id has this version, or another one from the same day.
pub async fn insert(connection: &mut Connection, book: &NewBook<'_>) -> Result<bool, DbError> {
    let insert = "INSERT INTO books (id, version, digest, effective, source, canonical, published_us) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    let done = sqlx::query(insert)
        .bind(&book.row.id)
        .bind(&book.row.version)
        .bind(&book.row.digest)
        .bind(book.row.effective.to_string())
        .bind(book.source)
        .bind(book.canonical)
        .bind(to_us(book.row.published_at))
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Every version of every book, by id and effective day.
pub async fn list(db: &Db) -> Result<Vec<BookRow>, DbError> {
    let select = "SELECT id, version, digest, effective, published_us FROM books ORDER BY id, effective";
    let rows = sqlx::query(select).fetch_all(db.pool()).await?;
    let read = |row: &sqlx::any::AnyRow| {
        let effective: String = row.try_get(3)?;
        Ok(BookRow {
            id: row.try_get(0)?,
            version: row.try_get(1)?,
            digest: row.try_get(2)?,
            effective: valid("date", &effective, |text| text.parse().ok())?,
            published_at: from_us(row.try_get(4)?)?,
        })
    };
    rows.iter().map(read).collect()
}

/// The other versions of a book, each with its zone.
pub async fn other_zones(connection: &mut Connection, book: &BookRow) -> Result<Vec<(String, String)>, DbError> {
    let select = "SELECT version, canonical FROM books WHERE id = $1 AND version <> $2 ORDER BY effective";
    let rows = sqlx::query(select).bind(&book.id).bind(&book.version).fetch_all(connection).await?;
    let read = |row: &sqlx::any::AnyRow| {
        let (version, canonical): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let zone = valid("book", &canonical, |text| {
            let book: serde_json::Value = serde_json::from_str(text).ok()?;
            Some(book.pointer("/book/zone")?.as_str()?.to_owned())
        })?;
        Ok((version, zone))
    };
    rows.iter().map(read).collect()
}

/// The TOML of a version as it was published.
pub async fn source(db: &Db, id: &str, version: &str) -> Result<Option<String>, DbError> {
    let select = "SELECT source FROM books WHERE id = $1 AND version = $2";
    let row = sqlx::query(select).bind(id).bind(version).fetch_optional(db.pool()).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}
