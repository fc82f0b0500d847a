//! The calculator's reducer, natively. The book is small enough to price by hand.

use std::rc::Rc;

use engine::BookDraft;
use engine::catalog::BookView;
use engine::ids::PlanId;
use engine::text::Lang;

use super::link::{Link, LinkProblemKind, decode, encode};
use super::quantity_text::QuantityProblem;
use super::scale::Preset;
use super::scenario::{Msg, Scenario};
use super::state::{LoadProblem, Msg as PageMsg, Phase, State};
use crate::look::Theme;

/// Small: 1 a thousand calls after 1,000 free ones; images at 2. Large: 50 and 0.50 a thousand calls; no images.
pub(crate) const BOOK: &str = r#"
[book]
id = "acme"
version = "1"
effective = "2026-01-01"
currency = "USD"
zone = "UTC"
name = { zh = "测试", en = "Test" }

[meters.calls]
name = { zh = "调用", en = "Calls" }
unit = { zh = "次", en = "calls" }
event = "call"
aggregate = "count"

[meters.images]
name = { zh = "图片", en = "Images" }
event = "image"
aggregate = "count"

[plans.small]
name = { zh = "小", en = "Small" }
public = true

[[plans.small.charges]]
meter = "calls"
included = "1000"
per_unit = { price = "1.00", per = "1000" }

[[plans.small.charges]]
meter = "images"
per_unit = { price = "2.00" }

[plans.large]
name = { zh = "大", en = "Large" }
public = true

[[plans.large.charges]]
id = "base"
name = { zh = "月费", en = "Base fee" }
flat = "50.00"

[[plans.large.charges]]
meter = "calls"
per_unit = { price = "0.50", per = "1000" }
"#;

pub(crate) fn view_json() -> String {
    let book = BookDraft::from_toml(BOOK).check().unwrap();
    serde_json::to_string(&book.public_view()).unwrap()
}

fn view() -> Rc<BookView> {
    Rc::new(BookView::from_json(&view_json()).unwrap())
}

fn scenario(hash: &str) -> (Scenario, Vec<LinkProblemKind>) {
    let (link, _) = decode(hash);
    let (scenario, problems) = Scenario::from_link(view(), &link).unwrap();
    (scenario, problems.into_iter().map(|problem| problem.kind).collect())
}

fn total(scenario: &Scenario) -> String {
    scenario.chosen().unwrap().month.total.to_string()
}

fn plan(id: &str) -> PlanId {
    PlanId::new(id).unwrap()
}

#[test]
fn the_first_screen_has_usage_and_a_price_on_the_cheapest_plan() {
    let scenario = Scenario::example(view()).unwrap();
    assert!(scenario.entries.iter().all(|entry| !entry.cell.quantity.is_zero() && entry.cell.problem.is_none()));
    assert_eq!(scenario.estimate.as_ref().unwrap().cheapest.as_ref(), Some(&scenario.plan));
    assert!(scenario.is_at(Preset::StartUp));
}

#[test]
fn typing_changes_the_price_and_leaving_writes_the_figure_out() {
    // (101,000 − 1,000) × 1.00 per 1,000 = 100.00 on Small; 50.00 + 101 × 0.50 = 100.50 on Large.
    let (mut scenario, _) = scenario("#calls=0&plan=small");
    scenario.apply(Msg::Typed(0, "101k".to_owned()));
    assert_eq!(total(&scenario), "100.00");
    assert_eq!(scenario.entries[0].cell.text, "101k");
    scenario.apply(Msg::Left(0));
    assert_eq!(scenario.entries[0].cell.text, "101,000");
    scenario.apply(Msg::Choose(plan("large")));
    assert_eq!(total(&scenario), "100.50");
    assert_eq!(scenario.chosen().unwrap().above_cheapest.unwrap().to_string(), "0.50");
}

#[test]
fn a_text_that_is_no_quantity_keeps_the_last_good_price() {
    let (mut scenario, _) = scenario("#calls=101000&plan=small");
    for (text, problem) in
        [("abc", QuantityProblem::NotANumber), ("-1", QuantityProblem::Negative), ("1e40", QuantityProblem::TooLarge)]
    {
        scenario.apply(Msg::Typed(0, text.to_owned()));
        assert_eq!(scenario.entries[0].cell.problem, Some(problem));
        scenario.apply(Msg::Left(0));
        assert_eq!((scenario.entries[0].cell.text.as_str(), total(&scenario).as_str()), (text, "100.00"));
    }
    scenario.apply(Msg::Slid(0, 1));
    assert_eq!((scenario.entries[0].cell.text.as_str(), scenario.entries[0].cell.problem), ("10", None));
}

#[test]
fn a_plan_that_leaves_usage_unpriced_is_never_the_cheapest() {
    // Large costs 50.00 and does not price the 100 images, which are 200.00 on Small.
    let (scenario, _) = scenario("#images=100");
    assert_eq!(scenario.plan, plan("small"));
    let estimate = scenario.estimate.as_ref().unwrap();
    assert_eq!(estimate.plans[1].month.unpriced.len(), 1);
    assert_eq!(estimate.plans[1].above_cheapest, None);
    assert_eq!(scenario.curve().unwrap().plans, [plan("small")]);
}

