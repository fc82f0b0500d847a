//! The steps of discounts, taxes and credits as sentences.

use rust_decimal::Decimal;

use super::Lang;
use super::format::{format_amount, format_decimal, format_exact, format_money};
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
    pub(super) fn say(&self, step: &Step) -> String {
        if let Step::InvoiceDiscount { base, off, amount } = step {
            return self.discount(*base, *off, *amount);
        }
        if let Step::TaxIncluded { charge, price, share, all, amount } = step {
            let text = self.included(*price, (*share, *all), *amount);
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
            format!("{price} contains {all} of the net amount as tax, {share} of it this one: {amount}"),
        )
    }

    fn together(&self, exact: Exact, cut: Exact, amount: Money) -> String {
        let (exact, amount) = (format_exact(exact), self.money(amount));
        if cut.signum() == 0 {
            return self.lang.pick(
                format!("各税合并舍入，本税：{amount}"),
                format!("Taxes rounded together; of this one: {amount}"),
            );
        }
        let cut = format_exact(cut);
        self.lang.pick(
            format!("各税合并舍入，本税：{exact} → {amount}，舍去 {cut}"),
            format!("Taxes rounded together; of this one: {exact} → {amount}, {cut} cut"),
        )
    }
}
