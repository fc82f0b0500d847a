//! What the values of a Parquet column mean, by its logical type.
//!
//! Knows no rows; makes cells of single values, exactly.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate};
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use parquet::schema::types::ColumnDescriptor;

use crate::record::Cell;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Boolean,
    Integer,
    /// Its bits are those of a number without sign, of 32 or 64 bits.
    Unsigned {
        is_short: bool,
    },
    Decimal {
        scale: usize,
    },
    Float,
    Text,
    Uuid,
    /// Days since 1970.
    Date,
    Timestamp {
        is_utc: bool,
        unit: Unit,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Millis,
    Micros,
    Nanos,
}

/// What a column holds, or in words why no single value can be read from it.
pub(crate) fn kind(column: &ColumnDescriptor) -> Result<Kind, String> {
    if column.max_rep_level() > 0 {
        return Err("a list".to_owned());
    }
    let unknown = || Err(format!("{} {:?}", column.physical_type(), column.logical_type_ref()));
    match column.logical_type_ref() {
        None => by_converted_type(column).map_or_else(unknown, Ok),
        Some(LogicalType::String | LogicalType::Enum | LogicalType::Json) => Ok(Kind::Text),
        Some(LogicalType::Uuid) => Ok(Kind::Uuid),
        Some(LogicalType::Date) => Ok(Kind::Date),
        Some(LogicalType::Decimal(decimal)) => match usize::try_from(decimal.scale) {
            Ok(scale) => Ok(Kind::Decimal { scale }),
            Err(_) => unknown(),
        },
        Some(LogicalType::Timestamp(timestamp)) => {
            let unit = match timestamp.unit {
                TimeUnit::MILLIS => Unit::Millis,
                TimeUnit::MICROS => Unit::Micros,
                TimeUnit::NANOS => Unit::Nanos,
            };
            Ok(Kind::Timestamp { is_utc: timestamp.is_adjusted_to_u_t_c, unit })
        }
        Some(LogicalType::Integer(integer)) if integer.is_signed => Ok(Kind::Integer),
        Some(LogicalType::Integer(integer)) => Ok(Kind::Unsigned { is_short: integer.bit_width <= 32 }),
        Some(_) => unknown(),
    }
}

/// For files of old writers, and for columns that are just what they are.
fn by_converted_type(column: &ColumnDescriptor) -> Option<Kind> {
    match (column.converted_type(), column.physical_type()) {
        (ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON, _) => Some(Kind::Text),
        (ConvertedType::DATE, _) => Some(Kind::Date),
        (ConvertedType::DECIMAL, _) => usize::try_from(column.type_scale()).ok().map(|scale| Kind::Decimal { scale }),
        (ConvertedType::TIMESTAMP_MILLIS, _) => Some(Kind::Timestamp { is_utc: true, unit: Unit::Millis }),
        (ConvertedType::TIMESTAMP_MICROS, _) => Some(Kind::Timestamp { is_utc: true, unit: Unit::Micros }),
        (ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32, _) => {
            Some(Kind::Unsigned { is_short: true })
        }
        (ConvertedType::UINT_64, _) => Some(Kind::Unsigned { is_short: false }),
        (ConvertedType::INT_8 | ConvertedType::INT_16 | ConvertedType::INT_32 | ConvertedType::INT_64, _) => {
            Some(Kind::Integer)
        }
        (ConvertedType::NONE, Type::BOOLEAN) => Some(Kind::Boolean),
        (ConvertedType::NONE, Type::INT32 | Type::INT64) => Some(Kind::Integer),
        (ConvertedType::NONE, Type::FLOAT | Type::DOUBLE) => Some(Kind::Float),
        (ConvertedType::NONE, Type::BYTE_ARRAY) => Some(Kind::Text),
        // The old form of timestamps, which is in UTC by the writers that still use it.
        (ConvertedType::NONE, Type::INT96) => Some(Kind::Timestamp { is_utc: true, unit: Unit::Micros }),
        (_, _) => None,
    }
}

