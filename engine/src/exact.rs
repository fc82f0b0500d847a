//! Amounts before they are rounded: fractions of two integers, so that nothing is lost on the way.
//!
//! Never rounds, never panics: what does not fit 128 bits is `Overflow`.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A result does not fit into 128 bits or 28 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overflow;

impl fmt::Display for Overflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the result is too large to be computed exactly")
    }
}

impl std::error::Error for Overflow {}

/// An exact number: `num / den` with `den > 0`. Equality and order are those of the number, not of its writing.
#[derive(Debug, Clone, Copy)]
pub struct Exact {
    num: i128,
    den: i128,
}

impl Exact {
    /// Nothing.
    pub const ZERO: Self = Self { num: 0, den: 1 };

    /// A decimal as an exact number.
    pub fn from_decimal(decimal: Decimal) -> Self {
        // A decimal has at most 28 places and 10^28 fits, so the power cannot fail.
        let den = power_of_ten(decimal.scale()).unwrap_or(1);
        Self { num: decimal.mantissa(), den }
    }

    /// `num / den`; `None` if `den` is zero or a sign cannot be turned.
    pub fn ratio(num: i128, den: i128) -> Option<Self> {
        match den.cmp(&0) {
            Ordering::Greater => Some(Self { num, den }),
            Ordering::Less => Some(Self { num: num.checked_neg()?, den: den.checked_neg()? }),
            Ordering::Equal => None,
        }
    }

    /// `num / den`, where the caller knows that `den > 0`: made once and used for many numerators.
    #[inline]
    pub(crate) const fn over(num: i128, den: i128) -> Self {
        Self { num, den }
    }

    /// Numerator and denominator in lowest terms; the denominator is positive.
    pub fn parts(self) -> (i128, i128) {
        let reduced = self.reduced();
        (reduced.num, reduced.den)
    }

    /// The sum.
    #[inline]
    pub fn checked_add(self, other: Self) -> Result<Self, Overflow> {
        if self.den == other.den
            && let Some(num) = self.num.checked_add(other.num)
        {
            return Ok(Self { num, den: self.den });
        }
        add_unlike(self, other)
    }

    /// The difference.
    pub fn checked_sub(self, other: Self) -> Result<Self, Overflow> {
        let num = other.num.checked_neg().ok_or(Overflow)?;
        self.checked_add(Self { num, den: other.den })
    }

    /// The product.
    #[inline]
    pub fn checked_mul(self, other: Self) -> Result<Self, Overflow> {
        match multiply(self, other) {
            Some(product) => Ok(product),
            None => multiply_reduced(self, other),
        }
    }

    /// The quotient. Dividing by zero is an overflow too: there is no such number.
    #[inline]
    pub fn checked_div(self, other: Self) -> Result<Self, Overflow> {
        let inverse = Self::ratio(other.den, other.num).ok_or(Overflow)?;
        self.checked_mul(inverse)
    }

    /// -1, 0 or 1.
    pub fn signum(self) -> i128 {
        self.num.signum()
    }

    /// The number as a decimal, if it has one of at most 28 digits.
    pub fn to_decimal(self) -> Option<Decimal> {
        let (num, den) = self.parts();
        if den == 1 {
            return Decimal::try_from_i128_with_scale(num, 0).ok();
        }
        // A decimal exists if the denominator has no prime factors but 2 and 5; its places are the larger exponent.
        let twos = den.trailing_zeros();
        let (fives, rest) = split_fives(den >> twos);
        if rest != 1 {
            return None;
        }
        let places = twos.max(fives);
        let missing_twos = 2_i128.checked_pow(places.checked_sub(twos)?)?;
        let missing_fives = 5_i128.checked_pow(places.checked_sub(fives)?)?;
        let mantissa = num.checked_mul(missing_twos)?.checked_mul(missing_fives)?;
        Decimal::try_from_i128_with_scale(mantissa, places).ok()
    }

    pub(crate) fn raw(self) -> (i128, i128) {
        (self.num, self.den)
    }

    fn reduced(self) -> Self {
        if self.den == 1 {
            return self;
        }
        let divisor = gcd(self.num.unsigned_abs(), self.den.unsigned_abs());
        match i128::try_from(divisor) {
            Ok(d) if d > 1 => Self {
                num: self.num.checked_div(d).unwrap_or(self.num),
                den: self.den.checked_div(d).unwrap_or(self.den),
            },
            _ => self,
        }
    }
}

