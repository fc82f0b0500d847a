use super::{Schedule, Subscribed};
use crate::period::{
    Anchor, CalendarDuration, Charged, Clock, Cycle, Dates, FirstPeriod, Grid, Instant, Period, TimeError, Zone,
    parse_date, whole_periods,
};

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

fn zone(name: &str) -> Zone {
    Zone::from_name(name).unwrap()
}

fn every(text: &str) -> CalendarDuration {
    CalendarDuration::parse(text).unwrap()
}

fn cycle(duration: &str, anchor: Anchor, first: FirstPeriod, clock: Clock) -> Cycle {
    Cycle { every: every(duration), anchor, first, clock }
}

fn plain(duration: &str, anchor: Anchor) -> Cycle {
    cycle(duration, anchor, FirstPeriod::NextBoundary, Clock::Midnight)
}

fn schedule(cycle: Cycle, start: &str, zone_name: &str) -> Schedule {
    cycle.schedule(Subscribed { start: at(start), end: None, zone: zone(zone_name) }).unwrap()
}

fn dates(schedule: &Schedule, count: usize) -> String {
    let days = schedule.starts().take(count).map(Result::unwrap);
    days.map(|start| schedule.zone().date_of(start).to_string()).collect::<Vec<_>>().join(" ")
}

#[test]
fn an_anchor_on_the_31st_comes_back_after_every_shorter_month() {
    let monthly = schedule(plain("P1M", Anchor::Start), "2027-12-31T00:00:00Z", "UTC");
    assert_eq!(dates(&monthly, 6), "2027-12-31 2028-01-31 2028-02-29 2028-03-31 2028-04-30 2028-05-31");
    let day = cycle("P1M", Anchor::Day(31), FirstPeriod::AnchorDayOfMonth, Clock::Midnight);
    let clamped = schedule(day, "2026-02-28T00:00:00Z", "UTC");
    assert_eq!(dates(&clamped, 4), "2026-02-28 2026-03-31 2026-04-30 2026-05-31");
}

#[test]
fn the_29th_of_february_is_the_28th_in_common_years_and_comes_back() {
    let yearly = schedule(plain("P1Y", Anchor::Start), "2024-02-29T00:00:00Z", "Asia/Shanghai");
    assert_eq!(dates(&yearly, 6), "2024-02-29 2025-02-28 2026-02-28 2027-02-28 2028-02-29 2029-02-28");
    // 2100 is no leap year.
    let century = schedule(plain("P1Y", Anchor::Start), "2096-02-29T00:00:00Z", "UTC");
    assert_eq!(dates(&century, 6), "2096-02-29 2097-02-28 2098-02-28 2099-02-28 2100-02-28 2101-02-28");
}

#[test]
fn calendar_cycles_begin_with_the_calendar_and_the_first_is_cut() {
    let table = [
        ("P1D", "2026-05-20 2026-05-21 2026-05-22"),
        ("P1W", "2026-05-20 2026-05-25 2026-06-01"),
        // 8 June 2026 is 20,608 days, 736 times 28, after Monday 5 January 1970.
        ("P28D", "2026-05-20 2026-06-08 2026-07-06"),
        ("P1M", "2026-05-20 2026-06-01 2026-07-01"),
        ("P3M", "2026-05-20 2026-07-01 2026-10-01"),
        ("P6M", "2026-05-20 2026-07-01 2027-01-01"),
        ("P1Y", "2026-05-20 2027-01-01 2028-01-01"),
    ];
    for (duration, expected) in table {
        let periods = schedule(plain(duration, Anchor::Calendar), "2026-05-20T09:30:00Z", "America/New_York");
        assert_eq!(dates(&periods, 3), expected, "{duration}");
    }
}

