//! Taxes on lines: from what each is taken, what it comes to, where it is rounded.
//!
//! With net = what a line costs without the taxes inside its price, a tax is net × factor, and its factor is its percentage
//! × (1 + the factors of the taxes it is on). A price that contains taxes is net × (1 + their factors). So every tax is
//! exact until the one place that rounds it.

use serde::{Deserialize, Serialize};

use super::item::{Item, sum};
use super::share::hand_out;
use crate::catalog::{Percent, Tax, TaxBase, TaxRounding, TaxRules, Treatment};
use crate::exact::{Exact, Overflow};
use crate::ids::{ChargeId, TaxId};
use crate::money::Money;
use crate::rating::{Part, Recorder, Step, Steps};
use crate::rounding::{RoundingMode, round};
use crate::text::Names;

/// A tax on a bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxLine {
    /// The tax; documents from before there could be several do not say.
    #[serde(default = "TaxId::single")]
    pub id: TaxId,
    /// What the bill calls it.
    pub name: Names,
    /// Whether it is added to the total, contained in it, or not due.
    #[serde(default)]
    pub treatment: Treatment,
    /// What is due, or contained.
    pub amount: Money,
    /// How it came about.
    pub steps: Vec<Step>,
}

/// Whether a customer owes taxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum TaxStatus {
    /// As the book says.
    #[default]
    Regular,
    /// No taxes are due; the prices stay what they are.
    Exempt,
    /// The customer owes them to their own tax office.
    ReverseCharge,
}

/// How taxes are computed.
#[derive(Debug, Clone, Copy)]
pub struct TaxHow<'a> {
    /// The taxes there are; a compound one after those it is on.
    pub taxes: &'a [Tax],
    /// The book's rules.
    pub rules: TaxRules,
    /// Whether the customer owes them.
    pub status: TaxStatus,
    /// How the book rounds.
    pub mode: RoundingMode,
    /// Places of the minor unit.
    pub digits: u32,
}

/// The taxes on some lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taxed {
    /// Each tax that applies to some line, in the order of the book.
    pub taxes: Vec<TaxLine>,
    /// The rounding of their sum, where it is the sum that is rounded.
    pub rounding: Option<Step>,
    /// What is added to the total.
    pub added: Money,
    /// What is added for each line, exactly, in the order of the lines.
    pub by_item: Vec<Exact>,
}

/// Computes the taxes on what is left of `items`.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub fn tax_items(how: &TaxHow<'_>, items: &[Item<'_>]) -> Result<Taxed, Overflow> {
    // Most books have no taxes; rounding them together shows that there are none.
    if how.taxes.is_empty() && how.rules.at != TaxRounding::Invoice {
        let by_item = vec![Exact::ZERO; items.len()];
        return Ok(Taxed { taxes: Vec::new(), rounding: None, added: Money::ZERO.with_places(how.digits), by_item });
    }
    let mut parts: Vec<Vec<TaxPart>> = how.taxes.iter().map(|_| Vec::new()).collect();
    for base in how.bases(items)? {
        let factors = how.factors(&base.taxes)?;
        for (tax, part) in factors.parts(&base, how)? {
            if let Some(parts) = parts.get_mut(tax) {
                parts.push(part);
            }
        }
    }
    let by_item =
        items.iter().map(|item| how.factors(&how.taxes_of(item))?.added(item.left)).collect::<Result<_, _>>()?;
    let (amounts, rounding) = match how.rules.at {
        TaxRounding::Line | TaxRounding::Tax => (None, None),
        TaxRounding::Invoice => how.round_together(&parts).map(|(amounts, step)| (Some(amounts), step))?,
    };
    let mut taxes = Vec::new();
    let mut added = Exact::ZERO;
    for (index, (tax, parts)) in how.taxes.iter().zip(parts).enumerate() {
        if parts.is_empty() {
            continue;
        }
        let given = amounts.as_ref().and_then(|amounts| amounts.get(index).copied());
        let (amount, steps) = how.line_amount(parts, given)?;
        let treatment = how.treatment(tax);
        if treatment == Treatment::Exclusive {
            added = added.checked_add(amount.exact())?;
        }
        taxes.push(TaxLine { id: tax.id.clone(), name: tax.name.clone(), treatment, amount, steps });
    }
    let added = added.to_decimal().map(|added| Money::new(added).with_places(how.digits)).ok_or(Overflow)?;
    Ok(Taxed { taxes, rounding, added, by_item })
}

