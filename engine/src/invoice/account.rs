//! What comes with the customer and not with the book: discounts of their own, wallets, tax status. Checked here.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::credit::Wallet;
use super::tax::TaxStatus;
use super::units::{AllowanceLeft, Pack};
use crate::catalog::{Discount, Off, Plan, Target};
use crate::ids::{AllowanceId, ChargeId, CreditId, DiscountId, PlanId, Tag};
use crate::money::Money;
use crate::period::Month;

/// A customer's own price for a charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// The plan, if not whichever has the charge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanId>,
    /// The charge.
    pub charge: ChargeId,
    /// The model as a book writes it, and `included` if that changes too.
    pub price: serde_json::Value,
}

impl Override {
    /// Whether it is for this charge of this plan.
    pub(crate) fn is_for(&self, plan: &PlanId, charge: &ChargeId) -> bool {
        self.charge == *charge && self.plan.as_ref().is_none_or(|own| own == plan)
    }
}

/// A customer's own terms. The default has none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Account {
    /// Discounts of this customer, after those of the plan.
    pub discounts: Vec<Discount>,
    /// Prepaid wallets.
    pub wallets: Vec<Wallet>,
    /// Prices of their own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<Override>,
    /// What earlier periods left of allowances that are kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowances: Vec<AllowanceLeft>,
    /// Units that were bought beforehand.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub packs: Vec<Pack>,
    /// Whether the customer owes taxes.
    pub tax: TaxStatus,
    /// The month that is billed, where it is known: discounts may be limited to months.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub month: Option<Month>,
    /// How many periods were billed before: discounts may be limited to the first ones.
    pub periods_before: u32,
}

/// What is wrong with an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum AccountProblem {
    /// A discount of more than everything.
    DiscountTooHigh {
        /// The discount.
        discount: DiscountId,
        /// Its percentage.
        percent: String,
    },
    /// A discount below zero.
    NegativeDiscount {
        /// The discount.
        discount: DiscountId,
    },
    /// A discount on a charge that the plan does not have.
    UnknownCharge {
        /// The discount.
        discount: DiscountId,
        /// The charge.
        charge: ChargeId,
    },
    /// A discount on a tag that no charge of the plan carries.
    UnknownTag {
        /// The discount.
        discount: DiscountId,
        /// The tag.
        tag: Tag,
    },
    /// A sum off a part of a period: every part would take all of it again.
    AmountInParts {
        /// The discount.
        discount: DiscountId,
    },
    /// A price for a charge that the plan does not have, or no longer.
    OverrideGone {
        /// The charge.
        charge: ChargeId,
        /// The charges there are.
        known: Vec<String>,
    },
    /// A price that a book could not have.
    BadOverride {
        /// What is wrong.
        detail: String,
    },
    /// Less than nothing is left of an allowance.
    NegativeAllowance {
        /// The allowance.
        allowance: AllowanceId,
    },
    /// A pack with less than nothing in it.
    NegativePack {
        /// The pack.
        pack: CreditId,
    },
    /// Two packs with the same id.
    DuplicatePack {
        /// The id.
        pack: CreditId,
    },
    /// A wallet with less than nothing in it.
    NegativeWallet {
        /// The wallet.
        wallet: CreditId,
        /// What is in it.
        balance: Money,
    },
}

impl fmt::Display for AccountProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DiscountTooHigh { discount, percent } => {
                write!(f, "the discount {discount} of {percent} percent is more than the whole; allowed is 0 to 100")
            }
            Self::NegativeDiscount { discount } => {
                write!(f, "the discount {discount} is below zero; allowed is 0 or more")
            }
            Self::UnknownCharge { discount, charge } => {
                write!(f, "the discount {discount} is on the charge {charge}, which the plan does not have")
            }
            Self::UnknownTag { discount, tag } => {
                write!(f, "the discount {discount} is on the tag {tag}, which no charge of the plan carries")
            }
            Self::AmountInParts { discount } => {
                write!(
                    f,
                    "the discount {discount} is a sum for a period, and every part would take it again; give a percentage, or bill whole periods"
                )
            }
            Self::OverrideGone { charge, known } => write!(
                f,
                "the customer has a price of their own for the charge {charge}, which the plan does not have; it has {}",
                known.join(", ")
            ),
            Self::BadOverride { detail } => write!(f, "a price of the customer's own cannot be used: {detail}"),
            Self::NegativeAllowance { allowance } => {
                write!(f, "less than nothing is left of the allowance {allowance}; allowed is 0 or more")
            }
            Self::NegativePack { pack } => {
                write!(f, "less than nothing is left of the pack {pack}; allowed is 0 or more")
            }
            Self::DuplicatePack { pack } => write!(f, "two packs have the id {pack}; each needs its own"),
            Self::NegativeWallet { wallet, balance } => {
                write!(f, "the wallet {wallet} holds {balance}; allowed is 0 or more")
            }
        }
    }
}