#[test]
fn each_rule_for_the_first_period_ends_it_where_it_says() {
    // A quarter from 20 May with an anchor on 15 January; then one with its anchor in the next year.
    let (past, ahead) = (Anchor::At(at("2026-01-15T00:00:00Z")), Anchor::At(at("2027-01-15T00:00:00Z")));
    let table = [
        (FirstPeriod::NextBoundary, past, "2026-05-20 2026-07-15 2026-10-15"),
        (FirstPeriod::AnchorDayOfMonth, past, "2026-05-20 2026-08-15 2026-11-15"),
        (FirstPeriod::AtAnchor, past, "2026-05-20 2026-08-15 2026-11-15"),
        (FirstPeriod::AtAnchor, ahead, "2026-05-20 2027-01-15 2027-04-15"),
        (FirstPeriod::WholePeriod, past, "2026-05-20 2026-08-15 2026-11-15"),
    ];
    for (first, anchor, expected) in table {
        let periods = schedule(cycle("P3M", anchor, first, Clock::Midnight), "2026-05-20T00:00:00Z", "UTC");
        assert_eq!(dates(&periods, 3), expected, "{first}");
    }
    // Before the anchor's day of the month the short period is billed, and a yearly cycle a day late waits a year.
    let day = cycle("P1Y", Anchor::Day(17), FirstPeriod::AnchorDayOfMonth, Clock::Midnight);
    assert_eq!(dates(&schedule(day, "2026-01-16T00:00:00Z", "UTC"), 3), "2026-01-16 2026-01-17 2027-01-17");
    assert_eq!(dates(&schedule(day, "2026-01-18T00:00:00Z", "UTC"), 3), "2026-01-18 2027-01-17 2028-01-17");
    // Never short: from 15 January with an anchor on 15 June it is 17 months.
    let long = cycle("P1Y", Anchor::At(at("2026-06-15T00:00:00Z")), FirstPeriod::WholePeriod, Clock::Midnight);
    assert_eq!(dates(&schedule(long, "2026-01-15T00:00:00Z", "UTC"), 2), "2026-01-15 2027-06-15");
}

#[test]
fn a_whole_week_on_lands_on_the_anchors_weekday() {
    // 6 March 2024 was a Wednesday, 4 March a Monday.
    let weekly = |duration, start| {
        let anchor = Anchor::At(at("2024-03-06T14:00:00Z"));
        let periods = schedule(cycle(duration, anchor, FirstPeriod::WholePeriod, Clock::Anchor), start, "UTC");
        periods.next_start(at(start)).unwrap().to_rfc3339()
    };
    assert_eq!(weekly("P1W", "2024-03-04T00:00:00Z"), "2024-03-06T14:00:00+00:00");
    assert_eq!(weekly("P2W", "2024-03-04T00:00:00Z"), "2024-03-13T14:00:00+00:00");
    assert_eq!(weekly("P1W", "2024-03-06T00:00:00Z"), "2024-03-13T14:00:00+00:00");
}

#[test]
fn days_of_the_clock_change_have_23_and_25_hourly_periods() {
    let hours = |day: &str, next: &str| {
        let grid = Grid::new(every("PT1H"), at(day), zone("America/New_York")).unwrap();
        grid.index_at(at(next)).unwrap()
    };
    assert_eq!(hours("2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"), 23);
    assert_eq!(hours("2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"), 25);
}

#[test]
fn daily_and_weekly_boundaries_stay_on_the_wall_clock() {
    let daily = schedule(plain("P1D", Anchor::Calendar), "2026-03-07T12:00:00Z", "America/New_York");
    let starts: Vec<_> = daily.starts().take(4).map(|start| start.unwrap().to_rfc3339()).collect();
    assert_eq!(
        starts,
        [
            "2026-03-07T05:00:00+00:00",
            "2026-03-08T05:00:00+00:00",
            "2026-03-09T04:00:00+00:00",
            "2026-03-10T04:00:00+00:00"
        ]
    );
}

#[test]
fn a_boundary_in_a_skipped_hour_comes_first_after_the_gap() {
    // New York skips 02:00 to 03:00 on 8 March 2026.
    let daily = cycle("P1D", Anchor::Start, FirstPeriod::NextBoundary, Clock::Anchor);
    let periods = schedule(daily, "2026-03-07T07:30:00Z", "America/New_York");
    let starts: Vec<_> = periods.starts().take(3).map(|start| start.unwrap().to_rfc3339()).collect();
    assert_eq!(starts, ["2026-03-07T07:30:00+00:00", "2026-03-08T07:00:00+00:00", "2026-03-09T06:30:00+00:00"]);
}

