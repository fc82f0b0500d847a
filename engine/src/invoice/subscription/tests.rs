use chrono::TimeDelta;

use super::{BookVersion, Phase, Subscription, SubscriptionBill, SubscriptionError, bill_subscription};
use crate::catalog::{Book, BookDraft};
use crate::ids::PlanId;
use crate::invoice::Account;
use crate::invoice::price_versions::{EffectiveFrom, OldPrice};
use crate::money::Money;
use crate::period::Instant;
use crate::rating::Rated;
use crate::usage::Usage;

fn book() -> Book {
    let plan = |id: &str, price: &str, due: &str| {
        format!(
            r#"
[plans.{id}]
name = {{ zh = "套餐", en = "Plan" }}
[[plans.{id}.charges]]
id = "base"
name = {{ zh = "月费", en = "Fee" }}
flat = "{price}"
due = "{due}"
"#
        )
    };
    let head = r#"
[book]
id = "b"
version = "1"
effective = "2026-01-01"
currency = "CNY"
zone = "Asia/Shanghai"
name = { zh = "价目", en = "Prices" }
"#;
    let plans = [plan("early", "31", "advance"), plan("late", "31", "arrears"), plan("more", "62", "advance")].concat();
    BookDraft::from_toml(&format!("{head}{plans}")).check().unwrap()
}

fn instant(text: &str) -> Instant {
    text.parse().unwrap()
}

fn bill(book: &Book, subscription: &Subscription, at: Instant) -> Result<Rated, SubscriptionError> {
    let effective = EffectiveFrom { from: Instant::MIN_UTC, kept: OldPrice::default() };
    bill_subscription(&SubscriptionBill {
        versions: &[BookVersion { book, effective }],
        subscription,
        after: None,
        at,
        account: &Account::default(),
        count: &|_, _| Ok(Usage::default()),
    })
}

fn on(plan: &str, from: Instant) -> Phase {
    Phase { from, plan: PlanId::new(plan).unwrap() }
}

#[test]
fn fee_in_advance_less_what_is_given_back_is_the_fee_in_arrears_on_every_day() {
    let book = book();
    let start = instant("2025-12-31T16:00:00Z");
    for day in 1..31 {
        let end = start + TimeDelta::days(day);
        let of = |plan: &str| Subscription { start, end: Some(end), phases: vec![on(plan, start)] };
        let paid = bill(&book, &of("early"), start).unwrap().total;
        let back = bill(&book, &of("early"), end).unwrap().total;
        let late = bill(&book, &of("late"), end).unwrap().total;
        assert_eq!(paid.checked_add(back).unwrap(), late, "day {day}");
    }
}

#[test]
fn upgrade_and_downgrade_at_the_same_instant_cancel_out() {
    let book = book();
    let (start, change) = (instant("2025-12-31T16:00:00Z"), instant("2026-01-16T16:00:00Z"));
    let moved = |from: &str, to: &str| Subscription { start, end: None, phases: vec![on(from, start), on(to, change)] };
    let up = bill(&book, &moved("early", "more"), change).unwrap().total;
    let down = bill(&book, &moved("more", "early"), change).unwrap().total;
    assert_eq!(up.checked_add(down).unwrap().exact(), Money::ZERO.exact());
}

#[test]
fn subscription_of_no_time_is_not_billed() {
    let start = instant("2026-01-16T04:00:00Z");
    let none = Subscription { start, end: Some(start), phases: vec![on("early", start)] };
    assert_eq!(bill(&book(), &none, start).unwrap().total.exact(), Money::ZERO.exact());
    assert!(matches!(
        bill(&book(), &Subscription { phases: Vec::new(), ..none }, start),
        Err(SubscriptionError::NoPhase)
    ));
}
