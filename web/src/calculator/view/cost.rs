//! The right side: what it costs. The total first, then the plans to choose from, then the lines.

use engine::catalog::BookView;
use engine::estimate::{Estimate, PlanEstimate};
use engine::ids::MeterId;
use engine::text::{Lang, format_money};
use yew::prelude::*;

use super::commit::commit;
use super::{Ears, Wish};
use crate::bill::{Shown, bill, line_keys};
use crate::calculator::scenario::{Msg, Scenario};
use crate::calculator::state::State;
use crate::components::element::{button, element, fieldset, group, hooked, plain, section, text};
use crate::text as words;

/// The cost column.
pub fn cost(state: &State, scenario: &Scenario, ears: &Ears) -> Html {
    let lang = state.lang;
    let on_msg = ears.scenario();
    let inner = match (&scenario.estimate, scenario.chosen()) {
        (Ok(estimate), Some(chosen)) => vec![
            hero(scenario, chosen, lang, &on_msg),
            plans(scenario, estimate, lang, &on_msg),
            lines(scenario, chosen, lang, &on_msg),
            commit(scenario, lang, &on_msg),
            actions(state, ears),
        ],
        (Ok(_), None) => Vec::new(),
        (Err(error), _) => vec![hooked("p", "no-price", "no-price", &words::rate_error(lang, error))],
    };
    section("cost", "cost", (words::your_cost(lang), Html::default()), inner)
}

fn hero(scenario: &Scenario, chosen: &PlanEstimate, lang: Lang, on_msg: &Callback<Msg>) -> Html {
    let month = &chosen.month;
    let total = format_money(month.due, month.currency, lang);
    let year = format_money(chosen.year_total, month.currency, lang);
    // The figure shrinks with its length so that it never breaks.
    let style = ["--length:", &total.chars().count().to_string()].concat();
    let tax = if !month.taxes.is_empty() { words::tax_included(lang) } else { words::no_tax(lang) };
    let period = [words::a_month(lang), lang.pick("，", ", "), tax].concat();
    let year = hooked("span", "hero-year", "year", &words::money_a_year(lang, &year));
    group(
        "div",
        "hero",
        vec![
            text("p", "hero-plan", month.plan_name.get(lang)),
            html! { <p class="hero-total" {style}>{ hooked("span", "", "total", &total) }</p> },
            group("p", "hero-period", vec![text("span", "", &period), year]),
            advice(scenario, chosen, lang, on_msg),
        ],
    )
}

/// Whether the chosen plan is the cheapest, and if not, what is.
fn advice(scenario: &Scenario, chosen: &PlanEstimate, lang: Lang, on_msg: &Callback<Msg>) -> Html {
    if !chosen.month.unpriced.is_empty() {
        let missing = unpriced(&scenario.view, &chosen.month.unpriced, lang);
        return text("p", "advice attention", &missing);
    }
    let several = scenario.compared.len() > 1;
    let Some(cheapest) = scenario.cheapest().filter(|_| several) else { return Html::default() };
    let name = cheapest.month.plan_name.get(lang);
    let saving = chosen.above_cheapest.filter(|money| !money.decimal().is_zero());
    let Some(saving) = saving else {
        let name = chosen.month.plan_name.get(lang);
        return text("p", "advice good", &words::is_cheapest(lang, name));
    };
    let saving = format_money(saving, chosen.month.currency, lang);
    let choose = {
        let plan = cheapest.month.plan.clone();
        on_msg.reform(move |_: MouseEvent| Msg::Choose(plan.clone()))
    };
    group("p", "advice", vec![button("link", "take-cheapest", &words::would_save(lang, name, &saving), choose)])
}

/// What a plan does not price, by the names of the meters.
pub(super) fn unpriced(view: &BookView, meters: &[MeterId], lang: Lang) -> String {
    let names = meters.iter().filter_map(|id| view.book.meter(id)).map(|meter| meter.name.get(lang));
    words::does_not_price(lang, &names.collect::<Vec<_>>())
}

fn plans(scenario: &Scenario, estimate: &Estimate, lang: Lang, on_msg: &Callback<Msg>) -> Html {
    let rows = estimate.plans.iter().map(|plan| {
        let month = &plan.month;
        let checked = month.plan == scenario.plan;
        let is_cheapest = estimate.cheapest.as_ref() == Some(&month.plan);
        let choose = {
            let plan = month.plan.clone();
            on_msg.reform(move |_: Event| Msg::Choose(plan.clone()))
        };
        html! {
            <label class="plan" key={month.plan.to_string()} data-test={["plan-", month.plan.as_str()].concat()}>
                <input type="radio" name="plan" {checked} onchange={choose} />
                { text("span", "plan-name", month.plan_name.get(lang)) }
                { text("span", "plan-total", &format_money(month.due, month.currency, lang)) }
                { element("span", "plan-note", if is_cheapest { "cheapest" } else { "" }, note(scenario, plan, is_cheapest, lang)) }
            </label>
        }
    });
    fieldset("plans", words::plan(lang), rows.collect())
}

/// Beside a plan's total: the cheapest, how much more, or what is missing.
pub(super) fn note(scenario: &Scenario, plan: &PlanEstimate, is_cheapest: bool, lang: Lang) -> Html {
    if is_cheapest && scenario.compared.len() > 1 {
        return text("span", "tag", words::cheapest(lang));
    }
    match plan.above_cheapest {
        Some(more) if more.decimal().is_zero() => Html::default(),
        Some(more) => plain(&words::more_by(&format_money(more, plan.month.currency, lang))),
        None => text("span", "attention", &unpriced(&scenario.view, &plan.month.unpriced, lang)),
    }
}

fn lines(scenario: &Scenario, chosen: &PlanEstimate, lang: Lang, on_msg: &Callback<Msg>) -> Html {
    let shown = Shown { open: &scenario.open, lang, on_toggle: on_msg.reform(Msg::Toggle) };
    let all_open = line_keys(&chosen.month).iter().all(|key| scenario.open.contains(key));
    let toggle_all = on_msg.reform(|_: MouseEvent| Msg::ToggleAll);
    let all = if all_open { words::hide_steps(lang) } else { words::show_steps(lang) };
    group("div", "breakdown", vec![button("link show-all", "all-steps", all, toggle_all), bill(&chosen.month, &shown)])
}

fn actions(state: &State, ears: &Ears) -> Html {
    let lang = state.lang;
    let copy = match state.copied {
        None => words::copy_link(lang),
        Some(true) => words::copied(lang),
        Some(false) => words::copy_failed(lang),
    };
    group(
        "div",
        "actions",
        vec![
            button("button", "share", copy, ears.wish(Wish::CopyLink)),
            button("button", "print", words::print(lang), ears.wish(Wish::Print)),
            button("button", "download", words::download(lang), ears.wish(Wish::Download)),
        ],
    )
}
