//! What is billed, and what is given back, for a part of a price that tax is added to.
//!
//! Net and tax are each cut and then added, so that the document's own lines add up to its total.

use serde::{Deserialize, Serialize};

use super::proration::{Cut, ProrationError, Share};
use crate::exact::Exact;

/// A tax on top of a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddedTax {
    /// In percent.
    pub percent: Exact,
    /// Of which amount.
    pub of: TaxedAmount,
}

/// The amount from which the tax is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxedAmount {
    /// The net amount as shown.
    #[default]
    RoundedNet,
    /// The net amount before it was cut.
    ExactNet,
}

/// A net amount, its tax and their sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithTax {
    /// Without tax.
    pub net: Exact,
    /// The tax.
    pub tax: Exact,
    /// Both.
    pub total: Exact,
}

/// A share of a price with tax: to be billed, or for a credit note, to be given back.
pub fn share_with_tax(price: Exact, share: &Share, tax: &AddedTax, cut: Cut) -> Result<WithTax, ProrationError> {
    let exact = share.of(price)?;
    let net = cut.apply(exact)?;
    let base = match tax.of {
        TaxedAmount::RoundedNet => net,
        TaxedAmount::ExactNet => exact,
    };
    let hundred = Exact::ratio(100, 1).ok_or(ProrationError::Overflow)?;
    let tax = cut.apply(base.checked_mul(tax.percent)?.checked_div(hundred)?)?;
    Ok(WithTax { net, tax, total: net.checked_add(tax)? })
}

#[cfg(test)]
mod tests {
    use super::{AddedTax, TaxedAmount, share_with_tax};
    use crate::exact::Exact;
    use crate::invoice::proration::{Cut, Proration};
    use crate::rounding::RoundingMode;

    fn exact(text: &str) -> Exact {
        text.parse().unwrap()
    }

    #[test]
    fn net_and_tax_are_cut_apart_and_then_added() {
        // 24/31 of 1000 is 774.19; a quarter of that is 193.55, of the shown 774 it is 193.50: both 194.
        let share = Proration::default().quotient(exact("24"), exact("31")).unwrap();
        for of in [TaxedAmount::RoundedNet, TaxedAmount::ExactNet] {
            let tax = AddedTax { percent: exact("25"), of };
            let found = share_with_tax(exact("1000"), &share, &tax, Cut::to(0, RoundingMode::HalfUp)).unwrap();
            assert_eq!((found.net, found.tax, found.total), (exact("774"), exact("194"), exact("968")));
        }
    }

    #[test]
    fn tax_of_the_exact_net_may_differ_from_tax_of_the_shown_one() {
        // Half of 3 is 1.5, shown as 2: 30 % of that is 0.6, of the exact net 0.45.
        let share = Proration::default().quotient(exact("1"), exact("2")).unwrap();
        let tax = |of| {
            let tax = AddedTax { percent: exact("30"), of };
            share_with_tax(exact("3"), &share, &tax, Cut::to(0, RoundingMode::HalfUp)).unwrap().tax
        };
        assert_eq!((tax(TaxedAmount::RoundedNet), tax(TaxedAmount::ExactNet)), (exact("1"), exact("0")));
    }
}