#[test]
fn an_anchor_in_the_second_of_two_equal_hours_stays_there() {
    let daily = cycle("P1D", Anchor::Start, FirstPeriod::NextBoundary, Clock::Anchor);
    let periods = schedule(daily, "2026-11-01T06:30:00Z", "America/New_York");
    assert_eq!(periods.period(0).unwrap().period.start, at("2026-11-01T06:30:00Z"));
    assert_eq!(periods.next_start(at("2026-11-01T06:30:00Z")), Ok(at("2026-11-02T06:30:00Z")));
}

#[test]
fn a_day_that_a_zone_skips_is_an_empty_period_that_no_instant_is_in() {
    // Samoa went from 29 December 2011 straight to the 31st, at 10:00 UTC on the 30th.
    let daily = schedule(plain("P1D", Anchor::Calendar), "2011-12-29T12:00:00Z", "Pacific/Apia");
    let change = at("2011-12-30T10:00:00Z");
    let empty = daily.period(1).unwrap();
    assert_eq!((empty.period.start, empty.period.end), (change, change));
    let found = daily.containing(change).unwrap();
    assert_eq!((found.number, found.period.end), (2, at("2011-12-31T10:00:00Z")));
    assert_eq!(daily.previous(change).unwrap().end, change);
    assert_eq!(daily.last_over(change).unwrap().unwrap().number, 0);
}

#[test]
fn a_midnight_that_does_not_exist_gives_way_to_the_days_first_instant() {
    let monthly = schedule(plain("P1M", Anchor::Calendar), "2017-09-01T04:00:00Z", "America/Asuncion");
    assert_eq!(monthly.next_start(at("2017-09-15T00:00:00Z")), Ok(at("2017-10-01T04:00:00Z")));
}

#[test]
fn periods_of_a_zone_off_by_45_minutes_begin_at_its_midnight() {
    let monthly = schedule(plain("P1M", Anchor::Calendar), "2026-01-01T00:00:00Z", "Asia/Kathmandu");
    assert_eq!(monthly.next_start(at("2026-01-15T00:00:00Z")), Ok(at("2026-01-31T18:15:00Z")));
    let hourly = schedule(plain("PT1H", Anchor::Calendar), "2026-01-01T00:00:00Z", "Asia/Kathmandu");
    assert_eq!(hourly.next_start(at("2026-01-15T00:00:00Z")), Ok(at("2026-01-15T00:15:00Z")));
}

#[test]
fn in_arrears_the_last_period_that_is_over_is_billed_and_a_partial_one_counts() {
    let cycle = plain("P1M", Anchor::Calendar);
    let start = at("2026-01-20T00:00:00Z");
    let end = Some(at("2026-03-10T00:00:00Z"));
    let periods = cycle.schedule(Subscribed { start, end, zone: zone("UTC") }).unwrap();
    assert_eq!(periods.last_over(at("2026-01-31T23:59:59Z")), Ok(None));
    let first = periods.last_over(at("2026-02-01T00:00:00Z")).unwrap().unwrap();
    assert_eq!((first.period.start, first.whole.start), (start, at("2026-01-01T00:00:00Z")));
    let last = periods.last_over(at("2026-06-01T00:00:00Z")).unwrap().unwrap();
    assert_eq!(
        (last.number, last.period.end, last.whole.end),
        (2, at("2026-03-10T00:00:00Z"), at("2026-04-01T00:00:00Z"))
    );
    let elapsed = |text| periods.elapsed(at(text)).unwrap();
    let counts = [elapsed("2025-01-01T00:00:00Z"), elapsed("2026-02-01T00:00:00Z"), elapsed("2026-03-09T00:00:00Z")];
    assert_eq!((counts, elapsed("2026-03-10T00:00:00Z")), ([0, 1, 2], 3));
}