/// The powers of ten that fit, 10^0 to 10^38.
const POWERS_OF_TEN: [i128; 39] = {
    let mut powers = [1_i128; 39];
    let mut index = 1;
    while index < powers.len() {
        powers[index] = match powers[index.wrapping_sub(1)].checked_mul(10) {
            Some(power) => power,
            None => i128::MAX,
        };
        index = index.wrapping_add(1);
    }
    powers
};

/// 10 to the power of `scale`; `None` above 38.
pub(crate) fn power_of_ten(scale: u32) -> Option<i128> {
    POWERS_OF_TEN.get(usize::try_from(scale).ok()?).copied()
}

/// A decimal of at most 28 digits; what has more could not be read back.
pub(crate) fn decimal(mantissa: i128, scale: u32) -> Result<Decimal, Overflow> {
    let limit = power_of_ten(28).ok_or(Overflow)?.unsigned_abs();
    if mantissa.unsigned_abs() >= limit {
        return Err(Overflow);
    }
    Decimal::try_from_i128_with_scale(mantissa, scale).map_err(|_| Overflow)
}

/// a × b ÷ divisor for a whole divisor above zero, if the digits of all three fit 64 bits.
pub(crate) fn short_product(a: Decimal, b: Decimal, divisor: Decimal) -> Option<Exact> {
    let num = i128::from(short_digits(&a)?).checked_mul(short_digits(&b)?.into())?;
    let den = product(power_of_ten(a.scale().checked_add(b.scale())?)?, short_digits(&divisor)?.into())?;
    Some(Exact { num, den })
}

/// The digits of a decimal that is not below zero, if they fit 63 bits.
#[inline(always)]
pub(crate) fn short_digits(decimal: &Decimal) -> Option<i64> {
    let parts = decimal.unpack();
    if parts.negative || parts.hi != 0 {
        return None;
    }
    i64::try_from((u64::from(parts.mid) << 32) | u64::from(parts.lo)).ok()
}

/// How often 5 divides `number`, and what is left.
fn split_fives(mut number: i128) -> (u32, i128) {
    let mut fives = 0_u32;
    while let Some(quotient) = number.checked_div(5)
        && quotient.checked_mul(5) == Some(number)
    {
        number = quotient;
        fives = fives.saturating_add(1);
    }
    (fives, number)
}

#[inline]
fn multiply(a: Exact, b: Exact) -> Option<Exact> {
    Some(Exact { num: product(a.num, b.num)?, den: product(a.den, b.den)? })
}

/// Reducing crosswise first keeps the product as small as it can be.
#[cold]
fn multiply_reduced(a: Exact, b: Exact) -> Result<Exact, Overflow> {
    let (a, b) = (a.reduced(), b.reduced());
    let left = Exact { num: a.num, den: b.den }.reduced();
    let right = Exact { num: b.num, den: a.den }.reduced();
    multiply(left, right).ok_or(Overflow)
}

fn add_unlike(a: Exact, b: Exact) -> Result<Exact, Overflow> {
    // Sums begin with nothing.
    if a.num == 0 {
        return Ok(b);
    }
    if let Some(sum) = add_over_larger(a, b) {
        return Ok(sum);
    }
    add_over_common(a.reduced(), b.reduced()).ok_or(Overflow)
}

/// The product of two numbers of 64 bits always fits: the compiler sees that and multiplies once instead of four times.
#[inline]
fn product(a: i128, b: i128) -> Option<i128> {
    match (i64::try_from(a), i64::try_from(b)) {
        (Ok(a), Ok(b)) => i128::from(a).checked_mul(i128::from(b)),
        (Err(_), _) | (_, Err(_)) => a.checked_mul(b),
    }
}

/// Quotient and remainder, the remainder not below zero, where `divisor` is above zero; in 64 bits where these suffice,
/// which is several times faster.
#[inline]
pub(crate) fn divided(number: i128, divisor: i128) -> Option<(i128, i128)> {
    if let (Ok(number), Ok(divisor)) = (i64::try_from(number), i64::try_from(divisor)) {
        let quotient = number.checked_div_euclid(divisor)?;
        let rest = number.checked_rem_euclid(divisor)?;
        return Some((quotient.into(), rest.into()));
    }
    Some((number.checked_div_euclid(divisor)?, number.checked_rem_euclid(divisor)?))
}

