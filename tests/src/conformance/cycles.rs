//! Cases about cycles: which period contains an instant, where the next begins, how dates move.
//!
//! A peer's words for a period, an anchor and a first period become our [`Cycle`]; all dates come out of the engine.

use engine::period::{
    Anchor, CalendarDuration, Clock, Cycle, CyclePeriod, DayCount, FirstPeriod, FloorTo, Grid, Instant, Month, Period,
    Schedule, Subscribed, TimeError, Zone, advance_local_days, floor, local_dates, whole_periods,
};
use serde_json::{Value, json};

use super::{Answer, Case, optional, text};

/// The engine's answer; `None` if the model is not one of these.
pub(super) fn answer(case: &Case) -> Option<Answer> {
    Some(match case.model.as_str() {
        "advance_local_days" => local_days(case),
        "next_period_start" => next_period_start(case),
        "event_in_local_month" => event_in_local_month(case),
        "floor_to_local" => floor_to_local(case),
        "month_series" => month_series(case),
        "next_usage_reset" => next_usage_reset(case),
        "advance_periods" => advance_periods(case),
        "effective_end_in_advance" => effective_end(case),
        "first_billing_cycle_date" => first_billing_date(case),
        "billing_period" => billing_period(case),
        "billing_period_days" => billing_period_days(case),
        "anchor_day_advance_period" => anchor_day_advance(case),
        "anchor_day_arrear_period" => anchor_day_arrear(case),
        "anchor_day_elapsed_cycles" => anchor_day_elapsed(case),
        "anchor_day_find_period" => anchor_day_find(case),
        "add_iso_duration" => add_iso_duration(case),
        "recurrence_period" => recurrence_period(case),
        "whole_periods" => whole(case),
        _ => return None,
    })
}

fn local_days(case: &Case) -> Answer {
    let moved = advance_local_days(instant(&case.input, "at")?, number(&case.input, "days")?, zone(&case.params)?);
    Ok(json!({ "at": moved.map_err(said)? }))
}

fn next_period_start(case: &Case) -> Answer {
    let params = &case.params;
    let name = text(params, "period")?;
    match text(params, "anchor_kind")? {
        "given" | "calendar" => {} // either way the anchor stands in the case
        other => return Err(format!("unknown anchor_kind {other}")),
    }
    let first = match name {
        "monthly" => FirstPeriod::AnchorDayOfMonth,
        "quarterly" | "half_yearly" => FirstPeriod::AtAnchor,
        "annual" | "weekly" | "daily" => FirstPeriod::WholePeriod,
        other => return Err(format!("unknown period {other}")),
    };
    let anchor = optional_instant(params, "anchor")?.map_or(Anchor::Start, Anchor::At);
    let cycle = Cycle { every: every(params)?, anchor, first, clock: Clock::Anchor };
    let start = instant(&case.input, "current_period_start")?;
    let end = optional_instant(params, "subscription_end")?;
    let schedule = cycle.schedule(Subscribed { start, end, zone: zone(params)? }).map_err(said)?;
    Ok(json!({ "next": schedule.next_start(start).map_err(said)? }))
}

fn event_in_local_month(case: &Case) -> Answer {
    let month = Month::parse(text(&case.params, "month")?).map_err(|bad| bad.to_string())?;
    let period = month.period(zone(&case.params)?).map_err(|bad| bad.to_string())?;
    Ok(json!({ "inside": period.contains(instant(&case.input, "at")?) }))
}

fn floor_to_local(case: &Case) -> Answer {
    let to: FloorTo = serde_json::from_value(json!(text(&case.params, "unit")?)).map_err(|bad| bad.to_string())?;
    Ok(json!({ "at": floor(instant(&case.input, "at")?, to, zone(&case.params)?).map_err(said)? }))
}

fn month_series(case: &Case) -> Answer {
    let cycle = day_cycle("monthly", anchor_day(&case.params, "anchor_day")?, FirstPeriod::AnchorDayOfMonth)?;
    let schedule = dated(cycle, &case.input, "start")?;
    let count = text(&case.input, "count")?.parse().map_err(|_| "count is no number".to_owned())?;
    let starts = schedule.starts().take(count).map(|start| start.map_err(said).and_then(day_of));
    Ok(json!({ "dates": starts.collect::<Result<Vec<_>, _>>()? }))
}

fn next_usage_reset(case: &Case) -> Answer {
    let params = &case.params;
    let cycle =
        Cycle { every: every(params)?, anchor: Anchor::Start, first: FirstPeriod::NextBoundary, clock: Clock::Anchor };
    let start = instant(params, "start")?;
    let end = optional_instant(params, "subscription_end")?;
    let schedule = cycle.schedule(Subscribed { start, end, zone: zone(params)? }).map_err(said)?;
    Ok(json!({ "next": schedule.next_start(instant(&case.input, "at")?).map_err(said)? }))
}

fn advance_periods(case: &Case) -> Answer {
    let moved = every(&case.params)?.add_to_date(date(&case.input, "date")?, number(&case.input, "count")?);
    Ok(json!({ "date": moved.map_err(said)? }))
}

