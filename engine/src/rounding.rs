//! The only place where digits are cut. Where and how is data in the price book and printed on the bill.
//!
//! What a cut took away is shown by the step that the caller records.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::exact::{Exact, Overflow, decimal, divided, power_of_ten};
use crate::money::Money;

/// How a number between two neighbours is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoundingMode {
    /// To the nearest; a half goes away from zero (what people call commercial rounding, 四舍五入).
    HalfUp,
    /// To the nearest; a half goes to the even neighbour (banker's rounding).
    HalfEven,
    /// To the nearest; a half goes towards zero.
    HalfDown,
    /// Away from zero.
    Up,
    /// Towards zero: digits are cut off.
    Down,
    /// To the next higher number.
    Ceiling,
    /// To the next lower number.
    Floor,
}

/// Where amounts are rounded to the currency's minor unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoundingPlace {
    /// Every line by itself; the total is the sum of the rounded lines.
    Line,
    /// Once, the sum of the exact lines.
    Invoice,
}

/// A book's rounding rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rounding {
    /// Where.
    pub at: RoundingPlace,
    /// How.
    pub mode: RoundingMode,
}

/// Rounds `exact` to `digits` decimal places; the result is written with exactly those.
///
/// Fails with [`Overflow`] if the result has more than 28 digits.
pub fn round(exact: Exact, digits: u32, mode: RoundingMode) -> Result<Money, Overflow> {
    decimal(minor_units(exact, digits, mode)?, digits).map(Money::new)
}

/// The same as a number of minor units, for instance cents.
pub fn minor_units(exact: Exact, digits: u32, mode: RoundingMode) -> Result<i128, Overflow> {
    let scaled = exact.checked_mul(Exact::ratio(power_of_ten(digits).ok_or(Overflow)?, 1).ok_or(Overflow)?)?;
    to_integer(scaled, mode)
}

/// The sum of `values`: each rounded before it is added, or the exact sum rounded once.
pub fn round_sum(values: &[Exact], rounding: Rounding, digits: u32) -> Result<Money, Overflow> {
    let mut sum = Exact::ZERO;
    for value in values {
        sum = sum.checked_add(match rounding.at {
            RoundingPlace::Line => round(*value, digits, rounding.mode)?.exact(),
            RoundingPlace::Invoice => *value,
        })?;
    }
    round(sum, digits, rounding.mode)
}

/// Rounds `exact` to a whole number.
pub fn to_integer(exact: Exact, mode: RoundingMode) -> Result<i128, Overflow> {
    let (num, den) = exact.raw();
    let (floor, rest) = divided(num, den).ok_or(Overflow)?;
    if rest == 0 {
        return Ok(floor);
    }
    // Compare the rest with its complement instead of doubling it, which could overflow.
    let half = rest.cmp(&den.checked_sub(rest).ok_or(Overflow)?);
    let up = goes_up(mode, half, num < 0, floor & 1 == 1);
    if up { floor.checked_add(1).ok_or(Overflow) } else { Ok(floor) }
}

/// Rounds `num / den` to a whole number, where neither is below zero and `den` is not zero: in 64 bits, for tight loops.
///
/// `None` if that is not so or if it does not fit.
pub(crate) fn to_integer_short(num: i64, den: i64, mode: RoundingMode) -> Option<i64> {
    let (floor, rest) = (num.checked_div(den)?, num.checked_rem(den)?);
    if num < 0 || den < 0 || rest == 0 {
        return (num >= 0 && den > 0).then_some(floor);
    }
    let half = rest.cmp(&den.checked_sub(rest)?);
    if goes_up(mode, half, false, floor & 1 == 1) { floor.checked_add(1) } else { Some(floor) }
}

/// Whether a number between two neighbours goes to the upper one: `half` is how the rest compares with a half.
fn goes_up(mode: RoundingMode, half: Ordering, negative: bool, floor_is_odd: bool) -> bool {
    let nearest_or = |tie_up: bool| half.is_gt() || (half.is_eq() && tie_up);
    match mode {
        RoundingMode::HalfUp => nearest_or(!negative),
        RoundingMode::HalfDown => nearest_or(negative),
        RoundingMode::HalfEven => nearest_or(floor_is_odd),
        RoundingMode::Up => !negative,
        RoundingMode::Down => negative,
        RoundingMode::Ceiling => true,
        RoundingMode::Floor => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{RoundingMode as M, round, to_integer, to_integer_short};
    use crate::exact::Exact;

    fn check(mode: M, exact: &str, expected: &str) {
        let rounded = round(exact.parse().unwrap(), 2, mode).unwrap();
        assert_eq!(rounded.to_string(), expected, "{mode:?} {exact}");
    }

    #[test]
    fn each_mode_decides_halves_and_signs_by_its_own_rule() {
        let cases = ["0.005", "0.015", "-0.005", "0.0051", "-0.0001", "0.01"];
        let table = [
            (M::HalfUp, ["0.01", "0.02", "-0.01", "0.01", "0.00", "0.01"]),
            (M::HalfEven, ["0.00", "0.02", "0.00", "0.01", "0.00", "0.01"]),
            (M::HalfDown, ["0.00", "0.01", "0.00", "0.01", "0.00", "0.01"]),
            (M::Up, ["0.01", "0.02", "-0.01", "0.01", "-0.01", "0.01"]),
            (M::Down, ["0.00", "0.01", "0.00", "0.00", "0.00", "0.01"]),
            (M::Ceiling, ["0.01", "0.02", "0.00", "0.01", "0.00", "0.01"]),
            (M::Floor, ["0.00", "0.01", "-0.01", "0.00", "-0.01", "0.01"]),
        ];
        for (mode, expected) in table {
            for (exact, expected) in cases.iter().zip(expected) {
                check(mode, exact, expected);
            }
        }
    }

    #[test]
    fn fractions_round_by_their_exact_value() {
        check(M::HalfUp, "1/3", "0.33");
        check(M::HalfUp, "-2/3", "-0.67");
        check(M::HalfEven, "1/200", "0.00");
    }

    #[test]
    fn short_form_rounds_as_the_long_one_and_leaves_the_rest_to_it() {
        for mode in [M::HalfUp, M::HalfEven, M::HalfDown, M::Up, M::Down, M::Ceiling, M::Floor] {
            for (num, den) in [(0, 1), (1, 2), (3, 2), (5, 2), (1, 3), (2, 3), (99, 100), (i64::MAX, 2), (i64::MAX, 1)]
            {
                let long = to_integer(Exact::ratio(num.into(), den.into()).unwrap(), mode).unwrap();
                assert_eq!(to_integer_short(num, den, mode).map(i128::from), Some(long), "{mode:?} {num}/{den}");
            }
            for (num, den) in [(-1, 2), (1, -2), (1, 0), (-4, 2), (i64::MIN, -1)] {
                assert_eq!(to_integer_short(num, den, mode), None, "{mode:?} {num}/{den}");
            }
        }
    }

    #[test]
    fn a_result_with_too_many_digits_is_an_overflow() {
        assert!(round("79228162514264337593543950335".parse().unwrap(), 2, M::HalfUp).is_err());
    }
}
