//! Repairing, replaying and dismissing what was refused. What is taken in goes through the same intake as every event,
//! with the rights of whoever sent it first; a mended event has the operator's.
//!
//! An entry changes its state once, from open, guarded in the database.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use engine::ids::CustomerId;
use engine::period::Instant;
use ledger::{Query, Row};
use serde_json::Value;

use super::store::{self, Entry, Filter, Settled, State};
use crate::app::App;
use crate::db::{Db, DbError};
use crate::ingest::envelope::Envelope;
use crate::ingest::flow::{Answered, CONFLICT_DETAIL, Outcome, Submitted, Surroundings, ingest_again};
use crate::ingest::read::Allowed;
use crate::ingest::routes::window;

/// Why an entry is not changed or shown.
#[derive(Debug, thiserror::Error)]
pub enum QuarantineError {
    /// There is none.
    #[error("there is no entry {0} in the quarantine; settled ones may have been thrown away to make room")]
    Unknown(i64),
    /// It was settled before.
    #[error("entry {number} was {} before; only an open entry can be repaired, replayed or dismissed", .state.as_str())]
    NotOpen {
        /// Which.
        number: i64,
        /// What became of it.
        state: State,
    },
    /// Somebody is at it.
    #[error("somebody else is at entry {0}; look again in a moment")]
    Busy(i64),
    /// Only its beginning was kept.
    #[error(
        "entry {0} is longer than what is kept of a refused event (65,536 bytes), or was no text; what is kept is not \
         what was sent. Repair it with the whole event, or dismiss it"
    )]
    Cut(i64),
    /// No reason, or too long a one.
    #[error("a reason has 1 to 1,000 characters; this one has {0}")]
    Reason(usize),
    /// It was refused again.
    #[error("entry {number} stays open, for the event was not taken: {detail}")]
    NotTaken {
        /// Which.
        number: i64,
        /// Why, as a word.
        code: &'static str,
        /// Where in the event.
        pointer: String,
        /// Why, in a sentence.
        detail: String,
    },
    /// The database refused.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Who decides, and why.
#[derive(Debug, Clone, Copy)]
pub struct Hand<'a> {
    /// Who.
    pub by: &'a str,
    /// Why, or what was mended.
    pub note: Option<&'a str>,
    /// Names the request.
    pub request: &'a str,
}

/// An event of the ledger that an entry contradicts or could not change.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// Its customer.
    pub customer: String,
    /// Its source.
    pub source: String,
    /// Its id.
    pub id: String,
    /// Its type.
    pub kind: String,
    /// When it happened, in microseconds.
    pub time_us: i64,
    /// When it was accepted, in microseconds.
    pub received_us: i64,
    /// Its fields.
    pub data: Value,
    /// The id of the event that voided or amended it.
    pub changed_by: Option<String>,
}

/// The longest note.
const NOTE_CHARACTERS_MAX: usize = 1000;

/// The entry of this number.
pub async fn entry(db: &Db, number: i64) -> Result<Entry, QuarantineError> {
    store::find(db, number).await?.ok_or(QuarantineError::Unknown(number))
}

/// The stored event that an entry contradicts, where it is found: at its time, else anywhere of its customer, else within
/// a day of its time.
pub async fn contradicted(db: &Db, entry: &Entry) -> Result<Option<Stored>, QuarantineError> {
    let Ok(envelope) = Envelope::read(&entry.body) else { return Ok(None) };
    let text = |value: &Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_owned);
    let id = match entry.code.as_str() {
        "conflict" => text(&envelope.id),
        "changed_before" => text(&envelope.voids).or_else(|| text(&envelope.amends)),
        _ => None,
    };
    let time = text(&envelope.time).and_then(|time| chrono::DateTime::parse_from_rfc3339(&time).ok());
    let (Some(id), Some(source), Some(time)) = (id, text(&envelope.source), time) else { return Ok(None) };
    let (customer, time_us) = (text(&envelope.subject), time.timestamp_micros());
    let query = |customer, start_us, end_us| Query { customer, start_us, end_us, after_seq: 0 };
    let day = chrono::TimeDelta::days(1).num_microseconds().unwrap_or(0);
    let mut queries = Vec::new();
    if let Some(customer) = customer.as_deref() {
        queries.push(query(Some(customer), time_us, time_us.saturating_add(1)));
        queries.push(query(Some(customer), i64::MIN, i64::MAX));
    }
    queries.push(query(None, time_us.saturating_sub(day), time_us.saturating_add(day)));
    for query in queries {
        let mut found = None;
        let look = |row: &Row<'_>, changed_by: Option<&str>| {
            if row.id != id || row.source != source {
                return ControlFlow::Continue(());
            }
            found = Some(stored(row, changed_by));
            ControlFlow::Break(())
        };
        db.ledger().scan(query, look).await.map_err(DbError::from)?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

