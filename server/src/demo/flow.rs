//! Prepares a demo: publishes the example books, invents usage for last month and this one, bills last month, makes links.

use chrono::{Days, NaiveDate, TimeDelta};
use engine::ids::{BadId, BookId, CustomerId, PlanId};
use engine::period::{BadMonth, Instant, Month, Zone};

use super::events::{BOOK, CHARACTERS, Character, day};
use crate::app::App;
use crate::auth::flow::{LinkError, create};
use crate::billing::flow::{BillError, bill};
use crate::books::flow::{PublishError, publish};
use crate::config::Config;
use crate::customers::flow::{CustomerError, Details, put};
use crate::customers::store;
use crate::db::DbError;
use crate::ingest::flow::insert_all;
use crate::invoices::store::{Filter, list};

/// The example books, part of the program.
const BOOKS: [&str; 2] =
    [include_str!("../../../examples/acme-api.toml"), include_str!("../../../examples/web-logs.toml")];

/// How long the demo's links last.
const LINK_DAYS: u32 = 30;

/// What there is to look at.
#[derive(Debug)]
pub struct Shown {
    /// What was made; `None` if it was whole already, or if there are other customers.
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

/// Makes the demo's data where there are no other customers, as far as it is not there yet, and fresh links in any case.
pub async fn prepare(app: &App, progress: impl FnMut(u64, u64)) -> Result<Shown, DemoError> {
    let made = if is_whole_or_foreign(app).await? { None } else { Some(make(app, progress).await?) };
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

/// Whether there is nothing to make: every character has an invoice, or somebody else is a customer.
async fn is_whole_or_foreign(app: &App) -> Result<bool, DemoError> {
    let limit = u32::try_from(CHARACTERS.len()).unwrap_or(u32::MAX).saturating_add(1);
    let present = store::page(&app.db, "", limit).await?;
    if present.iter().any(|customer| CHARACTERS.iter().all(|character| character.id != customer.id.as_str())) {
        return Ok(true);
    }
    for customer in &present {
        let filter = Filter { customer: Some(customer.id.clone()), limit: 1, ..Filter::default() };
        if list(&app.db, &filter).await?.is_empty() {
            return Ok(false);
        }
    }
    Ok(present.len() == CHARACTERS.len())
}

/// The month that the story begins with: that of a story which was interrupted, or else last month.
async fn first_month(app: &App, zone: Zone) -> Result<Month, DemoError> {
    let begun = store::page(&app.db, "", 1).await?;
    match begun.into_iter().find_map(|customer| customer.assignment) {
        Some(assignment) => Ok(assignment.since),
        None => Ok(month_before(Month::containing(app.clock.now(), zone)?)?),
    }
}

async fn make(app: &App, mut progress: impl FnMut(u64, u64)) -> Result<Made, DemoError> {
    let now = app.clock.now();
    for book in BOOKS {
        publish(&app.db, book, now).await?;
    }
    let books = app.shelf.books(&app.db).await?;
    let book = BookId::new(BOOK)?;
    let zone = books.in_force_now(&book, now).ok_or(DemoError::NoBook)?.zone;
    let last_month = first_month(app, zone).await?;
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
    // The story's last month has no late events to wait for.
    let config = Config { grace: TimeDelta::zero(), ..app.config.clone() };
    let run = bill(&app.db, (&app.shelf, app.clock, &config), last_month, |_| {}).await?;
    Ok(Made {
        customers: CHARACTERS.len(),
        events,
        month: last_month,
        invoices: run.issued.saturating_add(run.already),
    })
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
    let count = u64::try_from(events.len()).unwrap_or(0);
    insert_all(&app.db, events.into_iter().map(Into::into).collect(), now).await?;
    Ok(count)
}
