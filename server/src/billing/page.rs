//! A page of customers on its way to invoices: who is due, what they have used, what it costs.
//!
//! Only looks, and holds nobody up: numbers are given and rows written elsewhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::draft_invoice;
use engine::ids::{BookId, CustomerId, PlanId};
use engine::invoice::DraftInput;
use engine::period::{Month, Zone};

use crate::aside::aside_each;
use crate::books::flow::Books;
use crate::customers::store::{self as customers, Customer};
use crate::db::{Db, DbError};
use crate::invoices::store::{self as invoices, Drafted};
use crate::metering::ahead::count_ahead;
use crate::metering::flow::{Counted, MeteringError, Terms, count, terms};
use crate::metering::store as events;

/// Customers that are looked at together, and issued to in one transaction.
const CUSTOMERS_PER_PAGE: u32 = 500;

/// Customers, in the order in which they get their numbers.
pub type Page = Vec<(CustomerId, Found)>;

/// What was found out about a customer.
#[derive(Debug)]
pub enum Found {
    /// Their invoice, but for its number.
    Drafted(Box<Drafted>),
    /// Billed before.
    Already,
    /// No plan that is due without usage, and no usage.
    Nothing,
    /// Something is in the way.
    Unbilled(MeteringError),
}

/// What can be said of a customer without counting.
enum Due {
    /// There may be something to bill, by these terms.
    Perhaps(Arc<Terms>),
    /// This is all.
    Not(Found),
}

/// A page before the prices.
#[derive(Debug)]
struct CountedPage {
    customers: Vec<Looked>,
    /// The last of them.
    last: CustomerId,
}

/// A customer before the price.
#[derive(Debug)]
enum Looked {
    Counted(Box<(Customer, Arc<Terms>, Counted)>),
    Settled(CustomerId, Found),
}

/// All customers, page by page.
#[derive(Debug)]
pub struct Pages<'a> {
    db: &'a Db,
    books: &'a Books,
    month: Month,
    /// The terms of those who chose this plan, or none.
    terms: BTreeMap<Option<(BookId, PlanId)>, Arc<Terms>>,
    /// The page that comes next, if it was looked for; `None` in it where nobody is left.
    ahead: Option<Option<CountedPage>>,
}

impl<'a> Pages<'a> {
    /// Before the first page.
    pub fn new(db: &'a Db, books: &'a Books, month: Month) -> Self {
        Self { db, books, month, terms: BTreeMap::new(), ahead: None }
    }

    /// The next page; `None` where nobody is left. While it is priced the one after it is counted.
    pub async fn next(&mut self) -> Result<Option<Page>, DbError> {
        let counted = match self.ahead.take() {
            Some(ahead) => ahead,
            None => self.after("").await?,
        };
        let Some(CountedPage { customers, last }) = counted else {
            self.ahead = Some(None);
            return Ok(None);
        };
        let month = self.month;
        let priced = aside_each(customers, move |looked| price(looked, month));
        let (page, ahead) = tokio::join!(priced, self.after(last.as_str()));
        self.ahead = Some(ahead?);
        Ok(Some(page))
    }

    /// The page after this customer, as it stands now.
    async fn after(&mut self, customer: &str) -> Result<Option<CountedPage>, DbError> {
        let customers = customers::page(self.db, customer, CUSTOMERS_PER_PAGE).await?;
        let (Some(first), Some(last)) = (customers.first(), customers.last()) else { return Ok(None) };
        let last = last.id.clone();
        let mut connection = self.db.pool().acquire().await?;
        let billed = invoices::billed(&mut connection, (&first.id, &last), self.month).await?;
        drop(connection);
        let mut due = Vec::with_capacity(customers.len());
        for customer in customers {
            let found = if billed.contains(customer.id.as_str()) {
                Due::Not(Found::Already)
            } else {
                own_trouble(self.due(&customer).await)?.unwrap_or_else(|reason| Due::Not(Found::Unbilled(reason)))
            };
            due.push((customer, found));
        }
        Ok(Some(CountedPage { customers: self.count(due).await?, last }))
    }