impl Account {
    /// Whether the account can go on a bill of `plan`.
    pub(crate) fn check(&self, plan: &Plan) -> Result<(), AccountProblem> {
        self.discounts.iter().try_for_each(|discount| check_discount(discount, plan))?;
        self.check_units()?;
        match self.wallets.iter().find(|wallet| wallet.balance < Money::ZERO) {
            Some(wallet) => Err(AccountProblem::NegativeWallet { wallet: wallet.id.clone(), balance: wallet.balance }),
            None => Ok(()),
        }
    }

    /// Whether the account can go on the bill of a part of a period.
    pub(crate) fn check_in_parts(&self) -> Result<(), AccountProblem> {
        self.discounts.iter().try_for_each(|discount| match discount.off {
            Off::Percent(_) => Ok(()),
            Off::Amount(_) => Err(AccountProblem::AmountInParts { discount: discount.id.clone() }),
        })
    }

    fn check_units(&self) -> Result<(), AccountProblem> {
        let negative = |left: &&AllowanceLeft| left.lots.iter().any(|lot| lot.units.is_negative());
        if let Some(left) = self.allowances.iter().find(negative) {
            return Err(AccountProblem::NegativeAllowance { allowance: left.allowance.clone() });
        }
        for (index, pack) in self.packs.iter().enumerate() {
            if pack.left.is_negative() {
                return Err(AccountProblem::NegativePack { pack: pack.id.clone() });
            }
            if self.packs.iter().take(index).any(|other| other.id == pack.id) {
                return Err(AccountProblem::DuplicatePack { pack: pack.id.clone() });
            }
        }
        Ok(())
    }
}

fn check_discount(discount: &Discount, plan: &Plan) -> Result<(), AccountProblem> {
    let id = || discount.id.clone();
    let number = match discount.off {
        Off::Percent(percent) if percent.is_above_hundred() => {
            return Err(AccountProblem::DiscountTooHigh { discount: id(), percent: percent.to_string() });
        }
        Off::Percent(percent) => percent.decimal(),
        Off::Amount(amount) => amount.decimal(),
    };
    if number < Money::ZERO.decimal() {
        return Err(AccountProblem::NegativeDiscount { discount: id() });
    }
    match &discount.on {
        Target::Invoice => Ok(()),
        Target::Charges(charges) => match charges.iter().find(|charge| plan.charge(charge).is_none()) {
            Some(charge) => Err(AccountProblem::UnknownCharge { discount: id(), charge: charge.clone() }),
            None => Ok(()),
        },
        Target::Tags(tags) => {
            let unknown = |tag: &&Tag| plan.charges.iter().all(|charge| !charge.tags.contains(tag));
            match tags.iter().find(unknown) {
                Some(tag) => Err(AccountProblem::UnknownTag { discount: id(), tag: tag.clone() }),
                None => Ok(()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Account, AccountProblem};
    use crate::catalog::{Discount, DiscountTerm, Off, Percent, Target};
    use crate::ids::DiscountId;
    use crate::money::Money;
    use crate::quantity::parse_decimal;
    use crate::text::Names;

    #[test]
    fn a_part_of_a_period_takes_a_share_but_no_sum() {
        let id = || DiscountId::new("own").unwrap();
        let account = |off: Off| {
            let name = Names { zh: "d".into(), en: "d".into() };
            let discount = Discount { id: id(), name, off, on: Target::Invoice, term: DiscountTerm::default() };
            Account { discounts: vec![discount], ..Account::default() }
        };
        let ten = parse_decimal("10").unwrap();
        assert_eq!(account(Off::Percent(Percent::new(ten))).check_in_parts(), Ok(()));
        let refused = AccountProblem::AmountInParts { discount: id() };
        assert_eq!(account(Off::Amount(Money::new(ten))).check_in_parts(), Err(refused));
    }
}