fn add_over_common(a: Exact, b: Exact) -> Option<Exact> {
    let divisor = i128::try_from(gcd(a.den.unsigned_abs(), b.den.unsigned_abs())).ok()?;
    let (a_share, b_share) = (b.den.checked_div(divisor)?, a.den.checked_div(divisor)?);
    let num = a.num.checked_mul(a_share)?.checked_add(b.num.checked_mul(b_share)?)?;
    Some(Exact { num, den: a.den.checked_mul(a_share)? })
}

/// The sum, if one denominator divides the other, as powers of ten do: no common divisor has to be looked for.
fn add_over_larger(a: Exact, b: Exact) -> Option<Exact> {
    let (small, large) = if a.den <= b.den { (a, b) } else { (b, a) };
    let (factor, 0) = (if small.den == 1 { (large.den, 0) } else { divided(large.den, small.den)? }) else {
        return None;
    };
    let num = product(small.num, factor)?.checked_add(large.num)?;
    Some(Exact { num, den: large.den })
}

/// Euclid's algorithm; as soon as both fit 64 bits it goes on with those, which is several times faster.
fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        if let (Ok(a), Ok(b)) = (u64::try_from(a), u64::try_from(b)) {
            return u128::from(gcd_small(a, b));
        }
        (a, b) = (b, a.checked_rem(b).unwrap_or(0));
    }
    a
}

fn gcd_small(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a.checked_rem(b).unwrap_or(0));
    }
    a
}

impl PartialEq for Exact {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for Exact {}

impl From<Decimal> for Exact {
    fn from(decimal: Decimal) -> Self {
        Self::from_decimal(decimal)
    }
}

/// A plain decimal where there is one, else the fraction in lowest terms, for instance `17/3`.
impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_decimal() {
            Some(decimal) => write!(f, "{decimal}"),
            None => {
                let (num, den) = self.parts();
                write!(f, "{num}/{den}")
            }
        }
    }
}

/// A text that is neither a decimal nor a fraction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotExact(String);

impl fmt::Display for NotExact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" is neither a decimal like 1.25 nor a fraction like 17/3", self.0)
    }
}

impl FromStr for Exact {
    type Err = NotExact;

    fn from_str(text: &str) -> Result<Self, NotExact> {
        let bad = || NotExact(text.to_owned());
        if let Some((num, den)) = text.split_once('/') {
            let parse = |part: &str| part.parse::<i128>().map_err(|_| bad());
            return Self::ratio(parse(num)?, parse(den)?).ok_or_else(bad);
        }
        Decimal::from_str_exact(text).map(Self::from_decimal).map_err(|_| bad())
    }
}

impl Serialize for Exact {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{Exact, Overflow};

    fn exact(text: &str) -> Exact {
        text.parse().unwrap()
    }

    #[test]
    fn a_third_times_three_is_one() {
        let third = exact("1").checked_div(exact("3")).unwrap();
        assert_eq!(third.checked_mul(exact("3")), Ok(exact("1")));
        assert_eq!(third.to_string(), "1/3");
    }

    #[test]
    fn sums_over_different_denominators_are_exact() {
        assert_eq!(exact("0.1").checked_add(exact("1/3")), Ok(exact("13/30")));
        assert_eq!(exact("0.1").checked_sub(exact("0.10")), Ok(Exact::ZERO));
    }

    #[test]
    fn writing_a_number_differently_does_not_change_it() {
        assert_eq!(exact("1.50"), exact("3/2"));
        assert_eq!(exact("-3/2").to_string(), "-1.5");
    }

    #[test]
    fn products_that_fit_after_reduction_are_not_an_overflow() {
        let (a, b) = (Exact::ratio(i128::MAX, 3).unwrap(), Exact::ratio(3, i128::MAX).unwrap());
        assert_eq!(a.checked_mul(b), Ok(exact("1")));
        let big = exact("79228162514264337593543950335");
        assert_eq!(big.checked_mul(big), Err(Overflow));
        assert_eq!(big.checked_div(Exact::ZERO), Err(Overflow));
    }

    #[test]
    fn a_gibibyte_price_survives_division_by_two_to_the_thirty() {
        let per_byte = exact("0.09").checked_div(exact("1073741824")).unwrap();
        assert_eq!(per_byte.to_string(), "9/107374182400");
        assert_eq!(per_byte.checked_mul(exact("1073741824")), Ok(exact("0.09")));
    }
}
