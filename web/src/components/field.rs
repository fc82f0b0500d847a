//! A field for a number: text, one step less, one step more, and what is wrong with it.

use web_sys::{HtmlInputElement, KeyboardEvent};
use yew::prelude::*;

use super::element::{self, plain};

/// What a field shows, and whom it tells.
pub struct Field<'a> {
    /// What it is for; the input's id and its name for tests are `quantity-` and this.
    pub id: &'a str,
    /// What stands in it.
    pub text: &'a str,
    /// Behind the number.
    pub unit: &'a str,
    /// What is wrong, if something is.
    pub problem: Option<&'a str>,
    /// The buttons' labels: less, more.
    pub labels: (&'static str, &'static str),
    /// Somebody types.
    pub on_text: Callback<String>,
    /// Somebody leaves it.
    pub on_left: Callback<()>,
    /// Somebody wants one step less (`false`) or more (`true`).
    pub on_step: Callback<bool>,
}

/// The field. Arrow keys step as the buttons do.
pub fn field(field: Field<'_>) -> Html {
    let Field { id, text, unit, problem, labels: (less, more), on_text, on_left, on_step } = field;
    let id = ["quantity-", id].concat();
    let input = move |event: InputEvent| {
        if let Some(field) = event.target_dyn_into::<HtmlInputElement>() {
            on_text.emit(field.value());
        }
    };
    let left = {
        let on_left = on_left.clone();
        move |_: FocusEvent| on_left.emit(())
    };
    let key = {
        let on_step = on_step.clone();
        move |event: KeyboardEvent| match event.key().as_str() {
            "ArrowUp" => step(&event, &on_step, true),
            "ArrowDown" => step(&event, &on_step, false),
            "Enter" => on_left.emit(()),
            _ => {}
        }
    };
    let lower = on_step.reform(|_: MouseEvent| false);
    let raise = on_step.reform(|_: MouseEvent| true);
    let problem_id = [&id, "-problem"].concat();
    let class = if problem.is_some() { "field wrong" } else { "field" };
    html! {
        <div {class}>
            <div class="field-box">
                { step_button(less, "−", lower) }
                <input id={id.clone()} data-test={id} type="text" autocomplete="off" spellcheck="false"
                    maxlength="60" value={text.to_owned()} oninput={input} onblur={left} onkeydown={key}
                    aria-invalid={problem.is_some().then_some("true")}
                    aria-describedby={problem.is_some().then(|| problem_id.clone())} />
                { element::text("span", "unit", unit) }
                { step_button(more, "+", raise) }
            </div>
            // Always there: an element that comes and goes would have the input built anew while somebody types.
            <p class="problem" id={problem_id} role="alert">{ plain(problem.unwrap_or("")) }</p>
        </div>
    }
}

/// Not in the order of the tab key: the arrow keys do the same in the field.
fn step_button(label: &'static str, sign: &'static str, onclick: Callback<MouseEvent>) -> Html {
    html! { <button type="button" class="step" tabindex="-1" aria-label={label} {onclick}>{ sign }</button> }
}

fn step(event: &KeyboardEvent, on_step: &Callback<bool>, up: bool) {
    event.prevent_default();
    on_step.emit(up);
}
