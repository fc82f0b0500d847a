//! A charge as whole numbers: quantities in units of 10^-places, amounts in units of 1/den, one multiplication an amount.
//!
//! Answers only quantities for which neither this form nor the exact one can overflow; for all others it gives `None`
//! and the exact models are asked. It never rounds and never differs from them.

use rust_decimal::Decimal;

use super::whole::{Whole, units};
use crate::catalog::{Package, PackageRounding, Tier, UnitPrice};
use crate::exact::{Exact, power_of_ten};
use crate::quantity::Quantity;
use crate::rounding::{RoundingMode, to_integer_short};

/// Whether a tier's price is that of its own units or, once reached, of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    OwnUnits,
    AllUnits,
}

/// What is brought into whole numbers: the allowance and a model of tiers or packages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'t> {
    pub(super) included: Quantity,
    pub(super) model: SourceModel<'t>,
    /// Amounts are wanted in units of which one is a multiple of this fraction: 100 for cents, 1 if it does not matter.
    pub(super) fraction: i128,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum SourceModel<'t> {
    Tiers(Reach, &'t [Tier]),
    Packages(&'t Package),
}

/// A charge in whole numbers of the width `N`.
#[derive(Debug, Clone)]
pub(super) struct Form<N> {
    places: u32,
    den: i128,
    shape: Shape<N>,
}

#[derive(Debug, Clone)]
enum Shape<N> {
    /// Lowest first; the first one that ends at or above the quantity prices it.
    Lines(Vec<Line<N>>),
    Packages(Packages<N>),
}

/// Up to and including `last`: amount = quantity × rate + offset, where the offset makes up for allowance and lower tiers.
///
/// Made only where the amount of `last` fits. The rate is not below zero, so smaller quantities have smaller amounts,
/// which fit as well: they are computed without looking again, and that is what makes them fast in WASM.
#[derive(Debug, Clone, Copy)]
struct Line<N> {
    last: N,
    rate: N,
    offset: N,
}

/// The packages that exceed `included`, up to and including `last` units; made only where the price of `last` fits.
#[derive(Debug, Clone, Copy)]
struct Packages<N> {
    included: N,
    size: N,
    price: N,
    last: N,
}

impl<N: Whole> Form<N> {
    /// The exact amount, if the quantity is one of those that this form answers.
    // Inlined whatever the profile, as everything on this way: the pages are built for size, and there a call costs as
    // much as the amount.
    #[inline(always)]
    pub(super) fn amount(&self, quantity: &Quantity) -> Option<Exact> {
        self.amount_of(N::units(quantity.decimal_ref(), self.places)?)
    }

    /// The same for a whole number.
    #[inline(always)]
    pub(super) fn amount_of_whole(&self, number: u64) -> Option<Exact> {
        self.amount_of(N::whole(number, self.places)?)
    }

    #[inline(always)]
    fn amount_of(&self, units: N) -> Option<Exact> {
        Some(Exact::over(self.num(units)?.into(), self.den))
    }

    #[inline(always)]
    fn num(&self, units: N) -> Option<N> {
        match &self.shape {
            Shape::Lines(lines) => {
                let line = reached(lines, units)?;
                Some(units.fitting_line(line.rate, line.offset))
            }
            Shape::Packages(packages) => packages.amount(units),
        }
    }

    /// Brings `source` into whole numbers with `places` decimal places of the quantity; `None` where they do not fit.
    pub(super) fn new(source: &Source<'_>, places: u32) -> Option<Self> {
        let included = units(source.included.decimal(), places)?;
        match source.model {
            SourceModel::Tiers(reach, tiers) => {
                let rates = tiers.iter().map(|tier| rate(tier.price, places)).collect::<Option<Vec<_>>>()?;
                let fees = tiers.iter().map(|tier| tier.flat.exact());
                let amounts = rates.iter().copied().chain(fees);
                let den = amounts.map(|amount| amount.parts().1).try_fold(source.fraction, least_common_multiple)?;
                let mut draft = LineDraft { places, den, included, reach, lines: Vec::new() };
                draft.add_tiers(tiers, &rates);
                let lines: Vec<Line<N>> = draft.lines;
                (!lines.is_empty()).then_some(Self { places, den, shape: Shape::Lines(lines) })
            }
            SourceModel::Packages(package) => {
                match package.rounding {
                    PackageRounding::Up => {}
                    PackageRounding::Down => return None,
                }
                let (price, lowest) = package.price.exact().parts();
                let den = least_common_multiple(source.fraction, lowest)?;
                let price = price.checked_mul(den.checked_div(lowest)?)?;
                let packages = Packages::new(package, places, (included, price))?;
                Some(Self { places, den, shape: Shape::Packages(packages) })
            }
        }
    }
}

impl Form<i64> {
    /// The amount in whole minor units, rounded; `minor` is what [`Form::minor`] gave.
    #[inline(always)]
    pub(super) fn rounded(&self, quantity: &Quantity, minor: i64, mode: RoundingMode) -> Option<i64> {
        to_integer_short(self.num(i64::units(quantity.decimal_ref(), self.places)?)?, minor, mode)
    }

    /// How many of this form's units make a minor unit, of which `fraction` make a whole one.
    pub(super) fn minor(&self, fraction: i128) -> Option<i64> {
        let minor = self.den.checked_div(fraction)?;
        (minor.checked_mul(fraction) == Some(self.den)).then_some(minor).and_then(|minor| i64::try_from(minor).ok())
    }
}

/// The first line that ends at or above `units`.
#[expect(clippy::manual_find, reason = "built for size, `find` becomes a call with its closure in memory: 4 ns of 8")]
#[inline(always)]
fn reached<N: Whole>(lines: &[Line<N>], units: N) -> Option<&Line<N>> {
    for line in lines {
        if units <= line.last {
            return Some(line);
        }
    }
    None
}

impl<N: Whole> Packages<N> {
    #[inline(always)]
    fn amount(&self, units: N) -> Option<N> {
        if units > self.last {
            return None;
        }
        if units <= self.included {
            return Some(N::ZERO);
        }
        Some(units.packages(self.included, self.size).fitting_line(self.price, N::ZERO))
    }

    /// Ends where the packages begun cost more than the width holds; the exact model has room to spare there.
    fn new(package: &Package, places: u32, (included, price): (i128, i128)) -> Option<Self> {
        let size = units(package.size.decimal(), places)?;
        let most = match N::LIMIT.checked_div(price) {
            Some(packages) => packages.checked_mul(size).and_then(|units| units.checked_add(included)),
            None => None,
        };
        let last = most.unwrap_or(QUANTITY_LIMIT).min(N::LIMIT).min(QUANTITY_LIMIT);
        let whole = |number: i128| N::try_from(number).ok();
        let packages =
            Self { included: whole(included)?, size: whole(size)?, price: whole(price)?, last: whole(last)? };
        let sound = size > 0 && price >= 0 && last > included;
        let most_packages = sound.then(|| packages.last.packages(packages.included, packages.size))?;
        most_packages.checked_line(packages.price, N::ZERO).map(|_| packages)
    }
}

/// The exact models refuse quantities of more than 28 digits.
const QUANTITY_LIMIT: i128 = 10_i128.pow(28) - 1;

/// What one unit of 10^-places costs; `None` if the exact model could run out of room for quantity × price.
fn rate(price: UnitPrice, places: u32) -> Option<Exact> {
    power_of_ten(places.checked_add(price.price.decimal().scale())?)?;
    let whole_units = Exact::ratio(power_of_ten(places)?, 1)?;
    price.price.exact().checked_div(price.per.exact()).ok()?.checked_div(whole_units).ok()
}

struct LineDraft<N> {
    places: u32,
    den: i128,
    included: i128,
    reach: Reach,
    lines: Vec<Line<N>>,
}

/// Where the tiers added so far end, and what a quantity there costs.
#[derive(Clone, Copy)]
struct End {
    units: i128,
    amount: i128,
}

impl<N: Whole> LineDraft<N> {
    /// Adds tiers until one no longer fits: quantities from there on are left to the exact model.
    fn add_tiers(&mut self, tiers: &[Tier], rates: &[Exact]) {
        let mut end = Some(End { units: self.included, amount: 0 });
        // Nothing used enters no tier, so that not even the first one's fee is due.
        let has_fee = tiers.first().is_some_and(|tier| tier.flat.exact().signum() != 0);
        if self.included > 0 || has_fee {
            end = self.add(self.included, (0, 0)).and(end);
        }
        for (tier, rate) in tiers.iter().zip(rates) {
            let Some(from) = end else { return };
            end = self.add_tier(tier, *rate, from);
        }
    }

    /// `None` if nothing above this tier can be answered.
    fn add_tier(&mut self, tier: &Tier, rate: Exact, from: End) -> Option<End> {
        // Named one by one: a new term of a tier must be thought about here.
        let Tier { up_to, price, flat, cap: None, size: None } = tier else { return None };
        let (rate, fee) = (self.in_units(rate)?, self.in_units(flat.exact())?);
        let (before, free) = match self.reach {
            Reach::OwnUnits => (from.amount, from.units),
            Reach::AllUnits => (0, self.included),
        };
        let offset = before.checked_add(fee)?.checked_sub(free.checked_mul(rate)?)?;
        // Quantity × price must fit here and, in lowest terms, in the exact model, which divides by `per` afterwards.
        let fits = N::LIMIT.checked_sub(offset.max(0))?.checked_div(rate).unwrap_or(N::LIMIT);
        let fits_exact = i128::MAX.checked_div(price.price.decimal().mantissa()).unwrap_or(i128::MAX);
        let most = fits.min(fits_exact).min(QUANTITY_LIMIT).min(N::LIMIT);
        let last = match up_to {
            Some(up_to) => units(up_to.decimal(), self.places)?.checked_add(self.included),
            None => None,
        };
        let Some(last) = last.filter(|last| *last <= most) else {
            return self.add(most, (rate, offset)).and(None);
        };
        self.add(last, (rate, offset))?;
        Some(End { units: last, amount: last.checked_mul(rate)?.checked_add(offset)? })
    }

    /// An amount in units of 1/den, of which every amount here is a multiple.
    fn in_units(&self, amount: Exact) -> Option<i128> {
        let (num, den) = amount.parts();
        num.checked_mul(self.den.checked_div(den)?)
    }

    fn add(&mut self, last: i128, (rate, offset): (i128, i128)) -> Option<()> {
        let whole = |number: i128| N::try_from(number).ok();
        let line = Line { last: whole(last)?, rate: whole(rate)?, offset: whole(offset)? };
        if line.rate < N::ZERO {
            return None;
        }
        line.last.checked_line(line.rate, line.offset)?;
        self.lines.push(line);
        Some(())
    }
}

fn least_common_multiple(a: i128, b: i128) -> Option<i128> {
    // The fraction a/b in lowest terms is (a ÷ gcd) / (b ÷ gcd).
    let (share, _) = Exact::ratio(a, b)?.parts();
    share.checked_mul(b)
}

/// How many places the numbers of `source` have that a quantity is compared with.
pub(super) fn places_of(source: &Source<'_>) -> u32 {
    let scale = |quantity: Quantity| Decimal::scale(&quantity.decimal());
    let bounds = match source.model {
        SourceModel::Tiers(_, tiers) => tiers.iter().filter_map(|tier| tier.up_to).map(scale).max(),
        SourceModel::Packages(package) => Some(scale(package.size)),
    };
    bounds.unwrap_or(0).max(scale(source.included))
}

#[cfg(test)]
impl<N: Whole> Form<N> {
    /// The quantities where something changes, as far as they can be written.
    pub(super) fn limits(&self) -> Vec<Decimal> {
        let units: Vec<N> = match &self.shape {
            Shape::Lines(lines) => lines.iter().map(|line| line.last).collect(),
            Shape::Packages(packages) => vec![packages.included, packages.size, packages.last],
        };
        units.into_iter().filter_map(|units| crate::exact::decimal(units.into(), self.places).ok()).collect()
    }
}
