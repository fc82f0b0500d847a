//! A priced month as lines: each with quantity × price, each opening to its steps, with tax and rounding likewise.
//!
//! Shows what the engine found; there is no figure of its own in it.

use engine::catalog::{Off, UnitPrice};
use engine::money::{Currency, Money};
use engine::quantity::Quantity;
use engine::rating::{Line, Part, Rated, Step};
use engine::text::{Lang, Names, format_decimal, format_money, format_unit_price, sentence};
use yew::prelude::*;

use crate::components::element::{all, element, group, text};
use crate::components::steps::{Reading, steps};
use crate::text as words;

/// What the keys of discounts, taxes and credits begin with among the lines that can be opened; no charge is called so.
const DISCOUNT: &str = ":discount-";
const TAX: &str = ":tax-";
const CREDIT: &str = ":credit-";

/// How a bill is shown.
pub struct Shown<'a> {
    /// The lines that are open.
    pub open: &'a [String],
    /// The language.
    pub lang: Lang,
    /// Somebody opens or closes a line.
    pub on_toggle: Callback<String>,
}

/// The keys of everything that can be opened.
pub fn line_keys(rated: &Rated) -> Vec<String> {
    let lines = rated.lines.iter().map(|line| line.charge.to_string());
    let discounts = rated.discounts.iter().map(|line| [DISCOUNT, line.id.as_str()].concat());
    let taxes = rated.taxes.iter().map(|tax| [TAX, tax.id.as_str()].concat());
    let credits = rated.credits.iter().map(|line| [CREDIT, line.id.as_str()].concat());
    lines.chain(discounts).chain(taxes).chain(credits).collect()
}

/// The lines and everything down to the total.
pub fn bill(rated: &Rated, shown: &Shown<'_>) -> Html {
    let Shown { lang, .. } = *shown;
    let money = |amount| format_money(amount, rated.currency, lang);
    let lines = rated.lines.iter().map(|line| {
        opening(
            shown,
            Opening {
                key: line.charge.as_str(),
                hook: line.charge.as_str(),
                name: line.name.get(lang),
                amount: money(line.amount),
                is_nothing: line.amount.decimal().is_zero(),
                how: summary(line, rated.currency, lang),
                steps: &line.steps,
                reading: Reading { unit: line.unit.as_ref(), currency: rated.currency, lang },
            },
        )
    });
    let rounding = rated.invoice_rounding.iter().map(|step| rounding(step, rated.currency, lang));
    let term = |key: String, (name, amount, steps): (&Names, Money, &[Step]), sign: &str| {
        let row = Opening {
            key: &key,
            hook: key.trim_start_matches(':'),
            name: name.get(lang),
            amount: [sign, &money(amount)].concat(),
            is_nothing: amount.decimal().is_zero(),
            how: percent_summary(steps),
            steps,
            reading: Reading { unit: None, currency: rated.currency, lang },
        };
        opening(shown, row)
    };
    let discounts = rated
        .discounts
        .iter()
        .map(|line| term([DISCOUNT, line.id.as_str()].concat(), (&line.name, line.amount, &line.steps), "−"));
    let taxes =
        rated.taxes.iter().map(|tax| term([TAX, tax.id.as_str()].concat(), (&tax.name, tax.amount, &tax.steps), ""));
    let credits = rated
        .credits
        .iter()
        .map(|line| term([CREDIT, line.id.as_str()].concat(), (&line.name, line.amount, &line.steps), "−"));
    let lines_total = rated.lines_total.map(|total| sum(words::lines_total(lang), &money(total), "lines-total"));
    let has_subtotal = !rated.taxes.is_empty() || !rated.discounts.is_empty();
    let subtotal = has_subtotal.then(|| sum(words::subtotal(lang), &money(rated.subtotal), "subtotal"));
    let total =
        (!rated.credits.is_empty()).then(|| sum(words::total(lang), &money(rated.total), "total-before-credits"));
    let due = if rated.credits.is_empty() { words::total(lang) } else { words::due(lang) };
    html! {
        <ul class="lines">
            { for lines }
            { for lines_total }
            { for discounts }
            { for rounding }
            { for subtotal }
            { for taxes }
            { for total }
            { for credits }
            { sum(due, &money(rated.due), "bill-total") }
        </ul>
    }
}

#[inline(never)] // Not in the first part of the program.
fn rounding(step: &Step, currency: Currency, lang: Lang) -> Html {
    let how = text("span", "line-how", &sentence(step, None, currency, lang));
    let name = text("span", "line-name", words::invoice_rounding(lang));
    group("li", "line", vec![group("p", "line-head plain", vec![name, how])])
}

fn sum(name: &str, amount: &str, hook: &'static str) -> Html {
    let class = if hook == "bill-total" { "sum bill-total" } else { "sum" };
    element("li", class, hook, all(vec![text("span", "", name), text("span", "", amount)]))
}

/// A row that opens to its steps.
struct Opening<'a> {
    key: &'a str,
    hook: &'a str,
    name: &'a str,
    amount: String,
    is_nothing: bool,
    how: String,
    steps: &'a [Step],
    reading: Reading<'a>,
}

