//! Prices the usage of a plan: one line for each charge, each with the steps that lead to its amount.
//!
//! Every door of the engine comes through [`rate`]; there is no second way to a price.

mod capacity;
mod committed;
mod composite;
mod counted;
mod due;
mod dynamic;
mod effective;
mod flat;
mod graduated;
mod graduated_percentage;
mod line;
mod package;
mod per_unit;
mod percentage;
mod prorated_graduated;
mod stair_step;
mod tier;
mod total;
mod trace;
mod volume;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::catalog::{Book, BookRef, Model, Plan, Pricing};
use crate::exact::{Exact, Overflow};
use crate::ids::{ChargeId, MeterId, PlanId};
use crate::money::{Currency, Money};
use crate::quantity::Quantity;
use crate::rounding::Rounding;
use crate::text::Names;
use crate::usage::Usage;

use line::Scene;

pub use due::due_after;
pub use trace::{ChargeAmount, Limit, Part, Recorder, Step, Steps, TotalOnly};
pub use volume::tier_number;

/// A charge, priced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The charge.
    pub charge: ChargeId,
    /// What the bill calls it.
    pub name: Names,
    /// The meter it prices, if it prices one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meter: Option<MeterId>,
    /// What one unit of the meter is called, if the book says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Names>,
    /// The meter's quantity before the allowance; 1 for a flat charge.
    pub quantity: Quantity,
    /// What is due for it, net.
    pub amount: Money,
    /// How the amount came about, first step first.
    pub steps: Vec<Step>,
}

/// The tax on a bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxLine {
    /// What the bill calls it.
    pub name: Names,
    /// What is due.
    pub amount: Money,
    /// How it came about.
    pub steps: Vec<Step>,
}

/// A plan's usage, priced. `total` = lines + rounding + tax, to the last digit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rated {
    /// The version of the book that priced it.
    pub book: BookRef,
    /// The plan.
    pub plan: PlanId,
    /// What customers call the plan.
    pub plan_name: Names,
    /// The currency of every amount.
    pub currency: Currency,
    /// Where and how amounts are rounded.
    pub rounding: Rounding,
    /// One line for each charge, in the plan's order.
    pub lines: Vec<Line>,
    /// What rounding the sum of exact lines did to it; only where the book rounds once an invoice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice_rounding: Option<Step>,
    /// The net amount.
    pub subtotal: Money,
    /// The tax, if the book has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax: Option<TaxLine>,
    /// What is to be paid.
    pub total: Money,
    /// Meters with usage that the plan has no charge for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unpriced: Vec<MeterId>,
}

/// Why usage cannot be priced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "error", rename_all = "snake_case")]
pub enum RateError {
    /// The book has no such plan.
    UnknownPlan {
        /// What was asked for.
        plan: String,
        /// What there is.
        known: Vec<PlanId>,
    },
    /// The book has no such meter.
    UnknownMeter {
        /// What was asked for.
        meter: String,
        /// What there is.
        known: Vec<MeterId>,
    },
    /// A meter is named twice.
    DuplicateMeter {
        /// The meter.
        meter: MeterId,
    },
    /// A quantity is below zero: corrections exceed the usage. It is reported, never dropped.
    NegativeQuantity {
        /// The meter.
        meter: MeterId,
        /// Its quantity.
        quantity: Quantity,
    },
    /// A charge prices event by event, but only a total is given.
    NeedsEvents {
        /// The charge.
        charge: ChargeId,
        /// Its meter.
        meter: MeterId,
    },
    /// An amount is too large to be computed exactly.
    Overflow {
        /// The charge whose amount it is; `None` for a total.
        #[serde(skip_serializing_if = "Option::is_none")]
        charge: Option<ChargeId>,
    },
}

impl fmt::Display for RateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownPlan { plan, known } => {
                write!(f, "there is no plan \"{plan}\" in this book; it has {}", listed(known))
            }
            Self::UnknownMeter { meter, known } => {
                write!(f, "there is no meter \"{meter}\" in this book; it has {}", listed(known))
            }
            Self::DuplicateMeter { meter } => {
                write!(f, "meter {meter} is given twice; give its total once")
            }
            Self::NegativeQuantity { meter, quantity } => {
                write!(f, "the quantity of meter {meter} is {quantity}; quantities that are priced must be 0 or more")
            }
            Self::NeedsEvents { charge, meter } => {
                write!(
                    f,
                    "charge {charge} is priced event by event; give the events of meter {meter}, not only their total"
                )
            }
            Self::Overflow { charge: Some(charge) } => {
                write!(f, "the amount of charge {charge} is too large to be computed exactly (at most 28 digits)")
            }
            Self::Overflow { charge: None } => {
                f.write_str("the total is too large to be computed exactly (at most 28 digits)")
            }
        }
    }
}

impl std::error::Error for RateError {}

fn listed<T: fmt::Display>(items: &[T]) -> String {
    let texts: Vec<String> = items.iter().map(T::to_string).collect();
    texts.join(", ")
}

impl From<Overflow> for RateError {
    fn from(Overflow: Overflow) -> Self {
        Self::Overflow { charge: None }
    }
}

