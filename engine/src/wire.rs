//! What is asked of the engine and what it answers, as JSON: the same on the command line, over HTTP and in the browser.
//!
//! One function, [`answer`], serves every place, so that the same ask gives the same bytes everywhere.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::catalog::diff::{BookDiff, diff};
use crate::catalog::review::{Highest, Warning, highest, review};
use crate::catalog::{Book, BookDraft, Plan, Problem};
use crate::estimate::{Curve, Estimate, curve, estimate};
use crate::ids::{CustomerId, MeterId, PlanId};
use crate::invoice::price_versions::{EffectiveFrom, OldPrice};
use crate::invoice::subscription::{
    BookVersion, Phase, Subscription, SubscriptionBill, SubscriptionError, bill_subscription,
};
use crate::invoice::{Account, Draft, DraftInput, draft_invoice_for};
use crate::period::{Instant, Month, Period, TimeError};
use crate::quantity::Quantity;
use crate::quota::{Quota, quota};
use crate::rating::{Position, RateError, Rated, Share, rate_for, rate_readings};
use crate::usage::{Event, Group, Meter, MeterUsage, Sample, Span, Usage, count_usage};

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
    /// What changed since an older book, and for whom it gets cheaper or dearer.
    Diff {
        /// The older book as TOML.
        old: String,
    },
    /// What do these quantities cost on a plan?
    Rate {
        /// The plan.
        plan: String,
        /// Quantities.
        usage: Vec<Assumed>,
        /// The customer's own terms.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<Box<Account>>,
    },
    /// What does a period cost that is billed in parts, each with the quantities that it has reached?
    Parts {
        /// The plan; its `in_progress` says how parts are billed.
        plan: String,
        /// The parts, first one first.
        parts: Vec<AskedPart>,
        /// The customer's share of a whole period; the whole if it is left out.
        #[serde(default = "Share::whole")]
        share: Share,
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
        /// The customer's own terms.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<Box<Account>>,
    },
    /// What does a subscription owe at an instant?
    Subscription {
        /// Its first instant.
        start: Instant,
        /// The first instant after it, if it ends.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        end: Option<Instant>,
        /// Its plans, one after the other; the first from the start.
        phases: Vec<Phase>,
        /// The instant of the bill: one at which something is due.
        at: Instant,
        /// Bill everything due after this instant too.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<Instant>,
        /// What happened; the customer's own events only.
        #[serde(default)]
        events: Vec<Event>,
        /// Later versions of the book; each comes into force on its effective day.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        versions: Vec<AskedVersion>,
        /// The customer's own terms.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<Box<Account>>,
    },
}

/// A later version of the book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskedVersion {
    /// The book, as TOML.
    pub book: String,
    /// How long those who subscribed before keep the version that they have.
    #[serde(default)]
    pub kept: OldPrice,
}

/// A part of a period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskedPart {
    /// Which part it is.
    pub position: Position,
    /// What the period has counted so far, this part included.
    pub usage: Vec<Assumed>,
}

/// An assumed quantity of a meter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assumed {
    /// The meter.
    pub meter: String,
    /// How much, as a plain decimal. Goes without where single events are assumed, or groups that add up.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub quantity: String,
    /// The quantity broken down by the meter's `group_by`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<AssumedGroup>,
    /// What single events bring, first one first, for charges that price event by event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<Sample>,
}

/// An assumed part of a meter's quantity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssumedGroup {
    /// The values of the meter's dimensions by their names; one that is left out is empty, as where events do not say.
    pub key: BTreeMap<String, String>,
    /// How much, as a plain decimal.
    pub quantity: String,
}

/// The engine's answer; the same JSON wherever it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// To `check`.
    Checked(Box<Checked>),
    /// To `rate`.
    Rated(Box<Rated>),
    /// To `parts`.
    Parts {
        /// One bill for each part.
        parts: Vec<Rated>,
    },
    /// To `estimate`.
    Estimate(Box<Estimate>),
    /// To `curve`.
    Curve(Box<Curve>),
    /// To `quota`.
    Quota(Box<Quota>),
    /// To `draft`.
    Draft(Box<Draft>),
    /// For [`Door::Diff`].
    Diff(Box<BookDiff>),
}

