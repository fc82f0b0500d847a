//! Which share of a price a part of a period costs. How it is counted is data, and the share says what was counted.
//!
//! Never rounds by itself: the quotient is exact unless the rule cuts it, and amounts are cut by whoever shows them.

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::exact::{Exact, Overflow};
use crate::period::{CalendarDuration, Dates, DayCount, Period, TimeError};
use crate::rounding::{RoundingMode, round};

/// What is counted to find the share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Local days of the part over local days of the whole period; the last day of a range does not count.
    #[default]
    DaysHalfOpen,
    /// The same with both ends counted, for ranges whose end is written as their last day.
    DaysInclusive,
    /// Elapsed time over elapsed time, to the nanosecond.
    ElapsedTime,
    /// Days where every month has this many, over this many for every month of the period.
    FixedMonthDays(u32),
    /// Local days of the part over the nominal days of the price's own cadence (30, 91, 182, 365), whatever the period.
    NominalDays(u32),
    /// The part of an included quota that was consumed over the quota.
    ConsumedQuota,
    /// No proration: the whole price, whatever the part.
    None,
}

/// Where and how a number is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// Decimal places that stay.
    pub digits: u32,
    /// How the rest is decided.
    pub mode: RoundingMode,
    /// Something that is not nothing stays at least one unit of the last place.
    #[serde(default)]
    pub never_to_zero: bool,
}

impl Cut {
    /// Keeps `digits` decimal places; may give zero.
    pub fn to(digits: u32, mode: RoundingMode) -> Self {
        Self { digits, mode, never_to_zero: false }
    }

    /// `exact`, cut.
    pub fn apply(self, exact: Exact) -> Result<Exact, Overflow> {
        let cut = round(exact, self.digits, self.mode)?.exact();
        if cut.signum() == 0 && exact.signum() != 0 && self.never_to_zero {
            let away = round(exact, self.digits, RoundingMode::Up)?;
            return Ok(away.exact());
        }
        Ok(cut)
    }
}

/// To which price the day of a change belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeDay {
    /// To the new one: the rest of the period begins on that day.
    #[default]
    New,
    /// To the old one: the rest begins on the day after.
    Old,
}

/// What a whole period without any length gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmptyPeriod {
    /// A named error.
    #[default]
    Refuse,
    /// The whole price.
    WholePrice,
}

/// What a range of dates that ends before it begins is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reversed {
    /// A named error.
    #[default]
    Refuse,
    /// A range without any day, for systems that compute ends that may fall before the start.
    Empty,
}

/// What a part longer than the whole period gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Beyond {
    /// The whole price, not more.
    #[default]
    WholePrice,
    /// More than the whole price: 92 of 31 days.
    AsCounted,
}

/// Which whole period a partial one is measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Denominator {
    /// The period of the cycle in which the part lies, from boundary to boundary.
    #[default]
    Realigned,
    /// One duration before (or after) the boundary at which the part ends (or begins), not moved back to the anchor's
    /// day: 28 February less a month is 28 January, although the anchor is the 31st.
    Unaligned,
}

/// How a price for a whole period is charged for a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Proration {
    /// What is counted.
    pub basis: Basis,
    /// Where the quotient is cut; it stays a fraction if nowhere.
    pub quotient: Option<Cut>,
    /// To which price the day of a change belongs.
    pub change_day: ChangeDay,
    /// What an empty whole period gives.
    pub empty_period: EmptyPeriod,
    /// What a reversed range is.
    pub reversed: Reversed,
    /// What too long a part gives.
    pub beyond: Beyond,
    /// Which whole period a part is measured against.
    pub denominator: Denominator,
}

/// Why a price was not prorated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WholePrice {
    /// The rule says so.
    NotProrated,
    /// The part is the whole period, or longer.
    WholePeriod,
    /// The whole period has no length.
    EmptyPeriod,
}

/// A share of a price and what was counted for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// What the price is multiplied by.
    pub value: Exact,
    /// What was counted for the part: days, seconds or units.
    pub part: Exact,
    /// What was counted for the whole.
    pub whole: Exact,
    /// How.
    pub basis: Basis,
    /// Why it is the whole price, if it was not prorated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole_price: Option<WholePrice>,
}

impl Share {
    /// `price` for the part, exact.
    pub fn of(&self, price: Exact) -> Result<Exact, Overflow> {
        price.checked_mul(self.value)
    }
}

