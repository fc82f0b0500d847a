//! Counts of many customers at once: stored counts by one statement, all others by one walk through their events.
//!
//! Only what is certain to be complete is given; who is missing is counted one by one, and told why where that fails.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use engine::ids::CustomerId;
use ledger::{Ledger, Query, SavedCount};

use super::counters::Count;
use super::flow::{Counted, MeteringError, Terms};
use crate::aside::{aside, aside_each};
use crate::db::{Db, DbError, to_us, valid};

/// Customers whose months are counted by the same rules, in one stretch of time.
#[derive(Debug)]
struct Alike<'t> {
    terms: &'t Terms,
    customers: Vec<&'t CustomerId>,
}

/// The usage of those of the customers whose stored counts hold every event.
pub async fn count_ahead(
    db: &Db,
    wanted: &[(&CustomerId, &Terms)],
) -> Result<BTreeMap<CustomerId, Counted>, MeteringError> {
    // First of all, so that what was committed until now is either in a count or known to be missing there.
    let through = db.ledger().catch_up().await.map_err(DbError::from)?;
    let mut ready = BTreeMap::new();
    for Alike { terms, customers } in alike(wanted) {
        let span = terms.span();
        let time = (to_us(span.period.start), to_us(span.period.end));
        let names: Vec<&str> = customers.iter().map(|customer| customer.as_str()).collect();
        let rules = terms.meters.fingerprint();
        let saved = db.ledger().counts_of(&names, time, rules).await.map_err(DbError::from)?;
        ready.extend(complete(db.ledger(), terms, (saved, through)).await?);
        let missing = customers.into_iter().filter(|customer| !ready.contains_key(*customer)).collect();
        ready.extend(walk(db, terms, missing).await?);
    }
    Ok(ready)
}

/// What was counted of those whose stored counts hold every event through this commit.
async fn complete(
    ledger: &Ledger,
    terms: &Terms,
    (saved, through): (Vec<SavedCount>, i64),
) -> Result<Vec<(CustomerId, Counted)>, DbError> {
    let (ledger, meters, span) = (ledger.clone(), Arc::clone(&terms.meters), terms.span());
    let oldest = saved.iter().map(|saved| saved.through).min().unwrap_or(through);
    let time = (to_us(span.period.start), to_us(span.period.end));
    // Most often nothing has come for the month since, and nobody has to be looked at.
    let (asked, wanted) = (ledger.clone(), since(None, time, oldest));
    let is_quiet = aside(move || !asked.may_have(wanted)).await;
    let one = move |saved: SavedCount| {
        if !is_quiet && ledger.may_have(since(Some(&saved.customer), time, saved.through)) {
            return Ok(None);
        }
        let resumed = Count::resume(Arc::clone(&meters), span, &saved);
        let Some(count) = resumed.filter(|count| !count.metering.wants_history()) else { return Ok(None) };
        // Why it cannot be told in numbers is told when the customer is counted alone.
        let Ok(counted) = count.counted() else { return Ok(None) };
        let customer = valid("customer id", &saved.customer, |text| CustomerId::new(text).ok())?;
        Ok(Some((customer, Counted { through: counted.through.max(through), ..counted })))
    };
    aside_each(saved, one).await.into_iter().filter_map(Result::transpose).collect()
}

/// The events of somebody, or of anybody, that were committed after this.
fn since(customer: Option<&str>, (start_us, end_us): (i64, i64), after_seq: i64) -> Query<'_> {
    Query { customer, start_us, end_us, after_seq }
}

/// Counts customers in one walk through the events of all who lie between them.
async fn walk(
    db: &Db,
    terms: &Terms,
    customers: Vec<&CustomerId>,
) -> Result<BTreeMap<CustomerId, Counted>, MeteringError> {
    let new = || Count::new(terms.meters.clone(), terms.span());
    let mut counts: BTreeMap<&str, Result<Count, MeteringError>> =
        customers.iter().map(|customer| (customer.as_str(), Ok(new()))).collect();
    let (Some((first, _)), Some((last, _))) = (counts.first_key_value(), counts.last_key_value()) else {
        return Ok(BTreeMap::new());
    };
    let (first, last) = (*first, *last);
    let period = terms.span().period;
    // Each is counted, or refused, by itself then.
    if new().metering.wants_history() || db.ledger().dropped_in((to_us(period.start), to_us(period.end))).is_some() {
        return Ok(BTreeMap::new());
    }
    let all = Query { customer: None, start_us: to_us(period.start), end_us: to_us(period.end), after_seq: 0 };
    let found = db.ledger().scan_between(all, (first, last), |row, changed_by| {
        if let Some(slot) = counts.get_mut(row.customer)
            && changed_by.is_none()
            && row.is_usage()
            && let Ok(count) = slot
        {
            // What cannot be read or counted is told when the customer is counted alone.
            match row.event().map(|event| count.add(&event)) {
                Some(Ok(())) => {}
                Some(Err(error)) => *slot = Err(error),
                None => *slot = Err(DbError::Unreadable { what: "event", value: row.id.to_owned() }.into()),
            }
        }
        ControlFlow::Continue(())
    });
    let through = found.await.map_err(DbError::from)?.through;
    let mut counted = BTreeMap::new();
    for customer in customers {
        if let Some(Ok(count)) = counts.get(customer.as_str())
            && let Ok(usage) = count.counted()
        {
            counted.insert(customer.clone(), Counted { through, ..usage });
        }
    }
    Ok(counted)
}

fn alike<'t>(wanted: &[(&'t CustomerId, &'t Terms)]) -> Vec<Alike<'t>> {
    let mut groups: Vec<Alike<'t>> = Vec::new();
    for (customer, terms) in wanted {
        let same = |group: &&mut Alike<'_>| {
            group.terms.period == terms.period && group.terms.meters.fingerprint() == terms.meters.fingerprint()
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.customers.push(customer),
            None => groups.push(Alike { terms, customers: vec![customer] }),
        }
    }
    groups
}
