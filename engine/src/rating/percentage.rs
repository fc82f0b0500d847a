//! Percentage: a share of money, with a fee, an allowance and limits for each event. For payments and transfers.
//!
//! The allowance ends with whichever comes first, its events or its money. An event whose running total stays below the
//! free money pays no fee. The limits hold for the share and the fee of one event together; an event that is wholly
//! free costs nothing, whatever the minimum. Where no money moved, nothing is due.

use super::counted::Counted;
use super::trace::{Recorder, Step};
use crate::catalog::Percentage;
use crate::exact::{Exact, Overflow};
use crate::money::Money;
use crate::quantity::Quantity;

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn price(
    percentage: &Percentage,
    counted: Counted<'_>,
    steps: &mut impl Recorder,
) -> Result<Exact, Overflow> {
    // Payments that add up to nothing are as good as none.
    if counted.quantity.is_zero() {
        return Ok(Exact::ZERO);
    }
    let tally =
        if percentage.needs_events() { event_by_event(percentage, counted)? } else { whole(percentage, counted)? };
    let Percentage { percent, per_event: fee, free_events, free_amount, minimum, maximum } = *percentage;
    let Tally { paid_events: events, paid, .. } = tally;
    if free_events.is_some() || free_amount.is_some() {
        let (events_free, amount_free) = (tally.free_events, tally.free);
        steps.record(|| Step::EventAllowance {
            free_events,
            free_amount,
            events_free,
            amount_free,
            events,
            billable: paid,
        });
    }
    let base = Money::new(paid.decimal());
    let mut sum = percent.of(base.exact())?;
    steps.record(|| Step::Percent { base, percent, amount: sum });
    if fee.exact().signum() != 0 {
        let amount = fee.exact().checked_mul(number(events)?)?;
        steps.record(|| Step::EventFee { events, fee, amount });
        sum = sum.checked_add(amount)?;
    }
    let Changed { events: raised, by: raised_by } = tally.raised;
    let Changed { events: lowered, by: lowered_by } = tally.lowered;
    if raised > 0 || lowered > 0 {
        let amount = raised_by.checked_sub(lowered_by)?;
        let (minimum, maximum) = (minimum.map(Box::new), maximum.map(Box::new));
        steps.record(|| Step::EventLimits { minimum, maximum, raised, raised_by, lowered, lowered_by, amount });
        sum = sum.checked_add(amount)?;
    }
    Ok(sum)
}

/// What the events come to.
#[derive(Default)]
struct Tally {
    /// Events that pay no fee.
    free_events: u64,
    /// Money that is free.
    free: Quantity,
    /// Events that pay the fee.
    paid_events: u64,
    /// Money of which a share is due.
    paid: Quantity,
    raised: Changed,
    lowered: Changed,
}

/// How many events a limit changed, and by how much in all.
struct Changed {
    events: u64,
    by: Exact,
}

impl Default for Changed {
    fn default() -> Self {
        Self { events: 0, by: Exact::ZERO }
    }
}

impl Changed {
    fn add(&mut self, by: Exact) -> Result<(), Overflow> {
        self.events = self.events.checked_add(1).ok_or(Overflow)?;
        self.by = self.by.checked_add(by)?;
        Ok(())
    }
}

/// Where no rule looks at single events, the total and the number of events say it all.
fn whole(percentage: &Percentage, counted: Counted<'_>) -> Result<Tally, Overflow> {
    let free = percentage.free_amount.map_or(Quantity::ZERO, |free| free.min(counted.quantity));
    let paid = counted.quantity.checked_sub(free)?;
    // Without a fee the number does not matter; with one, `rate` has made sure that it is known.
    Ok(Tally { free, paid, paid_events: counted.events().unwrap_or(0), ..Tally::default() })
}

fn event_by_event(percentage: &Percentage, counted: Counted<'_>) -> Result<Tally, Overflow> {
    let has_allowance = percentage.free_events.is_some() || percentage.free_amount.is_some();
    let mut events_left = percentage.free_events.unwrap_or(u64::MAX);
    let mut amount_left = percentage.free_amount;
    let mut running = Quantity::ZERO;
    let mut tally = Tally::default();
    for sample in counted.samples() {
        let value = sample.value;
        running = running.checked_add(value)?;
        let covered = has_allowance && events_left > 0;
        events_left = events_left.saturating_sub(1);
        let free = match (covered, amount_left) {
            (false, _) => Quantity::ZERO,
            (true, None) => value,
            (true, Some(left)) => value.min(left).max(Quantity::ZERO),
        };
        if let Some(left) = amount_left {
            amount_left = Some(left.checked_sub(free)?);
        }
        // Exactly at the free money the allowance is used up, and the event pays its fee.
        let fee_free = covered && percentage.free_amount.is_none_or(|amount| running < amount);
        tally.take(percentage, (value, free), fee_free)?;
    }
    Ok(tally)
}

impl Tally {
    fn take(
        &mut self,
        percentage: &Percentage,
        (value, free): (Quantity, Quantity),
        fee_free: bool,
    ) -> Result<(), Overflow> {
        let paid = value.checked_sub(free)?;
        self.free = self.free.checked_add(free)?;
        self.paid = self.paid.checked_add(paid)?;
        let events = if fee_free { &mut self.free_events } else { &mut self.paid_events };
        *events = events.checked_add(1).ok_or(Overflow)?;
        if fee_free && paid.is_zero() {
            return Ok(());
        }
        let share = percentage.percent.of(paid.exact())?;
        let amount = if fee_free { share } else { share.checked_add(percentage.per_event.exact())? };
        self.limit(percentage, value, amount)
    }

    /// A refund has no minimum: it would be charged for.
    fn limit(&mut self, percentage: &Percentage, value: Quantity, amount: Exact) -> Result<(), Overflow> {
        if let Some(minimum) = percentage.minimum
            && !value.is_negative()
        {
            let below = minimum.exact().checked_sub(amount)?;
            if below.signum() > 0 {
                return self.raised.add(below);
            }
        }
        if let Some(maximum) = percentage.maximum {
            let above = amount.checked_sub(maximum.exact())?;
            if above.signum() > 0 {
                return self.lowered.add(above);
            }
        }
        Ok(())
    }
}

fn number(events: u64) -> Result<Exact, Overflow> {
    Exact::ratio(i128::from(events), 1).ok_or(Overflow)
}
