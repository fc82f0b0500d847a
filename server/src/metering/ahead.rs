//! Counts of many customers at once, from what is stored: a bill run reads hundreds with one statement.
//!
//! Only what is certain to be complete is given; who is missing is counted one by one.

use std::collections::BTreeMap;

use engine::ids::CustomerId;

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
    wanted: &[(&CustomerId, Terms)],
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
    }
    Ok(ready)
}

fn alike<'t>(wanted: &'t [(&'t CustomerId, Terms)]) -> Vec<Alike<'t>> {
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
