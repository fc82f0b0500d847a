//! Prices the usage of a plan: one line for each charge, each with the steps that lead to its amount.
//!
//! Every door of the engine comes through [`rate`]; there is no second way to a price.

mod cell;
mod flat;
mod graduated;
mod line;
mod matrix;
mod package;
mod per_unit;
mod rules;
mod running_total;
mod stair_step;
mod tier;
mod total;
mod trace;
mod volume;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::catalog::{Book, BookRef, Plan};
use crate::exact::{Exact, Overflow};
use crate::ids::{ChargeId, MeterId, PlanId};
use crate::money::{Currency, Money};
use crate::quantity::Quantity;
use crate::rounding::Rounding;
use crate::text::Names;
use crate::usage::Usage;

pub use cell::AttributeValue;
pub use trace::{Part, Recorder, RuleAmount, Step, Steps, TotalOnly};

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
    /// Units whose attributes no row of the charge's matrix matches, and there is no default price.
    NoPrice {
        /// The charge.
        charge: ChargeId,
        /// The attributes and their values.
        cell: Vec<AttributeValue>,
        /// The units.
        quantity: Quantity,
    },
    /// An attribute that a rule compares with a level is no number.
    NotNumber {
        /// The charge.
        charge: ChargeId,
        /// The attribute and its value.
        attribute: AttributeValue,
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
            Self::NoPrice { charge, cell, quantity } => {
                write!(
                    f,
                    "charge {charge} has no price for {quantity} units with {}; add a row or a default",
                    listed(cell)
                )
            }
            Self::NotNumber { charge, attribute } => {
                write!(f, "charge {charge} compares an attribute with a number, but the events say {attribute}")
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
    check_usage(book, usage)?;
    let mut lines = Vec::new();
    let mut net = Exact::ZERO;
    for charge in &plan.charges {
        let line = line::rate_charge(book, charge, usage).map_err(|failure| failure.of(&charge.id, charge.meter()))?;
        net = net.checked_add(line.amount.exact())?;
        lines.push(line);
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
    check_usage(book, usage)?;
    let mut net = Exact::ZERO;
    for charge in &plan.charges {
        let amount =
            line::charge_amount(book, charge, usage).map_err(|failure| failure.of(&charge.id, charge.meter()))?;
        net = net.checked_add(amount.exact())?;
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

fn check_usage(book: &Book, usage: &Usage) -> Result<(), RateError> {
    for (index, item) in usage.0.iter().enumerate() {
        let meter = &item.meter;
        if book.meter(meter).is_none() {
            let known = book.meters.iter().map(|meter| meter.id.clone()).collect();
            return Err(RateError::UnknownMeter { meter: meter.to_string(), known });
        }
        if usage.0.iter().take(index).any(|earlier| earlier.meter == *meter) {
            return Err(RateError::DuplicateMeter { meter: meter.clone() });
        }
        if item.quantity.is_negative() {
            return Err(RateError::NegativeQuantity { meter: meter.clone(), quantity: item.quantity });
        }
    }
    Ok(())
}

fn unpriced(plan: &Plan, usage: &Usage) -> Vec<MeterId> {
    let used = usage.0.iter().filter(|item| !item.quantity.is_zero());
    used.filter(|item| !plan.prices(&item.meter)).map(|item| item.meter.clone()).collect()
}