#[test]
fn in_advance_the_period_that_has_begun_is_due_and_in_arrears_the_one_that_is_over() {
    let end = Some(at("2026-03-10T00:00:00Z"));
    let subscribed = Subscribed { start: at("2026-01-20T00:00:00Z"), end, zone: zone("UTC") };
    let periods = plain("P1M", Anchor::Calendar).schedule(subscribed).unwrap();
    let due = |text, charged| periods.due(at(text), charged).unwrap().map(|due| due.number);
    let table = [
        ("2026-01-19T23:59:59Z", None, None),
        ("2026-01-20T00:00:00Z", Some(0), None),
        ("2026-02-01T00:00:00Z", Some(1), Some(0)),
        ("2026-03-10T00:00:00Z", None, Some(2)),
    ];
    for (instant, advance, arrears) in table {
        assert_eq!(due(instant, Charged::InAdvance), advance, "{instant}");
        assert_eq!(due(instant, Charged::InArrears), arrears, "{instant}");
    }
}

#[test]
fn a_subscription_that_ends_when_it_starts_has_no_period() {
    let start = at("2026-01-20T15:00:00Z");
    for clock in [Clock::Midnight, Clock::Anchor] {
        let monthly = cycle("P1M", Anchor::Calendar, FirstPeriod::NextBoundary, clock);
        let empty = monthly.schedule(Subscribed { start, end: Some(start), zone: zone("UTC") }).unwrap();
        assert_eq!((empty.starts().count(), empty.elapsed(at("2026-06-01T00:00:00Z"))), (0, Ok(0)));
        assert!(matches!(empty.containing(start), Err(TimeError::AfterEnd { .. })));
    }
}

#[test]
fn monthly_usage_of_a_yearly_plan_falls_into_the_months_of_its_year() {
    let start = "2024-02-29T00:00:00Z";
    let year = schedule(plain("P1Y", Anchor::Start), start, "UTC").period(1).unwrap().period;
    let months = schedule(plain("P1M", Anchor::Start), start, "UTC");
    let starts: Vec<String> =
        months.overlapping(year).map(|month| month.unwrap().period.start.date_naive().to_string()).collect();
    // The year begins on 28 February 2025, the clamped 29th, which is also a boundary of months.
    assert_eq!((starts.len(), starts[0].as_str(), starts[11].as_str()), (12, "2025-02-28", "2026-01-29"));
    let nothing = months.overlapping(Period { start: at("2023-01-01T00:00:00Z"), end: at(start) });
    assert_eq!(nothing.count(), 0);
    let far = Period { start: Instant::MAX_UTC, end: Instant::MAX_UTC };
    assert_eq!(months.overlapping(far).count(), 0);
    let endless = Period { start: at("9998-06-01T00:00:00Z"), end: Instant::MAX_UTC };
    assert_eq!(months.overlapping(endless).last(), Some(Err(TimeError::OutOfCalendar)));
}

#[test]
fn periods_touch_and_every_instant_is_in_exactly_one() {
    let zones = ["UTC", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "Australia/Lord_Howe", "America/Havana"];
    for duration in ["PT7H", "P1D", "P1W", "P28D", "P1M", "P3M", "P1Y", "P1M3DT5H"] {
        for name in zones {
            let cycle =
                cycle(duration, Anchor::At(at("2011-12-31T01:30:00Z")), FirstPeriod::NextBoundary, Clock::Anchor);
            let periods = schedule(cycle, "2011-01-31T05:17:03Z", name);
            for number in 0..400 {
                let (this, next) = (periods.period(number).unwrap(), periods.period(number + 1).unwrap());
                assert_eq!(this.period.end, next.period.start, "{duration} {name} {number}");
                assert!(this.period.start <= this.period.end, "{duration} {name} {number}");
                assert!(this.whole.start <= this.period.start && this.period.end == this.whole.end);
                if this.period.start < this.period.end {
                    for inside in [this.period.start, this.period.last_second()] {
                        assert_eq!(periods.containing(inside).unwrap().number, number, "{duration} {name}");
                    }
                    assert_eq!(periods.next_start(this.period.start), Ok(this.period.end));
                }
            }
        }
    }
}

