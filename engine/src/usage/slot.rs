//! The sum of one meter for one customer in 16 bytes, so that those of many customers lie close together.
//!
//! Never rounds and never wraps: what does not fit is refused and left to an exact count.

use rust_decimal::Decimal;

use crate::exact::{power_of_ten, short_digits};
use crate::quantity::Quantity;

/// A sum of short decimals, and from how many events.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Slot {
    /// The sum times ten to the power of `scale`.
    digits: i64,
    events: u32,
    /// At most 28, or [`CLOSED`].
    scale: u32,
}

/// The scale of a slot that takes nothing any more.
const CLOSED: u32 = u32::MAX;

impl Slot {
    /// Adds what one event brings; `None`, and nothing is changed, where that does not fit.
    #[inline]
    pub(super) fn add(&mut self, value: Quantity) -> Option<()> {
        let value = value.decimal_ref();
        let digits = match short_digits(value) {
            Some(digits) => digits,
            None => i64::try_from(value.mantissa()).ok()?,
        };
        self.merge(Self { digits, events: 1, scale: value.scale() })
    }

    /// Adds what another has; `None`, and nothing is changed, where that does not fit.
    #[inline]
    pub(super) fn merge(&mut self, other: Self) -> Option<()> {
        let (own, other) = if self.scale == other.scale { (*self, other) } else { self.of_one_scale(other)? };
        let digits = own.digits.checked_add(other.digits)?;
        let events = own.events.checked_add(other.events)?;
        if own.scale == CLOSED {
            return None;
        }
        *self = Self { digits, events, scale: own.scale };
        Some(())
    }

    fn of_one_scale(self, other: Self) -> Option<(Self, Self)> {
        if self.scale == CLOSED || other.scale == CLOSED {
            return None;
        }
        let scale = self.scale.max(other.scale);
        Some((self.at(scale)?, other.at(scale)?))
    }

    fn at(self, scale: u32) -> Option<Self> {
        let factor = power_of_ten(scale.checked_sub(self.scale)?)?;
        let digits = self.digits.checked_mul(i64::try_from(factor).ok()?)?;
        Some(Self { digits, scale, ..self })
    }

    /// The events and their sum; `None` where nothing was added or the slot is closed.
    pub(super) fn sum(self) -> Option<(u64, Quantity)> {
        if self.events == 0 || self.scale == CLOSED {
            return None;
        }
        // Never fails: 19 digits with a scale of at most 28 are a decimal.
        let sum = Decimal::try_new(self.digits, self.scale).ok()?;
        Some((self.events.into(), Quantity::new(sum)))
    }

    /// Takes out what was added; the slot takes nothing any more.
    pub(super) fn close(&mut self) -> Option<(u64, Quantity)> {
        let sum = self.sum();
        *self = Self { digits: 0, events: 0, scale: CLOSED };
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::Slot;
    use crate::quantity::Quantity;

    fn quantity(text: &str) -> Quantity {
        Quantity::parse(text).unwrap()
    }

    fn after(values: &[&str]) -> Slot {
        let mut slot = Slot::default();
        values.iter().for_each(|value| slot.add(quantity(value)).unwrap());
        slot
    }

    #[test]
    fn values_of_several_scales_add_up_to_the_last_digit() {
        assert_eq!(after(&["7.25", "-3", "0.000001"]).sum(), Some((3, quantity("4.250001"))));
        assert_eq!(after(&["0.5", "0.5"]).sum(), Some((2, quantity("1"))));
        assert_eq!(after(&["0"]).sum(), Some((1, Quantity::ZERO)));
        assert_eq!(Slot::default().sum(), None);
    }

    #[test]
    fn what_does_not_fit_is_refused_and_changes_nothing() {
        let mut slot = after(&["9223372036854775807"]);
        for value in ["1", "0.1", "9223372036854775808", "0.0000000000000000000000000001"] {
            assert_eq!(slot.add(quantity(value)), None, "{value}");
        }
        assert_eq!(slot.add(quantity("-1")), Some(()));
        assert_eq!(slot.sum(), Some((2, quantity("9223372036854775806"))));
        let mut many = Slot { digits: 0, events: u32::MAX, scale: 0 };
        assert_eq!(many.add(quantity("1")), None);
        assert_eq!(many.sum(), Some((u64::from(u32::MAX), Quantity::ZERO)));
    }

    #[test]
    fn a_closed_slot_takes_nothing_and_merges_with_nothing() {
        let mut slot = after(&["2"]);
        assert_eq!(slot.close(), Some((1, quantity("2"))));
        assert_eq!(slot.close(), None);
        assert_eq!((slot.add(quantity("1")), slot.sum()), (None, None));
        assert_eq!(slot.merge(slot), None);
        assert_eq!(after(&["2"]).merge(slot), None);
    }

    #[test]
    fn a_slot_has_16_bytes() {
        assert_eq!(size_of::<Slot>(), 16);
    }
}
