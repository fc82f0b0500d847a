//! Counts the events of many customers at once: what [`Metering`] counts of each of them, in a fraction of the time.
//!
//! Has no rules of its own: the meters say what an event brings. Sums that are short lie side by side in one table;
//! everything else is counted by a [`Metering`] of the customer.

use std::sync::Arc;

use super::aggregate::Aggregate;
use super::meter::{Meter, MeterError, Reset, Usage};
use super::metering::Metering;
use super::meters::{EventKind, Keeps, Lies, Meters};
use super::slot::Slot;
use super::span::Span;
use super::usage_event::UsageEvent;

/// Counts the events of many customers, who are numbered from 0 without gaps.
#[derive(Debug, Clone)]
pub struct Crowd {
    rules: Rules,
    sums: Sums,
}

/// What is the same for all customers.
#[derive(Debug, Clone)]
struct Rules {
    meters: Arc<Meters>,
    seal: u64,
    span: Span,
    /// The period in whole microseconds, rounded down.
    start_us: i64,
    end_us: i64,
    /// Where each meter has its slot among those of a customer; none where a slot cannot hold what it counts.
    slot_of: Vec<Option<usize>>,
    slots_per_customer: usize,
}

/// What was counted.
#[derive(Debug, Clone, Default)]
struct Sums {
    /// Those of the first customer, then those of the second, and so on.
    slots: Vec<Slot>,
    /// What slots cannot hold, by customer. Together with the open slots it is all that was counted.
    exact: Vec<Option<Box<Metering>>>,
}

/// The sums of one customer, ready for one event.
struct Customer<'a> {
    rules: &'a Rules,
    sums: &'a mut Sums,
    customer: usize,
}

impl Crowd {
    /// Begins at nothing, with nobody.
    pub fn of(meters: Arc<Meters>, span: Span) -> Self {
        let mut slots_per_customer = 0_usize;
        let slot = |meter: &Meter| {
            let place = slots_per_customer;
            has_slot(meter).then(|| slots_per_customer = place.saturating_add(1)).map(|()| place)
        };
        let slot_of = meters.meters.iter().map(slot).collect();
        let [start_us, end_us] = [span.period.start, span.period.end].map(|at| at.timestamp_micros());
        let rules = Rules { seal: meters.seal(), meters, span, start_us, end_us, slot_of, slots_per_customer };
        Self { rules, sums: Sums::default() }
    }

    /// Looks a type of events up, once for all events of it.
    pub fn kind(&self, kind: &str) -> EventKind {
        self.rules.meters.kind(kind)
    }

    /// Whether the source and the id of an event can change what is counted, and not only what an error says.
    pub fn wants_ids(&self) -> bool {
        self.rules.slot_of.contains(&None)
    }

    /// How many customers there are: one more than the highest number that came.
    pub fn customers(&self) -> usize {
        self.sums.exact.len()
    }

    /// For how many customers something was counted that no slot holds. Each of them takes the memory of a [`Metering`].
    pub fn counted_exactly(&self) -> usize {
        self.sums.exact.iter().flatten().count()
    }

    /// Counts one event of a customer in every meter that selects it; returns how many did. One that a meter cannot read
    /// is counted by none of them. `kind` is the event's type, looked up before. There is room for all customers up to
    /// the highest number afterwards.
    #[inline]
    pub fn add<E: UsageEvent>(&mut self, customer: u32, kind: EventKind, event: &E) -> Result<u32, MeterError> {
        let Self { rules, sums } = self;
        let customer = number(customer);
        if customer >= sums.exact.len() {
            sums.make_room(customer, rules)?;
        }
        let Some(kind) = rules.meters.of_event(kind, rules.seal, event) else { return Ok(0) };
        rules.meters.count(kind, event, rules.lies(event), &mut Customer { rules, sums, customer })
    }

    /// Takes in what another crowd has counted of other events of the same book and span. `number_of` says which number
    /// each of its customers has here. After an error neither of the two is of use.
    pub fn merge(&mut self, other: Self, number_of: impl Fn(u32) -> u32) -> Result<(), MeterError> {
        let Self { rules, sums } = self;
        if rules.span != other.rules.span || !rules.meters.count_like(&other.rules.meters) {
            return Err(MeterError::Mixed);
        }
        for (theirs, exact) in (0_u32..).zip(&other.sums.exact) {
            let customer = number(number_of(theirs));
            sums.make_room(customer, rules)?;
            let mut customer = Customer { rules, sums, customer };
            for (place, slot) in other.rules.slots_of(&other.sums, number(theirs)) {
                customer.merge(place, slot)?;
            }
            if let Some(exact) = exact {
                customer.exact()?.merge(exact)?;
            }
        }
        Ok(())
    }

    /// All that was counted of a customer, as if they had been counted alone. Nothing where the number is not known.
    pub fn metering(&self, customer: u32) -> Result<Metering, MeterError> {
        let Self { rules, sums } = self;
        let customer = number(customer);
        let exact = sums.exact.get(customer).and_then(Option::as_deref);
        let mut metering = exact.cloned().unwrap_or_else(|| rules.metering());
        for (place, slot) in rules.slots_of(sums, customer) {
            if let Some((events, sum)) = slot.sum() {
                metering.add_sum(place, events, sum)?;
            }
        }
        Ok(metering)
    }

