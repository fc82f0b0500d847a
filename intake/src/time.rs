//! Times as logs write them, as instants to the microsecond.
//!
//! Never guesses: a time without zone is refused unless a zone was named, a number out of its range is not taken for
//! another unit, and a clock time that a zone skips is not moved. A leap second is the last microsecond before it ends,
//! so that it stays in its day and month.

use chrono::format::{Fixed, Item, Numeric, Parsed, StrftimeItems, parse};
use chrono::{DateTime, Datelike, NaiveDateTime, SecondsFormat, Timelike};
use engine::period::{Instant, Zone};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::number;

/// How a time is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimeFormat {
    /// As RFC 3339 says; without offset only in a named zone.
    Rfc3339(Option<Zone>),
    /// A number of seconds, thousandths or millionths since 1970.
    Unix(UnixUnit),
    /// By a pattern of `strftime`; in a zone where the pattern has no offset.
    Pattern {
        /// The pattern.
        pattern: String,
        /// The zone.
        zone: Option<Zone>,
        /// Whether the pattern says a time of day; else the day's first instant is meant.
        has_time_of_day: bool,
    },
}

/// What a number since 1970 counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnixUnit {
    /// Seconds, perhaps with a fraction.
    Seconds,
    /// Thousandths of a second.
    Millis,
    /// Millionths of a second.
    Micros,
}

impl UnixUnit {
    const ALL: [Self; 3] = [Self::Seconds, Self::Millis, Self::Micros];

    /// The word of a mapping.
    pub fn name(self) -> &'static str {
        match self {
            Self::Seconds => "unix_seconds",
            Self::Millis => "unix_millis",
            Self::Micros => "unix_micros",
        }
    }

    fn micros(self) -> Decimal {
        Decimal::from(match self {
            Self::Seconds => 1_000_000_u32,
            Self::Millis => 1000,
            Self::Micros => 1,
        })
    }
}

/// Why a text is no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeProblem {
    /// It is not written as the format says.
    #[error("\"{found}\" is not a time as {format} writes it")]
    Unreadable {
        /// What stands there.
        found: String,
        /// The format.
        format: String,
    },
    /// It has no offset and no zone was named.
    #[error("\"{found}\" has no offset from UTC; write one (…+08:00 or …Z), or name the zone in the mapping")]
    NoZone {
        /// What stands there.
        found: String,
    },
    /// Clocks in the zone never showed it.
    #[error("\"{found}\" was never shown by a clock in {zone}: it was put forward over that time. Check the zone")]
    Skipped {
        /// What stands there.
        found: String,
        /// The zone.
        zone: &'static str,
    },
    /// A second 60 that is no leap second.
    #[error("\"{found}\" has a second 60, which only the last minute of a month in UTC may have")]
    LeapSecond {
        /// What stands there.
        found: String,
    },
    /// The number makes sense in another unit.
    #[error(
        "\"{found}\" is no time from 2000 to 2199 as {unit}, but as {meant} it is {time}; mend the mapping's format"
    )]
    WrongUnit {
        /// What stands there.
        found: String,
        /// The unit of the mapping.
        unit: &'static str,
        /// The unit that it fits.
        meant: &'static str,
        /// What it is then.
        time: String,
    },
    /// Too far from now to be meant.
    #[error("\"{found}\" is not from 2000 to 2199")]
    OutOfRange {
        /// What stands there.
        found: String,
    },
}

/// 2000-01-01T00:00:00Z and 2200-01-01T00:00:00Z in microseconds since 1970.
pub(crate) const MICROS: std::ops::Range<i64> = 946_684_800_000_000..7_258_118_400_000_000;

/// A time of a log.
pub fn read(text: &str, format: &TimeFormat) -> Result<Instant, TimeProblem> {
    match format {
        TimeFormat::Rfc3339(zone) => match (DateTime::parse_from_rfc3339(text), zone) {
            (Ok(time), _) => settled(time.naive_utc(), text),
            (Err(_), Some(zone)) => in_zone(without_offset(text)?, *zone, text),
            (Err(_), None) => rfc3339(text),
        },
        TimeFormat::Unix(unit) => unix(text, *unit),
        TimeFormat::Pattern { pattern, zone, has_time_of_day } => {
            let unreadable = || unreadable(text, pattern);
            let mut parsed = Parsed::new();
            parse(&mut parsed, text, StrftimeItems::new(pattern)).map_err(|_| unreadable())?;
            let Some(zone) = zone else {
                let time = parsed.to_datetime().map_err(|_| unreadable())?;
                return settled(time.naive_utc(), text);
            };
            let time = if *has_time_of_day {
                parsed.to_naive_datetime_with_offset(0).map_err(|_| unreadable())?
            } else {
                let date = parsed.to_naive_date().map_err(|_| unreadable())?;
                return in_range(zone.start_of(date).ok_or_else(unreadable)?, text);
            };
            in_zone(time, *zone, text)
        }
    }
}

