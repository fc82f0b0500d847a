//! The curve of cost over usage: its message as the title, the drawing, and the same as a table.

use engine::estimate::{BestPlanChange, CurvePoint};
use engine::ids::PlanId;
use engine::money::{Currency, Money};
use engine::quantity::Quantity;
use engine::text::{Lang, format_decimal, format_money};
use engine::usage::Meter;
use yew::prelude::*;

use super::Ears;
use crate::calculator::scale::Scale;
use crate::calculator::scenario::{CostCurve, Msg, Scenario};
use crate::components::chart::geometry::{Magnitude, decades, magnitude};
use crate::components::chart::{Chart, Drawing, Mark, Series};
use crate::components::element::{Choice, all, plain, section, select, text};
use crate::components::table::{Row, Table, table};
use crate::text as words;

/// More changes than this are counted in the title rather than told.
const TOLD_CHANGES: usize = 3;

/// How many decades of money are drawn at most.
const MONEY_DECADES: i32 = 8;

/// The section. Without a curve there is room for one.
pub fn curve(scenario: &Scenario, (cost, chart): (Option<&CostCurve>, &Chart), lang: Lang, ears: &Ears) -> Html {
    let shown = cost.and_then(|cost| Some((cost, scenario.book().meter(&cost.meter)?)));
    let (title, body) = match shown {
        None if scenario.axis().is_none() => (words::no_axis(lang).to_owned(), Html::default()),
        None => (String::new(), text("div", "chart-room", "")),
        Some((cost, _)) if cost.plans.is_empty() => {
            (words::nothing_to_compare(lang).to_owned(), text("div", "chart-room", ""))
        }
        Some((cost, meter)) => drawn(scenario, (cost, chart, meter), lang, ears),
    };
    section("curve", "curve-part", (&title, axis_choice(scenario, lang, &ears.scenario())), vec![body])
}

/// The message and the curve. Not in the first part of the program, therefore not to be melted into its caller.
#[inline(never)]
fn drawn(scenario: &Scenario, of: (&CostCurve, &Chart, &Meter), lang: Lang, ears: &Ears) -> (String, Html) {
    let (cost, chart, meter) = of;
    let said = message(scenario, cost, meter, lang);
    let words = |index| describe(scenario, cost, meter, (index, lang));
    let chart = chart.view("curve", &said, &words, &ears.on_chart);
    (said, body(scenario, (cost, chart), meter, lang))
}

fn body(scenario: &Scenario, (cost, chart): (&CostCurve, Html), meter: &Meter, lang: Lang) -> Html {
    let left_out: Vec<&str> = scenario
        .compared
        .iter()
        .filter(|plan| !cost.plans.contains(plan))
        .map(|plan| plan_name(scenario, plan, lang))
        .collect();
    let left_out = if left_out.is_empty() { String::new() } else { words::left_out(lang, &left_out) };
    let table = html! {
        <details class="figures">
            { text("summary", "", words::curve_table(lang)) }{ figures(scenario, cost, meter, lang) }
        </details>
    };
    all(vec![chart, text("p", "hint", &left_out), text("p", "hint", &off_axis(scenario, lang)), table])
}

/// The meters that cannot be on the axis, and why.
fn off_axis(scenario: &Scenario, lang: Lang) -> String {
    let in_parts = (0..scenario.entries.len()).filter_map(|index| scenario.meter(index));
    let names: Vec<&str> =
        in_parts.filter(|(entry, _)| entry.rows.is_some()).map(|(_, meter)| meter.name.get(lang)).collect();
    if names.is_empty() { String::new() } else { words::off_axis(lang, &names) }
}

fn axis_choice(scenario: &Scenario, lang: Lang, on_msg: &Callback<Msg>) -> Html {
    let choices = (0..scenario.entries.len()).filter_map(|index| {
        let (entry, meter) = scenario.meter(index)?;
        let name = entry.rows.is_none().then(|| meter.name.get(lang).to_owned())?;
        Some(Choice { value: index.to_string(), name, is_chosen: index == scenario.over })
    });
    let choose = on_msg.reform(|chosen: String| Msg::Over(chosen.parse().unwrap_or(0)));
    select("over", words::curve_over(lang), choices.collect(), choose)
}

/// What the curve says, in one sentence.
fn message(scenario: &Scenario, cost: &CostCurve, meter: &Meter, lang: Lang) -> String {
    let name = |plan: &PlanId| plan_name(scenario, plan, lang).to_owned();
    let at = |change: &BestPlanChange| words::units(change.quantity, meter.unit.as_ref(), lang);
    let over = meter.name.get(lang);
    match (cost.curve.changes.as_slice(), cost.plans.as_slice()) {
        ([], [only]) => words::cost_of_one(lang, &name(only), over),
        ([], _) => {
            // Without changes the cheapest is the same everywhere, so the engine's answer for now says which.
            let cheapest = scenario.cheapest().map(|plan| plan.month.plan_name.get(lang).to_owned());
            cheapest.map_or_else(String::new, |plan| words::always_cheapest(lang, &plan, over))
        }
        ([change], _) => words::cheaper_from(lang, &name(&change.after), &at(change)),
        ([first, ..], _) if cost.curve.changes.len() <= TOLD_CHANGES => {
            // The unit is said once.
            let plain = |change: &BestPlanChange| format_decimal(change.quantity.decimal());
            let quantity = |(index, change)| if index == 0 { at(change) } else { plain(change) };
            let quantities = cost.curve.changes.iter().enumerate().map(quantity);
            let then: Vec<_> = quantities.zip(cost.curve.changes.iter().map(|change| name(&change.after))).collect();
            words::cheapest_in_turn(lang, &name(&first.before), &then)
        }
        (many, _) => words::cheapest_changes(lang, many.len(), over),
    }
}

