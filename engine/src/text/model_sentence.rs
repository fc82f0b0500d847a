//! The sentences of the steps that only one charge model writes.

use super::format::{format_decimal, format_exact, format_money, format_unit_price};
use super::rounding::mode_words;
use super::sentence::Words;
use crate::catalog::{MoneyUnit, UnitPrice};
use crate::exact::Exact;
use crate::money::Money;
use crate::quantity::Quantity;
use crate::rating::{ChargeAmount, Limit, Step};
use crate::rounding::RoundingMode;

impl Words<'_> {
    /// Says what a step of a single model did; the steps of all models are said elsewhere.
    #[expect(clippy::too_many_lines, reason = "a table: one sentence for each step")]
    pub(super) fn model(&self, step: &Step) -> String {
        match step {
            Step::Capacity { limits, amount } => self.capacity(limits, *amount),
            Step::SumOfCharges { of, sum } => self.sum_of_charges(of, *sum),
            Step::EventAllowance { free_events, free_amount, events_free, amount_free, events, billable } => {
                let allowed = self.allowed(*free_events, *free_amount);
                self.event_allowance(&allowed, (*events_free, *amount_free), (*events, *billable))
            }
            Step::EventFee { events, fee, amount } => {
                let (events, fee) = (format_decimal((*events).into()), self.money(*fee));
                let amount = self.amount(*amount);
                self.lang.pick(format!("{events} 笔 × {fee} = {amount}"), format!("{events} events × {fee} = {amount}"))
            }
            Step::EventLimits { minimum, maximum, raised, raised_by, lowered, lowered_by, .. } => {
                let low = minimum.as_deref().map(|minimum| self.raised(*minimum, *raised, *raised_by));
                let high = maximum.as_deref().map(|maximum| self.lowered(*maximum, *lowered, *lowered_by));
                let parts: Vec<String> = low.into_iter().chain(high).collect();
                parts.join(self.lang.pick("；", "; "))
            }
            Step::Carried { quantity, carried_in, multiplier, amount } => {
                self.carried(*quantity, *carried_in, *multiplier, *amount)
            }
            Step::Overage { over, round_units, units, rate, round_rate, amount } => {
                let rounded = [self.rounded_to(*round_units, *over), self.rounded_rate(*round_rate)].concat();
                let (units, rate) = (self.units(*units), self.amount(*rate));
                let amount = self.amount(*amount);
                self.lang.pick(
                    format!("超出部分：{units} × {rate} = {amount}{rounded}"),
                    format!("Above the commitment: {units} × {rate} = {amount}{rounded}"),
                )
            }
            Step::ProratedTier { from, up_to, share, price, amount } => {
                self.prorated(&self.tier(*from, *up_to), *share, price, *amount)
            }
            Step::NothingBelowZero { before, .. } => {
                let before = self.amount(*before);
                self.lang.pick(
                    format!("移出多于在用：{before} 记为零，也不收固定费"),
                    format!("More left than was there: {before} counts as nothing, without fixed fees"),
                )
            }
            Step::Counted { .. }
            | Step::RoundedQuantity { .. }
            | Step::Selected { .. }
            | Step::Converted { .. }
            | Step::Allowance { .. }
            | Step::Flat { .. }
            | Step::PerUnit { .. }
            | Step::GraduatedTier { .. }
            | Step::VolumeTier { .. }
            | Step::StairStep { .. }
            | Step::Cap { .. }
            | Step::Part { .. }
            | Step::Packages { .. }
            | Step::Percent { .. }
            | Step::MatrixRow { .. }
            | Step::RuleGroup { .. }
            | Step::QuantityReached { .. }
            | Step::PercentOff { .. }
            | Step::ShareOf { .. }
            | Step::Entitled { .. }
            | Step::OwnPrice
            | Step::Prorated { .. }
            | Step::TrueUp { .. }
            | Step::AboveCommitment { .. }
            | Step::Earlier { .. }
            | Step::InvoiceDiscount { .. }
            | Step::Tax { .. }
            | Step::TaxIncluded { .. }
            | Step::RoundedTogether { .. }
            | Step::Drawn { .. }
            | Step::Round { .. } => String::new(),
        }
    }

    fn money(&self, money: Money) -> String {
        format_money(money.with_places(self.currency.minor_digits()), self.currency, self.lang)
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn capacity(&self, limits: &[Limit], amount: Exact) -> String {
        let one = |item: &Limit| {
            let quantity = format_decimal(item.quantity.decimal());
            let limit = item.limit.map(|limit| format!(" ≤ {}", format_decimal(limit.decimal())));
            format!("{} {quantity}{}", item.meter, limit.unwrap_or_default())
        };
        let meters: Vec<String> = limits.iter().map(one).collect();
        let (meters, amount) = (meters.join(self.lang.pick("，", ", ")), self.amount(amount));
        self.lang.pick(
            format!("容量（{meters}）：该级固定价 {amount}"),
            format!("Capacity ({meters}): the fixed price of this tier, {amount}"),
        )
    }

    fn sum_of_charges(&self, of: &[ChargeAmount], sum: Money) -> String {
        let one = |part: &ChargeAmount| format!("{} {}", part.charge, self.money(part.amount));
        let parts: Vec<String> = of.iter().map(one).collect();
        let sum = self.money(sum);
        self.lang.pick(
            format!("以下收费合计 {sum}：{}", parts.join("、")),
            format!("These charges come to {sum}: {}", parts.join(", ")),
        )
    }

    /// What the book makes free, and which of two ends first.
    fn allowed(&self, free_events: Option<u64>, free_amount: Option<Quantity>) -> String {
        let events = free_events.map(|events| {
            let events = format_decimal(events.into());
            self.lang.pick(format!("{events} 笔"), format!("{events} events"))
        });
        let amount = free_amount.map(|amount| self.money(Money::new(amount.decimal())));
        match (events, amount) {
            (Some(events), Some(amount)) => self.lang.pick(
                format!("免费额度 {events}或 {amount}，先到为止"),
                format!("{events} or {amount} free, whichever ends first"),
            ),
            (events, amount) => {
                let one = events.or(amount).unwrap_or_default();
                self.lang.pick(format!("免费额度 {one}"), format!("{one} free"))
            }
        }
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn event_allowance(
        &self,
        allowed: &str,
        (events_free, amount_free): (u64, Quantity),
        (events, billable): (u64, Quantity),
    ) -> String {
        let number = |count: u64| format_decimal(count.into());
        let money = |quantity: Quantity| self.money(Money::new(quantity.decimal()));
        let (amount_free, billable) = (money(amount_free), money(billable));
        // An assumed total has no events.
        if events_free == 0 && events == 0 {
            return self.lang.pick(
                format!("{allowed}：免 {amount_free}；计费 {billable}"),
                format!("{allowed}: {amount_free} is free; to be charged: {billable}"),
            );
        }
        let (events_free, events) = (number(events_free), number(events));
        self.lang.pick(
            format!("{allowed}：免 {events_free} 笔、{amount_free}；计费 {events} 笔、{billable}"),
            format!(
                "{allowed}: {events_free} events and {amount_free} are free; to be charged: {events} events and {billable}"
            ),
        )
    }

    fn raised(&self, minimum: Money, events: u64, by: Exact) -> String {
        let (minimum, events, by) = (self.money(minimum), format_decimal(events.into()), self.amount(by));
        self.lang.pick(
            format!("每笔至少 {minimum}：{events} 笔共补 {by}"),
            format!("At least {minimum} each: {events} events raised by {by}"),
        )
    }

    fn lowered(&self, maximum: Money, events: u64, by: Exact) -> String {
        let (maximum, events, by) = (self.money(maximum), format_decimal(events.into()), self.amount(by));
        self.lang.pick(
            format!("每笔至多 {maximum}：{events} 笔共减 {by}"),
            format!("At most {maximum} each: {events} events lowered by {by}"),
        )
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn carried(&self, quantity: Quantity, carried_in: MoneyUnit, multiplier: Quantity, amount: Exact) -> String {
        let sum = match carried_in {
            MoneyUnit::Major => self.money(Money::new(quantity.decimal())),
            MoneyUnit::Minor => {
                let number = format_decimal(quantity.decimal());
                self.lang.pick(format!("{number}（最小货币单位）"), format!("{number} minor units"))
            }
        };
        let factor = format_decimal(multiplier.decimal());
        let factor = if factor == "1" { String::new() } else { format!(" × {factor}") };
        let amount = self.amount(amount);
        let product = [sum.as_str(), &factor].concat();
        let result = if product == amount { amount } else { format!("{product} = {amount}") };
        self.lang.pick(format!("事件自带价格合计 {result}"), format!("The events' own prices come to {result}"))
    }

    fn rounded_to(&self, mode: Option<RoundingMode>, over: Quantity) -> String {
        let Some(mode) = mode else { return String::new() };
        let (mode, over) = (mode_words(mode, self.lang), format_decimal(over.decimal()));
        self.lang.pick(format!("（{over} 取整，{mode}）"), format!(" ({over} to whole units, {mode})"))
    }

    fn rounded_rate(&self, mode: Option<RoundingMode>) -> String {
        let Some(mode) = mode else { return String::new() };
        let mode = mode_words(mode, self.lang);
        self.lang.pick(format!("（单价先舍入，{mode}）"), format!(" (rate rounded first, {mode})"))
    }

    fn prorated(&self, tier: &str, share: Exact, price: &UnitPrice, amount: Exact) -> String {
        let (share, amount) = (format_exact(share), self.amount(amount));
        let price = format_unit_price(price, self.currency, self.unit, self.lang);
        self.lang.pick(
            format!("{tier}：按在用时间折合 {share} × {price} = {amount}"),
            format!("{tier}: {share} for the time they were there × {price} = {amount}"),
        )
    }
}

#[cfg(test)]
mod tests {
    use crate::catalog::MoneyUnit;
    use crate::money::{Currency, Money};
    use crate::quantity::{Quantity, parse_decimal};
    use crate::rating::Step;
    use crate::text::{Lang, sentence};

    fn said(step: &Step) -> (String, String) {
        let cny = Currency::from_code("CNY").unwrap();
        (sentence(step, None, cny, Lang::Zh), sentence(step, None, cny, Lang::En))
    }

    #[test]
    fn an_allowance_of_events_and_money_says_what_ended_and_what_is_left() {
        let step = Step::EventAllowance {
            free_events: Some(3),
            free_amount: Some(Quantity::from(250)),
            events_free: 2,
            amount_free: Quantity::from(250),
            events: 2,
            billable: Quantity::from(550),
        };
        let (zh, en) = said(&step);
        assert_eq!(zh, "免费额度 3 笔或 ¥250.00，先到为止：免 2 笔、¥250.00；计费 2 笔、¥550.00");
        assert_eq!(
            en,
            "3 events or CN¥250.00 free, whichever ends first: 2 events and CN¥250.00 are free; \
             to be charged: 2 events and CN¥550.00"
        );
    }

    #[test]
    fn an_assumed_total_has_no_events_to_speak_of() {
        let step = Step::EventAllowance {
            free_events: None,
            free_amount: Some(Quantity::from(250)),
            events_free: 0,
            amount_free: Quantity::from(250),
            events: 0,
            billable: Quantity::from(50),
        };
        let (zh, en) = said(&step);
        assert_eq!(zh, "免费额度 ¥250.00：免 ¥250.00；计费 ¥50.00");
        assert_eq!(en, "CN¥250.00 free: CN¥250.00 is free; to be charged: CN¥50.00");
    }

    #[test]
    fn an_amount_that_nothing_changed_is_said_once() {
        let (quantity, multiplier) = (Quantity::from(10), Quantity::from(1));
        let amount = "10".parse().unwrap();
        let step = Step::Carried { quantity, carried_in: MoneyUnit::Major, multiplier, amount };
        assert_eq!(said(&step).1, "The events' own prices come to CN¥10.00");
    }

    #[test]
    fn limits_name_only_those_there_are() {
        let step = Step::EventLimits {
            minimum: Some(Box::new(Money::new(parse_decimal("1.75").unwrap()))),
            maximum: None,
            raised: 1,
            raised_by: "0.25".parse().unwrap(),
            lowered: 0,
            lowered_by: "0".parse().unwrap(),
            amount: "0.25".parse().unwrap(),
        };
        assert_eq!(said(&step).0, "每笔至少 ¥1.75：1 笔共补 ¥0.25");
        assert_eq!(said(&step).1, "At least CN¥1.75 each: 1 events raised by CN¥0.25");
    }

    #[test]
    fn prices_that_events_carry_name_their_unit_and_factor() {
        let step = |multiplier: &str, amount: &str| Step::Carried {
            quantity: Quantity::from(912),
            carried_in: MoneyUnit::Minor,
            multiplier: Quantity::parse(multiplier).unwrap(),
            amount: amount.parse().unwrap(),
        };
        assert_eq!(said(&step("1", "9.12")).1, "The events' own prices come to 912 minor units = CN¥9.12");
        assert_eq!(said(&step("1.5", "13.68")).0, "事件自带价格合计 912（最小货币单位） × 1.5 = ¥13.68");
    }
}
