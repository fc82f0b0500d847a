//! A book made ready for pricing many quantities: decimals become whole numbers once, then an amount is a comparison for
//! each tier, a multiplication and an addition, without allocation and without a trace.
//!
//! Never has a rule or a figure of its own: whatever the whole numbers cannot hold goes to the exact models, and a test
//! holds both to the same digits and the same refusals.

mod form;
mod whole;

use rust_decimal::Decimal;

use super::counted::Counted;
use super::line::price_counted;
use super::total::line_amount;
use super::trace::TotalOnly;
use super::{RateError, check_usage, flat};
use crate::catalog::{
    Book, Charge, ChargeTerms, Each, Flat, Metered, Model, Percent, Plan, Pricing, TaxRules, Terms, Tier, TierRules,
    Treatment, UnitPrice,
};
use crate::exact::{Exact, Overflow, decimal, power_of_ten};
use crate::ids::ChargeId;
use crate::invoice::{Account, Conditions, Item, settle};
use crate::money::Money;
use crate::quantity::Quantity;
use crate::rounding::{Rounding, RoundingMode, RoundingPlace, round};
use crate::usage::{Meter, Usage};

use form::{Form, Reach, Source, SourceModel, places_of};

/// All plans of a book, ready for pricing.
#[derive(Debug, Clone)]
pub struct Prepared<'b> {
    plans: Vec<PreparedPlan<'b>>,
}

/// A plan, ready for pricing.
#[derive(Debug, Clone)]
pub struct PreparedPlan<'b> {
    book: &'b Book,
    plan: &'b Plan,
    rounding: Rounding,
    digits: u32,
    after_lines: AfterLines,
    charges: Vec<PlanCharge<'b>>,
}

/// What happens to the lines before they are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AfterLines {
    /// Nothing: their sum is due.
    Nothing,
    /// This is added to their sum, rounded; all other rules are the usual ones.
    OneTax(Percent, RoundingMode),
    /// All that `settle` knows.
    Settled,
}

/// A charge of a plan and which of the book's meters it prices.
#[derive(Debug, Clone)]
struct PlanCharge<'b> {
    meter: Option<usize>,
    charge: PreparedCharge<'b>,
    /// How many units of the narrow form make a minor unit of the currency.
    minor: Option<i64>,
    /// A flat fee, rounded, in minor units.
    fixed: Option<i64>,
}

/// A charge, ready for pricing.
#[derive(Debug, Clone)]
pub struct PreparedCharge<'b> {
    charge: &'b Charge,
    price: Price<'b>,
    digits: u32,
    narrow: Option<Form<i64>>,
    wide: Option<Form<i128>>,
}

/// What the exact models are asked with.
#[derive(Debug, Clone, Copy)]
enum Price<'b> {
    Flat(&'b Flat),
    Metered(&'b Metered),
}

impl<'b> Prepared<'b> {
    /// Prepares every plan of `book` that can be.
    pub fn new(book: &'b Book) -> Self {
        Self { plans: book.plans.iter().filter_map(|plan| PreparedPlan::new(book, plan)).collect() }
    }

    /// The plan of this name, if there is one and it could be prepared; if not, `rate_total` prices it.
    pub fn plan(&self, id: &str) -> Option<&PreparedPlan<'b>> {
        self.plans.iter().find(|prepared| prepared.plan.id.as_str() == id)
    }
}

impl<'b> PreparedPlan<'b> {
    /// Prepares `plan`, which is one of `book`; `None` if it has a charge or a term that only `rate_total` knows.
    pub fn new(book: &'b Book, plan: &'b Plan) -> Option<Self> {
        if !plan.terms.is_default() {
            return None;
        }
        let digits = book.minor_digits();
        let fraction = power_of_ten(digits)?;
        let charges = plan.charges.iter().map(|charge| {
            let meter = match charge.meter() {
                Some(id) => Some(book.meters.iter().position(|meter| meter.id == *id)?),
                None => None,
            };
            let charge = PreparedCharge::in_fractions(charge, digits, fraction)?;
            let minor = charge.narrow.as_ref().and_then(|narrow| narrow.minor(fraction));
            let fixed = charge.fixed(book.rounding.mode);
            Some(PlanCharge { meter, charge, minor, fixed })
        });
        let charges = charges.collect::<Option<_>>()?;
        Some(Self { book, plan, rounding: book.rounding, digits, after_lines: AfterLines::of(book, plan), charges })
    }

