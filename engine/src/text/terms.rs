//! The steps of discounts, taxes and credits as sentences.

use rust_decimal::Decimal;

use super::Lang;
use super::format::{format_amount, format_decimal, format_exact, format_money};
use super::rounding::cut_words;
use crate::catalog::{Off, Treatment};
use crate::exact::Exact;
use crate::ids::ChargeId;
use crate::money::{Currency, Money};
use crate::rating::Step;

pub(super) struct TermWords {
    pub(super) currency: Currency,
    pub(super) lang: Lang,
}

impl TermWords {
    /// A step of a discount, a tax or a credit; of others their amount.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn say(&self, step: &Step) -> String {
        if let Step::InvoiceDiscount { base, off, amount } = step {
            return self.discount(*base, *off, *amount);
        }
        if let Step::TaxIncluded { charge, price, share, all, amount } = step {
            let text = self.included(*price, (*share, **all), *amount);
            return self.for_line(charge.as_ref(), text);
        }
        if let Step::Tax { charge, .. } = step {
            return self.for_line(charge.as_ref(), self.tax(step));
        }
        if let Step::RoundedTogether { exact, cut, amount } = step {
            return self.together(*exact, *cut, *amount);
        }
        if let Step::Drawn { balance, payable, amount, left } = step {
            let (balance, payable, left) = (self.money(*balance), self.money(*payable), self.money(*left));
            let amount = self.amount(*amount);
            return self.lang.pick(
                format!("余额 {balance}，待付 {payable}：抵扣 {amount}，剩余 {left}"),
                format!("{balance} in it, {payable} to be paid: {amount} drawn, {left} left"),
            );
        }
        step.priced().map_or_else(String::new, |amount| self.amount(amount))
    }

    fn amount(&self, exact: Exact) -> String {
        format_amount(exact, self.currency, self.lang)
    }

    fn money(&self, money: Money) -> String {
        format_money(money.with_places(self.currency.minor_digits()), self.currency, self.lang)
    }

    fn for_line(&self, charge: Option<&ChargeId>, text: String) -> String {
        match charge {
            Some(charge) => self.lang.pick(format!("{charge}：{text}"), format!("{charge}: {text}")),
            None => text,
        }
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn discount(&self, base: Exact, off: Off, amount: Exact) -> String {
        let (whole, taken) = (self.amount(base), self.amount(amount));
        match off {
            Off::Percent(percent) => {
                let percent = format_decimal(percent.decimal());
                self.lang.pick(format!("{whole} 减免 {percent}%：{taken}"), format!("{percent}% off {whole}: {taken}"))
            }
            Off::Amount(sum) if sum.exact() == amount => {
                self.lang.pick(format!("从 {whole} 中减免 {taken}"), format!("{taken} off {whole}"))
            }
            Off::Amount(sum) => {
                let sum = self.money(sum);
                self.lang.pick(
                    format!("减免 {sum}，以 {whole} 为限：{taken}"),
                    format!("{sum} off, at most all of {whole}: {taken}"),
                )
            }
        }
    }

    /// A tax outside the price.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn tax(&self, step: &Step) -> String {
        let Step::Tax { base, taxes, percent, treatment, amount, .. } = step else { return String::new() };
        let (base, percent, amount) = (self.amount(*base), format_decimal(percent.decimal()), self.amount(*amount));
        match treatment {
            Treatment::Exempt => self.lang.pick(format!("{base} 免税"), format!("{base} is exempt from tax")),
            Treatment::ReverseCharge => self.lang.pick(
                format!("{base} 的 {percent}% 由客户自行申报缴纳（反向征收）：{amount}"),
                format!("{percent}% of {base} is owed by the customer (reverse charge): {amount}"),
            ),
            Treatment::Exclusive | Treatment::Inclusive if taxes.signum() == 0 => {
                self.lang.pick(format!("{base} 的 {percent}% = {amount}"), format!("{percent}% of {base} = {amount}"))
            }
            Treatment::Exclusive | Treatment::Inclusive => {
                let taxes = self.amount(*taxes);
                self.lang.pick(
                    format!("{base} 加其他税 {taxes} 的 {percent}% = {amount}"),
                    format!("{percent}% of {base} and {taxes} of other taxes = {amount}"),
                )
            }
        }
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn included(&self, price: Exact, (share, all): (Exact, Exact), amount: Exact) -> String {
        let hundred = Exact::from_decimal(Decimal::ONE_HUNDRED);
        // A percentage of at most 28 digits, moved by two places: if it does not fit, the plain share says it too.
        let percent = |share: Exact| match share.checked_mul(hundred) {
            Ok(percent) => format!("{}%", format_exact(percent)),
            Err(_) => format_exact(share),
        };
        let (price, share, all, amount) = (self.amount(price), percent(share), percent(all), self.amount(amount));
        self.lang.pick(
            format!("{price} 已含税（净额的 {all}），其中本税为净额的 {share}：{amount}"),
            format!("{price} contains taxes of {all} of the net amount, this one is {share} of it: {amount}"),
        )
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn together(&self, exact: Exact, cut: Exact, amount: Money) -> String {
        let (exact, amount) = (format_exact(exact), self.money(amount));
        if cut.signum() == 0 {
            return self.lang.pick(
                format!("各税合并舍入，本税：{amount}"),
                format!("Taxes rounded together; of this one: {amount}"),
            );
        }
        let cut = cut_words(cut, self.lang);
        self.lang.pick(
            format!("各税合并舍入，本税：{exact} → {amount}，{cut}"),
            format!("Taxes rounded together; of this one: {exact} → {amount}, {cut}"),
        )
    }
}

#[cfg(test)]
mod tests {
    use crate::catalog::{Off, Percent, Treatment};
    use crate::money::{Currency, Money};
    use crate::quantity::parse_decimal;
    use crate::rating::Step;
    use crate::text::{Lang, sentence};

    fn money(text: &str) -> Money {
        Money::new(parse_decimal(text).unwrap())
    }

    fn percent(text: &str) -> Percent {
        Percent::new(parse_decimal(text).unwrap())
    }

    fn check(step: &Step, zh: &str, en: &str) {
        let cny = Currency::from_code("CNY").unwrap();
        assert_eq!(
            (sentence(step, None, cny, Lang::Zh).as_str(), sentence(step, None, cny, Lang::En).as_str()),
            (zh, en)
        );
    }

    #[test]
    fn discounts_say_what_is_taken_from_what() {
        let step = |off, base: &str, amount: &str| Step::InvoiceDiscount {
            base: base.parse().unwrap(),
            off,
            amount: amount.parse().unwrap(),
        };
        check(
            &step(Off::Percent(percent("15")), "120", "18"),
            "¥120.00 减免 15%：¥18.00",
            "15% off CN¥120.00: CN¥18.00",
        );
        check(&step(Off::Amount(money("5")), "90", "5"), "从 ¥90.00 中减免 ¥5.00", "CN¥5.00 off CN¥90.00");
        check(
            &step(Off::Amount(money("15")), "10", "10"),
            "减免 ¥15.00，以 ¥10.00 为限：¥10.00",
            "CN¥15.00 off, at most all of CN¥10.00: CN¥10.00",
        );
    }

    #[test]
    fn taxes_say_from_what_they_are_taken() {
        let step = |taxes: &str, treatment, amount: &str| Step::Tax {
            charge: None,
            base: "100".parse().unwrap(),
            taxes: taxes.parse().unwrap(),
            percent: percent("10"),
            treatment,
            amount: amount.parse().unwrap(),
        };
        check(
            &step("5", Treatment::Exclusive, "10.5"),
            "¥100.00 加其他税 ¥5.00 的 10% = ¥10.50",
            "10% of CN¥100.00 and CN¥5.00 of other taxes = CN¥10.50",
        );
        check(&step("0", Treatment::Exempt, "0"), "¥100.00 免税", "CN¥100.00 is exempt from tax");
        check(
            &step("0", Treatment::ReverseCharge, "0"),
            "¥100.00 的 10% 由客户自行申报缴纳（反向征收）：¥0.00",
            "10% of CN¥100.00 is owed by the customer (reverse charge): CN¥0.00",
        );
        let included = Step::TaxIncluded {
            charge: None,
            price: "119".parse().unwrap(),
            share: "0.19".parse().unwrap(),
            all: Box::new("0.19".parse().unwrap()),
            amount: "19".parse().unwrap(),
        };
        check(
            &included,
            "¥119.00 已含税（净额的 19%），其中本税为净额的 19%：¥19.00",
            "CN¥119.00 contains taxes of 19% of the net amount, this one is 19% of it: CN¥19.00",
        );
    }

    #[test]
    fn a_credit_says_what_it_paid_and_what_is_left() {
        let step = Step::Drawn {
            balance: money("20"),
            payable: money("9.9"),
            amount: "9.9".parse().unwrap(),
            left: money("10.1"),
        };
        check(
            &step,
            "余额 ¥20.00，待付 ¥9.90：抵扣 ¥9.90，剩余 ¥10.10",
            "CN¥20.00 in it, CN¥9.90 to be paid: CN¥9.90 drawn, CN¥10.10 left",
        );
        let together = Step::RoundedTogether {
            exact: "0.015".parse().unwrap(),
            cut: "-0.005".parse().unwrap(),
            amount: money("0.02"),
        };
        check(
            &together,
            "各税合并舍入，本税：0.015 → ¥0.02，进位 0.005",
            "Taxes rounded together; of this one: 0.015 → CN¥0.02, 0.005 added",
        );
    }
}