#[test]
fn the_curve_finds_where_the_other_plan_becomes_cheaper() {
    // (q − 1,000) ÷ 1,000 against 50 + q ÷ 2,000: equal at 102,000. Right after it amounts differ by less than a cent
    // and rounding decides, so the change lies a few calls further on.
    let (scenario_at_10, _) = scenario("#calls=10");
    let changes = scenario_at_10.curve().unwrap().curve.changes;
    let change = changes.first().unwrap();
    assert_eq!((&change.before, &change.after), (&plan("small"), &plan("large")));
    let at: u64 = change.quantity.to_string().parse().unwrap();
    assert!((102_001..=102_020).contains(&at), "{at}");
    let cheapest = |calls: u64| scenario(&format!("#calls={calls}")).0.plan;
    assert_eq!((cheapest(at - 1), cheapest(at)), (plan("small"), plan("large")));
}

#[test]
fn the_last_compared_plan_stays() {
    let (mut scenario, _) = scenario("#calls=10&plan=small");
    scenario.apply(Msg::Compare(plan("small"), false));
    assert_eq!((scenario.compared.clone(), scenario.plan.clone()), (vec![plan("large")], plan("large")));
    scenario.apply(Msg::Compare(plan("large"), false));
    assert_eq!(scenario.compared, [plan("large")]);
    scenario.apply(Msg::Choose(plan("small")));
    assert_eq!(scenario.compared, [plan("small"), plan("large")]);
}

#[test]
fn a_link_brings_back_the_same_scenario() {
    let (mut before, _) = scenario("#calls=1.2M&images=3&plan=large");
    before.apply(Msg::Over(1));
    before.apply(Msg::Compare(plan("small"), false));
    let text = encode(&before.link());
    assert_eq!(text, "book=acme&plan=large&plans=large&calls=1200000&images=3&over=images");
    let (after, problems) = scenario(&text);
    assert!(problems.is_empty());
    assert_eq!(after.link(), before.link());
    assert_eq!(after.estimate, before.estimate);
}

#[test]
fn bad_parts_of_a_link_are_reported_and_the_rest_is_restored() {
    let (scenario, problems) = scenario("#plan=huge&plans=small,x&calls=abc&images=2&seats=3&over=seats");
    use LinkProblemKind as K;
    assert_eq!(problems, [K::Quantity, K::Meter, K::Plan, K::Plan, K::Meter]);
    assert_eq!(scenario.entries[1].cell.quantity.to_string(), "2");
    assert_eq!(scenario.compared, [plan("small")]);
}

#[test]
fn lines_open_and_close_one_by_one_and_together() {
    let (mut scenario, _) = scenario("#calls=10&plan=large");
    scenario.apply(Msg::Toggle("calls".to_owned()));
    assert_eq!(scenario.open, ["calls"]);
    scenario.apply(Msg::ToggleAll);
    assert_eq!(scenario.open, ["base", "calls"]);
    scenario.apply(Msg::ToggleAll);
    assert!(scenario.open.is_empty());
}

const INDEX: &str = r#"{"books":[{"id":"acme","version":"1","name":{"zh":"测","en":"T"},"digest":"","file":"a.json"},
    {"id":"other","version":"1","name":{"zh":"他","en":"O"},"digest":"","file":"o.json"}]}"#;

fn state(hash: &str) -> State {
    State::new(Lang::Zh, Theme::System, decode(hash))
}

#[test]
fn the_wished_book_is_loaded_and_the_first_where_there_is_no_such() {
    for (hash, file, notices) in [("", "a.json", 0), ("#book=other", "o.json", 0), ("#book=none", "a.json", 1)] {
        let mut state = state(hash);
        assert_eq!(state.apply(PageMsg::Index(Ok(INDEX.to_owned()))).as_deref(), Some(file));
        assert_eq!(state.notices.len(), notices);
    }
}

#[test]
fn a_loaded_book_shows_what_the_link_wished() {
    let mut state = state("#calls=101000&plan=small&lang=en");
    state.apply(PageMsg::Index(Ok(INDEX.to_owned())));
    state.apply(PageMsg::Book(Ok(view_json())));
    assert_eq!(total(state.scenario().unwrap()), "100.00");
    assert_eq!(state.hash().as_deref(), Some("book=acme&plan=small&calls=101000&images=0&lang=en"));
    let link = Link { plan: Some("large".to_owned()), ..Link::default() };
    assert_eq!(state.apply(PageMsg::Follow(link, Vec::new())).as_deref(), Some("a.json"));
}

#[test]
fn what_does_not_come_or_is_no_book_is_told_apart() {
    let mut state = state("");
    state.apply(PageMsg::Index(Err(LoadProblem::Unreachable("offline".to_owned()))));
    assert!(matches!(&state.phase, Phase::Failed(LoadProblem::Unreachable(_))));
    state.apply(PageMsg::Index(Ok("<html>".to_owned())));
    assert!(matches!(&state.phase, Phase::Failed(LoadProblem::Unreadable(_))));
    state.apply(PageMsg::Index(Ok(r#"{"books":[]}"#.to_owned())));
    assert!(matches!(&state.phase, Phase::Failed(LoadProblem::Empty)));
    state.apply(PageMsg::Book(Ok("{}".to_owned())));
    assert!(matches!(&state.phase, Phase::Failed(LoadProblem::Unreadable(_))));
}

#[test]
fn the_download_has_every_exact_amount() {
    let (mut scenario, _) = scenario("#calls=101000&plan=large");
    let csv = super::export::csv(&scenario, Lang::En);
    assert!(csv.contains("\r\ncalls,Calls,101000,calls,50.50,USD,"), "{csv}");
    assert!(csv.contains("\r\ntotal,a month,,,100.50,USD,Test estimate: Large\r\n"), "{csv}");
    scenario.apply(Msg::Typed(0, "x".to_owned()));
    assert_eq!(super::export::csv(&scenario, Lang::En), csv);
}
