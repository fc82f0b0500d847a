use super::{
    Basis, Beyond, ChangeDay, Cut, EmptyPeriod, Proration, ProrationError, Reversed, Share, WholePrice, after_trial,
    whole_after, whole_before,
};
use crate::exact::Exact;
use crate::period::{CalendarDuration, Dates, Period, TimeError, parse_date};
use crate::rounding::RoundingMode;

fn exact(text: &str) -> Exact {
    text.parse().unwrap()
}

fn dates(from: &str, to: &str) -> Dates {
    Dates { from: parse_date(from).unwrap(), to: parse_date(to).unwrap() }
}

fn period(start: &str, end: &str) -> Period {
    Period { start: start.parse().unwrap(), end: end.parse().unwrap() }
}

fn rule(basis: Basis) -> Proration {
    Proration { basis, ..Proration::default() }
}

fn value(share: Result<Share, ProrationError>) -> String {
    share.map_or_else(|error| error.to_string(), |share| share.value.to_string())
}

#[test]
fn each_basis_counts_what_its_name_says() {
    // 15 to 31 March 2024, written as the two ends of a range.
    let (part, whole) = (dates("2024-03-15", "2024-03-31"), dates("2024-03-01", "2024-03-31"));
    let table = [
        (Basis::DaysHalfOpen, "8/15"),
        (Basis::DaysInclusive, "17/31"),
        (Basis::FixedMonthDays(30), "8/15"),
        (Basis::NominalDays(365), "16/365"),
        (Basis::None, "1"),
        (Basis::ElapsedTime, "elapsed time needs instants, not dates"),
        (Basis::ConsumedQuota, "a share of a quota needs usage, not dates"),
    ];
    for (basis, expected) in table {
        assert_eq!(value(rule(basis).share_of_dates(part, whole)), expected, "{basis}");
    }
    assert_eq!(value(rule(Basis::ConsumedQuota).share_of_quota(exact("25"), exact("1000"))), "0.025");
}

#[test]
fn months_of_fixed_length_are_as_long_as_the_period_has_months() {
    let fixed = rule(Basis::FixedMonthDays(30));
    let share = |part: (&str, &str), whole: (&str, &str)| {
        let share = fixed.share_of_dates(dates(part.0, part.1), dates(whole.0, whole.1)).unwrap();
        (share.part.to_string(), share.whole.to_string())
    };
    let february = share(("2024-02-23", "2024-03-15"), ("2024-02-15", "2024-03-15"));
    assert_eq!(february, ("22".to_owned(), "30".to_owned()));
    let clamped = share(("2024-01-31", "2024-02-10"), ("2024-01-31", "2024-02-29"));
    assert_eq!(clamped, ("9".to_owned(), "30".to_owned()));
    let quarter = share(("2024-01-15", "2024-02-01"), ("2024-01-01", "2024-04-01"));
    assert_eq!(quarter, ("16".to_owned(), "90".to_owned()));
}

#[test]
fn parts_that_touch_add_up_to_the_whole_price() {
    let whole = dates("2024-01-01", "2025-01-01");
    let mut sum = Exact::ZERO;
    let every = CalendarDuration::parse("P17D").unwrap();
    let mut from = whole.from;
    while from < whole.to {
        let to = every.add_to_date(from, 1).unwrap().min(whole.to);
        let share = rule(Basis::DaysHalfOpen).share_of_dates(Dates { from, to }, whole).unwrap();
        sum = sum.checked_add(share.value).unwrap();
        from = to;
    }
    assert_eq!(sum, exact("1"));
}

#[test]
fn elapsed_time_sees_seconds_and_fractions_of_them() {
    let rule = rule(Basis::ElapsedTime);
    let whole = period("2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z");
    let share = rule.share_of_time(&period("2024-01-21T21:55:18Z", "2024-02-01T00:00:00Z"), &whole).unwrap();
    assert_eq!((share.part, share.whole), (exact("871482"), exact("2678400")));
    let short = rule.share_of_time(&period("2024-01-01T00:00:00Z", "2024-01-01T00:00:00.5Z"), &whole).unwrap();
    assert_eq!(short.value, exact("1/5356800"));
    let reversed = rule.share_of_time(&period("2024-01-02T00:00:00Z", "2024-01-01T00:00:00Z"), &whole);
    assert!(matches!(reversed, Err(ProrationError::Time(TimeError::EndsBeforeItBegins { .. }))));
}

#[cfg(feature = "zones")]
#[test]
fn a_period_is_prorated_by_the_days_of_its_zone() {
    // March in New York has a day of 23 hours; the second half of it is still 15 of 31 days.
    let zone = crate::period::Zone::from_name("America/New_York").unwrap();
    let whole = period("2024-03-01T05:00:00Z", "2024-04-01T04:00:00Z");
    let part = period("2024-03-17T04:00:00Z", "2024-04-01T04:00:00Z");
    assert_eq!(value(rule(Basis::DaysHalfOpen).share_of_period(&part, &whole, zone)), "15/31");
    assert_eq!(value(rule(Basis::DaysInclusive).share_of_period(&part, &whole, zone)), "15/31");
    assert_eq!(value(rule(Basis::ElapsedTime).share_of_period(&part, &whole, zone)), "360/743");
}