    /// The plan.
    pub fn plan(&self) -> &'b Plan {
        self.plan
    }

    /// A charge of the plan, for amounts before rounding.
    pub fn charge(&self, id: &ChargeId) -> Option<&PreparedCharge<'b>> {
        self.charges.iter().map(|charge| &charge.charge).find(|prepared| prepared.charge.id == *id)
    }

    /// The quantities of `usage` for [`PreparedPlan::total`], in the order of the book's meters.
    ///
    /// Refuses what `rate` refuses: unknown meters, meters named twice, negative quantities.
    pub fn quantities(&self, usage: &Usage) -> Result<Vec<Quantity>, RateError> {
        check_usage(self.book, self.plan, usage)?;
        let of = |meter: &Meter| usage.of(&meter.id).map_or(Quantity::ZERO, |item| item.quantity);
        Ok(self.book.meters.iter().map(of).collect())
    }

    /// What is due by `rate`, its refusals included.
    ///
    /// `quantities` has one for each of the book's meters, in its order; a meter without one counted nothing.
    pub fn total(&self, quantities: &[Quantity]) -> Result<Money, RateError> {
        for (meter, quantity) in self.book.meters.iter().zip(quantities) {
            // No charge that can be prepared takes them.
            if quantity.is_negative() {
                return Err(RateError::NegativeQuantity { meter: meter.id.clone(), quantity: *quantity });
            }
        }
        match self.after_lines {
            AfterLines::Nothing => self.sum_of_rounded(quantities),
            AfterLines::OneTax(percent, mode) => match self.short_sum(quantities) {
                Some(sum) => self.taxed(sum, percent, mode),
                None => self.settled(quantities),
            },
            AfterLines::Settled => self.settled(quantities),
        }
    }

    /// The sum of the lines in minor units, if 64 bits suffice for all of them.
    fn short_sum(&self, quantities: &[Quantity]) -> Option<i64> {
        self.charges
            .iter()
            .try_fold(0_i64, |sum, charge| sum.checked_add(charge.short_units(quantities, self.rounding.mode)?))
    }

    /// A sum of 64 bits and a short percentage leave room in all that `settle` would compute, so it would not refuse.
    fn taxed(&self, sum: i64, percent: Percent, mode: RoundingMode) -> Result<Money, RateError> {
        let subtotal = Money::new(decimal(sum.into(), self.digits)?);
        let tax = round(percent.of(subtotal.exact())?, self.digits, mode)?;
        Ok(subtotal.checked_add(tax)?)
    }

    /// Lines are whole minor units here, so their sum is one of whole numbers.
    fn sum_of_rounded(&self, quantities: &[Quantity]) -> Result<Money, RateError> {
        let mut sum = 0_i128;
        for charge in &self.charges {
            let units = match charge.short_units(quantities, self.rounding.mode) {
                Some(units) => units.into(),
                None => charge.any_units(quantities, (self.digits, self.rounding.mode))?,
            };
            sum = sum.checked_add(units).ok_or(Overflow)?;
        }
        Ok(Money::new(decimal(sum, self.digits)?))
    }

    /// Discounts, taxes and credits work on lines, so they are given lines.
    fn settled(&self, quantities: &[Quantity]) -> Result<Money, RateError> {
        let mut items = Vec::with_capacity(self.charges.len());
        for line in &self.charges {
            let exact = line.amount(quantities).map_err(|Overflow| line.overflow())?;
            let amount = line_amount(self.book, exact, &mut TotalOnly).map_err(|Overflow| line.overflow())?;
            let charge = line.charge.charge;
            items.push(Item::of(&charge.id, Some(charge), amount));
        }
        let account = Account::default();
        Ok(settle(&Conditions::of(self.book, self.plan, &account), &mut items)?.due)
    }
}

