//! Prepares a demo: publishes the example books, invents usage for last month and this one, bills last month, makes links.

use chrono::{Days, NaiveDate};
use engine::ids::{BadId, BookId, CustomerId, PlanId};
use engine::period::{BadMonth, Instant, Month, Zone};

use super::events::{BOOK, CHARACTERS, Character, day};
use crate::app::App;
use crate::auth::flow::{LinkError, create};
use crate::billing::flow::{BillError, bill};
use crate::books::flow::{PublishError, publish};
use crate::customers::flow::{CustomerError, Details, put};
use crate::customers::store;
use crate::db::DbError;
use crate::ingest::flow::{incoming, insert_all};

/// The example books, part of the program.
const BOOKS: [&str; 2] =
    [include_str!("../../../examples/acme-api.toml"), include_str!("../../../examples/web-logs.toml")];

/// How long the demo's links last.
const LINK_DAYS: u32 = 30;

/// What there is to look at.
#[derive(Debug)]
pub struct Shown {
    /// What was made; `None` if there were customers already.
    pub made: Option<Made>,
    /// Links of the demo's trial customers.
    pub links: Vec<DemoLink>,
}

/// What was made.
#[derive(Debug)]
pub struct Made {
    /// Customers.
    pub customers: usize,
    /// Events.
    pub events: u64,
    /// The month that was billed.
    pub month: Month,
    /// Its invoices.
    pub invoices: u64,
}

/// A link for a trial page.
#[derive(Debug)]
pub struct DemoLink {
    /// Whose.
    pub name: &'static str,
    /// Its secret part.
    pub token: String,
}

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// An example book is not sound.
    #[error("an example book cannot be published: {0}")]
    Publish(#[from] PublishError),
    /// A customer cannot be written.
    #[error(transparent)]
    Customer(#[from] CustomerError),
    /// Last month cannot be billed.
    #[error(transparent)]
    Bill(#[from] BillError),
    /// No link.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// An id of the story is none.
    #[error(transparent)]
    Id(#[from] BadId),
    /// The clock is outside the calendar.
    #[error(transparent)]
    Month(#[from] BadMonth),
    /// The demo's book is not published.
    #[error("the book {BOOK} of the demo is not in force")]
    NoBook,
    /// The database refused.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Makes the demo's data where there are no customers yet, and fresh links in any case.
pub async fn prepare(app: &App, progress: impl FnMut(u64, u64)) -> Result<Shown, DemoError> {
    let empty = store::count(&app.db).await? == 0;
    let made = if empty { Some(make(app, progress).await?) } else { None };
    let mut links = Vec::new();
    for character in CHARACTERS.iter().filter(|character| character.plan == "trial") {
        let id = CustomerId::new(character.id)?;
        if store::find(&app.db, &id).await?.is_some() {
            let link = create(&app.db, &id, LINK_DAYS, app.clock.now()).await?;
            links.push(DemoLink { name: character.name, token: link.token });
        }
    }
    Ok(Shown { made, links })
}

async fn make(app: &App, mut progress: impl FnMut(u64, u64)) -> Result<Made, DemoError> {
    let now = app.clock.now();
    for book in BOOKS {
        publish(&app.db, book, now).await?;
    }
    let books = app.shelf.books(&app.db).await?;
    let book = BookId::new(BOOK)?;
    let zone = books.in_force_now(&book, now).ok_or(DemoError::NoBook)?.zone;
    let this_month = Month::containing(now, zone)?;
    let last_month = month_before(this_month)?;
    let details = |character: &Character| {
        let plan = Some((book.clone(), PlanId::new(character.plan)?));
        Ok::<_, BadId>(Details { name: Some(character.name.to_owned()), plan, since: Some(last_month) })
    };
    let mut events = 0_u64;
    let mut done = 0_u64;
    let days = days(last_month.first_day(), zone, now);
    let total = u64::try_from(days.len().saturating_mul(CHARACTERS.len())).unwrap_or(0);
    for character in &CHARACTERS {
        let id = CustomerId::new(character.id)?;
        put(&app.db, &books, (&id, &details(character)?), now).await?;
        for date in &days {
            events = events.saturating_add(keep_day(app, (character, &id), *date, now).await?);
            done = done.saturating_add(1);
            progress(done, total);
        }
    }
    let run = bill(&app.db, (&app.shelf, app.clock), last_month, |_| {}).await?;
    Ok(Made { customers: CHARACTERS.len(), events, month: last_month, invoices: run.issued })
}

fn month_before(month: Month) -> Result<Month, BadMonth> {
    let day = month.first_day().pred_opt().unwrap_or(month.first_day());
    Month::parse(&day.format("%Y-%m").to_string())
}

/// The days from `first` until now: how many came before, and when each began.
fn days(first: NaiveDate, zone: Zone, now: Instant) -> Vec<(u64, Instant)> {
    let date = |day: u64| first.checked_add_days(Days::new(day));
    let starts = (0_u64..62).filter_map(|day| Some((day, zone.start_of(date(day)?)?)));
    starts.filter(|(_, start)| *start <= now).collect()
}

async fn keep_day(
    app: &App,
    (character, id): (&Character, &CustomerId),
    date: (u64, Instant),
    now: Instant,
) -> Result<u64, DbError> {
    let mut events = day(character, id, date);
    events.retain(|event| event.time <= now);
    events.sort_by(|a, b| a.id.cmp(&b.id));
    let count = u64::try_from(events.len()).unwrap_or(0);
    let mut tx = app.db.begin().await?;
    insert_all(&mut tx, events.into_iter().map(incoming).collect(), now).await?;
    tx.commit().await?;
    Ok(count)
}
