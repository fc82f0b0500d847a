//! A correction: what an invoice would have been with everything that is known now, held against what was issued so far.
//!
//! The invoice and its earlier corrections stay as they are; a correction is a document of its own that says each
//! difference. Law: an invoice and its corrections together are the one invoice over all events, to the last digit.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::draft::Draft;
use super::issued::InvoiceNumber;
use crate::exact::{Exact, Overflow};
use crate::ids::{ChargeId, CreditId, DiscountId, TaxId};
use crate::money::Money;
use crate::period::Instant;
use crate::quantity::Quantity;
use crate::rating::Line;
use crate::text::Names;

/// What a correction asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CorrectionKind {
    /// More is to be paid.
    Supplement,
    /// Something is given back.
    CreditNote,
    /// As much is to be paid as before; net, taxes or credits are others.
    Restatement,
}

/// An amount before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// As issued so far.
    pub before: Money,
    /// As it should have been.
    pub after: Money,
    /// After less before.
    pub difference: Money,
}

/// A line whose quantity or amount has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineChange {
    /// The charge.
    pub charge: ChargeId,
    /// What the bill calls it.
    pub name: Names,
    /// What one unit is called; only where the line prices a meter and the book says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Names>,
    /// The quantity that was billed so far.
    pub quantity_before: Quantity,
    /// The quantity that should have been.
    pub quantity_after: Quantity,
    /// The amount.
    pub amount: Change,
}

/// A discount, tax or credit whose amount has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedChange<Id> {
    /// Which.
    pub id: Id,
    /// What the bill calls it.
    pub name: Names,
    /// The amount.
    pub amount: Change,
}

/// Everything that differs between two bills of the same month.
///
/// The differences of lines, less those of discounts and `rounding`, are that of `subtotal`; that of `total` less those
/// of credits is that of `due`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Differences {
    /// The lines that have changed, in the order of the new bill; those that are gone come last.
    pub lines: Vec<LineChange>,
    /// The discounts that have changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<NamedChange<DiscountId>>,
    /// What rounding lines less discounts together cut more than before; only where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rounding: Option<Money>,
    /// Lines less discounts.
    pub subtotal: Change,
    /// The taxes that have changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taxes: Vec<NamedChange<TaxId>>,
    /// With the taxes that are added.
    pub total: Change,
    /// What credits pay, where it has changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credits: Vec<NamedChange<CreditId>>,
    /// What is to be paid.
    pub due: Change,
}

/// A correction before it is issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectionDraft {
    kind: CorrectionKind,
    differences: Differences,
    invoice: Draft,
}

/// What a correction refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference {
    /// The invoice.
    pub corrects: InvoiceNumber,
    /// What was issued last for the same month: the invoice, or the correction before this one.
    pub follows: InvoiceNumber,
    /// Its place among the corrections of the invoice, from 1.
    pub part: u32,
}

/// A correction as it was issued; it never changes either.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// Its number, of the same row as those of invoices.
    pub number: InvoiceNumber,
    /// When it was issued.
    pub issued_at: Instant,
    /// What it asks for.
    pub kind: CorrectionKind,
    /// The invoice that it corrects.
    pub corrects: InvoiceNumber,
    /// The document that `before` is of: the invoice, or the correction before this one.
    pub follows: InvoiceNumber,
    /// Its place among the corrections of the invoice, from 1.
    pub part: u32,
    /// What differs.
    pub differences: Differences,
    /// The whole bill as it should have been.
    pub invoice: Draft,
}

/// Why two bills cannot be held against each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CorrectionError {
    /// They are not of the same customer, month and period.
    OtherMonth,
    /// They are not priced by the same version of a book and the same plan.
    OtherTerms,
    /// An amount has more than 28 digits.
    Overflow,
}

impl fmt::Display for CorrectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherMonth => "a correction must be of the customer, month and period of what it corrects",
            Self::OtherTerms => "a correction must be priced by the book version and plan of what it corrects",
            Self::Overflow => "an amount of the correction has more than 28 digits",
        })
    }
}

impl std::error::Error for CorrectionError {}

impl From<Overflow> for CorrectionError {
    fn from(Overflow: Overflow) -> Self {
        Self::Overflow
    }
}

/// Holds the bill as it should have been against the one that stands; `None` where no sum of money differs.
///
/// `standing` is what the document that was issued last says: the invoice, or its last correction.
pub fn correct(standing: &Draft, now: Draft) -> Result<Option<CorrectionDraft>, CorrectionError> {
    if (&standing.customer, standing.month, standing.period) != (&now.customer, now.month, now.period) {
        return Err(CorrectionError::OtherMonth);
    }
    let terms = |draft: &Draft| (draft.bill.book.clone(), draft.bill.plan.clone(), draft.bill.currency);
    if terms(standing) != terms(&now) {
        return Err(CorrectionError::OtherTerms);
    }
    let differences = differences(standing, &now)?;
    if !differences.is_money() {
        return Ok(None);
    }
    let kind = match differences.due.difference {
        more if more > Money::ZERO => CorrectionKind::Supplement,
        less if less < Money::ZERO => CorrectionKind::CreditNote,
        _ => CorrectionKind::Restatement,
    };
    Ok(Some(CorrectionDraft { kind, differences, invoice: now }))
}

