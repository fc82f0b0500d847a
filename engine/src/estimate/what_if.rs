//! What if a customer committed to another amount: the same plan and usage, with one promise of the plan replaced.
//!
//! Prices go through `rating` like any other; only the promise in a copy of the plan is another.

use crate::catalog::{Book, Plan, Promised};
use crate::ids::ChargeId;
use crate::money::Money;
use crate::quantity::Quantity;
use crate::rating::{RateError, find_plan, rate};
use crate::usage::Usage;

/// A commitment of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    /// The charge that it is about; `None` where it is about the whole plan.
    pub charge: Option<ChargeId>,
    /// How much is promised in a period.
    pub of: Promised,
}

/// What a plan costs with another commitment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WhatIf {
    /// What is due with the plan's own commitment.
    pub now: Money,
    /// What would be due.
    pub then: Money,
    /// then − now: below zero where the other commitment is cheaper.
    pub difference: Money,
}

/// The commitments of a plan: its own first, then those of its charges.
pub fn promises(plan: &Plan) -> Vec<Promise> {
    let own = plan.terms.commitment.as_ref();
    let own = own.map(|commitment| Promise { charge: None, of: Promised::Amount(commitment.amount) });
    let charges = plan.charges.iter().filter_map(|charge| {
        let commitment = charge.terms.commitment.as_ref()?;
        Some(Promise { charge: Some(charge.id.clone()), of: commitment.of })
    });
    own.into_iter().chain(charges).collect()
}

/// Prices `usage` on `plan` with its commitment of the same place made `how_much`: money or units, as the plan's own is.
///
/// `None` where the plan has no such commitment. Everything else of the plan stays, also the price of what lies above.
pub fn what_if_committed(
    book: &Book,
    plan: &str,
    usage: &Usage,
    (charge, how_much): (Option<&ChargeId>, Quantity),
) -> Result<Option<WhatIf>, RateError> {
    let Some(changed) = committed(find_plan(book, plan)?, charge, how_much) else { return Ok(None) };
    let now = rate(book, plan, usage)?.due;
    let then = rate(&book.with_plan(changed), plan, usage)?.due;
    Ok(Some(WhatIf { now, then, difference: then.checked_sub(now)? }))
}

fn committed(plan: &Plan, charge: Option<&ChargeId>, how_much: Quantity) -> Option<Plan> {
    let mut plan = plan.clone();
    match charge {
        None => plan.terms.commitment.as_mut()?.amount = Money::new(how_much.decimal()),
        Some(id) => {
            let charge = plan.charges.iter_mut().find(|charge| charge.id == *id)?;
            let commitment = charge.terms.commitment.as_mut()?;
            commitment.of = match commitment.of {
                Promised::Amount(_) => Promised::Amount(Money::new(how_much.decimal())),
                Promised::Quantity(_) => Promised::Quantity(how_much),
            };
        }
    }
    Some(plan)
}

#[cfg(test)]
mod tests {
    use super::{promises, what_if_committed};
    use crate::catalog::{Book, BookDraft};
    use crate::ids::{ChargeId, MeterId};
    use crate::quantity::Quantity;
    use crate::usage::{MeterUsage, Usage};

    fn book(terms: &str, charge_terms: &str) -> Book {
        let text = format!(
            "[book]\nid = \"b\"\nversion = \"1\"\neffective = \"2026-01-01\"\ncurrency = \"CNY\"\nzone = \"UTC\"\n\
             name = {{ zh = \"书\", en = \"Book\" }}\n[meters.m]\nname = {{ zh = \"量\", en = \"M\" }}\nevent = \"e\"\n\
             aggregate = \"count\"\n[plans.p]\nname = {{ zh = \"套餐\", en = \"Plan\" }}\n{terms}\n\
             [[plans.p.charges]]\nmeter = \"m\"\nper_unit = {{ price = \"2\" }}\n{charge_terms}\n"
        );
        BookDraft::from_toml(&text).check().unwrap()
    }

    fn then(book: &Book, charge: Option<&str>, used: u64, how_much: &str) -> Option<(String, String)> {
        let usage = Usage(vec![MeterUsage::assumed(MeterId::new("m").unwrap(), Quantity::from(used))]);
        let charge = charge.map(|id| ChargeId::new(id).unwrap());
        let how_much = Quantity::parse(how_much).unwrap();
        let answer = what_if_committed(book, "p", &usage, (charge.as_ref(), how_much)).unwrap()?;
        Some((answer.then.to_string(), answer.difference.to_string()))
    }

    #[test]
    fn another_commitment_of_the_plan_is_settled_by_its_own_rules() {
        // 60 units are 120.00. Promised 100: the 20 above cost 1.5 times, 130.00. Promised 120: nothing above, 120.00.
        // Promised 150: 30 are missing, 150.00.
        let book = book("commitment = { amount = \"100\", overage_factor = \"1.5\" }", "");
        let pair = |then: &str, more: &str| Some((then.to_owned(), more.to_owned()));
        assert_eq!(then(&book, None, 60, "100"), pair("130.00", "0.00"));
        assert_eq!(then(&book, None, 60, "120"), pair("120.00", "-10.00"));
        assert_eq!(then(&book, None, 60, "150"), pair("150.00", "20.00"));
    }

    #[test]
    fn a_charge_that_commits_to_units_is_asked_in_units() {
        // 60 units are 120.00; 100 units promised are 200.00.
        let book = book("", "commitment = { quantity = \"50\" }");
        assert_eq!(promises(&book.plans[0]).len(), 1);
        assert_eq!(then(&book, Some("m"), 60, "100"), Some(("200.00".to_owned(), "80.00".to_owned())));
        assert_eq!(then(&book, None, 60, "100"), None);
        assert_eq!(then(&book, Some("x"), 60, "100"), None);
    }
}
