//! The steps that lead to an amount, as data. Their text is made in `text/sentence.rs`.
//!
//! A line has many of them, so what makes a rare one large stands behind a pointer; a test holds their size.
//!
//! Law: replaying the steps gives the amount, and the priced steps of a line add up to what is rounded.

mod amounts;
mod part;
mod recorder;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use part::{ChargeAmount, Limit, PackDrawn, Part, RuleAmount};
pub use recorder::{Recorder, Steps, TotalOnly};

use super::share::Share;
use crate::catalog::{
    Condition, Conversion, MoneyUnit, Off, OverageFactor, PackageRounding, Percent, Treatment, UnitPrice,
};
use crate::exact::Exact;
use crate::ids::{AllowanceId, ChargeId};
use crate::invoice::proration::Share as Prorated;
use crate::money::Money;
use crate::quantity::Quantity;
use crate::rounding::RoundingMode;
use crate::usage::aggregate::Aggregate;
use crate::usage::{Filter, Group};

/// One step of a calculation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// Events became a quantity.
    Counted {
        /// How.
        aggregate: Arc<Aggregate>,
        /// Which events, if not all.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        only: Vec<Filter>,
        /// How the number of each event was converted before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        convert_each: Option<Conversion>,
        /// From how many events; `None` where the quantity was assumed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        events: Option<u64>,
        /// The quantity.
        quantity: Quantity,
        /// The quantity before proration, where the meter prorates.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        full: Option<Quantity>,
        /// Its parts, if the meter groups.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        groups: Vec<Group>,
        /// Whether it is another quantity than the one that the line shows, and so not in the line's unit.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        apart: bool,
    },
    /// What was counted was rounded, by the meter's rule or because its digits have no end.
    RoundedQuantity {
        /// By which rule.
        mode: RoundingMode,
        /// To how many decimal places; below zero to tens, hundreds and so on.
        places: i32,
        /// Before.
        exact: Exact,
        /// After.
        quantity: Quantity,
    },
    /// Only some of the meter's groups are priced.
    Selected {
        /// What their attributes must be.
        only: Vec<Condition>,
        /// What these groups add up to.
        quantity: Quantity,
    },
    /// The quantity became the units that are priced.
    Converted {
        /// How.
        conversion: Conversion,
        /// Before.
        quantity: Quantity,
        /// After.
        units: Quantity,
    },
    /// Included units were taken off.
    Allowance {
        /// Units included in the period.
        included: Quantity,
        /// Units of those that were used.
        used: Quantity,
        /// Units left to be priced.
        billable: Quantity,
    },
    /// Where included units come from that are more than those of a single charge and period.
    Entitled {
        /// Units of this period.
        fresh: Quantity,
        /// Units that earlier periods left.
        rolled: Quantity,
        /// Whether this period has only a share of its units.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        prorated: bool,
        /// The pool that they come from, if they are shared.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pool: Option<AllowanceId>,
        /// What was drawn from packs, in that order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        packs: Vec<PackDrawn>,
    },
    /// The price is the customer's own, not that of the book.
    OwnPrice,
    /// A fixed amount is due.
    Flat {
        /// The amount.
        amount: Exact,
    },
    /// Every unit at one price.
    PerUnit {
        /// Units.
        quantity: Quantity,
        /// Their price.
        price: UnitPrice,
        /// quantity × price ÷ per.
        amount: Exact,
    },
    /// The units that fell into one tier, at its price.
    GraduatedTier {
        /// The tier begins after this quantity.
        from: Quantity,
        /// The last quantity of the tier; `None` in the open one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        up_to: Option<Quantity>,
        /// Units in the tier.
        quantity: Quantity,
        /// Their price.
        price: UnitPrice,
        /// quantity × price ÷ per.
        amount: Exact,
    },
    /// The tier that the whole quantity reached; all units at its price.
    VolumeTier {
        /// The tier begins after this quantity.
        from: Quantity,
        /// The last quantity of the tier; `None` in the open one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        up_to: Option<Quantity>,
        /// All units.
        quantity: Quantity,
        /// Their price.
        price: UnitPrice,
        /// quantity × price ÷ per.
        amount: Exact,
    },
    /// The tier that the quantity reached, at its fixed price.
    StairStep {
        /// The tier begins after this quantity.
        from: Quantity,
        /// The last quantity of the tier; `None` in the open one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        up_to: Option<Quantity>,
        /// The quantity that reached it.
        quantity: Quantity,
        /// Its price.
        amount: Exact,
    },
    /// What lies above a cap is not charged.
    Cap {
        /// At most this is due.
        cap: Money,
        /// What would be due without it.
        before: Exact,
        /// What is taken off: cap − before, below zero.
        amount: Exact,
    },
    /// Something that is priced by itself; its steps lead to its amount.
    Part {
        /// What it is.
        part: Part,
        /// How its amount came about, first step first.
        steps: Vec<Step>,
        /// What it adds to the line.
        amount: Exact,
    },
    /// Whole packages.
    Packages {
        /// Units.
        quantity: Quantity,
        /// Units in a package.
        size: Quantity,
        /// How many packages those are.
        packages: Quantity,
        /// What became of the one that is not full.
        rounding: PackageRounding,
        /// The price of a package.
        price: Money,
        /// packages × price.
        amount: Exact,
    },
    /// The tier that several meters chose together, at its fixed price.
    Capacity {
        /// What each meter counted, and how much the tier admits.
        limits: Vec<Limit>,
        /// Its price.
        amount: Exact,
    },
    /// What other charges of the bill come to.
    SumOfCharges {
        /// The charges.
        of: Vec<ChargeAmount>,
        /// Their sum.
        sum: Money,
    },
    /// Free events and free money were taken off, event by event.
    EventAllowance {
        /// How many events are free at most, if that is limited.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        free_events: Option<u64>,
        /// How much money is free at most, if that is limited.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        free_amount: Option<Quantity>,
        /// Events that pay no fee.
        events_free: u64,
        /// Money of which no share is due.
        amount_free: Quantity,
        /// Events left to be charged.
        events: u64,
        /// Money left to be charged.
        billable: Quantity,
    },
    /// A fee for each event.
    EventFee {
        /// How many.
        events: u64,
        /// The fee of one.
        fee: Money,
        /// events × fee.
        amount: Exact,
    },
    /// Events cost at least or at most so much.
    EventLimits {
        /// At least this, if there is a minimum.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        minimum: Option<Box<Money>>,
        /// At most this, if there is a maximum.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        maximum: Option<Box<Money>>,
        /// Events that would have cost less than the minimum.
        raised: u64,
        /// By how much in all they were raised.
        raised_by: Exact,
        /// Events that would have cost more than the maximum.
        lowered: u64,
        /// By how much in all they were lowered.
        lowered_by: Exact,
        /// raised by − lowered by.
        amount: Exact,
    },
    /// The price that the events carried.
    Carried {
        /// What they add up to.
        quantity: Quantity,
        /// In which unit of the currency.
        carried_in: MoneyUnit,
        /// Times this.
        multiplier: Quantity,
        /// quantity × multiplier, in the currency's own unit.
        amount: Exact,
    },
    /// Units above a committed capacity.
    Overage {
        /// Units above it.
        over: Quantity,
        /// How these were rounded to whole ones, if they were.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        round_units: Option<RoundingMode>,
        /// Units that are charged.
        units: Quantity,
        /// What one costs.
        rate: Exact,
        /// How that was rounded to the currency, if it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        round_rate: Option<RoundingMode>,
        /// units × rate.
        amount: Exact,
    },
    /// The shares of the period of those units that fell into one tier, at its price.
    ProratedTier {
        /// The tier begins after this number of full units.
        from: Quantity,
        /// The last number of the tier; `None` in the open one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        up_to: Option<Quantity>,
        /// What the shares add up to; below zero where more left than came.
        share: Exact,
        /// The price of a full unit.
        price: UnitPrice,
        /// share × price ÷ per.
        amount: Exact,
    },
    /// More was taken away than was there: nothing is due, and nothing is given back.
    NothingBelowZero {
        /// What would be due.
        before: Exact,
        /// What makes it zero: − before.
        amount: Exact,
    },
    /// A share of an amount.
    /// The row of a matrix that matched a cell.
    MatrixRow {
        /// The attributes that decide the price.
        by: Vec<String>,
        /// What the row says they must be, `"*"` for anything; `None` where the default price holds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        row: Option<Vec<String>>,
    },
    /// What the rules of a group come to.
    RuleGroup {
        /// Their name; those without one are a group too.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group: Option<String>,
        /// Units.
        quantity: Quantity,
        /// The price of a unit before the factors.
        price: Exact,
        /// All factors that hold, multiplied.
        factor: Exact,
        /// price × factor × quantity.
        amount: Exact,
    },
    /// The quantity reached a level that changes the amount of its group of rules.
    QuantityReached {
        /// The level.
        level: Quantity,
        /// What happens there.
        rule: RuleAmount,
        /// The group's amount without it.
        before: Exact,
        /// What it adds to that; below zero for a factor below 1.
        amount: Exact,
    },
    /// A share of an amount, for tax.
    Percent {
        /// Of what.
        base: Money,
        /// How many hundredths.
        percent: Percent,
        /// base × percent ÷ 100.
        amount: Exact,
    },
    /// A percentage was taken off.
    PercentOff {
        /// Of what.
        base: Exact,
        /// How many hundredths.
        percent: Percent,
        /// base × percent ÷ 100, below zero.
        amount: Exact,
    },
    /// A part of a period owes a share of what a whole one does.
    ShareOf {
        /// What a whole period owes.
        whole: Money,
        /// The share of the period.
        share: Share,
        /// whole × share.
        part: Exact,
    },
    /// A part of a period costs its share of what a whole one does.
    Prorated {
        /// How the price of a whole period came about, where it is more than a fixed amount.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        steps: Vec<Step>,
        /// What a whole period costs; below zero where what was paid in advance is given back.
        whole: Exact,
        /// The share, and what was counted for it.
        share: Box<Prorated>,
        /// whole × share.
        amount: Exact,
    },
    /// What is missing to what is due at least.
    TrueUp {
        /// At least this is due.
        minimum: Exact,
        /// This is there already.
        before: Exact,
        /// minimum − before.
        amount: Exact,
    },
    /// What lies above a commitment costs more.
    AboveCommitment {
        /// The commitment.
        committed: Exact,
        /// What lies above it, at list prices.
        above: Exact,
        /// Costs so many times its list price.
        factor: OverageFactor,
        /// above × (factor − 1): what is added to the list prices.
        amount: Exact,
    },
    /// What was billed for earlier parts of the period is taken off.
    Earlier {
        /// What was billed, turned round: below zero for a charge.
        amount: Exact,
    },
    /// A discount was taken from some lines.
    InvoiceDiscount {
        /// What the lines held.
        base: Exact,
        /// The share, or the sum.
        off: Off,
        /// What is taken, at most the base.
        amount: Exact,
    },
    /// A tax on one line or on several, where a plain percentage does not say it all.
    Tax {
        /// The line, if it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        charge: Option<ChargeId>,
        /// The net amount.
        base: Exact,
        /// Other taxes that belong to what this one is taken from.
        taxes: Exact,
        /// How many hundredths.
        percent: Percent,
        /// Whether it is due.
        treatment: Treatment,
        /// (base + taxes) × percent ÷ 100, or nothing where it is not due.
        amount: Exact,
    },
    /// A tax that a price contains.
    TaxIncluded {
        /// The line, if it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        charge: Option<ChargeId>,
        /// The price with its taxes.
        price: Exact,
        /// This tax for each unit of net amount.
        share: Exact,
        /// All taxes in the price for each unit of net amount.
        all: Box<Exact>,
        /// price × share ÷ (1 + all).
        amount: Exact,
    },
    /// All taxes were rounded together, and this one got its part of the sum, in whole minor units.
    RoundedTogether {
        /// The amount before.
        exact: Exact,
        /// What was taken away; negative where something was added.
        cut: Exact,
        /// The amount after.
        amount: Money,
    },
    /// A credit was drawn.
    Drawn {
        /// What was in it.
        balance: Money,
        /// What was to be paid.
        payable: Money,
        /// What it pays.
        amount: Exact,
        /// What stays in it.
        left: Money,
    },
    /// The exact amount was rounded to the currency's minor unit.
    Round {
        /// By which rule.
        mode: RoundingMode,
        /// To how many decimal places.
        digits: u32,
        /// The amount before.
        exact: Exact,
        /// What was taken away; negative where rounding added.
        cut: Exact,
        /// The amount after.
        amount: Money,
    },
}

#[cfg(test)]
mod tests {
    use super::Step;

    /// Seven steps, as a line of four tiers has, then take less than the kilobyte that allocators keep at hand.
    #[test]
    fn steps_stay_small() {
        assert!(size_of::<Step>() <= 144, "{}", size_of::<Step>());
    }
}