/// An amount and the taxes on it, by their places in the book.
struct Base {
    charge: Option<ChargeId>,
    taxes: Vec<usize>,
    amount: Exact,
}

/// What one tax comes to on one base.
struct TaxPart {
    charge: Option<ChargeId>,
    step: Step,
    amount: Exact,
    is_added: bool,
}

/// What taxes come to for each unit of net amount.
struct Factors {
    each: Vec<Factor>,
    /// The factors of the taxes inside the price.
    included: Exact,
}

struct Factor {
    tax: usize,
    treatment: Treatment,
    percent: Percent,
    /// The factors of the taxes it is on.
    on: Exact,
    own: Exact,
}

impl TaxHow<'_> {
    fn tax_mode(&self) -> RoundingMode {
        self.rules.mode.unwrap_or(self.mode)
    }

    fn treatment(&self, tax: &Tax) -> Treatment {
        match self.status {
            TaxStatus::Regular => tax.treatment,
            TaxStatus::Exempt => Treatment::Exempt,
            TaxStatus::ReverseCharge => Treatment::ReverseCharge,
        }
    }

    fn taxes_of(&self, item: &Item<'_>) -> Vec<usize> {
        let applies = |tax: &Tax| item.taxes.map_or(tax.by_default, |ids| ids.contains(&tax.id));
        self.taxes.iter().enumerate().filter(|(_, tax)| applies(tax)).map(|(index, _)| index).collect()
    }

    /// Each line, or each group of lines with the same taxes.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn bases(&self, items: &[Item<'_>]) -> Result<Vec<Base>, Overflow> {
        let mut bases: Vec<Base> = Vec::new();
        for item in items {
            let taxes = self.taxes_of(item);
            let group = match self.rules.base {
                TaxBase::Line => None,
                TaxBase::Group | TaxBase::Invoice => bases.iter_mut().find(|base| base.taxes == taxes),
            };
            match (group, self.rules.base) {
                (Some(base), _) => base.amount = base.amount.checked_add(item.left)?,
                (None, TaxBase::Line) => {
                    bases.push(Base { charge: Some(item.charge.clone()), taxes, amount: item.left });
                }
                (None, TaxBase::Group | TaxBase::Invoice) => {
                    bases.push(Base { charge: None, taxes, amount: item.left });
                }
            }
        }
        for base in bases.iter_mut().filter(|base| base.charge.is_none()) {
            base.amount = round(base.amount, self.digits, self.mode)?.exact();
        }
        Ok(bases)
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn factors(&self, taxes: &[usize]) -> Result<Factors, Overflow> {
        let one = Exact::ratio(1, 1).ok_or(Overflow)?;
        let mut each: Vec<Factor> = Vec::new();
        let mut included = Exact::ZERO;
        for index in taxes {
            let Some(tax) = self.taxes.get(*index) else { continue };
            let treatment = self.treatment(tax);
            let is_under =
                |factor: &&Factor| self.taxes.get(factor.tax).is_some_and(|other| tax.on.contains(&other.id));
            let on = sum(each.iter().filter(is_under).map(|factor| factor.own))?;
            let own = match treatment {
                Treatment::Exclusive | Treatment::Inclusive => tax.percent.of(one.checked_add(on)?)?,
                Treatment::Exempt | Treatment::ReverseCharge => Exact::ZERO,
            };
            if treatment == Treatment::Inclusive {
                included = included.checked_add(own)?;
            }
            each.push(Factor { tax: *index, treatment, percent: tax.percent, on, own });
        }
        Ok(Factors { each, included })
    }

    /// Rounds the sum of the added taxes and that of the contained ones, and hands the units out to the taxes.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn round_together(&self, parts: &[Vec<TaxPart>]) -> Result<(Vec<Money>, Option<Step>), Overflow> {
        let (mode, digits) = (self.tax_mode(), self.digits);
        let exact_of = |parts: &Vec<TaxPart>, added: bool| {
            sum(parts.iter().filter(|part| part.is_added == added).map(|part| part.amount))
        };
        let mut shares = vec![Exact::ZERO; parts.len()];
        let mut step = None;
        for added in [true, false] {
            let exact = parts.iter().map(|parts| exact_of(parts, added)).collect::<Result<Vec<_>, _>>()?;
            let whole = sum(exact.iter().copied())?;
            let amount = round(whole, digits, mode)?;
            for (share, given) in shares.iter_mut().zip(hand_out(amount.exact(), &exact, None, digits)?) {
                *share = share.checked_add(given)?;
            }
            if added {
                let cut = whole.checked_sub(amount.exact())?;
                step = Some(Step::Round { mode, digits, exact: whole, cut, amount });
            }
        }
        let money =
            |share: Exact| share.to_decimal().map(|share| Money::new(share).with_places(digits)).ok_or(Overflow);
        Ok((shares.into_iter().map(money).collect::<Result<_, _>>()?, step))
    }

    /// A tax's amount from its parts; `given` where the taxes are rounded together.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn line_amount(&self, parts: Vec<TaxPart>, given: Option<Money>) -> Result<(Money, Vec<Step>), Overflow> {
        let (mode, digits) = (self.tax_mode(), self.digits);
        let round_step = |exact: Exact| -> Result<(Money, Step), Overflow> {
            let amount = round(exact, digits, mode)?;
            Ok((amount, Step::Round { mode, digits, exact, cut: exact.checked_sub(amount.exact())?, amount }))
        };
        let mut steps = Steps::default();
        let mut exact = Exact::ZERO;
        for part in parts {
            match (self.rules.at, part.charge) {
                (TaxRounding::Line, Some(charge)) => {
                    let (amount, rounded) = round_step(part.amount)?;
                    exact = exact.checked_add(amount.exact())?;
                    let (part, inner) = (Part::Line { charge }, vec![part.step, rounded]);
                    steps.record(|| Step::Part { part, steps: inner, amount: amount.exact() });
                }
                (TaxRounding::Line | TaxRounding::Tax | TaxRounding::Invoice, _) => {
                    exact = exact.checked_add(part.amount)?;
                    steps.record(|| part.step);
                }
            }
        }
        let amount = match given {
            Some(amount) => {
                steps.try_record(|| {
                    Ok(Step::RoundedTogether { exact, cut: exact.checked_sub(amount.exact())?, amount })
                })?;
                amount
            }
            None => {
                let (amount, step) = round_step(exact)?;
                if self.rules.at != TaxRounding::Line {
                    steps.record(|| step);
                }
                amount
            }
        };
        Ok((amount, steps.into_vec()))
    }
}