#[test]
fn what_cannot_be_computed_is_a_named_error() {
    let start = at("2026-05-20T00:00:00Z");
    let subscribed = Subscribed { start, end: Some(at("2026-05-19T00:00:00Z")), zone: zone("UTC") };
    let monthly = plain("P1M", Anchor::Calendar);
    assert!(matches!(monthly.schedule(subscribed), Err(TimeError::EndsBeforeItBegins { .. })));

    let open = Subscribed { end: None, ..subscribed };
    for day in [0, 32, 255] {
        assert_eq!(plain("P1M", Anchor::Day(day)).schedule(open), Err(TimeError::BadDay(day)));
    }
    assert_eq!(plain("P1W", Anchor::Day(3)).schedule(open), Err(TimeError::DayNeedsMonths(every("P1W"))));
    let weekly = cycle("P1W", Anchor::Start, FirstPeriod::AnchorDayOfMonth, Clock::Midnight);
    assert_eq!(weekly.schedule(open), Err(TimeError::DayNeedsMonths(every("P1W"))));

    let ended = monthly.schedule(Subscribed { end: Some(at("2026-06-10T00:00:00Z")), ..open }).unwrap();
    let (before, after) = (at("2026-05-19T23:59:59Z"), at("2026-06-10T00:00:00Z"));
    assert_eq!(ended.containing(before), Err(TimeError::BeforeStart { at: before, start }));
    assert_eq!(ended.containing(after), Err(TimeError::AfterEnd { at: after, end: after }));
    assert!(matches!(ended.period(5), Err(TimeError::AfterEnd { .. })));
    assert_eq!(ended.starts().count(), 2);
}

#[test]
fn far_dates_and_long_cycles_are_named_errors_in_every_zone() {
    for name in ["UTC", "Asia/Shanghai", "Pacific/Kiritimati", "Pacific/Pago_Pago"] {
        for duration in ["PT1S", "P1D", "P1M", "P1000Y"] {
            for anchor in [Anchor::Calendar, Anchor::Start, Anchor::At(Instant::MAX_UTC), Anchor::At(Instant::MIN_UTC)]
            {
                for first in [FirstPeriod::NextBoundary, FirstPeriod::AtAnchor, FirstPeriod::WholePeriod] {
                    for start in
                        [Instant::MIN_UTC, Instant::MAX_UTC, at("9999-12-31T23:59:59Z"), at("1969-01-01T00:00:00Z")]
                    {
                        for clock in [Clock::Midnight, Clock::Anchor] {
                            let subscribed = Subscribed { start, end: None, zone: zone(name) };
                            let Ok(periods) = cycle(duration, anchor, first, clock).schedule(subscribed) else {
                                continue;
                            };
                            for number in [0, 1, i64::MAX] {
                                if let Err(error) = periods.period(number) {
                                    assert_eq!(error, TimeError::OutOfCalendar);
                                }
                            }
                            let _ = (
                                periods.containing(start),
                                periods.last_over(Instant::MAX_UTC),
                                periods.first_boundary(),
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn whole_periods_between_dates_are_counted_from_the_first() {
    let count = |duration, from, to| {
        whole_periods(every(duration), Dates { from: parse_date(from).unwrap(), to: parse_date(to).unwrap() })
    };
    assert_eq!(count("P1M", "2026-01-31", "2026-02-28"), Ok(1));
    assert_eq!(count("P1M", "2012-07-16", "2012-09-15"), Ok(1));
    assert_eq!(count("P30D", "2012-07-16", "2012-09-15"), Ok(2));
    assert_eq!(count("P1M", "2012-07-16", "2012-07-16"), Ok(0));
    assert!(matches!(count("P1M", "2012-07-16", "2012-07-15"), Err(TimeError::EndsBeforeItBegins { .. })));
    assert_eq!(count("PT1H", "2012-07-16", "2012-07-17"), Err(TimeError::TimeOnDate(every("PT1H"))));
}
