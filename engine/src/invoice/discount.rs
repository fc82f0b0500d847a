//! Takes discounts off lines, one after the other, each on what the earlier ones left.
//!
//! Never takes more than there is: a discount is cut to what its lines still hold.

use serde::{Deserialize, Serialize};

use super::item::{Item, compare, smaller, sum};
use super::share::share_out;
use crate::catalog::{Discount, DiscountOrder, DiscountRounding, DiscountRules, Off, Target};
use crate::exact::{Exact, Overflow};
use crate::ids::{ChargeId, DiscountId};
use crate::money::Money;
use crate::rating::{Recorder, Step, Steps};
use crate::rounding::{RoundingMode, round};
use crate::text::Names;

/// A discount on a bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscountLine {
    /// The discount.
    pub id: DiscountId,
    /// What the bill calls it.
    pub name: Names,
    /// What is taken off; never below zero.
    pub amount: Money,
    /// How it came about.
    pub steps: Vec<Step>,
    /// What each line contributed; they add up to the amount.
    pub shares: Vec<Share>,
}

/// A line's part of an amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The line's charge.
    pub charge: ChargeId,
    /// Its part.
    pub amount: Exact,
}

/// How discounts are rounded and shared out.
#[derive(Debug, Clone, Copy)]
pub struct DiscountHow {
    /// The book's rules.
    pub rules: DiscountRules,
    /// How the book rounds where the rules say nothing else.
    pub mode: RoundingMode,
    /// Places of the minor unit.
    pub digits: u32,
}

impl DiscountHow {
    fn rounding(&self) -> Option<RoundingMode> {
        match self.rules.round {
            DiscountRounding::AsBook => Some(self.mode),
            DiscountRounding::None => None,
            DiscountRounding::By(mode) => Some(mode),
        }
    }
}

/// Takes `discounts` off `items` in the order of the rules.
pub fn take_discounts(
    discounts: &[&Discount],
    items: &mut [Item<'_>],
    how: &DiscountHow,
) -> Result<Vec<DiscountLine>, Overflow> {
    in_order(discounts, how.rules.order).into_iter().map(|discount| take(discount, items, how)).collect()
}

fn in_order<'d>(discounts: &[&'d Discount], order: DiscountOrder) -> Vec<&'d Discount> {
    let mut sorted = discounts.to_vec();
    match order {
        DiscountOrder::Given => {}
        DiscountOrder::PercentFirst => sorted.sort_by_key(|discount| match discount.off {
            Off::Percent(_) => 0,
            Off::Amount(_) => 1,
        }),
        DiscountOrder::LineThenInvoice => sorted.sort_by_key(|discount| match discount.on {
            Target::Charges(_) | Target::Tags(_) => 0,
            Target::Invoice => 1,
        }),
    }
    sorted
}

fn take(discount: &Discount, items: &mut [Item<'_>], how: &DiscountHow) -> Result<DiscountLine, Overflow> {
    let room: Vec<Exact> = items
        .iter()
        .map(|item| if reaches(&discount.on, item) && item.left.signum() > 0 { item.left } else { Exact::ZERO })
        .collect();
    let base = sum(room.iter().copied())?;
    let mut steps = Steps::default();
    let amount = discount_amount(discount.off, base, (how.rounding(), how.digits), &mut steps)?;
    let mut shares = Vec::new();
    for (item, share) in items.iter_mut().zip(share_out(amount.exact(), &room, how.rules.share, how.digits)?) {
        if share.signum() != 0 {
            item.left = item.left.checked_sub(share)?;
            shares.push(Share { charge: item.charge.clone(), amount: share });
        }
    }
    Ok(DiscountLine {
        id: discount.id.clone(),
        name: discount.name.clone(),
        amount: amount.with_places(how.digits),
        steps: steps.into_vec(),
        shares,
    })
}

fn reaches(target: &Target, item: &Item<'_>) -> bool {
    match target {
        Target::Invoice => true,
        Target::Charges(charges) => charges.contains(item.charge),
        Target::Tags(tags) => tags.iter().any(|tag| item.tags.contains(tag)),
    }
}

/// What `off` takes from `base`: the share or the sum, rounded if there is a mode, at most the base.
///
/// Where rounding up would take more than there is, all of the base is taken, or as many whole minor units as it holds.
pub fn discount_amount(
    off: Off,
    base: Exact,
    (mode, digits): (Option<RoundingMode>, u32),
    steps: &mut impl Recorder,
) -> Result<Money, Overflow> {
    let exact = match off {
        Off::Percent(percent) => percent.of(base)?,
        Off::Amount(amount) => amount.exact(),
    };
    let exact = smaller(exact, base)?;
    steps.record(|| Step::InvoiceDiscount { base, off, amount: exact });
    let Some(mode) = mode else {
        return exact.to_decimal().map(Money::new).ok_or(Overflow);
    };
    let rounded = round(exact, digits, mode)?;
    let (mode, amount) = match base.to_decimal() {
        _ if compare(rounded.exact(), base)?.is_le() => (mode, rounded),
        Some(all) => return Ok(Money::new(all)),
        None => (RoundingMode::Floor, round(exact, digits, RoundingMode::Floor)?),
    };
    steps.try_record(|| Ok(Step::Round { mode, digits, exact, cut: exact.checked_sub(amount.exact())?, amount }))?;
    Ok(amount)
}

#[cfg(test)]
mod tests {
    use super::discount_amount;
    use crate::catalog::{Off, Percent};
    use crate::money::Money;
    use crate::quantity::parse_decimal;
    use crate::rating::TotalOnly;
    use crate::rounding::RoundingMode;

    fn off(off: Off, base: &str, mode: Option<RoundingMode>) -> String {
        discount_amount(off, base.parse().unwrap(), (mode, 2), &mut TotalOnly).unwrap().to_string()
    }

    fn percent(text: &str) -> Off {
        Off::Percent(Percent::new(parse_decimal(text).unwrap()))
    }

    #[test]
    fn a_sum_is_cut_to_the_base() {
        let fifteen = Off::Amount(Money::new(parse_decimal("15").unwrap()));
        assert_eq!(off(fifteen, "10", None), "10");
        assert_eq!(off(fifteen, "20", Some(RoundingMode::HalfUp)), "15.00");
    }

    #[test]
    fn a_share_is_rounded_by_its_mode_or_not_at_all() {
        assert_eq!(off(percent("50"), "0.07", Some(RoundingMode::HalfUp)), "0.04");
        assert_eq!(off(percent("50"), "0.07", Some(RoundingMode::Down)), "0.03");
        assert_eq!(off(percent("50"), "0.07", None), "0.035");
    }

    #[test]
    fn rounding_never_takes_more_than_there_is() {
        assert_eq!(off(percent("100"), "0.125", Some(RoundingMode::HalfUp)), "0.125");
        assert_eq!(off(percent("100"), "2/3", Some(RoundingMode::HalfUp)), "0.66");
        assert_eq!(off(percent("100"), "0", Some(RoundingMode::Up)), "0.00");
    }
}
