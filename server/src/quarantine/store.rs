//! The table of the quarantine: finding entries, claiming them, settling them. What an event was stays as it came.
//!
//! A claim keeps two people from taking the same entry in at once; it ends by itself, so that a stop does no harm.

use chrono::TimeDelta;
use engine::period::Instant;
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::any::AnyRow;
use utoipa::ToSchema;

use crate::db::{Connection, Db, DbError, from_us, to_us, valid};

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It waits for somebody.
    Open,
    /// An event was accepted for it: as it came, or mended.
    Replayed,
    /// Somebody decided that it is not needed.
    Dismissed,
}

impl State {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Replayed => "replayed",
            Self::Dismissed => "dismissed",
        }
    }

    /// The state of this word.
    pub fn named(text: &str) -> Option<Self> {
        [Self::Open, Self::Replayed, Self::Dismissed].into_iter().find(|state| state.as_str() == text)
    }
}

/// An entry. Texts of the event are empty where they could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Names the entry for good.
    pub number: i64,
    /// Its subject; who sent it, if it came with a customer's key.
    pub customer: String,
    /// Its source.
    pub source: String,
    /// Its id.
    pub event_id: String,
    /// When it came.
    pub received_at: Instant,
    /// The request it came in.
    pub request: String,
    /// Its place in the request.
    pub position: i64,
    /// Why it was refused, as a word.
    pub code: String,
    /// Why, in a sentence.
    pub detail: String,
    /// Whether `body` is all that was sent.
    pub whole: bool,
    /// The sources its sender might send for; all where there is none.
    pub allowed_sources: Vec<String>,
    /// What became of it.
    pub state: State,
    /// Who decided that, unless it is open.
    pub settled: Option<Settled>,
    /// The event as it was sent.
    pub body: String,
}

/// Who settled an entry, when and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// When.
    pub at: Instant,
    /// Who.
    pub by: String,
    /// Why, or what was mended.
    pub note: Option<String>,
    /// Source and id of the event that was accepted for it.
    pub accepted: Option<(String, String)>,
}

/// Which entries are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this customer.
    pub customer: Option<String>,
    /// Of this source.
    pub source: Option<String>,
    /// Refused for this reason.
    pub code: Option<String>,
    /// In this state.
    pub state: Option<State>,
    /// That came then or later.
    pub since: Option<Instant>,
}

impl Filter {
    /// The condition, whose first mark is `$2`, and its texts. `$1` is the earliest time.
    fn condition(&self) -> (String, Vec<&str>) {
        let state = self.state.map(State::as_str);
        let fields = [
            ("customer", self.customer.as_deref()),
            ("source", self.source.as_deref()),
            ("code", self.code.as_deref()),
            ("state", state),
        ];
        let (mut condition, mut texts) = ("received_us >= $1".to_owned(), Vec::new());
        for (column, text) in fields {
            if let Some(text) = text {
                texts.push(text);
                condition.push_str(&format!(" AND {column} = ${}", texts.len().saturating_add(1)));
            }
        }
        (condition, texts)
    }

    fn since_us(&self) -> i64 {
        self.since.map_or(0, to_us)
    }
}

const COLUMNS: &str = "SELECT number, customer, source, event_id, received_us, request, position, code, detail, whole, \
                       allowed_sources, state, settled_us, settled_by, note, accepted_source, accepted_id, body \
                       FROM quarantine";

fn read(row: &AnyRow) -> Result<Entry, DbError> {
    let state: String = row.try_get(11)?;
    let text = |index: usize| row.try_get::<Option<String>, _>(index);
    let settled = match (row.try_get::<Option<i64>, _>(12)?, text(13)?) {
        (Some(at), Some(by)) => {
            Some(Settled { at: from_us(at)?, by, note: text(14)?, accepted: text(15)?.zip(text(16)?) })
        }
        (_, _) => None,
    };
    let sources = text(10)?.map(|list| valid("list of sources", &list, |list| serde_json::from_str(list).ok()));
    Ok(Entry {
        number: row.try_get(0)?,
        customer: row.try_get(1)?,
        source: row.try_get(2)?,
        event_id: row.try_get(3)?,
        received_at: from_us(row.try_get(4)?)?,
        request: row.try_get(5)?,
        position: row.try_get(6)?,
        code: row.try_get(7)?,
        detail: row.try_get(8)?,
        whole: row.try_get::<i64, _>(9)? == 1,
        allowed_sources: sources.transpose()?.unwrap_or_default(),
        state: valid("state", &state, State::named)?,
        settled,
        body: row.try_get(17)?,
    })
}

/// The entry of this number.
pub async fn find(db: &Db, number: i64) -> Result<Option<Entry>, DbError> {
    let select = sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE number = $1"));
    sqlx::query(select).bind(number).fetch_optional(db.pool()).await?.as_ref().map(read).transpose()
}

