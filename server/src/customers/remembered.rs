//! Customers, remembered from one request to the next: who is there, and by which book each is billed.
//!
//! A number in the database goes up whenever a customer is written; when it has, everything is looked up again. Nobody is
//! remembered not to be there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::ids::CustomerId;
use engine::period::Instant;

use super::store::{self, Customer};
use crate::db::{Db, DbError};
use crate::versions::Versions;

/// What is remembered of customers.
#[derive(Debug, Default)]
pub struct Remembered {
    memory: Mutex<Memory>,
    /// Those who are about to be added.
    waiting: Mutex<BTreeSet<CustomerId>>,
    /// Held by who adds them.
    adding: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Memory {
    /// The number of changes that it knows.
    changes: i64,
    customers: Customers,
}

/// Customers by their ids.
pub type Customers = BTreeMap<CustomerId, Arc<Customer>>;

/// Customers that are remembered at most; then it begins anew.
const CUSTOMERS_MAX: usize = 200_000;

impl Remembered {
    /// Those of the customers who are there, as they were at these versions or later.
    pub async fn of<'i>(
        &self,
        (db, versions): (&Db, Versions),
        ids: impl IntoIterator<Item = &'i CustomerId>,
    ) -> Result<Customers, DbError> {
        let (mut found, unknown) = self.look(versions, ids);
        if unknown.is_empty() {
            return Ok(found);
        }
        let unknown: Vec<&CustomerId> = unknown.into_iter().collect();
        let read = store::find_all(db, &unknown).await?;
        let mut memory = self.memory();
        for customer in read {
            let (id, customer) = (customer.id.clone(), Arc::new(customer));
            // Else others know of a change that may have come after this was read.
            if memory.changes == versions.customers {
                memory.customers.insert(id.clone(), Arc::clone(&customer));
            }
            found.insert(id, customer);
        }
        Ok(found)
    }

    /// Those who are remembered, and those who are not.
    fn look<'i>(
        &self,
        versions: Versions,
        ids: impl IntoIterator<Item = &'i CustomerId>,
    ) -> (Customers, BTreeSet<&'i CustomerId>) {
        let (mut found, mut unknown) = (Customers::new(), BTreeSet::new());
        let memory = self.memory_at(versions);
        for id in ids {
            match memory.customers.get(id) {
                Some(customer) => {
                    found.insert(id.clone(), Arc::clone(customer));
                }
                None => {
                    unknown.insert(id);
                }
            }
        }
        (found, unknown)
    }

    /// The customer of this id as the database told last; it is asked only for who is not remembered.
    pub async fn lately(&self, db: &Db, id: &CustomerId) -> Result<Option<Arc<Customer>>, DbError> {
        let remembered = db.known_versions().and_then(|known| self.memory_at(known).customers.get(id).cloned());
        if remembered.is_some() {
            return Ok(remembered);
        }
        let versions = db.versions().await?;
        Ok(self.of((db, versions), [id]).await?.into_values().next())
    }

    /// Adds customers who were not there a moment ago. Who comes while others are being added goes along with the next.
    pub async fn add(&self, db: &Db, new: &BTreeSet<CustomerId>, now: Instant) -> Result<(), DbError> {
        if new.is_empty() {
            return Ok(());
        }
        self.waiting().extend(new.iter().cloned());
        let _adding = self.adding.lock().await;
        let mut ids = std::mem::take(&mut *self.waiting());
        let changes = {
            let memory = self.memory();
            // Somebody may have taken them along, and failed.
            ids.extend(new.iter().cloned());
            ids.retain(|id| !memory.customers.contains_key(id));
            memory.changes
        };
        let added = store::add(db, ids.iter().collect(), now).await?;
        let mut memory = self.memory();
        // Who is new is on no plan, unless somebody has put them on one since: then the number is another.
        if memory.changes == changes {
            let customer = |id: CustomerId| Customer { id, name: None, assignment: None, created_at: now };
            memory.customers.extend(added.into_iter().map(|id| (id.clone(), Arc::new(customer(id)))));
        }
        Ok(())
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was remembered at these versions or later.
    fn memory_at(&self, versions: Versions) -> MutexGuard<'_, Memory> {
        let mut memory = self.memory();
        if memory.changes < versions.customers || memory.customers.len() > CUSTOMERS_MAX {
            let changes = memory.changes.max(versions.customers);
            *memory = Memory { changes, customers: Customers::new() };
        }
        memory
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeSet<CustomerId>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
