//! How many periods of a subscription are billed in advance up to a day: a partial one, whole ones, a partial one.
//!
//! The period that contains the day is billed whole. Each partial period is one quotient, cut by the rule; what is added
//! up are the quotients, not the days.

use crate::exact::Exact;
use crate::invoice::proration::{Denominator, Proration, ProrationError, Share, whole_after, whole_before};
use crate::period::{CalendarDuration, Dates, Instant, Period, Schedule, TimeError};

/// The periods billed up to a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BilledCycles {
    /// From the start to the first boundary, if there is such a part.
    pub leading: Option<Share>,
    /// Whole periods.
    pub whole: i64,
    /// From the last boundary to the end of the subscription, if there is such a part.
    pub trailing: Option<Share>,
    /// All of it in whole periods.
    pub cycles: Exact,
}

/// What is billed in advance up to `target`, which must not be before the start of the subscription.
///
/// A subscription that ends by the first boundary is one partial period up to its end, billed at once.
pub fn billed_in_advance(
    schedule: &Schedule,
    every: CalendarDuration,
    target: Instant,
    rule: &Proration,
) -> Result<BilledCycles, ProrationError> {
    let start = schedule.start();
    if target < start {
        return Err(TimeError::BeforeStart { at: target, start }.into());
    }
    let first = schedule.first_boundary()?;
    let parts = Parts { schedule, every, rule };
    if let Some(end) = schedule.end()
        && end <= first
    {
        let leading = if end > start { Some(parts.leading(Period { start, end })?) } else { None };
        return total(leading, 0, None);
    }
    let leading = if first > start { Some(parts.leading(Period { start, end: first })?) } else { None };
    let billed_to = billed_to(schedule, first, target)?;
    let grid = schedule.grid();
    let last = grid.index_at(billed_to)?;
    let whole = last.checked_sub(grid.index_at(first)?).ok_or(ProrationError::Overflow)?;
    let boundary = grid.boundary(last)?;
    let rest = Period { start: boundary, end: billed_to };
    let trailing = if billed_to > boundary { Some(parts.trailing(rest)?) } else { None };
    total(leading, whole, trailing)
}

/// The end of the last period that is billed: the boundary after the target, or the end of the subscription.
fn billed_to(schedule: &Schedule, first: Instant, target: Instant) -> Result<Instant, TimeError> {
    let boundary = if target < first { first } else { schedule.grid().containing(target)?.end };
    Ok(schedule.end().map_or(boundary, |end| end.min(boundary)))
}

fn total(leading: Option<Share>, whole: i64, trailing: Option<Share>) -> Result<BilledCycles, ProrationError> {
    let mut cycles = Exact::ratio(i128::from(whole), 1).ok_or(ProrationError::Overflow)?;
    for share in [leading, trailing].into_iter().flatten() {
        cycles = cycles.checked_add(share.value)?;
    }
    Ok(BilledCycles { leading, whole, trailing, cycles })
}

struct Parts<'s> {
    schedule: &'s Schedule,
    every: CalendarDuration,
    rule: &'s Proration,
}

impl Parts<'_> {
    /// A part that ends at a boundary, or where the subscription does.
    fn leading(&self, part: Period) -> Result<Share, ProrationError> {
        self.share(part, |dates, every| whole_before(dates.to, every))
    }

    /// A part that begins at a boundary.
    fn trailing(&self, part: Period) -> Result<Share, ProrationError> {
        self.share(part, |dates, every| whole_after(dates.from, every))
    }

    fn share(
        &self,
        part: Period,
        unaligned: fn(Dates, CalendarDuration) -> Result<Dates, TimeError>,
    ) -> Result<Share, ProrationError> {
        let zone = self.schedule.zone();
        match self.rule.denominator {
            Denominator::Realigned => {
                let whole = self.schedule.grid().containing(part.start)?;
                self.rule.share_of_period(&part, &whole, zone)
            }
            Denominator::Unaligned => {
                let dates = crate::period::local_dates(&part, zone)?;
                self.rule.share_of_dates(dates, unaligned(dates, self.every)?)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::billed_in_advance;
    use crate::invoice::proration::{Cut, Denominator, Proration, ProrationError};
    use crate::period::{Anchor, CalendarDuration, Clock, Cycle, FirstPeriod, Subscribed, TimeError, Zone};
    use crate::rounding::RoundingMode;

    fn billed(start: &str, end: Option<&str>, target: &str, rule: Proration) -> Result<String, ProrationError> {
        let midnight = |date: &str| format!("{date}T00:00:00Z").parse().unwrap();
        let every = CalendarDuration::parse("P1M").unwrap();
        let cycle =
            Cycle { every, anchor: Anchor::Day(31), first: FirstPeriod::AnchorDayOfMonth, clock: Clock::Midnight };
        let zone = Zone::from_name("UTC").unwrap();
        let subscribed = Subscribed { start: midnight(start), end: end.map(midnight), zone };
        let schedule = cycle.schedule(subscribed).unwrap();
        billed_in_advance(&schedule, every, midnight(target), &rule).map(|billed| billed.cycles.to_string())
    }

    #[test]
    fn the_period_of_the_day_is_billed_whole_and_the_ends_in_part() {
        let rule = Proration::default();
        let table = [
            // 10 to 31 January is 21 of the 31 days from 31 December.
            ("2026-01-10", None, "2026-01-10", "21/31"),
            ("2026-01-10", None, "2026-01-31", "52/31"),
            // 28 February is the clamped 31st: a boundary.
            ("2026-01-31", None, "2026-02-27", "1"),
            ("2026-01-31", None, "2026-02-28", "2"),
            // To 10 March: one period and 10 of the 31 days from 28 February.
            ("2026-01-31", Some("2026-03-10"), "2026-05-01", "41/31"),
            // Before the first boundary: 5 of 31 days, and an empty subscription is none.
            ("2026-01-10", Some("2026-01-15"), "2026-01-10", "5/31"),
            ("2026-01-10", Some("2026-01-10"), "2026-01-10", "0"),
        ];
        for (start, end, target, expected) in table {
            assert_eq!(billed(start, end, target, rule).as_deref(), Ok(expected), "{start} {end:?} {target}");
        }
    }

    #[test]
    fn an_unaligned_neighbour_may_be_shorter_and_the_quotient_is_cut_where_the_rule_says() {
        // 10 to 28 February 2026 is 18 of 28 days realigned (from 31 January), of 31 days unaligned (from 28 January).
        let unaligned = Proration { denominator: Denominator::Unaligned, ..Proration::default() };
        let cut = Proration { quotient: Some(Cut::to(9, RoundingMode::HalfUp)), ..unaligned };
        assert_eq!(billed("2026-02-10", None, "2026-02-10", Proration::default()).as_deref(), Ok("9/14"));
        assert_eq!(billed("2026-02-10", None, "2026-02-10", unaligned).as_deref(), Ok("18/31"));
        assert_eq!(billed("2026-02-10", None, "2026-02-10", cut).as_deref(), Ok("0.580645161"));
    }

    #[test]
    fn a_day_before_the_start_is_refused_by_name() {
        let refused = billed("2026-02-10", None, "2026-02-09", Proration::default());
        assert!(matches!(refused, Err(ProrationError::Time(TimeError::BeforeStart { .. }))));
    }
}
