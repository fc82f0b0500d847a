//! Prorated graduated: units come and go within the period and are paid for the time they were there. The running
//! number of full units decides into which tier each of them falls; what is priced there is its share of the period.
//!
//! Fixed fees are due for every tier up to the highest that the running number reached, and are never prorated. Units
//! that go leave the highest tier first. Below zero the first tier goes on.

use super::counted::Counted;
use super::trace::{Part, Recorder, Step};
use crate::catalog::{NegativeTotal, ProratedGraduated, Tier, Tiers, ZeroUsage};
use crate::exact::{Exact, Overflow};
use crate::quantity::Quantity;
use crate::usage::Sample;

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn price(
    prorated: &ProratedGraduated,
    counted: Counted<'_>,
    steps: &mut impl Recorder,
) -> Result<Exact, Overflow> {
    let tiers = &prorated.tiers;
    let walk = walk(tiers, counted)?;
    let reached = reached(tiers, walk.highest);
    let (mut of_units, mut sum) = (Exact::ZERO, Exact::ZERO);
    for (index, ((from, tier), share)) in tiers.with_lower_bounds().zip(&walk.shares).enumerate() {
        let fee_due = reached.is_some_and(|reached| index <= reached);
        if !fee_due && share.signum() == 0 {
            continue;
        }
        let amount = tier.price.times_exact(*share)?;
        of_units = of_units.checked_add(amount)?;
        sum = sum.checked_add(tier_amount((from, tier), (*share, amount), fee_due, steps)?)?;
    }
    if of_units.signum() < 0 && prorated.negative_total == NegativeTotal::Zero {
        let amount = Exact::ZERO.checked_sub(sum)?;
        steps.record(|| Step::NothingBelowZero { before: sum, amount });
        return Ok(Exact::ZERO);
    }
    Ok(sum)
}

/// A tier's units, and its fixed fee where it has one.
fn tier_amount(
    (from, tier): (Quantity, &Tier),
    (share, amount): (Exact, Exact),
    fee_due: bool,
    steps: &mut impl Recorder,
) -> Result<Exact, Overflow> {
    let (up_to, price) = (tier.up_to, tier.price);
    let units = || Step::ProratedTier { from, up_to, share, price, amount };
    if !fee_due || tier.flat.exact().signum() == 0 {
        steps.record(units);
        return Ok(amount);
    }
    steps.part(
        || Part::Tier { from, up_to },
        |steps| {
            let fee = tier.flat.exact();
            steps.record(|| Step::Flat { amount: fee });
            steps.record(units);
            fee.checked_add(amount)
        },
    )
}

/// What each tier holds in shares of the period, and the highest running number of full units.
struct Walk {
    shares: Vec<Exact>,
    highest: Quantity,
}

fn walk(tiers: &Tiers, counted: Counted<'_>) -> Result<Walk, Overflow> {
    let mut walk = Walk { shares: vec![Exact::ZERO; tiers.as_slice().len()], highest: Quantity::ZERO };
    let mut running = Quantity::ZERO;
    let mut has_samples = false;
    for sample in counted.samples() {
        has_samples = true;
        running = walk.take(tiers, running, sample)?;
    }
    // A quantity that was assumed is there for the whole period.
    if !has_samples {
        walk.take(tiers, running, &Sample::whole(counted.quantity))?;
    }
    Ok(walk)
}

impl Walk {
    /// Spreads the share of one event over the tiers through which it moves the running number.
    fn take(&mut self, tiers: &Tiers, before: Quantity, sample: &Sample) -> Result<Quantity, Overflow> {
        let after = before.checked_add(sample.value)?;
        self.highest = self.highest.max(after);
        let (low, high) = (before.min(after), before.max(after));
        let moved = high.checked_sub(low)?;
        for (index, (from, tier)) in tiers.with_lower_bounds().enumerate() {
            let start = if index == 0 { low } else { low.max(from) };
            let end = tier.up_to.map_or(high, |up_to| high.min(up_to));
            if moved.is_zero() || start >= end {
                continue;
            }
            let part = end.checked_sub(start)?.exact().checked_div(moved.exact())?;
            let share = sample.billed.checked_mul(part)?;
            if let Some(sum) = self.shares.get_mut(index) {
                *sum = sum.checked_add(share)?;
            }
        }
        Ok(after)
    }
}

/// The place of the highest tier whose fee is due; `None` if none was entered.
fn reached(tiers: &Tiers, highest: Quantity) -> Option<usize> {
    if highest.is_zero() {
        return (tiers.rules().zero_usage == ZeroUsage::FirstTier).then_some(0);
    }
    tiers.as_slice().iter().position(|tier| tier.holds(highest, tiers.rules().bound))
}

#[cfg(test)]
mod tests {
    use super::{Walk, reached};
    use crate::catalog::{BookDraft, Model, Pricing, Tiers};
    use crate::exact::Exact;
    use crate::quantity::Quantity;
    use crate::usage::Sample;

    fn tiers() -> Tiers {
        let book = serde_json::json!({
            "book": {
                "id": "b", "version": "1", "effective": "2026-01-01", "currency": "EUR", "zone": "UTC",
                "name": { "zh": "b", "en": "b" },
            },
            "plans": [{ "id": "p", "name": { "zh": "p", "en": "p" }, "charges": [{
                "meter": "m", "graduated": [{ "up_to": "5", "price": "1" }, { "up_to": "7", "price": "1" }, { "price": "1" }],
            }] }],
            "meters": [{ "id": "m", "name": { "zh": "m", "en": "m" }, "event": "e", "aggregate": "count" }],
        });
        let book = BookDraft::from_json(&book).check().unwrap();
        match &book.plans[0].charges[0].pricing {
            Pricing::Metered(metered) => match &metered.model {
                Model::Graduated(tiers) => tiers.clone(),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    fn walked(values: &[i64]) -> Walk {
        let tiers = tiers();
        let mut walk = Walk { shares: vec![Exact::ZERO; 3], highest: Quantity::ZERO };
        values.iter().fold(Quantity::ZERO, |running, value| {
            walk.take(&tiers, running, &Sample::whole(Quantity::new((*value).into()))).unwrap()
        });
        walk
    }

    fn texts(walk: &Walk) -> Vec<String> {
        walk.shares.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn one_big_step_fills_the_tiers_like_many_small_ones() {
        assert_eq!(texts(&walked(&[9])), ["5", "2", "2"]);
        assert_eq!(texts(&walked(&[1, 3, 2, 2, 1])), ["5", "2", "2"]);
    }

    #[test]
    fn what_leaves_empties_the_highest_tier_first_and_the_first_goes_below_zero() {
        assert_eq!(texts(&walked(&[9, -3])), ["5", "1", "0"]);
        assert_eq!(texts(&walked(&[6, -8])), ["-2", "0", "0"]);
    }

    #[test]
    fn fees_are_due_up_to_the_highest_tier_ever_reached() {
        let tiers = tiers();
        assert_eq!(reached(&tiers, walked(&[5]).highest), Some(0));
        assert_eq!(reached(&tiers, walked(&[7, -7]).highest), Some(1));
        assert_eq!(reached(&tiers, walked(&[8, -7]).highest), Some(2));
        assert_eq!(reached(&tiers, walked(&[]).highest), None);
    }
}
