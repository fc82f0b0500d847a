//! Publishing a book, and finding the version that is in force on a day.
//!
//! A published version never changes; the same id and version with another digest is refused.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::NaiveDate;
use engine::catalog::{NotMonthly, Problem};
use engine::ids::{BookId, Version};
use engine::period::{Instant, Month};
use engine::usage::Meters;
use engine::{Book, BookDraft};

use super::store::{self, BookRow, NewBook};
use crate::db::{Connection, Db, DbError};
use crate::invoices::store as invoices;
use crate::versions::Versions;

/// Why a book is not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// It has mistakes; these are all of them.
    #[error("the book has {} problems", .0.len())]
    Invalid(Vec<Problem>),
    /// A plan says what the bill run, which bills calendar months each for itself, cannot bill.
    #[error(
        "plan {plan} of book {id} cannot be billed by the bill run, which bills calendar months, each for itself: {reason}. Leave that plan out, or bill it through the engine's door `subscription`"
    )]
    NotMonthly {
        /// The book.
        id: String,
        /// The plan.
        plan: String,
        /// What the run cannot bill.
        reason: NotMonthly,
    },
    /// The version is taken by another content.
    #[error(
        "version {version} of book {id} is published with digest {published}; this text has {given}. Published versions never change: give the change a version of its own"
    )]
    OtherDigest {
        /// The book.
        id: String,
        /// The version.
        version: String,
        /// The digest that is published.
        published: String,
        /// The digest of what was sent.
        given: String,
    },
    /// Another version begins on the same day.
    #[error("version {version} of book {id} is effective from {effective} already; choose another day")]
    EffectiveTaken {
        /// The book.
        id: String,
        /// The version that has the day.
        version: String,
        /// The day.
        effective: NaiveDate,
    },
    /// Other versions count their months by the clocks of another zone.
    #[error(
        "version {other} of book {id} is in zone {zone}, this one in {given}; months would overlap or leave a gap. Keep the zone, or give the book another id"
    )]
    OtherZone {
        /// The book.
        id: String,
        /// The version that is published.
        other: String,
        /// Its zone.
        zone: String,
        /// The zone of what was sent.
        given: &'static str,
    },
    /// A month that it would price has invoices already.
    #[error(
        "version {version} of book {id} is effective from {effective}, but {billed} is billed already and no month is priced by two versions; choose the first day of a month after {billed}"
    )]
    MonthBilled {
        /// The book.
        id: String,
        /// The version that was sent.
        version: String,
        /// Its first day.
        effective: NaiveDate,
        /// The last month of the book that has an invoice.
        billed: Month,
    },
    /// The database refused.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// What became of a book that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// It is published now.
    New(BookRow),
    /// The same content was published before.
    Before(BookRow),
}

impl Published {
    /// The version in either case.
    pub fn row(&self) -> &BookRow {
        match self {
            Self::New(row) | Self::Before(row) => row,
        }
    }
}

/// Checks a book and publishes it. Sending the same book again changes nothing.
pub async fn publish(db: &Db, toml: &str, now: Instant) -> Result<Published, PublishError> {
    let book = BookDraft::from_toml(toml).check().map_err(PublishError::Invalid)?;
    // Before anything is written: a plan that cannot be billed must not get to a customer.
    for plan in &book.plans {
        if let Err(reason) = plan.check_monthly() {
            return Err(PublishError::NotMonthly { id: book.id.to_string(), plan: plan.id.to_string(), reason });
        }
    }
    let row = BookRow {
        id: book.id.to_string(),
        version: book.version.to_string(),
        digest: book.digest().to_owned(),
        effective: book.effective,
        published_at: now,
    };
    let canonical = book.canonical_json();
    let mut tx = db.begin().await?;
    let new = store::insert(&mut tx, &NewBook { row: &row, source: toml, canonical: &canonical }).await?;
    if new {
        // Looked at after the insert, which holds the lock; a refusal undoes it.
        check_beside_others(&mut tx, &book, &row).await?;
        tx.commit().await.map_err(DbError::from)?;
        // So that what is remembered here is known to be old at once; without an answer it is half a second later.
        let _ = db.versions().await;
        return Ok(Published::New(row));
    }
    tx.rollback().await.map_err(DbError::from)?;
    let versions = store::list(db).await?;
    let own: Vec<BookRow> = versions.into_iter().filter(|other| other.id == row.id).collect();
    if let Some(same) = own.iter().find(|other| other.version == row.version) {
        return if same.digest == row.digest {
            Ok(Published::Before(same.clone()))
        } else {
            let (published, given) = (same.digest.clone(), row.digest);
            Err(PublishError::OtherDigest { id: row.id, version: row.version, published, given })
        };
    }
    let version = own.into_iter().find(|other| other.effective == row.effective).map(|other| other.version);
    let version = version.unwrap_or_default();
    Err(PublishError::EffectiveTaken { id: row.id, version, effective: row.effective })
}

