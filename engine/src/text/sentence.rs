//! Steps of a calculation as sentences that a customer understands.

use super::format::{format_amount, format_decimal, format_exact, format_money, format_unit_price};
use super::rounding::size;
use super::terms::TermWords;
use super::{Lang, Names};
use crate::catalog::{OverageFactor, PackageRounding, Percent, UnitPrice};
use crate::exact::Exact;
use crate::money::{Currency, Money};
use crate::quantity::Quantity;
use crate::rating::{RuleAmount, Share, Step};

/// Says what a step did. `unit` is what one unit of the line's meter is called.
#[expect(clippy::too_many_lines, reason = "a table: one sentence for each step")]
pub fn sentence(step: &Step, unit: Option<&Names>, currency: Currency, lang: Lang) -> String {
    let words = Words { unit, currency, lang };
    match step {
        Step::Counted { events, quantity, groups, .. } => words.counted(step, *events, *quantity, groups),
        Step::RoundedQuantity { mode, places, exact, quantity } => {
            words.rounded_quantity((*mode, *places), *exact, *quantity)
        }
        Step::Allowance { included, used, billable } => words.allowance(*included, *used, *billable),
        Step::OwnPrice => lang.pick("客户专属价格", "At the customer's own price").to_owned(),
        Step::Entitled { fresh, rolled, prorated, pool, packs } => {
            words.entitled((*fresh, *prorated), *rolled, pool.as_ref(), packs)
        }
        Step::Flat { amount } => words.flat(*amount),
        Step::PerUnit { quantity, price, amount } => words.priced(*quantity, price, *amount),
        Step::GraduatedTier { from, up_to, quantity, price, amount } => {
            let priced = words.priced(*quantity, price, *amount);
            let tier = words.tier(*from, *up_to);
            lang.pick(format!("{tier}：{priced}"), format!("{tier}: {priced}"))
        }
        Step::VolumeTier { from, up_to, quantity, price, amount } => {
            let priced = words.priced(*quantity, price, *amount);
            let tier = words.tier(*from, *up_to);
            lang.pick(
                format!("全部用量按“{tier}”一级的价格计：{priced}"),
                format!("All units at the price of the tier \"{tier}\": {priced}"),
            )
        }
        Step::StairStep { from, up_to, quantity, amount } => {
            let (quantity, tier, amount) = (words.units(*quantity), words.tier(*from, *up_to), words.amount(*amount));
            lang.pick(
                format!("用量 {quantity} 属于“{tier}”一级，该级固定价 {amount}"),
                format!("{quantity} reach the tier \"{tier}\", at its fixed price {amount}"),
            )
        }
        Step::Packages { quantity, size, packages, rounding, price, amount } => {
            let price = format_money(price.with_places(currency.minor_digits()), currency, lang);
            let bought = format!("{} × {price} = {}", format_decimal(packages.decimal()), words.amount(*amount));
            words.packed(*quantity, *size, *rounding, &bought)
        }
        Step::Selected { only, quantity } => words.selected(only, *quantity),
        Step::Converted { conversion, quantity, units } => words.converted(conversion, *quantity, *units),
        Step::Cap { cap, before, amount } => {
            let cap = format_money(cap.with_places(currency.minor_digits()), currency, lang);
            let (before, amount) = (words.amount(*before), words.amount(size(*amount)));
            lang.pick(
                format!("最高 {cap}：{before} 减去 {amount}"),
                format!("At most {cap}: {before} is cut by {amount}"),
            )
        }
        Step::Part { part, amount, .. } => {
            let (part, amount) = (words.part(part), words.amount(*amount));
            lang.pick(format!("{part}：{amount}"), format!("{part}: {amount}"))
        }
        Step::PercentOff { base, percent, amount } => words.percent_off(*base, *percent, *amount),
        Step::ShareOf { whole, share, part } => words.share_of(*whole, *share, *part),
        Step::Prorated { whole, share, amount, .. } => words.part_of_period(*whole, share, *amount),
        Step::TrueUp { minimum, before, amount } => words.true_up(*minimum, *before, *amount),
        Step::AboveCommitment { committed, above, factor, amount } => {
            words.overage((*committed, *above), *factor, *amount)
        }
        Step::Earlier { amount } => {
            let amount = words.amount(*amount);
            lang.pick(format!("减去本期此前已计费部分：{amount}"), format!("Less what was billed earlier: {amount}"))
        }
        Step::Capacity { .. }
        | Step::SumOfCharges { .. }
        | Step::EventAllowance { .. }
        | Step::EventFee { .. }
        | Step::EventLimits { .. }
        | Step::Carried { .. }
        | Step::Overage { .. }
        | Step::ProratedTier { .. }
        | Step::NothingBelowZero { .. } => words.model(step),
        Step::MatrixRow { by, row } => words.matrix_row(by, row.as_deref()),
        Step::RuleGroup { group, quantity, price, factor, amount } => {
            let quantity = format_decimal(quantity.decimal());
            let (price, amount) = (words.amount(*price), words.amount(*amount));
            let priced = format!("{quantity} × {price} × {} = {amount}", format_exact(*factor));
            match group {
                Some(group) => lang.pick(format!("规则组“{group}”：{priced}"), format!("Rules \"{group}\": {priced}")),
                None => lang.pick(format!("规则：{priced}"), format!("Rules: {priced}")),
            }
        }
        Step::QuantityReached { level, rule, before, amount } => words.reached(*level, rule, (*before, *amount)),
        Step::Percent { base, percent, amount } => words.share(*base, *percent, *amount),
        Step::InvoiceDiscount { .. }
        | Step::Tax { .. }
        | Step::TaxIncluded { .. }
        | Step::RoundedTogether { .. }
        | Step::Drawn { .. } => TermWords { currency, lang }.say(step),
        Step::Round { mode, digits, exact, cut, amount } => {
            let amount = format_money(*amount, currency, lang);
            words.rounded(*mode, *digits, (*exact, *cut), &amount)
        }
    }
}

