//! Cells: the usage of a charge, split by the attributes that decide its price. Each cell is priced alone.
//!
//! Attributes that decide nothing are added up, unless the charge prices each group alone. A quantity that was assumed
//! without groups is a cell of which nothing is known: only `"*"` and a default price match it.

use std::collections::BTreeMap;
use std::fmt;

use arrayvec::ArrayVec;

use super::RateError;
use super::counted::selected;
use crate::catalog::{ATTRIBUTES_MAX, Attribute, Each, Metered};
use crate::exact::Overflow;
use crate::ids::{ChargeId, MeterId};
use crate::quantity::Quantity;
use crate::usage::MeterUsage;

/// The values of a cell, in the order of the attributes that decide the price.
pub(super) type CellKey<'u> = ArrayVec<&'u str, ATTRIBUTES_MAX>;

/// Why a charge cannot be priced.
#[derive(Debug)]
pub(super) enum Failure {
    /// An amount is too large.
    Overflow,
    /// No row matches and there is no default price.
    NoPrice(Vec<AttributeValue>, Quantity),
    /// Something below zero.
    Negative(Quantity),
    /// An attribute that is compared with a level is no number.
    NotNumber(AttributeValue),
}

/// An attribute and its value in a cell.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AttributeValue {
    /// The attribute.
    pub attribute: String,
    /// Its value; empty where the events do not say.
    pub value: String,
}

/// `model = "gpt"`.
impl fmt::Display for AttributeValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = \"{}\"", self.attribute, self.value)
    }
}

impl From<Overflow> for Failure {
    fn from(Overflow: Overflow) -> Self {
        Self::Overflow
    }
}

impl Failure {
    /// The refusal, for this charge.
    pub(super) fn of(self, charge: &ChargeId, meter: Option<&MeterId>) -> RateError {
        let charge = charge.clone();
        match (self, meter) {
            (Self::NoPrice(cell, quantity), _) => RateError::NoPrice { charge, cell, quantity },
            (Self::NotNumber(attribute), _) => RateError::NotNumber { charge, attribute },
            (Self::Negative(quantity), Some(meter)) => RateError::NegativeQuantity { meter: meter.clone(), quantity },
            (Self::Overflow | Self::Negative(_), _) => RateError::Overflow { charge: Some(charge) },
        }
    }
}

/// Calls `price` with each cell of the charge.
pub(super) fn each_cell<'u>(
    by: &[Attribute],
    metered: &Metered,
    usage: Option<&'u MeterUsage>,
    mut price: impl FnMut(&CellKey<'u>, Quantity) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let Some(usage) = usage else { return Ok(()) };
    let mut priced = |key: &CellKey<'u>, quantity: Quantity| match quantity.is_negative() {
        true => Err(Failure::Negative(quantity)),
        false => price(key, quantity),
    };
    let alone = metered.each == Each::Group;
    if !alone && by.is_empty() {
        return priced(&CellKey::new(), selected(metered, Some(usage))?);
    }
    if usage.groups.is_empty() {
        if usage.quantity.is_zero() || !metered.only.is_empty() {
            return Ok(());
        }
        let unknown = by.iter().map(|_| "").collect();
        return priced(&unknown, usage.quantity);
    }
    let mut sums: BTreeMap<CellKey<'u>, Quantity> = BTreeMap::new();
    for group in usage.groups.iter().filter(|group| metered.selects(&group.key)) {
        let key = key_of(by, &group.key);
        if alone || by.len() == group.key.len() {
            priced(&key, group.quantity)?;
        } else {
            let sum = sums.entry(key).or_insert(Quantity::ZERO);
            *sum = sum.checked_add(group.quantity)?;
        }
    }
    sums.iter().try_for_each(|(key, quantity)| priced(key, *quantity))
}

/// The values at the attributes' places in a group's key; empty where it has none.
pub(super) fn key_of<'u>(by: &[Attribute], key: &'u [String]) -> CellKey<'u> {
    by.iter().map(|attribute| key.get(attribute.place).map_or("", String::as_str)).collect()
}

/// Attributes and values, for people.
pub(super) fn named(by: &[Attribute], cell: &CellKey<'_>) -> Vec<AttributeValue> {
    let pair = |(attribute, value): (&Attribute, &&str)| AttributeValue {
        attribute: attribute.name.clone(),
        value: (*value).to_owned(),
    };
    by.iter().zip(cell).map(pair).collect()
}
