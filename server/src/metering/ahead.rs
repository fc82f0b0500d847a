//! Counts of many customers at once: stored counts by one statement, all others by one walk through their events.
//!
//! Only what is certain to be complete is given; who is missing is counted one by one, and told why where that fails.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use engine::ids::CustomerId;
use engine::usage::{Meters, Span};
use ledger::{Ledger, Query, SavedCount};

use super::counters::Count;
use super::flow::{Counted, MeteringError, Terms};
use crate::aside::aside;
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
        let (ledger, meters) = (db.ledger().clone(), Arc::clone(&terms.meters));
        ready.extend(aside(move || complete(&ledger, (&meters, span), (&saved, through))).await?);
        let missing = customers.into_iter().filter(|customer| !ready.contains_key(*customer)).collect();
        ready.extend(walk(db, terms, missing).await?);
    }
    Ok(ready)
}

/// What was counted of those whose stored counts hold every event through this commit.
fn complete(
    ledger: &Ledger,
    (meters, span): (&Arc<Meters>, Span),
    (saved, through): (&[SavedCount], i64),
) -> Result<Vec<(CustomerId, Counted)>, DbError> {
    let oldest = saved.iter().map(|saved| saved.through).min().unwrap_or(through);
    let of_anybody =
        Query { customer: None, start_us: to_us(span.period.start), end_us: to_us(span.period.end), after_seq: oldest };
    // Most often nothing has come for the month since, and nobody has to be looked at.
    let is_quiet = !ledger.may_have(of_anybody);
    let mut ready = Vec::with_capacity(saved.len());
    for saved in saved {
        let of_customer = Query { customer: Some(&saved.customer), after_seq: saved.through, ..of_anybody };
        if !is_quiet && ledger.may_have(of_customer) {
            continue;
        }
        let Some(count) = Count::resume(Arc::clone(meters), span, saved) else { continue };
        if count.metering.wants_history() {
            continue;
        }
        // Why it cannot be told in numbers is told when the customer is counted alone.
        let Ok(counted) = count.counted() else { continue };
        let customer = valid("customer id", &saved.customer, |text| CustomerId::new(text).ok())?;
        ready.push((customer, Counted { through: counted.through.max(through), ..counted }));
    }
    Ok(ready)
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