impl AfterLines {
    fn of(book: &Book, plan: &Plan) -> Self {
        // Named one by one: a new term of bills must be thought about here.
        let Terms { taxes, tax_rules, discount_rules: _, credit_rules: _ } = &book.terms;
        if !plan.discounts.is_empty() || !plan.credits.is_empty() || book.rounding.at == RoundingPlace::Invoice {
            return Self::Settled;
        }
        let usual = TaxRules { mode: tax_rules.mode, ..TaxRules::default() };
        match taxes.as_slice() {
            [] => Self::Nothing,
            [tax]
                if *tax_rules == usual
                    && tax.treatment == Treatment::Exclusive
                    && tax.by_default
                    && is_short(tax.percent.decimal())
                    && plan.charges.iter().all(|charge| charge.taxes.is_none()) =>
            {
                Self::OneTax(tax.percent, tax_rules.mode.unwrap_or(book.rounding.mode))
            }
            [..] => Self::Settled,
        }
    }
}

/// At most ten digits, of which at most nine after the point.
fn is_short(decimal: Decimal) -> bool {
    decimal.mantissa().unsigned_abs() < 10_u128.pow(10) && decimal.scale() < 10
}

impl PlanCharge<'_> {
    /// The amount in minor units, if 64 bits suffice all the way.
    fn short_units(&self, quantities: &[Quantity], mode: RoundingMode) -> Option<i64> {
        let (narrow, minor) = match self.charge.price {
            Price::Flat(_) => return self.fixed,
            Price::Metered(_) => self.charge.narrow.as_ref().zip(self.minor)?,
        };
        narrow.rounded(quantities.get(self.meter?)?, minor, mode)
    }

    #[inline(never)]
    fn any_units(&self, quantities: &[Quantity], (digits, mode): (u32, RoundingMode)) -> Result<i128, RateError> {
        let rounded = self.amount(quantities).and_then(|exact| round(exact, digits, mode));
        rounded.map(|money| money.decimal().mantissa()).map_err(|Overflow| self.overflow())
    }

    fn amount(&self, quantities: &[Quantity]) -> Result<Exact, Overflow> {
        let quantity = self.meter.and_then(|meter| quantities.get(meter)).copied();
        self.charge.amount(quantity.unwrap_or(Quantity::ZERO))
    }

    #[cold]
    fn overflow(&self) -> RateError {
        RateError::Overflow { charge: Some(self.charge.charge.id.clone()) }
    }
}

/// Decimal places that the wider form has beyond those of bounds and allowance, for quantities with a fraction.
const EXTRA_PLACES: u32 = 9;

impl<'b> PreparedCharge<'b> {
    /// Prepares one charge of `book`; `None` if the quantity of its meter alone does not say what it costs.
    pub fn new(book: &Book, charge: &'b Charge) -> Option<Self> {
        Self::in_fractions(charge, book.minor_digits(), 1)
    }

