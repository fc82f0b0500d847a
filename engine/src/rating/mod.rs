//! Prices the usage of a plan: one line for each charge, each with the steps that lead to its amount.
//!
//! Every door of the engine comes through [`rate`]; there is no second way to a price.

mod capacity;
mod cell;
mod commitment;
mod committed;
mod composite;
mod counted;
mod due;
mod dynamic;
#[cfg(test)]
mod edge_tests;
mod effective;
mod entitlement;
mod flat;
mod graduated;
mod graduated_percentage;
mod line;
mod matrix;
mod package;
mod per_unit;
mod percentage;
mod plan_lines;
pub mod prepared;
mod progress;
mod prorated_graduated;
mod rules;
mod running_total;
#[cfg(feature = "zones")]
mod segment;
mod share;
mod split;
mod stair_step;
mod stored;
mod terms;
mod tier;
mod total;
mod trace;
mod volume;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::catalog::{Book, BookRef, Charge, Each, Model, Plan, Pricing};
use crate::exact::{Exact, Overflow};
use crate::ids::{ChargeId, MeterId, PlanId, Version};
use crate::invoice::{Account, AccountProblem, Carried, Conditions, CreditLine, DiscountLine, Item, settle};
use crate::money::{Currency, Money};
use crate::period::Period;
use crate::quantity::Quantity;
use crate::rounding::{Rounding, round};
use crate::text::Names;
use crate::usage::Usage;
use terms::Situation;

pub use crate::invoice::TaxLine;
pub use cell::AttributeValue;
pub use due::due_after;
#[cfg(feature = "zones")]
pub(crate) use entitlement::Entitlements;
pub use progress::{Billed, PeriodPart, Position, rate_part, rate_parts, rate_readings};
#[cfg(feature = "zones")]
pub(crate) use segment::{FixedPart, Lines, Segment, bill, fixed_line, segment_lines};
pub use share::Share;
pub use split::{Split, SplitItem, split_charge};
pub use trace::{ChargeAmount, Limit, PackDrawn, Part, Recorder, RuleAmount, Step, Steps, TotalOnly};
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
    /// The plan whose charge it is, where that is not the plan of the bill: the one before a change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanId>,
    /// The version of the book that priced it, where that is not the one of the bill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// The time that it is for, half-open, where a bill is about several periods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Period>,
    /// What is due for it, net.
    pub amount: Money,
    /// How the amount came about, first step first.
    pub steps: Vec<Step>,
}

