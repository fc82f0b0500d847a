//! Tiers for units that come and go within a period and are paid for the time they were there.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::tiers::{Kind, Tiers, read_tiers, tiers_of, write_tiers};
use crate::catalog::draft::{Node, Value as Typed};
use crate::catalog::reader::{Path, Reader};
use crate::catalog::write::{insert, object, text, word};

/// Full units decide the tier, their shares of the period are what is priced there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProratedGraduated {
    /// The tiers, in full units.
    pub tiers: Tiers,
    /// What happens if more was taken away than was there.
    pub negative_total: NegativeTotal,
}

/// What is due where the shares cost less than nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NegativeTotal {
    /// Nothing, and no fixed fees either.
    Zero,
    /// As computed, fixed fees and all: the customer gets money back.
    Credit,
}

pub(in crate::catalog) const TOTALS: [(&str, NegativeTotal); 2] =
    [("zero", NegativeTotal::Zero), ("credit", NegativeTotal::Credit)];

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn read_prorated(reader: &mut Reader, node: &Node, path: &Path) -> Option<ProratedGraduated> {
    if !matches!(node.value, Typed::Table(_)) {
        let tiers = read_tiers(reader, node, path, Kind::ProratedGraduated)?;
        return Some(ProratedGraduated { tiers, negative_total: NegativeTotal::Zero });
    }
    let table = reader.table(node, path, Kind::ProratedGraduated.rule_keys())?;
    let tiers = tiers_of(reader, &table, path, Kind::ProratedGraduated);
    let negative_total =
        reader.optional(&table, "negative_total", path, |reader, node, path| reader.option(node, path, &TOTALS));
    Some(ProratedGraduated { tiers: tiers?, negative_total: negative_total?.unwrap_or(NegativeTotal::Zero) })
}

pub(super) fn write_prorated(prorated: &ProratedGraduated) -> Value {
    let tiers = write_tiers(&prorated.tiers, Kind::ProratedGraduated);
    if prorated.negative_total == NegativeTotal::Zero {
        return tiers;
    }
    let mut fields: Map<String, Value> = match tiers {
        Value::Object(fields) => fields,
        list => object([("tiers", list)]),
    };
    insert(&mut fields, "negative_total", Some(text(word(&TOTALS, prorated.negative_total))));
    Value::Object(fields)
}