fn effective_end(case: &Case) -> Answer {
    let schedule = billing_day_schedule(case)?;
    let target = midnight(&case.input, "target")?;
    Ok(json!({ "date": day_of(schedule.next_start(target).map_err(said)?)? }))
}

fn first_billing_date(case: &Case) -> Answer {
    Ok(json!({ "date": day_of(billing_day_schedule(case)?.first_boundary().map_err(said)?)? }))
}

fn billing_period(case: &Case) -> Answer {
    let found = billed(case)?;
    let period = match text(&case.params, "which")? {
        "previous" => found.whole, // asked for without regard to the subscription's start
        _ => found.period,
    };
    Ok(json!({ "from": period.start, "to": period.last_second() }))
}

fn billing_period_days(case: &Case) -> Answer {
    let dates = local_dates(&billed(case)?.whole, zone(&case.params)?).map_err(said)?;
    Ok(json!({ "days": dates.count(DayCount::HalfOpen).map_err(said)?.to_string() }))
}

/// The period that a billing instant asks for: the one it lies in, the last one that is over, or the one before.
fn billed(case: &Case) -> Result<CyclePeriod, String> {
    let params = &case.params;
    let start = instant(params, "started_at")?;
    let anchor = match text(params, "billing_time")? {
        "calendar" => Anchor::Calendar,
        "anniversary" => optional_instant(params, "anchor")?.map_or(Anchor::Start, Anchor::At),
        other => return Err(format!("unknown billing_time {other}")),
    };
    let every = duration(text(params, "interval")?)?;
    let cycle = Cycle { every, anchor, first: FirstPeriod::NextBoundary, clock: Clock::Midnight };
    let schedule = cycle.schedule(Subscribed { start, end: None, zone: zone(params)? }).map_err(said)?;
    let at = instant(&case.input, "billing_at")?;
    match text(params, "which")? {
        "containing" => schedule.containing(at).map_err(said),
        "arrears" => schedule.last_over(at).map_err(said)?.ok_or_else(|| "no period is over yet".to_owned()),
        "previous" => {
            let whole = schedule.previous(at).map_err(said)?;
            Ok(CyclePeriod { number: 0, period: whole, whole })
        }
        other => Err(format!("unknown which {other}")),
    }
}

fn anchor_day_advance(case: &Case) -> Answer {
    let first = match case.params.get("first_period").and_then(Value::as_bool) {
        Some(true) => FirstPeriod::AnchorDayOfMonth,
        Some(false) => FirstPeriod::WholePeriod,
        None => return Err("first_period is neither true nor false".to_owned()),
    };
    let schedule = dated(anchor_day_cycle(case, first)?, &case.input, "invoice_date")?;
    ends(schedule.period(0).map_err(said)?.period)
}

fn anchor_day_arrear(case: &Case) -> Answer {
    let schedule = dated(anchor_day_cycle(case, FirstPeriod::AnchorDayOfMonth)?, &case.input, "billing_start")?;
    match schedule.last_over(midnight(&case.input, "invoice_date")?).map_err(said)? {
        Some(found) => ends(found.period),
        None => Ok(Value::Null),
    }
}

fn anchor_day_elapsed(case: &Case) -> Answer {
    let schedule = dated(anchor_day_cycle(case, FirstPeriod::AnchorDayOfMonth)?, &case.input, "billing_start")?;
    let cycles = schedule.elapsed(midnight(&case.input, "target")?).map_err(said)?;
    Ok(json!({ "cycles": cycles.to_string() }))
}

fn anchor_day_find(case: &Case) -> Answer {
    let schedule = dated(anchor_day_cycle(case, FirstPeriod::AnchorDayOfMonth)?, &case.input, "billing_start")?;
    ends(schedule.containing_or_first(midnight(&case.input, "target")?).map_err(said)?.period)
}

fn add_iso_duration(case: &Case) -> Answer {
    let duration = CalendarDuration::parse(text(&case.input, "duration")?).map_err(|bad| bad.to_string())?;
    Ok(json!({ "at": duration.add_to(instant(&case.input, "at")?, utc()?, 1).map_err(said)? }))
}

fn recurrence_period(case: &Case) -> Answer {
    let params = &case.params;
    let every = CalendarDuration::parse(text(params, "interval")?).map_err(|bad| bad.to_string())?;
    let anchor = instant(params, "anchor")?;
    let at = instant(&case.input, "at")?;
    let period = match optional_instant(params, "not_before")? {
        None => Grid::new(every, anchor, utc()?).and_then(|grid| grid.containing(at)).map_err(said)?,
        Some(start) => {
            let cycle =
                Cycle { every, anchor: Anchor::At(anchor), first: FirstPeriod::NextBoundary, clock: Clock::Anchor };
            let schedule = cycle.schedule(Subscribed { start, end: None, zone: utc()? }).map_err(said)?;
            schedule.containing(at).map_err(said)?.period
        }
    };
    Ok(json!({ "from": period.start, "to": period.end }))
}

