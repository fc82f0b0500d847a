//! A change of price in the middle of a period: the rest of the old price goes back, the rest of the new one is charged.
//!
//! Where the two are rounded is data. A credit never exceeds what was paid; a line of exactly nothing is not written.

use serde::{Deserialize, Serialize};

use super::proration::{Cut, ProrationError, Share};
use crate::exact::{Exact, Overflow};

/// A price that takes another's place, both for the whole period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceChange {
    /// What was charged for the whole period.
    pub old: Exact,
    /// What will be.
    pub new: Exact,
    /// What was paid for the old price, if the credit is limited to that.
    pub paid: Option<Paid>,
}

/// How much of an amount can still be given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paid {
    /// Paid in the first place.
    pub paid: Exact,
    /// Given back since.
    pub credited: Exact,
}

/// Where the lines of a change are rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeRounding {
    /// Credit and charge each; the net is their sum.
    EachLine(Cut),
    /// Only their sum.
    Net(Cut),
    /// Not at all.
    None,
}

/// What a change gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Netted {
    /// The rest of the old price, not above zero.
    pub credit: Exact,
    /// The rest of the new price.
    pub charge: Exact,
    /// Their sum, for one line; `None` if it is exactly nothing and no line is due.
    pub net: Option<Exact>,
}

/// Credits `share` of the old price and charges the same share of the new one.
pub fn change_price(change: &PriceChange, share: &Share, rounding: ChangeRounding) -> Result<Netted, ProrationError> {
    let line = |amount| match rounding {
        ChangeRounding::EachLine(cut) => cut.apply(amount),
        ChangeRounding::Net(_) | ChangeRounding::None => Ok(amount),
    };
    let mut back = line(share.of(change.old)?)?;
    if let Some(paid) = change.paid {
        back = capped_credit(back, paid)?;
    }
    let credit = Exact::ZERO.checked_sub(back)?;
    let charge = line(share.of(change.new)?)?;
    let sum = credit.checked_add(charge)?;
    let sum = match rounding {
        ChangeRounding::Net(cut) => cut.apply(sum)?,
        ChangeRounding::EachLine(_) | ChangeRounding::None => sum,
    };
    Ok(Netted { credit, charge, net: net(&[sum])? })
}

/// The part of a credit that may be given: not more than what was paid and not yet given back, and never less than
/// nothing.
pub fn capped_credit(potential: Exact, paid: Paid) -> Result<Exact, Overflow> {
    let left = paid.paid.checked_sub(paid.credited)?;
    let least = if potential.checked_sub(left)?.signum() > 0 { left } else { potential };
    Ok(if least.signum() > 0 { least } else { Exact::ZERO })
}

/// The sum of lines that are shown as one; `None` if they cancel out exactly, so that no line is written.
pub fn net(lines: &[Exact]) -> Result<Option<Exact>, Overflow> {
    let sum = lines.iter().try_fold(Exact::ZERO, |sum, line| sum.checked_add(*line))?;
    Ok((sum.signum() != 0).then_some(sum))
}

#[cfg(test)]
mod tests {
    use super::{ChangeRounding, Paid, PriceChange, capped_credit, change_price, net};
    use crate::exact::Exact;
    use crate::invoice::proration::{Cut, Proration};
    use crate::rounding::RoundingMode;

    fn exact(text: &str) -> Exact {
        text.parse().unwrap()
    }

    #[test]
    fn rounding_each_line_and_rounding_the_net_may_differ_by_a_cent() {
        // 14/31 of 1000 is 451.6129, of 500 is 225.8064: -451.61 + 225.81 = -225.80, but the sum is -225.8064.
        let share = Proration::default().quotient(exact("14"), exact("31")).unwrap();
        let change = PriceChange { old: exact("1000"), new: exact("500"), paid: None };
        let cut = Cut::to(2, RoundingMode::HalfUp);
        let each = change_price(&change, &share, ChangeRounding::EachLine(cut)).unwrap();
        assert_eq!((each.credit, each.charge, each.net), (exact("-451.61"), exact("225.81"), Some(exact("-225.80"))));
        let once = change_price(&change, &share, ChangeRounding::Net(cut)).unwrap();
        assert_eq!(once.net, Some(exact("-225.81")));
        let never = change_price(&change, &share, ChangeRounding::None).unwrap();
        assert_eq!(never.net, Some(exact("-7000/31")));
    }

    #[test]
    fn a_credit_is_never_more_than_what_was_paid_and_never_negative() {
        let capped = |potential, paid, credited| {
            capped_credit(exact(potential), Paid { paid: exact(paid), credited: exact(credited) }).unwrap()
        };
        assert_eq!(capped("100", "200", "180"), exact("20"));
        assert_eq!(capped("100", "200", "0"), exact("100"));
        assert_eq!(capped("100", "200", "250"), Exact::ZERO);
        assert_eq!(capped("-5", "200", "0"), Exact::ZERO);
    }

    #[test]
    fn lines_that_cancel_out_leave_none() {
        assert_eq!(net(&[exact("-5"), exact("5.00")]), Ok(None));
        assert_eq!(net(&[exact("-5000"), exact("10000")]), Ok(Some(exact("5000"))));
        assert_eq!(net(&[]), Ok(None));
    }
}
