//! A customer's own price for a charge of the book: the book as that customer has it, checked as any other.
//!
//! Keeps the digest of the book, which is what everybody else has; the trace names an own price. An override for a
//! charge that is gone is refused, never passed over.

use serde_json::{Map, Value};

use super::book::Book;
use super::canonical;
use super::draft::BookDraft;
use super::price::MODEL_KEYS;
use crate::invoice::{AccountProblem, Override};

impl Book {
    /// The book with these prices in the plans named; a price for another plan changes nothing here.
    pub(crate) fn with_own_prices(&self, plans: &[&str], prices: &[Override]) -> Result<Self, AccountProblem> {
        let mut value = canonical::to_value(self);
        for own in prices.iter().filter(|own| own.plan.as_ref().is_none_or(|plan| plans.contains(&plan.as_str()))) {
            let mut found = false;
            let mut known = Vec::new();
            for charge in charges(&mut value, plans, own) {
                let id = charge.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
                if id == own.charge.as_str() {
                    replace(charge, own)?;
                    found = true;
                }
                known.push(id);
            }
            if !found {
                return Err(AccountProblem::OverrideGone { charge: own.charge.clone(), known });
            }
        }
        BookDraft::from_json(&value).check_under(self.digest()).map_err(|problems| {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            AccountProblem::BadOverride { detail: problems.join("; ") }
        })
    }
}

/// The charges of the plans for which a price is meant, as they are written.
fn charges<'v>(
    book: &'v mut Value,
    plans: &'v [&str],
    own: &'v Override,
) -> impl Iterator<Item = &'v mut Map<String, Value>> {
    let meant = move |plan: &&mut Value| {
        let id = plan.get("id").and_then(Value::as_str).unwrap_or_default();
        plans.contains(&id) && own.plan.as_ref().is_none_or(|plan| plan.as_str() == id)
    };
    let all = book.get_mut("plans").and_then(Value::as_array_mut).into_iter().flatten();
    let charges = all.filter(meant).filter_map(|plan| plan.get_mut("charges")?.as_array_mut());
    charges.flatten().filter_map(Value::as_object_mut)
}

/// Puts the own model, and the included units that come with it, in place of the book's.
fn replace(charge: &mut Map<String, Value>, own: &Override) -> Result<(), AccountProblem> {
    let bad = |detail: &str| AccountProblem::BadOverride { detail: format!("{}: {detail}", own.charge) };
    let Some(price) = own.price.as_object() else {
        return Err(bad("a price is a table with a charge model, for instance { per_unit = { price = \"0.40\" } }"));
    };
    if let Some(key) = price.keys().find(|key| !MODEL_KEYS.contains(&key.as_str()) && *key != "included") {
        return Err(bad(&format!("{key} is no part of an own price; allowed are one charge model and included")));
    }
    if price.keys().any(|key| MODEL_KEYS.contains(&key.as_str())) {
        charge.retain(|key, _| !MODEL_KEYS.contains(&key.as_str()));
    }
    charge.extend(price.iter().map(|(key, value)| (key.clone(), value.clone())));
    Ok(())
}
