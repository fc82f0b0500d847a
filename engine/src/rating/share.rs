//! The share of a period that a bill is about, for amounts that are due for whole periods.
//!
//! Only carries the share; how many days count is decided by the rules of proration.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::exact::{Exact, Overflow};
use crate::money::Money;
use crate::quantity::Quantity;

/// A share of a period, not below zero; 1 for a whole one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Exact", into = "Exact")]
pub struct Share(Exact);

impl Share {
    /// `part` of `whole`, both in the same unit, for instance days. `None` if one is negative or `whole` is zero.
    pub fn of(part: Quantity, whole: Quantity) -> Option<Self> {
        if part.is_negative() || whole.is_negative() || whole.is_zero() {
            return None;
        }
        part.exact().checked_div(whole.exact()).ok().map(Self)
    }

    /// A share worked out elsewhere; `None` if it is negative.
    pub fn new(share: Exact) -> Option<Self> {
        (share.signum() >= 0).then_some(Self(share))
    }

    /// The whole period.
    pub fn whole() -> Self {
        Self(Quantity::from(1).exact())
    }

    /// The whole period?
    pub fn is_whole(self) -> bool {
        self == Self::whole()
    }

    /// The number.
    pub fn exact(self) -> Exact {
        self.0
    }

    /// This share of an amount, exactly.
    pub fn of_amount(self, amount: Money) -> Result<Exact, Overflow> {
        amount.exact().checked_mul(self.0)
    }
}

impl TryFrom<Exact> for Share {
    type Error = &'static str;
    fn try_from(share: Exact) -> Result<Self, Self::Error> {
        Self::new(share).ok_or("a share of a period is not below zero")
    }
}

impl From<Share> for Exact {
    fn from(share: Share) -> Self {
        share.0
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Share;
    use crate::quantity::Quantity;

    #[test]
    fn a_share_is_exact_and_never_below_zero() {
        let days = |text: &str| Quantity::parse(text).unwrap();
        assert_eq!(Share::of(days("17"), days("31")).unwrap().to_string(), "17/31");
        assert!(Share::of(days("28"), days("28")).unwrap().is_whole());
        assert_eq!(Share::of(days("-1"), days("28")), None);
        assert_eq!(Share::of(days("1"), days("0")), None);
        assert!(serde_json::from_str::<Share>("\"-1/2\"").is_err());
    }
}
