//! Laws of the engine on random books and usages: what must hold whatever the figures are.

#[path = "support/generate.rs"]
mod generate;

use engine::catalog::{Book, BookDraft, BookView};
use engine::exact::Exact;
use engine::ids::{MeterId, PlanId};
use engine::money::Money;
use engine::quantity::Quantity;
use engine::rating::prepared::{PreparedPlan, quantities_of};
use engine::rating::{Line, Rated, Step, find_plan, rate_total};
use engine::usage::{Event, MeterUsage, Metering};
use engine::wire::answer_json;
use engine::{Usage, estimate, rate};
use proptest::prelude::*;

fn usage(calls: &str, bytes: &str) -> Usage {
    let of = |meter: &str, quantity: &str| {
        MeterUsage::assumed(MeterId::new(meter).unwrap(), Quantity::parse(quantity).unwrap())
    };
    Usage(vec![of("calls", calls), of("bytes", bytes)])
}

/// The book, if the random text is a valid one.
fn valid(text: &str) -> Option<Book> {
    BookDraft::from_toml(text).check().ok()
}

/// Adds up what the steps of a line price, and rounds by its last step: gives the amount again.
fn replayed(line: &Line) -> Money {
    let priced = line.steps.iter().filter_map(Step::priced);
    let exact = priced.fold(Exact::ZERO, |sum, amount| sum.checked_add(amount).unwrap());
    match line.steps.last().unwrap() {
        Step::Round { exact: before, cut, amount, .. } => {
            assert_eq!(exact, *before, "the priced steps add up to what is rounded");
            assert_eq!(before.checked_sub(*cut).unwrap(), amount.exact(), "exact less cut is the amount");
            *amount
        }
        _ => Money::new(exact.to_decimal().unwrap()).with_places(line.amount.decimal().scale()),
    }
}

/// Each priced step by itself: its inputs give its amount.
fn step_holds(step: &Step) -> bool {
    let times = |a: Exact, b: Exact| a.checked_mul(b).unwrap();
    match step {
        Step::PerUnit { quantity, price, amount }
        | Step::GraduatedTier { quantity, price, amount, .. }
        | Step::VolumeTier { quantity, price, amount, .. } => {
            times(*amount, price.per.exact()) == times(quantity.exact(), price.price.exact())
        }
        Step::Packages { quantity, size, packages, price, amount } => {
            let (size, full) = (size.exact(), times(packages.exact(), size.exact()));
            let spare = full.checked_sub(quantity.exact()).unwrap();
            *amount == times(packages.exact(), price.exact())
                && spare.signum() >= 0
                && size.checked_sub(spare).unwrap().signum() > 0
        }
        Step::Allowance { included, used, billable } => used <= included && !billable.is_negative(),
        Step::Counted { quantity, groups, .. } => {
            let sum = groups.iter().fold(Quantity::ZERO, |sum, group| sum.checked_add(group.quantity).unwrap());
            groups.is_empty() || sum == *quantity
        }
        Step::Flat { .. } | Step::Percent { .. } | Step::Round { .. } => true,
    }
}

/// Lines, rounding and tax add up to the total.
fn adds_up(rated: &Rated) {
    let lines = rated.lines.iter().fold(Exact::ZERO, |sum, line| sum.checked_add(line.amount.exact()).unwrap());
    let net = match &rated.invoice_rounding {
        Some(Step::Round { exact, cut, .. }) => {
            assert_eq!(*exact, lines);
            lines.checked_sub(*cut).unwrap()
        }
        Some(_) => panic!("only rounding stands there"),
        None => lines,
    };
    assert_eq!(net, rated.subtotal.exact());
    let tax = rated.tax.as_ref().map_or(Exact::ZERO, |tax| tax.amount.exact());
    assert_eq!(net.checked_add(tax).unwrap(), rated.total.exact());
    assert_eq!(rated.total.decimal().scale(), rated.currency.minor_digits(), "totals are written in minor units");
}