/// A time by RFC 3339, with its offset; the rule for CloudEvents.
pub fn rfc3339(text: &str) -> Result<Instant, TimeProblem> {
    match DateTime::parse_from_rfc3339(text) {
        Ok(time) => settled(time.naive_utc(), text),
        Err(_) if without_offset(text).is_ok() => Err(TimeProblem::NoZone { found: short(text) }),
        Err(_) => Err(unreadable(text, "RFC 3339")),
    }
}

/// A clock's time in a zone. Where it comes twice, the first is meant.
pub fn in_zone(local: NaiveDateTime, zone: Zone, text: &str) -> Result<Instant, TimeProblem> {
    let plain = without_leap(local);
    let out = || TimeProblem::OutOfRange { found: short(text) };
    let time = zone.at_local(plain).map_err(|_| out())?;
    if zone.local(time).map_err(|_| out())? != plain {
        return Err(TimeProblem::Skipped { found: short(text), zone: zone.name() });
    }
    if plain != local {
        check_leap(time.naive_utc(), text)?;
    }
    in_range(time, text)
}

/// An instant that was given as one, to the microsecond; refused where no time of usage is meant.
pub fn checked(time: Instant) -> Result<Instant, TimeProblem> {
    in_range(time, &written(time))
}

/// An instant in the form of RFC 3339 in which Ratecard writes times.
pub fn written(time: Instant) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn without_offset(text: &str) -> Result<NaiveDateTime, TimeProblem> {
    let read = |pattern| NaiveDateTime::parse_from_str(text, pattern);
    let read = read("%Y-%m-%dT%H:%M:%S%.f").or_else(|_| read("%Y-%m-%d %H:%M:%S%.f"));
    read.map_err(|_| unreadable(text, "RFC 3339"))
}

/// A time in UTC, its leap second settled.
fn settled(utc: NaiveDateTime, text: &str) -> Result<Instant, TimeProblem> {
    let plain = without_leap(utc);
    if plain != utc {
        check_leap(plain, text)?;
    }
    in_range(plain.and_utc(), text)
}

/// chrono writes a second 60 as a second 59 with a thousand more thousandths.
fn without_leap(time: NaiveDateTime) -> NaiveDateTime {
    if time.nanosecond() < 1_000_000_000 { time } else { time.with_nanosecond(999_999_000).unwrap_or(time) }
}

fn check_leap(utc: NaiveDateTime, text: &str) -> Result<(), TimeProblem> {
    let last_minute = (utc.hour(), utc.minute(), utc.second()) == (23, 59, 59);
    let last_day = utc.date().succ_opt().is_some_and(|next| next.day() == 1);
    if last_minute && last_day { Ok(()) } else { Err(TimeProblem::LeapSecond { found: short(text) }) }
}

/// To the microsecond, which is as fine as it is kept; and not absurd.
fn in_range(time: Instant, text: &str) -> Result<Instant, TimeProblem> {
    let out = || TimeProblem::OutOfRange { found: short(text) };
    let micros = time.timestamp_micros();
    if MICROS.contains(&micros) { Instant::from_timestamp_micros(micros).ok_or_else(out) } else { Err(out()) }
}

fn unix(text: &str, unit: UnixUnit) -> Result<Instant, TimeProblem> {
    let number = number::read(text).map_err(|_| unreadable(text, unit.name()))?;
    if let Some(time) = since_1970(number, unit) {
        return Ok(time);
    }
    let other = UnixUnit::ALL.into_iter().find_map(|other| Some((other, since_1970(number, other)?)));
    Err(match other {
        Some((meant, time)) => {
            TimeProblem::WrongUnit { found: short(text), unit: unit.name(), meant: meant.name(), time: written(time) }
        }
        None => TimeProblem::OutOfRange { found: short(text) },
    })
}

fn since_1970(number: Decimal, unit: UnixUnit) -> Option<Instant> {
    let micros = number.checked_mul(unit.micros())?.trunc().to_i64()?;
    MICROS.contains(&micros).then(|| Instant::from_timestamp_micros(micros)).flatten()
}

/// What a pattern says; `None` if it cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PatternSays {
    pub(crate) offset: bool,
    pub(crate) time_of_day: bool,
}

