//! The trial page from its state: one sentence that answers the question, then one meter a row, then the cost.

use engine::quota::{QuotaItem, RunsOut};
use engine::text::{Lang, format_decimal, format_money};
use yew::prelude::*;

use super::state::{Figures, Freshness, Headline, Msg, Phase, State};
use crate::bill::{Shown, bill};
use crate::look::{Look, head};
use crate::text as words;

/// The whole page.
pub fn page(state: &State, on_msg: &Callback<Msg>) -> Html {
    let lang = state.lang;
    let look = Look { lang, theme: state.theme };
    let inner = match &state.phase {
        Phase::Loading => skeleton(lang),
        Phase::NoToken => refusal(words::token_missing(lang), words::token_missing_do(lang), ""),
        Phase::Refused => refusal(words::token_refused(lang), words::token_refused_do(lang), ""),
        Phase::Failed(detail) => refusal(words::trial_failed(lang), words::trial_failed_do(lang), detail),
        Phase::Shown(figures, freshness) => shown(state, figures, *freshness, on_msg),
    };
    html! {
        <>
            { head(look, on_msg.reform(Msg::Lang), on_msg.reform(Msg::Theme), Html::default()) }
            <main class="page trial">{ inner }</main>
        </>
    }
}

/// The title of the document.
pub fn title(state: &State) -> String {
    let name = match &state.phase {
        Phase::Shown(figures, _) => figures.view.book.name.get(state.lang),
        Phase::Loading | Phase::NoToken | Phase::Refused | Phase::Failed(_) => "Ratecard",
    };
    words::titled(words::trial_title(state.lang), name)
}

fn shown(state: &State, figures: &Figures, freshness: Freshness, on_msg: &Callback<Msg>) -> Html {
    let lang = state.lang;
    let quota = &figures.quota;
    let zone = figures.view.book.zone;
    let (first, end) = (zone.date_of(quota.period.start), zone.date_of(quota.period.end));
    let last = end.pred_opt().unwrap_or(end);
    let (first, last) = (words::day_of_month(first, lang), words::day_of_month(last, lang));
    let lines = Shown { open: &state.open, lang, on_toggle: on_msg.reform(Msg::Toggle) };
    html! {
        <>
            <p class="who">{ figures.name.clone() }{ " · " }
                { words::plan_in(lang, figures.plan_name.get(lang), &first, &last) }</p>
            <h1 class="headline" data-test="headline">{ headline(figures, lang) }</h1>
            { fresh(figures, freshness, lang) }
            <section class="quotas" aria-label={words::trial_title(lang)}>
                { for quota.items.iter().map(|item| row(figures, item, lang)) }
            </section>
            <section class="so-far" aria-labelledby="so-far">
                <h2 id="so-far">{ words::so_far(lang) }</h2>
                { bill(&quota.so_far, &lines) }
            </section>
        </>
    }
}

/// The sentence on top.
fn headline(figures: &Figures, lang: Lang) -> String {
    let total = figures.quota.so_far.due;
    let due = (!total.decimal().is_zero()).then(|| format_money(total, figures.quota.so_far.currency, lang));
    let due = words::to_pay(lang, due.as_deref());
    let days = words::days_left(lang, figures.quota.days_left);
    let start = match figures.headline() {
        Headline::NoQuota => [words::no_quota(lang), lang.pick("", " ")].concat(),
        Headline::UsedUp(item) => words::has_run_out(lang, item.name.get(lang)),
        Headline::RunsOut(item, date) => {
            let after = words::after_that(lang, item.price_after.get(lang));
            return words::will_run_out(lang, item.name.get(lang), &words::day_of_month(date, lang), &after);
        }
        Headline::OnTrack(item) => words::on_track(lang, &percent(item), &days),
    };
    capitalised([start, due].concat())
}