/// Why there is no share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProrationError {
    /// The dates give none.
    Time(TimeError),
    /// The whole period has no length, so nothing is a share of it.
    EmptyPeriod,
    /// Less than nothing was counted for the part.
    NegativePart(Exact),
    /// The basis counts something else than what was given, for instance seconds of dates.
    WrongBasis(Basis),
    /// The numbers do not fit.
    Overflow,
}

impl From<TimeError> for ProrationError {
    fn from(error: TimeError) -> Self {
        Self::Time(error)
    }
}

impl From<Overflow> for ProrationError {
    fn from(_: Overflow) -> Self {
        Self::Overflow
    }
}

impl fmt::Display for ProrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(error) => error.fmt(f),
            Self::EmptyPeriod => f.write_str("nothing is a share of a whole period without any length"),
            Self::NegativePart(part) => write!(f, "{part} is less than nothing and no part of a period"),
            Self::WrongBasis(Basis::ElapsedTime) => f.write_str("elapsed time needs instants, not dates"),
            Self::WrongBasis(Basis::ConsumedQuota) => f.write_str("a share of a quota needs usage, not dates"),
            Self::WrongBasis(basis) => write!(f, "{basis} does not count this"),
            Self::Overflow => Overflow.fmt(f),
        }
    }
}

impl std::error::Error for ProrationError {}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DaysHalfOpen => f.write_str("days without the last"),
            Self::DaysInclusive => f.write_str("days with both ends"),
            Self::ElapsedTime => f.write_str("elapsed time"),
            Self::FixedMonthDays(days) => write!(f, "months of {days} days"),
            Self::NominalDays(days) => write!(f, "days of a nominal {days}"),
            Self::ConsumedQuota => f.write_str("consumed quota"),
            Self::None => f.write_str("no proration"),
        }
    }
}

impl Proration {
    /// The share of the days `part` in the days `whole`, both written as the basis reads them.
    ///
    /// Refused for bases that count something else than days, and, unless the rule says otherwise, for ranges that end
    /// before they begin.
    pub fn share_of_dates(&self, part: Dates, whole: Dates) -> Result<Share, ProrationError> {
        let days = |dates: Dates, by| match self.reversed {
            Reversed::Empty if dates.to < dates.from => Ok(0),
            Reversed::Empty | Reversed::Refuse => dates.count(by),
        };
        let (by, nominal) = match self.basis {
            Basis::DaysHalfOpen | Basis::None => (DayCount::HalfOpen, None),
            Basis::DaysInclusive => (DayCount::Inclusive, None),
            Basis::FixedMonthDays(days) => {
                let months = whole.whole_months().filter(|months| *months > 0);
                (DayCount::FixedMonth(days), months.and_then(|months| months.checked_mul(i64::from(days))))
            }
            Basis::NominalDays(days) => (DayCount::HalfOpen, Some(i64::from(days))),
            Basis::ElapsedTime | Basis::ConsumedQuota => return Err(ProrationError::WrongBasis(self.basis)),
        };
        let (part, whole) = (days(part, by)?, nominal.map_or_else(|| days(whole, by), Ok)?);
        self.quotient(integer(i128::from(part))?, integer(i128::from(whole))?)
    }

    /// The share of the period `part` in the period `whole`: of elapsed time, or of the days on the calendar of `zone`.
    ///
    /// Half-open periods have no last day to include, so [`Basis::DaysInclusive`] counts them as half-open days.
    #[cfg(feature = "zones")]
    pub fn share_of_period(
        &self,
        part: &Period,
        whole: &Period,
        zone: crate::period::Zone,
    ) -> Result<Share, ProrationError> {
        match self.basis {
            Basis::ElapsedTime => self.share_of_time(part, whole),
            Basis::DaysInclusive => {
                let half_open = Self { basis: Basis::DaysHalfOpen, ..*self };
                half_open.share_of_period(part, whole, zone)
            }
            Basis::DaysHalfOpen
            | Basis::FixedMonthDays(_)
            | Basis::NominalDays(_)
            | Basis::ConsumedQuota
            | Basis::None => {
                let dates = crate::period::local_dates;
                self.share_of_dates(dates(part, zone)?, dates(whole, zone)?)
            }
        }
    }

    /// The share of elapsed time; refused if a period ends before it begins.
    pub fn share_of_time(&self, part: &Period, whole: &Period) -> Result<Share, ProrationError> {
        self.quotient(nanoseconds(part)?, nanoseconds(whole)?)
    }

