//! Numbers as logs write them, read exactly: plain decimals, and exponents as JSON allows them.
//!
//! Never rounds and never guesses: what has more than 28 digits is refused.

use engine::quantity::{BadDecimal, parse_decimal};
use rust_decimal::Decimal;

/// Why a text is no number that can be kept exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberProblem {
    /// Not a number at all: `NaN`, `1,000`, `12ms`.
    NotDecimal,
    /// A number of more than 28 digits, such as `1e400`.
    TooManyDigits,
}

/// Reads a number: digits with at most one point, a leading minus, and perhaps an exponent.
pub(crate) fn read(text: &str) -> Result<Decimal, NumberProblem> {
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, read_exponent(exponent)?),
        None => (text, 0),
    };
    let decimal = parse_decimal(digits).map_err(|problem| match problem {
        BadDecimal::NotPlain(_) => NumberProblem::NotDecimal,
        BadDecimal::TooLong(_) => NumberProblem::TooManyDigits,
    })?;
    if exponent == 0 { Ok(decimal) } else { shifted(decimal, exponent).ok_or(NumberProblem::TooManyDigits) }
}

fn read_exponent(text: &str) -> Result<i64, NumberProblem> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NumberProblem::NotDecimal);
    }
    text.parse().map_err(|_| NumberProblem::TooManyDigits)
}

/// `decimal` × 10^`exponent`, if 28 digits suffice.
fn shifted(decimal: Decimal, exponent: i64) -> Option<Decimal> {
    if decimal.is_zero() {
        return Some(Decimal::ZERO);
    }
    let decimal = decimal.normalize();
    let scale = i64::from(decimal.scale()).checked_sub(exponent)?;
    let (mantissa, scale) = if scale < 0 {
        let factor = 10_i128.checked_pow(u32::try_from(scale.checked_neg()?).ok()?)?;
        (decimal.mantissa().checked_mul(factor)?, 0)
    } else {
        (decimal.mantissa(), u32::try_from(scale).ok()?)
    };
    let shifted = Decimal::try_from_i128_with_scale(mantissa, scale).ok()?;
    parse_decimal(&shifted.to_string()).ok()
}

#[cfg(test)]
mod tests {
    use super::{NumberProblem, read};

    #[test]
    fn decimals_and_exponents_are_read_exactly() {
        for (text, written) in [
            ("0.123", "0.123"),
            ("007", "7"),
            ("1e3", "1000"),
            ("5e-05", "0.00005"),
            ("1.5E+2", "150"),
            ("12e-1", "1.2"),
            ("0e999", "0"),
            ("-2.50", "-2.5"),
        ] {
            assert_eq!(read(text).unwrap().to_string(), written, "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_told_from_what_is_too_long() {
        for text in ["", "NaN", "Infinity", "-inf", "1,000", "1_000", "12ms", "e5", "1e", "1e+", "1e5.0", "0x10", "+1"]
        {
            assert_eq!(read(text), Err(NumberProblem::NotDecimal), "{text}");
        }
        let long = "1".repeat(29);
        for text in ["1e400", "1e28", "1e-400", "1e99999999999999999999", long.as_str()] {
            assert_eq!(read(text), Err(NumberProblem::TooManyDigits), "{text}");
        }
    }
}
