//! The left side: what the prospect uses, one meter after the other.

use engine::text::Lang;
use yew::prelude::*;

use super::rows;
use crate::calculator::quantity_text::QuantityProblem;
use crate::calculator::scale::{LAST, Preset, Scale};
use crate::calculator::scenario::{Msg, Scenario};
use crate::components::element::{fieldset, group, plain, section, text};
use crate::components::field::{Field, field};
use crate::components::slider::{Slider, slider};
use crate::text as words;

/// Presets and meters.
pub fn usage(scenario: &Scenario, lang: Lang, on_msg: &Callback<Msg>) -> Html {
    let presets = Preset::ALL.into_iter().map(|preset| {
        let (name, hook) = match preset {
            Preset::TryOut => (words::try_out(lang), "preset-try-out"),
            Preset::StartUp => (words::start_up(lang), "preset-start-up"),
            Preset::Scale => (words::scale(lang), "preset-scale"),
        };
        let is_taken = if scenario.is_at(preset) { "true" } else { "false" };
        let take = on_msg.reform(move |_: MouseEvent| Msg::Preset(preset));
        html! { <button type="button" class="button" data-test={hook} aria-pressed={is_taken} onclick={take}>{ name }</button> }
    });
    let meters = (0..scenario.entries.len()).map(|index| meter(scenario, index, lang, on_msg));
    let presets = fieldset("presets", words::presets(lang), presets.collect());
    let body = std::iter::once(text("p", "hint", words::usage_hint(lang))).chain(meters).collect();
    section("usage", "usage", (words::your_usage(lang), presets), body)
}

fn meter(scenario: &Scenario, index: usize, lang: Lang, on_msg: &Callback<Msg>) -> Html {
    let Some((entry, meter)) = scenario.meter(index) else { return Html::default() };
    if let Some(parts) = &entry.rows {
        return rows::rows((index, entry, parts), meter, lang, on_msg);
    }
    let id = entry.meter.as_str();
    let name = meter.name.get(lang);
    let unit = meter.unit.as_ref().map_or("", |unit| unit.get(lang));
    let about = meter.description.as_ref().map(|about| text("p", "", about.get(lang)));
    let label = html! { <label for={["quantity-", id].concat()}>{ plain(name) }</label> };
    let field = field(Field {
        id,
        text: &entry.cell.text,
        unit,
        problem: entry.cell.problem.map(|problem| problem_words(problem, lang)),
        labels: (words::less(lang), words::more(lang)),
        on_text: on_msg.reform(move |text| Msg::Typed(index, text)),
        on_left: on_msg.reform(move |()| Msg::Left(index)),
        on_step: on_msg.reform(move |up| Msg::Stepped(index, up)),
    });
    let slider = slider(Slider {
        id,
        label: name,
        value_text: &words::units(entry.cell.quantity, meter.unit.as_ref(), lang),
        position: entry.scale.position_of(entry.cell.quantity),
        last: LAST,
        marks: marks(entry.scale, lang),
        on_move: on_msg.reform(move |position| Msg::Slid(index, position)),
    });
    html! {
        <div class="meter" key={id}>
            { group("div", "meter-name", vec![label, about.unwrap_or_default()]) }
            { field }
            { slider }
        </div>
    }
}

pub(super) fn marks(scale: Scale, lang: Lang) -> Vec<(u32, String)> {
    let name = |power: u32| words::compact_power(lang, i32::try_from(power).unwrap_or(0));
    let marks = scale.marks().into_iter().map(|(position, power)| (position, name(power)));
    std::iter::once((0, "0".to_owned())).chain(marks).collect()
}

pub(super) fn problem_words(problem: QuantityProblem, lang: Lang) -> &'static str {
    match problem {
        QuantityProblem::Empty => words::quantity_empty(lang),
        QuantityProblem::NotANumber => words::quantity_not_a_number(lang),
        QuantityProblem::Negative => words::quantity_negative(lang),
        QuantityProblem::TooLarge => words::quantity_too_large(lang),
        QuantityProblem::TooFine => words::quantity_too_fine(lang),
        QuantityProblem::TooManyEvents => words::too_many_events(lang),
    }
}
