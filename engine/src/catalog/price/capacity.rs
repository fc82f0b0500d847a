//! A fixed price chosen by several meters at once.

use serde_json::Value;

use super::tiers::{ZERO_USAGES, ZeroUsage};
use crate::catalog::draft::{Node, Value as Typed};
use crate::catalog::meter::{KnownMeters, known_meter};
use crate::catalog::problem::ProblemKind;
use crate::catalog::reader::{Path, Reader};
use crate::catalog::write::{insert, object, text, word};
use crate::ids::MeterId;
use crate::money::Money;
use crate::quantity::Quantity;

/// Tiers of several meters; due is the fixed price of the first whose limits all hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capacity {
    /// The tiers, smallest first; at least one, and the last, and only that, has no limits.
    pub tiers: Vec<CapacityTier>,
    /// What is due when none of the meters counted anything.
    pub zero_usage: ZeroUsage,
}

/// What some meters may count for a price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapacityTier {
    /// The largest quantity of each meter; a meter that is not named may count any.
    pub limits: Vec<(MeterId, Quantity)>,
    /// The price.
    pub price: Money,
}

impl Capacity {
    /// Every meter that a tier limits, once, in the order of the text.
    pub fn meters(&self) -> Vec<&MeterId> {
        let mut meters: Vec<&MeterId> = Vec::new();
        for (meter, _) in self.tiers.iter().flat_map(|tier| &tier.limits) {
            if !meters.contains(&meter) {
                meters.push(meter);
            }
        }
        meters
    }
}

impl CapacityTier {
    /// The limit of a meter, if it has one here.
    fn limit(&self, meter: &MeterId) -> Option<Quantity> {
        self.limits.iter().find(|(other, _)| other == meter).map(|(_, limit)| *limit)
    }

    /// Whether everything that this tier admits is admitted by `other` already.
    fn is_within(&self, other: &Self) -> bool {
        other.limits.iter().all(|(meter, limit)| self.limit(meter).is_some_and(|own| own <= *limit))
    }
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(in crate::catalog) fn read_capacity(
    reader: &mut Reader,
    node: &Node,
    path: &Path,
    meters: &KnownMeters,
) -> Option<Capacity> {
    if !matches!(node.value, Typed::Table(_)) {
        return Some(Capacity { tiers: read_list(reader, node, path, meters)?, zero_usage: ZeroUsage::Nothing });
    }
    let table = reader.table(node, path, &["tiers", "zero_usage"])?;
    let tiers = reader.required(&table, "tiers", path, |reader, node, path| read_list(reader, node, path, meters));
    let zero_usage =
        reader.optional(&table, "zero_usage", path, |reader, node, path| reader.option(node, path, &ZERO_USAGES));
    Some(Capacity { tiers: tiers?, zero_usage: zero_usage?.unwrap_or(ZeroUsage::Nothing) })
}

fn read_list(reader: &mut Reader, node: &Node, path: &Path, meters: &KnownMeters) -> Option<Vec<CapacityTier>> {
    let nodes = reader.array(node, path)?;
    let Some(last) = nodes.len().checked_sub(1) else {
        return reader.report(node, path, ProblemKind::NoTiers);
    };
    let mut tiers: Vec<Option<CapacityTier>> = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let path = path.index(index);
        let mut tier = read_tier(reader, node, &path, meters);
        if let Some(read) = &tier {
            let hidden = tiers.iter().flatten().any(|earlier| read.is_within(earlier));
            tier = match (index == last, read.limits.is_empty()) {
                (true, false) => reader.report(node, &path, ProblemKind::LastTierBounded),
                (false, true) => reader.report(node, &path, ProblemKind::InnerTierOpen),
                (true, true) | (false, false) if hidden => reader.report(node, &path, ProblemKind::UnreachableTier),
                (true, true) | (false, false) => tier,
            };
        }
        tiers.push(tier);
    }
    tiers.into_iter().collect()
}

fn read_tier(reader: &mut Reader, node: &Node, path: &Path, meters: &KnownMeters) -> Option<CapacityTier> {
    let table = reader.table(node, path, &["limits", "price"])?;
    let limits = reader.optional(&table, "limits", path, |reader, node, path| read_limits(reader, node, path, meters));
    let price = reader.required(&table, "price", path, Reader::not_negative);
    Some(CapacityTier { limits: limits?.unwrap_or_default(), price: Money::new(price?) })
}

fn read_limits(
    reader: &mut Reader,
    node: &Node,
    path: &Path,
    meters: &KnownMeters,
) -> Option<Vec<(MeterId, Quantity)>> {
    let limits: Vec<Option<(MeterId, Quantity)>> = reader
        .fields(node, path)?
        .iter()
        .map(|field| {
            let path = path.key(&field.key);
            let meter = known_meter(reader, (&field.key, &field.node), &path, meters);
            let limit = reader.not_negative(&field.node, &path);
            Some((meter?, Quantity::new(limit?)))
        })
        .collect();
    let mut limits = limits.into_iter().collect::<Option<Vec<_>>>()?;
    // The order of a table means nothing; one order makes one digest.
    limits.sort();
    Some(limits)
}

pub(in crate::catalog) fn write_capacity(capacity: &Capacity) -> Value {
    let list: Value = capacity.tiers.iter().map(write_tier).collect();
    if capacity.zero_usage == ZeroUsage::Nothing {
        return list;
    }
    Value::Object(object([("tiers", list), ("zero_usage", text(word(&ZERO_USAGES, capacity.zero_usage)))]))
}

fn write_tier(tier: &CapacityTier) -> Value {
    let mut fields = object([("price", text(tier.price))]);
    let limits = || tier.limits.iter().map(|(meter, limit)| (meter.to_string(), text(limit))).collect();
    insert(&mut fields, "limits", (!tier.limits.is_empty()).then(|| Value::Object(limits())));
    Value::Object(fields)
}
