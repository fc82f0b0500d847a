//! Takes discounts off lines, one after the other, each on what the earlier ones left.
//!
//! Never takes more than there is: a discount is cut to what its lines still hold, and to what the bill does. Lines below
//! zero, as what lies above a spending cap, make the base smaller; nobody gets a discount on what is not charged.

use serde::{Deserialize, Serialize};

use super::item::{Item, compare, smaller, sum};
use super::share::share_out;
use crate::catalog::{Discount, DiscountOrder, DiscountRounding, DiscountRules, Off, ShareRule, Target};
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
///
/// Shares in proportion keep fractions as long as these stay small. Over different lines their denominators multiply and
/// would soon be too large for any computation; then all shares of the bill are cut to 12 places, where what
/// is missing goes to the largest cuts, so that they still add up.
pub fn take_discounts(
    discounts: &[&Discount],
    items: &mut [Item<'_>],
    how: &DiscountHow,
) -> Result<Vec<DiscountLine>, Overflow> {
    let before: Vec<Exact> = items.iter().map(|item| item.left).collect();
    let lines = take_all(discounts, items, (how, (how.rules.share, how.digits)));
    match how.rules.share {
        ShareRule::LargestRemainder => return lines,
        ShareRule::Proportional if lines.is_ok() && has_small_fractions(items) => return lines,
        ShareRule::Proportional => {}
    }
    for (item, left) in items.iter_mut().zip(before) {
        item.left = left;
    }
    take_all(discounts, items, (how, (ShareRule::LargestRemainder, SHARE_PLACES.max(how.digits))))
}

/// The places of shares that are not kept as fractions.
const SHARE_PLACES: u32 = 12;

/// The largest common denominator of fractions that are kept; with room for taxes and sums in 128 bits.
const DENOMINATOR_MAX: i128 = 1_000_000_000_000;

/// Whether what is left of the items can be written over one small denominator.
fn has_small_fractions(items: &[Item<'_>]) -> bool {
    let common = items.iter().try_fold(1_i128, |common, item| {
        let (_, den) = item.left.parts();
        // In lowest terms common / den is over what is missing to their least common multiple.
        let (_, missing) = Exact::ratio(common, den)?.parts();
        common.checked_mul(missing).filter(|common| *common <= DENOMINATOR_MAX)
    });
    common.is_some()
}

fn take_all(
    discounts: &[&Discount],
    items: &mut [Item<'_>],
    (how, sharing): (&DiscountHow, (ShareRule, u32)),
) -> Result<Vec<DiscountLine>, Overflow> {
    in_order(discounts, how.rules.order).into_iter().map(|discount| take(discount, items, (how, sharing))).collect()
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
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

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn take(
    discount: &Discount,
    items: &mut [Item<'_>],
    (how, (rule, places)): (&DiscountHow, (ShareRule, u32)),
) -> Result<DiscountLine, Overflow> {
    let room: Vec<Exact> = items
        .iter()
        .map(|item| if reaches(&discount.on, item) && item.left.signum() > 0 { item.left } else { Exact::ZERO })
        .collect();
    let base = base(discount, items)?;
    let mut steps = Steps::default();
    let amount = discount_amount(discount.off, base, (how.rounding(), how.digits), &mut steps)?;
    let mut shares = Vec::new();
    for (item, share) in items.iter_mut().zip(share_out(amount.exact(), &room, rule, places)?) {
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

/// What the discount can be taken of: what its lines hold together, but no more than the whole bill.
fn base(discount: &Discount, items: &[Item<'_>]) -> Result<Exact, Overflow> {
    let reached = sum(items.iter().filter(|item| reaches(&discount.on, item)).map(|item| item.left))?;
    let base = smaller(reached, sum(items.iter().map(|item| item.left))?)?;
    Ok(if base.signum() > 0 { base } else { Exact::ZERO })
}

fn reaches(target: &Target, item: &Item<'_>) -> bool {
    match target {
        Target::Invoice => true,
        Target::Charges(charges) => charges.contains(item.of),
        Target::Tags(tags) => tags.iter().any(|tag| item.tags.contains(tag)),
    }
}

/// What `off` takes from `base`: the share or the sum, rounded if there is a mode, at most the base.
///
/// Where rounding up would take more than there is, all of the base is taken, or as many whole minor units as it holds.
#[cfg_attr(target_arch = "wasm32", inline(never))]
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
    use super::{DiscountHow, discount_amount, take_discounts};
    use crate::catalog::{Discount, DiscountRules, DiscountTerm, Off, Percent, Target};
    use crate::exact::Exact;
    use crate::ids::{ChargeId, DiscountId};
    use crate::invoice::{Item, ItemKind};
    use crate::money::Money;
    use crate::quantity::parse_decimal;
    use crate::rating::TotalOnly;
    use crate::rounding::RoundingMode;
    use crate::text::Names;

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

    /// What a discount takes from two lines, the first of which is the charge `a`, and what is left of both.
    fn taken(percent_off: &str, on: Target, amounts: [&str; 2]) -> (String, String) {
        let ids = ["a", "b"].map(|id| ChargeId::new(id).unwrap());
        let mut items: Vec<Item<'_>> = ids
            .iter()
            .zip(amounts)
            .map(|(charge, amount)| Item {
                charge,
                of: charge,
                kind: ItemKind::Usage,
                tags: &[],
                taxes: None,
                left: amount.parse().unwrap(),
            })
            .collect();
        let name = Names { zh: "d".into(), en: "d".into() };
        let (id, term) = (DiscountId::new("d").unwrap(), DiscountTerm::default());
        let discount = Discount { id, name, off: percent(percent_off), on, term };
        let how = DiscountHow { rules: DiscountRules::default(), mode: RoundingMode::HalfUp, digits: 2 };
        let lines = take_discounts(&[&discount], &mut items, &how).unwrap();
        let left = items.iter().try_fold(Exact::ZERO, |sum, item| sum.checked_add(item.left)).unwrap();
        (lines[0].amount.to_string(), left.to_string())
    }

    #[test]
    fn a_line_below_zero_makes_the_base_smaller_and_no_bill_negative() {
        let of = |amount: &str, left: &str| (amount.to_owned(), left.to_owned());
        // 150 less 50 above the spending cap are 100, of which 10 % are 10.
        assert_eq!(taken("10", Target::Invoice, ["150", "-50"]), of("10.00", "90"));
        assert_eq!(taken("100", Target::Invoice, ["150", "-50"]), of("100.00", "0"));
        let on_a = || Target::Charges(vec![ChargeId::new("a").unwrap()]);
        assert_eq!(taken("100", on_a(), ["150", "-50"]), of("100.00", "0"));
        assert_eq!(taken("10", on_a(), ["150", "50"]), of("15.00", "185"));
        assert_eq!(taken("10", Target::Invoice, ["20", "-50"]), of("0.00", "-30"));
    }
}