fn plan_name<'a>(scenario: &'a Scenario, plan: &PlanId, lang: Lang) -> &'a str {
    scenario.book().plans.iter().find(|other| other.id == *plan).map_or("", |plan| plan.name.get(lang))
}

/// The picture of a curve; nothing if no plan can be drawn.
#[inline(never)] // Not in the first part of the program.
pub fn drawing(scenario: &Scenario, cost: &CostCurve, lang: Lang) -> Option<Drawing> {
    let meter = scenario.book().meter(&cost.meter).filter(|_| !cost.plans.is_empty())?;
    let points = &cost.curve.points;
    let series: Vec<Series> = cost
        .plans
        .iter()
        .enumerate()
        .map(|(index, plan)| Series {
            name: plan_name(scenario, plan, lang).to_owned(),
            is_chosen: *plan == scenario.plan,
            magnitudes: points.iter().map(|point| point.totals.get(index).and_then(|total| of_money(*total))).collect(),
        })
        .collect();
    let all = series.iter().flat_map(|one| one.magnitudes.iter().copied().flatten());
    let (low, high) = decades(all, MONEY_DECADES);
    let entry = scenario.entries.iter().find(|entry| entry.meter == cost.meter);
    let (first, last) = entry.map_or(Scale::USUAL, |entry| entry.scale).powers();
    let ends = (i32::try_from(first).unwrap_or(1), i32::try_from(last).unwrap_or(10));
    // A decade under the lowest is left for nothing at all, which no logarithm reaches.
    let nothing = format_money(Money::ZERO, scenario.book().currency, lang);
    let powers = (low..=high).map(|power| (power, money_power(scenario.book().currency, power, lang)));
    let here = entry.and_then(|entry| of_quantity(entry.cell.quantity));
    Some(Drawing {
        places: points.iter().filter_map(|point| of_quantity(point.quantity)).collect(),
        series,
        marks: cost.curve.changes.iter().filter_map(mark).collect(),
        here: here.map(|at| Mark { at, label: words::here(lang).to_owned() }),
        across: (ends.0..=ends.1).map(|power| (power, words::compact_power(lang, power))).collect(),
        up: std::iter::once((low - 1, nothing)).chain(powers).collect(),
        axis: words::per_month(lang, meter.name.get(lang), meter.unit.as_ref().map(|unit| unit.get(lang))),
    })
}

fn of_money(money: Money) -> Option<Magnitude> {
    magnitude(money.decimal().mantissa(), money.decimal().scale())
}

fn of_quantity(quantity: Quantity) -> Option<Magnitude> {
    magnitude(quantity.decimal().mantissa(), quantity.decimal().scale())
}

fn mark(change: &BestPlanChange) -> Option<Mark> {
    Some(Mark { at: of_quantity(change.quantity)?, label: format_decimal(change.quantity.decimal()) })
}

/// A power of ten in money: the currency's sign before the short form.
fn money_power(currency: Currency, power: i32, lang: Lang) -> String {
    let zero = format_money(Money::ZERO, currency, lang);
    [zero.trim_end_matches('0'), &words::compact_power(lang, power)].concat()
}

/// A place of the curve in words: the quantity, then the total of each plan.
fn describe(scenario: &Scenario, cost: &CostCurve, meter: &Meter, (index, lang): (usize, Lang)) -> Vec<String> {
    let Some(point) = cost.curve.points.get(index) else { return Vec::new() };
    let mut words = vec![words::units(point.quantity, meter.unit.as_ref(), lang)];
    for (plan, total) in cost.plans.iter().zip(&point.totals) {
        let total = format_money(*total, scenario.book().currency, lang);
        words.push([plan_name(scenario, plan, lang), "\u{a0}", &total].concat());
    }
    words
}

/// The decades of the curve as a table.
fn figures(scenario: &Scenario, cost: &CostCurve, meter: &Meter, lang: Lang) -> Html {
    let currency = scenario.book().currency;
    let head = std::iter::once(plain(meter.name.get(lang)))
        .chain(cost.plans.iter().map(|plan| plain(plan_name(scenario, plan, lang))));
    let row = |point: &CurvePoint| {
        let totals = point.totals.iter().map(|total| plain(&format_money(*total, currency, lang)));
        let quantity = plain(&words::units(point.quantity, meter.unit.as_ref(), lang));
        Row { class: "", cells: std::iter::once(quantity).chain(totals).collect() }
    };
    // Twelve points make a decade.
    let rows = cost.curve.points.iter().step_by(12).map(row).collect();
    table(Table { caption: words::curve_table(lang), head: head.collect(), rows })
}