/// Up to `limit` entries, latest first, whose number is below `before`.
pub async fn latest(db: &Db, filter: &Filter, (before, limit): (i64, u32)) -> Result<Vec<Entry>, DbError> {
    page(db, filter, ("<", "DESC", before), limit).await
}

/// Up to `limit` entries, oldest first, whose number is above `after`.
pub async fn oldest(db: &Db, filter: &Filter, (after, limit): (i64, u32)) -> Result<Vec<Entry>, DbError> {
    page(db, filter, (">", "ASC", after), limit).await
}

async fn page(
    db: &Db,
    filter: &Filter,
    (side, order, from): (&str, &str, i64),
    limit: u32,
) -> Result<Vec<Entry>, DbError> {
    let (condition, texts) = filter.condition();
    let mark = texts.len().saturating_add(2);
    let select = format!(
        "{COLUMNS} WHERE {condition} AND number {side} ${mark} ORDER BY number {order} LIMIT ${}",
        mark.saturating_add(1)
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(select)).bind(filter.since_us());
    for text in texts {
        query = query.bind(text);
    }
    let rows = query.bind(from).bind(i64::from(limit)).fetch_all(db.pool()).await?;
    rows.iter().map(read).collect()
}

/// How many entries there are of a reason and a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CodeCount {
    /// The reason, as a word.
    #[schema(example = "bad_time")]
    pub code: String,
    /// The state.
    pub state: State,
    /// How many.
    pub entries: i64,
}

/// Counts entries by reason and state.
pub async fn counts(db: &Db, filter: &Filter) -> Result<Vec<CodeCount>, DbError> {
    let (condition, texts) = filter.condition();
    let select = format!(
        "SELECT code, state, COUNT(*) FROM quarantine WHERE {condition} GROUP BY code, state ORDER BY code, state"
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(select)).bind(filter.since_us());
    for text in texts {
        query = query.bind(text);
    }
    let count = |row: &AnyRow| {
        let state: String = row.try_get(1)?;
        let state = valid("state", &state, State::named)?;
        Ok(CodeCount { code: row.try_get(0)?, state, entries: row.try_get(2)? })
    };
    query.fetch_all(db.pool()).await?.iter().map(count).collect()
}

/// After this time somebody who has claimed an entry is believed lost.
const CLAIM: TimeDelta = TimeDelta::minutes(5);

fn marks(first: usize, count: usize) -> String {
    let marks: Vec<String> = (0..count).map(|place| format!("${}", first.saturating_add(place))).collect();
    marks.join(", ")
}

/// Claims those of the entries that are open and that nobody else is at. Returns their numbers.
pub async fn claim(db: &Db, numbers: &[i64], now: Instant) -> Result<Vec<i64>, DbError> {
    let lost = now.checked_sub_signed(CLAIM).unwrap_or(now);
    let update = format!(
        "UPDATE quarantine SET claimed_us = $1 WHERE state = 'open' AND (claimed_us IS NULL OR claimed_us <= $2) \
         AND number IN ({}) RETURNING number",
        marks(3, numbers.len())
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(update)).bind(to_us(now)).bind(to_us(lost));
    for number in numbers {
        query = query.bind(*number);
    }
    let rows = query.fetch_all(db.pool()).await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

/// Lets go of what was claimed at `claimed` and is still open.
pub async fn release(db: &Db, numbers: &[i64], claimed: Instant) -> Result<(), DbError> {
    if numbers.is_empty() {
        return Ok(());
    }
    let update = format!(
        "UPDATE quarantine SET claimed_us = NULL WHERE state = 'open' AND claimed_us = $1 AND number IN ({})",
        marks(2, numbers.len())
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(update)).bind(to_us(claimed));
    for number in numbers {
        query = query.bind(*number);
    }
    query.execute(db.pool()).await?;
    Ok(())
}

/// Settles an open entry that was claimed at `claimed`. `false` if it is not open or the claim was lost.
pub async fn settle(
    connection: &mut Connection,
    (number, claimed): (i64, Instant),
    (state, settled): (State, &Settled),
) -> Result<bool, DbError> {
    let update = "UPDATE quarantine SET state = $1, claimed_us = NULL, settled_us = $2, settled_by = $3, note = $4, \
                  accepted_source = $5, accepted_id = $6 WHERE number = $7 AND state = 'open' AND claimed_us = $8";
    let accepted = settled.accepted.as_ref();
    let done = sqlx::query(update)
        .bind(state.as_str())
        .bind(to_us(settled.at))
        .bind(settled.by.as_str())
        .bind(settled.note.as_deref())
        .bind(accepted.map(|(source, _)| source.as_str()))
        .bind(accepted.map(|(_, id)| id.as_str()))
        .bind(number)
        .bind(to_us(claimed))
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}
