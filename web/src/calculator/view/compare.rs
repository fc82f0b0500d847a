//! The plans side by side: every charge of every plan with its price rule and its amount.

use engine::catalog::{Charge, Plan, Pricing};
use engine::estimate::PlanEstimate;
use engine::ids::ChargeId;
use engine::money::Currency;
use engine::text::{Lang, Names, PriceWords, format_money};
use yew::prelude::*;

use super::cost::note;
use crate::calculator::scenario::{Msg, Scenario};
use crate::components::element::{all, fieldset, group, plain, section, text};
use crate::components::table::{Row, Table, table};
use crate::text as words;

/// Keeps room for the section.
pub fn room(lang: Lang) -> Html {
    section("wide", "compare", (words::side_by_side(lang), Html::default()), vec![text("div", "table-room", "")])
}

/// The section, with the choice of the plans that take part.
#[inline(never)] // Not in the first part of the program.
pub fn compare(scenario: &Scenario, lang: Lang, on_msg: &Callback<Msg>) -> Html {
    let Ok(estimate) = &scenario.estimate else { return Html::default() };
    let plans: Vec<(&Plan, &PlanEstimate)> = estimate
        .plans
        .iter()
        .filter_map(|priced| {
            let plan = scenario.book().plans.iter().find(|plan| plan.id == priced.month.plan)?;
            Some((plan, priced))
        })
        .collect();
    let heads = plans.iter().map(|(plan, _)| plan_head(plan, plan.id == scenario.plan, lang));
    let mut rows: Vec<Row> = charge_ids(&plans).into_iter().map(|id| charge_row(scenario, &plans, id, lang)).collect();
    rows.extend(beside_charges(&plans, lang));
    let money = |plan: &PlanEstimate, amount| plain(&format_money(amount, plan.month.currency, lang));
    for tax in &scenario.book().terms.taxes {
        let cell = |(_, p): &(&Plan, &PlanEstimate)| {
            let line = p.month.taxes.iter().find(|line| line.id == tax.id);
            line.map(|line| money(p, line.amount)).unwrap_or_default()
        };
        rows.push(row("quiet-row", tax.name.get(lang), plans.iter().map(cell)));
    }
    let total = plans.iter().map(|(_, plan)| money(plan, plan.month.due));
    rows.push(row("total-row", words::a_month(lang), total));
    let year = plans.iter().map(|(_, plan)| money(plan, plan.year_total));
    rows.push(row("quiet-row", words::a_year(lang), year));
    let notes =
        plans.iter().map(|(plan, priced)| note(scenario, priced, estimate.cheapest.as_ref() == Some(&plan.id), lang));
    rows.push(row("difference-row", words::difference(lang), notes));
    let head = std::iter::once(Html::default()).chain(heads).collect();
    let title = words::side_by_side(lang);
    let table = table(Table { caption: title, head, rows });
    section("wide", "compare", (title, choice(scenario, lang, on_msg)), vec![table])
}

fn choice(scenario: &Scenario, lang: Lang, on_msg: &Callback<Msg>) -> Html {
    if scenario.book().plans.len() < 2 {
        return Html::default();
    }
    let boxes = scenario.book().plans.iter().map(|plan| {
        let checked = scenario.compared.contains(&plan.id);
        let is_last = checked && scenario.compared.len() == 1;
        let change = {
            let id = plan.id.clone();
            on_msg.reform(move |_: Event| Msg::Compare(id.clone(), !checked))
        };
        html! {
            <label class="choice" data-test={["compare-", plan.id.as_str()].concat()}>
                <input type="checkbox" {checked} disabled={is_last} onchange={change} />
                { plain(plan.name.get(lang)) }
            </label>
        }
    });
    fieldset("choices", words::compare(lang), boxes.collect())
}

fn plan_head(plan: &Plan, is_chosen: bool, lang: Lang) -> Html {
    let about = plan.description.as_ref().map(|about| text("small", "", about.get(lang)));
    let class = if is_chosen { "plan-head chosen" } else { "plan-head" };
    group("div", class, vec![text("span", "", plan.name.get(lang)), about.unwrap_or_default()])
}

