//! "What if I committed to …": a field and a slider for another commitment, and what that would cost.

use engine::catalog::{Plan, Promised};
use engine::estimate::WhatIf;
use engine::money::Money;
use engine::quantity::Quantity;
use engine::text::{Lang, format_money};
use yew::prelude::*;

use super::usage::{marks, problem_words};
use crate::calculator::commit::{Commit, Msg};
use crate::calculator::scale::LAST;
use crate::calculator::scenario::{Msg as Change, Scenario};
use crate::components::element::{group, hooked, plain, text};
use crate::components::field::{Field, field};
use crate::components::slider::{Slider, slider};
use crate::text as words;

const ID: &str = "commit";

/// The part of the page; nothing where the plan has no commitment.
pub fn commit(scenario: &Scenario, lang: Lang, on_msg: &Callback<Change>) -> Html {
    match &scenario.commit {
        Some(commit) => panel(scenario, commit, lang, on_msg),
        None => Html::default(),
    }
}

#[inline(never)] // Not in the first part of the program.
fn panel(scenario: &Scenario, commit: &Commit, lang: Lang, on_msg: &Callback<Change>) -> Html {
    let currency = scenario.book().currency;
    let plan = scenario.book().plans.iter().find(|plan| plan.id == scenario.plan);
    let meter = plan.and_then(|plan| meter_of(plan, commit)).and_then(|id| scenario.book().meter(id));
    let in_words = |quantity: Quantity| match commit.promise.of {
        Promised::Amount(_) => {
            format_money(Money::new(quantity.decimal()).with_places(currency.minor_digits()), currency, lang)
        }
        Promised::Quantity(_) => words::units(quantity, meter.and_then(|meter| meter.unit.as_ref()), lang),
    };
    let unit = match commit.promise.of {
        Promised::Amount(_) => currency.code(),
        Promised::Quantity(_) => meter.and_then(|meter| meter.unit.as_ref()).map_or("", |unit| unit.get(lang)),
    };
    let title = words::commit_title(lang);
    let field = field(Field {
        id: ID,
        text: &commit.cell.text,
        unit,
        problem: commit.cell.problem.map(|problem| problem_words(problem, lang)),
        labels: (words::less(lang), words::more(lang)),
        on_text: on_msg.reform(|text| Change::Commit(Msg::Typed(text))),
        on_left: on_msg.reform(|()| Change::Commit(Msg::Left)),
        on_step: on_msg.reform(|up| Change::Commit(Msg::Stepped(up))),
    });
    let value_text = in_words(commit.cell.quantity);
    let slider = slider(Slider {
        id: ID,
        label: title,
        value_text: &value_text,
        position: commit.scale.position_of(commit.cell.quantity),
        last: LAST,
        marks: marks(commit.scale, lang),
        on_move: on_msg.reform(|position| Change::Commit(Msg::Slid(position))),
    });
    let own = words::commit_own(lang, &in_words(commit.own()));
    let answer = match &commit.answer {
        None => words::commit_unchanged(lang).to_owned(),
        Some(Ok(answer)) => say(answer, scenario, lang),
        Some(Err(error)) => words::rate_error(lang, error),
    };
    html! {
        <section class="commit" data-test="commit" aria-labelledby="commit-title">
            <div class="meter-name">
                <label id="commit-title" for="quantity-commit">{ plain(title) }</label>
                { text("p", "", &own) }
            </div>
            { field }
            { slider }
            { group("div", "commit-answer", vec![hooked("p", "", "commit-answer", &answer)]) }
        </section>
    }
}

/// The meter of the charge that the commitment is about.
fn meter_of<'p>(plan: &'p Plan, commit: &Commit) -> Option<&'p engine::ids::MeterId> {
    plan.charge(commit.promise.charge.as_ref()?)?.meter()
}

fn say(answer: &WhatIf, scenario: &Scenario, lang: Lang) -> String {
    let currency = scenario.book().currency;
    let then = format_money(answer.then, currency, lang);
    let difference = answer.difference.decimal();
    let size = format_money(Money::new(difference.abs()), currency, lang);
    if difference.is_zero() {
        return words::commit_same(lang, &then);
    }
    if difference.is_sign_negative() {
        words::commit_less(lang, &then, &size)
    } else {
        words::commit_more(lang, &then, &size)
    }
}