fn event(index: usize, bytes: &str, api: u8) -> Event {
    let data = serde_json::json!({ "bytes": bytes, "api": format!("api{api}") });
    Event {
        source: "s".to_owned(),
        id: index.to_string(),
        customer: engine::ids::CustomerId::new("c").unwrap(),
        kind: "api.call".to_owned(),
        time: "2026-11-20T00:00:00Z".parse().unwrap(),
        data: serde_json::from_value(data).unwrap(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn traces_replay_to_the_amounts_and_amounts_add_up(text in generate::book(), calls in generate::quantity(), bytes in generate::quantity()) {
        let Some(book) = valid(&text) else { return Ok(()) };
        let usage = usage(&calls, &bytes);
        for plan in ["p", "q"] {
            let Ok(rated) = rate(&book, plan, &usage) else { continue };
            for line in &rated.lines {
                prop_assert_eq!(replayed(line), line.amount);
                prop_assert!(line.steps.iter().all(step_holds), "{:?}", line.steps);
            }
            adds_up(&rated);
            prop_assert_eq!(rate_total(&book, find_plan(&book, plan).unwrap(), &usage), Ok(rated.total));
        }
    }

    #[test]
    fn prepared_totals_are_those_of_the_exact_models(text in generate::book(), calls in generate::quantity(), bytes in generate::quantity()) {
        let Some(book) = valid(&text) else { return Ok(()) };
        let usage = usage(&calls, &bytes);
        let quantities = quantities_of(&book, &usage).unwrap();
        for plan in &book.plans {
            let Some(prepared) = PreparedPlan::new(&book, plan) else { continue };
            prop_assert_eq!(prepared.total(&quantities), rate_total(&book, plan, &usage));
        }
    }

    #[test]
    fn every_quantity_falls_into_exactly_one_tier(tiers in generate::tiers(), quantity in generate::quantity()) {
        let text = format!("{}\n[[plans.p.charges]]\nmeter = \"calls\"\nvolume = {tiers}\n[[plans.p.charges]]\nid = \"g\"\nmeter = \"calls\"\ngraduated = {tiers}", include_str!("../scenarios/head.toml"));
        let book = valid(&text).unwrap();
        let Ok(rated) = rate(&book, "p", &usage(&quantity, "0")) else { return Ok(()) };
        let quantity = Quantity::parse(&quantity).unwrap();
        let hits: Vec<_> = rated.lines[0].steps.iter().filter_map(|step| match step {
            Step::VolumeTier { from, up_to, .. } => Some((*from, *up_to)),
            _ => None,
        }).collect();
        prop_assert_eq!(hits.len(), 1);
        let (from, up_to) = hits[0];
        prop_assert!((from < quantity || quantity.is_zero()) && up_to.is_none_or(|up_to| quantity <= up_to));
        let graduated = rated.lines[1].steps.iter().filter_map(|step| match step {
            Step::GraduatedTier { quantity, .. } => Some(*quantity),
            _ => None,
        });
        let sum = graduated.fold(Quantity::ZERO, |sum, part| sum.checked_add(part).unwrap());
        prop_assert_eq!(sum, quantity);
    }

    #[test]
    fn more_usage_never_lowers_a_graduated_price(tiers in generate::tiers(), quantity in 0_u64..3_000_000_000, more in 1_u64..1_000_000) {
        let text = format!("{}\n[[plans.p.charges]]\nmeter = \"calls\"\ngraduated = {tiers}", include_str!("../scenarios/head.toml"));
        let book = valid(&text).unwrap();
        let exact = |quantity: u64| {
            let rated = rate(&book, "p", &usage(&quantity.to_string(), "0")).unwrap();
            rated.lines[0].steps.iter().filter_map(Step::priced).fold(Exact::ZERO, |sum, part| sum.checked_add(part).unwrap())
        };
        prop_assert!(exact(quantity + more).checked_sub(exact(quantity)).unwrap().signum() >= 0);
    }

    #[test]
    fn order_and_grouping_of_events_change_nothing(values in prop::collection::vec((0_u32..1_000_000, 0_u8..4), 0..40), seed in any::<u64>()) {
        let text = format!("{}\n[[plans.p.charges]]\nmeter = \"bytes\"\nper_unit = {{ price = \"1\" }}", include_str!("../scenarios/head.toml"));
        let mut book = valid(&text).unwrap();
        for meter in &mut book.meters {
            meter.group_by = vec!["api".to_owned()];
        }
        let events: Vec<Event> = values.iter().enumerate()
            .map(|(index, (bytes, api))| event(index, &format!("{}.{:03}", bytes / 1000, bytes % 1000), *api)).collect();
        let count = |events: &[Event]| {
            let mut metering = Metering::new(&book.meters);
            for event in events { metering.add(event).unwrap(); }
            metering.usage()
        };
        let mut shuffled = events.clone();
        shuffled.sort_by_key(|event| engine::proof::sha256(format!("{seed}{}", event.id).as_bytes()));
        let usage = count(&events);
        prop_assert_eq!(&usage, &count(&shuffled));
        for meter in &usage.0 {
            let sum = meter.groups.iter().fold(Quantity::ZERO, |sum, group| sum.checked_add(group.quantity).unwrap());
            prop_assert_eq!(sum, meter.quantity);
        }
    }

    #[test]
    fn an_estimate_is_the_bill_of_the_same_usage(text in generate::book(), calls in generate::quantity(), bytes in generate::quantity()) {
        let Some(book) = valid(&text) else { return Ok(()) };
        let usage = usage(&calls, &bytes);
        let Ok(found) = estimate(&book, &[], &usage) else { return Ok(()) };
        for plan in &found.plans {
            prop_assert_eq!(&plan.month, &rate(&book, plan.month.plan.as_str(), &usage).unwrap());
        }
        if let Some(cheapest) = &found.cheapest {
            let lowest = found.plans.iter().find(|plan| plan.month.plan == *cheapest).unwrap().month.total;
            prop_assert!(found.plans.iter().all(|plan| !plan.month.unpriced.is_empty() || plan.month.total >= lowest));
        }
    }

    #[test]
    fn the_browsers_view_prices_like_the_book(text in generate::book(), calls in generate::quantity()) {
        let Some(book) = valid(&text) else { return Ok(()) };
        let view = serde_json::to_string(&book.public_view()).unwrap();
        prop_assert!(!view.contains("\"q\"") && !view.contains("乙"), "a private plan got out: {view}");
        let seen = BookView::from_json(&view).unwrap();
        prop_assert_eq!(seen.book.digest(), book.digest());
        let priced = seen.book.plans[0].prices(&MeterId::new("calls").unwrap());
        let usage = Usage(if priced { usage(&calls, "0").0[..1].to_vec() } else { Vec::new() });
        prop_assert_eq!(rate(&seen.book, "p", &usage), rate(&book, "p", &usage));
        let both = serde_json::to_string(&book.view_for(&[PlanId::new("q").unwrap()])).unwrap();
        prop_assert_eq!(BookView::from_json(&both).unwrap().book.plans, book.plans);
    }

    #[test]
    fn a_book_read_back_from_its_canonical_form_is_the_same(text in generate::book()) {
        let Some(book) = valid(&text) else { return Ok(()) };
        let canonical: serde_json::Value = serde_json::from_str(&book.canonical_json()).unwrap();
        prop_assert_eq!(BookDraft::from_json(&canonical).check().unwrap(), book);
    }

    #[test]
    fn no_question_panics_and_the_same_question_gives_the_same_bytes(ask in generate::ask()) {
        let answer = answer_json(&ask);
        prop_assert_eq!(&answer, &answer_json(&ask));
        prop_assert!(!answer.contains('\n'));
        prop_assert!(serde_json::from_str::<serde_json::Value>(&answer).is_ok());
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,200}", json in "[\\[\\]{}\":,a-z0-9.]{0,80}") {
        let _ = BookDraft::from_toml(&text).check();
        let _ = answer_json(&json);
        let _ = Quantity::parse(&text);
        let _ = BookView::from_json(&json);
    }
}

#[test]
fn random_questions_are_mostly_answered() {
    let asks = generate::asks(500);
    let answered = asks.iter().filter(|ask| !answer_json(ask).contains("\"refused\"")).count();
    assert!(answered > 250, "only {answered} of 500 questions have an answer; the generator tests little");
}