/// Refuses a version by which a month could be cut in two or be priced twice.
async fn check_beside_others(connection: &mut Connection, book: &Book, row: &BookRow) -> Result<(), PublishError> {
    let given = book.zone.name();
    for (other, zone) in store::other_zones(connection, row).await? {
        if zone != given {
            return Err(PublishError::OtherZone { id: row.id.clone(), other, zone, given });
        }
    }
    let billed = invoices::last_month(connection, &row.id).await?;
    match billed.filter(|month| row.effective < month.next_first_day()) {
        None => Ok(()),
        Some(billed) => {
            let (id, version, effective) = (row.id.clone(), row.version.clone(), row.effective);
            Err(PublishError::MonthBilled { id, version, effective, billed })
        }
    }
}

/// Books that were read and checked already; they never change, so this never grows stale.
#[derive(Debug, Default)]
pub struct Shelf(Mutex<Shelved>);

#[derive(Debug, Default)]
struct Shelved {
    versions: BTreeMap<(String, String), (Arc<Book>, Arc<Meters>)>,
    /// All there were when there were so many.
    all: Option<(i64, Books)>,
}

impl Shelf {
    /// Every published version.
    pub async fn books(&self, db: &Db) -> Result<Books, DbError> {
        let versions = db.versions().await?;
        self.books_at(db, versions).await
    }

    /// Every version that was published when the database was heard from last, without asking it again.
    pub async fn books_lately(&self, db: &Db) -> Result<Books, DbError> {
        match db.known_versions() {
            Some(versions) => self.books_at(db, versions).await,
            None => self.books(db).await,
        }
    }

    /// Every published version, and those that were published since.
    pub async fn books_at(&self, db: &Db, versions: Versions) -> Result<Books, DbError> {
        if let Some((count, books)) = &self.lock().all
            && *count >= versions.books
        {
            return Ok(books.clone());
        }
        let mut list = Books { books: Vec::new(), meters: Vec::new() };
        let rows = store::list(db).await?;
        for row in &rows {
            let (book, meters) = self.book(db, row).await?;
            list.books.push(book);
            list.meters.push(meters);
        }
        let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let mut shelved = self.lock();
        if shelved.all.as_ref().is_none_or(|(before, _)| *before < count) {
            shelved.all = Some((count, list.clone()));
        }
        Ok(list)
    }

    async fn book(&self, db: &Db, row: &BookRow) -> Result<(Arc<Book>, Arc<Meters>), DbError> {
        let key = (row.id.clone(), row.version.clone());
        if let Some(version) = self.lock().versions.get(&key) {
            return Ok(version.clone());
        }
        let unreadable = || DbError::Unreadable { what: "book", value: format!("{} {}", row.id, row.version) };
        let source = store::source(db, &row.id, &row.version).await?.ok_or_else(unreadable)?;
        let book = BookDraft::from_toml(&source).check().map_err(|_| unreadable())?;
        if book.digest() != row.digest {
            return Err(unreadable());
        }
        let meters = Meters::of(&book);
        let version = (Arc::new(book), meters);
        self.lock().versions.insert(key, version.clone());
        Ok(version)
    }

    fn lock(&self) -> MutexGuard<'_, Shelved> {
        // Whole after every statement.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All published versions, by id and effective day.
#[derive(Debug, Clone)]
pub struct Books {
    books: Vec<Arc<Book>>,
    /// Those of each book, in the same order.
    meters: Vec<Arc<Meters>>,
}

impl Books {
    /// Every version.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Book>> {
        self.books.iter()
    }

    /// The meters of one of these versions, as counting needs them.
    pub fn meters_of(&self, book: &Arc<Book>) -> Arc<Meters> {
        let place = self.books.iter().position(|own| Arc::ptr_eq(own, book));
        let meters = place.and_then(|place| self.meters.get(place));
        meters.map_or_else(|| Meters::of(book), Arc::clone)
    }

    /// The ids, each once.
    pub fn ids(&self) -> Vec<BookId> {
        let mut ids: Vec<BookId> = self.books.iter().map(|book| book.id.clone()).collect();
        ids.dedup();
        ids
    }

    /// This version of a book.
    pub fn version(&self, id: &BookId, version: &Version) -> Option<&Arc<Book>> {
        self.books.iter().find(|book| book.id == *id && book.version == *version)
    }

    /// The version of a book that is in force on `day`: the latest one that has begun.
    pub fn in_force(&self, id: &BookId, day: NaiveDate) -> Option<&Arc<Book>> {
        self.books.iter().rfind(|book| book.id == *id && book.effective <= day)
    }

    /// The version in force at `now`, by the calendar of each version's own zone.
    pub fn in_force_now(&self, id: &BookId, now: Instant) -> Option<&Arc<Book>> {
        self.books.iter().rfind(|book| book.id == *id && book.effective <= book.zone.date_of(now))
    }

    /// The first version of a book.
    pub fn earliest(&self, id: &BookId) -> Option<&Arc<Book>> {
        self.books.iter().find(|book| book.id == *id)
    }

    /// The last version of a book, in force or not.
    pub fn newest(&self, id: &BookId) -> Option<&Arc<Book>> {
        self.books.iter().rfind(|book| book.id == *id)
    }

    /// The version of each book that says, on `day`, on which plan customers are who chose none.
    pub fn with_default_plan(&self, day: NaiveDate) -> Vec<&Arc<Book>> {
        let ids = self.ids();
        let current = ids.iter().filter_map(|id| self.in_force(id, day));
        current.filter(|book| book.default_plan.is_some()).collect()
    }
}
