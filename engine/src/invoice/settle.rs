//! From lines to what is to be paid: the plan's cap, discounts, rounding, taxes, credits, in this order.
//!
//! Law: lines − discounts − what rounding cut = subtotal; subtotal + taxes that are added = total; total − credits = due.

use super::account::Account;
use super::cap::spread_cap;
use super::credit::{CreditLine, Payable, Wallet, draw_credits};
use super::discount::{DiscountHow, DiscountLine, take_discounts};
use super::item::{Item, ItemKind, smaller, sum};
use super::tax::{TaxHow, TaxLine, TaxStatus, Taxed, tax_items};
use crate::catalog::{Book, CreditPlace, CreditRules, Discount, DiscountRules, Eligible, Plan, Tax, TaxRules};
use crate::exact::{Exact, Overflow};
use crate::money::Money;
use crate::rating::Step;
use crate::rounding::{Rounding, RoundingPlace, round};

/// Everything that decides what is to be paid for some lines.
#[derive(Debug, Clone)]
pub struct Conditions<'a> {
    /// Where and how amounts are rounded.
    pub rounding: Rounding,
    /// Places of the minor unit.
    pub digits: u32,
    /// The discounts, as given.
    pub discounts: Vec<&'a Discount>,
    /// How they are computed.
    pub discount_rules: DiscountRules,
    /// The taxes there are.
    pub taxes: &'a [Tax],
    /// How they are computed.
    pub tax_rules: TaxRules,
    /// Whether the customer owes them.
    pub tax_status: TaxStatus,
    /// The credits, as given.
    pub credits: Vec<Wallet>,
    /// How they are used.
    pub credit_rules: CreditRules,
}

impl<'a> Conditions<'a> {
    /// Those of a book, a plan and a customer.
    pub fn of(book: &'a Book, plan: &'a Plan, account: &'a Account) -> Self {
        let discounts = plan.discounts.iter().chain(&account.discounts);
        let credits = plan.credits.iter().map(Wallet::from);
        Self {
            rounding: book.rounding,
            digits: book.minor_digits(),
            discounts: discounts.filter(|own| own.term.holds(account.month, account.periods_before)).collect(),
            discount_rules: book.terms.discount_rules,
            taxes: &book.terms.taxes,
            tax_rules: book.terms.tax_rules,
            tax_status: account.tax,
            credits: credits.chain(account.wallets.iter().cloned()).collect(),
            credit_rules: book.terms.credit_rules,
        }
    }
}

/// What is to be paid, and how that came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The sum of the lines; only where there are discounts.
    pub lines_total: Option<Money>,
    /// What was taken off, in the order in which it was.
    pub discounts: Vec<DiscountLine>,
    /// What rounding did to lines less discounts, where they are rounded together.
    pub rounding: Option<Step>,
    /// Lines less discounts.
    pub subtotal: Money,
    /// The taxes.
    pub taxes: Vec<TaxLine>,
    /// What rounding did to the sum of the taxes, where they are rounded together.
    pub tax_rounding: Option<Step>,
    /// With the taxes that are added.
    pub total: Money,
    /// What credits pay.
    pub credits: Vec<CreditLine>,
    /// What is left to be paid.
    pub due: Money,
}

/// Settles `items`; what is left of them afterwards is without tax.
pub fn settle(conditions: &Conditions<'_>, items: &mut [Item<'_>]) -> Result<Settled, Overflow> {
    let Conditions { rounding, digits, tax_rules, tax_status, .. } = *conditions;
    let lines_total = match conditions.discounts.as_slice() {
        [] => None,
        [..] => {
            let sum = sum(items.iter().map(|item| item.left))?.to_decimal().ok_or(Overflow)?;
            Some(Money::new(sum).with_places(digits))
        }
    };
    spread_cap(items, conditions.discount_rules.share, digits)?;
    let how = DiscountHow { rules: conditions.discount_rules, mode: rounding.mode, digits };
    let discounts = take_discounts(&conditions.discounts, items, &how)?;
    let (subtotal, rounded) = subtotal(conditions, items)?;
    let before = conditions.credit_rules.place == CreditPlace::BeforeTax;
    let mut credits = Vec::new();
    let has_credits = !conditions.credits.is_empty();
    if has_credits && before {
        credits = credits_before_tax(conditions, items, subtotal)?;
    }
    let how = TaxHow { taxes: conditions.taxes, rules: tax_rules, status: tax_status, mode: rounding.mode, digits };
    let taxed = tax_items(&how, items)?;
    let total = in_minor_units(subtotal.checked_add(taxed.added)?, digits)?;
    if has_credits && !before {
        credits = credits_after_tax(conditions, items, &taxed, total)?;
    }
    let due = credits.iter().try_fold(total, |due, credit| due.checked_sub(credit.amount))?;
    let due = in_minor_units(due, digits)?;
    let Taxed { taxes, rounding: tax_rounding, .. } = taxed;
    Ok(Settled { lines_total, discounts, rounding: rounded, subtotal, taxes, tax_rounding, total, credits, due })
}

