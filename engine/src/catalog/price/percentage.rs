//! A percentage of money, with fees, allowances and limits for each event.

use rust_decimal::Decimal;
use serde_json::Value;

use crate::catalog::draft::Node;
use crate::catalog::problem::ProblemKind;
use crate::catalog::reader::{Path, Reader};
use crate::catalog::terms::Percent;
use crate::catalog::write::{insert, object, text};
use crate::money::Money;
use crate::quantity::Quantity;

/// A percentage of a quantity of money, event by event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percentage {
    /// The share of the money that is not free, 0 to 100.
    pub percent: Percent,
    /// Due for every event that is not free; zero where there is none.
    pub per_event: Money,
    /// How many events the allowance covers; `None` where it is not limited by events.
    pub free_events: Option<u64>,
    /// How much money the allowance covers; `None` where it is not limited by money.
    pub free_amount: Option<Quantity>,
    /// An event that is not free costs at least this.
    pub minimum: Option<Money>,
    /// An event costs at most this.
    pub maximum: Option<Money>,
}

impl Percentage {
    /// Whether the total and the number of events do not suffice: who is free, and what is bounded, is told by each event.
    pub fn needs_events(&self) -> bool {
        let fee = self.per_event.exact().signum() != 0;
        self.minimum.is_some()
            || self.maximum.is_some()
            || self.free_events.is_some()
            || (fee && self.free_amount.is_some())
    }

    /// Whether the number of events matters.
    pub fn counts_events(&self) -> bool {
        self.needs_events() || self.per_event.exact().signum() != 0
    }
}

/// Hundredths from 0 to 100: more than the whole of somebody's money is a slip, not a price.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(in crate::catalog) fn read_percent(reader: &mut Reader, node: &Node, path: &Path) -> Option<Decimal> {
    let percent = reader.not_negative(node, path)?;
    if percent > Decimal::ONE_HUNDRED {
        return reader.report(node, path, ProblemKind::PercentTooHigh { percent: percent.to_string() });
    }
    Some(percent)
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn read_percentage(reader: &mut Reader, node: &Node, path: &Path) -> Option<Percentage> {
    let allowed = ["percent", "per_event", "free_events", "free_amount", "minimum", "maximum"];
    let table = reader.table(node, path, &allowed)?;
    let percent = reader.required(&table, "percent", path, read_percent);
    let per_event = reader.optional(&table, "per_event", path, Reader::not_negative);
    let free_events = reader.optional(&table, "free_events", path, Reader::whole);
    let free_amount = reader.optional(&table, "free_amount", path, Reader::positive);
    let minimum = reader.optional(&table, "minimum", path, Reader::not_negative);
    let maximum = reader.optional(&table, "maximum", path, Reader::not_negative);
    let percentage = Percentage {
        percent: Percent::new(percent?),
        per_event: per_event?.map_or(Money::ZERO, Money::new),
        free_events: free_events?,
        free_amount: free_amount?.map(Quantity::new),
        minimum: minimum?.map(Money::new),
        maximum: maximum?.map(Money::new),
    };
    if let (Some(minimum), Some(maximum)) = (percentage.minimum, percentage.maximum)
        && minimum.decimal() > maximum.decimal()
    {
        let kind = ProblemKind::MinimumAboveMaximum { minimum: minimum.to_string(), maximum: maximum.to_string() };
        return reader.report_at(&table, "minimum", path, kind);
    }
    Some(percentage)
}

pub(super) fn write_percentage(percentage: &Percentage) -> Value {
    let mut fields = object([("percent", text(percentage.percent))]);
    let fee = (percentage.per_event.exact().signum() != 0).then(|| text(percentage.per_event));
    insert(&mut fields, "per_event", fee);
    insert(&mut fields, "free_events", percentage.free_events.map(text));
    insert(&mut fields, "free_amount", percentage.free_amount.map(text));
    insert(&mut fields, "minimum", percentage.minimum.map(text));
    insert(&mut fields, "maximum", percentage.maximum.map(text));
    Value::Object(fields)
}