    fn in_fractions(charge: &'b Charge, digits: u32, fraction: i128) -> Option<Self> {
        // Named one by one: a new term of a charge must be thought about here. Tags and taxes are for whole bills.
        let Charge { id: _, name: _, pricing, terms, tags: _, taxes: _ } = charge;
        if *terms != ChargeTerms::NONE {
            return None;
        }
        let metered = match pricing {
            Pricing::Flat(flat) => {
                return Some(Self { charge, price: Price::Flat(flat), digits, narrow: None, wide: None });
            }
            Pricing::Metered(metered) => metered,
            Pricing::Capacity(_) | Pricing::Composite(_) => return None,
        };
        let Metered { meter: _, only, each, convert, included, allowance, model } = metered;
        // Units of a pool are no longer there when another charge has used them. All others are, in a first whole period.
        if allowance.pool.is_some() || !only.is_empty() || *each != Each::Period || !is_of_quantity_alone(model) {
            return None;
        }
        let source = |model| Source { included: *included, model, fraction };
        let (narrow, wide) = match model {
            // A conversion is left to the exact models, whatever they price.
            _ if !convert.is_empty() => (None, None),
            Model::PerUnit(price) => forms(source(SourceModel::Tiers(Reach::AllUnits, &[open_tier(*price)]))),
            Model::Graduated(tiers) if tiers.rules() == TierRules::USUAL => {
                forms(source(SourceModel::Tiers(Reach::OwnUnits, tiers.as_slice())))
            }
            Model::Volume(tiers) if tiers.rules() == TierRules::USUAL => {
                forms(source(SourceModel::Tiers(Reach::AllUnits, tiers.as_slice())))
            }
            Model::Package(package) => forms(source(SourceModel::Packages(package))),
            Model::Graduated(_)
            | Model::Volume(_)
            | Model::StairStep(_)
            | Model::Percentage(_)
            | Model::GraduatedPercentage(_)
            | Model::Dynamic(_)
            | Model::Committed(_)
            | Model::ProratedGraduated(_)
            | Model::Matrix(_)
            | Model::Rules(_) => (None, None),
        };
        Some(Self { charge, price: Price::Metered(metered), digits, narrow, wide })
    }

    /// What `quantity` costs before rounding: allowance first, then the model; a flat charge ignores the quantity.
    ///
    /// Fails where the exact models fail: when a number is too large to be computed exactly.
    #[inline(always)]
    pub fn amount(&self, quantity: Quantity) -> Result<Exact, Overflow> {
        if let Some(narrow) = &self.narrow
            && let Some(amount) = narrow.amount(&quantity)
        {
            return Ok(amount);
        }
        self.amount_of_any(&quantity)
    }

    /// The same for a whole number, for loops over counts: nothing has to be taken out of a decimal.
    #[inline(always)]
    pub fn amount_of_whole(&self, number: u64) -> Result<Exact, Overflow> {
        if let Some(narrow) = &self.narrow
            && let Some(amount) = narrow.amount_of_whole(number)
        {
            return Ok(amount);
        }
        self.amount_of_any(&Quantity::from(number))
    }

    #[inline(never)]
    fn amount_of_any(&self, quantity: &Quantity) -> Result<Exact, Overflow> {
        match self.wide.as_ref().and_then(|wide| wide.amount(quantity)) {
            Some(amount) => Ok(amount),
            None => self.exact_amount(*quantity),
        }
    }

    fn fixed(&self, mode: RoundingMode) -> Option<i64> {
        let Price::Flat(flat) = self.price else { return None };
        let amount = round(flat::price(flat, &mut TotalOnly), self.digits, mode).ok()?;
        i64::try_from(amount.decimal().mantissa()).ok()
    }

    /// The same by the exact models, which everything here must agree with.
    fn exact_amount(&self, quantity: Quantity) -> Result<Exact, Overflow> {
        match self.price {
            Price::Flat(flat) => Ok(flat::price(flat, &mut TotalOnly)),
            Price::Metered(metered) => price_counted(Counted::assumed(metered, quantity), self.digits, &mut TotalOnly),
        }
    }
}

/// Whether the model looks at nothing but the quantity: neither at events nor at groups.
fn is_of_quantity_alone(model: &Model) -> bool {
    match model {
        Model::PerUnit(_)
        | Model::Graduated(_)
        | Model::Volume(_)
        | Model::StairStep(_)
        | Model::Package(_)
        | Model::GraduatedPercentage(_)
        | Model::Dynamic(_)
        | Model::Committed(_) => true,
        Model::Percentage(_) | Model::ProratedGraduated(_) | Model::Matrix(_) | Model::Rules(_) => false,
    }
}

fn open_tier(price: UnitPrice) -> Tier {
    Tier { up_to: None, price, flat: Money::ZERO, cap: None, size: None }
}

fn forms(source: Source<'_>) -> (Option<Form<i64>>, Option<Form<i128>>) {
    let places = places_of(&source);
    let more = places.saturating_add(EXTRA_PLACES);
    (Form::new(&source, places), Form::new(&source, more).or_else(|| Form::new(&source, places)))
}

#[cfg(test)]
mod tests;
