//! What a charge prices of a meter: a quantity, how many events it came from and what each of them brought.
//!
//! Chooses among what was counted; never counts.

use crate::catalog::Metered;
use crate::exact::Overflow;
use crate::quantity::Quantity;
use crate::usage::{Group, MeterUsage, Sample};

/// The part of a meter's usage that is priced as one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted<'u> {
    /// The charge's pricing.
    pub(super) metered: &'u Metered,
    usage: Option<&'u MeterUsage>,
    group: Option<&'u Group>,
    /// Its quantity.
    pub(super) quantity: Quantity,
}

impl<'u> Counted<'u> {
    /// All that the charge selects.
    pub(super) fn selected(metered: &'u Metered, usage: Option<&'u MeterUsage>) -> Result<Self, Overflow> {
        Ok(Self { metered, usage, group: None, quantity: selected(metered, usage)? })
    }

    /// A quantity of which nothing else is known, for models that look at nothing else.
    pub(super) fn assumed(metered: &'u Metered, quantity: Quantity) -> Self {
        Self { metered, usage: None, group: None, quantity }
    }

    /// One group alone.
    pub(super) fn group(metered: &'u Metered, usage: Option<&'u MeterUsage>, group: &'u Group) -> Self {
        Self { metered, usage, group: Some(group), quantity: group.quantity }
    }

    /// The same events with another quantity, as a conversion or an allowance leaves it.
    pub(super) fn with(self, quantity: Quantity) -> Self {
        Self { quantity, ..self }
    }

    /// What each event brought, in the order of time; nothing where the meter does not keep it.
    pub(super) fn samples(self) -> impl Iterator<Item = &'u Sample> {
        let samples = self.usage.map_or(&[][..], |usage| &usage.samples);
        samples.iter().filter(move |sample| match self.group {
            Some(group) => sample.key == group.key,
            None => self.metered.selects(&sample.key),
        })
    }

    /// From how many events the quantity came; `None` where it was assumed.
    pub(super) fn events(self) -> Option<u64> {
        let usage = self.usage?;
        match self.group {
            Some(group) => Some(group.events),
            None if !usage.samples.is_empty() => u64::try_from(self.samples().count()).ok(),
            None if self.metered.only.is_empty() => usage.events,
            None => {
                let groups = usage.groups.iter().filter(|group| self.metered.selects(&group.key));
                groups.map(|group| group.events).try_fold(0_u64, u64::checked_add)
            }
        }
    }
}

/// What the charge prices of the meter's quantity.
pub(super) fn selected(metered: &Metered, usage: Option<&MeterUsage>) -> Result<Quantity, Overflow> {
    let Some(usage) = usage else { return Ok(Quantity::ZERO) };
    if metered.only.is_empty() {
        return Ok(usage.quantity);
    }
    let groups = usage.groups.iter().filter(|group| metered.selects(&group.key));
    groups.map(|group| group.quantity).try_fold(Quantity::ZERO, Quantity::checked_add)
}
