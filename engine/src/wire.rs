//! What is asked of the engine and what it answers, as JSON: the same on the command line, over HTTP and in the browser.
//!
//! One function, [`answer`], serves every place, so that the same ask gives the same bytes everywhere.

use serde::{Deserialize, Serialize};

use crate::catalog::{Book, BookDraft, Problem};
use crate::estimate::{Curve, Estimate, curve, estimate};
use crate::ids::{CustomerId, MeterId, PlanId};
use crate::invoice::{Draft, DraftInput, draft_invoice};
use crate::period::{Instant, Month, Period};
use crate::quantity::Quantity;
use crate::quota::{Quota, quota};
use crate::rating::{RateError, Rated, rate};
use crate::usage::{Event, MeterUsage, Span, Usage, count_usage};

/// A question to the engine, with everything it needs to know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// The price book, as TOML.
    pub book: String,
    /// What is wanted.
    pub ask: Door,
}

/// One of the engine's doors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "door", rename_all = "snake_case")]
pub enum Door {
    /// Is the book valid, and what is its digest?
    Check,
    /// What do these quantities cost on a plan?
    Rate {
        /// The plan.
        plan: String,
        /// Quantities.
        usage: Vec<Assumed>,
    },
    /// What does a month of these quantities cost on each plan?
    Estimate {
        /// The plans; all if none is named.
        #[serde(default)]
        plans: Vec<PlanId>,
        /// Quantities.
        usage: Vec<Assumed>,
    },
    /// What do plans cost over the quantity of one meter?
    Curve {
        /// The plans.
        plans: Vec<PlanId>,
        /// Quantities of the other meters.
        usage: Vec<Assumed>,
        /// The meter that varies.
        meter: MeterId,
        /// Its quantities: whole and rising.
        quantities: Vec<Quantity>,
    },
    /// How much of the free quotas is left?
    Quota {
        /// The plan.
        plan: String,
        /// The month, in the book's zone.
        month: Month,
        /// The instant to describe.
        as_of: Instant,
        /// What happened; events outside the month count only for meters that never reset.
        events: Vec<Event>,
    },
    /// What does a customer's month cost?
    Draft {
        /// The plan.
        plan: String,
        /// Who is billed.
        customer: CustomerId,
        /// The month, in the book's zone.
        month: Month,
        /// What happened; events of other customers are not counted, those before the month only by meters that never
        /// reset.
        events: Vec<Event>,
    },
}

/// An assumed quantity of a meter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assumed {
    /// The meter.
    pub meter: String,
    /// How much, as a plain decimal.
    pub quantity: String,
}

/// The engine's answer; the same JSON wherever it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// To `check`.
    Checked(Checked),
    /// To `rate`.
    Rated(Box<Rated>),
    /// To `estimate`.
    Estimate(Box<Estimate>),
    /// To `curve`.
    Curve(Box<Curve>),
    /// To `quota`.
    Quota(Box<Quota>),
    /// To `draft`.
    Draft(Box<Draft>),
}

/// A valid book in a few figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// The digest of the book's canonical form.
    pub digest: String,
    /// How many plans it has.
    pub plans: usize,
    /// How many meters it has.
    pub meters: usize,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "refused", rename_all = "snake_case")]
pub enum Refusal {
    /// The question itself cannot be read.
    Ask {
        /// What is wrong.
        message: String,
    },
    /// The book has problems; these are all of them.
    Book {
        /// Each with its place.
        problems: Vec<Problem>,
    },
    /// A quantity cannot be read.
    Quantity {
        /// The meter it was given for.
        meter: String,
        /// What is wrong.
        message: String,
    },
    /// The events cannot be counted.
    Events {
        /// What is wrong.
        message: String,
    },
    /// The usage cannot be priced.
    Rate {
        /// Why, as data.
        #[serde(flatten)]
        error: RateError,
        /// Why, in words.
        message: String,
    },
}

impl From<RateError> for Refusal {
    fn from(error: RateError) -> Self {
        Self::Rate { message: error.to_string(), error }
    }
}

/// Answers a question.
pub fn answer(ask: &Ask) -> Result<Answer, Refusal> {
    let book = BookDraft::from_toml(&ask.book).check().map_err(|problems| Refusal::Book { problems })?;
    answer_for(&book, &ask.ask)
}

/// Answers a question about a book that is already there.
pub fn answer_for(book: &Book, door: &Door) -> Result<Answer, Refusal> {
    match door {
        Door::Check => Ok(Answer::Checked(Checked {
            digest: book.digest().to_owned(),
            plans: book.plans.len(),
            meters: book.meters.len(),
        })),
        Door::Rate { plan, usage } => Ok(Answer::Rated(Box::new(rate(book, plan, &assumed(book, usage)?)?))),
        Door::Estimate { plans, usage } => {
            Ok(Answer::Estimate(Box::new(estimate(book, plans, &assumed(book, usage)?)?)))
        }
        Door::Curve { plans, usage, meter, quantities } => {
            let found = curve(book, plans, &assumed(book, usage)?, (meter, quantities))?;
            Ok(Answer::Curve(Box::new(found)))
        }
        Door::Quota { plan, month, as_of, events } => {
            let period = period_of(book, *month)?;
            let usage = counted(book, period, events.iter())?;
            Ok(Answer::Quota(Box::new(quota(book, plan, &usage, (period, *as_of))?)))
        }
        Door::Draft { plan, customer, month, events } => {
            let period = period_of(book, *month)?;
            let usage = counted(book, period, events.iter().filter(|event| event.customer == *customer))?;
            let customer_name = customer.as_str();
            let input = DraftInput { customer, customer_name, plan, month: *month, period, usage: &usage };
            Ok(Answer::Draft(Box::new(draft_invoice(book, &input)?)))
        }
    }
}

/// Answers a question in JSON with an answer or a refusal in JSON, on one line.
pub fn answer_json(ask: &str) -> String {
    let outcome = serde_json::from_str::<Ask>(ask)
        .map_err(|error| Refusal::Ask { message: error.to_string() })
        .and_then(|ask| answer(&ask));
    let written = match &outcome {
        Ok(answer) => serde_json::to_string(answer),
        Err(refusal) => serde_json::to_string(refusal),
    };
    // Every key is a string and every value a plain one, so writing cannot fail; if it did, the reader would see why.
    written.unwrap_or_else(|error| error.to_string())
}

/// Reads assumed quantities; each must be a plain decimal for a meter of the book.
pub fn assumed(book: &Book, usage: &[Assumed]) -> Result<Usage, Refusal> {
    let read = |item: &Assumed| {
        let quantity = Quantity::parse(&item.quantity)
            .map_err(|error| Refusal::Quantity { meter: item.meter.clone(), message: error.to_string() })?;
        let unknown = || RateError::UnknownMeter {
            meter: item.meter.clone(),
            known: book.meters.iter().map(|meter| meter.id.clone()).collect(),
        };
        let meter = MeterId::new(&item.meter).map_err(|_| unknown())?;
        Ok(MeterUsage::assumed(meter, quantity))
    };
    usage.iter().map(read).collect::<Result<_, Refusal>>().map(Usage)
}

fn period_of(book: &Book, month: Month) -> Result<Period, Refusal> {
    month.period(book.zone).map_err(|error| Refusal::Ask { message: error.to_string() })
}

fn counted<'e>(book: &Book, period: Period, events: impl Iterator<Item = &'e Event>) -> Result<Usage, Refusal> {
    count_usage(book, Span::new(book.zone, period), events)
        .map_err(|error| Refusal::Events { message: error.to_string() })
}