impl Factors {
    /// 1 + the taxes inside the price.
    fn price(&self) -> Result<Exact, Overflow> {
        Exact::ratio(1, 1).ok_or(Overflow)?.checked_add(self.included)
    }

    /// What is added to a price for these taxes.
    fn added(&self, price: Exact) -> Result<Exact, Overflow> {
        let added = self.each.iter().filter(|factor| factor.treatment == Treatment::Exclusive);
        price.checked_mul(sum(added.map(|factor| factor.own))?)?.checked_div(self.price()?)
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn parts(&self, base: &Base, how: &TaxHow<'_>) -> Result<Vec<(usize, TaxPart)>, Overflow> {
        let net = base.amount.checked_div(self.price()?)?;
        let part = |factor: &Factor| -> Result<(usize, TaxPart), Overflow> {
            let charge = base.charge.clone();
            let (amount, step) = match factor.treatment {
                Treatment::Inclusive => {
                    let amount = net.checked_mul(factor.own)?;
                    let (price, share, all) = (base.amount, factor.own, Box::new(self.included));
                    (amount, Step::TaxIncluded { charge: charge.clone(), price, share, all, amount })
                }
                Treatment::Exclusive | Treatment::Exempt | Treatment::ReverseCharge => {
                    let amount = net.checked_mul(factor.own)?;
                    (amount, self.step(factor, (charge.clone(), net, amount), how)?)
                }
            };
            let is_added = factor.treatment == Treatment::Exclusive;
            Ok((factor.tax, TaxPart { charge, step, amount, is_added }))
        };
        self.each.iter().map(part).collect()
    }

    /// The step of a tax outside the price; a plain one on a plain base reads as a plain percentage.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn step(
        &self,
        factor: &Factor,
        (charge, net, amount): (Option<ChargeId>, Exact, Exact),
        how: &TaxHow<'_>,
    ) -> Result<Step, Overflow> {
        let (percent, treatment) = (factor.percent, factor.treatment);
        if let (None, Treatment::Exclusive, 0, Some(base)) = (&charge, treatment, factor.on.signum(), net.to_decimal())
        {
            return Ok(Step::Percent { base: Money::new(base).with_places(how.digits), percent, amount });
        }
        let taxes = net.checked_mul(factor.on)?;
        Ok(Step::Tax { charge, base: net, taxes, percent, treatment, amount })
    }
}