fn stored(row: &Row<'_>, changed_by: Option<&str>) -> Stored {
    Stored {
        customer: row.customer.to_owned(),
        source: row.source.to_owned(),
        id: row.id.to_owned(),
        kind: row.kind.to_owned(),
        time_us: row.time_us,
        received_us: row.received_us,
        // What the ledger keeps was JSON when it came.
        data: serde_json::from_str(&row.data).unwrap_or(Value::Null),
        changed_by: changed_by.map(str::to_owned),
    }
}

/// Takes a mended event in for an open entry, which is replayed then.
pub async fn repair(app: &App, number: i64, event: &str, hand: Hand<'_>) -> Result<Entry, QuarantineError> {
    check_note(hand.note)?;
    let claim = claim(app, number).await?;
    let submitted = Submitted { text: Cow::Borrowed(event), position: 0, broken: None };
    let taken = take(app, (claim, Allowed::default()), &[(number, submitted)], hand).await;
    settled(app, (number, claim), taken).await
}

/// Takes an open entry in as it came.
pub async fn replay(app: &App, number: i64, hand: Hand<'_>) -> Result<Entry, QuarantineError> {
    check_note(hand.note)?;
    let before = entry(&app.db, number).await?;
    if !before.whole && before.state == State::Open {
        return Err(QuarantineError::Cut(number));
    }
    let claim = claim(app, number).await?;
    let customer = CustomerId::new(&before.customer).ok();
    let allowed = Allowed { customer: customer.as_ref(), sources: &before.allowed_sources };
    let submitted = Submitted { text: Cow::Borrowed(&before.body), position: 0, broken: None };
    let taken = take(app, (claim, allowed), &[(number, submitted)], hand).await;
    settled(app, (number, claim), taken).await
}

/// Settles an open entry as not needed.
pub async fn dismiss(app: &App, number: i64, hand: Hand<'_>) -> Result<Entry, QuarantineError> {
    let reason = hand.note.map(str::trim).unwrap_or_default();
    if reason.is_empty() {
        return Err(QuarantineError::Reason(0));
    }
    check_note(Some(reason))?;
    let claim = claim(app, number).await?;
    let settled = Settled { at: claim, by: hand.by.to_owned(), note: Some(reason.to_owned()), accepted: None };
    let mut connection = app.db.pool().acquire().await.map_err(DbError::from)?;
    if store::settle(&mut connection, (number, claim), (State::Dismissed, &settled)).await? {
        entry(&app.db, number).await
    } else {
        Err(QuarantineError::Busy(number))
    }
}

fn check_note(note: Option<&str>) -> Result<(), QuarantineError> {
    match note.map(|note| note.chars().count()) {
        Some(length) if length > NOTE_CHARACTERS_MAX => Err(QuarantineError::Reason(length)),
        Some(_) | None => Ok(()),
    }
}

/// Claims one entry and says since when.
async fn claim(app: &App, number: i64) -> Result<Instant, QuarantineError> {
    let now = app.clock.now();
    if store::claim(&app.db, &[number], now).await?.contains(&number) {
        return Ok(now);
    }
    match entry(&app.db, number).await?.state {
        State::Open => Err(QuarantineError::Busy(number)),
        state @ (State::Replayed | State::Dismissed) => Err(QuarantineError::NotOpen { number, state }),
    }
}

/// What became of entries that were taken in.
type Taken = Vec<(i64, Answered)>;