impl Kind {
    pub(crate) fn of_integer(self, value: i64) -> Cell<'static> {
        match self {
            Self::Unsigned { is_short: true } => number(u32::from_ne_bytes(low_bytes(value)).to_string()),
            Self::Unsigned { is_short: false } => number(u64::from_ne_bytes(value.to_ne_bytes()).to_string()),
            Self::Decimal { scale } => number(digits(i128::from(value), scale)),
            Self::Date => {
                let epoch = NaiveDate::default();
                let days = chrono::TimeDelta::try_days(value);
                let date = days.and_then(|days| epoch.checked_add_signed(days));
                date.map_or(Cell::Nothing, |date| Cell::Text(Cow::Owned(date.to_string())))
            }
            Self::Timestamp { unit, .. } => match unit {
                Unit::Millis => value.checked_mul(1000).map_or(Cell::Nothing, |micros| self.of_micros(micros)),
                Unit::Micros => self.of_micros(value),
                Unit::Nanos => self.of_micros(value.div_euclid(1000)),
            },
            Self::Boolean | Self::Integer | Self::Float | Self::Text | Self::Uuid => number(value.to_string()),
        }
    }

    /// A timestamp in microseconds since 1970, in UTC or by some clock.
    pub(super) fn of_micros(self, micros: i64) -> Cell<'static> {
        let Some(time) = DateTime::from_timestamp_micros(micros) else { return Cell::Nothing };
        match self {
            Self::Timestamp { is_utc: false, .. } => Cell::Local(time.naive_utc()),
            Self::Timestamp { is_utc: true, .. }
            | Self::Boolean
            | Self::Integer
            | Self::Unsigned { .. }
            | Self::Decimal { .. }
            | Self::Float
            | Self::Text
            | Self::Uuid
            | Self::Date => Cell::Instant(time),
        }
    }

    pub(crate) fn of_bytes(self, bytes: &[u8]) -> Cell<'static> {
        match self {
            Self::Decimal { scale } => match big_endian(bytes) {
                Some(value) => number(digits(value, scale)),
                None => Cell::NotUtf8,
            },
            Self::Uuid => {
                let hex = |range: std::ops::Range<usize>| -> String {
                    bytes.get(range).unwrap_or_default().iter().map(|byte| format!("{byte:02x}")).collect()
                };
                let parts = [0..4, 4..6, 6..8, 8..10, 10..16].map(hex);
                Cell::Text(Cow::Owned(parts.join("-")))
            }
            Self::Boolean
            | Self::Integer
            | Self::Unsigned { .. }
            | Self::Float
            | Self::Text
            | Self::Date
            | Self::Timestamp { .. } => match std::str::from_utf8(bytes) {
                Ok(text) => Cell::Text(Cow::Owned(text.to_owned())),
                Err(_) => Cell::NotUtf8,
            },
        }
    }
}

fn number(digits: String) -> Cell<'static> {
    Cell::Number(Cow::Owned(digits))
}

/// The lower half of a number.
fn low_bytes(value: i64) -> [u8; 4] {
    let mut low = [0; 4];
    low.iter_mut().zip(value.to_le_bytes()).for_each(|(to, from)| *to = from);
    u32::from_le_bytes(low).to_ne_bytes()
}

/// A number in two's complement, its highest byte first; `None` if it has more than 16 bytes.
fn big_endian(bytes: &[u8]) -> Option<i128> {
    let is_negative = bytes.first().is_some_and(|byte| *byte >= 0x80);
    let mut full = if is_negative { [0xff; 16] } else { [0; 16] };
    let start = full.len().checked_sub(bytes.len())?;
    full.get_mut(start..)?.copy_from_slice(bytes);
    Some(i128::from_be_bytes(full))
}

/// A whole number with a decimal point before its last `scale` digits.
fn digits(value: i128, scale: usize) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", value.unsigned_abs().to_string(), width = scale.saturating_add(1));
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(scale));
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Unit, big_endian, digits};
    use crate::record::Cell;

    fn text(cell: Cell<'_>) -> String {
        cell.text().unwrap().into_owned()
    }

    #[test]
    fn decimals_get_their_point_exactly() {
        for (value, scale, expected) in
            [(12345, 2, "123.45"), (5, 3, "0.005"), (-5, 1, "-0.5"), (0, 2, "0.00"), (7, 0, "7"), (-123, 0, "-123")]
        {
            assert_eq!(digits(value, scale), expected);
        }
        assert_eq!(big_endian(&[0xff, 0xfe]), Some(-2));
        assert_eq!(big_endian(&[1, 0]), Some(256));
        assert_eq!(big_endian(&[]), Some(0));
        assert_eq!(big_endian(&[0; 17]), None);
    }

    #[test]
    fn numbers_dates_and_timestamps_keep_their_value() {
        assert_eq!(text(Kind::Unsigned { is_short: true }.of_integer(-1)), "4294967295");
        assert_eq!(text(Kind::Unsigned { is_short: false }.of_integer(-1)), "18446744073709551615");
        assert_eq!(text(Kind::Date.of_integer(20_788)), "2026-12-01");
        let utc = Kind::Timestamp { is_utc: true, unit: Unit::Nanos };
        assert_eq!(text(utc.of_integer(1_796_085_000_123_456_789)), "2026-12-01T00:30:00.123456Z");
        let local = Kind::Timestamp { is_utc: false, unit: Unit::Millis };
        assert!(matches!(local.of_integer(1_796_085_000_123), Cell::Local(_)));
        assert_eq!(text(Kind::Uuid.of_bytes(&[0x11; 16])), "11111111-1111-1111-1111-111111111111");
        assert_eq!(Kind::Text.of_bytes(b"\xff"), Cell::NotUtf8);
    }
}