impl CorrectionDraft {
    /// Gives it a number and says what it refers to; from here on it does not change.
    pub fn issue(self, (number, issued_at): (InvoiceNumber, Instant), reference: Reference) -> Correction {
        let Self { kind, differences, invoice } = self;
        let Reference { corrects, follows, part } = reference;
        Correction { number, issued_at, kind, corrects, follows, part, differences, invoice }
    }
}

impl Differences {
    /// Whether anything differs that is paid, owed or declared: lines that shift within the same sums do not count.
    fn is_money(&self) -> bool {
        let sums = [self.subtotal, self.total, self.due];
        sums.iter().any(Change::is_one) || !self.taxes.is_empty() || !self.credits.is_empty()
    }
}

impl Change {
    fn of(before: Option<Money>, after: Option<Money>) -> Result<Self, Overflow> {
        let scale = |money: Option<Money>| money.map_or(0, |money| money.decimal().scale());
        let scale = scale(before).max(scale(after));
        let [before, after] = [before, after].map(|money| money.unwrap_or(Money::ZERO).with_places(scale));
        Ok(Self { before, after, difference: after.checked_sub(before)?.with_places(scale) })
    }

    fn is_one(&self) -> bool {
        self.difference != Money::ZERO
    }
}

fn differences(before: &Draft, after: &Draft) -> Result<Differences, Overflow> {
    let (before, after) = (&before.bill, &after.bill);
    let lines = line_changes(&before.lines, &after.lines)?;
    let discounts = named(&before.discounts, &after.discounts, |line| (&line.id, &line.name, line.amount))?;
    let subtotal = Change::of(Some(before.subtotal), Some(after.subtotal))?;
    Ok(Differences {
        rounding: rounding(&lines, &discounts, subtotal)?,
        lines,
        discounts,
        subtotal,
        taxes: named(&before.taxes, &after.taxes, |line| (&line.id, &line.name, line.amount))?,
        total: Change::of(Some(before.total), Some(after.total))?,
        credits: named(&before.credits, &after.credits, |line| (&line.id, &line.name, line.amount))?,
        due: Change::of(Some(before.due), Some(after.due))?,
    })
}

/// What the rounding of the sum cut more than before; a decimal, because all that it lies between are.
fn rounding(
    lines: &[LineChange],
    discounts: &[NamedChange<DiscountId>],
    subtotal: Change,
) -> Result<Option<Money>, Overflow> {
    let mut cut = Exact::ZERO;
    for line in lines {
        cut = cut.checked_add(line.amount.difference.exact())?;
    }
    for discount in discounts {
        cut = cut.checked_sub(discount.amount.difference.exact())?;
    }
    let cut = cut.checked_sub(subtotal.difference.exact())?;
    if cut.signum() == 0 { Ok(None) } else { Ok(Some(Money::new(cut.to_decimal().ok_or(Overflow)?))) }
}

fn line_changes(before: &[Line], after: &[Line]) -> Result<Vec<LineChange>, Overflow> {
    let same =
        |a: &Line, b: &Line| (&a.charge, &a.plan, &a.version, a.service) == (&b.charge, &b.plan, &b.version, b.service);
    let mut changes = Vec::new();
    for (before, after) in pairs(before, after, same) {
        let Some(shown) = after.or(before) else { continue };
        let amount = Change::of(before.map(|line| line.amount), after.map(|line| line.amount))?;
        let quantity = |line: Option<&Line>| line.map_or(Quantity::ZERO, |line| line.quantity);
        let (quantity_before, quantity_after) = (quantity(before), quantity(after));
        if amount.is_one() || quantity_before != quantity_after {
            changes.push(LineChange {
                charge: shown.charge.clone(),
                name: shown.name.clone(),
                unit: shown.unit.clone().filter(|_| shown.meter.is_some()),
                quantity_before,
                quantity_after,
                amount,
            });
        }
    }
    Ok(changes)
}

fn named<T, Id: Clone + PartialEq>(
    before: &[T],
    after: &[T],
    parts: impl Fn(&T) -> (&Id, &Names, Money),
) -> Result<Vec<NamedChange<Id>>, Overflow> {
    let mut changes = Vec::new();
    for (before, after) in pairs(before, after, |a, b| parts(a).0 == parts(b).0) {
        let Some((id, name, _)) = after.or(before).map(&parts) else { continue };
        let money = |line: Option<&T>| line.map(|line| parts(line).2);
        let amount = Change::of(money(before), money(after))?;
        if amount.is_one() {
            changes.push(NamedChange { id: id.clone(), name: name.clone(), amount });
        }
    }
    Ok(changes)
}

/// Each item of `after` with the first one of `before` that is the same and not taken; then those that are left over.
fn pairs<'a, T>(before: &'a [T], after: &'a [T], same: impl Fn(&T, &T) -> bool) -> Vec<(Option<&'a T>, Option<&'a T>)> {
    let mut rest: Vec<&T> = before.iter().collect();
    let mut pairs = Vec::with_capacity(after.len());
    for item in after {
        let place = rest.iter().position(|other| same(other, item));
        pairs.push((place.map(|place| rest.remove(place)), Some(item)));
    }
    pairs.extend(rest.into_iter().map(|item| (Some(item), None)));
    pairs
}

#[cfg(test)]
mod tests;
