//! A book made ready for pricing many quantities: decimals become whole numbers once, then an amount is a comparison for
//! each tier, a multiplication and an addition, without allocation and without a trace.
//!
//! Never has a rule or a figure of its own: whatever the whole numbers cannot hold goes to the exact models, and a test
//! holds both to the same digits and the same refusals.

mod form;
mod whole;

use super::trace::TotalOnly;
use super::{RateError, check_usage, price_quantity};
use crate::catalog::{Book, Charge, Model, Plan, Pricing, Tax, Tier};
use crate::exact::{Exact, Overflow, decimal, power_of_ten};
use crate::ids::ChargeId;
use crate::money::Money;
use crate::quantity::Quantity;
use crate::rounding::{Rounding, RoundingMode, RoundingPlace, round};
use crate::usage::Usage;

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
    tax: Option<&'b Tax>,
    charges: Vec<PlanCharge<'b>>,
}

/// A charge of a plan and which of the book's meters it prices.
#[derive(Debug, Clone)]
struct PlanCharge<'b> {
    meter: Option<usize>,
    charge: PreparedCharge<'b>,
    /// How many units of the narrow form make a minor unit of the currency.
    minor: Option<i64>,
}

/// A charge, ready for pricing.
#[derive(Debug, Clone)]
pub struct PreparedCharge<'b> {
    charge: &'b Charge,
    narrow: Option<Form<i64>>,
    wide: Option<Form<i128>>,
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
    /// Prepares `plan`, which is one of `book`; `None` if it has a term that only `rate_total` knows.
    pub fn new(book: &'b Book, plan: &'b Plan) -> Option<Self> {
        let fraction = power_of_ten(book.minor_digits())?;
        let charges = plan.charges.iter().map(|charge| {
            let meter = match charge.meter() {
                Some(id) => Some(book.meters.iter().position(|meter| meter.id == *id)?),
                None => None,
            };
            let charge = PreparedCharge::in_fractions(charge, fraction);
            let minor = charge.narrow.as_ref().and_then(|narrow| narrow.minor(fraction));
            Some(PlanCharge { meter, charge, minor })
        });
        Some(Self {
            book,
            plan,
            rounding: book.rounding,
            digits: book.minor_digits(),
            tax: book.tax.as_ref(),
            charges: charges.collect::<Option<_>>()?,
        })
    }

    /// The plan.
    pub fn plan(&self) -> &'b Plan {
        self.plan
    }

    /// A charge of the plan, for amounts before rounding.
    pub fn charge(&self, id: &ChargeId) -> Option<&PreparedCharge<'b>> {
        self.charges.iter().map(|charge| &charge.charge).find(|prepared| prepared.charge.id == *id)
    }

    /// What is to be paid: the total of `rate`, its refusals included.
    ///
    /// `quantities` has one for each of the book's meters, in its order; a meter without one counted nothing.
    pub fn total(&self, quantities: &[Quantity]) -> Result<Money, RateError> {
        for (meter, quantity) in self.book.meters.iter().zip(quantities) {
            if quantity.is_negative() {
                return Err(RateError::NegativeQuantity { meter: meter.id.clone(), quantity: *quantity });
            }
        }
        let subtotal = match self.rounding.at {
            RoundingPlace::Line => self.sum_of_rounded(quantities)?,
            RoundingPlace::Invoice => self.rounded_sum(quantities)?,
        };
        let Some(tax) = self.tax else { return Ok(subtotal) };
        let tax = round(tax.percent.of(subtotal)?, self.digits, self.rounding.mode)?;
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

    fn rounded_sum(&self, quantities: &[Quantity]) -> Result<Money, RateError> {
        let mut sum = Exact::ZERO;
        for charge in &self.charges {
            let amount = charge.amount(quantities).and_then(shown_exactly).map_err(|Overflow| charge.overflow())?;
            sum = sum.checked_add(amount)?;
        }
        Ok(round(sum, self.digits, self.rounding.mode)?)
    }
}

/// The amount, if it can be shown on its line with all its digits.
fn shown_exactly(amount: Exact) -> Result<Exact, Overflow> {
    let amount = amount.to_decimal().ok_or(Overflow)?;
    Ok(Exact::from_decimal(amount))
}

impl PlanCharge<'_> {
    /// The amount in minor units, if 64 bits suffice all the way.
    fn short_units(&self, quantities: &[Quantity], mode: RoundingMode) -> Option<i64> {
        let (narrow, minor) = self.charge.narrow.as_ref().zip(self.minor)?;
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
    /// Prepares one charge.
    pub fn new(charge: &'b Charge) -> Self {
        Self::in_fractions(charge, 1)
    }

    fn in_fractions(charge: &'b Charge, fraction: i128) -> Self {
        let forms = |included: Quantity, model| forms(Source { included, model, fraction });
        let (narrow, wide) = match &charge.pricing {
            Pricing::Flat(_) => (None, None),
            Pricing::Metered { meter: _, included, model } => match model {
                Model::PerUnit(price) => {
                    let tier = [Tier { up_to: None, price: *price }];
                    forms(*included, SourceModel::Tiers(Reach::AllUnits, &tier))
                }
                Model::Graduated(tiers) => forms(*included, SourceModel::Tiers(Reach::OwnUnits, tiers.as_slice())),
                Model::Volume(tiers) => forms(*included, SourceModel::Tiers(Reach::AllUnits, tiers.as_slice())),
                Model::Package(package) => forms(*included, SourceModel::Packages(package)),
            },
        };
        Self { charge, narrow, wide }
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
            None => price_quantity(&self.charge.pricing, *quantity, &mut TotalOnly),
        }
    }
}

fn forms(source: Source<'_>) -> (Option<Form<i64>>, Option<Form<i128>>) {
    let places = places_of(&source);
    let more = places.saturating_add(EXTRA_PLACES);
    (Form::new(&source, places), Form::new(&source, more).or_else(|| Form::new(&source, places)))
}

/// The quantities of `usage` in the order of the book's meters, for [`PreparedPlan::total`].
///
/// Refuses what `rate` refuses: unknown meters, meters named twice, negative quantities.
pub fn quantities_of(book: &Book, usage: &Usage) -> Result<Vec<Quantity>, RateError> {
    check_usage(book, usage)?;
    let of = |meter: &crate::usage::Meter| usage.of(&meter.id).map_or(Quantity::ZERO, |item| item.quantity);
    Ok(book.meters.iter().map(of).collect())
}

#[cfg(test)]
mod tests;
