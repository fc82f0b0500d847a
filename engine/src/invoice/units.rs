//! Units that a customer has from before: what is left of allowances that are kept, and packs (资源包) that were bought.
//!
//! Only data that comes in with the account and goes out with the bill; `rating/entitlement.rs` draws.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::ids::{AllowanceId, CreditId, MeterId};
use crate::period::{Instant, Period};
use crate::quantity::Quantity;

/// What earlier periods left of an allowance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllowanceLeft {
    /// The charge or the pool that it belongs to.
    pub allowance: AllowanceId,
    /// Units of the same age, oldest first.
    pub lots: Vec<Lot>,
}

/// Units of one age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lot {
    /// How many.
    pub units: Quantity,
    /// In how many periods, the next one included, they can still be used; `None` until they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub periods: Option<u32>,
}

/// Units of a meter that were bought beforehand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    /// Unique among the customer's packs.
    pub id: CreditId,
    /// The meter that draws on it, in the units that its charges price.
    pub meter: MeterId,
    /// How many units are left.
    pub left: Quantity,
    /// The smaller number is drawn first.
    #[serde(default)]
    pub priority: u32,
    /// From when on it can be drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective: Option<Instant>,
    /// From when on it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Instant>,
}

impl Pack {
    /// Whether it can be drawn for usage of a period: it is in force in some of it. Always where no period is known.
    pub fn covers(&self, period: Option<&Period>) -> bool {
        let Some(period) = period else { return true };
        self.effective.is_none_or(|from| from < period.end) && self.expires.is_none_or(|end| end > period.start)
    }
}

/// What a bill leaves of the units that a customer has.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Carried {
    /// Of allowances that are kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowances: Vec<AllowanceLeft>,
    /// Of packs, in the order in which they are drawn.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub packs: Vec<Pack>,
}

/// The order in which packs are drawn, as for other grants: priority, then what expires first, then the older, then the
/// id.
pub fn pack_order(a: &Pack, b: &Pack) -> Ordering {
    let key = |pack: &Pack| {
        let expires = pack.expires.map(|at| at.timestamp());
        (pack.priority, expires.is_none(), expires, pack.effective)
    };
    key(a).cmp(&key(b)).then_with(|| a.id.as_str().cmp(b.id.as_str()))
}
