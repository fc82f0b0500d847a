//! What a credit note gives back: net and tax are rounded separately, each from exact figures, and then added.
//!
//! So the tax of a note is that of its exact net, not that of the net it shows.

use super::item::sum;
use crate::catalog::Percent;
use crate::exact::{Exact, Overflow};
use crate::money::Money;
use crate::rounding::{RoundingMode, round};

/// What is given back of a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unused {
    /// The net price of the whole.
    pub price: Money,
    /// The part that is given back.
    pub part: u32,
    /// Of how many; above zero.
    pub of: u32,
}

/// The figures of a credit note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credited {
    /// Given back without tax.
    pub net: Money,
    /// The tax on it.
    pub tax: Money,
    /// Both.
    pub total: Money,
}

/// Credits the unused part of a price with its taxes, whose percentages are all of the net amount.
pub fn credit_unused(
    unused: &Unused,
    taxes: &[Percent],
    (mode, digits): (RoundingMode, u32),
) -> Result<Credited, Overflow> {
    let share = Exact::ratio(unused.part.into(), unused.of.into()).ok_or(Overflow)?;
    let exact = unused.price.exact().checked_mul(share)?;
    let taxes = taxes.iter().map(|percent| percent.of(exact)).collect::<Result<Vec<_>, _>>()?;
    let net = round(exact, digits, mode)?;
    let tax = round(sum(taxes.into_iter())?, digits, mode)?;
    Ok(Credited { net, tax, total: net.checked_add(tax)? })
}

#[cfg(test)]
mod tests {
    use super::{Unused, credit_unused};
    use crate::catalog::Percent;
    use crate::money::Money;
    use crate::rounding::RoundingMode;

    #[test]
    fn the_tax_is_that_of_the_exact_net() {
        // 10 × 1 ÷ 3 = 3.333…; 20 % of that is 0.666…, of the rounded 3 it would be 0.6. Without places: 3 and 1.
        let unused = Unused { price: Money::new(10.into()), part: 1, of: 3 };
        let note = credit_unused(&unused, &[Percent::new(20.into())], (RoundingMode::HalfUp, 0)).unwrap();
        assert_eq!(
            (note.net.to_string(), note.tax.to_string(), note.total.to_string()),
            ("3".into(), "1".into(), "4".into())
        );
    }
}
