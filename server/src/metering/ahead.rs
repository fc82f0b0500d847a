//! Counts of many customers at once: stored counts by one statement, all others by one walk through their events.
//!
//! Only what is certain to be complete is given; who is missing is counted one by one, and told why where that fails.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use engine::ids::CustomerId;
use ledger::Query;

use super::counters::Count;
use super::flow::{Counted, MeteringError, Terms};
use super::store;
use crate::db::{Db, DbError, to_us};

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
        let counts = db.ledger().counts_of(&names, time, rules).await.map_err(DbError::from)?;
        let by_name: BTreeMap<&str, &CustomerId> = names.iter().copied().zip(customers.iter().copied()).collect();
        for saved in counts {
            let Some(customer) = by_name.get(saved.customer.as_str()) else { continue };
            let Some(count) = Count::resume(terms.meters.clone(), span, &saved) else { continue };
            let mut later = store::query(customer, span.period);
            later.after_seq = count.through;
            if count.metering.wants_history() || db.ledger().may_have(later) {
                continue;
            }
            let counted = count.counted()?;
            ready.insert((*customer).clone(), Counted { through: counted.through.max(through), ..counted });
        }
        let missing = customers.into_iter().filter(|customer| !ready.contains_key(*customer)).collect();
        ready.extend(walk(db, terms, missing).await?);
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
    if new().metering.wants_history() {
        return Ok(BTreeMap::new());
    }
    let period = terms.span().period;
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
