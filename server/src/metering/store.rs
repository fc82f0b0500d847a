//! Reads a customer's events of a period, page by page in the order of their key.

use engine::ids::CustomerId;
use engine::period::Period;
use engine::usage::Event;
use sqlx::Row;

use crate::db::{Connection, DbError, from_us, to_us, valid};

/// Where a page ended: time, source and id of its last event.
#[derive(Debug, Clone)]
pub struct Cursor {
    time_us: i64,
    source: String,
    id: String,
}

impl Cursor {
    /// Before the first event of the period: no source is empty.
    pub fn at_start(period: Period) -> Self {
        Self { time_us: to_us(period.start), source: String::new(), id: String::new() }
    }

    fn after(event: &Event) -> Self {
        Self { time_us: to_us(event.time), source: event.source.clone(), id: event.id.clone() }
    }
}

/// Up to `limit` events after the cursor and before the period's end, and the next cursor if there may be more.
pub async fn page(
    connection: &mut Connection,
    (customer, period): (&CustomerId, Period),
    cursor: &Cursor,
    limit: u16,
) -> Result<(Vec<Event>, Option<Cursor>), DbError> {
    let select = "SELECT time_us, source, id, kind, data FROM events \
                  WHERE customer = $1 AND time_us >= $2 AND (time_us, source, id) > ($2, $3, $4) AND time_us < $5 \
                  ORDER BY time_us, source, id LIMIT $6";
    let rows = sqlx::query(select)
        .bind(customer.as_str())
        .bind(cursor.time_us)
        .bind(cursor.source.as_str())
        .bind(cursor.id.as_str())
        .bind(to_us(period.end))
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await?;
    let read = |row: &sqlx::any::AnyRow| {
        let data: String = row.try_get(4)?;
        Ok(Event {
            source: row.try_get(1)?,
            id: row.try_get(2)?,
            customer: customer.clone(),
            kind: row.try_get(3)?,
            time: from_us(row.try_get(0)?)?,
            data: valid("data of event", &data, |text| serde_json::from_str(text).ok())?,
        })
    };
    let events = rows.iter().map(read).collect::<Result<Vec<_>, DbError>>()?;
    let full = events.len() == usize::from(limit);
    let next = events.last().filter(|_| full).map(Cursor::after);
    Ok((events, next))
}

/// How many events a customer has in a period.
pub async fn count(connection: &mut Connection, customer: &CustomerId, period: Period) -> Result<i64, DbError> {
    let select = "SELECT COUNT(*) FROM events WHERE customer = $1 AND time_us >= $2 AND time_us < $3";
    let row = sqlx::query(select)
        .bind(customer.as_str())
        .bind(to_us(period.start))
        .bind(to_us(period.end))
        .fetch_one(connection)
        .await?;
    Ok(row.try_get(0)?)
}
