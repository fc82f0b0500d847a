//! Prices the usage of a plan: one line for each charge, each with the steps that lead to its amount.
//!
//! Every door of the engine comes through [`rate`]; there is no second way to a price.

mod flat;
mod graduated;
mod package;
mod per_unit;
pub mod prepared;
mod trace;
mod volume;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::catalog::{Book, BookRef, Charge, Model, Plan, Pricing};
use crate::exact::{Exact, Overflow};
use crate::ids::{ChargeId, MeterId, PlanId};
use crate::money::{Currency, Money};
use crate::quantity::Quantity;
use crate::rounding::{Rounding, RoundingPlace, round};
use crate::text::Names;
use crate::usage::{MeterUsage, Usage};

pub use trace::{Recorder, Step, Steps, TotalOnly};

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
    let mut lines = Vec::with_capacity(plan.charges.len());
    let mut net = Exact::ZERO;
    for charge in &plan.charges {
        let line = rate_charge(book, charge, usage)
            .map_err(|Overflow| RateError::Overflow { charge: Some(charge.id.clone()) })?;
        net = net.checked_add(line.amount.exact())?;
        lines.push(line);
    }
    let (subtotal, invoice_rounding) = subtotal(book, net)?;
    let tax = tax_line(book, subtotal)?;
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
        let failed = |Overflow| RateError::Overflow { charge: Some(charge.id.clone()) };
        let exact = price(&charge.pricing, charge_usage(charge, usage), &mut TotalOnly).map_err(failed)?;
        let amount = line_amount(book, exact, &mut TotalOnly).map_err(failed)?;
        net = net.checked_add(amount.exact())?;
    }
    let (subtotal, _) = subtotal(book, net)?;
    match tax_line(book, subtotal)? {
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

fn charge_usage<'u>(charge: &Charge, usage: &'u Usage) -> Option<&'u MeterUsage> {
    charge.meter().and_then(|meter| usage.of(meter))
}

fn rate_charge(book: &Book, charge: &Charge, usage: &Usage) -> Result<Line, Overflow> {
    let item = charge_usage(charge, usage);
    let meter = charge.meter().and_then(|id| book.meter(id));
    let mut steps = Steps::with_room();
    if let Some(meter) = meter {
        steps.record(|| Step::counted(meter, item));
    }
    let exact = price(&charge.pricing, item, &mut steps)?;
    let amount = line_amount(book, exact, &mut steps)?;
    let quantity = match &charge.pricing {
        Pricing::Flat(_) => Quantity::from(1),
        Pricing::Metered { .. } => item.map_or(Quantity::ZERO, |item| item.quantity),
    };
    Ok(Line {
        charge: charge.id.clone(),
        name: charge.name.clone(),
        meter: charge.meter().cloned(),
        unit: meter.and_then(|meter| meter.unit.clone()),
        quantity,
        amount,
        steps: steps.into_vec(),
    })
}

fn price(pricing: &Pricing, usage: Option<&MeterUsage>, steps: &mut impl Recorder) -> Result<Exact, Overflow> {
    price_quantity(pricing, usage.map_or(Quantity::ZERO, |usage| usage.quantity), steps)
}

/// The exact net price of one charge: allowance first, then its model.
fn price_quantity(pricing: &Pricing, quantity: Quantity, steps: &mut impl Recorder) -> Result<Exact, Overflow> {
    match pricing {
        Pricing::Flat(flat) => Ok(flat::price(flat, steps)),
        Pricing::Metered { included, model, .. } => {
            let billable = after_allowance(quantity, *included, steps)?;
            match model {
                Model::PerUnit(unit_price) => per_unit::price(unit_price, billable, steps),
                Model::Graduated(tiers) => graduated::price(tiers, billable, steps),
                Model::Volume(tiers) => volume::price(tiers, billable, steps),
                Model::Package(package) => package::price(package, billable, steps),
            }
        }
    }
}

/// Takes the included units off. What is left is what the model prices, counted from zero again.
fn after_allowance(quantity: Quantity, included: Quantity, steps: &mut impl Recorder) -> Result<Quantity, Overflow> {
    if included.is_zero() {
        return Ok(quantity);
    }
    let used = quantity.min(included);
    let billable = quantity.checked_sub(used)?;
    steps.record(|| Step::Allowance { included, used, billable });
    Ok(billable)
}

fn line_amount(book: &Book, exact: Exact, steps: &mut impl Recorder) -> Result<Money, Overflow> {
    match book.rounding.at {
        RoundingPlace::Line => round_to_currency(book, exact, steps),
        // The book check made sure that exact amounts are decimals here.
        RoundingPlace::Invoice => Ok(Money::new(exact.to_decimal().ok_or(Overflow)?).with_places(book.minor_digits())),
    }
}

fn round_to_currency(book: &Book, exact: Exact, steps: &mut impl Recorder) -> Result<Money, Overflow> {
    let (digits, mode) = (book.minor_digits(), book.rounding.mode);
    let amount = round(exact, digits, mode)?;
    steps.try_record(|| Ok(Step::Round { mode, digits, exact, cut: exact.checked_sub(amount.exact())?, amount }))?;
    Ok(amount)
}

fn subtotal(book: &Book, net: Exact) -> Result<(Money, Option<Step>), Overflow> {
    match book.rounding.at {
        RoundingPlace::Line => Ok((round_to_currency(book, net, &mut TotalOnly)?, None)),
        RoundingPlace::Invoice => {
            let mut steps = Steps::default();
            let amount = round_to_currency(book, net, &mut steps)?;
            Ok((amount, steps.into_vec().pop()))
        }
    }
}

fn tax_line(book: &Book, net: Money) -> Result<Option<TaxLine>, Overflow> {
    let Some(tax) = &book.tax else {
        return Ok(None);
    };
    let mut steps = Steps::default();
    let exact = tax.percent.of(net)?;
    steps.record(|| Step::Percent { base: net, percent: tax.percent, amount: exact });
    let amount = round_to_currency(book, exact, &mut steps)?;
    Ok(Some(TaxLine { name: tax.name.clone(), amount, steps: steps.into_vec() }))
}