/// What sentences need beside the step.
pub(super) struct Words<'a> {
    pub(super) unit: Option<&'a Names>,
    pub(super) currency: Currency,
    pub(super) lang: Lang,
}

impl Words<'_> {
    pub(super) fn amount(&self, exact: Exact) -> String {
        format_amount(exact, self.currency, self.lang)
    }

    pub(super) fn units(&self, quantity: Quantity) -> String {
        let number = format_decimal(quantity.decimal());
        match self.unit {
            Some(unit) => format!("{number} {}", unit.get(self.lang)),
            None => number,
        }
    }

    fn allowance(&self, included: Quantity, used: Quantity, billable: Quantity) -> String {
        let (included, used) = (self.units(included), format_decimal(used.decimal()));
        let billable = self.units(billable);
        self.lang.pick(
            format!("包含 {included}，其中已用 {used}；计费用量 {billable}"),
            format!("{included} included, {used} of them used; to be charged: {billable}"),
        )
    }

    fn flat(&self, amount: Exact) -> String {
        let amount = self.amount(amount);
        self.lang.pick(format!("固定费用 {amount}"), format!("Fixed fee {amount}"))
    }

    fn share(&self, base: Money, percent: Percent, amount: Exact) -> String {
        let (base, percent) = (format_money(base, self.currency, self.lang), format_decimal(percent.decimal()));
        let amount = self.amount(amount);
        self.lang.pick(format!("{base} 的 {percent}% = {amount}"), format!("{percent}% of {base} = {amount}"))
    }

    fn percent_off(&self, base: Exact, percent: Percent, amount: Exact) -> String {
        let (base, amount) = (self.amount(base), self.amount(amount));
        let percent = format_decimal(percent.decimal());
        self.lang.pick(format!("优惠 {percent}%（基数 {base}）：{amount}"), format!("{percent}% off {base}: {amount}"))
    }

    fn share_of(&self, whole: Money, share: Share, part: Exact) -> String {
        let (whole, share, part) =
            (format_money(whole, self.currency, self.lang), format_exact(share.exact()), self.amount(part));
        self.lang.pick(
            format!("按本期所占比例 {share} 折算：{whole} → {part}"),
            format!("For {share} of the period: {whole} becomes {part}"),
        )
    }

    fn true_up(&self, minimum: Exact, before: Exact, amount: Exact) -> String {
        let (minimum, before, amount) = (self.amount(minimum), self.amount(before), self.amount(amount));
        self.lang.pick(
            format!("最低 {minimum}，已计 {before}，补足差额 {amount}"),
            format!("At least {minimum} is due; {before} is there, {amount} is added"),
        )
    }

    fn overage(&self, (committed, above): (Exact, Exact), factor: OverageFactor, amount: Exact) -> String {
        let (committed, above, amount) = (self.amount(committed), self.amount(above), self.amount(amount));
        let factor = format_decimal(factor.decimal());
        self.lang.pick(
            format!("超出承诺 {committed} 的部分 {above} 按 {factor} 倍计价，加收 {amount}"),
            format!("{above} above the commitment of {committed} costs {factor} times its price: {amount} is added"),
        )
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn packed(&self, quantity: Quantity, size: Quantity, rounding: PackageRounding, bought: &str) -> String {
        let (quantity, size) = (self.units(quantity), self.units(size));
        match rounding {
            PackageRounding::Up => self.lang.pick(
                format!("{quantity}，每包 {size}，不足一包按一包计：{bought}"),
                format!("{quantity} in packages of {size}, a begun one counts whole: {bought}"),
            ),
            PackageRounding::Down => self.lang.pick(
                format!("{quantity}，每包 {size}，不足一包不计：{bought}"),
                format!("{quantity} in packages of {size}, only full ones count: {bought}"),
            ),
        }
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn reached(&self, level: Quantity, rule: &RuleAmount, (before, amount): (Exact, Exact)) -> String {
        let (level, added, before) = (self.units(level), self.amount(amount), self.amount(before));
        match rule {
            RuleAmount::Fee(_) => {
                self.lang.pick(format!("达到 {level}，加收 {added}"), format!("{level} are reached: {added} are added"))
            }
            RuleAmount::Factor(factor) => {
                let factor = format_decimal(factor.decimal());
                self.lang.pick(
                    format!("达到 {level}，{before} × {factor}，变动 {added}"),
                    format!("{level} are reached: {before} × {factor}, a change of {added}"),
                )
            }
        }
    }

    fn priced(&self, quantity: Quantity, price: &UnitPrice, amount: Exact) -> String {
        let (quantity, amount) = (format_decimal(quantity.decimal()), self.amount(amount));
        let price = format_unit_price(price, self.currency, self.unit, self.lang);
        format!("{quantity} × {price} = {amount}")
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn tier(&self, from: Quantity, up_to: Option<Quantity>) -> String {
        let number = |quantity: Quantity| format_decimal(quantity.decimal());
        match (from.is_zero(), up_to) {
            (true, None) => self.lang.pick("全部".to_owned(), "all".to_owned()),
            (true, Some(up_to)) => {
                let up_to = number(up_to);
                self.lang.pick(format!("前 {up_to}"), format!("first {up_to}"))
            }
            (false, Some(up_to)) => {
                let (from, up_to) = (number(from), number(up_to));
                self.lang.pick(format!("{from} 以上至 {up_to}"), format!("above {from} up to {up_to}"))
            }
            (false, None) => {
                let from = number(from);
                self.lang.pick(format!("{from} 以上"), format!("above {from}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::sentence;
    use crate::catalog::{Percent, UnitPrice};
    use crate::money::{Currency, Money};
    use crate::quantity::{Quantity, parse_decimal};
    use crate::rating::Step;
    use crate::rounding::RoundingMode;
    use crate::text::{Lang, Names};
    use crate::usage::Group;
    use crate::usage::aggregate::Aggregate;

    fn quantity(text: &str) -> Quantity {
        Quantity::parse(text).unwrap()
    }

    fn said(step: &Step) -> (String, String) {
        let unit = Names { zh: "次".into(), en: "calls".into() };
        let cny = Currency::from_code("CNY").unwrap();
        (sentence(step, Some(&unit), cny, Lang::Zh), sentence(step, Some(&unit), cny, Lang::En))
    }

    #[test]
    fn a_tier_reads_like_a_receipt() {
        let price = UnitPrice { price: Money::new(parse_decimal("0.4").unwrap()), per: quantity("1000") };
        let step = Step::GraduatedTier {
            from: quantity("1000000"),
            up_to: Some(quantity("10000000")),
            quantity: quantity("2400000"),
            price,
            amount: "960".parse().unwrap(),
        };
        let (zh, en) = said(&step);
        assert_eq!(zh, "1,000,000 以上至 10,000,000：2,400,000 × 每 1,000 次 ¥0.40 = ¥960.00");
        assert_eq!(en, "above 1,000,000 up to 10,000,000: 2,400,000 × CN¥0.40 per 1,000 calls = CN¥960.00");
    }

    #[test]
    fn rounding_says_what_was_cut_only_if_something_was() {
        let round = |exact: &str, cut: &str| Step::Round {
            mode: RoundingMode::HalfUp,
            digits: 2,
            exact: exact.parse().unwrap(),
            cut: cut.parse().unwrap(),
            amount: Money::new(parse_decimal("0.33").unwrap()),
        };
        assert_eq!(said(&round("0.33", "0")).1, "Nothing to round: CN¥0.33");
        assert_eq!(said(&round("1/3", "1/300")).1, "Rounded to 2 decimal places, half up: 1/3 → CN¥0.33, 1/300 cut");
        assert_eq!(said(&round("1/3", "1/300")).0, "舍入到 2 位小数（四舍五入）：1/3 → ¥0.33，舍去 1/300");
    }

    #[test]
    fn terms_say_what_they_added_and_took_off() {
        let off = Step::PercentOff {
            base: "65".parse().unwrap(),
            percent: Percent::new(parse_decimal("10").unwrap()),
            amount: "-6.5".parse().unwrap(),
        };
        assert_eq!(said(&off).0, "优惠 10%（基数 ¥65.00）：-¥6.50");
        assert_eq!(said(&off).1, "10% off CN¥65.00: -CN¥6.50");
        let missing = Step::TrueUp {
            minimum: "80".parse().unwrap(),
            before: "58.5".parse().unwrap(),
            amount: "21.5".parse().unwrap(),
        };
        assert_eq!(said(&missing).0, "最低 ¥80.00，已计 ¥58.50，补足差额 ¥21.50");
        assert_eq!(said(&missing).1, "At least CN¥80.00 is due; CN¥58.50 is there, CN¥21.50 is added");
    }

    #[test]
    fn what_goes_down_and_what_goes_up_is_said_without_signs() {
        let cap = Step::Cap {
            cap: Money::new(parse_decimal("20").unwrap()),
            before: "83".parse().unwrap(),
            amount: "-63".parse().unwrap(),
        };
        assert_eq!(said(&cap).0, "最高 ¥20.00：¥83.00 减去 ¥63.00");
        assert_eq!(said(&cap).1, "At most CN¥20.00: CN¥83.00 is cut by CN¥63.00");
        let up = Step::Round {
            mode: RoundingMode::Up,
            digits: 2,
            exact: "0.333".parse().unwrap(),
            cut: "-0.007".parse().unwrap(),
            amount: Money::new(parse_decimal("0.34").unwrap()),
        };
        assert_eq!(said(&up).0, "舍入到 2 位小数（向远离零方向进位）：0.333 → ¥0.34，进位 0.007");
        assert_eq!(said(&up).1, "Rounded to 2 decimal places, away from zero: 0.333 → CN¥0.34, 0.007 added");
    }

    #[test]
    fn many_groups_are_summed_up_in_words() {
        let group =
            |index: u64| Group { key: vec![format!("api{index}")], events: index, quantity: Quantity::from(index) };
        let step = Step::Counted {
            aggregate: Aggregate::Count.into(),
            only: Vec::new(),
            convert_each: None,
            full: None,
            events: Some(28),
            quantity: quantity("28"),
            groups: (1..=7).map(group).collect(),
            apart: false,
        };
        let (zh, en) = said(&step);
        assert_eq!(en, "28 events counted: 28 calls (api7 7, api6 6, api5 5, api4 4, api3 3, 2 more)");
        assert_eq!(zh, "共 28 个事件，计 28 次（api7 7、api6 6、api5 5、api4 4、api3 3、另有 2 组）");
    }
}
