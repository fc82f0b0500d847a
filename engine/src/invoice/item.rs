//! A line as discounts, taxes and credits see it: whose it is, and what is left of it. Computes nothing itself.

use std::cmp::Ordering;

use crate::catalog::{Charge, Pricing};
use crate::exact::{Exact, Overflow};
use crate::ids::{ChargeId, Tag, TaxId};
use crate::money::Money;

/// What a line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemKind {
    /// A charge that prices a meter.
    Usage,
    /// A fixed amount.
    Fixed,
    /// What lies above the most that the plan costs. It is taken off the other lines before everything else, so that each
    /// keeps its own taxes.
    Cap,
}

/// A line on its way to what is to be paid.
#[derive(Debug, Clone)]
pub struct Item<'a> {
    /// The line: its charge, the charge's minimum, or a line of the plan.
    pub charge: &'a ChargeId,
    /// The charge that it is of, by which discounts find it; that of a minimum's line is the one with the minimum.
    pub of: &'a ChargeId,
    /// What it is for.
    pub kind: ItemKind,
    /// The charge's tags.
    pub tags: &'a [Tag],
    /// The charge's own taxes; those that apply by default if `None`.
    pub taxes: Option<&'a [TaxId]>,
    /// What is left of its amount after the discounts, and credits before tax, taken so far.
    pub left: Exact,
}

impl<'a> Item<'a> {
    /// A line; without a charge it belongs to the plan as a whole, like a commitment.
    pub fn of(line: &'a ChargeId, charge: Option<&'a Charge>, amount: Money) -> Self {
        let kind = match charge.map(|charge| &charge.pricing) {
            Some(Pricing::Flat(_) | Pricing::Composite(_)) | None => ItemKind::Fixed,
            Some(Pricing::Metered(_) | Pricing::Capacity(_)) => ItemKind::Usage,
        };
        let tags = charge.map_or(&[][..], |charge| &charge.tags);
        let taxes = charge.and_then(|charge| charge.taxes.as_deref());
        Self { charge: line, of: charge.map_or(line, |charge| &charge.id), kind, tags, taxes, left: amount.exact() }
    }

    /// The line that takes off what lies above the most that the plan costs.
    pub fn cap(line: &'a ChargeId, amount: Money) -> Self {
        Self { charge: line, of: line, kind: ItemKind::Cap, tags: &[], taxes: Some(&[]), left: amount.exact() }
    }
}

pub(super) fn sum(amounts: impl Iterator<Item = Exact>) -> Result<Exact, Overflow> {
    let mut sum = Exact::ZERO;
    for amount in amounts {
        sum = sum.checked_add(amount)?;
    }
    Ok(sum)
}

/// The order of two amounts.
pub(super) fn compare(a: Exact, b: Exact) -> Result<Ordering, Overflow> {
    Ok(a.checked_sub(b)?.signum().cmp(&0))
}

/// The smaller amount.
pub(super) fn smaller(a: Exact, b: Exact) -> Result<Exact, Overflow> {
    Ok(if compare(a, b)?.is_le() { a } else { b })
}

/// One minor unit of a currency with so many places.
pub(super) fn minor_unit(digits: u32) -> Result<Exact, Overflow> {
    let power = crate::exact::power_of_ten(digits).ok_or(Overflow)?;
    Exact::ratio(1, power).ok_or(Overflow)
}