    /// The share of a quota that was consumed.
    pub fn share_of_quota(&self, consumed: Exact, quota: Exact) -> Result<Share, ProrationError> {
        self.quotient(consumed, quota)
    }

    /// The share that `part` is of `whole`, whatever was counted, with the rule's options for empty and too large.
    pub fn quotient(&self, part: Exact, whole: Exact) -> Result<Share, ProrationError> {
        let full = |reason| {
            let value = integer(1)?;
            Ok(Share { value, part, whole, basis: self.basis, whole_price: Some(reason) })
        };
        if self.basis == Basis::None {
            return full(WholePrice::NotProrated);
        }
        if part.signum() < 0 {
            return Err(ProrationError::NegativePart(part));
        }
        if whole.signum() <= 0 {
            return match self.empty_period {
                EmptyPeriod::Refuse => Err(ProrationError::EmptyPeriod),
                EmptyPeriod::WholePrice => full(WholePrice::EmptyPeriod),
            };
        }
        let over = part.checked_sub(whole)?.signum();
        if over == 0 || (over > 0 && self.beyond == Beyond::WholePrice) {
            return full(WholePrice::WholePeriod);
        }
        let exact = part.checked_div(whole)?;
        let value = self.quotient.map_or(Ok(exact), |cut| cut.apply(exact))?;
        Ok(Share { value, part, whole, basis: self.basis, whole_price: None })
    }

    /// The share of a price that is still to come from the day of a change to the end of `whole`.
    pub fn share_from(&self, change: NaiveDate, whole: Dates) -> Result<Share, ProrationError> {
        match self.rest(change, whole)? {
            Some(rest) => self.share_of_dates(rest, whole),
            None => self.quotient(Exact::ZERO, self.share_of_dates(whole, whole)?.whole),
        }
    }

    /// How many days that are, for a whole that is longer than `dates`.
    pub fn days_from(&self, change: NaiveDate, dates: Dates) -> Result<Exact, ProrationError> {
        match self.rest(change, dates)? {
            Some(rest) => Ok(self.share_of_dates(rest, dates)?.part),
            None => Ok(Exact::ZERO),
        }
    }

    /// The days from a change to the end of `whole`, written like it; `None` if there are none left.
    fn rest(&self, change: NaiveDate, whole: Dates) -> Result<Option<Dates>, TimeError> {
        let first = match self.change_day {
            ChangeDay::New => change,
            ChangeDay::Old => change.succ_opt().ok_or(TimeError::OutOfCalendar)?,
        };
        let from = first.max(whole.from);
        Ok((from <= whole.to).then_some(Dates { from, to: whole.to }))
    }
}

/// The period of one duration that ends at `to`, not moved to any anchor.
pub fn whole_before(to: NaiveDate, every: CalendarDuration) -> Result<Dates, TimeError> {
    Dates::new(every.add_to_date(to, -1)?, to)
}

/// The period of one duration that begins at `from`, not moved to any anchor.
pub fn whole_after(from: NaiveDate, every: CalendarDuration) -> Result<Dates, TimeError> {
    Dates::new(from, every.add_to_date(from, 1)?)
}

/// What is left to pay of a range after a trial whose first paid day is `paid_from`; `None` if nothing.
pub fn after_trial(dates: Dates, paid_from: NaiveDate) -> Option<Dates> {
    let from = dates.from.max(paid_from);
    (from <= dates.to).then_some(Dates { from, to: dates.to })
}

fn integer(number: i128) -> Result<Exact, Overflow> {
    Exact::ratio(number, 1).ok_or(Overflow)
}

/// The length in seconds, with its fraction.
fn nanoseconds(period: &Period) -> Result<Exact, ProrationError> {
    let length = period.end.signed_duration_since(period.start);
    let nanoseconds = i128::from(length.num_seconds())
        .checked_mul(1_000_000_000)
        .and_then(|seconds| seconds.checked_add(i128::from(length.subsec_nanos())))
        .ok_or(Overflow)?;
    if nanoseconds < 0 {
        let (start, end) = (period.start.to_rfc3339(), period.end.to_rfc3339());
        return Err(TimeError::EndsBeforeItBegins { start, end }.into());
    }
    Exact::ratio(nanoseconds, 1_000_000_000).ok_or(ProrationError::Overflow)
}

#[cfg(test)]
#[path = "proration_tests.rs"]
mod tests;