fn whole(case: &Case) -> Answer {
    let dates = engine::period::Dates { from: date(&case.input, "from")?, to: date(&case.input, "to")? };
    Ok(json!({ "count": whole_periods(every(&case.params)?, dates).map_err(said)?.to_string() }))
}

fn anchor_day_cycle(case: &Case, first: FirstPeriod) -> Result<Cycle, String> {
    day_cycle(text(&case.params, "period")?, anchor_day(&case.params, "billing_day")?, first)
}

/// The periods of a subscription with a billing day of the month; cycles of days have none and begin at the start.
pub(super) fn billing_day_schedule(case: &Case) -> Result<Schedule, String> {
    let name = text(&case.params, "period")?;
    let anchor = anchor_day(&case.params, "bill_cycle_day")?;
    let mut cycle = day_cycle(name, anchor, FirstPeriod::AnchorDayOfMonth)?;
    if cycle.every.months() == 0 {
        (cycle.anchor, cycle.first) = (Anchor::Start, FirstPeriod::NextBoundary);
    }
    dated(cycle, &case.input, "start")
}

fn day_cycle(period: &str, anchor: Anchor, first: FirstPeriod) -> Result<Cycle, String> {
    Ok(Cycle { every: duration(period)?, anchor, first, clock: Clock::Midnight })
}

/// Dates without a zone are days of UTC.
fn dated(cycle: Cycle, input: &Value, field: &str) -> Result<Schedule, String> {
    let end = match optional(input, "end") {
        Some(_) => Some(midnight(input, "end")?),
        None => None,
    };
    cycle.schedule(Subscribed { start: midnight(input, field)?, end, zone: utc()? }).map_err(said)
}

fn ends(period: Period) -> Answer {
    Ok(json!({ "start": day_of(period.start)?, "end": day_of(period.end)? }))
}

fn every(params: &Value) -> Result<CalendarDuration, String> {
    let one = duration(text(params, "period")?)?;
    match optional(params, "unit") {
        None => Ok(one),
        Some(count) => {
            let count = count.parse().map_err(|_| format!("unit {count} is no number"))?;
            one.times(count).map_err(|bad| bad.to_string())
        }
    }
}

/// A peer's word for a cycle.
pub(super) fn duration(name: &str) -> Result<CalendarDuration, String> {
    let iso = match name {
        "hourly" => "PT1H",
        "daily" => "P1D",
        "weekly" => "P1W",
        "biweekly" => "P2W",
        "twenty_eight_days" => "P28D",
        "thirty_days" => "P30D",
        "thirty_one_days" => "P31D",
        "sixty_days" => "P60D",
        "ninety_days" => "P90D",
        "monthly" => "P1M",
        "bimestrial" => "P2M",
        "quarterly" => "P3M",
        "triannual" => "P4M",
        "biannual" | "half_yearly" | "semiannual" | "semi_annual" => "P6M",
        "annual" | "yearly" => "P1Y",
        "sesquiennial" => "P18M",
        "biennial" => "P2Y",
        "triennial" => "P3Y",
        other => return Err(format!("unknown period {other}")),
    };
    CalendarDuration::parse(iso).map_err(|bad| bad.to_string())
}

fn anchor_day(params: &Value, field: &str) -> Result<Anchor, String> {
    text(params, field)?.parse().map(Anchor::Day).map_err(|_| format!("{field} is no day"))
}

/// UTC where a case names no zone.
pub(super) fn zone(params: &Value) -> Result<Zone, String> {
    Zone::from_name(optional(params, "timezone").unwrap_or("UTC")).map_err(|bad| bad.to_string())
}

pub(super) fn utc() -> Result<Zone, String> {
    Zone::from_name("UTC").map_err(|bad| bad.to_string())
}

pub(super) fn instant(value: &Value, field: &str) -> Result<Instant, String> {
    let text = text(value, field)?;
    text.parse().map_err(|_| format!("{text} is no instant"))
}

fn optional_instant(value: &Value, field: &str) -> Result<Option<Instant>, String> {
    optional(value, field).map(|_| instant(value, field)).transpose()
}

/// A date as the engine reads it.
pub(super) fn date(value: &Value, field: &str) -> Result<engine::period::Date, String> {
    let text = text(value, field)?;
    engine::period::parse_date(text).ok_or_else(|| format!("{text} is no date"))
}

/// The instant at which a date begins in UTC.
pub(super) fn midnight(value: &Value, field: &str) -> Result<Instant, String> {
    utc()?.start_of(date(value, field)?).ok_or_else(|| format!("{field} is outside the calendar"))
}

fn day_of(instant: Instant) -> Result<Value, String> {
    Ok(json!(utc()?.date_of(instant)))
}

fn number(value: &Value, field: &str) -> Result<i64, String> {
    text(value, field)?.parse().map_err(|_| format!("{field} is no whole number"))
}

pub(super) fn said(error: TimeError) -> String {
    error.to_string()
}