fn opening(shown: &Shown<'_>, row: Opening<'_>) -> Html {
    let is_open = shown.open.iter().any(|key| key == row.key);
    let toggle = {
        let (key, on_toggle) = (row.key.to_owned(), shown.on_toggle.clone());
        move |_: MouseEvent| on_toggle.emit(key.clone())
    };
    let hook = ["steps-", row.hook].concat();
    let amount = if row.is_nothing { "line-amount nothing" } else { "line-amount" };
    html! {
        <li class="line" key={row.key.to_owned()}>
            <button type="button" class="line-head" data-test={["line-", row.hook].concat()} onclick={toggle}
                aria-expanded={if is_open { "true" } else { "false" }} aria-controls={is_open.then(|| hook.clone())}>
                { text("span", "line-name", row.name) }
                { text("span", amount, &row.amount) }
                { text("span", "line-how", &row.how) }
            </button>
            if is_open {
                { steps(row.steps, row.reading, hook.clone(), hook) }
            }
        </li>
    }
}

/// Quantity × price where one price applies; otherwise how many do.
fn summary(line: &Line, currency: Currency, lang: Lang) -> String {
    summary_of(&line.steps, line, (currency, lang))
}

fn summary_of(steps: &[Step], line: &Line, (currency, lang): (Currency, Lang)) -> String {
    let units = |quantity: Quantity| words::units(quantity, line.unit.as_ref(), lang);
    let priced: Vec<&Step> = steps.iter().filter(|step| is_charged(step)).collect();
    match priced.as_slice() {
        [] if line.meter.is_none() => percent_summary(steps),
        [] => {
            let allowance = steps.iter().find_map(|step| {
                let Step::Allowance { included, .. } = step else { return None };
                Some(*included)
            });
            let used = format_decimal(line.quantity.decimal());
            allowance.map_or_else(|| units(line.quantity), |all| words::of_included(lang, &used, &units(all)))
        }
        [Step::Flat { .. }] => words::a_month(lang).to_owned(),
        [Step::Packages { size, packages, price, .. }] => {
            let price = format_money(price.with_places(currency.minor_digits()), currency, lang);
            words::times(&format_decimal(packages.decimal()), &words::per_package(lang, &price, &units(*size)))
        }
        [
            Step::PerUnit { quantity, price, .. }
            | Step::GraduatedTier { quantity, price, .. }
            | Step::VolumeTier { quantity, price, .. },
        ] => times(*quantity, price, (currency, line.unit.as_ref(), lang)),
        others => several(others, line, (currency, lang)),
    }
}

/// A price that is not one product. Not in the first part of the program, but for plain tiers.
fn several(priced: &[&Step], line: &Line, (currency, lang): (Currency, Lang)) -> String {
    let is_tier = |step: &Step| {
        matches!(
            step,
            Step::GraduatedTier { .. } | Step::VolumeTier { .. } | Step::Part { part: Part::Tier { .. }, .. }
        )
    };
    if priced.iter().all(|step| is_tier(step)) {
        return words::in_tiers(lang, &words::units(line.quantity, line.unit.as_ref(), lang), priced.len());
    }
    otherwise(priced, line, (currency, lang))
}

#[inline(never)]
fn otherwise(priced: &[&Step], line: &Line, (currency, lang): (Currency, Lang)) -> String {
    if let [Step::Part { steps, .. }] = priced {
        return summary_of(steps, line, (currency, lang));
    }
    let units = words::units(line.quantity, line.unit.as_ref(), lang);
    let is_part = |step: &Step| matches!(step, Step::Part { part: Part::Group { .. } | Part::Cell { .. }, .. });
    match (priced.iter().all(|step| is_part(step)), &line.meter, priced) {
        (true, ..) => words::in_parts(lang, &units, priced.len()),
        // What it comes to stands beside it already.
        (false, None, [Step::Percent { base, percent, .. }]) => {
            let base = format_money(*base, currency, lang);
            words::times(&base, &[&format_decimal(percent.decimal()), "%"].concat())
        }
        (false, None, _) => String::new(),
        (false, Some(_), _) => units,
    }
}

fn times(quantity: Quantity, price: &UnitPrice, (currency, unit, lang): (Currency, Option<&Names>, Lang)) -> String {
    words::times(&format_decimal(quantity.decimal()), &format_unit_price(price, currency, unit, lang))
}

/// Whether a step prices anything: a step over no units is no news.
fn is_charged(step: &Step) -> bool {
    if let Step::PerUnit { quantity, .. }
    | Step::GraduatedTier { quantity, .. }
    | Step::VolumeTier { quantity, .. }
    | Step::Packages { quantity, .. } = step
    {
        return !quantity.is_zero();
    }
    matches!(step, Step::Flat { .. }) || step.priced().is_some_and(|amount| amount.signum() != 0)
}

/// The percentage, where there is one.
fn percent_summary(steps: &[Step]) -> String {
    let percent = steps.iter().find_map(|step| match step {
        Step::Percent { percent, .. } | Step::Tax { percent, .. } => Some(format_decimal(percent.decimal())),
        Step::InvoiceDiscount { off: Off::Percent(percent), .. } => Some(format_decimal(percent.decimal())),
        _ => None,
    });
    percent.map_or_else(String::new, |percent| [&percent, "%"].concat())
}
