//! Naming a customer and putting them on a plan.

use std::sync::Arc;

use engine::ids::{BookId, CustomerId, PlanId};
use engine::period::{Instant, Month};

use super::remembered::Remembered;
use super::store::{self, Assignment, Customer};
use crate::app::App;
use crate::books::flow::Books;
use crate::db::{Db, DbError};
use crate::versions::Versions;

/// What is said about a customer.
#[derive(Debug, Clone, Default)]
pub struct Details {
    /// What bills call them; the id if nothing is said.
    pub name: Option<String>,
    /// Book and plan; none takes the plan away.
    pub plan: Option<(BookId, PlanId)>,
    /// The first month that is billed even without usage; by default the current one.
    pub since: Option<Month>,
}

/// Why a customer cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum CustomerError {
    /// No such book is published.
    #[error("no book \"{id}\" is published; published are: {}", listed(.known))]
    UnknownBook {
        /// What was asked for.
        id: BookId,
        /// What there is.
        known: Vec<BookId>,
    },
    /// The book has no such plan.
    #[error("book {book} has no plan \"{plan}\"; it has: {}", listed(.known))]
    UnknownPlan {
        /// The book.
        book: BookId,
        /// What was asked for.
        plan: PlanId,
        /// What there is.
        known: Vec<PlanId>,
    },
    /// The name is too long, or it is empty.
    #[error("the name has {0} characters; allowed are 1 to 200")]
    NameLength(usize),
    /// Another plan from a later month on; there is no history of plans yet.
    #[error(
        "{customer} is on plan {current}, and there is one plan at a time: {plan} from {since} would price the months before too. Assign it when {since} has begun, after billing the month before"
    )]
    NotBegun {
        /// Who.
        customer: CustomerId,
        /// The plan they are on.
        current: PlanId,
        /// The plan that was asked for.
        plan: PlanId,
        /// The month that has not begun.
        since: Month,
    },
    /// No such customer.
    #[error("there is no customer \"{0}\"; customers appear with their first event or with PUT /v1/customers/{{id}}")]
    Unknown(CustomerId),
    /// The database refused.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Ids as a reader sees them.
pub fn listed<T: std::fmt::Display>(items: &[T]) -> String {
    if items.is_empty() {
        return "none".to_owned();
    }
    items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}

/// Writes what is said about a customer.
pub async fn put(
    db: &Db,
    books: &Books,
    (id, details): (&CustomerId, &Details),
    now: Instant,
) -> Result<Customer, CustomerError> {
    let name_length = details.name.as_ref().map(|name| name.trim().chars().count());
    if let Some(length) = name_length.filter(|length| !(1..=200).contains(length)) {
        return Err(CustomerError::NameLength(length));
    }
    let before = store::find(db, id).await?;
    let kept_since = before.as_ref().and_then(|customer| customer.assignment.as_ref()).map(|kept| kept.since);
    let assignment = match &details.plan {
        None => None,
        Some((book, plan)) => {
            let since = details.since.or(kept_since);
            let (assignment, current_month) = assignment(books, (book, plan), since, now)?;
            let kept = before.as_ref().and_then(|customer| customer.assignment.as_ref());
            if let Some(kept) = kept.filter(|kept| (&kept.book, &kept.plan) != (book, plan))
                && assignment.since > current_month
            {
                let (current, since) = (kept.plan.clone(), assignment.since);
                return Err(CustomerError::NotBegun { customer: id.clone(), current, plan: plan.clone(), since });
            }
            Some(assignment)
        }
    };
    let customer = Customer {
        id: id.clone(),
        name: details.name.as_ref().map(|name| name.trim().to_owned()),
        assignment,
        created_at: before.map_or(now, |customer| customer.created_at),
    };
    let mut tx = db.begin().await?;
    store::put(&mut tx, &customer).await?;
    tx.commit().await.map_err(DbError::from)?;
    // So that what is remembered here is known to be old at once; without an answer it is half a second later.
    let _ = db.versions().await;
    Ok(customer)
}

/// What is assigned, and the current month in the zone of its book.
fn assignment(
    books: &Books,
    (id, plan): (&BookId, &PlanId),
    since: Option<Month>,
    now: Instant,
) -> Result<(Assignment, Month), CustomerError> {
    let book = books.in_force_now(id, now).or_else(|| books.newest(id));
    let book = book.ok_or_else(|| CustomerError::UnknownBook { id: id.clone(), known: books.ids() })?;
    if !book.plans.iter().any(|candidate| candidate.id == *plan) {
        let known = book.plans.iter().map(|plan| plan.id.clone()).collect();
        return Err(CustomerError::UnknownPlan { book: id.clone(), plan: plan.clone(), known });
    }
    let unreadable = || DbError::Unreadable { what: "month", value: now.to_string() };
    let current = Month::containing(now, book.zone).map_err(|_| unreadable())?;
    Ok((Assignment { book: id.clone(), plan: plan.clone(), since: since.unwrap_or(current) }, current))
}

/// The customer of this id, or the refusal.
pub async fn existing(db: &Db, id: &CustomerId) -> Result<Customer, CustomerError> {
    store::find(db, id).await?.ok_or_else(|| CustomerError::Unknown(id.clone()))
}

/// The customer of this id as they are at these versions or later, or the refusal; the database is asked only for who is not
/// remembered.
pub async fn remembered(app: &App, versions: Versions, id: &CustomerId) -> Result<Arc<Customer>, CustomerError> {
    let found = app.customers.of((&app.db, versions), [id]).await?;
    found.into_values().next().ok_or_else(|| CustomerError::Unknown(id.clone()))
}

/// The customer of this id as the database told last, or the refusal.
pub async fn lately(db: &Db, remembered: &Remembered, id: &CustomerId) -> Result<Arc<Customer>, CustomerError> {
    remembered.lately(db, id).await?.ok_or_else(|| CustomerError::Unknown(id.clone()))
}
