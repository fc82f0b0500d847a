//! Customers of whom nothing is in memory: counted soon after an event of theirs was followed, many in one walk.
//!
//! Decides nothing. Who cannot be counted here is counted, or told why not, when somebody asks.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use engine::ids::CustomerId;
use engine::period::{Instant, Month};
use engine::usage::Metering;
use ledger::{Query, Row};

use super::counters::Count;
use super::flow::{MeteringError, Terms, remember, terms};
use crate::app::App;
use crate::books::flow::Books;
use crate::customers::store::Customer;
use crate::db::{Db, DbError, to_us};

/// Customers that are counted in one walk.
const AT_ONCE: usize = 5_000;

/// So few are counted one by one.
const FEW: usize = 3;

/// Counts everybody of whom nothing was in memory when an event of theirs was followed.
pub async fn count_absent(app: &App) -> Result<(), MeteringError> {
    loop {
        let absent = app.counters.take_absent(AT_ONCE);
        if absent.is_empty() {
            return Ok(());
        }
        for Alike { terms, customers } in alike(app, absent).await? {
            count_all(app, &terms, customers).await?;
        }
    }
}

/// Customers whose month is counted by the same rules.
struct Alike {
    terms: Terms,
    customers: Vec<CustomerId>,
}

async fn alike(app: &App, absent: Vec<(CustomerId, Instant)>) -> Result<Vec<Alike>, MeteringError> {
    let versions = app.db.versions().await?;
    let books = app.shelf.books_at(&app.db, versions).await?;
    let known = app.customers.of((&app.db, versions), absent.iter().map(|(id, _)| id)).await?;
    let mut groups: BTreeMap<(i64, i64, String), Alike> = BTreeMap::new();
    for (id, time) in absent {
        let Some(customer) = known.get(&id) else { continue };
        // Whoever asks is told what is wrong.
        let Ok(Some(terms)) = terms_at(&books, customer, time) else { continue };
        if app.counters.counted(&id, (&terms.meters, terms.span())).is_some() {
            continue;
        }
        let period = terms.period;
        let key = (to_us(period.start), to_us(period.end), terms.meters.fingerprint().to_owned());
        groups.entry(key).or_insert_with(|| Alike { terms, customers: Vec::new() }).customers.push(id);
    }
    Ok(groups.into_values().collect())
}

/// The terms of the month in which an event happened.
fn terms_at(books: &Books, customer: &Customer, time: Instant) -> Result<Option<Terms>, MeteringError> {
    let zone = match &customer.assignment {
        Some(assignment) => books.newest(&assignment.book).map(|book| book.zone),
        None => books.iter().find(|book| book.default_plan.is_some()).map(|book| book.zone),
    };
    let Some(zone) = zone else { return Ok(None) };
    terms(books, customer, Month::containing(time, zone)?).map(Some)
}

async fn count_all(app: &App, terms: &Terms, customers: Vec<CustomerId>) -> Result<(), MeteringError> {
    let (wants_history, period) = (Metering::of(Arc::clone(&terms.meters), terms.span()).wants_history(), terms.period);
    let dropped = app.db.ledger().dropped_in((to_us(period.start), to_us(period.end)));
    if customers.len() <= FEW || wants_history || dropped.is_some() {
        for customer in &customers {
            if let Err(error) = remember(app, customer, terms).await {
                tracing::debug!(%error, "a customer's usage is not counted ahead");
            }
        }
        return Ok(());
    }
    let counting = app.counters.begin_counting(customers, terms.span());
    let counts = from_ledger(&app.db, terms, counting.customers()).await?;
    counting.end(&terms.meters, counts);
    Ok(())
}

/// What the ledger has of customers in the month: from stored counts as far as they reach, and from the events after them.
async fn from_ledger(
    db: &Db,
    terms: &Terms,
    customers: &[CustomerId],
) -> Result<BTreeMap<CustomerId, Count>, MeteringError> {
    let (ledger, span) = (db.ledger(), terms.span());
    let time = (to_us(span.period.start), to_us(span.period.end));
    let names: Vec<&str> = customers.iter().map(CustomerId::as_str).collect();
    let mut fresh: Counts<'_> =
        names.iter().map(|name| (*name, Some(Count::new(Arc::clone(&terms.meters), span)))).collect();
    let mut resumed = Counts::new();
    let saved = ledger.counts_of(&names, time, terms.meters.fingerprint()).await.map_err(DbError::from)?;
    for saved in saved {
        if let Some(count) = Count::resume(Arc::clone(&terms.meters), span, &saved)
            && let Some((name, _)) = fresh.remove_entry(saved.customer.as_str())
        {
            resumed.insert(name, Some(count));
        }
    }
    let through: BTreeMap<&str, i64> =
        resumed.iter().filter_map(|(name, count)| Some((*name, count.as_ref()?.through))).collect();
    read_on(db, time, &mut fresh).await?;
    read_on(db, time, &mut resumed).await?;
    // Looked at last: an event that was voided before this look may be in a stored count.
    let stored: Vec<&str> = through.keys().copied().collect();
    for (name, seq) in ledger.last_changes(&stored).await.map_err(DbError::from)? {
        if through.get(name.as_str()).is_some_and(|through| seq > *through) {
            resumed.remove(name.as_str());
        }
    }
    let mut count = |customer: &CustomerId| {
        let name = customer.as_str();
        fresh.remove(name).or_else(|| resumed.remove(name)).flatten().map(|count| (customer.clone(), count))
    };
    Ok(customers.iter().filter_map(&mut count).collect())
}

/// Counts by customer; none where an event cannot be counted.
type Counts<'c> = BTreeMap<&'c str, Option<Count>>;

/// Counts the events of the commits after those that are in the counts.
async fn read_on(db: &Db, (start_us, end_us): (i64, i64), counts: &mut Counts<'_>) -> Result<(), MeteringError> {
    let Some(after_seq) = counts.values().flatten().map(|count| count.through).min() else { return Ok(()) };
    let names: BTreeSet<&str> = counts.keys().copied().collect();
    let query = Query { customer: None, start_us, end_us, after_seq };
    let count = |row: &Row<'_>, changed_by: Option<&str>| {
        if let Some(slot) = counts.get_mut(row.customer)
            && let Some(count) = slot
            && row.seq > count.through
            && changed_by.is_none()
            && row.is_usage()
            && !matches!(row.event().map(|event| count.add(&event)), Some(Ok(())))
        {
            *slot = None;
        }
        ControlFlow::Continue(())
    };
    let found = db.ledger().scan_of(query, &names, count).await.map_err(DbError::from)?;
    for count in counts.values_mut().flatten() {
        count.through = found.through;
    }
    Ok(())
}