#[test]
fn empty_and_too_large_parts_do_what_the_options_say() {
    let (one, none, two) = (exact("31"), Exact::ZERO, exact("92"));
    let plain = Proration::default();
    assert_eq!(value(plain.quotient(none, one)), "0");
    assert_eq!(plain.quotient(two, one).unwrap().whole_price, Some(WholePrice::WholePeriod));
    assert_eq!(plain.quotient(one, one).unwrap().whole_price, Some(WholePrice::WholePeriod));
    assert_eq!(value(Proration { beyond: Beyond::AsCounted, ..plain }.quotient(two, one)), "92/31");
    assert_eq!(plain.quotient(one, none), Err(ProrationError::EmptyPeriod));
    let lenient = Proration { empty_period: EmptyPeriod::WholePrice, ..plain };
    assert_eq!(lenient.quotient(one, none).unwrap().whole_price, Some(WholePrice::EmptyPeriod));
    assert_eq!(plain.quotient(exact("-1"), one), Err(ProrationError::NegativePart(exact("-1"))));
}

#[test]
fn a_range_that_ends_before_it_begins_is_refused_by_name() {
    let (good, bad) = (dates("2024-03-01", "2024-03-31"), dates("2024-03-31", "2024-03-01"));
    for (part, whole) in [(good, bad), (bad, good)] {
        let refused = Proration::default().share_of_dates(part, whole);
        assert!(matches!(refused, Err(ProrationError::Time(TimeError::EndsBeforeItBegins { .. }))));
    }
}

#[test]
fn a_reversed_range_is_empty_if_the_rule_says_so() {
    let rule =
        Proration { reversed: Reversed::Empty, empty_period: EmptyPeriod::WholePrice, ..rule(Basis::DaysInclusive) };
    let (good, bad) = (dates("2024-03-01", "2024-03-31"), dates("2024-03-31", "2024-03-01"));
    assert_eq!(value(rule.share_of_dates(bad, good)), "0");
    assert_eq!(rule.share_of_dates(good, bad).unwrap().whole_price, Some(WholePrice::EmptyPeriod));
}

#[test]
fn the_day_of_change_belongs_to_the_price_that_the_rule_names() {
    let whole = dates("2024-03-01", "2024-03-31");
    let change = |change_day, day| {
        let rule = Proration { basis: Basis::DaysInclusive, change_day, ..Proration::default() };
        value(rule.share_from(parse_date(day).unwrap(), whole))
    };
    assert_eq!(change(ChangeDay::New, "2024-03-15"), "17/31");
    assert_eq!(change(ChangeDay::Old, "2024-03-15"), "16/31");
    assert_eq!(change(ChangeDay::New, "2024-03-31"), "1/31");
    assert_eq!(change(ChangeDay::Old, "2024-03-31"), "0");
    assert_eq!(change(ChangeDay::New, "2024-04-02"), "0");
    assert_eq!(change(ChangeDay::New, "2024-02-02"), "1");
}

#[test]
fn a_quotient_is_cut_only_where_the_rule_says() {
    let nine = Proration { quotient: Some(Cut::to(9, RoundingMode::HalfUp)), ..Proration::default() };
    assert_eq!(value(nine.quotient(exact("14"), exact("31"))), "0.451612903");
    assert_eq!(value(Proration::default().quotient(exact("14"), exact("31"))), "14/31");
}

#[test]
fn what_is_not_nothing_stays_a_unit_if_the_cut_says_so() {
    let cut = Cut { never_to_zero: true, ..Cut::to(2, RoundingMode::HalfUp) };
    assert_eq!(cut.apply(exact("0.001")), Ok(exact("0.01")));
    assert_eq!(cut.apply(exact("-0.001")), Ok(exact("-0.01")));
    assert_eq!(cut.apply(Exact::ZERO), Ok(Exact::ZERO));
    assert_eq!(Cut::to(2, RoundingMode::HalfUp).apply(exact("0.001")), Ok(Exact::ZERO));
}

#[test]
fn neighbours_are_one_duration_and_no_anchor() {
    let month = CalendarDuration::parse("P1M").unwrap();
    let day = |text| parse_date(text).unwrap();
    assert_eq!(whole_before(day("2026-02-28"), month), Ok(dates("2026-01-28", "2026-02-28")));
    assert_eq!(whole_after(day("2026-02-28"), month), Ok(dates("2026-02-28", "2026-03-28")));
}

#[test]
fn a_trial_pushes_the_first_paid_day() {
    let week = dates("2022-03-15", "2022-03-19");
    assert_eq!(after_trial(week, parse_date("2022-03-18").unwrap()), Some(dates("2022-03-18", "2022-03-19")));
    assert_eq!(after_trial(week, parse_date("2022-03-01").unwrap()), Some(week));
    assert_eq!(after_trial(week, parse_date("2022-03-20").unwrap()), None);
}

#[test]
fn a_rule_is_data_with_defaults() {
    let rule: Proration = serde_json::from_str(r#"{"basis": {"fixed_month_days": 30}, "change_day": "old"}"#).unwrap();
    assert_eq!((rule.basis, rule.change_day), (Basis::FixedMonthDays(30), ChangeDay::Old));
    assert_eq!(serde_json::from_str::<Proration>("{}").unwrap(), Proration::default());
    assert!(serde_json::from_str::<Proration>(r#"{"basis": "moon_phase"}"#).is_err());
    assert!(serde_json::from_str::<Proration>(r#"{"base": "days_half_open"}"#).is_err());
}