/// A valid book in a few figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The digest of the book's canonical form.
    pub digest: String,
    /// How many plans it has.
    pub plans: usize,
    /// How many meters it has.
    pub meters: usize,
    /// What is legal but likely wrong.
    pub warnings: Vec<Warning>,
    /// What each plan can cost at most, net, in the order of the book.
    pub highest: Vec<PlanHighest>,
}

/// What a plan can cost at most in one period, net and before rounding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanHighest {
    /// The plan.
    pub plan: PlanId,
    /// The highest charge that any usage can produce.
    pub highest: Highest,
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
    /// The subscription cannot be billed.
    Subscription {
        /// Why.
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

impl From<SubscriptionError> for Refusal {
    fn from(error: SubscriptionError) -> Self {
        match error {
            SubscriptionError::Rate(error) => error.into(),
            SubscriptionError::Events(error) => Self::Events { message: error.to_string() },
            SubscriptionError::NoPhase
            | SubscriptionError::FirstPhase { .. }
            | SubscriptionError::NotInOrder { .. }
            | SubscriptionError::NothingDue { .. }
            | SubscriptionError::CycleChanges { .. }
            | SubscriptionError::VersionsDiffer
            | SubscriptionError::TooMany
            | SubscriptionError::Version(_)
            | SubscriptionError::Time(_)
            | SubscriptionError::Proration(_) => Self::Subscription { message: error.to_string() },
        }
    }
}

/// Answers a question.
pub fn answer(ask: &Ask) -> Result<Answer, Refusal> {
    let draft = BookDraft::from_toml(&ask.book);
    let book = draft.check().map_err(|problems| Refusal::Book { problems })?;
    match &ask.ask {
        Door::Check => Ok(Answer::Checked(Box::new(checked(&book, Some(&draft))))),
        door => answer_for(&book, door),
    }
}

/// Answers a question about a book that is already there.
pub fn answer_for(book: &Book, door: &Door) -> Result<Answer, Refusal> {
    match door {
        Door::Check => Ok(Answer::Checked(Box::new(checked(book, None)))),
        Door::Diff { old } => {
            let old = BookDraft::from_toml(old).check().map_err(|problems| Refusal::Book { problems })?;
            Ok(Answer::Diff(Box::new(diff(&old, book))))
        }
        Door::Rate { plan, usage, account } => {
            let account = account.as_deref().cloned().unwrap_or_default();
            Ok(Answer::Rated(Box::new(rate_for(book, plan, &assumed(book, usage)?, &account)?)))
        }
        Door::Parts { plan, parts, share } => {
            let reading = |part: &AskedPart| Ok((assumed(book, &part.usage)?, part.position));
            let readings: Vec<(Usage, Position)> = parts.iter().map(reading).collect::<Result<_, Refusal>>()?;
            Ok(Answer::Parts { parts: rate_readings(book, plan, &readings, *share)? })
        }
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
        Door::Draft { plan, customer, month, events, account } => {
            let period = period_of(book, *month)?;
            let usage = counted(book, period, events.iter().filter(|event| event.customer == *customer))?;
            let customer_name = customer.as_str();
            let account = account.as_deref().cloned().unwrap_or_default();
            let input = DraftInput { customer, customer_name, plan, month: *month, period, usage: &usage };
            Ok(Answer::Draft(Box::new(draft_invoice_for(book, &input, &account)?)))
        }
        Door::Subscription { start, end, phases, at, after, events, versions, account } => {
            let subscription = Subscription { start: *start, end: *end, phases: phases.clone() };
            let account = account.as_deref().cloned().unwrap_or_default();
            let bill = SubscriptionBill {
                versions: &[],
                subscription: &subscription,
                after: *after,
                at: *at,
                account: &account,
                count: &|_, _| Ok(Usage::default()),
            };
            Ok(Answer::Rated(Box::new(self::subscription(book, (versions, events), &bill)?)))
        }
    }
}

/// Bills a subscription; the book at hand is the first version.
fn subscription(
    book: &Book,
    (later, events): (&[AskedVersion], &[Event]),
    bill: &SubscriptionBill<'_>,
) -> Result<Rated, Refusal> {
    let read = |version: &AskedVersion| {
        BookDraft::from_toml(&version.book).check().map_err(|problems| Refusal::Book { problems })
    };
    let books: Vec<Book> = later.iter().map(read).collect::<Result<_, Refusal>>()?;
    // A single version is in force whenever the subscription starts.
    let first = if later.is_empty() { Instant::MIN_UTC } else { effective(book)? };
    let mut versions = vec![BookVersion { book, effective: EffectiveFrom { from: first, kept: OldPrice::default() } }];
    for (book, asked) in books.iter().zip(later) {
        versions.push(BookVersion { book, effective: EffectiveFrom { from: effective(book)?, kept: asked.kept } });
    }
    let count = |book: &Book, span: Span| count_usage(book, span, events);
    Ok(bill_subscription(&SubscriptionBill { versions: &versions, count: &count, ..*bill })?)
}

/// The first instant of a version of the book.
fn effective(book: &Book) -> Result<Instant, Refusal> {
    let start = book.zone.start_of(book.effective).ok_or(SubscriptionError::Time(TimeError::OutOfCalendar));
    Ok(start?)
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
    usage.iter().map(|item| assumed_of(book, item)).collect::<Result<_, Refusal>>().map(Usage)
}

fn assumed_of(book: &Book, item: &Assumed) -> Result<MeterUsage, Refusal> {
    let refused = |message: String| Refusal::Quantity { meter: item.meter.clone(), message };
    let found = MeterId::new(&item.meter).ok().and_then(|id| book.meter(&id));
    let meter = found.ok_or_else(|| RateError::UnknownMeter {
        meter: item.meter.clone(),
        known: book.meters.iter().map(|meter| meter.id.clone()).collect(),
    })?;
    let quantity = || Quantity::parse(&item.quantity).map_err(|error| refused(error.to_string()));
    match (item.samples.is_empty(), item.groups.is_empty()) {
        (true, true) => Ok(MeterUsage::assumed(meter.id.clone(), quantity()?)),
        (false, true) if item.quantity.is_empty() => {
            MeterUsage::of_samples(meter.id.clone(), item.samples.clone()).map_err(|error| refused(error.to_string()))
        }
        (false, true) => Err(refused("samples add up by themselves; leave quantity out".to_owned())),
        (false, false) => Err(refused("give either samples, which have keys of their own, or groups".to_owned())),
        (true, false) => {
            let group = |group: &AssumedGroup| assumed_group(meter, group).map_err(&refused);
            let groups = item.groups.iter().map(group).collect::<Result<_, _>>()?;
            let mut usage = MeterUsage::of_groups(meter, groups).map_err(|error| refused(error.to_string()))?;
            if !item.quantity.is_empty() {
                let quantity = quantity()?;
                if meter.adds_up() && quantity != usage.quantity {
                    let sum = usage.quantity;
                    return Err(refused(format!("the groups add up to {sum}, not to {quantity}; leave quantity out")));
                }
                usage.quantity = quantity;
            }
            Ok(usage)
        }
    }
}

fn assumed_group(meter: &Meter, group: &AssumedGroup) -> Result<Group, String> {
    let names: Vec<&str> = meter.group_by.iter().map(|dimension| dimension.name.as_str()).collect();
    if let Some(unknown) = group.key.keys().find(|name| !names.contains(&name.as_str())) {
        let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        return Err(format!("it is not broken down by \"{unknown}\"; its group_by has {known}"));
    }
    let key = names.iter().map(|name| group.key.get(*name).cloned().unwrap_or_default()).collect();
    let quantity = Quantity::parse(&group.quantity).map_err(|error| error.to_string())?;
    if quantity.is_negative() {
        return Err(format!("the quantity of a group is {quantity}; it must be 0 or more"));
    }
    Ok(Group { key, events: 0, quantity })
}

/// Everything a check says of a valid book; warnings have places where `draft` is what it was read from.
fn checked(book: &Book, draft: Option<&BookDraft>) -> Checked {
    let plan = |plan: &Plan| PlanHighest { plan: plan.id.clone(), highest: highest(plan) };
    Checked {
        digest: book.digest().to_owned(),
        plans: book.plans.len(),
        meters: book.meters.len(),
        warnings: review(book, draft),
        highest: book.plans.iter().map(plan).collect(),
    }
}

fn period_of(book: &Book, month: Month) -> Result<Period, Refusal> {
    month.period(book.zone).map_err(|error| Refusal::Ask { message: error.to_string() })
}

fn counted<'e>(book: &Book, period: Period, events: impl Iterator<Item = &'e Event>) -> Result<Usage, Refusal> {
    count_usage(book, Span::new(book.zone, period), events)
        .map_err(|error| Refusal::Events { message: error.to_string() })
}
