//! The trial page's reducer, natively.

use engine::text::Lang;

use super::state::{Freshness, Headline, Msg, Phase, State};
use crate::browser::FetchProblem;
use crate::calculator::tests::view_json;
use crate::look::Theme;

fn state() -> State {
    State::new(Lang::En, Theme::System, "token")
}

/// April 2026 in UTC; 1,000 calls are free on Small.
fn answer(plan: &str, calls: &str, as_of: &str) -> String {
    let period = r#"{"start":"2026-04-01T00:00:00Z","end":"2026-05-01T00:00:00Z"}"#;
    let usage = [r#"[{"meter":"calls","quantity":""#, calls, r#"","events":1}]"#].concat();
    let head = [r#"{"customer":"c","name":"Example","plan":""#, plan, r#"","month":"2026-04","as_of":""#, as_of];
    let tail = [r#"","period":"#, period, r#","usage":"#, &usage, r#","book":"#, &view_json(), "}"];
    head.concat() + &tail.concat()
}

fn shown(plan: &str, calls: &str, as_of: &str) -> State {
    let mut state = state();
    state.apply(Msg::Came(Ok(answer(plan, calls, as_of))));
    assert!(matches!(state.phase, Phase::Shown(_, Freshness::Live)), "{:?}", state.phase);
    state
}

fn with_headline(state: &State, check: impl Fn(&Headline<'_>) -> bool) -> bool {
    match &state.phase {
        Phase::Shown(figures, _) => check(&figures.headline()),
        Phase::Loading | Phase::NoToken | Phase::Refused | Phase::Failed(_) => false,
    }
}

#[test]
fn the_worst_quota_decides_the_headline() {
    // Half of April is over: 400 calls lead to 800, 600 lead to 1,200, which is 1,000 after 25 days.
    let half = "2026-04-16T00:00:00Z";
    assert!(with_headline(&shown("small", "400", half), |h| matches!(h, Headline::OnTrack(_))));
    assert!(with_headline(&shown("small", "600", half), |h| {
        matches!(h, Headline::RunsOut(_, date) if date.to_string() == "2026-04-26")
    }));
    assert!(with_headline(&shown("small", "1000", half), |h| matches!(h, Headline::UsedUp(_))));
    assert!(with_headline(&shown("large", "1000", half), |h| matches!(h, Headline::NoQuota)));
}

#[test]
fn the_tick_stands_where_the_month_is() {
    let state = shown("small", "1", "2026-04-16T00:00:00Z");
    assert!(matches!(&state.phase, Phase::Shown(figures, _) if figures.elapsed_per_mille() == 500));
}

#[test]
fn without_connection_the_last_figures_stay() {
    let mut state = shown("small", "1", "2026-04-16T00:00:00Z");
    state.apply(Msg::Came(Err(FetchProblem::NoAnswer("offline".to_owned()))));
    assert!(matches!(state.phase, Phase::Shown(_, Freshness::Stale)));
    state.apply(Msg::Came(Err(FetchProblem::Status(503))));
    assert!(matches!(state.phase, Phase::Shown(_, Freshness::Stale)));
    state.apply(Msg::Came(Ok(answer("small", "2", "2026-04-16T00:00:00Z"))));
    assert!(matches!(state.phase, Phase::Shown(_, Freshness::Live)));
}

#[test]
fn a_missing_and_a_refused_token_end_the_asking() {
    assert!(!State::new(Lang::Zh, Theme::Dark, "").wants_more());
    let mut state = state();
    assert!(state.wants_more());
    state.apply(Msg::Came(Err(FetchProblem::NoAnswer(String::new()))));
    assert!(matches!(state.phase, Phase::Failed(_)) && state.wants_more());
    state.apply(Msg::Came(Err(FetchProblem::Status(401))));
    assert!(matches!(state.phase, Phase::Refused) && !state.wants_more());
}

#[test]
fn an_answer_that_cannot_be_read_is_a_failure_with_its_reason() {
    let mut state = state();
    state.apply(Msg::Came(Ok("<html>".to_owned())));
    assert!(matches!(&state.phase, Phase::Failed(detail) if !detail.is_empty()));
    state.apply(Msg::Came(Ok(answer("none", "1", "2026-04-16T00:00:00Z"))));
    assert!(matches!(&state.phase, Phase::Failed(detail) if detail.contains("none")));
}
