//! Rules: the price of a cell is put together from the rules that hold for it.
//!
//! In a group of rules the largest price counts, once, and the factors are multiplied. Of the thresholds of a group that
//! are reached only the one with the highest level counts: one about an attribute adds its price to the group's or
//! multiplies with its factors; one about the quantity comes after price × factors × quantity, as a fee or a factor of
//! that. Groups add up. A group without a price comes to nothing, whatever its factors.

use super::cell::{AttributeValue, CellKey, Failure, each_cell, named};
use super::line::{after_allowance, converted};
use super::trace::{Part, Recorder, RuleAmount, Step};
use crate::catalog::{Effect, Metered, Rule, Rules, Test};
use crate::exact::{Exact, Overflow};
use crate::quantity::Quantity;
use crate::usage::MeterUsage;

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn price(
    rules: &Rules,
    (metered, usage): (&Metered, Option<&MeterUsage>),
    steps: &mut impl Recorder,
) -> Result<Exact, Failure> {
    let groups = rules.groups();
    let mut sum = Exact::ZERO;
    each_cell(rules.by(), metered, usage, |cell, quantity| {
        // Converting and testing come first: only the arithmetic is left to fail inside the part.
        let units = converted(metered, quantity, &mut super::TotalOnly)?;
        let billable = after_allowance(units, metered.included, &mut super::TotalOnly)?;
        let point = Point { rules, cell, quantity: billable };
        let outcomes = groups.iter().map(|group| point.outcome(*group)).collect::<Result<Vec<_>, Failure>>()?;
        let amount = steps.part(
            || Part::Cell { cell: named(rules.by(), cell), quantity },
            |steps| {
                after_allowance(converted(metered, quantity, steps)?, metered.included, steps)?;
                let amounts = groups.iter().zip(&outcomes).map(|(group, outcome)| {
                    let name = group.map(str::to_owned);
                    outcome.amount((name, billable), steps)
                });
                amounts.into_iter().try_fold(Exact::ZERO, |sum, amount| sum.checked_add(amount?))
            },
        )?;
        sum = sum.checked_add(amount)?;
        Ok(())
    })?;
    Ok(sum)
}

/// A cell to which the rules are put.
struct Point<'p, 'u> {
    rules: &'p Rules,
    cell: &'p CellKey<'u>,
    quantity: Quantity,
}

/// What a group of rules comes to.
struct Outcome {
    price: Exact,
    factor: Exact,
    /// The reached threshold about the quantity, where it is the highest of the group.
    after: Option<(Quantity, Effect)>,
}

impl Point<'_, '_> {
    fn outcome(&self, group: Option<&str>) -> Result<Outcome, Failure> {
        let mut outcome = Outcome { price: Exact::ZERO, factor: one()?, after: None };
        let mut highest: Option<&Rule> = None;
        for rule in self.rules.as_slice().iter().filter(|rule| rule.group.as_deref() == group) {
            if !self.holds(&rule.test)? {
                continue;
            }
            match rule.test.level() {
                Some(level) if highest.and_then(|rule| rule.test.level()).is_none_or(|other| level > other) => {
                    highest = Some(rule);
                }
                Some(_) => {}
                None => match rule.effect {
                    Effect::Price(price) if price.exact().checked_sub(outcome.price)?.signum() > 0 => {
                        outcome.price = price.exact();
                    }
                    Effect::Price(_) | Effect::Fee(_) => {}
                    Effect::Factor(factor) => outcome.factor = outcome.factor.checked_mul(factor.exact())?,
                },
            }
        }
        match highest.map(|rule| (&rule.test, rule.effect)) {
            Some((Test::QuantityFrom { level }, effect)) => outcome.after = Some((*level, effect)),
            Some((_, Effect::Price(price))) => outcome.price = outcome.price.checked_add(price.exact())?,
            Some((_, Effect::Factor(factor))) => outcome.factor = outcome.factor.checked_mul(factor.exact())?,
            Some((_, Effect::Fee(_))) | None => {}
        }
        Ok(outcome)
    }

    fn holds(&self, test: &Test) -> Result<bool, Failure> {
        match test {
            Test::Always => Ok(true),
            Test::Is { attribute, value } => Ok(self.cell.get(*attribute).is_some_and(|own| own == value)),
            Test::AttributeFrom { attribute, level } => {
                let own = self.cell.get(*attribute).copied().unwrap_or_default();
                if own.is_empty() {
                    return Ok(false);
                }
                match Quantity::parse(own) {
                    Ok(number) => Ok(number >= *level),
                    Err(_) => Err(Failure::NotNumber(self.attribute(*attribute))),
                }
            }
            Test::QuantityFrom { level } => Ok(self.quantity >= *level),
        }
    }

    fn attribute(&self, place: usize) -> AttributeValue {
        let found = named(self.rules.by(), self.cell).into_iter().nth(place);
        found.unwrap_or(AttributeValue { attribute: String::new(), value: String::new() })
    }
}

impl Outcome {
    fn amount(
        &self,
        (group, quantity): (Option<String>, Quantity),
        steps: &mut impl Recorder,
    ) -> Result<Exact, Overflow> {
        let (price, factor) = (self.price, self.factor);
        let before = price.checked_mul(factor)?.checked_mul(quantity.exact())?;
        steps.record(|| Step::RuleGroup { group, quantity, price, factor, amount: before });
        let Some((level, effect)) = self.after else { return Ok(before) };
        let (rule, added) = match effect {
            Effect::Fee(fee) | Effect::Price(fee) => (RuleAmount::Fee(fee), fee.exact()),
            Effect::Factor(factor) => {
                let more = factor.exact().checked_sub(one()?)?;
                (RuleAmount::Factor(factor), before.checked_mul(more)?)
            }
        };
        steps.record(|| Step::QuantityReached { level, rule, before, amount: added });
        before.checked_add(added)
    }
}

fn one() -> Result<Exact, Overflow> {
    Exact::ratio(1, 1).ok_or(Overflow)
}