    /// What was counted of a customer, meter by meter in the book's order. Fails where a quantity has more than 28 digits.
    pub fn usage(&self, customer: u32) -> Result<Usage, MeterError> {
        self.metering(customer)?.usage()
    }
}

/// Whether what the meter counts is one sum.
fn has_slot(meter: &Meter) -> bool {
    let sums = match &*meter.aggregate {
        Aggregate::Count | Aggregate::Sum { .. } => true,
        Aggregate::Min { .. }
        | Aggregate::Max { .. }
        | Aggregate::Mean { .. }
        | Aggregate::Latest { .. }
        | Aggregate::UniqueCount { .. }
        | Aggregate::TimeWeighted { .. }
        | Aggregate::Percentile { .. }
        | Aggregate::Windowed { .. }
        | Aggregate::ProratedSum { .. }
        | Aggregate::ProratedUniqueCount { .. }
        | Aggregate::HighWater { .. }
        | Aggregate::ProratedHighWater { .. } => false,
    };
    let counted_as_read = meter.convert_each.is_none() || meter.aggregate.reads_numbers();
    sums && counted_as_read && meter.group_by.is_empty() && !meter.samples && meter.reset == Reset::Period
}

/// A customer's number as a place in lists.
#[inline]
fn number(customer: u32) -> usize {
    usize::try_from(customer).unwrap_or(usize::MAX)
}

impl Rules {
    fn metering(&self) -> Metering {
        Metering::of(Arc::clone(&self.meters), self.span)
    }

    /// Most events lie well inside the period, which their microseconds say; only at its edges the exact time decides.
    #[inline]
    fn lies(&self, event: &impl UsageEvent) -> Lies {
        let at_us = event.time_us();
        if self.start_us < at_us && at_us < self.end_us {
            return Lies::Inside;
        }
        Lies::of(event.time(), &self.span.period)
    }

    /// The place of a customer's slot of a meter; none where that meter has no slots.
    #[inline]
    fn slot(&self, place: usize, customer: usize) -> Option<usize> {
        let slot = (*self.slot_of.get(place)?)?;
        customer.checked_mul(self.slots_per_customer)?.checked_add(slot)
    }

    /// A customer's slots, each with the place of its meter.
    fn slots_of(&self, sums: &Sums, customer: usize) -> impl Iterator<Item = (usize, Slot)> {
        (0..self.slot_of.len()).filter_map(move |place| Some((place, *sums.slots.get(self.slot(place, customer)?)?)))
    }
}

impl Sums {
    /// Makes room for all customers up to this one. Fails only where so many cannot be numbered.
    fn make_room(&mut self, customer: usize, rules: &Rules) -> Result<(), MeterError> {
        let customers = customer.checked_add(1).ok_or(MeterError::Mixed)?;
        let slots = customers.checked_mul(rules.slots_per_customer).ok_or(MeterError::Mixed)?;
        if self.exact.len() < customers {
            self.slots.resize(slots, Slot::default());
            self.exact.resize_with(customers, || None);
        }
        Ok(())
    }
}

impl Customer<'_> {
    /// What slots cannot hold.
    fn exact(&mut self) -> Result<&mut Metering, MeterError> {
        // There is room for every customer who comes here.
        let exact = self.sums.exact.get_mut(self.customer).ok_or(MeterError::Mixed)?;
        Ok(exact.get_or_insert_with(|| Box::new(self.rules.metering())))
    }

    #[inline]
    fn slot(&mut self, place: usize) -> Option<&mut Slot> {
        self.sums.slots.get_mut(self.rules.slot(place, self.customer)?)
    }

    /// Counts exactly what a slot cannot take, and from now on all that would go there: so every event meets the same
    /// sum as if there were no slots.
    #[cold]
    fn close(&mut self, place: usize) -> Result<(), MeterError> {
        match self.slot(place).and_then(Slot::close) {
            Some((events, sum)) => self.exact()?.add_sum(place, events, sum),
            None => Ok(()),
        }
    }

    /// Takes in another customer's slot of the meter at this place.
    fn merge(&mut self, place: usize, other: Slot) -> Result<(), MeterError> {
        let Some((events, sum)) = other.sum() else { return Ok(()) };
        if self.slot(place).is_some_and(|slot| slot.merge(other).is_some()) {
            return Ok(());
        }
        self.close(place)?;
        self.exact()?.add_sum(place, events, sum)
    }
}

impl Keeps for Customer<'_> {
    #[inline]
    fn wants_history(&self, _: usize, meter: &Meter) -> bool {
        meter.reset == Reset::Never
    }

    #[inline]
    fn keep<E: UsageEvent>(&mut self, place: usize, meter: &Meter, event: &E) -> Result<bool, MeterError> {
        if let Some(slot) = self.slot(place) {
            let Some(read) = meter.read(event)? else { return Ok(false) };
            if slot.add(read.value).is_some() {
                return Ok(true);
            }
            self.close(place)?;
        }
        self.exact()?.add_to(place, event)
    }
}