    async fn due(&mut self, customer: &Customer) -> Result<Due, MeteringError> {
        match self.terms(customer) {
            Ok(terms) => Ok(Due::Perhaps(terms)),
            Err(error) if is_due_without_usage(customer, self.month) => Err(error),
            // Where no book says in which zone the month is, UTC's month decides whether there is anything to complain
            // about.
            Err(error) => {
                let period = self.month.period(utc()?)?;
                let used = events::any(self.db, events::query(&customer.id, period)).await?;
                if used { Err(error) } else { Ok(Due::Not(Found::Nothing)) }
            }
        }
    }

    /// The customer's terms, found once for all on the same plan.
    fn terms(&mut self, customer: &Customer) -> Result<Arc<Terms>, MeteringError> {
        let own = customer.assignment.as_ref().map(|own| (own.book.clone(), own.plan.clone()));
        if let Some(terms) = self.terms.get(&own) {
            return Ok(Arc::clone(terms));
        }
        let found = Arc::new(terms(self.books, customer, self.month)?);
        self.terms.insert(own, Arc::clone(&found));
        Ok(found)
    }

    /// Counts before anybody is held up. What is accepted from here on is late for these invoices, and found as late.
    async fn count(&self, due: Vec<(Customer, Due)>) -> Result<Vec<Looked>, DbError> {
        let wanted = due.iter().filter_map(|(customer, due)| match due {
            Due::Perhaps(terms) => Some((&customer.id, &**terms)),
            Due::Not(_) => None,
        });
        // Where they cannot be counted together, each is told why by itself.
        let together = own_trouble(count_ahead(self.db, &wanted.collect::<Vec<_>>()).await)?;
        let mut together = together.unwrap_or_default();
        let mut looked = Vec::with_capacity(due.len());
        for (customer, due) in due {
            let terms = match due {
                Due::Perhaps(terms) => terms,
                Due::Not(found) => {
                    looked.push(Looked::Settled(customer.id, found));
                    continue;
                }
            };
            let counted = match together.remove(&customer.id) {
                Some(counted) => Ok(counted),
                None => own_trouble(count(self.db, &customer.id, &terms).await)?,
            };
            looked.push(match counted {
                Ok(counted) => Looked::Counted(Box::new((customer, terms, counted))),
                Err(reason) => Looked::Settled(customer.id, Found::Unbilled(reason)),
            });
        }
        Ok(looked)
    }
}

/// A broken database stops the run; a customer's own trouble does not.
fn own_trouble<T>(result: Result<T, MeteringError>) -> Result<Result<T, MeteringError>, DbError> {
    match result {
        Err(MeteringError::Db(error)) => Err(error),
        own => Ok(own),
    }
}

fn price(looked: Looked, month: Month) -> (CustomerId, Found) {
    let (customer, terms, counted) = match looked {
        Looked::Counted(counted) => *counted,
        Looked::Settled(customer, found) => return (customer, found),
    };
    if counted.events == 0 && !is_due_without_usage(&customer, month) {
        return (customer.id, Found::Nothing);
    }
    let found = draft(&customer, (&terms, month), &counted);
    let found = found.map_or_else(Found::Unbilled, |drafted| Found::Drafted(Box::new(drafted)));
    (customer.id, found)
}

fn draft(customer: &Customer, (terms, month): (&Terms, Month), counted: &Counted) -> Result<Drafted, MeteringError> {
    let input = DraftInput {
        customer: &customer.id,
        customer_name: customer.display_name(),
        plan: terms.plan.as_str(),
        month,
        period: terms.period,
        usage: &counted.usage,
    };
    let draft = draft_invoice(&terms.book, &input).map_err(MeteringError::Rate)?;
    Ok(Drafted { draft, events: counted.events, through: counted.through })
}

/// Whether the customer was on a plan in the month, so that it is billed even if nothing was used.
fn is_due_without_usage(customer: &Customer, month: Month) -> bool {
    customer.assignment.as_ref().is_some_and(|assignment| month >= assignment.since)
}

fn utc() -> Result<Zone, DbError> {
    Zone::from_name("UTC").map_err(|error| DbError::Unreadable { what: "zone", value: error.0 })
}