/// A sentence that begins with what is mostly its end.
fn capitalised(text: String) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn fresh(figures: &Figures, freshness: Freshness, lang: Lang) -> Html {
    let time = crate::browser::clock_time(figures.quota.as_of.timestamp(), lang);
    match freshness {
        Freshness::Live => html! {
            <p class="fresh"><span class="live">{ words::live(lang) }</span>{ " · " }{ words::as_of(lang, &time) }</p>
        },
        Freshness::Stale => html! {
            <p class="fresh attention" role="status">{ words::offline_since(lang, &time) }</p>
        },
    }
}

fn row(figures: &Figures, item: &QuotaItem, lang: Lang) -> Html {
    let unit = item.unit.as_ref();
    let included = words::units(item.included, unit, lang);
    let used = format_decimal(item.used.decimal());
    let left = words::amount_left(lang, &words::units(item.left, unit, lang));
    let class = match item.runs_out {
        RunsOut::UsedUp => "quota over",
        RunsOut::At { .. } => "quota attention-bar",
        RunsOut::LastsThePeriod => "quota",
    };
    let about = figures.meter(&item.meter).and_then(|meter| meter.description.as_ref());
    let about = about.map(|about| html! { <p>{ about.get(lang).to_owned() }</p> });
    let days = words::days_left(lang, figures.quota.days_left);
    let price = item.price_after.get(lang);
    let after = match item.runs_out {
        RunsOut::UsedUp => words::from_now_on(lang, price),
        RunsOut::At { .. } | RunsOut::LastsThePeriod => words::after_that(lang, price),
    };
    html! {
        <div {class} data-test={["quota-", item.charge.as_str()].concat()}>
            <div class="quota-name"><h2>{ item.name.get(lang).to_owned() }</h2>{ for about }</div>
            <p class="quota-share">{ words::percent_used(lang, &percent(item)) }</p>
            { bar(figures, item, lang) }
            <p class="quota-figures"><span>{ words::used_of(lang, &used, &included) }</span><span>{ left }</span></p>
            <p class="quota-future">
                <span class="lasts">{ lasts(item, lang) }</span>
                <span>{ after }</span>
                <span>{ days }</span>
            </p>
        </div>
    }
}

/// The share as the engine gives it, without an empty decimal.
fn percent(item: &QuotaItem) -> String {
    let text = format_decimal(item.used_percent.decimal());
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

fn bar(figures: &Figures, item: &QuotaItem, lang: Lang) -> Html {
    let share = item.used_percent.decimal().to_string();
    let today = figures.elapsed_per_mille();
    let style = ["--share:", &share, ";--today:", &today.to_string()].concat();
    let text = words::percent_used(lang, &percent(item));
    html! {
        <div class="quota-bar" {style} role="meter" aria-valuemin="0" aria-valuemax="100" aria-valuenow={share}
            aria-valuetext={text} aria-label={item.name.get(lang).to_owned()}>
            <div class="quota-used"></div>
            <div class="quota-today"><span>{ words::today(lang) }</span></div>
        </div>
    }
}

fn lasts(item: &QuotaItem, lang: Lang) -> String {
    match &item.runs_out {
        RunsOut::UsedUp => words::used_up(lang).to_owned(),
        RunsOut::At { date, .. } => words::lasts_until(lang, &words::day_of_month(*date, lang)),
        RunsOut::LastsThePeriod => words::lasts_the_period(lang).to_owned(),
    }
}

fn refusal(what: &str, todo: &str, detail: &str) -> Html {
    html! {
        <div class="failure" role="alert" data-test="refusal">
            <h1>{ what.to_owned() }</h1>
            <p>{ todo.to_owned() }</p>
            if !detail.is_empty() {
                <p><code>{ detail.to_owned() }</code></p>
            }
        </div>
    }
}

fn skeleton(lang: Lang) -> Html {
    html! {
        <div class="skeleton" role="status" aria-label={words::trial_loading(lang)}>
            <div class="skeleton-head"></div>
            <div class="skeleton-line"></div>
            <div class="skeleton-line"></div>
            <div class="skeleton-line"></div>
        </div>
    }
}
