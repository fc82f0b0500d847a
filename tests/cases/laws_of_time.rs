//! Laws of time: whatever the cycle, its anchor and its zone, periods touch and every instant lies in exactly one.

use engine::period::{Anchor, CalendarDuration, Clock, Cycle, FirstPeriod, Instant, Subscribed, Zone};
use proptest::prelude::*;

fn cycle() -> impl Strategy<Value = Cycle> {
    let every = prop::sample::select(vec!["P1M", "P3M", "P6M", "P1Y", "P1W", "P28D", "P1D", "PT1H", "P2M", "P4Y"]);
    let first = prop::sample::select(vec![FirstPeriod::NextBoundary, FirstPeriod::WholePeriod, FirstPeriod::AtAnchor]);
    let clock = prop::sample::select(vec![Clock::Midnight, Clock::Anchor]);
    let anchor = prop_oneof![Just(Anchor::Start), instant().prop_map(Anchor::At)];
    (every, anchor, first, clock).prop_map(|(every, anchor, first, clock)| Cycle {
        every: CalendarDuration::parse(every).unwrap(),
        anchor,
        first,
        clock,
    })
}

/// 2001 to 2040, to the second, often at the ends of months.
fn instant() -> impl Strategy<Value = Instant> {
    let date = (2001_i32..2040, 1_u32..=12, prop::sample::select(vec![1_u32, 15, 28, 29, 30, 31]));
    (date, 0_u32..24, 0_u32..60).prop_filter_map("a day that exists", |((year, month, day), hour, minute)| {
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:00Z").parse().ok()
    })
}

fn zone() -> impl Strategy<Value = Zone> {
    let names =
        vec!["UTC", "Asia/Shanghai", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia"];
    prop::sample::select(names).prop_map(|name| Zone::from_name(name).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn periods_touch_and_an_instant_lies_in_exactly_one(cycle in cycle(), start in instant(), at in instant(), zone in zone()) {
        let Ok(schedule) = cycle.schedule(Subscribed { start, end: None, zone }) else { return Ok(()) };
        let Ok(first) = schedule.period(0) else { return Ok(()) };
        prop_assert_eq!(first.period.start, schedule.start());
        for number in 0..24 {
            let (Ok(one), Ok(next)) = (schedule.period(number), schedule.period(number + 1)) else { break };
            prop_assert_eq!(one.period.end, next.period.start, "period {}", number);
            prop_assert!(one.period.start <= one.period.end);
        }
        if at < schedule.start() {
            prop_assert!(schedule.containing(at).is_err());
            return Ok(());
        }
        let found = schedule.containing(at).unwrap();
        prop_assert!(found.period.contains(at));
        prop_assert_eq!(schedule.period(found.number).unwrap(), found);
        if found.number > 0 {
            prop_assert!(!schedule.period(found.number - 1).unwrap().period.contains(at));
        }
        prop_assert!(!schedule.period(found.number + 1).unwrap().period.contains(at));
        prop_assert_eq!(schedule.next_start(at).unwrap(), found.period.end);
    }

    #[test]
    fn a_date_and_so_many_months_do_not_drift(start in instant(), months in 1_u32..60) {
        let one = CalendarDuration::parse("P1M").unwrap();
        let date = start.date_naive();
        let far = one.add_to_date(date, i64::from(months)).unwrap();
        let whole = CalendarDuration::parse(&format!("P{months}M")).unwrap();
        prop_assert_eq!(far, whole.add_to_date(date, 1).unwrap(), "steps are counted from the anchor");
    }
}
