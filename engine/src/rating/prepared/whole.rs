//! The whole numbers that prepared charges compute with: 64 bits first, 128 where those do not suffice.
//!
//! A number that does not fit is `None`, never a wrong one.

use rust_decimal::Decimal;

use crate::exact::{power_of_ten, short_digits};

/// A width of whole numbers.
pub(super) trait Whole: Copy + Ord + TryFrom<i128> + Into<i128> {
    /// Nothing.
    const ZERO: Self;
    /// The largest number.
    const LIMIT: i128;

    /// A quantity, not below zero, in units of 10^-places.
    fn units(decimal: &Decimal, places: u32) -> Option<Self>;

    /// A whole quantity in units of 10^-places.
    fn whole(number: u64, places: u32) -> Option<Self>;

    /// self × rate + offset; `None` if it does not fit.
    fn checked_line(self, rate: Self, offset: Self) -> Option<Self>;

    /// The same, where the caller knows that it fits.
    fn fitting_line(self, rate: Self, offset: Self) -> Self;

    /// How many packages of `size`, which is above zero, are begun by what exceeds `included`, which is less than self.
    fn packages(self, included: Self, size: Self) -> Self;
}

impl Whole for i64 {
    const ZERO: Self = 0;
    const LIMIT: i128 = 0x7FFF_FFFF_FFFF_FFFF;

    #[inline(always)]
    fn units(decimal: &Decimal, places: u32) -> Option<Self> {
        let (mantissa, scale) = (short_digits(decimal)?, decimal.scale());
        if scale == places { Some(mantissa) } else { scaled_up(mantissa, places.checked_sub(scale)?) }
    }

    #[inline(always)]
    fn whole(number: u64, places: u32) -> Option<Self> {
        let number = Self::try_from(number).ok()?;
        if places == 0 { Some(number) } else { scaled_up(number, places) }
    }

    #[inline]
    fn checked_line(self, rate: Self, offset: Self) -> Option<Self> {
        self.checked_mul(rate)?.checked_add(offset)
    }

    #[inline(always)]
    fn fitting_line(self, rate: Self, offset: Self) -> Self {
        self.wrapping_mul(rate).wrapping_add(offset)
    }

    #[inline(always)]
    fn packages(self, included: Self, size: Self) -> Self {
        // One less before the division and one more after it: a full last package is not begun anew.
        self.wrapping_sub(included).wrapping_sub(1).checked_div(size).unwrap_or(0).wrapping_add(1)
    }
}

#[inline(never)]
fn scaled_up(mantissa: i64, places: u32) -> Option<i64> {
    mantissa.checked_mul(i64::try_from(power_of_ten(places)?).ok()?)
}

impl Whole for i128 {
    const ZERO: Self = 0;
    const LIMIT: i128 = Self::MAX;

    #[inline]
    fn units(decimal: &Decimal, places: u32) -> Option<Self> {
        if decimal.is_sign_negative() {
            return None;
        }
        units(*decimal, places)
    }

    #[inline]
    fn whole(number: u64, places: u32) -> Option<Self> {
        Self::from(number).checked_mul(power_of_ten(places)?)
    }

    #[inline]
    fn checked_line(self, rate: Self, offset: Self) -> Option<Self> {
        self.checked_mul(rate)?.checked_add(offset)
    }

    #[inline]
    fn fitting_line(self, rate: Self, offset: Self) -> Self {
        self.wrapping_mul(rate).wrapping_add(offset)
    }

    #[inline]
    fn packages(self, included: Self, size: Self) -> Self {
        self.wrapping_sub(included).wrapping_sub(1).checked_div(size).unwrap_or(0).wrapping_add(1)
    }
}

/// A decimal in units of 10^-places; `None` if it has more places or too many digits.
pub(super) fn units(decimal: Decimal, places: u32) -> Option<i128> {
    let missing = places.checked_sub(decimal.scale())?;
    decimal.mantissa().checked_mul(power_of_ten(missing)?)
}
