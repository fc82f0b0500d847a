//! Currencies and sums of money. A sum is always in the currency that its document names.
//!
//! Minor units come from ISO 4217 (JPY 0, CNY 2, BHD 3, CLF 4); nothing here guesses two.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::exact::{Exact, Overflow, power_of_ten};
use crate::quantity::{add_decimals, negated, parse_decimal};

/// A currency of ISO 4217 that has a minor unit, so that amounts in it can be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Currency {
    iso: iso_currency::Currency,
    minor_digits: u32,
}

/// Why a text is not a currency to bill in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadCurrency {
    /// ISO 4217 has no such code.
    Unknown(String),
    /// ISO 4217 lists the code without a minor unit (gold, test codes, …).
    NoMinorUnit(String),
}

impl fmt::Display for BadCurrency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(code) => {
                write!(f, "\"{code}\" is not a code of ISO 4217 like CNY or USD")
            }
            Self::NoMinorUnit(code) => {
                write!(f, "{code} has no minor unit in ISO 4217, so nothing can be billed in it")
            }
        }
    }
}

impl std::error::Error for BadCurrency {}

impl Currency {
    /// The currency with this three-letter code in capitals.
    pub fn from_code(code: &str) -> Result<Self, BadCurrency> {
        let iso = common(code).or_else(|| any(code)).ok_or_else(|| BadCurrency::Unknown(code.to_owned()))?;
        let exponent = iso.exponent().ok_or_else(|| BadCurrency::NoMinorUnit(code.to_owned()))?;
        Ok(Self { iso, minor_digits: u32::from(exponent) })
    }

    /// The three-letter code.
    pub fn code(self) -> &'static str {
        self.iso.code()
    }

    /// How many decimal places an amount has: JPY 0, CNY 2, BHD 3.
    pub fn minor_digits(self) -> u32 {
        self.minor_digits
    }

    /// The sign people write, for instance `¥`; the code where there is none.
    pub fn symbol(self) -> &'static str {
        match self.code() {
            "CNY" | "JPY" => "¥",
            "USD" => "$",
            "EUR" => "€",
            "GBP" => "£",
            "INR" => "₹",
            "KRW" => "₩",
            code => code,
        }
    }
}

/// The currencies of most books, so that these need no search through all.
fn common(code: &str) -> Option<iso_currency::Currency> {
    match code {
        "CNY" => Some(iso_currency::Currency::CNY),
        "EUR" => Some(iso_currency::Currency::EUR),
        "USD" => Some(iso_currency::Currency::USD),
        _ => None,
    }
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn any(code: &str) -> Option<iso_currency::Currency> {
    iso_currency::Currency::from_code(code)
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::from_code(&code).map_err(serde::de::Error::custom)
    }
}

/// A sum of money in the currency of the document it stands in; written with that currency's places, `80.00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(Decimal);

impl Money {
    /// No money.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// A sum as it is; where digits are cut, `rounding` does it before.
    pub fn new(decimal: Decimal) -> Self {
        Self(decimal)
    }

    /// The number without its meaning.
    pub fn decimal(self) -> Decimal {
        self.0
    }

    /// The number for exact arithmetic.
    pub fn exact(self) -> Exact {
        Exact::from_decimal(self.0)
    }

    /// The same sum written with at least `digits` places. No digit is cut.
    pub fn with_places(self, digits: u32) -> Self {
        let shortest = self.0.normalize();
        let missing = digits.saturating_sub(shortest.scale());
        let padded = power_of_ten(missing)
            .and_then(|factor| shortest.mantissa().checked_mul(factor))
            .and_then(|mantissa| Decimal::try_from_i128_with_scale(mantissa, shortest.scale().max(digits)).ok());
        Self(padded.unwrap_or(shortest))
    }

    /// The sum, written with the longer of the two scales; refused rather than cut if it has more than 28 digits.
    pub fn checked_add(self, other: Self) -> Result<Self, Overflow> {
        add_decimals(self.0, other.0).map(Self)
    }

    /// The difference, likewise.
    pub fn checked_sub(self, other: Self) -> Result<Self, Overflow> {
        add_decimals(self.0, negated(other.0)).map(Self)
    }

    /// The sum in the smallest units of `currency`, for instance cents; with a fraction where it is not whole.
    pub fn in_minor_units(self, currency: Currency) -> Result<Exact, Overflow> {
        let minor = power_of_ten(currency.minor_digits()).and_then(|units| Exact::ratio(units, 1));
        self.exact().checked_mul(minor.ok_or(Overflow)?)
    }

    /// `count` times the sum.
    pub fn checked_times(self, count: u32) -> Result<Self, Overflow> {
        let product = self.exact().checked_mul(Exact::from_decimal(Decimal::from(count)))?;
        let decimal = product.to_decimal().ok_or(Overflow)?;
        Ok(Self(decimal).with_places(self.0.scale()))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Serialize for Money {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let decimal = parse_decimal(&text).map_err(serde::de::Error::custom)?;
        let places = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        Ok(Self(decimal).with_places(u32::try_from(places).unwrap_or(0)))
    }
}

#[cfg(test)]
mod tests {
    use super::{BadCurrency, Currency, Money};
    use crate::quantity::parse_decimal;

    fn money(text: &str) -> Money {
        Money::new(parse_decimal(text).unwrap())
    }

    #[test]
    fn minor_units_are_those_of_iso_4217() {
        for (code, digits) in [
            ("JPY", 0),
            ("KRW", 0),
            ("VND", 0),
            ("CLP", 0),
            ("ISK", 0),
            ("XAF", 0),
            ("CNY", 2),
            ("USD", 2),
            ("EUR", 2),
            ("BHD", 3),
            ("KWD", 3),
            ("TND", 3),
            ("OMR", 3),
            ("JOD", 3),
            ("CLF", 4),
            ("UYW", 4),
        ] {
            assert_eq!(Currency::from_code(code).unwrap().minor_digits(), digits, "{code}");
        }
    }

    #[test]
    fn gold_and_unknown_codes_cannot_be_billed() {
        assert_eq!(Currency::from_code("XAU"), Err(BadCurrency::NoMinorUnit("XAU".to_owned())));
        for code in ["RMB", "cny", "", "BTC"] {
            assert_eq!(Currency::from_code(code), Err(BadCurrency::Unknown(code.to_owned())));
        }
    }

    #[test]
    fn sums_keep_their_places_and_never_lose_a_digit() {
        assert_eq!(money("80").with_places(2).to_string(), "80.00");
        assert_eq!(money("0.125").with_places(2).to_string(), "0.125");
        assert_eq!(money("0.5").with_places(2).checked_add(money("0.5").with_places(2)).unwrap().to_string(), "1.00");
        assert_eq!(money("1").checked_sub(money("2.5")).unwrap().to_string(), "-1.5");
        assert_eq!(money("80.10").with_places(2).checked_times(12).unwrap().to_string(), "961.20");
        assert!(money("9999999999999999999999999999").checked_add(money("1")).is_err());
    }

    #[test]
    fn money_is_read_back_as_it_was_written() {
        let read: Money = serde_json::from_str("\"80.00\"").unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), "\"80.00\"");
    }
}