/// Takes claimed entries in and settles those that were accepted or there already; the others are let go.
async fn take(
    app: &App,
    (claim, allowed): (Instant, Allowed<'_>),
    entries: &[(i64, Submitted<'_>)],
    hand: Hand<'_>,
) -> Result<Taken, DbError> {
    let versions = app.db.versions().await?;
    let books = app.shelf.books_at(&app.db, versions).await?;
    let (customers, window) = (&app.customers, window(app));
    let (metrics, request) = (&app.metrics, hand.request);
    let surroundings = Surroundings { versions, books: &books, customers, window, allowed, request, metrics };
    let submitted: Vec<Submitted<'_>> = entries.iter().map(|(_, submitted)| submitted.clone()).collect();
    let answered = ingest_again(&app.db, surroundings, &submitted).await?;
    let (mut taken, mut refused) = (Vec::with_capacity(entries.len()), Vec::new());
    let mut tx = app.db.begin().await?;
    for ((number, submitted), answered) in entries.iter().zip(answered) {
        match answered.outcome {
            Outcome::Accepted | Outcome::Duplicate => {
                let accepted = identity(&submitted.text);
                let note = hand.note.map(str::to_owned);
                let settled = Settled { at: claim, by: hand.by.to_owned(), note, accepted };
                // Where the claim was lost meanwhile the entry is somebody else's; the event counts once all the same.
                store::settle(&mut tx, (*number, claim), (State::Replayed, &settled)).await?;
            }
            Outcome::Conflict | Outcome::Refused(_) => refused.push(*number),
        }
        taken.push((*number, answered));
    }
    tx.commit().await?;
    store::release(&app.db, &refused, claim).await?;
    Ok(taken)
}

/// Source and id of an event.
fn identity(text: &str) -> Option<(String, String)> {
    let envelope = Envelope::read(text).ok()?;
    let text = |value: Option<Value>| value?.as_str().map(str::to_owned);
    text(envelope.source).zip(text(envelope.id))
}

/// The one entry that was taken in, or why it stays open.
async fn settled(
    app: &App,
    (number, claim): (i64, Instant),
    taken: Result<Taken, DbError>,
) -> Result<Entry, QuarantineError> {
    let taken = match taken {
        Ok(taken) => taken,
        Err(error) => {
            // What was claimed is let go; if that fails too, the claim ends by itself.
            let _ = store::release(&app.db, &[number], claim).await;
            return Err(error.into());
        }
    };
    match taken.into_iter().next().and_then(|(_, answered)| reason(answered.outcome)) {
        Some((code, pointer, detail)) => Err(QuarantineError::NotTaken { number, code, pointer, detail }),
        None => entry(&app.db, number).await,
    }
}

/// Why an event was not taken: code, place and sentence.
fn reason(outcome: Outcome) -> Option<(&'static str, String, String)> {
    match outcome {
        Outcome::Accepted | Outcome::Duplicate => None,
        Outcome::Conflict => Some(("conflict", "/id".to_owned(), CONFLICT_DETAIL.to_owned())),
        Outcome::Refused(problem) => Some((problem.code(), problem.pointer(), problem.to_string())),
    }
}

/// What became of many entries that were replayed as they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replayed {
    /// How many are settled now.
    pub replayed: usize,
    /// Entries that stay open: number, code and why.
    pub still_open: Vec<(i64, &'static str, String)>,
    /// The last entry that was looked at, if there may be more after it.
    pub next: Option<i64>,
}

/// Entries that are taken in together.
const PAGE: u32 = 500;

/// Replays all open entries of a filter after the entry `after`, `limit` at most, oldest first.
pub async fn replay_all(
    app: &App,
    filter: &Filter,
    (after, limit): (i64, u32),
    hand: Hand<'_>,
) -> Result<Replayed, QuarantineError> {
    check_note(hand.note)?;
    let filter = Filter { state: Some(State::Open), ..filter.clone() };
    let (mut done, mut after, mut left) = (Replayed::default(), after, limit);
    while left > 0 {
        let page = store::oldest(&app.db, &filter, (after, left.min(PAGE))).await?;
        let Some(last) = page.last() else { return Ok(Replayed { next: None, ..done }) };
        after = last.number;
        left = left.saturating_sub(u32::try_from(page.len()).unwrap_or(u32::MAX));
        replay_page(app, &page, hand, &mut done).await?;
    }
    Ok(Replayed { next: Some(after), ..done })
}

/// The customer, where it is one, and the sources that a sender may send for.
type Rights = (Option<CustomerId>, Vec<String>);

async fn replay_page(app: &App, page: &[Entry], hand: Hand<'_>, done: &mut Replayed) -> Result<(), QuarantineError> {
    let cut = page.iter().filter(|entry| !entry.whole);
    done.still_open.extend(cut.map(|entry| (entry.number, "cut", QuarantineError::Cut(entry.number).to_string())));
    let whole: Vec<&Entry> = page.iter().filter(|entry| entry.whole).collect();
    if whole.is_empty() {
        return Ok(());
    }
    let claim = app.clock.now();
    let numbers: Vec<i64> = whole.iter().map(|entry| entry.number).collect();
    let claimed = store::claim(&app.db, &numbers, claim).await?;
    let mut by_rights: BTreeMap<Rights, Vec<(i64, Submitted<'_>)>> = BTreeMap::new();
    for entry in whole {
        if !claimed.contains(&entry.number) {
            done.still_open.push((entry.number, "busy", QuarantineError::Busy(entry.number).to_string()));
            continue;
        }
        let rights = (CustomerId::new(&entry.customer).ok(), entry.allowed_sources.clone());
        let submitted = Submitted { text: Cow::Borrowed(&entry.body), position: 0, broken: None };
        by_rights.entry(rights).or_default().push((entry.number, submitted));
    }
    for ((customer, sources), entries) in &by_rights {
        let allowed = Allowed { customer: customer.as_ref(), sources };
        let taken = match take(app, (claim, allowed), entries, hand).await {
            Ok(taken) => taken,
            Err(error) => {
                let _ = store::release(&app.db, &claimed, claim).await;
                return Err(error.into());
            }
        };
        for (number, answered) in taken {
            match reason(answered.outcome) {
                None => done.replayed = done.replayed.saturating_add(1),
                Some((code, _, detail)) => done.still_open.push((number, code, detail)),
            }
        }
    }
    Ok(())
}
