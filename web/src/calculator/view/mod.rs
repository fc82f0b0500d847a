//! The calculator's page from its state. Only turns a state into elements.

pub mod commit;
pub mod compare;
pub mod cost;
pub mod curve;
pub mod notes;
pub mod rows;
pub mod usage;

use engine::text::{Lang, format_money};
use yew::prelude::*;

use super::link::{LinkProblem, LinkProblemKind};
use super::scenario::{self, CostCurve, Scenario};
use super::state::{LoadProblem, Msg, Phase, State};
use crate::components::chart::{self, Chart};
use crate::components::element::{Choice, all, button, group, plain, select, text};
use crate::look::{Look, head};
use crate::text as words;

/// What the reader asks of the page rather than of the scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Load again.
    Retry,
    /// Copy the link.
    CopyLink,
    /// Print.
    Print,
    /// Download the estimate.
    Download,
}

/// Whom the page tells.
#[derive(Clone)]
pub struct Ears {
    /// Of changes.
    pub on_msg: Callback<Msg>,
    /// Of wishes.
    pub on_wish: Callback<Wish>,
    /// Of the cursor on the chart.
    pub on_chart: Callback<chart::Msg>,
}

impl Ears {
    fn scenario(&self) -> Callback<scenario::Msg> {
        self.on_msg.reform(Msg::Scenario)
    }

    fn wish(&self, wish: Wish) -> Callback<MouseEvent> {
        self.on_wish.reform(move |_| wish)
    }
}

/// What follows an answer when there is time.
#[derive(Clone, Copy)]
pub struct Later<'a> {
    /// The latest curve.
    pub cost: Option<&'a CostCurve>,
    /// Its picture.
    pub chart: &'a Chart,
    /// Whether all of the program is there, without which there is no comparison and no small print.
    pub is_whole: bool,
}

/// The whole page. `spoken` is what the live region says.
pub fn page(state: &State, later: Later<'_>, spoken: &str, ears: &Ears) -> Html {
    let lang = state.lang;
    let on_lang = ears.on_msg.reform(Msg::Lang);
    let on_theme = ears.on_msg.reform(Msg::Theme);
    let look = Look { lang, theme: state.theme };
    html! {
        <>
            { head(look, on_lang, on_theme, books(state, ears)) }
            <main class="page">
                { notices(&state.notices, lang, ears) }
                {
                    match &state.phase {
                        Phase::Loading => skeleton(lang),
                        Phase::Failed(problem) => failure(problem, lang, ears),
                        Phase::Ready(scenario) => ready(state, scenario, later, ears),
                    }
                }
            </main>
            <p class="unseen" role="status" aria-live="polite">{ plain(spoken) }</p>
        </>
    }
}

/// The title of the document.
pub fn title(state: &State) -> String {
    let name = state.scenario().map(|scenario| scenario.book().name.get(state.lang));
    words::titled(words::calculator_title(state.lang), name.unwrap_or("Ratecard"))
}

fn ready(state: &State, scenario: &Scenario, later: Later<'_>, ears: &Ears) -> Html {
    let lang = state.lang;
    let book = scenario.book();
    let about = book.description.as_ref().map(|about| text("p", "lead", about.get(lang)));
    all(vec![
        group("div", "title", vec![text("h1", "", book.name.get(lang)), about.unwrap_or_default()]),
        group(
            "div",
            "desk",
            vec![
                usage::usage(scenario, lang, &ears.scenario()),
                cost::cost(state, scenario, ears),
                curve::curve(scenario, (later.cost, later.chart), lang, ears),
            ],
        ),
        if later.is_whole { compare::compare(scenario, lang, &ears.scenario()) } else { compare::room(lang) },
        if later.is_whole { notes::notes(scenario, lang) } else { Html::default() },
        bar(scenario, lang),
    ])
}

/// On a narrow screen: the total, always in sight.
fn bar(scenario: &Scenario, lang: Lang) -> Html {
    let Some(chosen) = scenario.chosen() else { return Html::default() };
    let month = &chosen.month;
    html! {
        <a class="bar" href="#cost" onclick={|event: MouseEvent| { event.prevent_default(); crate::browser::reveal("cost"); }}>
            { text("span", "bar-plan", month.plan_name.get(lang)) }
            { text("span", "bar-total", &format_money(month.due, month.currency, lang)) }
            { text("span", "bar-month", words::a_month(lang)) }
        </a>
    }
}

/// The choice of the book, if there is one.
fn books(state: &State, ears: &Ears) -> Html {
    let here = state.scenario().map(|scenario| scenario.book().id.as_str());
    let choices = state.books.iter().map(|book| Choice {
        value: book.id.clone(),
        name: book.name.get(state.lang).to_owned(),
        is_chosen: here == Some(book.id.as_str()),
    });
    select("book", words::price_book(state.lang), choices.collect(), ears.on_msg.reform(Msg::Choose))
}

fn notices(problems: &[LinkProblem], lang: Lang, ears: &Ears) -> Html {
    if problems.is_empty() { Html::default() } else { told(problems, lang, ears) }
}

#[inline(never)] // Not in the first part of the program.
fn told(problems: &[LinkProblem], lang: Lang, ears: &Ears) -> Html {
    let items = problems.iter().map(|problem| {
        let what = match problem.kind {
            LinkProblemKind::Book => words::link_book(lang),
            LinkProblemKind::Plan => words::link_plan(lang),
            LinkProblemKind::Meter => words::link_meter(lang),
            LinkProblemKind::Quantity => words::link_quantity(lang),
            LinkProblemKind::Language => words::link_language(lang),
        };
        group("li", "", vec![text("code", "", &problem.part), plain(" "), plain(what)])
    });
    let dismiss = ears.on_msg.reform(|_: MouseEvent| Msg::Dismiss);
    html! {
        <div class="notice" role="status" data-test="notices">
            { group("div", "", vec![text("p", "", words::link_problems(lang)), group("ul", "", items.collect())]) }
            { button("button", "dismiss", words::dismiss(lang), dismiss) }
        </div>
    }
}

#[inline(never)] // Not in the first part of the program.
fn failure(problem: &LoadProblem, lang: Lang, ears: &Ears) -> Html {
    let (what, todo, detail) = match problem {
        LoadProblem::Unreachable(detail) => (words::failed_unreachable(lang), words::do_reload(lang), detail.as_str()),
        LoadProblem::Unreadable(detail) => (words::failed_unreadable(lang), words::do_report(lang), detail.as_str()),
        LoadProblem::Empty => (words::failed_empty(lang), words::do_wait(lang), ""),
    };
    html! {
        <div class="failure" role="alert">
            { text("h1", "", what) }
            { text("p", "", todo) }
            { text("code", "", detail) }
            { button("button main", "retry", words::retry(lang), ears.wish(Wish::Retry)) }
        </div>
    }
}

/// What index.html shows before the program runs, so that nothing jumps.
fn skeleton(lang: Lang) -> Html {
    html! {
        <div class="skeleton" role="status" aria-label={words::loading(lang)}>
            { text("div", "skeleton-head", "") }{ text("div", "skeleton-usage", "") }{ text("div", "skeleton-cost", "") }
        </div>
    }
}
