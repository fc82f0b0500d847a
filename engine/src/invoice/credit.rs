//! Pays a bill from credits: the plan's money allowance and the customer's prepaid wallets, one after the other.
//!
//! Smaller priorities first, then older ones, then as given. Draws are whole minor units; what is not drawn stays.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::discount::Share;
use super::item::{compare, minor_unit, smaller};
use crate::catalog::{Credit, CreditRules};
use crate::exact::{Exact, Overflow};
use crate::ids::{ChargeId, CreditId};
use crate::money::Money;
use crate::rating::Step;
use crate::rounding::{RoundingMode, round};
use crate::text::Names;

/// Money that can pay bills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wallet {
    /// Unique among a customer's wallets.
    pub id: CreditId,
    /// What the bill calls it.
    pub name: Names,
    /// What is in it; not below zero.
    pub balance: Money,
    /// Smaller ones are used first.
    #[serde(default)]
    pub priority: u32,
    /// Since when it is there: of one priority, older ones are used first, those without a date before all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<NaiveDate>,
}

impl From<&Credit> for Wallet {
    fn from(credit: &Credit) -> Self {
        let Credit { id, name, amount, priority } = credit.clone();
        Self { id, name, balance: amount, priority, since: None }
    }
}

/// A credit on a bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditLine {
    /// The credit or wallet.
    pub id: CreditId,
    /// What the bill calls it.
    pub name: Names,
    /// What it pays; zero where nothing was left to pay, or only dust.
    pub amount: Money,
    /// What stays in it.
    pub left: Money,
    /// How the amount came about.
    pub steps: Vec<Step>,
    /// What it pays of each line, where it pays line by line; the rounding of taxes is no line's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<Share>,
}

/// What is to be paid of a line.
#[derive(Debug, Clone)]
pub struct Payable<'a> {
    /// The line's charge.
    pub charge: &'a ChargeId,
    /// What is left to be paid.
    pub left: Exact,
}

/// Draws `wallets` for `payables`, line after line, at most `limit` in all.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub fn draw_credits(
    wallets: &[Wallet],
    payables: &mut [Payable<'_>],
    limit: Money,
    (rules, digits): (CreditRules, u32),
) -> Result<Vec<CreditLine>, Overflow> {
    if wallets.is_empty() {
        return Ok(Vec::new());
    }
    let minimum = rules.minimum.map_or_else(|| minor_unit(digits), |minimum| Ok(minimum.exact()))?;
    let mut sorted: Vec<&Wallet> = wallets.iter().collect();
    sorted.sort_by_key(|wallet| (wallet.priority, wallet.since));
    let mut open = if limit.exact().signum() > 0 { limit } else { Money::ZERO.with_places(digits) };
    let mut lines = Vec::new();
    for wallet in sorted {
        let payable = open;
        let most = smaller(wallet.balance.exact(), payable.exact())?;
        let drawn = round(most, digits, RoundingMode::Floor)?;
        let is_dust = drawn.exact().signum() <= 0 || compare(drawn.exact(), minimum)?.is_lt();
        let amount = if is_dust { Money::ZERO.with_places(digits) } else { drawn };
        open = payable.checked_sub(amount)?;
        let left = wallet.balance.checked_sub(amount)?.with_places(digits);
        let step = Step::Drawn { balance: wallet.balance, payable, amount: amount.exact(), left };
        let (id, name) = (wallet.id.clone(), wallet.name.clone());
        let shares = pay(payables, amount.exact())?;
        lines.push(CreditLine { id, name, amount, left, steps: vec![step], shares });
    }
    Ok(lines)
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn pay(payables: &mut [Payable<'_>], amount: Exact) -> Result<Vec<Share>, Overflow> {
    let mut rest = amount;
    let mut shares = Vec::new();
    for payable in payables.iter_mut().filter(|payable| payable.left.signum() > 0) {
        let paid = smaller(payable.left, rest)?;
        if paid.signum() > 0 {
            payable.left = payable.left.checked_sub(paid)?;
            rest = rest.checked_sub(paid)?;
            shares.push(Share { charge: payable.charge.clone(), amount: paid });
        }
    }
    Ok(shares)
}

#[cfg(test)]
mod tests {
    use super::{Wallet, draw_credits};
    use crate::catalog::CreditRules;
    use crate::money::Money;
    use crate::quantity::parse_decimal;
    use crate::text::Names;

    fn money(text: &str) -> Money {
        Money::new(parse_decimal(text).unwrap())
    }

    fn wallet(id: &str, balance: &str, priority: u32, since: Option<&str>) -> Wallet {
        let name = Names { zh: id.into(), en: id.into() };
        let since = since.map(|date| date.parse().unwrap());
        Wallet { id: super::CreditId::new(id).unwrap(), name, balance: money(balance), priority, since }
    }

    fn drawn(wallets: &[Wallet], limit: &str) -> Vec<(String, String, String)> {
        let lines = draw_credits(wallets, &mut [], money(limit), (CreditRules::default(), 2)).unwrap();
        lines.into_iter().map(|line| (line.id.to_string(), line.amount.to_string(), line.left.to_string())).collect()
    }

    fn row(id: &str, amount: &str, left: &str) -> (String, String, String) {
        (id.to_owned(), amount.to_owned(), left.to_owned())
    }

    #[test]
    fn priority_goes_before_age() {
        let wallets = [
            wallet("new", "5", 1, Some("2026-02-01")),
            wallet("old", "5", 1, Some("2026-01-01")),
            wallet("first", "5", 0, None),
        ];
        assert_eq!(
            drawn(&wallets, "12"),
            [row("first", "5.00", "0.00"), row("old", "5.00", "0.00"), row("new", "2.00", "3.00")]
        );
    }

    #[test]
    fn dust_stays_in_the_wallet() {
        let wallets = [wallet("dust", "0.009", 0, None), wallet("full", "20.005", 0, None)];
        assert_eq!(drawn(&wallets, "30"), [row("dust", "0.00", "0.009"), row("full", "20.00", "0.005")]);
    }

    #[test]
    fn nothing_is_drawn_for_a_bill_of_nothing() {
        assert_eq!(drawn(&[wallet("a", "5", 0, None)], "0"), [row("a", "0.00", "5.00")]);
    }
}
