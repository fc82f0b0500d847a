//! How much was used. Plain decimals, read and written as text, never through a binary float.

use std::cmp::Ordering;
use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::exact::{Exact, Overflow, decimal, power_of_ten, short_digits};

/// Why a text is not a decimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadDecimal {
    /// Not digits with at most one point and a leading minus.
    NotPlain(String),
    /// More than 28 significant digits.
    TooLong(String),
}

impl fmt::Display for BadDecimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPlain(text) => {
                write!(
                    f,
                    "\"{text}\" is not a plain decimal; write it like 1200000 or 0.25, without exponent or separators"
                )
            }
            Self::TooLong(text) => {
                write!(f, "\"{text}\" has too many digits; at most 28 can be kept exactly")
            }
        }
    }
}

impl std::error::Error for BadDecimal {}

/// Reads a plain decimal exactly: `-`, digits, at most one point. Exponents and separators are refused.
pub fn parse_decimal(text: &str) -> Result<Decimal, BadDecimal> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !plain(whole) || !plain(fraction) {
        return Err(BadDecimal::NotPlain(text.to_owned()));
    }
    let too_long = || BadDecimal::TooLong(text.to_owned());
    let read = Decimal::from_str_exact(text).map_err(|_| too_long())?.normalize();
    decimal(read.mantissa(), read.scale()).map_err(|Overflow| too_long())
}

/// A measured amount of something, in the meter's unit. May be negative: corrections are usage too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quantity(Decimal);

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        // Bounds and quantities are mostly of one scale; then the digits say it and nothing has to be brought to scale.
        if self.0.scale() == other.0.scale() {
            if let (Some(own), Some(other)) = (short_digits(&self.0), short_digits(&other.0)) {
                return own.cmp(&other);
            }
            return self.0.mantissa().cmp(&other.0.mantissa());
        }
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Quantity {
    /// Nothing used.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// A decimal as a quantity.
    #[inline]
    pub fn new(decimal: Decimal) -> Self {
        // Whole numbers above zero are in shortest form already.
        if decimal.scale() == 0 && !decimal.is_sign_negative() { Self(decimal) } else { Self(decimal.normalize()) }
    }

    /// A whole number.
    #[inline]
    pub fn whole(number: i64) -> Self {
        Self(Decimal::from(number))
    }

    /// Reads a plain decimal like `1200000` or `0.25`.
    pub fn parse(text: &str) -> Result<Self, BadDecimal> {
        parse_decimal(text).map(Self)
    }

    /// The number without its meaning.
    pub fn decimal(self) -> Decimal {
        self.0
    }

    /// The number where it lies: copying it costs more than a prepared amount does.
    #[inline]
    pub(crate) fn decimal_ref(&self) -> &Decimal {
        &self.0
    }

    /// The number for exact arithmetic.
    pub fn exact(self) -> Exact {
        Exact::from_decimal(self.0)
    }

    /// Below zero?
    pub fn is_negative(self) -> bool {
        self.0.is_sign_negative() && !self.0.is_zero()
    }

    /// Exactly zero?
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// The sum; refused rather than cut if it has more than 28 digits.
    #[inline]
    pub fn checked_add(self, other: Self) -> Result<Self, Overflow> {
        add_decimals(self.0, other.0).map(Self::new)
    }

    /// The difference; refused rather than cut if it has more than 28 digits.
    pub fn checked_sub(self, other: Self) -> Result<Self, Overflow> {
        // Most often both are short and whole, and the difference is not below zero.
        if self.0.scale() == 0
            && other.0.scale() == 0
            && let (Some(from), Some(take)) = (short_digits(&self.0), short_digits(&other.0))
            && from >= take
        {
            return Ok(Self(Decimal::from(from.saturating_sub(take))));
        }
        add_decimals(self.0, negated(other.0)).map(Self::new)
    }

    /// The product. Fails if it has more than 28 digits.
    pub fn checked_times(self, other: Self) -> Result<Self, Overflow> {
        let product = self.exact().checked_mul(other.exact())?.to_decimal().ok_or(Overflow)?;
        decimal(product.mantissa(), product.scale()).map(Self::new)
    }
}

/// The exact sum, written with the longer of the two scales if it fits so, else shortened.
///
/// rust_decimal's own addition rounds silently when 28 digits do not suffice; this one refuses.
#[inline]
pub(crate) fn add_decimals(a: Decimal, b: Decimal) -> Result<Decimal, Overflow> {
    // Most often both are short and of one scale: then one addition of 64 bits says it all.
    if a.scale() == b.scale()
        && let (Ok(a_digits), Ok(b_digits)) = (i64::try_from(a.mantissa()), i64::try_from(b.mantissa()))
        && let Some(sum) = a_digits.checked_add(b_digits)
    {
        return Decimal::try_new(sum, a.scale()).map_err(|_| Overflow);
    }
    add_long(a, b)
}

fn add_long(a: Decimal, b: Decimal) -> Result<Decimal, Overflow> {
    let scale = a.scale().max(b.scale());
    let aligned = |decimal: Decimal| {
        let missing = scale.checked_sub(decimal.scale())?;
        decimal.mantissa().checked_mul(power_of_ten(missing)?)
    };
    let sum = aligned(a).zip(aligned(b)).and_then(|(a, b)| a.checked_add(b));
    if let Some(sum) = sum
        && let Ok(decimal) = decimal(sum, scale)
    {
        return Ok(decimal);
    }
    let sum = Exact::from_decimal(a).checked_add(Exact::from_decimal(b))?.to_decimal().ok_or(Overflow)?;
    decimal(sum.mantissa(), sum.scale())
}

pub(crate) fn negated(mut decimal: Decimal) -> Decimal {
    decimal.set_sign_negative(!decimal.is_sign_negative());
    decimal
}

impl From<u64> for Quantity {
    fn from(count: u64) -> Self {
        Self(Decimal::from(count))
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Serialize for Quantity {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{BadDecimal, Quantity};

    #[test]
    fn only_plain_decimals_are_quantities() {
        for (text, written) in [("0", "0"), ("0.10", "0.1"), ("-1", "-1"), ("007", "7"), ("1.000", "1")] {
            assert_eq!(Quantity::parse(text).unwrap().to_string(), written);
        }
        for text in ["", "-", "abc", "1e40", "1_000", "1,000", "+1", ".5", "5.", "1.2.3", "NaN", "１"] {
            assert!(matches!(Quantity::parse(text), Err(BadDecimal::NotPlain(_))), "{text}");
        }
        for long in ["1".repeat(41), "1".repeat(29), format!("0.{}", "1".repeat(29))] {
            assert_eq!(Quantity::parse(&long), Err(BadDecimal::TooLong(long)));
        }
        assert!(Quantity::parse(&"1".repeat(28)).is_ok());
    }

    #[test]
    fn a_sum_that_would_lose_digits_is_refused() {
        let big = Quantity::parse("9999999999999999999999999999").unwrap();
        let small = Quantity::parse("0.1").unwrap();
        assert!(big.checked_add(small).is_err());
        assert_eq!(small.checked_add(small).unwrap().to_string(), "0.2");
    }
}