/// A plan's usage, priced.
///
/// lines − discounts − what rounding cut = `subtotal`; with the taxes that are added it is `total`; less the credits it
/// is `due`: to the last digit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "stored::Stored")]
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
    /// The sum of the lines; only where something is taken off it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines_total: Option<Money>,
    /// What was taken off, in the order in which it was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<DiscountLine>,
    /// What rounding lines less discounts did to them; only where they are rounded together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice_rounding: Option<Step>,
    /// Lines less discounts: the net amount, but for taxes that the prices contain.
    pub subtotal: Money,
    /// The taxes, in the order of the book.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub taxes: Vec<TaxLine>,
    /// What rounding did to the sum of the taxes; only where they are rounded together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_rounding: Option<Step>,
    /// The subtotal and the taxes that are added to it.
    pub total: Money,
    /// What credits pay, and what stays in them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub credits: Vec<CreditLine>,
    /// What is to be paid.
    pub due: Money,
    /// What is left of units that the customer keeps from period to period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carried: Option<Carried>,
    /// Meters with usage that the plan has no charge for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
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
    /// What comes with the customer does not go on a bill of the plan.
    Account(AccountProblem),
    /// A charge prices event by event, but only a total is given.
    NeedsEvents {
        /// The charge.
        charge: ChargeId,
        /// Its meter.
        meter: MeterId,
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
            Self::Account(problem) => problem.fmt(f),
            Self::NeedsEvents { charge, meter } => {
                write!(
                    f,
                    "charge {charge} is priced event by event; give the events of meter {meter}, not only their total"
                )
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

impl From<AccountProblem> for RateError {
    fn from(problem: AccountProblem) -> Self {
        Self::Account(problem)
    }
}

impl From<Overflow> for RateError {
    fn from(Overflow: Overflow) -> Self {
        Self::Overflow { charge: None }
    }
}

impl Rated {
    /// Everything that was taken off.
    pub fn discount_total(&self) -> Result<Money, Overflow> {
        self.sum(self.discounts.iter().map(|discount| discount.amount))
    }

    /// What all discounts took from the line of `charge`, exactly.
    pub fn discount_on(&self, charge: &ChargeId) -> Result<Exact, Overflow> {
        let shares = self.discounts.iter().flat_map(|discount| &discount.shares);
        let own = shares.filter(|share| share.charge == *charge).map(|share| share.amount);
        own.into_iter().try_fold(Exact::ZERO, Exact::checked_add)
    }

    /// All taxes that are added.
    pub fn tax_total(&self) -> Result<Money, Overflow> {
        self.total.checked_sub(self.subtotal)
    }

    /// Everything that credits pay.
    pub fn credit_total(&self) -> Result<Money, Overflow> {
        self.sum(self.credits.iter().map(|credit| credit.amount))
    }

    /// The taxes on one line, rounded for themselves, to be shown beside it: such figures need not add up to the taxes of
    /// the bill. `None` where taxes are not taken line by line.
    pub fn line_tax(&self, charge: &ChargeId) -> Result<Option<Money>, Overflow> {
        let steps = self.taxes.iter().flat_map(|tax| &tax.steps);
        let own: Vec<Exact> = steps.filter_map(|step| step.tax_of(charge)).collect();
        if own.is_empty() {
            return Ok(None);
        }
        let exact = own.into_iter().try_fold(Exact::ZERO, Exact::checked_add)?;
        round(exact, self.currency.minor_digits(), self.rounding.mode).map(Some)
    }

    fn sum(&self, mut amounts: impl Iterator<Item = Money>) -> Result<Money, Overflow> {
        amounts.try_fold(Money::ZERO.with_places(self.currency.minor_digits()), Money::checked_add)
    }
}

/// Prices `usage` by the plan named `plan`, for a customer without terms of their own.
///
/// A meter that `usage` does not name counted nothing. Amounts are in the book's currency, rounded as the book says.
/// Fails on an unknown plan or meter, on a negative quantity and on amounts beyond 28 digits.
pub fn rate(book: &Book, plan: &str, usage: &Usage) -> Result<Rated, RateError> {
    rate_for(book, plan, usage, &Account::default())
}

/// The same for a customer with discounts, wallets or a tax status of their own; fails also if these do not fit the plan.
pub fn rate_for(book: &Book, plan: &str, usage: &Usage, account: &Account) -> Result<Rated, RateError> {
    rate_part(book, plan, usage, &PeriodPart { account: account.clone(), ..PeriodPart::whole() })
}

/// The bill that these lines make; each comes with its charge, or with none if it belongs to the plan.
fn rated(
    book: &Book,
    plan: &Plan,
    priced: Vec<(Line, Option<&Charge>)>,
    (usage, account): (&Usage, &Account),
) -> Result<Rated, RateError> {
    let cap = plan.terms.maximum.as_ref().map(|cap| &cap.line.id);
    let items = priced.iter().map(|(line, charge)| match charge {
        None if cap == Some(&line.charge) => Item::cap(&line.charge, line.amount),
        Some(_) | None => Item::of(&line.charge, *charge, line.amount),
    });
    let mut items: Vec<Item<'_>> = items.collect();
    let settled = settle(&Conditions::of(book, plan, account), &mut items)?;
    let lines = priced.into_iter().map(|(line, _)| line).collect();
    Ok(Rated {
        book: book.reference(),
        plan: plan.id.clone(),
        plan_name: plan.name.clone(),
        currency: book.currency,
        rounding: book.rounding,
        lines,
        lines_total: settled.lines_total,
        discounts: settled.discounts,
        invoice_rounding: settled.rounding,
        subtotal: settled.subtotal,
        taxes: settled.taxes,
        tax_rounding: settled.tax_rounding,
        total: settled.total,
        credits: settled.credits,
        due: settled.due,
        carried: None,
        unpriced: unpriced(plan, usage),
    })
}

/// What is due by [`rate`] alone, without lines and steps: for curves, where only the number is wanted.
///
/// Goes through the same charge models and is settled in the same way; a law holds the two equal.
pub fn rate_total(book: &Book, plan: &Plan, usage: &Usage) -> Result<Money, RateError> {
    // Terms may add lines of their own, which discounts and taxes see one by one.
    if !plan.terms.is_default() || plan.charges.iter().any(|charge| !charge.terms.is_default() || charge.shares_units())
    {
        return Ok(rate(book, plan.id.as_str(), usage)?.due);
    }
    check_usage(book, plan, usage)?;
    let mut amounts = Vec::new();
    let mut items = Vec::new();
    for charge in composite::parts_first(plan) {
        let situation = Situation { book, usage, amounts: &amounts, share: Share::whole(), complete: true };
        let amount = line::charge_amount(charge, situation).map_err(|Overflow| line::failure(charge, situation))?;
        amounts.push((&charge.id, amount));
        items.push((charge, amount));
    }
    items.sort_by_key(|(charge, _)| plan.charges.iter().position(|other| other.id == charge.id));
    let mut items: Vec<Item<'_>> =
        items.into_iter().map(|(charge, amount)| Item::of(&charge.id, Some(charge), amount)).collect();
    let account = Account::default();
    Ok(settle(&Conditions::of(book, plan, &account), &mut items)?.due)
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
        check_parts(charge, usage)?;
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

/// What is priced by itself must not be below zero either: a part of the meter's quantity may be, where the whole is not.
/// Prices by attributes look at their cells themselves.
fn check_parts(charge: &Charge, usage: &Usage) -> Result<(), RateError> {
    let Pricing::Metered(metered) = &charge.pricing else { return Ok(()) };
    let Some(item) = usage.of(&metered.meter) else { return Ok(()) };
    if metered.model.takes_negative() || matches!(&metered.model, Model::Matrix(_) | Model::Rules(_)) {
        return Ok(());
    }
    let negative = match metered.each {
        Each::Period => Some(counted::selected(metered, Some(item))?).filter(|quantity| quantity.is_negative()),
        Each::Group => {
            let selected = item.groups.iter().filter(|group| metered.selects(&group.key));
            selected.map(|group| group.quantity).find(|quantity| quantity.is_negative())
        }
    };
    match negative {
        Some(quantity) => Err(RateError::NegativeQuantity { meter: item.meter.clone(), quantity }),
        None => Ok(()),
    }
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
