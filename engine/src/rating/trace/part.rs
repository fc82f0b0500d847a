//! What steps are about: parts of a line, packs, limits and amounts of other charges. Only data.

use serde::{Deserialize, Serialize};

use crate::ids::{ChargeId, CreditId, MeterId};
use crate::money::Money;
use crate::quantity::Quantity;
use crate::rating::cell::AttributeValue;

/// Units that were taken out of a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackDrawn {
    /// The pack.
    pub pack: CreditId,
    /// How many.
    pub used: Quantity,
    /// How many are left in it.
    pub left: Quantity,
}

/// What a meter counted beside what a tier admits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// The meter.
    pub meter: MeterId,
    /// What it counted.
    pub quantity: Quantity,
    /// The largest quantity of the tier; `None` where it admits any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Quantity>,
}

/// What another charge of the bill costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargeAmount {
    /// The charge.
    pub charge: ChargeId,
    /// Its amount.
    pub amount: Money,
}

/// What happens to an amount at a level of the quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleAmount {
    /// A fee is added.
    Fee(Money),
    /// It is multiplied.
    Factor(Quantity),
}

/// What is priced by itself inside a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Part {
    /// A tier with more than a unit price.
    Tier {
        /// The tier begins after this quantity.
        from: Quantity,
        /// The last quantity of the tier; `None` in the open one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        up_to: Option<Quantity>,
    },
    /// A group of the meter.
    Group {
        /// The values of the meter's `group_by`, in that order.
        key: Vec<String>,
        /// Its quantity.
        quantity: Quantity,
    },
    /// The units with these attributes, which decide their price.
    Cell {
        /// The attributes and their values.
        cell: Vec<AttributeValue>,
        /// The units.
        quantity: Quantity,
    },
    /// An amount that is rounded before it is added.
    Detail,
    /// What is due before a maximum or minimum is looked at.
    BeforeLimits,
    /// The whole period up to now.
    SoFar,
    /// One price of a part of a period.
    Item,
    /// A line of the bill, in the computation of a tax.
    Line {
        /// The line's charge.
        charge: ChargeId,
    },
}
