//! Usage in parts and other commitments, on the example book that has them all. Figures are worked out by hand.

use std::rc::Rc;

use engine::catalog::{BookDraft, BookView};
use engine::text::Lang;

use super::commit::Msg as CommitMsg;
use super::export::csv;
use super::link::{LinkProblemKind, decode, encode};
use super::quantity_text::QuantityProblem;
use super::rows::{Msg as RowMsg, Part, Rows};
use super::scale::Preset;
use super::scenario::{Msg, Scenario};

fn scenario(hash: &str) -> (Scenario, Vec<LinkProblemKind>) {
    let book = BookDraft::from_toml(include_str!("../../../examples/algebra.toml")).check().unwrap();
    let view = BookView::from_json(&serde_json::to_string(&book.public_view()).unwrap()).unwrap();
    let (scenario, problems) = Scenario::from_link(Rc::new(view), &decode(hash).0).unwrap();
    (scenario, problems.into_iter().map(|problem| problem.kind).collect())
}

fn total(scenario: &Scenario) -> String {
    scenario.chosen().unwrap().month.due.to_string()
}

fn rows(scenario: &Scenario, index: usize) -> &Rows {
    scenario.entries[index].rows.as_deref().unwrap()
}

const TOKENS: usize = 0;
const COMPUTE: usize = 1;
const PAYMENTS: usize = 2;

/// 10,000,000 tokens × 1.20 per million = 12.00; 10 hours × 12.80 = 128.00; of 100 payments of 100 the first 50 are free,
/// the others 0.6 % of 5,000 + 50 × 0.10 = 35.00; storage at least 5.00; support 8 % of 140.00 = 11.20. Net 191.20, VAT
/// 11.47, levy 0.5 % of 202.67 = 1.01.
const SMALL: &str =
    "#plan=flex&tokens[lumen-mini,input]=10M&compute[C40,高峰 peak]=10&payments[]=100x100&storage=0&seats=0";

#[test]
fn parts_events_and_plain_meters_are_priced_together() {
    let (scenario, problems) = scenario(SMALL);
    assert_eq!(problems, []);
    assert_eq!(total(&scenario), "203.68");
    assert_eq!(scenario.entries[PAYMENTS].cell.quantity.to_string(), "10000");
}

#[test]
fn few_combinations_have_a_row_each_and_many_are_added() {
    let (scenario, _) = scenario("");
    assert!(rows(&scenario, COMPUTE).is_fixed() && rows(&scenario, COMPUTE).list.len() == 6);
    assert!(!rows(&scenario, TOKENS).is_fixed() && rows(&scenario, TOKENS).list.len() == 2);
    assert!(rows(&scenario, PAYMENTS).is_fixed() && rows(&scenario, PAYMENTS).list[0].count.is_some());
    assert!(scenario.is_at(Preset::StartUp) && !scenario.is_at(Preset::Scale));
    assert!(scenario.estimate.is_ok());
    assert_eq!(scenario.axis().unwrap().meter.as_str(), "storage");
    assert_eq!(scenario.curve().unwrap().meter.as_str(), "storage");
}

#[test]
fn rows_are_added_changed_and_taken_away() {
    let (mut scenario, _) = scenario(SMALL);
    scenario.apply(Msg::Rows(TOKENS, RowMsg::Add));
    // There is no cached price of the voice model: the nearest row that has this value stands in.
    scenario.apply(Msg::Rows(TOKENS, RowMsg::Value(1, 0, "lumen-voice".to_owned())));
    scenario.apply(Msg::Rows(TOKENS, RowMsg::Value(1, 1, "cached".to_owned())));
    assert_ne!(rows(&scenario, TOKENS).list[1].values[0], "lumen-voice");
    assert_eq!(rows(&scenario, TOKENS).list[1].values[1], "cached");
    scenario.apply(Msg::Rows(TOKENS, RowMsg::Value(1, 0, "lumen-mini".to_owned())));
    scenario.apply(Msg::Rows(TOKENS, RowMsg::Typed(1, Part::Quantity, "10M".to_owned())));
    // 3.00 more, and 8 % of it: 194.44; VAT 11.67, levy 0.5 % of 206.11 = 1.03.
    assert_eq!(total(&scenario), "207.14");
    scenario.apply(Msg::Rows(TOKENS, RowMsg::Remove(1)));
    scenario.apply(Msg::Rows(TOKENS, RowMsg::Remove(0)));
    assert_eq!((rows(&scenario, TOKENS).list.len(), total(&scenario).as_str()), (1, "203.68"));
}

#[test]
fn more_events_than_are_priced_one_by_one_keep_the_last_good_price() {
    let (mut scenario, _) = scenario(SMALL);
    for text in ["100,001", "2.5"] {
        scenario.apply(Msg::Rows(PAYMENTS, RowMsg::Typed(0, Part::Count, text.to_owned())));
        let count = rows(&scenario, PAYMENTS).list[0].count.clone().unwrap();
        assert_eq!((count.problem, total(&scenario).as_str()), (Some(QuantityProblem::TooManyEvents), "203.68"));
    }
    scenario.apply(Msg::Rows(PAYMENTS, RowMsg::Typed(0, Part::Count, "0".to_owned())));
    // Without the 35.00: net 156.20, VAT 9.37, levy 0.83.
    assert_eq!(total(&scenario), "166.40");
}

#[test]
fn a_link_and_a_download_have_the_parts() {
    let (before, _) = scenario(SMALL);
    let text = encode(&before.link());
    let (after, problems) = scenario(&text);
    assert_eq!((problems, after.estimate == before.estimate), (Vec::new(), true));
    assert_eq!(after.link(), before.link());
    let csv = csv(&before, Lang::En);
    assert!(csv.contains("\r\nassumed,\"Model tokens lumen-mini, input\",10000000,tokens,,,\r\n"), "{csv}");
    assert!(csv.contains("\r\nassumed,Payments,100,yuan,,,100 × 100\r\n"), "{csv}");
}

#[test]
fn parts_of_a_link_that_the_book_does_not_know_are_reported() {
    let (_, problems) =
        scenario("#tokens[x,input]=1&tokens[lumen-mini]=1&payments[]=5&payments[]=999999x1&tokens=5&storage=1");
    use LinkProblemKind as K;
    assert_eq!(problems, [K::Meter, K::Meter, K::Meter, K::Meter, K::Quantity]);
}

#[test]
fn another_commitment_is_priced_beside_the_plans_own() {
    let (mut scenario, _) = scenario(&SMALL.replace("flex", "committed"));
    // 9.00 + 102.00 + 58.00 + 5.55 of support = 174.55, up to 3,000.00, less 5 % of 111.00: 2,994.45; VAT 179.67, levy 15.87.
    assert_eq!(total(&scenario), "3189.99");
    scenario.apply(Msg::Commit(CommitMsg::Typed("100".to_owned())));
    // 74.55 above cost a tenth more, 7.46: 182.01 less 5.55 = 176.46; VAT 10.59, levy 0.94.
    let answer = scenario.commit.as_ref().unwrap().answer.clone().unwrap().unwrap();
    assert_eq!((answer.then.to_string(), answer.difference.to_string()), ("187.99".to_owned(), "-3002.00".to_owned()));
    assert_eq!(total(&scenario), "3189.99");
    let text = encode(&scenario.link());
    assert!(text.contains("&commit=100"), "{text}");
    assert_eq!(self::scenario(&text).0.commit, scenario.commit);
    scenario.apply(Msg::Choose(engine::ids::PlanId::new("flex").unwrap()));
    assert_eq!(scenario.commit, None);
}
