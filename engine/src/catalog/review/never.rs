//! What a book says and nothing can ever come of: selections of values that do not occur, discounts that never hold.
//!
//! Never refuses: a later version, or another book with the same meter, may have a use for it.

use crate::catalog::{Book, Charge, Discount, Metered, Off, Pricing};
use crate::period::Month;
use crate::quantity::Quantity;
use crate::usage::By;

use super::warning::{NeverHolds, WarningKind};

/// Values of a charge's `where` that its meter never has.
pub(super) fn unmet_values(book: &Book, charge: &Charge) -> Vec<WarningKind> {
    let metered = match &charge.pricing {
        Pricing::Metered(metered) => metered,
        Pricing::Flat(_) | Pricing::Capacity(_) | Pricing::Composite(_) => return Vec::new(),
    };
    let mut found = Vec::new();
    for condition in &metered.only {
        let Some(possible) = possible_values(book, metered, condition.place) else { continue };
        let never: Vec<String> = condition.values.iter().filter(|value| !possible.contains(value)).cloned().collect();
        if never.is_empty() {
            continue;
        }
        let (attribute, all) = (condition.attribute.clone(), never.len() == condition.values.len());
        let quota = (all && metered.included != Quantity::ZERO).then_some(metered.included);
        found.push(WarningKind::NeverSelected { attribute, values: never, possible, all, quota });
    }
    found
}

/// The values that a dimension of the charge's meter can have; `None` where that can be any.
fn possible_values(book: &Book, metered: &Metered, place: usize) -> Option<Vec<String>> {
    let meter = book.meter(&metered.meter)?;
    match &meter.group_by.get(place)?.by {
        By::Attribute { field } => {
            let filter = meter.only.iter().find(|filter| filter.field == *field)?;
            Some(filter.values.clone())
        }
        By::Bands { bands, .. } => Some(bands.iter().map(|band| band.name.clone()).collect()),
        By::Calendar(id) => {
            let calendar = book.calendars.iter().find(|calendar| calendar.id == *id)?;
            let mut slots: Vec<String> = Vec::new();
            for slot in calendar.rows.iter().map(|row| &row.slot).chain([&calendar.default]) {
                if !slots.contains(slot) {
                    slots.push(slot.clone());
                }
            }
            Some(slots)
        }
        By::Window(_) => None,
    }
}

/// Why a discount takes nothing off any bill of this version, if so.
pub(super) fn never_holds(book: &Book, discount: &Discount) -> Option<NeverHolds> {
    let is_nothing = match discount.off {
        Off::Percent(percent) => percent.decimal().is_zero(),
        Off::Amount(amount) => amount.decimal().is_zero(),
    };
    let over = |until: &Month| until.first_day() <= book.effective;
    if is_nothing {
        return Some(NeverHolds::Nothing);
    }
    let until = discount.term.until.filter(over)?;
    Some(NeverHolds::Over { until, effective: book.effective })
}