pub(crate) fn pattern_says(pattern: &str) -> Option<PatternSays> {
    let mut says = PatternSays { offset: false, time_of_day: false };
    for item in StrftimeItems::new(pattern) {
        match item {
            Item::Error => return None,
            Item::Numeric(Numeric::Timestamp, _) | Item::Fixed(Fixed::TimezoneName) => return None,
            Item::Numeric(Numeric::Hour | Numeric::Hour12, _) => says.time_of_day = true,
            Item::Fixed(Fixed::RFC2822 | Fixed::RFC3339) => {
                says = PatternSays { offset: true, time_of_day: true };
            }
            Item::Fixed(
                Fixed::TimezoneOffset
                | Fixed::TimezoneOffsetColon
                | Fixed::TimezoneOffsetColonZ
                | Fixed::TimezoneOffsetDoubleColon
                | Fixed::TimezoneOffsetTripleColon
                | Fixed::TimezoneOffsetZ,
            ) => says.offset = true,
            // `%#z` is inside a form that the crate does not name.
            Item::Fixed(Fixed::Internal(_)) if pattern.contains("%#z") => says.offset = true,
            _ => {}
        }
    }
    // A date alone begins with its day.
    if says.offset && !says.time_of_day { None } else { Some(says) }
}

fn unreadable(text: &str, format: &str) -> TimeProblem {
    TimeProblem::Unreadable { found: short(text), format: format.to_owned() }
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use engine::period::Zone;

    use super::{TimeFormat, TimeProblem, UnixUnit, pattern_says, read, rfc3339, written};

    fn zone(name: &str) -> Zone {
        Zone::from_name(name).unwrap()
    }

    fn by_pattern(pattern: &str, name: Option<&str>) -> TimeFormat {
        let says = pattern_says(pattern).unwrap();
        TimeFormat::Pattern { pattern: pattern.to_owned(), zone: name.map(zone), has_time_of_day: says.time_of_day }
    }

    #[test]
    fn each_form_of_a_time_is_read() {
        let shanghai = Some("Asia/Shanghai");
        for (text, format, expected) in [
            ("2026-12-01T08:30:00+08:00", TimeFormat::Rfc3339(None), "2026-12-01T00:30:00Z"),
            ("2026-12-01T00:30:00.1234569Z", TimeFormat::Rfc3339(None), "2026-12-01T00:30:00.123456Z"),
            ("2026-12-01T08:30:00", TimeFormat::Rfc3339(shanghai.map(zone)), "2026-12-01T00:30:00Z"),
            ("2026-12-01 08:30:00.5", TimeFormat::Rfc3339(shanghai.map(zone)), "2026-12-01T00:30:00.500Z"),
            ("2026-12-01T00:30:00Z", TimeFormat::Rfc3339(shanghai.map(zone)), "2026-12-01T00:30:00Z"),
            ("1796085000", TimeFormat::Unix(UnixUnit::Seconds), "2026-12-01T00:30:00Z"),
            ("1796085000.123", TimeFormat::Unix(UnixUnit::Seconds), "2026-12-01T00:30:00.123Z"),
            ("1.7960850005e9", TimeFormat::Unix(UnixUnit::Seconds), "2026-12-01T00:30:00.500Z"),
            ("1796085000123", TimeFormat::Unix(UnixUnit::Millis), "2026-12-01T00:30:00.123Z"),
            ("1796085000123456", TimeFormat::Unix(UnixUnit::Micros), "2026-12-01T00:30:00.123456Z"),
            ("01/Dec/2026:08:30:00 +0800", by_pattern("%d/%b/%Y:%H:%M:%S %z", None), "2026-12-01T00:30:00Z"),
            ("2026-12-01 08:30:00", by_pattern("%Y-%m-%d %H:%M:%S", shanghai), "2026-12-01T00:30:00Z"),
            ("2026-12-01", by_pattern("%Y-%m-%d", shanghai), "2026-11-30T16:00:00Z"),
        ] {
            assert_eq!(read(text, &format).map(written).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_time_without_zone_is_refused_by_name() {
        for text in ["2026-12-01T08:30:00", "2026-12-01 08:30:00.25"] {
            assert_eq!(rfc3339(text), Err(TimeProblem::NoZone { found: text.to_owned() }));
            assert_eq!(read(text, &TimeFormat::Rfc3339(None)), Err(TimeProblem::NoZone { found: text.to_owned() }));
        }
        for text in ["", "yesterday", "2026-13-01T00:00:00Z", "2026-12-01", "2026-12-01T24:00:00Z"] {
            assert!(matches!(rfc3339(text), Err(TimeProblem::Unreadable { .. })), "{text}");
        }
    }

    #[test]
    fn seconds_taken_for_thousandths_are_refused_and_the_unit_is_named() {
        for (text, unit, named) in [
            ("1796085000123", UnixUnit::Seconds, "unix_millis"),
            ("1796085000", UnixUnit::Millis, "unix_seconds"),
            ("1796085000123456", UnixUnit::Millis, "unix_micros"),
            ("1796085000123", UnixUnit::Micros, "unix_millis"),
        ] {
            let problem = read(text, &TimeFormat::Unix(unit)).unwrap_err();
            assert!(matches!(problem, TimeProblem::WrongUnit { meant, .. } if meant == named), "{problem}");
            assert!(problem.to_string().contains("2026-12-01T00:30:00"), "{problem}");
        }
        for text in ["0", "-1796085000", "99999999999999999999999"] {
            let problem = read(text, &TimeFormat::Unix(UnixUnit::Seconds)).unwrap_err();
            assert!(matches!(problem, TimeProblem::OutOfRange { .. }), "{text}: {problem}");
        }
        for text in ["NaN", "1e400", "", "now", "1796085000,5"] {
            let problem = read(text, &TimeFormat::Unix(UnixUnit::Seconds)).unwrap_err();
            assert!(matches!(problem, TimeProblem::Unreadable { .. }), "{text}: {problem}");
        }
    }

    #[test]
    fn a_leap_second_stays_in_its_month_and_another_second_60_is_refused() {
        for text in ["2016-12-31T23:59:60Z", "2016-12-31T23:59:60.75Z", "2017-01-01T07:59:60+08:00"] {
            assert_eq!(rfc3339(text).map(written).as_deref(), Ok("2016-12-31T23:59:59.999999Z"), "{text}");
        }
        let shanghai = TimeFormat::Rfc3339(Some(zone("Asia/Shanghai")));
        let read_there = read("2017-01-01T07:59:60", &shanghai).map(written);
        assert_eq!(read_there.as_deref(), Ok("2016-12-31T23:59:59.999999Z"));
        for text in ["2016-12-31T22:59:60Z", "2016-12-30T23:59:60Z", "2016-12-31T23:59:60+08:00"] {
            assert!(matches!(rfc3339(text), Err(TimeProblem::LeapSecond { .. })), "{text}");
        }
        assert!(matches!(read("2016-12-31T23:59:60", &shanghai), Err(TimeProblem::LeapSecond { .. })));
    }

    #[test]
    fn an_hour_that_comes_twice_is_the_first_and_one_that_is_skipped_is_refused() {
        let berlin = by_pattern("%Y-%m-%d %H:%M:%S", Some("Europe/Berlin"));
        // On 25 October 2026 at 03:00 clocks go back to 02:00; the first 02:30 is still summer time, UTC+2.
        assert_eq!(read("2026-10-25 02:30:00", &berlin).map(written).as_deref(), Ok("2026-10-25T00:30:00Z"));
        // On 29 March 2026 at 02:00 they go forward to 03:00.
        let skipped = read("2026-03-29 02:30:00", &berlin);
        assert!(matches!(skipped, Err(TimeProblem::Skipped { zone: "Europe/Berlin", .. })), "{skipped:?}");
        assert_eq!(read("2026-03-29 03:00:00", &berlin).map(written).as_deref(), Ok("2026-03-29T01:00:00Z"));
    }

    #[test]
    fn the_years_2000_to_2199_are_times_and_others_are_not() {
        for (text, good) in [
            ("2000-01-01T00:00:00Z", true),
            ("1999-12-31T23:59:59.999999Z", false),
            ("2199-12-31T23:59:59Z", true),
            ("2200-01-01T00:00:00Z", false),
            ("0000-01-01T00:00:00Z", false),
        ] {
            assert_eq!(rfc3339(text).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn a_pattern_says_whether_it_has_an_offset() {
        assert!(pattern_says("%d/%b/%Y:%H:%M:%S %z").unwrap().offset);
        assert!(pattern_says("%+").unwrap().offset);
        assert!(!pattern_says("%Y-%m-%d %H:%M:%S").unwrap().offset);
        assert!(!pattern_says("%Y%m%d").unwrap().time_of_day);
        for bad in ["%Q", "%s", "%Y-%m-%d %H:%M %Z", "%Y-%m-%d %z"] {
            assert_eq!(pattern_says(bad), None, "{bad}");
        }
    }
}
