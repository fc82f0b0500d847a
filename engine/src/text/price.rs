//! A charge's price in one line, for tables and tiles. The exact list is in the book.

use super::format::{format_decimal, format_money, format_unit_price};
use super::{Lang, Names};
use crate::catalog::{Attribute, Metered, Model, Package, PackageRounding, Tier, UnitPrice};
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

    /// The first price of a model and, of several, the last.
    pub fn model(&self, model: &Model) -> String {
        match model {
            Model::PerUnit(price) => self.unit_price(price),
            Model::Graduated(tiers) | Model::Volume(tiers) | Model::StairStep(tiers) => match tiers.as_slice() {
                [first, .., last] => {
                    let (first, last) = (self.tier(first), self.last(last));
                    self.lang.pick([&first, "，逐档至", &last].concat(), [&first, ", in tiers to ", &last].concat())
                }
                [only] => self.tier(only),
                [] => String::new(),
            },
            Model::Package(package) => self.package(package),
            Model::Matrix(matrix) => self.by_attributes(matrix.by(), matrix.prices().count()),
            Model::Rules(rules) => self.by_attributes(rules.by(), rules.as_slice().len()),
        }
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