/// A sum too large to be written with all places of the minor unit is refused, also where these would be zeros.
fn in_minor_units(money: Money, digits: u32) -> Result<Money, Overflow> {
    let money = money.with_places(digits);
    if money.decimal().scale() == digits { Ok(money) } else { Err(Overflow) }
}

/// Lines less discounts, rounded; the step is there if the book rounds here, or if a discount left a fraction.
fn subtotal(conditions: &Conditions<'_>, items: &[Item<'_>]) -> Result<(Money, Option<Step>), Overflow> {
    let Conditions { rounding, digits, .. } = *conditions;
    let exact = sum(items.iter().map(|item| item.left))?;
    let amount = round(exact, digits, rounding.mode)?;
    let cut = exact.checked_sub(amount.exact())?;
    let step = match rounding.at {
        RoundingPlace::Line if cut.signum() == 0 => None,
        RoundingPlace::Line | RoundingPlace::Invoice => {
            Some(Step::Round { mode: rounding.mode, digits, exact, cut, amount })
        }
    };
    Ok((amount, step))
}

fn is_eligible(rules: CreditRules, item: &Item<'_>) -> bool {
    match rules.eligible {
        Eligible::All => true,
        Eligible::Usage => item.kind == ItemKind::Usage,
    }
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn credits_before_tax(
    conditions: &Conditions<'_>,
    items: &mut [Item<'_>],
    subtotal: Money,
) -> Result<Vec<CreditLine>, Overflow> {
    let rules = conditions.credit_rules;
    let left = |item: &Item<'_>| if is_eligible(rules, item) { item.left } else { Exact::ZERO };
    let mut payables: Vec<Payable<'_>> =
        items.iter().map(|item| Payable { charge: item.charge, left: left(item) }).collect();
    let lines = draw(conditions, &mut payables, subtotal)?;
    let left_over: Vec<Exact> = payables.iter().map(|payable| payable.left).collect();
    for (item, left) in items.iter_mut().zip(left_over) {
        if is_eligible(rules, item) {
            item.left = left;
        }
    }
    Ok(lines)
}

/// Each line with its taxes; where all lines can be paid, the total, with what rounding did to it.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn credits_after_tax(
    conditions: &Conditions<'_>,
    items: &[Item<'_>],
    taxed: &Taxed,
    total: Money,
) -> Result<Vec<CreditLine>, Overflow> {
    let rules = conditions.credit_rules;
    if items.iter().all(|item| is_eligible(rules, item)) {
        return draw_credits(&conditions.credits, &mut [], total, (rules, conditions.digits));
    }
    let eligible = items.iter().zip(&taxed.by_item).filter(|(item, _)| is_eligible(rules, item));
    let payable = |(item, tax): (&Item<'_>, &Exact)| item.left.checked_add(*tax);
    let mut payables = Vec::new();
    for (item, tax) in eligible {
        payables.push(Payable { charge: item.charge, left: payable((item, tax))? });
    }
    draw(conditions, &mut payables, total)
}

/// Draws at most what `payables` come to, rounded, and at most `limit`.
fn draw(conditions: &Conditions<'_>, payables: &mut [Payable<'_>], limit: Money) -> Result<Vec<CreditLine>, Overflow> {
    let Conditions { digits, rounding, credit_rules, .. } = *conditions;
    let payable = round(sum(payables.iter().map(|payable| payable.left))?, digits, rounding.mode)?;
    let limit = if smaller(payable.exact(), limit.exact())? == payable.exact() { payable } else { limit };
    draw_credits(&conditions.credits, payables, limit, (credit_rules, digits))
}
