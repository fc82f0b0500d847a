//! A charge's price in one line, for tables and tiles. The exact list is in the book.

use super::format::{format_decimal, format_money, format_unit_price};
use super::{Lang, Names};
use crate::catalog::{
    Attribute, Committed, Metered, Model, Overage, Package, PackageRounding, Percent, Pricing, Share, Tier, Tiers,
    UnitPrice,
};
use crate::money::{Currency, Money};
use crate::quantity::Quantity;

/// Currency, name of a unit and language of a text about prices.
#[derive(Debug, Clone, Copy)]
pub struct PriceWords<'a> {
    /// The book's currency.
    pub currency: Currency,
    /// What one unit of the meter is called.
    pub unit: Option<&'a Names>,
    /// The language.
    pub lang: Lang,
}

impl PriceWords<'_> {
    /// What is included and what the rest costs: `1,000 calls included, then $0.40 per 1,000 calls`.
    pub fn metered(&self, metered: &Metered) -> String {
        let price = self.model(&metered.model);
        if metered.included == Quantity::ZERO {
            return price;
        }
        let included = self.units(metered.included);
        self.lang.pick(["含 ", &included, "，之后", &price].concat(), [&included, " included, then ", &price].concat())
    }

    /// The price of any charge.
    pub fn pricing(&self, pricing: &Pricing) -> String {
        match pricing {
            Pricing::Flat(flat) => self.money(flat.amount),
            Pricing::Metered(metered) => self.metered(metered),
            Pricing::Capacity(capacity) => match capacity.tiers.as_slice() {
                [first, .., last] => self.in_steps(&self.money(first.price), &self.money(last.price)),
                [only] => self.money(only.price),
                [] => String::new(),
            },
            Pricing::Composite(composite) => {
                let of: Vec<String> = composite.of.iter().map(ToString::to_string).collect();
                let share = match &composite.share {
                    Share::Percent(percent) => percent_text(*percent),
                    Share::Graduated(tiers) => self.tiers(tiers, |tier| self.share_tier(tier)),
                };
                let of = of.join(self.lang.pick("、", ", "));
                self.lang.pick([&of, " 的 ", &share].concat(), [&share, " of ", &of].concat())
            }
        }
    }

    /// The first price of a model and, of several, the last.
    pub fn model(&self, model: &Model) -> String {
        match model {
            Model::PerUnit(price) => self.unit_price(price),
            Model::Graduated(tiers) | Model::Volume(tiers) => self.unit_tiers(tiers),
            Model::StairStep(tiers) => self.tiers(tiers, |tier| self.money(tier.flat)),
            Model::ProratedGraduated(prorated) => {
                let tiers = self.unit_tiers(&prorated.tiers);
                self.lang
                    .pick([&tiers, "，按在用时间折算"].concat(), [&tiers, ", for the time they are there"].concat())
            }
            Model::GraduatedPercentage(tiers) => self.tiers(tiers, |tier| self.share_tier(tier)),
            Model::Package(package) => self.package(package),
            Model::Percentage(percentage) => {
                let fee = (percentage.per_event.exact().signum() != 0).then(|| self.money(percentage.per_event));
                let fee = fee.map(|fee| self.lang.pick([" + 每笔 ", &fee].concat(), [" + ", &fee, " each"].concat()));
                [percent_text(percentage.percent), fee.unwrap_or_default()].concat()
            }
            Model::Dynamic(dynamic) => {
                let carried = self.lang.pick("事件自带的价格", "the price that comes with the event");
                let factor = format_decimal(dynamic.multiplier.decimal());
                if factor == "1" { carried.to_owned() } else { [carried, " × ", &factor].concat() }
            }
            Model::Committed(committed) => self.committed(committed),
            Model::Matrix(matrix) => self.by_attributes(matrix.by(), matrix.prices().count()),
            Model::Rules(rules) => self.by_attributes(rules.by(), rules.as_slice().len()),
        }
    }

    fn unit_tiers(&self, tiers: &Tiers) -> String {
        match tiers.as_slice() {
            [first, .., last] => self.in_steps(&self.tier(first), &self.last(last)),
            [only] => self.tier(only),
            [] => String::new(),
        }
    }

    fn tiers(&self, tiers: &Tiers, words: impl Fn(&Tier) -> String) -> String {
        match tiers.as_slice() {
            [first, .., last] => self.in_steps(&words(first), &words(last)),
            [only] => words(only),
            [] => String::new(),
        }
    }

    fn in_steps(&self, first: &str, last: &str) -> String {
        self.lang.pick([first, "，逐档至", last].concat(), [first, ", in tiers to ", last].concat())
    }

    fn share_tier(&self, tier: &Tier) -> String {
        let share = percent_text(Percent::new(tier.price.price.decimal()));
        if tier.flat.exact().signum() == 0 { share } else { [&self.money(tier.flat), " + ", &share].concat() }
    }

    fn committed(&self, committed: &Committed) -> String {
        let (fee, capacity) = (self.money(committed.fee), self.units(committed.capacity));
        let over = match committed.overage {
            Overage::Price(price) => self.unit_price(&price),
            Overage::Factor(factor) => {
                let factor = format_decimal(factor.decimal());
                self.lang.pick([&factor, " 倍单价"].concat(), [&factor, " times the rate"].concat())
            }
        };
        self.lang.pick(
            [&fee, " 含 ", &capacity, "，超出 ", &over].concat(),
            [&fee, " for ", &capacity, ", above that ", &over].concat(),
        )
    }

    /// What decides the price, and how many prices there are.
    fn by_attributes(&self, by: &[Attribute], count: usize) -> String {
        let names: Vec<&str> = by.iter().map(|attribute| attribute.name.as_str()).collect();
        let (names, count) = (names.join(self.lang.pick("、", ", ")), count.to_string());
        let by = if names.is_empty() {
            String::new()
        } else {
            self.lang.pick(["按 ", &names, " "].concat(), [" by ", &names].concat())
        };
        self.lang.pick([&by, "定价（", &count, " 项）"].concat(), ["Priced", &by, " (", &count, " prices)"].concat())
    }

    fn tier(&self, tier: &Tier) -> String {
        let has_price = tier.price.price.exact().signum() != 0;
        let has_fee = tier.flat.exact().signum() != 0;
        let units = match tier.size {
            Some(size) => self.package(&Package { size, price: tier.price.price, rounding: PackageRounding::Up }),
            None => self.unit_price(&tier.price),
        };
        match (has_fee, has_price) {
            (true, true) => [&self.money(tier.flat), " + ", &units].concat(),
            (true, false) => self.money(tier.flat),
            (false, _) => units,
        }
    }

    /// The amount of the last tier without what it is for, which is that of the first.
    fn last(&self, tier: &Tier) -> String {
        if tier.price.price.exact().signum() == 0 { self.money(tier.flat) } else { self.money(tier.price.price) }
    }

    fn package(&self, package: &Package) -> String {
        let (price, size) = (self.money(package.price), self.units(package.size));
        match package.rounding {
            PackageRounding::Up => {
                self.lang.pick(["每包（", &size, "）", &price].concat(), [&price, " per begun ", &size].concat())
            }
            PackageRounding::Down => {
                self.lang.pick(["每满 ", &size, " ", &price].concat(), [&price, " per full ", &size].concat())
            }
        }
    }

    fn unit_price(&self, price: &UnitPrice) -> String {
        format_unit_price(price, self.currency, self.unit, self.lang)
    }

    fn money(&self, money: Money) -> String {
        format_money(money.with_places(self.currency.minor_digits()), self.currency, self.lang)
    }

    fn units(&self, quantity: Quantity) -> String {
        let number = format_decimal(quantity.decimal());
        match self.unit {
            Some(unit) => [&number, "\u{a0}", unit.get(self.lang)].concat(),
            None => number,
        }
    }
}

fn percent_text(percent: Percent) -> String {
    [&format_decimal(percent.decimal()), "%"].concat()
}