/// Every charge of every plan, once, fixed ones first; charges of one id stand in one row.
fn charge_ids<'a>(plans: &[(&'a Plan, &PlanEstimate)]) -> Vec<&'a ChargeId> {
    let mut ids: Vec<&ChargeId> = Vec::new();
    let all = || plans.iter().flat_map(|(plan, _)| &plan.charges);
    let fixed = all().filter(|charge| charge.meter().is_none());
    for charge in fixed.chain(all()) {
        if !ids.contains(&&charge.id) {
            ids.push(&charge.id);
        }
    }
    ids
}

/// Lines that belong to no charge, as commitments and minimums do, then discounts and credits: what else makes the total.
fn beside_charges(plans: &[(&Plan, &PlanEstimate)], lang: Lang) -> Vec<Row> {
    let is_plain = |(plan, priced): &(&Plan, &PlanEstimate)| {
        let month = &priced.month;
        month.discounts.is_empty() && month.credits.is_empty() && month.lines.len() == plan.charges.len()
    };
    if plans.iter().all(is_plain) { Vec::new() } else { others(plans, lang) }
}

#[inline(never)] // Not in the first part of the program.
fn others(plans: &[(&Plan, &PlanEstimate)], lang: Lang) -> Vec<Row> {
    let mut names: Vec<&str> = Vec::new();
    let all: Vec<Vec<(&str, String)>> = plans.iter().map(|(plan, priced)| other_amounts(plan, priced, lang)).collect();
    for (name, _) in all.iter().flatten() {
        if !names.contains(name) {
            names.push(name);
        }
    }
    let cell = |amounts: &Vec<(&str, String)>, name: &str| {
        amounts.iter().find(|(own, _)| *own == name).map(|(_, amount)| plain(amount)).unwrap_or_default()
    };
    names.iter().map(|name| row("quiet-row", name, all.iter().map(|amounts| cell(amounts, name)))).collect()
}

fn other_amounts<'a>(plan: &Plan, priced: &'a PlanEstimate, lang: Lang) -> Vec<(&'a str, String)> {
    let month = &priced.month;
    let money = |amount| format_money(amount, month.currency, lang);
    let taken = |amount| ["−", &money(amount)].concat();
    let lines = month.lines.iter().filter(|line| plan.charge(&line.charge).is_none());
    let lines = lines.map(|line| (line.name.get(lang), money(line.amount)));
    let discounts = month.discounts.iter().map(|line| (line.name.get(lang), taken(line.amount)));
    let credits = month.credits.iter().map(|line| (line.name.get(lang), taken(line.amount)));
    lines.chain(discounts).chain(credits).collect()
}

fn charge_row(scenario: &Scenario, plans: &[(&Plan, &PlanEstimate)], id: &ChargeId, lang: Lang) -> Row {
    let name = plans.iter().find_map(|(plan, _)| plan.charge(id)).map_or("", |charge| charge.name.get(lang));
    let cells = plans.iter().map(|(plan, priced)| {
        let line = priced.month.lines.iter().find(|line| line.charge == *id);
        let (Some(line), Some(charge)) = (line, plan.charge(id)) else {
            return group("span", "nothing", vec![plain("–"), text("span", "unseen", words::not_in_plan(lang))]);
        };
        let amount = format_money(line.amount, priced.month.currency, lang);
        let unit = charge.meter().and_then(|id| scenario.book().meter(id)).and_then(|meter| meter.unit.as_ref());
        let class = if line.amount.decimal().is_zero() { "nothing" } else { "" };
        let rule = price_rule(charge, unit, priced.month.currency, lang);
        all(vec![text("span", class, &amount), text("small", "", &rule)])
    });
    row("", name, cells)
}

fn row(class: &'static str, name: &str, cells: impl Iterator<Item = Html>) -> Row {
    Row { class, cells: std::iter::once(plain(name)).chain(cells).collect() }
}

/// The price of a charge in one line; of a fixed fee the amount is the price.
fn price_rule(charge: &Charge, unit: Option<&Names>, currency: Currency, lang: Lang) -> String {
    match &charge.pricing {
        Pricing::Flat(_) => String::new(),
        Pricing::Metered(_) | Pricing::Capacity(_) | Pricing::Composite(_) => {
            PriceWords { currency, unit, lang }.pricing(&charge.pricing)
        }
    }
}