/// Prices `usage` by the plan named `plan`.
///
/// A meter that `usage` does not name counted nothing. Amounts are in the book's currency, net plus tax, rounded as the
/// book says. Fails on an unknown plan or meter, on a negative quantity and on amounts beyond 28 digits.
pub fn rate(book: &Book, plan: &str, usage: &Usage) -> Result<Rated, RateError> {
    let plan = find_plan(book, plan)?;
    check_usage(book, plan, usage)?;
    let mut lines = Vec::new();
    let mut amounts = Vec::new();
    let mut net = Exact::ZERO;
    for charge in composite::parts_first(plan) {
        let line = line::rate_charge(Scene { book, usage, amounts: &amounts }, charge)
            .map_err(|Overflow| RateError::Overflow { charge: Some(charge.id.clone()) })?;
        net = net.checked_add(line.amount.exact())?;
        amounts.push((&charge.id, line.amount));
        lines.push(line);
    }
    // Only composites are priced out of the plan's order.
    if plan.charges.iter().any(|charge| matches!(charge.pricing, Pricing::Composite(_))) {
        lines.sort_by_key(|line| plan.charges.iter().position(|charge| charge.id == line.charge));
    }
    let (subtotal, invoice_rounding) = total::subtotal(book, net)?;
    let tax = total::tax_line(book, subtotal)?;
    let total = match &tax {
        Some(tax) => subtotal.checked_add(tax.amount)?,
        None => subtotal,
    };
    Ok(Rated {
        book: book.reference(),
        plan: plan.id.clone(),
        plan_name: plan.name.clone(),
        currency: book.currency,
        rounding: book.rounding,
        lines,
        invoice_rounding,
        subtotal,
        tax,
        total,
        unpriced: unpriced(plan, usage),
    })
}

/// The total of [`rate`] alone, without lines and steps: for curves, where only the number is wanted.
///
/// Goes through the same charge models and the same rounding; a law holds the two equal.
pub fn rate_total(book: &Book, plan: &Plan, usage: &Usage) -> Result<Money, RateError> {
    check_usage(book, plan, usage)?;
    let mut amounts = Vec::new();
    let mut net = Exact::ZERO;
    for charge in composite::parts_first(plan) {
        let failed = |Overflow| RateError::Overflow { charge: Some(charge.id.clone()) };
        let scene = Scene { book, usage, amounts: &amounts };
        let amount = line::charge_amount(scene, charge).map_err(failed)?;
        net = net.checked_add(amount.exact())?;
        amounts.push((&charge.id, amount));
    }
    let (subtotal, _) = total::subtotal(book, net)?;
    match total::tax_line(book, subtotal)? {
        Some(tax) => Ok(subtotal.checked_add(tax.amount)?),
        None => Ok(subtotal),
    }
}

/// The plan of this name, or the refusal that lists those there are.
pub fn find_plan<'b>(book: &'b Book, plan: &str) -> Result<&'b Plan, RateError> {
    let found = book.plans.iter().find(|candidate| candidate.id.as_str() == plan);
    found.ok_or_else(|| RateError::UnknownPlan {
        plan: plan.to_owned(),
        known: book.plans.iter().map(|plan| plan.id.clone()).collect(),
    })
}

fn check_usage(book: &Book, plan: &Plan, usage: &Usage) -> Result<(), RateError> {
    check_quantities(book, plan, usage)?;
    for charge in &plan.charges {
        if let Pricing::Metered(metered) = &charge.pricing
            && let Model::Percentage(percentage) = &metered.model
            && let Some(item) = usage.of(&metered.meter)
            && item.samples.is_empty()
            && !item.quantity.is_zero()
            && (percentage.needs_events() || (percentage.counts_events() && item.events.is_none()))
        {
            return Err(RateError::NeedsEvents { charge: charge.id.clone(), meter: item.meter.clone() });
        }
    }
    Ok(())
}

/// Whether every charge of the plan that looks at this meter can say what a negative quantity costs.
fn takes_negative(plan: &Plan, meter: &MeterId) -> bool {
    plan.prices(meter)
        && plan.charges.iter().filter(|charge| charge.meters().contains(&meter)).all(|charge| match &charge.pricing {
            Pricing::Metered(metered) => metered.model.takes_negative(),
            Pricing::Flat(_) | Pricing::Capacity(_) | Pricing::Composite(_) => false,
        })
}

fn check_quantities(book: &Book, plan: &Plan, usage: &Usage) -> Result<(), RateError> {
    for (index, item) in usage.0.iter().enumerate() {
        let meter = &item.meter;
        if book.meter(meter).is_none() {
            let known = book.meters.iter().map(|meter| meter.id.clone()).collect();
            return Err(RateError::UnknownMeter { meter: meter.to_string(), known });
        }
        if usage.0.iter().take(index).any(|earlier| earlier.meter == *meter) {
            return Err(RateError::DuplicateMeter { meter: meter.clone() });
        }
        if item.quantity.is_negative() && !takes_negative(plan, meter) {
            return Err(RateError::NegativeQuantity { meter: meter.clone(), quantity: item.quantity });
        }
    }
    Ok(())
}

fn unpriced(plan: &Plan, usage: &Usage) -> Vec<MeterId> {
    let used = usage.0.iter().filter(|item| !item.quantity.is_zero());
    used.filter(|item| !plan.prices(&item.meter)).map(|item| item.meter.clone()).collect()
}
